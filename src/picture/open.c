/* SPDX-License-Identifier: Apache-2.0 */
/* Opening: a regular file > its format by the first bytes > pixels, decoded here or in a child
 * process. */
#include "picture/internal.h"
#include "base/file.h"
#include "base/memory.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* bare.c takes pictures of 4 megapixels: hardly more bytes */
#define BARE_BYTES ((size_t)16 << 20)

static fv_status open_source(fv_err *err, fv_source *s)
{
	uint8_t head[64];
	size_t got = sizeof head;
	fv_status st = s->standard_input
	                       ? fv_file_input(err, s->path, NULL, FV_PICTURE_BYTES_MAX, s->cancelled,
	                                       s->user, &s->fd, &s->bytes)
	                       : fv_file_open(err, s->path, 0, &s->fd, &s->bytes);
	if (st)
		return st;
	const int64_t most = s->spool ? FV_SPOOLED_BYTES_MAX : FV_PICTURE_BYTES_MAX;
	if ((int64_t)s->bytes > most)
		return fv_fail(err, FV_E_LIMIT,
		               "%s: %.0f MB are over the limit of %.0f MB for a file", s->path,
		               (double)s->bytes / 1e6, (double)most / 1e6);
	if (!s->bytes)
		return fv_fail(err, FV_E_FORMAT, "%s: is empty; fetch it again", s->path);
	if ((st = fv_file_fill(err, s->path, s->fd, head, &got, NULL, NULL)))
		return st;
	s->format = fv_format_of_bytes(head, got, &s->format_name);
	return s->format != FV_FORMAT_UNKNOWN
	               ? FV_OK
	               : fv_fail(err, FV_E_FORMAT,
	                         "%s: is no picture that fauve reads (JPEG, PNG, WebP, TIFF, GIF, "
	                         "HEIF)%s%s; convert it, or fetch it again",
	                         s->path, s->format_name ? " but looks like " : "",
	                         s->format_name ? s->format_name : "");
}

bool fv_source_cancelled(const fv_source *s) { return s->cancelled && s->cancelled(s->user); }

/* Its bytes as a copy: mapped ones would end the process when somebody cuts the file short. */
static fv_status load(fv_err *err, fv_source *s)
{
	if (s->data)
		return FV_OK;
	if (s->spool) {                 /* too large for a copy */
		void *data = mmap(NULL, s->bytes, PROT_READ, MAP_PRIVATE, s->fd, 0);
		if (data == MAP_FAILED)
			return fv_fail_memory(err, s->path, s->bytes);
		s->data = data;
		return FV_OK;
	}
	uint8_t *data = malloc(s->bytes);
	fv_status st = data ? fv_file_fill(err, s->path, s->fd, data, &s->bytes, s->cancelled,
	                                   s->user)
	                    : fv_fail_memory(err, s->path, s->bytes);
	if (st)
		free(data);
	else
		s->data = data;
	return st;
}

fv_status fv_source_place(fv_err *err, fv_source *s, fv_picture *p)
{
	int64_t bytes = p->pixels.height * p->pixels.stride_bytes;
	p->pixels.data = malloc((size_t)bytes);
	return p->pixels.data ? FV_OK : fv_fail_memory(err, s->path, (size_t)bytes);
}

/* What may still be taken; some is for everything else. */
static int64_t free_memory(void)
{
	double here = fv_memory_free();
	return here > 0 ? (int64_t)(0.9 * here) : INT64_MAX;
}

fv_status fv_source_read(fv_err *err, fv_source *s, fv_picture **out, fv_err *warning)
{
	fv_picture *p = calloc(1, sizeof *p);
	bool ran = false, bare;
	*warning = (fv_err){ 0 };
	s->fd = -1;
	if (!s->place)
		s->place = fv_source_place;
	if (!s->memory)
		s->memory = free_memory();
	fv_status st = p ? open_source(err, s) : fv_fail_memory(err, s->path, sizeof *p);
	if (st)
		goto done;
	bare = !s->spool && !s->longest && !s->facts && (s->format == FV_JPEG || s->format == FV_PNG) &&
	       s->bytes <= BARE_BYTES && !fv_sandbox_all();
	if (bare && ((st = load(err, s)) || fv_bare_read(s, p)))
		goto done;
	s->bare_tried = bare;
	if (s->refusal.status) {
		st = fv_fail(err, s->refusal.status, "%s", s->refusal.text);
		goto done;
	}
	st = fv_child_decode(err, s, p, warning, &ran);
	if (!ran && !st && !(st = load(err, s)))
		st = fv_decode(err, s, p, warning);
	if (!st && s->longest) {
		fv_picture_fill_hidden(p);
		st = fv_picture_reduce(err, s, p);
	}
done:
	if (s->fd >= 0)
		close(s->fd);
	if (s->spool && s->data)
		munmap((void *)(uintptr_t)s->data, s->bytes);
	else
		free((void *)(uintptr_t)s->data);
	if (st)
		fv_picture_free(p);
	else {
		p->format = s->format_name;
		p->pages_read = s->format != FV_HEIF;
		*out = p;
	}
	return st;
}

fv_status fv_picture_read(fv_err *err, const char *path, const fv_read_options *opt,
                          fv_picture **out, fv_err *warning)
{
	static const fv_read_options none;
	const fv_read_options *o = opt ? opt : &none;
	fv_err ignored;
	/* Who names a limit trusts files up to it. */
	fv_source s = { .path = path, .max_pixels = o->max_pixels ? o->max_pixels : FV_PIXELS_MAX,
	                .flat_pixels = o->max_pixels ? o->max_pixels : FV_PIXELS_FLAT,
	                .memory = o->max_memory, .all = o->keep_private, .facts = o->facts, .page = o->page,
	                .fits = o->fits, .cancelled = o->cancelled, .user = o->user,
	                .standard_input = o->standard_input };
	return fv_source_read(err, &s, out, warning ? warning : &ignored);
}

const char *fv_picture_format(const fv_picture *p) { return p->format; }

int fv_picture_pages(const fv_picture *p) { return p->pages > 1 ? p->pages : 1; }

bool fv_picture_moves(const fv_picture *p) { return p->pages > 1 && p->delays.bytes; }

fv_pixels *fv_picture_pixels(fv_picture *p) { return &p->pixels; }

bool fv_picture_add_alpha(fv_picture *p)
{
	const fv_pixels v = p->pixels;
	const int64_t bytes = v.bits / 8, area = v.width * v.height;
	if (v.channels == 4)
		return true;
	uint8_t *to = malloc((size_t)(4 * area * bytes));
	if (!to)
		return false;
	for (int64_t y = 0, at = 0; y < v.height; y++)
		for (int64_t x = 0; x < v.width; x++, at += 4 * bytes) {
			memcpy(to + at, (char *)v.data + y * v.stride_bytes + 3 * x * bytes,
			       (size_t)(3 * bytes));
			memset(to + at + 3 * bytes, 255, (size_t)bytes);
		}
	if (p->mapped)
		munmap(v.data, p->mapped);
	else
		free(v.data);
	p->mapped = 0;
	p->pixels = (fv_pixels){ v.width, v.height, 4, v.bits, 4 * v.width * bytes, to };
	return true;
}

void fv_picture_free(fv_picture *p)
{
	if (!p)
		return;
	fv_picture_forget(p);
	free(p);
}

fv_status fv_picture_shrink(fv_err *err, const char *path, int64_t longest, fv_pixels *out,
                            fv_err *warning)
{
	fv_picture *p = NULL;
	fv_err ignored;
	fv_source s = { .path = path, .max_pixels = FV_PIXELS_MAX, .flat_pixels = FV_PIXELS_FLAT,
	                .longest = longest ? longest : INT64_MAX };
	fv_status st = fv_source_read(err, &s, &p, warning ? warning : &ignored);
	if (st)
		return st;
	if (warning && !warning->status && p->pages > 1)
		fv_fail(warning, FV_E_FORMAT, "%s: has %d %s, of which only the first is taken", path,
		        p->pages, fv_picture_moves(p) ? "frames" : "pictures");
	*out = p->pixels;
	p->pixels.data = NULL;
	fv_picture_free(p);
	return FV_OK;
}
