/* SPDX-License-Identifier: Apache-2.0 */
/* How much a file may say. Every format can say millions of pixels in a few bytes, and a flat
 * picture rightly does: so pixels are limited in all, and above FV_PIXELS_FLAT by the bytes that
 * say them.
 * To add a format: a row. */
#include "picture/child.h"
#include "base/base.h"

/* pixels: that a byte can stand for. JPEG: a grey block of 64 takes one bit (progressive, no
 * detail). PNG: deflate makes 1032 bytes of one, each eight pixels of one bit. TIFF: that, or a
 * blank line of a fax in a bit. GIF: the longest code, 4,000 pixels in twelve bits. WebP and HEIF:
 * a blank block of 16x16, or of 64x64, in a bit or so.
 * decoder: bytes a pixel that its decoder takes beside the pixels that come out, measured
 * (docs/security.md). */
static const struct { fv_format format; const char *name; int64_t pixels, decoder; } table[] = {
	{ FV_JPEG, "JPEG", 512, 0 },
	{ FV_PNG, "PNG", 8256, 0 },
	{ FV_WEBP, "WebP", 4096, 8 },
	{ FV_TIFF, "TIFF", 8256, 4 },
	{ FV_GIF, "GIF", 2700, 8 },
	{ FV_HEIF, "HEIF", 32768, 12 },
};

fv_status fv_limits_check(fv_err *err, const fv_source *s, int64_t width, int64_t height)
{
	int64_t pixels;
	if (!fv_mul_size(width, height, &pixels) || pixels > s->max_pixels)
		return fv_fail(
			err, FV_E_LIMIT,
			"%s: %" PRId64 " x %" PRId64
			" pixels are over the limit of %.0f million; raise it with "
			"--max-megapixels if you trust the file",
			s->path, width, height, (double)s->max_pixels / 1e6);
	for (size_t i = 0; i < FV_COUNT(table); i++)
		if (table[i].format == s->format && pixels > s->flat_pixels &&
		    (double)pixels >
		            (double)s->flat_pixels + (double)table[i].pixels * (double)s->bytes)
			return fv_fail(
				err, FV_E_LIMIT,
				"%s: claims %" PRId64 " x %" PRId64
				" pixels in %zu bytes, which hardly any %s does; allow it with "
				"--max-megapixels if you trust the file",
				s->path, width, height, s->bytes, s->format_name);
	return FV_OK;
}

int64_t fv_limits_decoder(fv_format f)
{
	for (size_t i = 0; i < FV_COUNT(table); i++)
		if (table[i].format == f)
			return table[i].decoder;
	return 0;
}

int64_t fv_format_side(fv_format f)
{
	return f == FV_WEBP ? 16383 : f == FV_JPEG ? 65500 : f == FV_GIF ? 65535 : INT32_MAX;
}

fv_status fv_picture_side_check(fv_err *err, const char *path, int64_t width, int64_t height)
{
	const int64_t most = fv_format_side(fv_format_of_ending(path));
	return fv_max(width, height) <= most ? FV_OK
					     : fv_fail(err, FV_E_WRITE,
						       "%s: %" PRId64 " x %" PRId64
						       " pixels, and such a file has %" PRId64
						       " a side at most; write a .png or .tif",
						       path, width, height, most);
}

int64_t fv_picture_write_bytes(const char *path, const fv_pixels *p)
{
	/* The encoder's, and the file in memory. JPEG's are coefficients of 16 bits, kept for the
	 * second pass. */
	const int64_t area = p->width * p->height, raw = p->height * p->stride_bytes;
	switch (fv_format_of_ending(path)) {
	case FV_JPEG: return 7 * area;
	case FV_WEBP: return 16 * area;
	default: return raw + area;
	}
}

json_t *fv_picture_limits(void)
{
	json_t *formats = json_object();
	for (size_t i = 0; i < FV_COUNT(table); i++)
		json_object_set_new(formats, table[i].name, json_integer(table[i].pixels));
	return json_pack("{sI sI sI si si so}", "picture_pixels", (json_int_t)FV_PIXELS_MAX,
	                 "picture_bytes", (json_int_t)FV_PICTURE_BYTES_MAX, "flat_pixels",
	                 (json_int_t)FV_PIXELS_FLAT, "decode_cpu_seconds", FV_CHILD_CPU,
	                 "decode_seconds", FV_CHILD_WAIT, "pixels_a_byte", formats);
}
