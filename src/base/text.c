/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include <stdio.h>
#include <string.h>

/* The bytes of the character that text begins with, and its number; 0: it is no valid UTF-8. Longer
 * forms than needed, surrogates and numbers above 10FFFF are none (RFC 3629). */
static int character(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int n = s[0] < 0x80                  ? 1
	        : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
	        : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
	        : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
	                                      : 0;
	*code = n < 2 ? s[0] : s[0] & (0x7f >> n);
	for (int i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	bool whole = n && *code >= least[n] && *code <= 0x10ffff;
	return whole && (*code < 0xd800 || *code > 0xdfff) ? n : 0;
}

/* What a terminal obeys instead of showing it: Unicode's controls, the marks, embeddings, overrides
 * and isolates of its bidirectional algorithm (UAX 9), line and paragraph separators, byte order
 * and annotation marks; and spaces of no width that join nothing. */
static bool steers(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200b || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
}

size_t fv_text_cut(const char *text, size_t most)
{
	size_t n = strnlen(text, most + 1);
	if (n <= most)
		return n;
	for (n = most; n && ((unsigned char)text[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

char *fv_show_keeping(char *to, size_t room, const char *text, const char *keep)
{
	static const char letters[] = "\n\t\r", named[] = "ntr";
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;
	while (*s) {
		char piece[8];
		uint32_t code;
		int n = character(s, &code), length = n;
		const char *letter = n == 1 ? strchr(letters, (int)code) : NULL;
		if (!n)
			length = snprintf(piece, sizeof piece, "\\x%02x", s[0]);
		else if (!steers(code) || (n == 1 && strchr(keep, (int)code)))
			memcpy(piece, s, (size_t)n);
		else if (letter)
			length = snprintf(piece, sizeof piece, "\\%c", named[letter - letters]);
		else
			length = snprintf(piece, sizeof piece, "\\u%04x", (unsigned)code & 0xffff);
		if (used + (size_t)length >= room)
			break;
		memcpy(to + used, piece, (size_t)length);
		used += (size_t)length;
		s += n ? n : 1;
	}
	to[used] = 0;
	return to;
}
