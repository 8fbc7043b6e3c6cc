/* SPDX-License-Identifier: Apache-2.0 */
/* Smear and noise as their formulas are: the truth that faster ways are tested against.
 *
 * Line integral convolution [1]: from each pixel the flow is followed some steps each way, and what
 * lies under the line is averaged under a window. Between pixels all is bilinear. The flow has no
 * sign: each step keeps to the last one's side. Past a border the flow is the border's, the picture
 * is mirrored.
 *
 * [1] Cabral, Leedom: Imaging Vector Fields Using Line Integral Convolution, SIGGRAPH 1993 */
#include "stroke/line.h"
#include "stroke/way.h"
#include "stroke/white.h"
#include <math.h>

/* sum over steps of window * p, with what lies at the pixel itself; p: h,w,n */
typedef struct {
	const float *p, *v, *m;
	float *to;
	int64_t h, w;
	int n, steps;
	double step;
	bool flat;
	bool mean;
	double *squares;
} tracing;

static void trace_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const tracing *t = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < t->w; x++) {
			int64_t at = y * t->w + x;
			double sum[3] = { 0 }, weight = 1, step = t->step * (t->m ? t->m[at] : 1);
			for (int k = 0; k < t->n; k++)
				sum[k] = t->p[at * t->n + k];
			for (int sign = 1; sign >= -1; sign -= 2) {
				line l = line_from(t->v, t->h, t->w, y, x, sign);
				for (int i = 0; i < t->steps; i++) {
					double share = t->flat ? 1 : fv_stroke_window(i, t->steps);
					line_step(&l, step);
					for (int k = 0; k < t->n; k++)
						sum[k] += share *
						          between(t->p, t->h, t->w, t->n, k,
						                  mirrored(l.x, t->w),
						                  mirrored(l.y, t->h));
					weight += share;
					line_turn(&l);
				}
			}
			for (int k = 0; k < t->n; k++)
				t->to[at * t->n + k] = (float)(t->mean ? sum[k] / weight : sum[k]);
		}
}

static fv_status smear(fv_err *err, fv_context *c, const float *x, const float *v, const float *m,
                       int64_t h, int64_t w, const fv_stroke_options *o, float *y)
{
	int places = fv_smear_mean(o);
	double step = FV_SMEAR_STEP * o->scale;
	float *mean = NULL;
	fv_status st = FV_OK;
	if (places > 1) {
		if (!(mean = fv_alloc(c, (size_t)(3 * h * w) * sizeof(float))))
			return fv_fail_memory(err, "strokes", (size_t)(3 * h * w) * sizeof(float));
		tracing t = { .p = x, .v = v, .m = m, .to = mean, .h = h, .w = w, .n = 3,
		              .steps = places / 2, .step = step / places, .flat = true,
		              .mean = true };
		st = fv_stroke_rows(err, c, trace_rows, &t, h, 4);
	}
	tracing t = { .p = mean ? mean : x, .v = v, .m = m, .to = y, .h = h, .w = w, .n = 3,
	              .steps = FV_SMEAR_STEPS, .step = step, .mean = true };
	if (!st)
		st = fv_stroke_rows(err, c, trace_rows, &t, h, 4);
	fv_free(c, mean);
	return st;
}

/* ---- noise of one width: normal values two a width, bilinear between them, smoothed by a quarter
 * width */
static double white_at(const fv_stroke_options *o, int number, const float *white, int64_t columns,
                       int64_t y, int64_t x)
{
	if (white)
		return white[y * columns + x];
	fv_draw row = fv_white_row(o->seed, number, y);
	return fv_draw_normal(&row, x);
}

static void white_fill(const fv_stroke_options *o, int number, const float *white, int64_t h,
                       int64_t w, float *to)
{
	double width = o->width[number] * o->scale;
	int64_t rows = fv_stroke_grid(h, width), columns = fv_stroke_grid(w, width);
	for (int64_t y = 0; y < h; y++)
		for (int64_t x = 0; x < w; x++) {
			double sy = fmax(0, ((double)y + 0.5) * (double)rows / (double)h - 0.5);
			double sx = fmax(0, ((double)x + 0.5) * (double)columns / (double)w - 0.5);
			int64_t y0 = (int64_t)sy, x0 = (int64_t)sx, y1 = fv_min(y0 + 1, rows - 1);
			int64_t x1 = fv_min(x0 + 1, columns - 1);
			double fy = sy - (double)y0, fx = sx - (double)x0;
			to[y * w + x] = (float)(
				(1 - fy) * ((1 - fx) * white_at(o, number, white, columns, y0, x0) +
				            fx * white_at(o, number, white, columns, y0, x1)) +
				fy * ((1 - fx) * white_at(o, number, white, columns, y1, x0) +
				      fx * white_at(o, number, white, columns, y1, x1)));
		}
}

static void smooth(const float *from, float *to, int64_t h, int64_t w, double sigma, bool across)
{
	int64_t radius = fv_radius(sigma);
	double total = 0;
	for (int64_t i = -radius; i <= radius; i++)
		total += exp(-(double)(i * i) / (2 * sigma * sigma));
	for (int64_t y = 0; y < h; y++)
		for (int64_t x = 0; x < w; x++) {
			double sum = 0;
			for (int64_t i = -radius; i <= radius; i++)
				sum += exp(-(double)(i * i) / (2 * sigma * sigma)) / total *
				       from[across ? y * w + fv_mirror(x + i, w)
				                   : fv_mirror(y + i, h) * w + x];
			to[y * w + x] = (float)sum;
		}
}

static double spread(const float *p, int64_t n)
{
	double mean = 0, squares = 0;
	for (int64_t i = 0; i < n; i++)
		mean += p[i] / (double)n;
	for (int64_t i = 0; i < n; i++)
		squares += (p[i] - mean) * (p[i] - mean);
	return sqrt(squares / (double)(n - 1));
}

static fv_status noise(fv_err *err, fv_context *c, const float *v, int64_t h, int64_t w,
                       const fv_stroke_options *o, const float *const *white, float *z)
{
	int64_t n = h * w;
	float *even = fv_alloc(c, (size_t)(2 * n) * sizeof(float)), *along = even + n;
	fv_status st = FV_OK;
	if (!even)
		return fv_fail_memory(err, "strokes", (size_t)(2 * n) * sizeof(float));
	for (int i = 0; i < o->widths && !st; i++) {
		fv_streak s = fv_streak_of(o, i);
		double sigma = fv_sigma(o->width[i] / 4, o, h, w);
		white_fill(o, i, white ? white[i] : NULL, h, w, even);
		smooth(even, along, h, w, sigma, true);
		smooth(along, even, h, w, sigma, false);
		tracing t = { .p = even, .v = v, .to = along, .h = h, .w = w, .n = 1,
		              .steps = s.steps, .step = s.step };
		if ((st = fv_stroke_rows(err, c, trace_rows, &t, h, 4)))
			break;
		double by = 1 / (spread(along, n) + 1e-6);
		for (int64_t k = 0; k < n; k++)
			z[k * o->widths + i] = (float)(along[k] * by);
	}
	fv_free(c, even);
	return st;
}

const fv_stroke_way fv_stroke_plain_trace = { .name = "plain", .smear = smear, .noise = noise };
