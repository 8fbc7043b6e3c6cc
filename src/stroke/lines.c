/* SPDX-License-Identifier: Apache-2.0 */
/* Coherent lines, for prints: a difference of Gaussians across the flow finds dark lines and edges,
 * its mean along the flow joins them [1].
 *
 *	d(p) = sum over t of (G_s(t) - 0.99 G_1.6s(t)) l(p + t u)
 *	line = tanh(max(0, -56 * mean of d along the flow))
 *
 * u points across the flow, l is luma in 0..1, s is one pixel; the mean has a cosine window of six
 * pixels each way. A wide line is found in means of n x n pixels, which leave s at LEAST of them.
 *
 * [1] Kang, Lee, Chui: Coherent Line Drawing, NPAR 2007 */
#include "base/luma.h"
#include "stroke/line.h"
#include "stroke/way.h"

#define SIGMA 1.0                       /* pixels of the training's size */
#define LEAST 0.8
#define STEPS 6
#define GAIN 56

typedef struct {
	const float *x, *v;
	float *l, *across, *along, *to; /* `to` is h,w; the others are rh,rw */
	int64_t h, w, n, rh, rw;        /* n x n pixels are one of rh,rw */
	int64_t radius;
	const float *tap;
	float step, window[STEPS];
} drawing;

static void luma_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const drawing *d = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < d->rw; x++) {
			const int64_t y1 = fv_min((y + 1) * d->n, d->h),
				      x1 = fv_min((x + 1) * d->n, d->w);
			float sum = 0;
			for (int64_t r = y * d->n; r < y1; r++)
				for (int64_t q = x * d->n; q < x1; q++) {
					const float *p = d->x + (r * d->w + q) * 3;
					sum += fv_luma(p[0], p[1], p[2]);
				}
			d->l[y * d->rw + x] =
				sum / (float)(2 * (y1 - y * d->n) * (x1 - x * d->n)) + 0.5f;
		}
}

/* The flow at the middle of a pixel of rh,rw. */
static const float *flow_at(const drawing *d, int64_t y, int64_t x)
{
	return d->v + (fv_min(y * d->n + d->n / 2, d->h - 1) * d->w +
	               fv_min(x * d->n + d->n / 2, d->w - 1)) * 2;
}

static void across_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const drawing *d = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < d->rw; x++) {
			const float *v = flow_at(d, y, x);
			float sum = 0, l;
			for (int64_t t = -d->radius; t <= d->radius; t++) {
				between(d->l, d->rh, d->rw, 1,
				        mirrored((float)x - (float)t * v[1], d->rw),
				        mirrored((float)y + (float)t * v[0], d->rh), &l);
				sum += d->tap[t < 0 ? -t : t] * l;
			}
			d->across[y * d->rw + x] = sum;
		}
}

static void along_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const drawing *d = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < d->rw; x++) {
			const float *v = flow_at(d, y, x);
			float sum = d->across[y * d->rw + x], weight = 1, there;
			for (int sign = 1; sign >= -1; sign -= 2) {
				line l = line_from(y, x, (float)sign * v[0], (float)sign * v[1]);
				for (int i = 0; i < STEPS; i++) {
					line_step(&l, d->step);
					between(d->across, d->rh, d->rw, 1, mirrored(l.x, d->rw),
					        mirrored(l.y, d->rh), &there);
					sum += d->window[i] * there;
					weight += d->window[i];
					line_turn(&l, d->v, d->h, d->w, d->n, false);
				}
			}
			d->along[y * d->rw + x] = -GAIN * sum / weight;
		}
}

/* Enlarges the lines to full size, where tanh makes them sharp again. */
static void line_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const drawing *d = arg;
	const float pixel = 1 / (float)d->n;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < d->w; x++) {
			float is;
			between(d->along, d->rh, d->rw, 1,
			        bounded(((float)x + 0.5f) * pixel - 0.5f, d->rw),
			        bounded(((float)y + 0.5f) * pixel - 0.5f, d->rh), &is);
			d->to[y * d->w + x] = is > 0 ? tanhf(is) : 0;
		}
}

fv_status fv_stroke_lines(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                          int64_t w, const fv_stroke_options *o, float *lines)
{
	const fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	if (st)
		return st;
	const int64_t n = fv_halvings(SIGMA * k.scale, LEAST);
	const double sigma = SIGMA * k.scale / (double)n;
	const int64_t radius = (int64_t)ceil(4 * sigma);
	drawing d = { .x = x, .v = v, .to = lines, .h = h, .w = w, .n = n, .rh = fv_div_up(h, n),
	              .rw = fv_div_up(w, n), .radius = radius, .step = (float)sigma };
	const int64_t plane = d.rh * d.rw;
	const size_t bytes = (size_t)(radius + 1 + 2 * plane) * sizeof(float);
	float *tap = fv_alloc_rough(c, bytes);
	double narrow = 0, wide = 0;
	if (!tap)
		return fv_fail_memory(err, "lines", bytes);
	for (int64_t t = -radius; t <= radius; t++) {
		narrow += exp(-(double)(t * t) / (2 * sigma * sigma));
		wide += exp(-(double)(t * t) / (2 * 1.6 * 1.6 * sigma * sigma));
	}
	for (int64_t t = 0; t <= radius; t++)
		tap[t] = (float)(exp(-(double)(t * t) / (2 * sigma * sigma)) / narrow -
		                 0.99 * exp(-(double)(t * t) / (2 * 1.6 * 1.6 * sigma * sigma)) /
		                 wide);
	for (int i = 0; i < STEPS; i++)
		d.window[i] = (float)cos(1.5707963267948966 * (i + 1) / (STEPS + 1));
	d.tap = tap, d.l = tap + radius + 1, d.across = d.l + plane, d.along = d.l;
	const struct { fv_team_fn fn; int64_t rows; } part[] = {
		{ luma_rows, d.rh }, { across_rows, d.rh }, { along_rows, d.rh }, { line_rows, h },
	};
	for (size_t i = 0; i < FV_COUNT(part) && !st; i++)
		st = fv_stroke_rows(err, c, part[i].fn, &d, part[i].rows, 4);
	fv_free(c, tap);
	return st;
}
