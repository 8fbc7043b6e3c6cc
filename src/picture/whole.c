/* SPDX-License-Identifier: Apache-2.0 */
/* Does a file end where its format says it ends? Decoders stop reading once they have their pixels, so a missing end, or
 * data beyond it, goes unnoticed by them. */
#include "picture/internal.h"
#include <string.h>

static uint32_t be32(const unsigned char *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

/* Segments up to the first scan, then the end mark anywhere behind it: entropy-coded data hold no FF D9. */
static const char *jpeg(const unsigned char *p, size_t n)
{
	size_t i = 2;
	while (i + 4 <= n && p[i] == 0xff) {
		if (p[i + 1] == 0xff) {                 /* a fill byte */
			i++;
			continue;
		}
		if (p[i + 1] == 0xda)
			break;
		i += 2 + ((size_t)p[i + 2] << 8 | p[i + 3]);
	}
	for (; i + 1 < n; i++)
		if (p[i] == 0xff && p[i + 1] == 0xd9)
			return NULL;
	return "it is cut off";
}

/* Bytes that the pixels take before compression: a filter byte a row, rows of all seven passes when interlaced. */
static double png_raw(const unsigned char *header)
{
	static const int channels[] = { 1, 0, 3, 1, 2, 0, 4 };
	double width = be32(header), height = be32(header + 4);
	int depth = header[8], kind = header[9] < 7 ? channels[header[9]] : 4;
	return height * (width * depth * kind / 8 + 2) + 8 * height;
}

static const char *png(const unsigned char *p, size_t n)
{
	double data = 0, raw = 0;
	for (size_t i = 8; i + 12 <= n;) {
		uint32_t length = be32(p + i);
		const unsigned char *type = p + i + 4;
		if (length > n - i - 12)
			return "it is cut off";
		if (!memcmp(type, "IEND", 4))
			/* What deflate cannot compress it stores, with a few bytes a block. */
			return data > raw * 1.02 + 1024 ? "it holds more data than its pixels take" : NULL;
		if (!memcmp(type, "IHDR", 4) && length >= 13)
			raw = png_raw(p + i + 8);
		if (!memcmp(type, "IDAT", 4))
			data += length;
		i += 12 + (size_t)length;
	}
	return "it is cut off";
}

const char *fv_not_whole(const void *data, size_t bytes)
{
	const unsigned char *p = data;
	if (bytes > 4 && p[0] == 0xff && p[1] == 0xd8)
		return jpeg(p, bytes);
	if (bytes > 8 && !memcmp(p, "\x89PNG\r\n\x1a\n", 8))
		return png(p, bytes);
	return NULL;
}
