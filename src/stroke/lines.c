/* SPDX-License-Identifier: Apache-2.0 */
/* Coherent lines, for prints: a difference of Gaussians across the flow finds dark lines and edges,
 * its mean along the flow joins them [1].
 *
 *	d(p) = sum over t of (G_s(t) - 0.99 G_1.6s(t)) l(p + t u)
 *	line = tanh(max(0, -56 * mean of d along the flow))
 *
 * u points across the flow, l is luma in 0..1, s is one pixel; the mean has a cosine window of six
 * pixels each way.
 *
 * [1] Kang, Lee, Chui: Coherent Line Drawing, NPAR 2007 */
#include "stroke/line.h"
#include "stroke/way.h"

#define SIGMA 1.0                       /* pixels of the training's size */
#define STEPS 6
#define GAIN 56

typedef struct {
	const float *l, *v;
	float *to;
	int64_t h, w;
	int64_t radius;
	const float *tap;
	float step, window[STEPS];
} drawing;

static void luma_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const drawing *d = arg;
	for (int64_t i = first * d->w; i < last * d->w; i++)
		d->to[i] = (float)((0.299 * d->l[3 * i] + 0.587 * d->l[3 * i + 1] +
		                    0.114 * d->l[3 * i + 2]) / 2 + 0.5);
}

static void across_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const drawing *d = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < d->w; x++) {
			const float *v = d->v + (y * d->w + x) * 2;
			float sum = 0, l;
			for (int64_t t = -d->radius; t <= d->radius; t++) {
				between(d->l, d->h, d->w, 1,
				        mirrored((float)x - (float)t * v[1], d->w),
				        mirrored((float)y + (float)t * v[0], d->h), &l);
				sum += d->tap[t < 0 ? -t : t] * l;
			}
			d->to[y * d->w + x] = sum;
		}
}

static void along_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const drawing *d = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < d->w; x++) {
			float sum = d->l[y * d->w + x], weight = 1, there;
			for (int sign = 1; sign >= -1; sign -= 2) {
				line l = line_from(d->v, d->h, d->w, y, x, sign);
				for (int i = 0; i < STEPS; i++) {
					line_step(&l, d->step);
					between(d->l, d->h, d->w, 1, mirrored(l.x, d->w),
					        mirrored(l.y, d->h), &there);
					sum += d->window[i] * there;
					weight += d->window[i];
					line_turn(&l);
				}
			}
			d->to[y * d->w + x] = tanhf(fmaxf(0, -GAIN * sum / weight));
		}
}

fv_status fv_stroke_lines(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                          int64_t w, const fv_stroke_options *o, float *lines)
{
	const fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	if (st)
		return st;
	const double sigma = SIGMA * k.scale;
	const int64_t radius = (int64_t)ceil(4 * sigma);
	const size_t bytes = (size_t)(radius + 1 + 2 * h * w) * sizeof(float);
	float *l = fv_alloc_rough(c, bytes), *across = l + h * w, *tap = across + h * w;
	double narrow = 0, wide = 0;
	if (!l)
		return fv_fail_memory(err, "lines", bytes);
	for (int64_t t = -radius; t <= radius; t++) {
		narrow += exp(-(double)(t * t) / (2 * sigma * sigma));
		wide += exp(-(double)(t * t) / (2 * 1.6 * 1.6 * sigma * sigma));
	}
	for (int64_t t = 0; t <= radius; t++)
		tap[t] = (float)(exp(-(double)(t * t) / (2 * sigma * sigma)) / narrow -
		                 0.99 * exp(-(double)(t * t) / (2 * 1.6 * 1.6 * sigma * sigma)) /
		                 wide);
	drawing d = { .l = x, .v = v, .to = l, .h = h, .w = w, .radius = radius, .tap = tap,
	              .step = (float)k.scale };
	for (int i = 0; i < STEPS; i++)
		d.window[i] = (float)cos(1.5707963267948966 * (i + 1) / (STEPS + 1));
	st = fv_stroke_rows(err, c, luma_rows, &d, h, 16);
	d.l = l, d.to = across;
	if (!st)
		st = fv_stroke_rows(err, c, across_rows, &d, h, 4);
	d.l = across, d.to = lines;
	if (!st)
		st = fv_stroke_rows(err, c, along_rows, &d, h, 4);
	fv_free(c, l);
	return st;
}
