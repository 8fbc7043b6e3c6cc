/* SPDX-License-Identifier: Apache-2.0 */
/* An ICC profile [1] less what does not make colours: monitors' profiles name their owner's machine
 * and its serial number.
 *
 *	0	header of 128 bytes: size, ..., at 24 date, at 48 maker and model of the device,
 *		at 80 creator, at 84 id
 *	128	how many tags, then of each: name, offset, size
 *
 * [1] ICC.1:2022 */
#include "picture/internal.h"

enum { HEADER = 128, TAGS_MAX = 100 };

/* What colours are made with, and whose the profile is. Its name (desc) is kept when it is a name
 * that all the world knows. */
static const char kept[][5] = {
	"A2B0", "A2B1", "A2B2", "A2B3", "B2A0", "B2A1", "B2A2", "B2A3", "B2D0", "B2D1", "B2D2",
	"B2D3", "D2B0", "D2B1", "D2B2",
	"D2B3", "bTRC", "bXYZ", "bkpt", "chad", "chrm", "cicp", "cprt", "gTRC", "gXYZ", "gamt",
	"kTRC", "lumi",
	"meas", "pre0", "pre1", "pre2", "rTRC", "rXYZ", "rig0", "rig2", "view", "wtpt",
};
static const char *const names[] = {
	"sRGB", "sRGB IEC61966-2.1", "sRGB IEC61966-2-1 black scaled", "sRGB built-in",
	"sRGB v4 ICC preference", "Adobe RGB (1998)",
	"AdobeRGB1998", "Display P3", "DCI-P3", "Apple RGB", "ColorMatch RGB", "ProPhoto RGB",
	"ROMM RGB", "Wide Gamut RGB",
	"ECI-RGB V1.0", "eciRGB v2", "Rec. 709", "Rec. 2020", "Rec.2020", "Generic RGB Profile",
};

/* A text of either kind: "desc", four zeros, length, ASCII; or "mluc", ..., the first record's
 * length and offset, UTF-16BE. Other languages and scripts behind it say more, and are not kept.
 * Empty when it is odd or long. */
static void name_of(const uint8_t *tag, size_t bytes, char *text, size_t room)
{
	size_t from = 12, n = 0, step = 1;
	*text = 0;
	if (bytes >= 12 && !memcmp(tag, "desc", 4))
		n = fv_get_be(tag + 8, 4);
	else if (bytes >= 28 && !memcmp(tag, "mluc", 4)) {
		n = fv_get_be(tag + 20, 4) / 2;
		from = fv_get_be(tag + 24, 4);
		step = 2;
	}
	if (n >= room || from > bytes || n * step > bytes - from)
		return;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *c = tag + from + i * step;
		if (step == 2 && *c++) {
			*text = 0;
			return;
		}
		text[i] = (char)*c;
	}
	text[n] = 0;
}

static void put_name(fv_bytes *to, const char *name)
{
	size_t n = strlen(name) + 1;
	fv_bytes_put(to, "desc\0\0\0\0", 8);
	fv_put_be(to, (uint32_t)n, 4);
	fv_bytes_put(to, name, n);
	fv_bytes_more(to, 4 + 4 + 2 + 1 + 67);          /* none in Unicode, none for Macintosh */
}

/* Version 4 has another form for it: UTF-16BE in English. */
static void put_name_4(fv_bytes *to, const char *name)
{
	fv_bytes_put(to, "mluc\0\0\0\0\0\0\0\1\0\0\0\14enUS", 20);
	fv_put_be(to, 2 * (uint32_t)strlen(name), 4);
	fv_put_be(to, 28, 4);
	for (; *name; name++)
		fv_put_be(to, (uint8_t)*name, 2);
}

static bool is_kept(const uint8_t *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		if (!memcmp(name, kept[i], 4))
			return true;
	return false;
}

void fv_profile_keep(fv_bytes *profile)
{
	const uint8_t *data = profile->data;
	const size_t bytes = profile->bytes;
	struct { const uint8_t *name; size_t from, bytes, to; } tag[TAGS_MAX];
	fv_bytes out = { 0 }, text = { 0 };
	const char *name = "RGB";
	char said[64];
	uint32_t count = 0;
	bool whole = false;
	if (bytes < HEADER + 4)
		return;
	for (uint32_t i = 0, n = fv_get_be(data + HEADER, 4);
	     i < n && bytes - HEADER - 4 >= 12 * ((size_t)i + 1); i++) {
		const uint8_t *t = data + HEADER + 4 + 12 * (size_t)i;
		size_t from = fv_get_be(t + 4, 4), size = fv_get_be(t + 8, 4);
		if (from > bytes || size > bytes - from)
			continue;
		if (!memcmp(t, "desc", 4)) {
			name_of(data + from, size, said, sizeof said);
			for (size_t k = 0; k < G_N_ELEMENTS(names); k++)
				if (!strcmp(said, names[k]))
					name = names[k];
		} else if (is_kept(t) && count < TAGS_MAX) {
			tag[count].name = t;
			tag[count].from = from;
			tag[count++].bytes = size;
		}
	}
	(data[8] >= 4 ? put_name_4 : put_name)(&text, name);
	fv_bytes_put(&out, data, HEADER);
	fv_put_be(&out, count + 1, 4);
	/* Tags that share their bytes, as the three curves do, go on to share them: else a small
	 * file could ask for much. */
	size_t at = HEADER + 4 + 12 * ((size_t)count + 1),
	       end = at + text.bytes + (-text.bytes & 3);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t k = 0;
		while (k < i && (tag[k].from != tag[i].from || tag[k].bytes != tag[i].bytes))
			k++;
		tag[i].to = k < i ? tag[k].to : end;
		if (k == i)
			end += tag[i].bytes + (-tag[i].bytes & 3);
	}
	if (end > bytes + 4096)         /* parts overlap: nobody made it to be used */
		goto done;
	fv_bytes_put(&out, "desc", 4);
	fv_put_be(&out, (uint32_t)at, 4);
	fv_put_be(&out, (uint32_t)text.bytes, 4);
	for (uint32_t i = 0; i < count; i++) {
		fv_bytes_put(&out, tag[i].name, 4);
		fv_put_be(&out, (uint32_t)tag[i].to, 4);
		fv_put_be(&out, (uint32_t)tag[i].bytes, 4);
	}
	fv_bytes_put(&out, text.data, text.bytes);
	fv_bytes_more(&out, -text.bytes & 3);
	for (uint32_t i = 0; i < count; i++)
		if (tag[i].to == out.bytes) {
			fv_bytes_put(&out, data + tag[i].from, tag[i].bytes);
			fv_bytes_more(&out, -tag[i].bytes & 3);
		}
	if (!out.failed && !text.failed) {
		/* Size; no date, which is when a monitor was measured; no maker and model, no
		 * creator, no id. */
		for (int i = 0; i < 4; i++)
			out.data[i] = (uint8_t)(out.bytes >> 8 * (3 - i));
		memset(out.data + 24, 0, 12);
		out.data[24] = 2000 >> 8;
		out.data[25] = 2000 & 255;
		out.data[27] = out.data[29] = 1;
		memset(out.data + 48, 0, 8);
		memset(out.data + 80, 0, HEADER - 80);
		whole = true;
	}
done:
	if (!whole)
		out.bytes = 0;
	out.failed |= text.failed;
	fv_bytes_free(&text);
	fv_bytes_free(profile);
	*profile = out;
}
