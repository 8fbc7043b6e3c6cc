/* SPDX-License-Identifier: Apache-2.0 */
/* The flow as its formula is: the truth that faster ways are tested against.
 *
 * The structure tensor of luma l, smoothed with a Gaussian of some pixels, tells of each place's
 * surroundings how much slope there is along each direction: its minor direction runs along edges,
 * hair and branches.
 *
 *	T = G * (lx lx, ly ly, lx ly)		l smoothed too, before it is differentiated
 *
 * [1] Bigun, Granlund: Optimal Orientation Detection of Linear Symmetry, ICCV 1987
 * [2] Brox, Weickert, Burgeth, Mrazek: Nonlinear Structure Tensors, 2006 (why windows of several
 *     sizes)
 * [3] Kyprianidis, Doellner: Image Abstraction by Structure Adaptive Filtering, 2008 (its use for
 *     strokes) */
#include "base/luma.h"
#include "stroke/way.h"
#include "stroke/white.h"
#include <math.h>

typedef struct {
	const float *from;
	float *to;
	int64_t h, w;
	int channels;
	double *tap;
	int64_t radius;
	bool across;
} blurring;

static void blur_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const blurring *b = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < b->w; x++)
			for (int k = 0; k < b->channels; k++) {
				double sum = 0;
				for (int64_t i = -b->radius; i <= b->radius; i++) {
					int64_t sy = b->across ? y : fv_mirror(y + i, b->h);
					int64_t sx = b->across ? fv_mirror(x + i, b->w) : x;
					sum += b->tap[i < 0 ? -i : i] *
					       b->from[(sy * b->w + sx) * b->channels + k];
				}
				b->to[(y * b->w + x) * b->channels + k] = (float)sum;
			}
}

/* Smooths t, h,w,channels, in place by a Gaussian. Borders are mirrored. `other` is as large as
 * t. */
static fv_status blur(fv_err *err, fv_context *c, float *t, float *other, int64_t h, int64_t w,
                      int channels, double sigma)
{
	int64_t radius = fv_radius(sigma);
	double sum = 0, *tap = fv_alloc(c, (size_t)(radius + 1) * sizeof *tap);
	if (!tap)
		return fv_fail_memory(err, "strokes", (size_t)(radius + 1) * sizeof *tap);
	for (int64_t i = 0; i <= radius; i++) {
		tap[i] = exp(-(double)(i * i) / (2 * sigma * sigma));
		sum += i ? 2 * tap[i] : tap[i];
	}
	for (int64_t i = 0; i <= radius; i++)
		tap[i] /= sum;
	blurring b = { t, other, h, w, channels, tap, radius, true };
	fv_status st = fv_stroke_rows(err, c, blur_rows, &b, h, 8);
	b.from = other, b.to = t, b.across = false;
	if (!st)
		st = fv_stroke_rows(err, c, blur_rows, &b, h, 8);
	fv_free(c, tap);
	return st;
}

static void luma(const float *x, int64_t n, float *l)
{
	for (int64_t i = 0; i < n; i++)
		l[i] = (float)fv_luma_exact(x[3 * i], x[3 * i + 1], x[3 * i + 2]);
}

/* Takes a pixel's slopes, in luma for each pixel of the training's size. The outermost pixels
 * take those of their neighbours. */
static void slopes(const float *l, int64_t h, int64_t w, int64_t y, int64_t x, double scale,
                   double *gx, double *gy)
{
	int64_t cx = fv_max(1, fv_min(w - 2, x)), cy = fv_max(1, fv_min(h - 2, y));
	*gx = ((double)l[y * w + cx + 1] - l[y * w + cx - 1]) / 2 * scale;
	*gy = ((double)l[(cy + 1) * w + x] - l[(cy - 1) * w + x]) / 2 * scale;
}

/* Makes the slow random field: normal values on a wide grid whose corners are the picture's, and
 * cubic interpolation between them. */
static double wander(const fv_stroke_options *o, int64_t h, int64_t w, int64_t y, int64_t x,
                     int axis)
{
	int64_t rows = fv_stroke_cells(h, o), columns = fv_stroke_cells(w, o);
	double sy = (double)y * (double)(rows - 1) / (double)(h - 1);
	double sx = (double)x * (double)(columns - 1) / (double)(w - 1), sum = 0;
	for (int64_t r = (int64_t)sy - 1; r <= (int64_t)sy + 2; r++) {
		fv_draw row = fv_white_row(o->seed, FV_WHITE_WANDER + axis,
		                           fv_max(0, fv_min(rows - 1, r)));
		for (int64_t q = (int64_t)sx - 1; q <= (int64_t)sx + 2; q++)
			sum += fv_stroke_cubic(sy - (double)r) * fv_stroke_cubic(sx - (double)q) *
			       fv_draw_normal(&row, fv_max(0, fv_min(columns - 1, q)));
	}
	return sum;
}

/* ---- flow. With the angle doubled a direction and its opposite are one, and directions can be
 * added:
 *
 *	V = sum over windows of  weight * G * (ly ly - lx lx, -2 lx ly) /
 *	                         (G * (lx lx + ly ly) + eps)  +  wander * R
 *	v = (cos, sin)(atan2(V) / 2) */
typedef struct {
	const float *l, *t;
	float *tensor, *sum, *v;
	int64_t h, w;
	const fv_stroke_options *o;
	double weight;
} flowing;

static void flow_tensor(void *arg, int thread, int64_t first, int64_t last)
{
	const flowing *f = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < f->w; x++) {
			double gx, gy;
			slopes(f->l, f->h, f->w, y, x, f->o->scale, &gx, &gy);
			float *t = f->tensor + (y * f->w + x) * 3;
			t[0] = (float)(gy * gy - gx * gx);
			t[1] = (float)(-2 * gx * gy);
			t[2] = (float)(gx * gx + gy * gy);
		}
}

static void flow_add(void *arg, int thread, int64_t first, int64_t last)
{
	const flowing *f = arg;
	for (int64_t i = first * f->w; i < last * f->w; i++)
		for (int k = 0; k < 2; k++)
			f->sum[2 * i + k] += (float)(f->weight * f->t[3 * i + k] /
			                             (f->t[3 * i + 2] + FV_FLOW_EPS));
}

static void flow_end(void *arg, int thread, int64_t first, int64_t last)
{
	const flowing *f = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < f->w; x++) {
			int64_t i = y * f->w + x;
			double a = f->sum[2 * i], b = f->sum[2 * i + 1];
			if (f->o->wander > 0) {
				a += f->o->wander * wander(f->o, f->h, f->w, y, x, 0);
				b += f->o->wander * wander(f->o, f->h, f->w, y, x, 1);
			}
			double angle = atan2(b, a) / 2;
			f->v[2 * i] = (float)cos(angle);
			f->v[2 * i + 1] = (float)sin(angle);
		}
}

static fv_status flow(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                      const fv_stroke_options *o, float *v)
{
	int64_t n = h * w;
	float *memory = fv_alloc(c, (size_t)(12 * n) * sizeof(float));
	if (!memory)
		return fv_fail_memory(err, "strokes", (size_t)(12 * n) * sizeof(float));
	float *l = memory, *tensor = l + n, *smooth = tensor + 3 * n, *sum = smooth + 3 * n;
	float *other = sum + 2 * n;
	flowing f = { .l = l, .t = smooth, .tensor = tensor, .sum = sum, .v = v, .h = h, .w = w,
	              .o = o };
	luma(x, n, l);
	fv_status st = blur(err, c, l, other, h, w, 1, fv_sigma(FV_FLOW_FINE, o, h, w));
	if (!st)
		st = fv_stroke_rows(err, c, flow_tensor, &f, h, 8);
	for (int i = 0; i < FV_FLOW_WINDOWS && !st; i++) {
		f.weight = fv_flow_weight[i];
		for (int64_t k = 0; k < 3 * n; k++)
			smooth[k] = tensor[k];
		st = blur(err, c, smooth, other, h, w, 3, fv_sigma(fv_flow_window[i], o, h, w));
		if (!st)
			st = fv_stroke_rows(err, c, flow_add, &f, h, 8);
	}
	if (!st)
		st = fv_stroke_rows(err, c, flow_end, &f, h, 8);
	fv_free(c, memory);
	return st;
}

const fv_stroke_way fv_stroke_plain_flow = { .name = "plain", .flow = flow };
