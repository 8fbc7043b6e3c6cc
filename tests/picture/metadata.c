/* SPDX-License-Identifier: Apache-2.0 */
/* metadata [ROUNDS]: metadata that lies: directories too full, values that share bytes, sizes
 * beyond the end, texts that are no XML. What is kept stays within bounds (under AddressSanitizer:
 * script/sanitize), never grows, and keeping twice is keeping once. */
#include "carriers.h"
#include "picture/internal.h"
#include "test.h"
#include <math.h>

static uint32_t state = 1;
static uint32_t draw(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

/* A copy that ends where its allocation ends, so that reading on is seen. */
static uint8_t *exactly(const fv_bytes *b)
{
	uint8_t *p = malloc(b->bytes ? b->bytes : 1);
	if (b->bytes)
		memcpy(p, b->data, b->bytes);
	return p;
}

typedef void keeper(const uint8_t *data, size_t bytes, bool all, fv_bytes *out);
static void keep_exif(const uint8_t *data, size_t bytes, bool all, fv_bytes *out)
{
	fv_exif_keep(data, bytes, all, 40, 32, out);
}
static void keep_profile(const uint8_t *data, size_t bytes, bool all, fv_bytes *out)
{
	fv_bytes_put(out, data, bytes);
	if (!all)
		fv_profile_keep(out);
}

/* Into each format, behind the least that an encoder gives. */
static void embed(const fv_bytes *exif, const fv_bytes *xmp, const fv_bytes *iptc)
{
	static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xd9 },
			     png[33 + 12] = { 0x89 }, webp[40] = { 'R' },
			     tiff[] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0, 1, 3,
					0,   1,   0,  0, 0, 8, 0, 0, 0, 0, 0, 0, 0 };
	static const struct { fv_format f; const uint8_t *data; size_t bytes;
	} list[] = {
		{ FV_JPEG, jpeg, sizeof jpeg },
		{ FV_PNG, png, sizeof png },
		{ FV_WEBP, webp, sizeof webp },
		{ FV_TIFF, tiff, sizeof tiff },
	};
	fv_picture p = {
		.pixels = { 40, 32, 3, 8, 120, NULL }, .exif = *exif, .xmp = *xmp, .iptc = *iptc
	};
	for (size_t i = 0; i < G_N_ELEMENTS(list); i++) {
		fv_bytes head = { 0 }, tail = { 0 };
		size_t skip = 0;
		fv_embed(list[i].f, list[i].data, list[i].bytes, &p, &head, &skip, &tail);
		if (skip > list[i].bytes || head.failed || tail.failed ||
		    head.bytes + tail.bytes > 1000 + exif->bytes + xmp->bytes + iptc->bytes)
			check(false, "format %d: %zu bytes skipped, %zu and %zu put in",
			      (int)list[i].f, skip, head.bytes, tail.bytes);
		fv_bytes_free(&head);
		fv_bytes_free(&tail);
	}
}

/* again: whether what was kept is kept whole; a directory that was full takes pointers and sizes
 * once only. */
static void keep(keeper *k, const fv_bytes *block, size_t growth, bool again, const char *name)
{
	const fv_bytes none = { 0 };
	for (int all = 0; all < 2; all++) {
		fv_bytes once = { 0 }, twice = { 0 };
		uint8_t *data = exactly(block);
		k(data, block->bytes, all, &once);
		free(data);
		data = exactly(&once);
		k(data, once.bytes, all, &twice);
		free(data);
		if (once.failed || once.bytes > block->bytes + growth)
			check(false, "%s: %zu bytes of %zu", name, once.bytes, block->bytes);
		if (again && (once.bytes != twice.bytes ||
			      (once.bytes && memcmp(once.data, twice.data, once.bytes))))
			check(false, "%s: kept once %zu, twice %zu", name, once.bytes, twice.bytes);
		embed(k == keep_exif ? &once : &none, k == fv_xmp_keep ? &once : &none,
		      k == fv_iptc_keep ? &once : &none);
		fv_bytes_free(&once);
		fv_bytes_free(&twice);
	}
}

/* `count` entries from `tag` on, all of `bytes` bytes at `from`; then where the next directory
 * begins. */
static void shared(fv_bytes *to, int count, uint32_t tag, uint32_t bytes, uint32_t from)
{
	for (int i = 0; i < count; i++) {
		fv_put_le(to, tag + (uint32_t)i, 2);
		fv_put_le(to, 7, 2);
		fv_put_le(to, bytes, 4);
		fv_put_le(to, from, 4);
	}
}

static void pointer(fv_bytes *to, uint32_t tag, uint32_t at)
{
	fv_put_le(to, tag, 2);
	fv_put_le(to, 4, 2);
	fv_put_le(to, 1, 4);
	fv_put_le(to, at, 4);
}

/* Each directory as full as is read, and three pointers and sizes to come: what wrote past its
 * array. */
static void full(void)
{
	enum { EACH = 201 };
	const uint32_t step = 2 + 12 * EACH + 4;
	fv_bytes b = { 0 };
	fv_bytes_put(&b, "II*\0\10\0\0\0", 8);
	for (uint32_t d = 0; d < 4; d++) {
		fv_put_le(&b, EACH, 2);
		if (d == 0) {
			pointer(&b, 0x8769, 8 + step);
			pointer(&b, 0x8825, 8 + 2 * step);
			shared(&b, EACH - 2, 0x9400, 4, 0);
		} else if (d == 1) {
			pointer(&b, 0xa005, 8 + 3 * step);
			shared(&b, EACH - 1, 0x9400, 4, 0);
		} else
			shared(&b, EACH, 0x9400, 4, 0);
		fv_put_le(&b, 0, 4);
	}
	keep(keep_exif, &b, 100, false, "full directories");
	fv_bytes_free(&b);
	check(true, "full");
}

/* 100 entries that share a megabyte. */
static void blown_up(void)
{
	fv_bytes b = { 0 }, out = { 0 };
	const uint32_t bytes = 1 << 20;
	fv_bytes_put(&b, "II*\0\10\0\0\0", 8);
	fv_put_le(&b, 100, 2);
	shared(&b, 100, 0x9400, bytes, 0);
	fv_bytes_more(&b, bytes);
	keep(keep_exif, &b, 100, true, "shared bytes");
	fv_exif_keep(b.data, b.bytes, true, 40, 32, &out);
	check(out.bytes > bytes, "the first of those who share is left out");
	fv_bytes_free(&out);
	fv_bytes_free(&b);
}

static void damaged(int rounds)
{
	static const struct { carrier c; keeper *k; size_t growth; const char *name;
	} list[] = {
		{ EXIF_II, keep_exif, 100, "EXIF" },
		{ EXIF_MM, keep_exif, 100, "EXIF" },
		{ XMP_8, fv_xmp_keep, 1000, "XMP" },
		{ XMP_16LE, fv_xmp_keep, 1000, "XMP" },
		{ IPTC, fv_iptc_keep, 0, "IPTC" },
		{ PHOTOSHOP, fv_iptc_keep, 0, "Photoshop's" },
		{ PROFILE, keep_profile, 4096, "profile" },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(list); i++) {
		fv_bytes b = { 0 }, whole = { 0 };
		make_block(list[i].c, &whole);
		for (size_t n = 0; n <= whole.bytes; n += 1 + n / 200) {        /* cut off */
			b.bytes = 0;
			fv_bytes_put(&b, whole.data, n);
			keep(list[i].k, &b, list[i].growth, true, list[i].name);
		}
		for (int round = 0; round < rounds; round++) {
			b.bytes = 0;
			fv_bytes_put(&b, whole.data, whole.bytes);
			for (uint32_t k = 1 + draw(4); k; k--) {
				static const uint8_t odd[] = { 0,    1,   0x7f, 0x80,
							       0xff, '<', '&',  0x1c };
				b.data[draw(draw(2) ? 200 : (uint32_t)b.bytes)] =
					draw(2) ? odd[draw(sizeof odd)] : (uint8_t)draw(256);
			}
			keep(list[i].k, &b, list[i].growth, true, list[i].name);
		}
		check(true, "%s", list[i].name);
		fv_bytes_free(&b);
		fv_bytes_free(&whole);
	}
}

static void odd_xmp(void)
{
	static const char *const text[] = {
		/* A bomb of entities; no XML; nothing; an end too early. */
		"<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><r>&b;</r>", "KEEP-no-xml", "", "<x:xmpmeta", "\xff\xfe<", "\0\0\0\0",
	};
	for (size_t i = 0; i < G_N_ELEMENTS(text); i++) {
		fv_bytes out = { 0 };
		fv_xmp_keep((const uint8_t *)text[i], strlen(text[i]), false, &out);
		check(!out.bytes && !out.failed, "XMP '%s': %zu bytes", text[i], out.bytes);
		fv_bytes_free(&out);
	}
	fv_bytes deep = { 0 };
	for (int i = 0; i < 100000; i++)
		fv_bytes_put(&deep, "<a>", 3);
	keep(fv_xmp_keep, &deep, 0, true, "deep XMP");
	fv_bytes_free(&deep);
}

/* A profile of nothing but a name, of version 2 or 4: the world's names stay, others do not. */
static void profile_names(void)
{
	static const char *const name[] = { "Display P3", "Alice's screen" };
	for (int i = 0; i < 4; i++) {
		const char *text = name[i / 2];
		const size_t n = strlen(text);
		const bool four = i % 2;
		fv_bytes b = { 0 };
		fv_bytes_more(&b, 128);
		b.data[8] = four ? 4 : 2;
		fv_put_be(&b, 1, 4);
		fv_bytes_put(&b, "desc\0\0\0\220", 8);
		fv_put_be(&b, (uint32_t)(four ? 28 + 2 * n : 12 + n + 1), 4);
		if (four) {
			fv_bytes_put(&b, "mluc\0\0\0\0\0\0\0\1\0\0\0\14enUS", 20);
			fv_put_be(&b, (uint32_t)(2 * n), 4);
			fv_put_be(&b, 28, 4);
		} else {
			fv_bytes_put(&b, "desc\0\0\0\0", 8);
			fv_put_be(&b, (uint32_t)n + 1, 4);
		}
		for (size_t k = 0; k < n; k++)
			fv_put_be(&b, (uint8_t)text[k], four ? 2 : 1);
		fv_bytes_more(&b, !four);
		fv_profile_keep(&b);
		const char *say = i / 2 ? "RGB" : text;
		const size_t at = four ? 144 + 28 : 144 + 12, step = four ? 2 : 1;
		bool same = b.bytes >= at + step * strlen(say);
		for (size_t k = 0; same && k < strlen(say); k++)
			same = b.data[at + (k + 1) * step - 1] == (uint8_t)say[k];
		check(same, "a profile of version %d called '%s' is not called '%s'", four ? 4 : 2,
		      text, say);
		fv_bytes_free(&b);
	}
}

/* What does not fit in a JPEG's segment is named, and what is named is not there. */
static void too_large(void)
{
	for (size_t n = 65490; n < 65540; n++) {
		static const uint8_t jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xd9 };
		for (int i = 0; i < 3; i++) {
			fv_bytes b = { 0 }, head = { 0 }, tail = { 0 };
			size_t skip;
			fv_bytes_more(&b, n);
			fv_picture p = { .exif = i == 0 ? b : tail,
					 .xmp = i == 1 ? b : tail,
					 .iptc = i == 2 ? b : tail };
			fv_embed(FV_JPEG, jpeg, sizeof jpeg, &p, &head, &skip, &tail);
			if (!fv_embed_leaves(FV_JPEG, &p) != (head.bytes > n))
				check(false, "block %d of %zu bytes: %zu are written", i, n,
				      head.bytes);
			fv_bytes_free(&b);
			fv_bytes_free(&head);
		}
	}
	check(true, "too large");
}

static void dots(void)
{
	static const double list[][3] = { { 11.811, 11.811, 1 }, { 2147483.647, 2147483.647, 0 },
					  { 0, 5, 0 },           { 5, 1e9, 0 },
					  { NAN, 5, 0 },         { INFINITY, 5, 0 },
					  { -1, -1, 0 },         { 2580, 5, 1 },
					  { 2581, 5, 0 },        { 0.001, 0.001, 0 } };
	for (size_t i = 0; i < G_N_ELEMENTS(list); i++) {
		double got[2];
		fv_resolution(&(fv_picture){ .resolution = { list[i][0], list[i][1] } }, got);
		for (int k = 0; k < 2; k++)
			check(got[k] == (list[i][2] ? list[i][k] : 72 / 25.4), "%g x %g dots: %g",
			      list[i][0], list[i][1], got[k]);
	}
}

int main(int argc, char **argv)
{
	full();
	blown_up();
	damaged(argc > 1 ? atoi(argv[1]) : 3000);
	odd_xmp();
	profile_names();
	too_large();
	dots();
	return finish("metadata");
}
