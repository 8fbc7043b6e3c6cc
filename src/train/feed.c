/* SPDX-License-Identifier: Apache-2.0 */
#include "train/feed.h"
#include "base/file.h"
#include "base/philox.h"
#include "base/resample.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD 3                         /* batches made before they are asked for */

struct fv_feed {
	fv_context *context;
	fv_feed_options o;
	char found[200];
	/* pictures, in the order of their paths */
	fv_pixels *picture;
	int *file;                      /* of each: its place among the paths */
	fv_err *why;                    /* of each file: why it could not be decoded */
	int count;
	_Atomic int next;
	_Atomic int64_t held;           /* bytes of them */
	fv_pixels again;                /* one that is not held, decoded again, */
	int again_at;                   /* and which; its maker's alone */
	bool lost;                      /* it was said that one cannot be read any more */
	/* the queue: batch i stands in ring[i % AHEAD] from made > i until taken > i */
	pthread_t maker;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int64_t made, taken, generation;
	bool stop;
	float *ring[AHEAD];
	void *room;
	uint8_t *small;
};

static int64_t batch_values(const fv_feed *f) { return f->o.batch * f->o.size * f->o.size * 3; }

static int64_t bytes_of(const fv_pixels *p) { return p->height * p->stride_bytes; }

/* What is over the bytes that may be held is let go; its size stays known. */
static void hold(fv_feed *f, fv_pixels *p)
{
	const int64_t bytes = bytes_of(p);
	if (f->o.most && atomic_fetch_add(&f->held, bytes) + bytes > f->o.most) {
		atomic_fetch_sub(&f->held, bytes);
		free(p->data);
		p->data = NULL;
	} else if (!f->o.most)
		atomic_fetch_add(&f->held, bytes);
}

static void *decode_some(void *p)
{
	fv_feed *f = p;
	for (int i; (i = atomic_fetch_add(&f->next, 1)) < f->o.count && !fv_cancelled(f->context);)
		if (!f->o.decode(f->o.user, &f->why[i], f->o.path[i], f->o.longest, &f->picture[i]) &&
		    (f->picture[i].width < 32 || f->picture[i].height < 32)) {
			fv_fail(&f->why[i], FV_E_SHAPE, "%s: %d x %d pixels are too few to learn from", f->o.path[i], (int)f->picture[i].width,
			        (int)f->picture[i].height);
			free(f->picture[i].data);
			f->picture[i] = (fv_pixels){ 0 };
		} else if (f->picture[i].data)
			hold(f, &f->picture[i]);
	return NULL;
}

/* One line for all of them: their names, and why the first. */
static fv_status none(fv_err *err, const fv_feed *f)
{
	char names[300] = "";
	for (int i = 0, n = 0; i < f->o.count && n < (int)sizeof names; i++) {
		const char *slash = strrchr(f->o.path[i], '/');
		n += snprintf(names + n, sizeof names - (size_t)n, "%s%s", i ? ", " : "", slash ? slash + 1 : f->o.path[i]);
	}
	return fv_fail(err, FV_E_READ, "none of the %d %s can be read (%s%s); %s", f->o.count, f->o.purpose, names,
	               strlen(names) + 1 == sizeof names ? "..." : "", f->why[0].text);
}

static fv_status decode_all(fv_err *err, fv_feed *f)
{
	pthread_t thread[16];
	int threads = 0, broken = 0;
	int64_t low[2] = { INT32_MAX, INT32_MAX }, high[2] = { 0, 0 };
	while (threads < fv_min(16, f->context->threads) - 1 && !pthread_create(&thread[threads], NULL, decode_some, f))
		threads++;
	decode_some(f);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	f->count = f->o.count;                          /* what close frees, until they are sorted below */
	if (fv_cancelled(f->context))
		return fv_fail(err, FV_E_CANCELLED, "stopped while the %s were read", f->o.purpose);
	for (int i = 0; i < f->o.count; i++)
		if (f->why[i].status == FV_E_MEMORY)            /* to go on without it would be another run */
			return fv_fail(err, FV_E_MEMORY, "%s", f->why[i].text);
	for (int i = 0; i < f->o.count; i++)
		broken += !f->picture[i].width;
	if (broken == f->o.count)
		return none(err, f);
	f->count = 0;
	for (int i = 0; i < f->o.count; i++) {
		fv_pixels p = f->picture[i];
		if (!p.width) {
			fv_log(f->context, FV_LOG_WARNING, "%s; left out", f->why[i].text);
			continue;
		}
		if (p.width * p.height < low[0] * low[1])
			low[0] = p.width, low[1] = p.height;
		if (p.width * p.height > high[0] * high[1])
			high[0] = p.width, high[1] = p.height;
		f->file[f->count] = i;
		f->picture[f->count++] = p;
	}
	for (int i = f->count; i < f->o.count; i++)
		f->picture[i].data = NULL;
	int n = snprintf(f->found, sizeof f->found, "%d %s, %dx%d to %dx%d", f->count, f->o.purpose, (int)low[0], (int)low[1], (int)high[0], (int)high[1]);
	if (broken)
		snprintf(f->found + n, sizeof f->found - (size_t)n, ", %d broken", broken);
	return FV_OK;
}

/* Its pixels; NULL: it could be read before, and cannot be now. */
static const fv_pixels *pixels_of(fv_feed *f, int at)
{
	fv_err why = { 0 };
	fv_pixels p = { 0 };
	const fv_pixels *known = &f->picture[at];
	if (known->data)
		return known;
	if (f->again.data && f->again_at == at)
		return &f->again;
	free(f->again.data);
	f->again = (fv_pixels){ 0 };
	if (f->o.decode(f->o.user, &why, f->o.path[f->file[at]], f->o.longest, &p))
		p.data = NULL;
	if (p.data && (p.width != known->width || p.height != known->height)) {
		fv_fail(&why, FV_E_READ, "%s: is another picture now", f->o.path[f->file[at]]);
		free(p.data);
		p.data = NULL;
	}
	if (!p.data && !f->lost)
		fv_log(f->context, FV_LOG_WARNING, "%s; others stand for it from now on", why.text);
	f->lost |= !p.data;
	f->again = p;
	f->again_at = at;
	return p.data ? &f->again : NULL;
}

/* The first number of a sample's block. */
static int drawn(const fv_feed *f, fv_philox a) { return (int)(fv_unit(a.v[0]) * f->count); }

int fv_feed_file(const fv_feed *f, int64_t sample)
{
	const uint64_t key = f->o.seed ^ fv_purpose(f->o.purpose);
	return f->file[drawn(f, fv_philox_at(key, 0, 2 * (uint64_t)sample))];
}

/* Draws in the order of their names; a block of four numbers a sample, and one more. */
static void sample(fv_feed *f, int64_t i, float *to)
{
	fv_philox a = fv_philox_at(f->o.seed ^ fv_purpose(f->o.purpose), 0, 2 * (uint64_t)i), b = fv_philox_at(f->o.seed ^ fv_purpose(f->o.purpose), 0, 2 * (uint64_t)i + 1);
	const fv_pixels *found = NULL;
	for (int k = 0, first = drawn(f, a); k < f->count && !found; k++)
		found = pixels_of(f, (first + k) % f->count);
	if (!found) {
		memset(to, 0, (size_t)(3 * f->o.size * f->o.size) * sizeof *to);
		return;
	}
	const fv_pixels p = *found;
	int64_t least = fv_min(p.width, p.height), size = f->o.size;
	double z = exp(log(f->o.zoom_low) + fv_unit(a.v[1]) * (log(f->o.zoom_high) - log(f->o.zoom_low)));
	if (f->o.longer)
		z = fmax(z * (double)fv_max(p.width, p.height) / (double)f->o.longer, 1);
	int64_t side = fv_min(least, fv_max(16, (int64_t)((double)size * z)));
	int64_t y = (int64_t)(fv_unit(a.v[2]) * (double)(p.height - side + 1)), x = (int64_t)(fv_unit(a.v[3]) * (double)(p.width - side + 1));
	bool flip = fv_unit(b.v[0]) < 0.5;
	const uint8_t *from = (const uint8_t *)p.data + y * p.stride_bytes + 3 * x;
	fv_resample(from, side, side, p.stride_bytes, f->small, size, size, FV_FILTER_BICUBIC, f->room);
	for (int64_t r = 0; r < size; r++)
		for (int64_t q = 0; q < size; q++)
			for (int k = 0; k < 3; k++)
				to[(r * size + q) * 3 + k] = (float)f->small[(r * size + (flip ? size - 1 - q : q)) * 3 + k] * (1 / 127.5f) - 1;
}

static void *make(void *p)
{
	fv_feed *f = p;
	pthread_mutex_lock(&f->lock);
	while (!f->stop) {
		if (f->made - f->taken >= AHEAD) {
			pthread_cond_wait(&f->changed, &f->lock);
			continue;
		}
		int64_t index = f->made, generation = f->generation;
		pthread_mutex_unlock(&f->lock);
		for (int64_t k = 0; k < f->o.batch; k++)
			sample(f, index * f->o.batch + k, f->ring[index % AHEAD] + k * f->o.size * f->o.size * 3);
		pthread_mutex_lock(&f->lock);
		if (f->generation == generation)                /* else somebody has sought: this batch is not wanted */
			f->made = index + 1;
		pthread_cond_broadcast(&f->changed);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

fv_status fv_feed_open(fv_err *err, fv_context *c, const fv_feed_options *opt, fv_feed **out)
{
	if (opt->count < 1)
		return fv_fail(err, FV_E_READ, "no %s: the folder holds no pictures (" FV_PICTURES_READ ")", opt->purpose);
	fv_feed *f = fv_alloc(c, sizeof *f);
	if (!f)
		return fv_fail_memory(err, opt->purpose, sizeof *f);
	f->context = c;
	f->o = *opt;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	f->picture = fv_alloc(c, (size_t)opt->count * sizeof *f->picture);
	f->file = fv_alloc(c, (size_t)opt->count * sizeof *f->file);
	f->why = fv_alloc(c, (size_t)opt->count * sizeof *f->why);
	f->small = fv_alloc(c, (size_t)(opt->size * opt->size * 3));
	for (int i = 0; i < AHEAD; i++)
		f->ring[i] = fv_alloc(c, (size_t)batch_values(f) * sizeof(float));
	bool memory = f->picture && f->file && f->why && f->small &&
		      f->ring[0] && f->ring[1] && f->ring[2];
	fv_status st = memory ? decode_all(err, f) : fv_fail_memory(err, opt->purpose, (size_t)batch_values(f) * sizeof(float));
	int64_t largest = 0;
	for (int i = 0; i < f->count; i++)
		largest = fv_max(largest, fv_min(f->picture[i].width, f->picture[i].height));
	size_t room = fv_resample_room(largest + 1, largest + 1, opt->size, opt->size);
	if (!st && !(f->room = fv_alloc(c, room)))
		st = fv_fail_memory(err, opt->purpose, room);
	if (!st && pthread_create(&f->maker, NULL, make, f))
		st = fv_fail(err, FV_E_MEMORY, "%s: no thread for the feed", opt->purpose);
	if (st) {
		fv_feed_close(f);
		return st;
	}
	f->started = true;
	*out = f;
	return FV_OK;
}

void fv_feed_close(fv_feed *f)
{
	if (!f)
		return;
	if (f->started) {
		pthread_mutex_lock(&f->lock);
		f->stop = true;
		pthread_cond_broadcast(&f->changed);
		pthread_mutex_unlock(&f->lock);
		pthread_join(f->maker, NULL);
	}
	for (int i = 0; f->picture && i < f->count; i++)
		free(f->picture[i].data);
	free(f->again.data);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	for (int i = 0; i < AHEAD; i++)
		fv_free(f->context, f->ring[i]);
	fv_free(f->context, f->picture);
	fv_free(f->context, f->file);
	fv_free(f->context, f->why);
	fv_free(f->context, f->small);
	fv_free(f->context, f->room);
	fv_free(f->context, f);
}

int64_t fv_feed_bytes(const fv_feed *f, int *others)
{
	*others = 0;
	for (int i = 0; i < f->count; i++)
		*others += !f->picture[i].data;
	return f->held;
}

const char *fv_feed_found(const fv_feed *f) { return f->found; }

void fv_feed_take(fv_feed *f, int64_t index, float *to)
{
	pthread_mutex_lock(&f->lock);
	if (index != f->taken) {
		f->made = f->taken = index;
		f->generation++;
		pthread_cond_broadcast(&f->changed);
	}
	while (f->made <= f->taken)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
	/* The maker does not touch this slot until `taken` moves on. */
	memcpy(to, f->ring[index % AHEAD], (size_t)batch_values(f) * sizeof(float));
	pthread_mutex_lock(&f->lock);
	f->taken++;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}
