/* SPDX-License-Identifier: Apache-2.0 */
/* Animated PNG [1]: a frame as a PNG of its own. libpng decodes what each frame changes, here it is
 * laid on what stood before; profile and metadata are the file's.
 *
 *	acTL	how many frames, how often
 *	fcTL	before a frame's data: number, size, place, delay, what is done with it afterwards,
 *		whether it is blended
 *	IDAT	the first frame's, when an fcTL stands before it
 *	fdAT	number, and data as an IDAT has it
 *
 * [1] https://wiki.mozilla.org/APNG_Specification; PNG, third edition */
#include "picture/internal.h"
#include <png.h>
#include <zlib.h>

enum { KEEP, CLEAR, RESTORE };        /* afterwards */
enum { HEAD = 8 + 25, CONTROL = 26 }; /* bytes of signature and IHDR; of an fcTL */

typedef struct {
	uint32_t w, h, x, y;
	int after;
	bool blend;
} frame;
typedef struct {
	const uint8_t *data;
	size_t bytes, at; /* of the chunk that is looked at */
	uint32_t length;
} chunks;

/* The next chunk; false: there is none that is whole. */
static bool next(chunks *c)
{
	c->at += c->at ? 12 + (size_t)c->length : 8;
	if (c->at + 12 > c->bytes)
		return false;
	c->length = fv_get_be(c->data + c->at, 4);
	return c->length <= c->bytes - c->at - 12;
}

static bool is(const chunks *c, const char *type)
{
	return !memcmp(c->data + c->at + 4, type, 4);
}
static const uint8_t *inside(const chunks *c)
{
	return c->data + c->at + 8;
}

void fv_apng_look(const fv_source *s, fv_picture *p)
{
	chunks c = {s->data, s->bytes, 0, 0};
	uint32_t frames = 0, found = 0;
	bool apart = false; /* what a still viewer shows is no frame of the film */
	while (next(&c) && found < 100000) {
		const uint8_t *d = inside(&c);
		if (is(&c, "acTL") && c.length == 8 && !frames) {
			frames = fv_get_be(d, 4);
			p->loop = (int)MIN(fv_get_be(d + 4, 4), 65535);
		} else if (is(&c, "fcTL") && c.length == CONTROL && frames) {
			const uint32_t over = fv_get_be(d + 22, 2);
			fv_put_le(&p->delays, fv_get_be(d + 20, 2) * 1000 / (over ? over : 100), 4);
			found++;
		} else if (is(&c, "IDAT") && !found)
			apart = true;
	}
	p->pages = (int)MIN(frames, found);
	if (p->pages < 2 || apart)
		fv_bytes_free(&p->delays);
	p->pages = MAX(p->pages, 1) + (apart && p->pages > 0);
}

/* A PNG without its pixels: IHDR of another size, palette and what of it is transparent. */
static void begin(const fv_source *s, uint32_t w, uint32_t h, fv_bytes *to)
{
	chunks c = {s->data, s->bytes, 0, 0};
	fv_bytes head = {0};
	to->bytes = 0;
	fv_bytes_put(to, s->data, 8);
	fv_put_be(&head, w, 4);
	fv_put_be(&head, h, 4);
	fv_bytes_put(&head, s->data + 24, 5);
	fv_png_chunk(to, "IHDR", head.data, head.bytes);
	to->failed |= head.failed;
	fv_bytes_free(&head);
	while (next(&c) && !is(&c, "IDAT"))
		if (is(&c, "PLTE") || is(&c, "tRNS"))
			fv_png_chunk(to, (const char *)c.data + c.at + 4, inside(&c), c.length);
}

/* rgba: its pixels, 8 bits. */
static bool decode(fv_bytes *file, const frame *f, uint8_t *rgba)
{
	png_image im = {.version = PNG_IMAGE_VERSION};
	fv_png_chunk(file, "IEND", NULL, 0);
	if (file->failed || !png_image_begin_read_from_memory(&im, file->data, file->bytes))
		return false;
	im.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
	im.format = PNG_FORMAT_RGBA;
	bool good = im.width == f->w && im.height == f->h &&
		    png_image_finish_read(&im, NULL, rgba, 0, NULL);
	png_image_free(&im);
	return good;
}

static void lay(const uint8_t *from, const frame *f, uint32_t width, uint8_t *canvas)
{
	for (uint32_t y = 0; y < f->h; y++) {
		uint8_t *to = canvas + 4 * ((size_t)(f->y + y) * width + f->x);
		for (uint32_t x = 0; x < f->w; x++, to += 4, from += 4) {
			const int a = from[3], under = to[3] * (255 - a) / 255, all = a + under;
			if (!f->blend || a == 255 || !all) {
				memcpy(to, from, 4);
				continue;
			}
			for (int k = 0; k < 3; k++)
				to[k] = (uint8_t)((from[k] * a + to[k] * under + all / 2) / all);
			to[3] = (uint8_t)all;
		}
	}
}

static void clear(const frame *f, uint32_t width, uint8_t *canvas)
{
	for (uint32_t y = 0; y < f->h; y++)
		memset(canvas + 4 * ((size_t)(f->y + y) * width + f->x), 0, 4 * (size_t)f->w);
}

static bool read_frame(const chunks *c, uint32_t width, uint32_t height, frame *f)
{
	const uint8_t *d = inside(c);
	*f = (frame){fv_get_be(d + 4, 4),
		     fv_get_be(d + 8, 4),
		     fv_get_be(d + 12, 4),
		     fv_get_be(d + 16, 4),
		     d[24],
		     d[25] == 1};
	return f->w && f->h && f->w <= width && f->h <= height && f->x <= width - f->w &&
	       f->y <= height - f->h;
}

/* The canvas as it is at a frame. before: as large, for what is restored; part: for one frame. */
static bool compose(const fv_source *s, uint32_t width, uint32_t height, uint8_t *canvas,
		    uint8_t *before, uint8_t *part)
{
	const size_t all = 4 * (size_t)width * height;
	chunks c = {s->data, s->bytes, 0, 0};
	fv_bytes file = {0};
	frame f = {0}, last = {0};
	int at = -1;
	bool good = true, more = true;
	while (good && more) {
		more = next(&c) && !is(&c, "IEND");
		if (more && at >= 0 && (is(&c, "IDAT") || (is(&c, "fdAT") && c.length >= 4))) {
			const uint32_t skip = is(&c, "fdAT") ? 4 : 0;
			fv_png_chunk(&file, "IDAT", inside(&c) + skip, c.length - skip);
		}
		if (more && !(is(&c, "fcTL") && c.length == CONTROL))
			continue;
		if (at >= 0) { /* the frame that was gathered is whole */
			if (at && last.after == CLEAR)
				clear(&last, width, canvas);
			if (at && last.after == RESTORE)
				memcpy(canvas, before, all);
			if (f.after == RESTORE)
				memcpy(before, canvas, all);
			if ((good = decode(&file, &f, part)))
				lay(part, &f, width, canvas);
			last = f;
			if (at == s->page)
				break;
		}
		at++;
		if (more && (good = good && read_frame(&c, width, height, &f)))
			begin(s, f.w, f.h, &file);
	}
	good = good && at == s->page && !file.failed;
	fv_bytes_free(&file);
	return good;
}

/* The canvas as a PNG with what else the file has before its pixels. */
static bool encode(const fv_source *s, uint32_t width, uint32_t height, const uint8_t *canvas,
		   fv_bytes *out)
{
	static const char kept[][5] = {"iCCP", "sRGB", "gAMA", "cHRM", "pHYs",
				       "eXIf", "iTXt", "tEXt", "zTXt"};
	const size_t row = 4 * (size_t)width;
	chunks c = {s->data, s->bytes, 0, 0};
	fv_bytes rows = {0};
	uLongf room = compressBound((row + 1) * height);
	uint8_t head[13] = {0}, *packed = malloc(room);
	for (int i = 0; i < 8; i++)
		head[i] = s->data[16 + i];
	head[8] = 8, head[9] = 6;
	for (uint32_t y = 0; y < height; y++) {
		fv_bytes_more(&rows, 1);
		fv_bytes_put(&rows, canvas + y * row, row);
	}
	bool good = packed && !rows.failed &&
		    compress2(packed, &room, rows.data, rows.bytes, 1) == Z_OK;
	fv_bytes_put(out, s->data, 8);
	fv_png_chunk(out, "IHDR", head, sizeof head);
	while (good && next(&c) && !is(&c, "IDAT"))
		for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
			if (is(&c, kept[i]))
				fv_png_chunk(out, kept[i], inside(&c), c.length);
	if (good)
		fv_png_chunk(out, "IDAT", packed, room);
	fv_png_chunk(out, "IEND", NULL, 0);
	fv_bytes_free(&rows);
	free(packed);
	return good && !out->failed;
}

int64_t fv_apng_bytes(int64_t area)
{
	return 22 * area;
}

fv_status fv_apng_page(fv_err *err, const fv_source *s, fv_bytes *out)
{
	const uint32_t width = fv_get_be(s->data + 16, 4), height = fv_get_be(s->data + 20, 4);
	const size_t all = 4 * (size_t)width * height;
	uint8_t *room = calloc(3, all);
	bool good = room && compose(s, width, height, room, room + all, room + 2 * all) &&
		    encode(s, width, height, room, out);
	free(room);
	if (!room || out->failed)
		return fv_fail_memory(err, s->path, 3 * all);
	return good ? FV_OK
		    : fv_fail(err, FV_E_FORMAT,
			      "%s: frame %d of this PNG cannot be decoded; fetch it "
			      "again, or save it anew",
			      s->path, s->page + 1);
}
