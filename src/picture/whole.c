/* SPDX-License-Identifier: Apache-2.0 */
/* What decoders do not tell: whether a file ends where its format says it ends (they stop once they
 * have their pixels, so a missing end, or data beyond it, goes unnoticed), and a PNG's gamma. */
#include "picture/internal.h"
#include <math.h>

/* Segments up to the first scan, then the end mark anywhere behind it: entropy-coded data hold no
 * FF D9. */
static const char *jpeg(const uint8_t *p, size_t n)
{
	size_t i = 2;
	while (i + 4 <= n && p[i] == 0xff) {
		if (p[i + 1] == 0xff) {                 /* a fill byte */
			i++;
			continue;
		}
		if (p[i + 1] == 0xda)
			break;
		i += 2 + (size_t)fv_get_be(p + i + 2, 2);
	}
	for (size_t k = n; k > i + 1; k--)
		if (p[k - 2] == 0xff && p[k - 1] == 0xd9)
			return NULL;
	return "it is cut off";
}

/* Four channels without Adobe's marker: some programs write ink, others, as Photoshop, light. */
bool fv_jpeg_inks_unknown(const uint8_t *p, size_t n)
{
	bool marked = false;
	for (size_t i = 2; i + 10 <= n && p[i] == 0xff;) {
		const int marker = p[i + 1];
		if (marker == 0xff) {
			i++;
			continue;
		}
		const size_t length = fv_get_be(p + i + 2, 2);
		if (marker == 0xda)
			break;
		if (marker == 0xee && length >= 14 && i + 9 <= n && !memcmp(p + i + 4, "Adobe", 5))
			marked = true;
		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
		    marker != 0xcc && p[i + 9] == 4)
			return !marked;
		i += 2 + length;
	}
	return false;
}

/* Bytes that the pixels take before compression: a filter byte a row, rows of all seven passes when
 * interlaced. */
static double png_raw(const uint8_t *header)
{
	static const int channels[] = { 1, 0, 3, 1, 2, 0, 4 };
	double width = fv_get_be(header, 4), height = fv_get_be(header + 4, 4);
	int depth = header[8], kind = header[9] < 7 ? channels[header[9]] : 4;
	return height * (width * depth * kind / 8 + 2) + 8 * height;
}

static const char *png(const uint8_t *p, size_t n)
{
	double data = 0, raw = 0;
	for (size_t i = 8; i + 12 <= n;) {
		uint32_t length = fv_get_be(p + i, 4);
		const uint8_t *type = p + i + 4;
		if (length > n - i - 12)
			return "it is cut off";
		if (!memcmp(type, "IEND", 4))
			/* What deflate cannot compress it stores, with a few bytes a block. */
			return data > raw * 1.02 + 1024 ? "it holds more data than its pixels take"
			                                : NULL;
		if (!memcmp(type, "IHDR", 4) && length >= 13)
			raw = png_raw(p + i + 8);
		if (!memcmp(type, "IDAT", 4))
			data += length;
		i += 12 + (size_t)length;
	}
	return "it is cut off";
}

const char *fv_not_whole(fv_format f, const uint8_t *data, size_t bytes)
{
	return f == FV_JPEG ? jpeg(data, bytes) : f == FV_PNG ? png(data, bytes) : NULL;
}

size_t fv_believed(fv_format f, const uint8_t *p, size_t n)
{
	for (size_t i = 8; f == FV_PNG && i + 12 <= n;) {
		uint32_t length = fv_get_be(p + i, 4);
		if (length > n - i - 12)
			return memcmp(p + i + 4, "IDAT", 4) ? i : n;
		i += 12 + (size_t)length;
	}
	return n;
}

/* gAMA g says: sample = light^g. sRGB is about light^(1/2.2), so the exponent is 1 / (2.2 g);
 * within 5 % of 1 sRGB is meant (0.45455 is what many programs write into every file). */
double fv_png_exponent(const uint8_t *p, size_t n)
{
	double gamma = 0;
	for (size_t i = 8; i + 12 <= n;) {
		uint32_t length = fv_get_be(p + i, 4);
		const uint8_t *type = p + i + 4;
		if (length > n - i - 12 || !memcmp(type, "IDAT", 4))
			break;
		if (!memcmp(type, "iCCP", 4) || !memcmp(type, "sRGB", 4) ||
		    !memcmp(type, "cICP", 4))
			return 1;
		if (!memcmp(type, "gAMA", 4) && length == 4)
			gamma = fv_get_be(p + i + 8, 4) / 100000.0;
		i += 12 + (size_t)length;
	}
	double exponent = gamma >= 0.1 && gamma <= 5 ? 1 / (2.2 * gamma) : 1;
	return fabs(exponent - 1) < 0.05 ? 1 : exponent;
}
