/* SPDX-License-Identifier: Apache-2.0 */
/* IPTC records [1], less what must not travel with a painting: 1c, record, dataset, two bytes of
 * size, data.
 *
 * [1] IPTC-NAA Information Interchange Model, 4.2 */
#include "picture/internal.h"

/* Kept: the letters' coding and versions, credit and copyright, the day. Not here, on purpose:
 * places, persons, titles, captions, keywords, contacts, whatever programs add. To keep one more:
 * add its row. */
static const struct { uint8_t record, dataset, most; } kept[] = {
	{ 1, 90, 8 },                   /* coded character set: an escape sequence */
	{ 2, 0, 2 },                    /* version */
	{ 2, 55, 8 },                   /* date created: YYYYMMDD */
	{ 2, 110, 255 }, { 2, 116, 255 },       /* credit, copyright notice */
};

static bool is_kept(const uint8_t *r, uint32_t size)
{
	bool is = false;
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		is |= r[1] == kept[i].record && r[2] == kept[i].dataset && size <= kept[i].most;
	for (uint32_t i = 0; is && r[1] == 2 && r[2] == 55 && i < size; i++)
		is = r[5 + i] >= '0' && r[5 + i] <= '9';
	return is && (r[1] != 1 || (size && r[5] == 0x1b));
}

static void keep_records(const uint8_t *data, size_t bytes, bool all, fv_bytes *out)
{
	size_t from = out->bytes, text = 0;
	if (all) {
		fv_bytes_put(out, data, bytes && data[0] == 0x1c ? bytes : 0);
		return;
	}
	while (bytes >= 5 && data[0] == 0x1c) {
		uint32_t size = fv_get_be(data + 3, 2);         /* from 8000 on: the size of a
		                                                 * size, of which none is kept */
		if (size > bytes - 5)
			break;
		if (is_kept(data, size)) {
			fv_bytes_put(out, data, 5 + size);
			text += data[1] == 2 && data[2] ? size : 0;
		}
		data += 5 + size;
		bytes -= 5 + size;
	}
	if (!text)                      /* nothing but versions */
		out->bytes = from;
}

/* Photoshop's block: "Photoshop 3.0\0", then "8BIM", id, a name (Pascal string), size, data, each
 * padded to even. Of its resources only 0404, the IPTC records, are kept: others are thumbnails,
 * paths, GPS. */
void fv_iptc_keep(const uint8_t *data, size_t bytes, bool all, fv_bytes *out)
{
	static const char head[] = "Photoshop 3.0";
	if (bytes >= 1 && data[0] == 0x1c) {
		keep_records(data, bytes, all, out);
		return;
	}
	size_t i = bytes >= sizeof head && !memcmp(data, head, sizeof head) ? sizeof head : 0;
	while (bytes - i >= 12 && !memcmp(data + i, "8BIM", 4)) {
		uint32_t id = fv_get_be(data + i + 4, 2);
		size_t name = 1 + (size_t)data[i + 6];
		name += name % 2;
		if (name + 4 > bytes - i - 6)
			return;
		i += 6 + name;
		size_t size = fv_get_be(data + i, 4);
		i += 4;
		if (size > bytes - i)
			return;
		if (id == 0x0404)
			keep_records(data + i, size, all, out);
		i += size;
		if (size % 2 && i < bytes)
			i++;
	}
}
