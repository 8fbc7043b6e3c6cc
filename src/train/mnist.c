/* SPDX-License-Identifier: Apache-2.0 */
#include "train/mnist.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/option.h"
#include "base/philox.h"
#include "base/resample.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define SIDE 28
#define SIDE_MAX 64
#define COUNT_MAX 10000000
#define HEAD 16         /* bytes of an idx file before its pictures */
#define PIECE (1 << 24) /* bytes that are unpacked before it is asked whether to stop */

static uint32_t big_endian(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

/* A file's bytes one after the other, unpacked where it is packed. */
typedef struct {
	z_stream z;
	bool packed, whole; /* whole: what is packed ended as it should */
} source;

static bool is_packed(const uint8_t *data, size_t bytes)
{
	return bytes > 2 && data[0] == 0x1f && data[1] == 0x8b;
}

/* At most `bytes` of them; fewer: the file ends there, or is damaged. A gz file may be several, one
 * behind the other. */
static size_t take(source *s, uint8_t *to, size_t bytes)
{
	if (!s->packed) {
		size_t n = s->z.avail_in < bytes ? s->z.avail_in : bytes;
		memcpy(to, s->z.next_in, n);
		s->z.next_in += n;
		s->z.avail_in -= (unsigned)n;
		return n;
	}
	s->z.next_out = to;
	s->z.avail_out = (unsigned)bytes;
	while (s->z.avail_out) {
		int r = inflate(&s->z, Z_NO_FLUSH);
		s->whole = r == Z_STREAM_END;
		if (s->whole && is_packed(s->z.next_in, s->z.avail_in) &&
		    inflateReset(&s->z) == Z_OK)
			continue;
		if (r != Z_OK)
			break;
	}
	return bytes - s->z.avail_out;
}

/* Nothing behind the last value; of a gz file the sum must be right. */
static bool at_end(source *s)
{
	uint8_t more;
	return !take(s, &more, 1) && !s->z.avail_in && (!s->packed || s->whole);
}

/* What the header claims, before memory is had for it. */
static fv_status check(fv_err *err, const char *path, const int64_t *limit, const uint8_t *head,
		       int64_t file, bool packed, fv_digits *d)
{
	d->count = big_endian(head + 4), d->height = big_endian(head + 8),
	d->width = big_endian(head + 12);
	if (big_endian(head) != 0x803)
		return fv_fail(err, FV_E_FORMAT,
			       "%s: is no idx file of pictures (three axes of bytes)", path);
	if (d->count < 1 || d->count > COUNT_MAX || d->height < 1 || d->width < 1 ||
	    d->height > SIDE_MAX || d->width > SIDE_MAX)
		return fv_fail(err, FV_E_FORMAT,
			       "%s: claims %" PRId64 " pictures of %" PRId64 "x%" PRId64
			       ", which is no such file's size",
			       path, d->count, d->height, d->width);
	int64_t bytes = d->count * d->height * d->width;
	if (bytes > limit[FV_LIMIT_DATA])
		return fv_over_limit(err, limit, FV_LIMIT_DATA, path, (double)bytes);
	if (packed && bytes > FV_LIMIT_FREE && bytes / file > limit[FV_LIMIT_RATIO])
		return fv_over_limit(err, limit, FV_LIMIT_RATIO, path, (double)(bytes / file));
	if (!packed && file - HEAD < bytes)
		return fv_fail(err, FV_E_FORMAT,
			       "%s: claims %" PRId64 " bytes of pictures, but has %" PRId64
			       "; it may be cut off: fetch it again",
			       path, bytes, file - HEAD);
	return FV_OK;
}

static fv_status read_pixels(fv_err *err, const char *path, source *s, fv_digits *d)
{
	int64_t bytes = d->count * d->height * d->width, have = 0;
	if (!(d->pixels = fv_alloc_rough(d->context, (size_t)bytes)))
		return fv_fail_memory(err, path, (size_t)bytes);
	while (have < bytes) {
		if (fv_cancelled(d->context))
			return fv_fail(err, FV_E_CANCELLED, "stopped while %s was read", path);
		size_t n = take(s, d->pixels + have, (size_t)fv_min(bytes - have, PIECE));
		if (!n)
			return fv_fail(err, FV_E_FORMAT,
				       "%s: claims %" PRId64 " bytes of pictures, but has %" PRId64
				       "; it may be cut off: fetch it again",
				       path, bytes, have);
		have += (int64_t)n;
	}
	if (!at_end(s))
		return fv_fail(err, FV_E_FORMAT,
			       "%s: does not end behind the %" PRId64
			       " pictures that it claims; fetch it again",
			       path, d->count);
	return FV_OK;
}

static fv_status read_idx(fv_err *err, fv_context *c, const char *path, fv_digits *d)
{
	uint8_t head[HEAD];
	const void *data;
	size_t bytes;
	fv_status st = fv_limit_map(err, c->limit, FV_LIMIT_DATA, path, &data, &bytes);
	if (st)
		return st;
	source s = { .z = { .next_in = (void *)data,
			    .avail_in = (unsigned)fv_min((int64_t)bytes, UINT32_MAX) },
		     .packed = is_packed(data, bytes) };
	*d = (fv_digits){ .context = c };
	if (s.packed && inflateInit2(&s.z, 16 + MAX_WBITS) != Z_OK) {
		fv_file_unmap(data, bytes);
		return fv_fail_memory(err, path, 40000);
	}
	if (take(&s, head, sizeof head) != sizeof head)
		st = fv_fail(err, FV_E_FORMAT,
			     "%s: is no idx file of pictures (three axes of bytes)", path);
	else if (!(st = check(err, path, c->limit, head, (int64_t)bytes, s.packed, d)))
		st = read_pixels(err, path, &s, d);
	if (s.packed)
		inflateEnd(&s.z);
	fv_file_unmap(data, bytes);
	if (st)
		fv_digits_close(d);
	return st;
}

/* The file that a path means, which may be a folder's; empty: that has none. */
static void idx_in(const char *path, char *name, size_t room)
{
	static const char *const names[] = { "train-images-idx3-ubyte.gz", "train-images-idx3-ubyte", "train-images.idx3-ubyte" };
	if (!fv_is_folder(path)) {
		snprintf(name, room, "%s", path);
		return;
	}
	for (size_t i = 0; i < FV_COUNT(names); i++) {
		snprintf(name, room, "%s/%s", path, names[i]);
		if (!access(name, R_OK))
			return;
	}
	*name = 0;
}

bool fv_digits_in(const char *path)
{
	char name[FV_PATH_MAX];
	idx_in(path, name, sizeof name);
	return fv_is_folder(path) && *name;
}

fv_status fv_digits_pictures(fv_err *err, fv_context *c, const char *path, fv_names *out)
{
	fv_status st = fv_folder_list(err, path, out);
	if (st || !fv_digits_in(path)) {
		if (!st && out->count)
			fv_names_tell(c, path, out);
		return st;
	}
	if (out->count)
		fv_log(c, FV_LOG_WARNING,
		       "%s: the %d picture%s beside the idx file left out, %s%s", path, out->count,
		       out->count > 1 ? "s" : "", strrchr(out->path[0], '/') + 1,
		       out->count > 1 ? ", ..." : "");
	fv_names_free(out);
	return FV_OK;
}

fv_status fv_digits_open(fv_err *err, fv_context *c, const char *path, fv_digits *out)
{
	char name[FV_PATH_MAX];
	*out = (fv_digits){ 0 };
	idx_in(path, name, sizeof name);
	if (*name)
		return read_idx(err, c, name, out);
	return fv_fail(err, FV_E_READ, "%s: holds neither train-images-idx3-ubyte(.gz) nor pictures", path);
}

/* The last of a word in a file's name becomes another of the same length. */
static bool rename_part(char *path, const char *was, const char *now)
{
	char *at = strrchr(path, '/'), *found = strstr(at ? at : path, was);
	if (found)
		memcpy(found, now, strlen(now));
	return found;
}

fv_status fv_digits_labels(fv_err *err, fv_context *c, const char *path, int64_t count,
			   uint8_t **label, int *labels)
{
	char name[FV_PATH_MAX];
	uint8_t head[8];
	const void *data;
	size_t bytes;
	fv_status st = FV_OK;
	*label = NULL, *labels = 0;
	idx_in(path, name, sizeof name);
	if (!rename_part(name, "images", "labels") || !rename_part(name, "idx3", "idx1") ||
	    access(name, R_OK))
		return FV_OK;
	if ((st = fv_limit_map(err, c->limit, FV_LIMIT_DATA, name, &data, &bytes)))
		return st;
	source s = { .z = { .next_in = (void *)data,
			    .avail_in = (unsigned)fv_min((int64_t)bytes, UINT32_MAX) },
		     .packed = is_packed(data, bytes) };
	uint8_t *of = fv_alloc(c, (size_t)count);
	if (!of || (s.packed && inflateInit2(&s.z, 16 + MAX_WBITS) != Z_OK)) {
		fv_file_unmap(data, bytes);
		fv_free(c, of);
		return fv_fail_memory(err, name, (size_t)count);
	}
	if (take(&s, head, sizeof head) != sizeof head || big_endian(head) != 0x801)
		st = fv_fail(err, FV_E_FORMAT, "%s: is no idx file of labels (one axis of bytes)",
			     name);
	else if (big_endian(head + 4) != count || take(&s, of, (size_t)count) != (size_t)count ||
		 !at_end(&s))
		st = fv_fail(err, FV_E_FORMAT,
			     "%s: does not hold a label for each of the %" PRId64
			     " pictures; fetch it again",
			     name, count);
	for (int64_t i = 0; i < count && !st; i++)
		*labels = of[i] >= *labels ? of[i] + 1 : *labels;
	if (s.packed)
		inflateEnd(&s.z);
	fv_file_unmap(data, bytes);
	if (st)
		fv_free(c, of);
	else
		*label = of;
	return st;
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

int64_t fv_digits_drawn(const fv_digits *d, uint64_t seed, int64_t sample)
{
	fv_philox r = fv_philox_at(seed ^ fv_purpose("digits"), 0, (uint64_t)sample);
	return (int64_t)(fv_unit(r.v[0]) * (double)d->count);
}

void fv_digits_take(const fv_digits *d, uint64_t seed, int64_t index, int64_t batch, float *to)
{
	int64_t area = d->height * d->width;
	for (int64_t i = 0; i < batch; i++) {
		const uint8_t *p = d->pixels + fv_digits_drawn(d, seed, index * batch + i) * area;
		for (int64_t k = 0; k < area; k++)
			to[i * area + k] = (float)p[k] * (1 / 255.0f);
	}
}
