/* SPDX-License-Identifier: Apache-2.0 */
/* Several pictures in one file: films as GIF, WebP and PNG [1], pages as TIFF. Each is encoded as
 * it is alone, then they are put together.
 *
 *	PNG	IHDR, ..., acTL, fcTL, IDAT of the first, then of each fcTL, fdAT; IEND
 *	TIFF	one file behind the other, all offsets moved, directories linked
 *
 * [1] Animated PNG, https://wiki.mozilla.org/APNG_Specification; PNG, third edition */
#include "picture/internal.h"
#include "base/base.h"
#include "base/file.h"
#include <stdio.h>

bool fv_pages_kept(const fv_picture *p, const char *path)
{
	const fv_format f = fv_format_of_ending(path);
	return p->pages > 1 && p->pages_read &&
	       (f == FV_TIFF || (fv_picture_moves(p) && (f == FV_GIF || f == FV_WEBP || f == FV_PNG)));
}

static fv_status too_large(fv_err *err, const char *path)
{
	return fv_fail(err, FV_E_WRITE, "%s: its pictures are more than such a file holds; take fewer, "
	               "or smaller ones", path);
}

static uint32_t delay_of(const fv_picture *first, int i)
{
	const size_t at = 4 * (size_t)i;
	return at + 4 <= first->delays.bytes ? MIN(fv_get_le(first->delays.data + at, 4), 65535) : 100;
}

/* ------------------------------------------------------------------ TIFF */
enum { STRIPS = 273, TILES = 324, EXIF = 34665, GPS = 34853, INTEROP = 40965 };
enum { SHORT = 3, LONG = 4 };

typedef struct { fv_bytes *file; size_t base; bool big; } moving;

static uint32_t get(const moving *m, size_t at, int n)
{
	const uint8_t *p = m->file->data + at;
	return m->big ? fv_get_be(p, n) : fv_get_le(p, n);
}

static void set(const moving *m, size_t at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		m->file->data[at + (size_t)i] = (uint8_t)(v >> 8 * (m->big ? 3 - i : i));
}

static void set_type(const moving *m, size_t at, uint32_t type)
{
	m->file->data[at + (m->big ? 1 : 0)] = (uint8_t)type;
	m->file->data[at + (m->big ? 0 : 1)] = 0;
}

/* Where strips begin, as a new list of 32 bits: an encoder may have used 16. */
static void move_strips(const moving *m, size_t entry)
{
	const uint32_t type = get(m, entry + 2, 2), count = get(m, entry + 4, 4);
	const size_t size = type == SHORT ? 2 : 4,
		     from = size * count > 4 ? get(m, entry + 8, 4) : entry + 8;
	const uint32_t only = count == 1 ? get(m, from, (int)size) : 0;
	if (from > m->file->bytes || size * count > m->file->bytes - from)
		return;
	set_type(m, entry + 2, LONG);
	if (count == 1) {
		set(m, entry + 8, only + (uint32_t)m->base);
		return;
	}
	fv_bytes_more(m->file, m->file->bytes % 2);
	const size_t to = m->file->bytes;
	if (!fv_bytes_more(m->file, 4 * (size_t)count))
		return;
	for (size_t i = 0; i < count; i++)
		set(m, to + 4 * i, get(m, from + i * size, (int)size) + (uint32_t)m->base);
	set(m, entry + 8, (uint32_t)to);
}

/* Returns where the offset of the next directory stands; 0: what was encoded is no sound TIFF. */
static size_t move_directory(const moving *m, size_t at, int depth)
{
	static const uint8_t size[] = { 1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4 };
	if (at + 2 > m->file->bytes || at + 2 + 12 * (size_t)get(m, at, 2) + 4 > m->file->bytes)
		return 0;
	const size_t count = get(m, at, 2);
	for (size_t i = 0; i < count; i++) {
		const size_t entry = at + 2 + 12 * i;
		const uint32_t tag = get(m, entry, 2), type = get(m, entry + 2, 2);
		const size_t bytes = type < G_N_ELEMENTS(size) ? size[type] * (size_t)get(m, entry + 4, 4)
		                                               : 0;
		if (bytes > 4)
			set(m, entry + 8, get(m, entry + 8, 4) + (uint32_t)m->base);
		if (!depth && (tag == STRIPS || tag == TILES))
			move_strips(m, entry);
		if (tag == EXIF || tag == GPS || tag == INTEROP) {
			set(m, entry + 8, get(m, entry + 8, 4) + (uint32_t)m->base);
			if (depth < 3)
				move_directory(m, get(m, entry + 8, 4), depth + 1);
		}
	}
	return at + 2 + 12 * count;
}

static fv_status add_tiff(fv_err *err, const char *path, fv_bytes *file, const fv_bytes *one,
                          size_t *next)
{
	fv_bytes_more(file, file->bytes % 2);
	const moving m = { file, file->bytes, one->data[0] == 'M' };
	if (file->bytes + one->bytes > UINT32_MAX - 65536)
		return too_large(err, path);
	fv_bytes_put(file, one->data, one->bytes);
	if (file->failed)
		return fv_fail_memory(err, path, one->bytes);
	const size_t first = m.base + get(&m, m.base + 4, 4);
	if (*next)
		set(&m, *next, (uint32_t)first);
	*next = move_directory(&m, first, 0);
	return *next && !file->failed ? FV_OK
	                              : fv_fail(err, FV_E_INTERNAL, "%s: pages cannot be joined", path);
}

/* ------------------------------------------------------------------ PNG */
static void put_control(fv_bytes *to, const fv_picture *p, uint32_t number, uint32_t delay)
{
	fv_bytes b = { 0 };
	fv_put_be(&b, number, 4);
	fv_put_be(&b, (uint32_t)p->pixels.width, 4);
	fv_put_be(&b, (uint32_t)p->pixels.height, 4);
	fv_put_be(&b, 0, 4);
	fv_put_be(&b, 0, 4);
	fv_put_be(&b, delay, 2);
	fv_put_be(&b, 1000, 2);
	fv_put_be(&b, 0, 2);            /* nothing is disposed of, nothing blended */
	fv_png_chunk(to, "fcTL", b.data, b.bytes);
	to->failed |= b.failed;
	fv_bytes_free(&b);
}

/* The chunks of `one`: of the first all, with what makes a film of it before its pixels, of others the
 * pixels alone; none has its end yet. */
static void add_png(fv_bytes *file, const fv_bytes *one, const fv_picture *first,
                    const fv_picture *p, int i, int count, uint32_t *number)
{
	bool begun = false;
	if (!i)
		fv_bytes_put(file, one->data, 8);
	for (size_t at = 8; at + 12 <= one->bytes;) {
		const uint8_t *c = one->data + at;
		const size_t length = fv_get_be(c, 4), whole = length + 12;
		if (whole > one->bytes - at || !memcmp(c + 4, "IEND", 4))
			break;
		const bool pixels = !memcmp(c + 4, "IDAT", 4);
		if (pixels && !begun) {
			fv_bytes b = { 0 };
			fv_put_be(&b, (uint32_t)count, 4);
			fv_put_be(&b, (uint32_t)MAX(first->loop, 0), 4);
			if (!i)
				fv_png_chunk(file, "acTL", b.data, b.bytes);
			put_control(file, p, (*number)++, delay_of(first, i));
			file->failed |= b.failed;
			fv_bytes_free(&b);
			begun = true;
		}
		if (pixels && i) {
			fv_bytes b = { 0 };
			fv_put_be(&b, (*number)++, 4);
			fv_bytes_put(&b, c + 8, length);
			fv_png_chunk(file, "fdAT", b.data, b.bytes);
			file->failed |= b.failed;
			fv_bytes_free(&b);
		} else if (!i)
			fv_bytes_put(file, c, whole);
		at += whole;
	}
	if (i == count - 1)
		fv_png_chunk(file, "IEND", NULL, 0);
}

/* ------------------------------------------------------------------ all of them */
static fv_status join(fv_err *err, fv_context *c, fv_format f, fv_picture *const *page, int count,
                      int quality, const char *path, fv_bytes *file)
{
	size_t next = 0;
	uint32_t number = 0;
	fv_status st = FV_OK;
	for (int i = 0; i < count && !st; i++) {
		fv_bytes one = { 0 };
		if (!(st = fv_picture_encode(err, c, page[i], f, quality, path, &one))) {
			if (f == FV_TIFF)
				st = add_tiff(err, path, file, &one, &next);
			else
				add_png(file, &one, page[0], page[i], i, count, &number);
		}
		fv_bytes_free(&one);
		if (!st && file->failed)
			st = fv_fail_memory(err, path, file->bytes);
		if (!st && c && fv_cancelled(c))
			st = fv_fail(err, FV_E_CANCELLED, "%s: stopped", path);
	}
	return st;
}

/* Frames of one file have one size and, here, as many channels. */
static fv_status agree(fv_err *err, fv_picture *const *page, int count, const char *path)
{
	bool alpha = false;
	for (int i = 0; i < count; i++) {
		const fv_pixels *v = &page[i]->pixels, *w = &page[0]->pixels;
		if (v->width != w->width || v->height != w->height || v->bits != w->bits)
			return fv_fail(err, FV_E_WRITE,
			               "%s: frames of different sizes cannot be one film; write a .tif",
			               path);
		alpha |= v->channels == 4;
	}
	for (int i = 0; i < count && alpha; i++)
		if (!fv_picture_add_alpha(page[i]))
			return fv_fail_memory(err, path, 0);
	return FV_OK;
}

fv_status fv_pages_write(fv_err *err, fv_context *c, fv_picture *const *page, int count,
                         const char *path, const fv_write_options *opt)
{
	static const fv_write_options none;
	const fv_write_options *o = opt ? opt : &none;
	const fv_format f = fv_format_of_ending(path);
	const int quality = o->quality ? o->quality : 92;
	fv_writer *w = NULL;
	fv_bytes file = { 0 };
	fv_status st = fv_vips_ready(err);
	if (!st && f != FV_TIFF)
		st = agree(err, page, count, path);
	if (st || (st = fv_write_begin(err, c, path, o, &w)))
		return st;
	st = f == FV_TIFF || f == FV_PNG ? join(err, c, f, page, count, quality, path, &file)
	                                 : fv_film_encode(err, c, page, count, quality, path, &file);
	if (!st)
		st = fv_writer_put(err, w, file.data, file.bytes);
	fv_bytes_free(&file);
	return fv_write_end(err, w, o, NULL, st);
}
