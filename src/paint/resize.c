/* SPDX-License-Identifier: Apache-2.0 */
/* Makes pictures of floats larger or smaller by the Catmull-Rom kernel, along one axis after the
 * other. Where a picture shrinks the kernel is stretched, so that nothing aliases. Outside
 * the picture its outermost pixels are repeated.
 *
 * A picture that is not in memory as a whole is made smaller while its rows pass by, and a part of
 * one is made of a part. Sums have one order, so all ways have the same bits. */
#include "paint/paint.h"
#include <math.h>

enum { ROWS = 8 };                      /* in a unit of work */

/* Places begin..begin+count-1 of an axis of `to` pixels, made of one of `from`. */
typedef struct {
	int64_t taps, from, to, begin, count;
	int32_t *first;
	float *weight;
} axis;

typedef struct {
	const float *from;
	float *to;
	fv_area seen, part;
	const axis *down, *across;
	float *line;                    /* a row as wide as what is seen, for each thread */
} work;

static double catmull_rom(double x)
{
	x = fabs(x);
	return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static double ratio_of(int64_t from, int64_t to) { return (double)from / (double)to; }

static int64_t taps_of(int64_t from, int64_t to)
{
	return (int64_t)ceil(2 * fmax(ratio_of(from, to), 1)) * 2 + 1;
}

/* The first of the pixels that pixel i is made of. */
static int64_t first_of(int64_t i, int64_t from, int64_t to)
{
	double centre = ((double)i + 0.5) * ratio_of(from, to) - 0.5;
	return (int64_t)floor(centre) - taps_of(from, to) / 2;
}

static bool axis_new(fv_context *c, int64_t from, int64_t to, int64_t begin, int64_t count, axis *a)
{
	const double ratio = ratio_of(from, to), scale = fmax(ratio, 1);
	*a = (axis){ .taps = taps_of(from, to), .from = from, .to = to, .begin = begin,
	             .count = count };
	a->first = fv_alloc(c, (size_t)count * sizeof *a->first);
	a->weight = fv_alloc(c, (size_t)(count * a->taps) * sizeof *a->weight);
	for (int64_t i = 0; i < count && a->first && a->weight; i++) {
		double centre = ((double)(begin + i) + 0.5) * ratio - 0.5, sum = 0;
		const int64_t first = first_of(begin + i, from, to);
		float *w = a->weight + i * a->taps;
		a->first[i] = (int32_t)first;
		for (int64_t k = 0; k < a->taps; k++)
			sum += catmull_rom(((double)(first + k) - centre) / scale);
		for (int64_t k = 0; k < a->taps; k++)
			w[k] = (float)(catmull_rom(((double)(first + k) - centre) / scale) / sum);
	}
	return a->first && a->weight;
}

static void axis_free(fv_context *c, axis *a)
{
	fv_free(c, a->first);
	fv_free(c, a->weight);
}

/* The place of the pixel that tap k of row or column i reads; outermost ones are repeated. */
static inline int64_t source(const axis *a, int64_t i, int64_t k)
{
	return fv_max(0, fv_min(a->first[i] + k, a->from - 1));
}

/* A row of n values, which begins at column `first`, made as wide as the axis. */
static void across(const axis *a, const float *line, int64_t first, float *to)
{
	for (int64_t q = 0; q < a->count; q++) {
		float sum[3] = { 0 };
		const float *weight = a->weight + q * a->taps;
		for (int64_t k = 0; k < a->taps; k++) {
			const float *p = line + 3 * (source(a, q, k) - first);
			for (int c = 0; c < 3; c++)
				sum[c] += weight[k] * p[c];
		}
		for (int c = 0; c < 3; c++)
			to[3 * q + c] = sum[c];
	}
}

static void add(float *line, const float *row, float f, int64_t n)
{
	for (int64_t i = 0; i < n && f != 0; i++)
		line[i] += f * row[i];
}

static void run(void *arg, int thread, int64_t first, int64_t last)
{
	const work *w = arg;
	const int64_t n = 3 * w->seen.w;
	float *line = w->line + thread * n;
	for (int64_t r = first * ROWS; r < fv_min(last * ROWS, w->part.h); r++) {
		const float *weight = w->down->weight + r * w->down->taps;
		for (int64_t i = 0; i < n; i++)
			line[i] = 0;
		for (int64_t k = 0; k < w->down->taps; k++)
			add(line, w->from + (source(w->down, r, k) - w->seen.y) * n, weight[k], n);
		across(w->across, line, w->seen.x, w->to + 3 * r * w->part.w);
	}
}

fv_area fv_resize_reach(int64_t h, int64_t w, int64_t oh, int64_t ow, const fv_area *part)
{
	const int64_t y = fv_max(0, first_of(part->y, h, oh));
	const int64_t x = fv_max(0, first_of(part->x, w, ow));
	const int64_t down = first_of(part->y + part->h - 1, h, oh) + taps_of(h, oh);
	const int64_t right = first_of(part->x + part->w - 1, w, ow) + taps_of(w, ow);
	return (fv_area){ fv_min(y, h - 1), fv_min(x, w - 1), fv_min(h, down) - fv_min(y, h - 1),
	                  fv_min(w, right) - fv_min(x, w - 1) };
}

fv_status fv_floats_resize_part(fv_err *err, fv_context *c, const float *from, int64_t h, int64_t w,
                                const fv_area *seen, float *to, int64_t oh, int64_t ow,
                                const fv_area *part)
{
	axis down = { 0 }, right = { 0 };
	const size_t bytes = (size_t)(c->threads * 3 * seen->w) * sizeof(float);
	bool memory = axis_new(c, h, oh, part->y, part->h, &down);
	memory = axis_new(c, w, ow, part->x, part->w, &right) && memory;
	float *line = memory ? fv_alloc(c, bytes) : NULL;
	fv_status st = line ? FV_OK : fv_fail_memory(err, "resizing", bytes);
	if (!st)
		fv_team_run(c->team, run,
		            &(work){ from, to, *seen, *part, &down, &right, line },
		            fv_div_up(part->h, ROWS), 1);
	fv_free(c, line);
	axis_free(c, &down);
	axis_free(c, &right);
	return st;
}

fv_status fv_floats_resize(fv_err *err, fv_context *c, const float *from, int64_t h, int64_t w,
                           float *to, int64_t oh, int64_t ow)
{
	const fv_area seen = { 0, 0, h, w }, part = { 0, 0, oh, ow };
	return fv_floats_resize_part(err, c, from, h, w, &seen, to, oh, ow, &part);
}

/* ------------------------------------------------------------------ while rows pass by */
enum { BLOCK = 16 };                    /* rows that are taken at a time */

struct fv_shrink {
	fv_context *context;
	axis down, across;
	float *to;
	int64_t w, next;                /* columns; the row that comes next */
	int64_t done;                   /* rows of `to` that are whole */
	int64_t ring;                   /* lines that are held */
	float *line;
	/* of the block in work */
	const float *rows;
	int64_t count;
};

fv_status fv_shrink_new(fv_err *err, fv_context *c, int64_t h, int64_t w, int64_t oh, int64_t ow,
                        float *to, fv_shrink **out)
{
	fv_shrink *s = fv_alloc(c, sizeof *s);
	if (!s)
		return fv_fail_memory(err, "resizing", sizeof *s);
	*s = (fv_shrink){ .context = c, .to = to, .w = w };
	bool memory = axis_new(c, h, oh, 0, oh, &s->down);
	memory = axis_new(c, w, ow, 0, ow, &s->across) && memory;
	s->ring = (int64_t)((double)(BLOCK + s->down.taps) / ratio_of(h, oh)) + 3;
	const size_t bytes = (size_t)(s->ring * 3 * w) * sizeof *s->line;
	if (!memory || !(s->line = fv_alloc(c, bytes))) {
		fv_shrink_free(s);
		return fv_fail_memory(err, "resizing", bytes);
	}
	*out = s;
	return FV_OK;
}

void fv_shrink_free(fv_shrink *s)
{
	if (!s)
		return;
	axis_free(s->context, &s->down);
	axis_free(s->context, &s->across);
	fv_free(s->context, s->line);
	fv_free(s->context, s);
}

/* Row r of what is made: what the block has of it is added; it is finished when that was the rest. */
static void pass(void *arg, int thread, int64_t first, int64_t last)
{
	fv_shrink *s = arg;
	const int64_t n = 3 * s->w;
	for (int64_t r = s->done + first; r < s->done + last; r++) {
		float *line = s->line + r % s->ring * n;
		const float *weight = s->down.weight + r * s->down.taps;
		if (source(&s->down, r, 0) >= s->next)
			memset(line, 0, (size_t)n * sizeof *line);
		for (int64_t k = 0; k < s->down.taps; k++) {
			const int64_t row = source(&s->down, r, k) - s->next;
			if (row >= 0 && row < s->count)
				add(line, s->rows + row * n, weight[k], n);
		}
		if (source(&s->down, r, s->down.taps - 1) < s->next + s->count)
			across(&s->across, line, 0, s->to + 3 * r * s->across.count);
	}
}

void fv_shrink_rows(fv_shrink *s, const float *rows, int64_t count)
{
	for (int64_t y = 0; y < count; y += BLOCK) {
		int64_t end = s->done;
		s->rows = rows + y * 3 * s->w;
		s->count = fv_min(BLOCK, count - y);
		while (end < s->down.count && source(&s->down, end, 0) < s->next + s->count)
			end++;
		fv_team_run(s->context->team, pass, s, end - s->done, 1);
		s->next += s->count;
		while (s->done < s->down.count &&
		       source(&s->down, s->done, s->down.taps - 1) < s->next)
			s->done++;
	}
}
