/* SPDX-License-Identifier: Apache-2.0 */
/* Formats to loaders of libvips: only these ever see strangers' files.
 * To add one: rows in base/kinds.c, a case in fv_format_open, and in write.c when it can be
 * written. */
#define _GNU_SOURCE
#include "picture/internal.h"
#include <dlfcn.h>

/* fv_picture_begin keeps libvips from loading its modules (they cost more than all the rest of starting); the one for HEIF
 * is fetched when a file asks for it. It stands beside libvips. */
static void load_heif(void)
{
	Dl_info self;
	if (vips_type_find("VipsOperation", "heifload_buffer") ||
	    !dladdr((void *)(uintptr_t)vips_init, &self) || !self.dli_fname)
		return;
	const char *slash = strrchr(self.dli_fname, '/');
	char path[4096];
	snprintf(path, sizeof path, "%.*s/vips-modules-%d.%d/vips-heif.%s",
	         slash ? (int)(slash - self.dli_fname) : 1, slash ? self.dli_fname : ".",
	         VIPS_MAJOR_VERSION, VIPS_MINOR_VERSION, G_MODULE_SUFFIX);
	GModule *module = g_module_open(path, G_MODULE_BIND_LAZY);
	if (module) {
		g_module_make_resident(module);
		vips_block_untrusted_set(TRUE);
	}
}

void fv_format_prepare(fv_format f)
{
	if (f == FV_HEIF)
		load_heif();
}

VipsImage *fv_format_open(fv_format f, const void *data, size_t bytes, VipsFailOn fail, int shrink,
			  int page)
{
	VipsImage *im = NULL;
	void *p = (void *)(uintptr_t)data;
	int failed = -1;
	switch (f) {
	case FV_JPEG:
		failed = vips_jpegload_buffer(p, bytes, &im, "access", VIPS_ACCESS_SEQUENTIAL,
		                              "fail_on", fail, "shrink", shrink, NULL);
		break;
	case FV_PNG:
		failed = vips_pngload_buffer(p, bytes, &im, "access", VIPS_ACCESS_SEQUENTIAL,
		                             "fail_on", fail, NULL);
		break;
	case FV_WEBP:
		failed = vips_webpload_buffer(p, bytes, &im, "access", VIPS_ACCESS_SEQUENTIAL,
					      "fail_on", fail, "page", page, NULL);
		break;
	case FV_TIFF:
		failed = vips_tiffload_buffer(p, bytes, &im, "access", VIPS_ACCESS_SEQUENTIAL,
					      "fail_on", fail, "page", page, NULL);
		break;
	case FV_GIF:
		failed = vips_gifload_buffer(p, bytes, &im, "access", VIPS_ACCESS_SEQUENTIAL,
					     "fail_on", fail, "page", page, NULL);
		break;
	case FV_HEIF:
		fv_format_prepare(f);
		failed = vips_heifload_buffer(p, bytes, &im, "access", VIPS_ACCESS_SEQUENTIAL,
		                              "fail_on", fail, NULL);
		break;
	case FV_FORMAT_UNKNOWN: break;
	}
	return fv_next(NULL, im, failed);
}

json_t *fv_picture_formats(bool here)
{
	static const struct { const char *name, *loader; } list[] = {
		{ "JPEG", "VipsForeignLoadJpegBuffer" }, { "PNG",
		  "VipsForeignLoadPngBuffer" }, { "WebP", "VipsForeignLoadWebpBuffer" },
		{ "TIFF", "VipsForeignLoadTiffBuffer" }, { "GIF",
		  "VipsForeignLoadNsgifBuffer" }, { "HEIF", "VipsForeignLoadHeifBuffer" },
	};
	json_t *names = json_array();
	bool loaded = !fv_vips_ready(NULL);
	if (loaded)
		load_heif();
	for (size_t i = 0; i < G_N_ELEMENTS(list); i++)
		if ((loaded && vips_type_find("VipsObject", list[i].loader)) == here)
			json_array_append_new(names, json_string(list[i].name));
	return names;
}
