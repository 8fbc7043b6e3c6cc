/* SPDX-License-Identifier: Apache-2.0 */
/* A PNG's texts [1]: a word and what it says, in Latin-1 (tEXt, zTXt) or UTF-8 (iTXt). They are
 * written as iTXt; into other formats go those for which EXIF has a tag (exif.c).
 *
 * [1] PNG, third edition, 11.3.3 */
#include "picture/internal.h"
#include <zlib.h>

enum { WORD_MAX = 79, TEXT_MAX = 64 << 10, ALL_MAX = 256 << 10 };

/* Kept by default: the statement about rights, as docs/security.md says. */
static bool is_public(const char *word)
{
	return !strcmp(word, "Copyright");
}

/* XMP and blocks of other programs travel their own ways. */
static bool is_carrier(const char *word)
{
	return !strcmp(word, "XML:com.adobe.xmp") || !strncmp(word, "Raw profile type", 16);
}

static unsigned bit_of(const char *word)
{
	return !strcmp(word, "Author")                                ? FV_LEFT_PERSONS
	       : !strcmp(word, "Software") || !strcmp(word, "Source") ? FV_LEFT_CAMERA
								      : FV_LEFT_TEXTS;
}

/* To UTF-8 without zeros and control characters. */
static void put_text(fv_bytes *to, const uint8_t *text, size_t bytes, bool latin)
{
	for (size_t i = 0; i < bytes; i++) {
		const uint8_t c = text[i];
		if ((c < 32 && c != '\n' && c != '\t') || c == 127)
			continue;
		if (latin && c >= 128) {
			const uint8_t two[2] = {(uint8_t)(0xc0 | c >> 6),
						(uint8_t)(0x80 | (c & 63))};
			fv_bytes_put(to, two, 2);
		} else
			fv_bytes_put(to, &c, 1);
	}
}

/* Unpacked, up to a limit; NULL: it cannot be. */
static uint8_t *unpack(const uint8_t *data, size_t bytes, size_t *got)
{
	uint8_t *to = malloc(TEXT_MAX);
	uLongf room = TEXT_MAX;
	const int result = to ? uncompress(to, &room, data, (uLong)bytes) : Z_MEM_ERROR;
	if (result == Z_OK || result == Z_BUF_ERROR) {
		*got = room;
		return to;
	}
	free(to);
	return NULL;
}

static void keep(const uint8_t *type, const uint8_t *d, size_t n, bool all, fv_bytes *out,
		 unsigned *left)
{
	const uint8_t *zero = memchr(d, 0, MIN(n, WORD_MAX + 1));
	const char *word = (const char *)d;
	if (!zero || zero == d || is_carrier(word))
		return;
	size_t at = (size_t)(zero - d) + 1;
	const bool utf8 = type[0] == 'i';
	bool packed = type[0] == 'z';
	if (!all && !is_public(word)) {
		*left |= bit_of(word);
		return;
	}
	if (packed)
		at++; /* the method */
	if (utf8 && n - at >= 2) {
		packed = d[at];
		at += 2;
		for (int i = 0; i < 2 && at < n; i++) { /* language, the word translated */
			const uint8_t *end = memchr(d + at, 0, n - at);
			at = end ? (size_t)(end - d) + 1 : n;
		}
	}
	if (at > n || out->bytes > ALL_MAX)
		return;
	size_t bytes = MIN(n - at, TEXT_MAX);
	uint8_t *plain = packed ? unpack(d + at, n - at, &bytes) : NULL;
	if (packed && !plain)
		return;
	fv_bytes text = {0};
	put_text(&text, plain ? plain : d + at, bytes, !utf8);
	free(plain);
	fv_bytes_more(&text, 1);
	json_t *sound = text.bytes > 1 ? json_string((const char *)text.data) : NULL;
	if (sound) { /* it is UTF-8 */
		fv_bytes_put(out, d, (size_t)(zero - d) + 1);
		fv_bytes_put(out, text.data, text.bytes);
	}
	json_decref(sound);
	out->failed |= text.failed;
	fv_bytes_free(&text);
}

void fv_texts_keep(const uint8_t *p, size_t n, bool all, fv_bytes *out, unsigned *left)
{
	for (size_t i = 8; i + 12 <= n;) {
		const uint32_t length = fv_get_be(p + i, 4);
		const uint8_t *type = p + i + 4;
		if (length > n - i - 12)
			break;
		if (!memcmp(type, "tEXt", 4) || !memcmp(type, "zTXt", 4) ||
		    !memcmp(type, "iTXt", 4))
			keep(type, p + i + 8, length, all, out, left);
		i += 12 + (size_t)length;
	}
}

bool fv_texts_sound(const fv_bytes *texts)
{
	size_t ends = 0;
	for (size_t i = 0; i < texts->bytes; i++)
		ends += !texts->data[i];
	return !texts->bytes || (!texts->data[texts->bytes - 1] && ends % 2 == 0);
}

void fv_texts_into_png(const fv_bytes *texts, fv_bytes *to)
{
	for (size_t at = 0; at < texts->bytes;) {
		const char *word = (const char *)texts->data + at, *text = word + strlen(word) + 1;
		fv_bytes b = {0};
		fv_bytes_put(&b, word, strlen(word) + 1);
		fv_bytes_more(&b, 4); /* not packed; no language, no translation */
		fv_bytes_put(&b, text, strlen(text));
		fv_png_chunk(to, "iTXt", b.data, b.bytes);
		to->failed |= b.failed;
		fv_bytes_free(&b);
		at = (size_t)(text - (const char *)texts->data) + strlen(text) + 1;
	}
}
