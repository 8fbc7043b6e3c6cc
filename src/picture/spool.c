/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures larger than memory: decoded into a file that has no name, beside what will be painted.
 * The decoder, in its own process as ever, maps the file; here parts of it are read. */
#define _GNU_SOURCE
#include "picture/internal.h"
#include "base/base.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void fv_drop_pages(const void *data, size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	if (data)
		madvise((void *)(uintptr_t)data, bytes / page * page, MADV_DONTNEED);
}

/* Decoded in this process. */
static fv_status place(fv_err *err, fv_source *s, fv_picture *p)
{
	const size_t bytes = (size_t)(p->pixels.height * p->pixels.stride_bytes);
	const int full = posix_fallocate(s->spool - 1, 0, (off_t)bytes);
	if (full)
		return fv_fail(err, FV_E_WRITE, "%s: %.1f GB for its pixels cannot be had on the "
		               "output's disk: %s; make room there", s->path, (double)bytes / 1e9,
		               strerror(full));
	p->pixels.data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->spool - 1, 0);
	if (p->pixels.data == MAP_FAILED) {
		p->pixels.data = NULL;
		return fv_fail_memory(err, s->path, bytes);
	}
	p->mapped = bytes;
	return FV_OK;
}

static void passed(fv_source *s, fv_picture *p, int64_t rows)
{
	fv_drop_pages(p->pixels.data, (size_t)(rows * p->pixels.stride_bytes));
	fv_drop_pages(s->data, s->bytes);
	if (s->progress)
		s->progress(s->user, (double)rows / (double)p->pixels.height);
}

fv_status fv_picture_spool(fv_err *err, const char *path, const fv_read_options *opt,
                           const char *beside, fv_picture **out, fv_err *warning)
{
	static const fv_read_options none;
	const fv_read_options *o = opt ? opt : &none;
	fv_err ignored;
	int fd = fv_file_nameless(beside);
	if (fd < 0)
		return fv_fail_write(err, beside);
	fv_source s = { .path = path, .max_pixels = o->max_pixels ? o->max_pixels : FV_PIXELS_SPOOLED,
	                .flat_pixels = o->max_pixels ? o->max_pixels : FV_PIXELS_FLAT,
	                .believed = o->max_pixels, .memory = o->max_memory, .all = o->keep_private,
	                .fits = o->fits, .cancelled = o->cancelled, .progress = o->progress,
	                .user = o->user, .spool = fd + 1, .place = place, .passed = passed };
	fv_status st = fv_source_read(err, &s, out, warning ? warning : &ignored);
	if (st) {
		close(fd);
		return st;
	}
	fv_picture *p = *out;
	if (p->mapped)
		munmap(p->pixels.data, p->mapped);
	p->pixels.data = NULL;
	p->mapped = 0;
	p->spool = fd + 1;
	return FV_OK;
}

bool fv_picture_spooled(const fv_picture *p) { return p->spool > 0; }

/* Bytes from or to a place in the file. */
static fv_status at(fv_err *err, const fv_picture *p, bool put, int64_t from, char *data, int64_t bytes)
{
	for (int64_t n = 0; n < bytes;) {
		ssize_t k = put ? pwrite(p->spool - 1, data + n, (size_t)(bytes - n), from + n)
		                : pread(p->spool - 1, data + n, (size_t)(bytes - n), from + n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return fv_fail(err, FV_E_READ, "the file of its pixels cannot be %s: %s",
			               put ? "written" : "read", k ? strerror(errno) : "it is short");
		n += k;
	}
	return FV_OK;
}

fv_status fv_picture_part(fv_err *err, const fv_picture *p, int64_t x, int64_t y, int64_t w,
                          int64_t h, void *pixels)
{
	const int64_t pixel = p->pixels.channels * p->pixels.bits / 8, row = w * pixel;
	fv_status st = FV_OK;
	if (w == p->pixels.width)
		return at(err, p, false, y * p->pixels.stride_bytes, pixels, h * row);
	for (int64_t r = 0; r < h && !st; r++)
		st = at(err, p, false, (y + r) * p->pixels.stride_bytes + x * pixel,
		        (char *)pixels + r * row, row);
	return st;
}

/* As hidden.c: each row by itself; one in which nothing is seen has the colours of the row above
 * it, and those above the first that has any, that one's. */
fv_status fv_picture_fill_spooled(fv_err *err, const fv_picture *p)
{
	const fv_pixels *v = &p->pixels;
	const int64_t stride = v->stride_bytes;
	int64_t first = -1;
	if (v->channels != 4)
		return FV_OK;
	char *two = malloc((size_t)(2 * stride));
	fv_status st = two ? FV_OK : fv_fail_memory(err, "picture", (size_t)(2 * stride));
	for (int64_t y = 0; y < v->height && !st; y++) {
		char *row = two + stride;
		if ((st = at(err, p, false, y * stride, row, stride)))
			break;
		/* The row above, then this one, as a picture of two rows; or this one alone. */
		fv_picture pair = { .pixels = *v };
		pair.pixels.height = first >= 0 ? 2 : 1;
		pair.pixels.data = first >= 0 ? two : row;
		const bool seen = fv_row_seen(&pair.pixels, pair.pixels.height - 1);
		if (first >= 0 || seen)
			fv_fill_row(&pair.pixels, pair.pixels.height - 1, first >= 0);
		if (!seen && first < 0)
			continue;
		st = at(err, p, true, y * stride, row, stride);
		memcpy(two, row, (size_t)stride);
		/* What lies above the first row that is seen. */
		for (int64_t k = 0; k < y && first < 0 && !st; k++) {
			char *above = row;
			st = at(err, p, false, k * stride, above, stride);
			pair.pixels.height = 2;
			pair.pixels.data = two;
			fv_fill_row(&pair.pixels, 1, true);
			if (!st)
				st = at(err, p, true, k * stride, above, stride);
		}
		first = first < 0 ? y : first;
	}
	free(two);
	return st;
}
