/* SPDX-License-Identifier: Apache-2.0 */
/* XMP and IPTC packets, less what must not travel with a painting. */
#define _GNU_SOURCE
#include "picture/internal.h"

static const uint8_t *find(const uint8_t *data, size_t bytes, const char *word) { return memmem(data, bytes, word, strlen(word)); }

/* XMP is kept whole or not at all: taking an element out of XML that a stranger wrote needs an XML parser. */
void fv_xmp_keep(const uint8_t *data, size_t bytes, bool all, fv_bytes *out)
{
	static const char *const private[] = { "GPS", "SerialNumber", "MakerNote", "OwnerName" }, *const never[] = { "xmpGImg:", "xmp:Thumbnails" };
	for (size_t i = 0; i < G_N_ELEMENTS(private); i++)
		if (!all && find(data, bytes, private[i]))
			return;
	for (size_t i = 0; i < G_N_ELEMENTS(never); i++)
		if (find(data, bytes, never[i]))
			return;
	fv_bytes_put(out, data, bytes);
	if (out->failed)
		return;
	/* The picture is upright now: tiff:Orientation="6" or >6< becomes 1. */
	static const char tag[] = "tiff:Orientation";
	for (uint8_t *p = out->data, *end = out->data + out->bytes; (p = memmem(p, (size_t)(end - p), tag, sizeof tag - 1));) {
		p += sizeof tag - 1;
		while (p < end && *p && strchr("=\"'> \t\r\n", *p))
			p++;
		if (p < end && *p >= '2' && *p <= '8')
			*p = '1';
	}
}

/* Photoshop's block: "Photoshop 3.0\0", then "8BIM", id, a name (Pascal string), size, data, each padded to even. Of its
 * resources only 0404, the IPTC records, are kept: others are thumbnails, paths, GPS. */
void fv_iptc_keep(const uint8_t *data, size_t bytes, fv_bytes *out)
{
	static const char head[] = "Photoshop 3.0";
	if (bytes >= 1 && data[0] == 0x1c) {
		fv_bytes_put(out, data, bytes);
		return;
	}
	size_t i = bytes >= sizeof head && !memcmp(data, head, sizeof head) ? sizeof head : 0;
	while (i + 12 <= bytes && !memcmp(data + i, "8BIM", 4)) {
		uint32_t id = fv_get_be(data + i + 4, 2);
		size_t name = 1 + (size_t)data[i + 6];
		i += 6 + name + name % 2;
		if (i + 4 > bytes)
			return;
		size_t size = fv_get_be(data + i, 4);
		i += 4;
		if (size > bytes - i)
			return;
		if (id == 0x0404)
			fv_bytes_put(out, data + i, size);
		i += size + size % 2;
	}
}
