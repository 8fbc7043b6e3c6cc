/* SPDX-License-Identifier: Apache-2.0 */
/* What a file holds and its painting will not: what is private, unless all is kept; what stands
 * beside the picture; what the other format has no place for. In words, so that it is said. */
#define _GNU_SOURCE
#include "picture/internal.h"
#include <stdarg.h>
#include <stdio.h>

static const struct {
	unsigned bit;
	const char *name;
} names[] = {
	{FV_LEFT_PLACE, "place"},       {FV_LEFT_PERSONS, "persons"},
	{FV_LEFT_CAMERA, "camera"},     {FV_LEFT_TEXTS, "descriptions"},
	{FV_LEFT_MAKER, "maker notes"}, {FV_LEFT_OTHERS, "other metadata"},
};

/* What of XMP is not public, by the words that programs use. */
unsigned fv_xmp_private(const uint8_t *data, size_t bytes)
{
	static const struct {
		const char *word;
		unsigned bit;
	} words[] = {
		{"GPS", FV_LEFT_PLACE},
		{"photoshop:City", FV_LEFT_PLACE},
		{"photoshop:Country", FV_LEFT_PLACE},
		{"Location", FV_LEFT_PLACE},
		{"dc:creator", FV_LEFT_PERSONS},
		{"mwg-rs:", FV_LEFT_PERSONS},
		{"PersonInImage", FV_LEFT_PERSONS},
		{"CreatorContactInfo", FV_LEFT_PERSONS},
		{"dc:title", FV_LEFT_TEXTS},
		{"dc:description", FV_LEFT_TEXTS},
		{"dc:subject", FV_LEFT_TEXTS},
		{"photoshop:Headline", FV_LEFT_TEXTS},
		{"tiff:Make", FV_LEFT_CAMERA},
		{"tiff:Model", FV_LEFT_CAMERA},
		{"xmp:CreatorTool", FV_LEFT_CAMERA},
		{"aux:", FV_LEFT_CAMERA},
		{"xmpMM:", FV_LEFT_OTHERS},
	};
	unsigned left = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (memmem(data, bytes, words[i].word, strlen(words[i].word)))
			left |= words[i].bit;
	return left;
}

/* Beside the picture: pictures behind it (MPF [1]), and the film of a moving photograph behind
 * those.
 *
 * [1] CIPA DC-007, Multi-Picture Format */
unsigned fv_jpeg_beside(const uint8_t *p, size_t n)
{
	unsigned left = 0;
	size_t i = 2;
	while (i + 8 <= n && p[i] == 0xff && p[i + 1] != 0xda) {
		if (p[i + 1] == 0xff) {
			i++;
			continue;
		}
		if (p[i + 1] == 0xe2 && !memcmp(p + i + 4, "MPF", 4))
			left |= FV_LEFT_PICTURES;
		if (p[i + 1] == 0xfe && fv_get_be(p + i + 2, 2) > 2)
			left |= FV_LEFT_COMMENT;
		i += 2 + (size_t)fv_get_be(p + i + 2, 2);
	}
	while (i + 2 <= n && !(p[i] == 0xff && p[i + 1] == 0xd9))
		i++;
	for (; i + 8 <= n && !(left & FV_LEFT_FILM); i++)
		if (p[i] == 'f' && (!memcmp(p + i, "ftypmp4", 7) || !memcmp(p + i, "ftypiso", 7) ||
				    !memcmp(p + i, "ftypqt", 6) || !memcmp(p + i, "ftyp3gp", 7)))
			left |= FV_LEFT_FILM;
	return left;
}

bool fv_picture_private(const fv_picture *p, char *text, size_t room)
{
	size_t n = 0;
	*text = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (p->left & names[i].bit && n < room)
			n += (size_t)snprintf(text + n, room - n, "%s%s", n ? ", " : "",
					      names[i].name);
	return *text;
}

typedef struct {
	char *text;
	size_t room, n;
} list;

static void add(list *l, const char *format, ...)
{
	va_list ap;
	if (l->n + 4 >= l->room)
		return;
	l->n += (size_t)snprintf(l->text + l->n, l->room - l->n, "%s", l->n ? "; " : "");
	va_start(ap, format);
	const int more = vsnprintf(l->text + l->n, l->room - l->n, format, ap);
	va_end(ap);
	l->n = MIN(l->room - 1, l->n + (size_t)MAX(more, 0));
}

bool fv_picture_loses(const fv_picture *p, const char *path, char *text, size_t room)
{
	static const char *const name[] = {"JPEG", "PNG", "WebP", "TIFF", "GIF"};
	const fv_format f = fv_format_of_ending(path);
	const bool gif = f == FV_GIF, was_gif = p->format && !strcmp(p->format, "GIF");
	list l = {text, room, 0};
	*text = 0;
	if (f >= FV_HEIF)
		return false;
	if (p->left & FV_LEFT_PICTURES)
		add(&l, "further pictures in it left out");
	if (p->left & FV_LEFT_COMMENT)
		add(&l, "its comment left out");
	if (p->left & FV_LEFT_FILM)
		add(&l, "the film in it left out");
	if (p->iptc.bytes && (f == FV_PNG || f == FV_WEBP || gif))
		add(&l, "its IPTC left out, which a %s does not hold", name[f]);
	if (gif && (p->exif.bytes || p->xmp.bytes || p->texts.bytes))
		add(&l, "its metadata left out, which a GIF does not hold");
	for (size_t at = 0; at < p->texts.bytes && f != FV_PNG && !gif;) {
		const char *word = (const char *)p->texts.data + at,
			   *said = word + strlen(word) + 1;
		if (!fv_exif_tag_of(word))
			add(&l, "its text \"%.40s\" left out, for which EXIF has no place", word);
		at = (size_t)(said - (const char *)p->texts.data) + strlen(said) + 1;
	}
	if (p->pixels.bits == 16 && (f == FV_JPEG || f == FV_WEBP || gif))
		add(&l, "16 bits become 8, as a %s has them", name[f]);
	if (p->pixels.channels == 4 && f == FV_JPEG)
		add(&l, "laid on white, since a JPEG has no transparency");
	if (gif && !was_gif)
		add(&l, "a GIF has 256 colours");
	return l.n;
}
