/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: pixels > the original's profile > its metadata, less what is private > a file, whole or not at all. */
#define _GNU_SOURCE
#include "picture/internal.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef enum { JPEG, PNG, WEBP, TIFF, UNKNOWN } format;

static format format_of(const char *path)
{
	static const struct { const char *ending; format f; } list[] = {
		{ ".jpg", JPEG }, { ".jpeg", JPEG }, { ".png", PNG }, { ".webp", WEBP }, { ".tif", TIFF }, { ".tiff", TIFF },
	};
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < FV_COUNT(list); i++)
		if (!strcasecmp(dot, list[i].ending))
			return list[i].f;
	return UNKNOWN;
}

bool fv_picture_ending(const char *path) { return format_of(path) != UNKNOWN; }

/* EXIF as libvips names it: exif-ifdN-Tag; 1 is the thumbnail, 3 is GPS. Pixel sizes and orientation are of the file
 * that was, and are written anew. */
static bool kept(const char *name, bool location)
{
	static const char *const always[] = { "orientation", "exif-ifd0-Orientation", "jpeg-thumbnail-data", "exif-ifd1-", "exif-data",
	                                      "exif-ifd2-PixelXDimension", "exif-ifd2-PixelYDimension" };
	static const char *const private[] = { "exif-ifd3-", "exif-ifd2-MakerNote", "exif-ifd2-BodySerialNumber", "exif-ifd2-LensSerialNumber",
	                                       "exif-ifd2-CameraOwnerName", "exif-ifd2-ImageUniqueID", "exif-ifd2-UserComment", "exif-ifd0-GPS" };
	for (size_t i = 0; i < FV_COUNT(always); i++)
		if (!strncmp(name, always[i], strlen(always[i])))
			return false;
	for (size_t i = 0; i < FV_COUNT(private) && !location; i++)
		if (!strncmp(name, private[i], strlen(private[i])))
			return false;
	return !strncmp(name, "exif-ifd", 8) || !strcmp(name, VIPS_META_XMP_NAME) || !strcmp(name, VIPS_META_IPTC_NAME);
}

/* XMP and IPTC are kept whole or not at all; XMP that speaks of places or serial numbers is not. */
static bool speaks_of_places(VipsImage *im, const char *name)
{
	const void *p;
	size_t n;
	if (vips_image_get_blob(im, name, &p, &n))
		return true;
	static const char *const words[] = { "GPS", "SerialNumber", "MakerNote" };
	for (size_t i = 0; i < FV_COUNT(words); i++)
		if (memmem(p, n, words[i], strlen(words[i])))
			return true;
	return false;
}

typedef struct { const fv_picture *from; VipsImage *to; } copying;

static void *copy_field(VipsImage *im, const char *name, GValue *value, void *user)
{
	copying *c = user;
	bool text = !strcmp(name, VIPS_META_XMP_NAME) || !strcmp(name, VIPS_META_IPTC_NAME);
	if (kept(name, c->from->keep_location) && !(text && !c->from->keep_location && speaks_of_places(im, name)))
		vips_image_set(c->to, name, value);
	return NULL;
}

/* A new image on the pixels, with profile and metadata. */
static VipsImage *dress(const fv_picture *p)
{
	fv_pixels v = p->pixels;
	VipsImage *raw = vips_image_new_from_memory(v.data, (size_t)(v.height * v.stride_bytes), (int)v.width, (int)v.height, v.channels,
	                                            v.bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
	VipsImage *im = NULL, *lab = NULL, *out = NULL;
	if (!raw || vips_copy(raw, &im, "interpretation", v.bits == 16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB, NULL)) {
		if (raw)
			g_object_unref(raw);
		return NULL;
	}
	g_object_unref(raw);
	const void *profile;
	size_t bytes;
	if (p->rgb_profile && p->header && !vips_image_get_blob(p->header, VIPS_META_ICC_NAME, &profile, &bytes)) {
		/* Back into the original's colours, which then name the same profile. */
		if (!vips_colourspace(im, &lab, VIPS_INTERPRETATION_LAB, NULL)) {
			vips_image_set_blob_copy(lab, VIPS_META_ICC_NAME, profile, bytes);
			if (!vips_icc_export(lab, &out, "depth", v.bits, "intent", VIPS_INTENT_RELATIVE, NULL)) {
				g_object_unref(im);
				im = out;
			} else
				vips_error_clear();             /* stays sRGB, without a profile: right all the same */
			g_object_unref(lab);
		}
	}
	if (p->header)
		vips_image_map(p->header, copy_field, &(copying){ p, im });
	return im;
}

static int encode(VipsImage *im, format f, int quality, void **data, size_t *bytes)
{
	switch (f) {
	case JPEG: return vips_jpegsave_buffer(im, data, bytes, "Q", quality, "optimize_coding", TRUE, "subsample_mode",
	                                       quality >= 90 ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_AUTO, NULL);
	case PNG: return vips_pngsave_buffer(im, data, bytes, "compression", 4, NULL);
	case WEBP: return vips_webpsave_buffer(im, data, bytes, "Q", quality, NULL);
	case TIFF: return vips_tiffsave_buffer(im, data, bytes, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "predictor",
	                                       VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, NULL);
	case UNKNOWN: break;
	}
	return -1;
}

fv_status fv_picture_write(fv_err *err, fv_context *c, const fv_picture *p, const char *path, const fv_write_options *opt)
{
	format f = format_of(path);
	fv_writer *w = NULL;
	void *data = NULL;
	size_t bytes = 0;
	if (f == UNKNOWN)
		return fv_fail(err, FV_E_ARGUMENT, "%s: unknown ending; pictures are written as .jpg, .png, .webp or .tif", path);
	/* A place that cannot be written is found before the work of encoding. */
	fv_status st = fv_writer_open(err, c, path, &w);
	if (st)
		return st;
	VipsImage *im = dress(p);
	if (!im || encode(im, f, opt && opt->quality ? opt->quality : 92, &data, &bytes)) {
		st = fv_fail(err, FV_E_WRITE, "%s: cannot be encoded: %.200s", path, vips_error_buffer());
		vips_error_clear();
	}
	if (im)
		g_object_unref(im);
	if (!st)
		st = fv_writer_put(err, w, data, bytes);
	g_free(data);
	if (st) {
		fv_writer_abort(w);
		return st;
	}
	return fv_writer_commit(err, w);
}

fv_status fv_pixels_write(fv_err *err, fv_context *c, const fv_pixels *p, const char *path, const fv_write_options *opt)
{
	return fv_picture_write(err, c, &(fv_picture){ .pixels = *p }, path, opt);
}
