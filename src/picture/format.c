/* SPDX-License-Identifier: Apache-2.0 */
/* Which format? Told by the first bytes, never by the name: only these loaders of libvips ever see
 * strangers' files.
 * To add one: a row in `list`, a case in fv_format_open, and in write.c when it can be written. */
#define _GNU_SOURCE
#include "picture/internal.h"
#include <dlfcn.h>
#include <strings.h>

static const struct { fv_format format; const char *name, *bytes, *mask; size_t count; } list[] = {
	{ FV_JPEG, "JPEG", "\xff\xd8\xff", NULL, 3 },
	{ FV_PNG, "PNG", "\x89PNG\r\n\x1a\n", NULL, 8 },
	{ FV_WEBP, "WebP", "RIFF....WEBP", "1111....1111", 12 },
	{ FV_TIFF, "TIFF", "II*\0", NULL, 4 }, { FV_TIFF, "TIFF", "MM\0*", NULL, 4 },
	{ FV_TIFF, "TIFF", "II+\0", NULL, 4 }, { FV_TIFF, "TIFF", "MM\0+", NULL, 4 },
	{ FV_GIF, "GIF", "GIF8", NULL, 4 },
	{ FV_HEIF, "HEIF", "....ftyphei", "....1111111", 11 },
	{ FV_HEIF, "HEIF", "....ftyphev", "....1111111", 11 },
	{ FV_HEIF, "HEIF", "....ftypmif1", "....11111111", 12 },
	{ FV_HEIF, "AVIF", "....ftypavi", "....1111111", 11 },
	/* What people take for pictures, to name it in the message. */
	{ FV_FORMAT_UNKNOWN, "a BMP picture", "BM", NULL, 2 },
	{ FV_FORMAT_UNKNOWN, "a PDF document", "%PDF", NULL, 4 },
	{ FV_FORMAT_UNKNOWN, "an SVG drawing", "<svg", NULL, 4 },
	{ FV_FORMAT_UNKNOWN, "an XML or SVG file", "<?xml", NULL, 5 },
	{ FV_FORMAT_UNKNOWN, "a web page", "<!DOCTYPE", NULL, 9 },
	{ FV_FORMAT_UNKNOWN, "a web page", "<html", NULL, 5 },
	{ FV_FORMAT_UNKNOWN, "a Photoshop document", "8BPS", NULL, 4 },
	{ FV_FORMAT_UNKNOWN, "a JPEG 2000 picture", "\0\0\0\fjP  ", NULL, 8 },
	{ FV_FORMAT_UNKNOWN, "a JPEG XL picture", "\xff\x0a", NULL, 2 },
	{ FV_FORMAT_UNKNOWN, "a JPEG XL picture", "\0\0\0\fJXL ", NULL, 8 },
	{ FV_FORMAT_UNKNOWN, "a sound or film", "RIFF", NULL, 4 },
	{ FV_FORMAT_UNKNOWN, "a film", "....ftyp", "....1111", 8 },
	{ FV_FORMAT_UNKNOWN, "a zip archive", "PK\3\4", NULL, 4 },
};

fv_format fv_format_of_bytes(const uint8_t *data, size_t bytes, const char **name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(list); i++) {
		bool same = bytes >= list[i].count;
		for (size_t k = 0; same && k < list[i].count; k++)
			same = (list[i].mask && list[i].mask[k] == '.') ||
			       data[k] == (uint8_t)list[i].bytes[k];
		if (same) {
			*name = list[i].name;
			return list[i].format;
		}
	}
	*name = NULL;
	return FV_FORMAT_UNKNOWN;
}

fv_format fv_format_of_ending(const char *path)
{
	static const fv_format of[] = { FV_JPEG, FV_JPEG, FV_PNG, FV_WEBP, FV_TIFF, FV_TIFF };
	int i = fv_picture_ending_index(path);
	return i < 0 ? FV_FORMAT_UNKNOWN : of[i];
}

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

VipsImage *fv_format_open(fv_format f, const void *data, size_t bytes, VipsFailOn fail, int shrink)
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
		                              "fail_on", fail, NULL);
		break;
	case FV_TIFF:
		failed = vips_tiffload_buffer(p, bytes, &im, "access", VIPS_ACCESS_SEQUENTIAL,
		                              "fail_on", fail, NULL);
		break;
	case FV_GIF:
		failed = vips_gifload_buffer(p, bytes, &im, "access", VIPS_ACCESS_SEQUENTIAL,
		                             "fail_on", fail, NULL);
		break;
	case FV_HEIF:
		fv_format_prepare(f);
		failed = vips_heifload_buffer(p, bytes, &im, "access", VIPS_ACCESS_SEQUENTIAL,
		                              "fail_on", fail, NULL);
		break;
	case FV_FORMAT_UNKNOWN: break;
	}
	return fv_next(NULL, &im, failed);
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
