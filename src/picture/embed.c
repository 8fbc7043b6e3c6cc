/* SPDX-License-Identifier: Apache-2.0 */
/* Profile and metadata put into an encoded file, byte for byte as they were kept:
 *
 *	JPEG	SOI, JFIF, [Exif, XMP, Photoshop, ICC segments], the rest
 *	PNG	signature, IHDR, [iCCP, eXIf, iTXt], the rest
 *	WebP	RIFF, VP8X, [ICCP], picture, [EXIF, XMP]
 *
 *	TIFF	header, the rest, directories (exif.c); its profile is libvips' matter (write.c) */
#include "picture/internal.h"
#include <zlib.h>

enum { SEGMENT_MAX = 65533 };

static void segment(fv_bytes *to, int marker, const char *name, size_t name_bytes,
                    const uint8_t *data, size_t bytes)
{
	if (name_bytes + bytes > SEGMENT_MAX)
		return;                 /* left out: no decoder looks for a second part */
	fv_put_be(to, 0xff00u | (unsigned)marker, 2);
	fv_put_be(to, (uint32_t)(2 + name_bytes + bytes), 2);
	fv_bytes_put(to, name, name_bytes);
	fv_bytes_put(to, data, bytes);
}

const char *fv_embed_leaves(fv_format f, const fv_picture *p)
{
	/* Beside each in its segment: a name; Photoshop's head and padding. */
	const struct { const char *name; size_t bytes, beside; } list[] = {
		{ "EXIF", p->exif.bytes, 6 }, { "XMP", p->xmp.bytes, 29 }, { "IPTC", p->iptc.bytes,
		  26 + p->iptc.bytes % 2 },
	};
	for (size_t i = 0; f == FV_JPEG && i < G_N_ELEMENTS(list); i++)
		if (list[i].bytes + list[i].beside > SEGMENT_MAX)
			return list[i].name;
	return NULL;
}

static void jpeg(const uint8_t *encoded, size_t bytes, const fv_picture *p, fv_bytes *head,
                 size_t *skip)
{
	static const char xmp[] = "http://ns.adobe.com/xap/1.0/";
	*skip = 2;
	if (bytes > 6 && encoded[2] == 0xff && encoded[3] == 0xe0)
		*skip += 2 + fv_get_be(encoded + 4, 2);
	*skip = MIN(*skip, bytes);
	fv_bytes_put(head, encoded, *skip);
	if (p->exif.bytes)
		segment(head, 0xe1, "Exif\0", 6, p->exif.data, p->exif.bytes);
	if (p->xmp.bytes)
		segment(head, 0xe1, xmp, sizeof xmp, p->xmp.data, p->xmp.bytes);
	if (p->iptc.bytes) {
		fv_bytes block = { 0 };
		fv_bytes_put(&block, "Photoshop 3.0\0008BIM\4\4\0\0", 22);
		fv_put_be(&block, (uint32_t)p->iptc.bytes, 4);
		fv_bytes_put(&block, p->iptc.data, p->iptc.bytes);
		fv_bytes_more(&block, p->iptc.bytes % 2);
		segment(head, 0xed, "", 0, block.data, block.bytes);
		head->failed |= block.failed;
		fv_bytes_free(&block);
	}
	/* A profile goes in parts: "ICC_PROFILE\0", number, how many. More than 255 parts is no
	 * profile. */
	const size_t part = SEGMENT_MAX - 14, parts = (p->profile.bytes + part - 1) / part;
	for (size_t i = 0; i < parts && parts < 256; i++) {
		char name[14] = "ICC_PROFILE";
		name[12] = (char)(i + 1);
		name[13] = (char)parts;
		size_t from = i * part, left = p->profile.bytes - from;
		segment(head, 0xe2, name, sizeof name, p->profile.data + from,
		        left < part ? left : part);
	}
}

void fv_png_chunk(fv_bytes *to, const char *type, const uint8_t *data, size_t bytes)
{
	if (bytes > INT32_MAX)
		return;
	fv_put_be(to, (uint32_t)bytes, 4);
	size_t from = to->bytes;
	fv_bytes_put(to, type, 4);
	fv_bytes_put(to, data, bytes);
	if (!to->failed)
		fv_put_be(to,
		          (uint32_t)crc32(crc32(0, NULL, 0), to->data + from, (uInt)(4 + bytes)),
		          4);
}

static void png(const uint8_t *encoded, const fv_picture *p, fv_bytes *head, size_t *skip)
{
	fv_bytes b = { 0 };
	*skip = 8 + 12 + 13;
	fv_bytes_put(head, encoded, *skip);
	if (p->profile.bytes) {
		uLongf room = compressBound(p->profile.bytes);
		fv_bytes_put(&b, "ICC profile\0", 13);          /* name, 0, method 0 */
		uint8_t *to = fv_bytes_more(&b, room);
		if (to && compress2(to, &room, p->profile.data, p->profile.bytes, 9) == Z_OK)
			fv_png_chunk(head, "iCCP", b.data, 13 + room);
	}
	if (p->exif.bytes)
		fv_png_chunk(head, "eXIf", p->exif.data, p->exif.bytes);
	if (p->xmp.bytes) {
		b.bytes = 0;
		/* keyword, not compressed, no language, no translation */
		fv_bytes_put(&b, "XML:com.adobe.xmp\0\0\0\0", 22);
		fv_bytes_put(&b, p->xmp.data, p->xmp.bytes);
		fv_png_chunk(head, "iTXt", b.data, b.bytes);
	}
	fv_texts_into_png(&p->texts, head);
	head->failed |= b.failed;
	fv_bytes_free(&b);
}

static void webp_chunk(fv_bytes *to, const char *type, const uint8_t *data, size_t bytes)
{
	fv_bytes_put(to, type, 4);
	fv_put_le(to, (uint32_t)bytes, 4);
	fv_bytes_put(to, data, bytes);
	fv_bytes_more(to, bytes % 2);
}

/* The encoder's chunks less its own header and, where there is another, its EXIF: libvips writes
 * one of defaults, before ours, and readers take the first. */
static void webp_picture(const uint8_t *encoded, size_t bytes, bool exif, fv_bytes *to)
{
	size_t at = 12;
	while (at <= bytes && bytes - at >= 8) {
		const size_t size = fv_get_le(encoded + at + 4, 4), whole = 8 + size + size % 2;
		if (size > bytes - at - 8)
			break;
		if (memcmp(encoded + at, "VP8X", 4) && (!exif || memcmp(encoded + at, "EXIF", 4)))
			fv_bytes_put(to, encoded + at, MIN(whole, bytes - at));
		at += whole;
	}
}

static void webp(const uint8_t *encoded, size_t bytes, const fv_picture *p, fv_bytes *head,
                 size_t *skip)
{
	enum { XMP = 4, EXIF = 8, ALPHA = 16, PROFILE = 32 };
	/* A RIFF holds 4 GB. */
	if (bytes < 30 ||
	    p->profile.bytes + p->exif.bytes + p->xmp.bytes > UINT32_MAX - 256 - bytes)
		return;
	uint32_t flags = (memcmp(encoded + 12, "VP8X", 4) ? 0 : encoded[20]) |
	                 (p->profile.bytes ? PROFILE : 0) | (p->exif.bytes ? EXIF : 0) |
	                 (p->xmp.bytes ? XMP : 0) | (p->pixels.channels == 4 ? ALPHA : 0);
	*skip = bytes;                  /* all of it is in the head */
	fv_bytes_put(head, "RIFF\0\0\0\0WEBPVP8X", 16);
	fv_put_le(head, 10, 4);
	fv_put_le(head, flags, 4);
	fv_put_le(head, (uint32_t)(p->pixels.width - 1), 3);
	fv_put_le(head, (uint32_t)(p->pixels.height - 1), 3);
	if (p->profile.bytes)
		webp_chunk(head, "ICCP", p->profile.data, p->profile.bytes);
	webp_picture(encoded, bytes, p->exif.bytes, head);
	if (p->exif.bytes)
		webp_chunk(head, "EXIF", p->exif.data, p->exif.bytes);
	if (p->xmp.bytes)
		webp_chunk(head, "XMP ", p->xmp.data, p->xmp.bytes);
	for (int i = 0; !head->failed && i < 4; i++)
		head->data[4 + i] = (uint8_t)((head->bytes - 8) >> 8 * i);
}

void fv_embed(fv_format f, const uint8_t *encoded, size_t bytes, const fv_picture *p,
              fv_bytes *head, size_t *skip, fv_bytes *tail)
{
	*skip = 0;
	if (p->texts.bytes && f != FV_PNG && f != FV_GIF) {
		fv_picture told = *p; /* which EXIF says then */
		told.exif = told.texts = (fv_bytes){0};
		fv_exif_with_texts(&p->exif, &p->texts, &told.exif);
		fv_embed(f, encoded, bytes, &told, head, skip, tail);
		head->failed |= told.exif.failed;
		fv_bytes_free(&told.exif);
		return;
	}
	if (!p->profile.bytes && !p->exif.bytes && !p->xmp.bytes && !p->iptc.bytes &&
	    !p->texts.bytes)
		return;
	if (f == FV_JPEG)
		jpeg(encoded, bytes, p, head, skip);
	else if (f == FV_PNG)
		png(encoded, p, head, skip);
	else if (f == FV_WEBP)
		webp(encoded, bytes, p, head, skip);
	else if (f == FV_TIFF && (p->exif.bytes || p->xmp.bytes || p->iptc.bytes))
		fv_exif_into_tiff(encoded, bytes, p, head, skip, tail);
}
