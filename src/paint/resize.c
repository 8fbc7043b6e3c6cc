/* SPDX-License-Identifier: Apache-2.0 */
/* Makes pictures of floats larger or smaller by the Catmull-Rom kernel, along one axis after the
 * other. Where a picture shrinks the kernel is stretched, so that nothing aliases. Outside
 * the picture its outermost pixels are repeated. */
#include "paint/paint.h"
#include <math.h>

enum { ROWS = 8 };                      /* in a unit of work */

typedef struct { int64_t taps, from, to; int32_t *first; float *weight; } axis;

typedef struct {
	const float *from;
	float *to;
	int64_t width, out_width;       /* pixels */
	const axis *down, *across;
	float *line;                    /* a row of the source's width, for each thread */
} work;

static double catmull_rom(double x)
{
	x = fabs(x);
	return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static bool axis_new(fv_context *c, int64_t from, int64_t to, axis *a)
{
	double ratio = (double)from / (double)to, scale = fmax(ratio, 1);
	*a = (axis){ .taps = (int64_t)ceil(2 * scale) * 2 + 1, .from = from, .to = to };
	a->first = fv_alloc(c, (size_t)to * sizeof *a->first);
	a->weight = fv_alloc(c, (size_t)(to * a->taps) * sizeof *a->weight);
	for (int64_t i = 0; i < to && a->first && a->weight; i++) {
		double centre = ((double)i + 0.5) * ratio - 0.5, sum = 0;
		int64_t first = (int64_t)floor(centre) - a->taps / 2;
		float *w = a->weight + i * a->taps;
		a->first[i] = (int32_t)first;
		for (int64_t k = 0; k < a->taps; k++)
			sum += catmull_rom(((double)(first + k) - centre) / scale);
		for (int64_t k = 0; k < a->taps; k++)
			w[k] = (float)(catmull_rom(((double)(first + k) - centre) / scale) / sum);
	}
	return a->first && a->weight;
}

static void run(void *arg, int thread, int64_t first, int64_t last)
{
	const work *w = arg;
	int64_t n = 3 * w->width;
	float *line = w->line + thread * n;
	for (int64_t r = first * ROWS; r < fv_min(last * ROWS, w->down->to); r++) {
		const float *weight = w->down->weight + r * w->down->taps;
		for (int64_t i = 0; i < n; i++)
			line[i] = 0;
		for (int64_t k = 0; k < w->down->taps; k++) {
			const float *row = w->from +
			                   fv_max(0, fv_min(w->down->first[r] + k,
			                                    w->down->from - 1)) * n;
			const float f = weight[k];
			for (int64_t i = 0; i < n && f != 0; i++)
				line[i] += f * row[i];
		}
		for (int64_t q = 0; q < w->out_width; q++) {
			float sum[3] = { 0 };
			weight = w->across->weight + q * w->across->taps;
			for (int64_t k = 0; k < w->across->taps; k++) {
				const float *p = line +
				                 3 * fv_max(0, fv_min(w->across->first[q] + k,
				                                      w->width - 1));
				for (int c = 0; c < 3; c++)
					sum[c] += weight[k] * p[c];
			}
			for (int c = 0; c < 3; c++)
				w->to[(r * w->out_width + q) * 3 + c] = sum[c];
		}
	}
}

fv_status fv_floats_resize(fv_err *err, fv_context *c, const float *from, int64_t h, int64_t w,
                           float *to, int64_t oh, int64_t ow)
{
	axis down = { 0 }, across = { 0 };
	bool memory = axis_new(c, h, oh, &down);
	memory = axis_new(c, w, ow, &across) && memory;
	float *line = memory ? fv_alloc(c, (size_t)(c->threads * 3 * w) * sizeof *line) : NULL;
	fv_status st = line ? FV_OK
	                    : fv_fail_memory(err, "resizing",
	                                     (size_t)(c->threads * 3 * w) * sizeof *line);
	if (!st)
		fv_team_run(c->team, run, &(work){ from, to, w, ow, &down, &across, line },
		            fv_div_up(oh, ROWS), 1);
	fv_free(c, line);
	fv_free(c, down.first);
	fv_free(c, down.weight);
	fv_free(c, across.first);
	fv_free(c, across.weight);
	return st;
}
