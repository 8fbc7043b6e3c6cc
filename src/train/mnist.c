/* SPDX-License-Identifier: Apache-2.0 */
#include "train/mnist.h"
#include "base/file.h"
#include "base/philox.h"
#include "base/resample.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define SIDE 28
#define COUNT_MAX 10000000

static uint32_t big_endian(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

/* zlib reads plain files too. */
static fv_status read_idx(fv_err *err, fv_context *c, const char *path, fv_digits *d)
{
	uint8_t head[16];
	int fd;
	fv_status st = fv_file_open(err, path, 0, &fd, NULL);
	if (st)
		return st;
	gzFile f = gzdopen(fd, "rb");
	if (!f) {
		close(fd);
		return fv_fail_memory(err, path, sizeof head);
	}
	int got = gzread(f, head, sizeof head);
	if (got != (int)sizeof head || big_endian(head) != 0x803) {
		st = fv_fail(err, FV_E_FORMAT, "%s: is no idx file of pictures (three axes of bytes)", path);
		goto done;
	}
	*d = (fv_digits){ c, big_endian(head + 4), big_endian(head + 8), big_endian(head + 12), NULL };
	int64_t bytes, area;
	if (d->count < 1 || d->count > COUNT_MAX || d->height < 1 || d->width < 1 || d->height > 64 || d->width > 64 ||
	    !fv_mul_size(d->height, d->width, &area) || !fv_mul_size(area, d->count, &bytes)) {
		st = fv_fail(err, FV_E_FORMAT, "%s: claims %" PRId64 " pictures of %" PRId64 "x%" PRId64 ", which is no such file's size", path, d->count,
		             d->height, d->width);
		goto done;
	}
	/* Grown as it is read: a lying header gets no more memory than the file has bytes. */
	int64_t have = 0, room = 0;
	while (have < bytes) {
		if (have == room) {
			int64_t more = fv_min(bytes, room ? 2 * room : 1 << 20);
			uint8_t *p = fv_alloc(c, (size_t)more);
			if (!p) {
				st = fv_fail_memory(err, path, (size_t)more);
				goto done;
			}
			if (have)
				memcpy(p, d->pixels, (size_t)have);
			fv_free(c, d->pixels);
			d->pixels = p;
			room = more;
		}
		int n = gzread(f, d->pixels + have, (unsigned)fv_min(room - have, 1 << 24));
		if (n <= 0) {
			st = fv_fail(err, FV_E_FORMAT, "%s: claims %" PRId64 " bytes of pictures, but has %" PRId64 "; it may be cut off: fetch it again", path, bytes, have);
			goto done;
		}
		have += n;
	}
done:
	gzclose(f);
	if (st)
		fv_digits_close(d);
	return st;
}

fv_status fv_digits_open(fv_err *err, fv_context *c, const char *path, fv_digits *out)
{
	char name[4096];
	*out = (fv_digits){ 0 };
	if (!fv_is_folder(path))
		return read_idx(err, c, path, out);
	static const char *const names[] = { "train-images-idx3-ubyte.gz", "train-images-idx3-ubyte", "train-images.idx3-ubyte" };
	for (size_t i = 0; i < FV_COUNT(names); i++) {
		snprintf(name, sizeof name, "%s/%s", path, names[i]);
		if (!access(name, R_OK))
			return read_idx(err, c, name, out);
	}
	return fv_fail(err, FV_E_READ, "%s: holds neither train-images-idx3-ubyte(.gz) nor pictures", path);
}

fv_status fv_digits_decode(fv_err *err, fv_context *c, const char *const *path, int count, fv_decode decode, void *user, fv_digits *out)
{
	fv_digits d = { c, 0, SIDE, SIDE, fv_alloc(c, (size_t)count * SIDE * SIDE) };
	fv_err first = { 0 }, e;
	uint8_t small[SIDE * SIDE * 3];
	if (!d.pixels)
		return fv_fail_memory(err, "pictures", (size_t)count * SIDE * SIDE);
	for (int i = 0; i < count; i++) {
		fv_pixels p;
		fv_status st = fv_cancelled(c) ? fv_fail(&e, FV_E_CANCELLED, "stopped while the pictures were read") : decode(user, &e, path[i], 4 * SIDE, &p);
		if (st == FV_E_MEMORY || st == FV_E_CANCELLED) {        /* to go on without it would be another run */
			fv_digits_close(&d);
			return fv_fail(err, st, "%s", e.text);
		}
		if (st) {
			fv_log(c, FV_LOG_WARNING, "%s; left out", e.text);
			if (!first.status)
				first = e;
			continue;
		}
		void *room = fv_alloc(c, fv_resample_room(p.height, p.width, SIDE, SIDE));
		if (!room) {
			free(p.data);
			fv_digits_close(&d);
			return fv_fail_memory(err, path[i], fv_resample_room(p.height, p.width, SIDE, SIDE));
		}
		fv_resample(p.data, p.height, p.width, p.stride_bytes, small, SIDE, SIDE, FV_FILTER_BICUBIC, room);
		for (int k = 0; k < SIDE * SIDE; k++)
			d.pixels[d.count * SIDE * SIDE + k] = (uint8_t)((299 * small[3 * k] + 587 * small[3 * k + 1] + 114 * small[3 * k + 2] + 500) / 1000);
		d.count++;
		fv_free(c, room);
		free(p.data);
	}
	if (!d.count) {
		fv_digits_close(&d);
		return fv_fail(err, FV_E_READ, "none of the pictures can be read; %s", first.text);
	}
	*out = d;
	return FV_OK;
}

void fv_digits_close(fv_digits *d)
{
	if (d->context)
		fv_free(d->context, d->pixels);
	*d = (fv_digits){ 0 };
}

void fv_digits_take(const fv_digits *d, uint64_t seed, int64_t index, int64_t batch, float *to)
{
	int64_t area = d->height * d->width;
	for (int64_t i = 0; i < batch; i++) {
		fv_philox r = fv_philox_at(seed ^ fv_purpose("digits"), 0, (uint64_t)(index * batch + i));
		const uint8_t *p = d->pixels + (int64_t)(fv_unit(r.v[0]) * (double)d->count) * area;
		for (int64_t k = 0; k < area; k++)
			to[i * area + k] = (float)p[k] * (1 / 255.0f);
	}
}
