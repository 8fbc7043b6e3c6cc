/* SPDX-License-Identifier: Apache-2.0 */
/* A photograph without its texture, for prints: flow-based bilateral smoothing, some steps along
 * the flow, then across it, by turns [1]. Colours that are alike run together, edges stay, and what
 * is along an edge becomes smooth.
 *
 *	y = sum of w s / sum of w	s: x at the line's places, and x itself with weight 1
 *	w = exp(-|s - x|^2 / (2 tolerance^2)) exp(-1.5 (i / steps)^2)
 *
 * What is wide is flattened in means of n x n pixels; each pixel x then takes what is flat around
 * it by the same likeness, so that edges are sharp again (joint bilateral upsampling [2]):
 *
 *	y = sum of w f / sum of w	f: the four means around the pixel
 *	w = (bilinear weight + 0.01) exp(-|f - x|^2 / (2 tolerance^2))
 *
 * A pixel is four floats here, so that one instruction of any processor takes all its channels.
 *
 * [1] Kang, Lee, Chui: Flow-Based Image Abstraction, TVCG 2009
 * [2] Kopf, Cohen, Lischinski, Uyttendaele: Joint Bilateral Upsampling, SIGGRAPH 2007 */
#include "stroke/line.h"
#include "stroke/way.h"

#define STEPS 5                         /* along the flow; across it half of that, rounded down */
#define STEP 1.5                        /* pixels of the training's size */
#define LEAST 1.2                       /* sigma in cells, at least, that means of n x n pixels
                                         * must leave */
#define FALLS 512                       /* entries of the table of e^-t for each unit of t */
#define FARTHEST 12                     /* beyond this t, e^-t counts as 0 */

typedef float pixel __attribute__((vector_size(16)));

typedef struct {
	const float *v, *photograph, *fall;
	pixel *from, *to;
	float *y;
	int64_t h, w, n, rh, rw;        /* n x n pixels are one of rh,rw */
	bool across;
	int steps;
	float step, by, part[STEPS + 1];
} flattening;

static inline float likeness(const flattening *f, pixel a, pixel b)
{
	pixel d = (a - b) * (a - b);
	float far = (d[0] + d[1] + d[2]) * f->by;
	return f->fall[far < FARTHEST * FALLS ? (int)far : FARTHEST * FALLS];
}

static void mean_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const flattening *f = arg;
	for (int64_t i = first * f->rw; i < last * f->rw; i++) {
		const int64_t y = i / f->rw * f->n, x = i % f->rw * f->n;
		const int64_t rows = fv_min(f->n, f->h - y), columns = fv_min(f->n, f->w - x);
		pixel sum = { 0 };
		for (int64_t r = y; r < y + rows; r++)
			for (int64_t q = x; q < x + columns; q++) {
				const float *p = f->photograph + (r * f->w + q) * 3;
				sum += (pixel){ p[0], p[1], p[2] };
			}
		f->from[i] = sum / (float)(rows * columns);
	}
}

/* Means are smooth already, so the nearest one will do. */
static inline pixel pixel_between(const flattening *f, float x, float y)
{
	if (f->n > 1)
		return f->from[(int64_t)(y + 0.5f) * f->rw + (int64_t)(x + 0.5f)];
	int64_t x0 = (int64_t)x, y0 = (int64_t)y;
	const pixel *a = f->from + y0 * f->rw + x0, *b = y0 + 1 < f->rh ? a + f->rw : a;
	int64_t right = x0 + 1 < f->rw;
	float fx = x - (float)x0, fy = y - (float)y0;
	pixel up = a[0] + fx * (a[right] - a[0]), down = b[0] + fx * (b[right] - b[0]);
	return up + fy * (down - up);
}

/* `inside` says that no line from here leaves the picture. */
static inline pixel flat_pixel(const flattening *f, int64_t y, int64_t x, const bool inside)
{
	const pixel here = f->from[y * f->rw + x];
	pixel sum = here;
	float weight = 1;
	line begin = line_from(y, x, 1, 0);
	line_turn(&begin, f->v, f->h, f->w, f->n, f->across);
	for (int sign = 1; sign >= -1; sign -= 2) {
		line l = { begin.x, begin.y, (float)sign * begin.dx, (float)sign * begin.dy };
		for (int i = 1; i <= f->steps; i++) {
			line_step(&l, f->step);
			pixel s = pixel_between(f, inside ? l.x : mirrored(l.x, f->rw),
			                        inside ? l.y : mirrored(l.y, f->rh));
			float share = f->part[i] * likeness(f, s, here);
			sum += share * s;
			weight += share;
			line_turn(&l, f->v, f->h, f->w, f->n, f->across);
		}
	}
	return sum / weight;
}

static void flat_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const flattening *f = arg;
	const int64_t reach = (int64_t)((float)f->steps * f->step) + 2;
	for (int64_t y = first; y < last; y++) {
		pixel *to = f->to + y * f->rw;
		const bool inside = y >= reach && y < f->rh - reach && f->rw > 2 * reach;
		const int64_t from = inside ? reach : f->rw, end = inside ? f->rw - reach : f->rw;
		for (int64_t x = 0; x < from; x++)
			to[x] = flat_pixel(f, y, x, false);
		for (int64_t x = from; x < end; x++)
			to[x] = flat_pixel(f, y, x, true);
		for (int64_t x = end; x < f->rw; x++)
			to[x] = flat_pixel(f, y, x, false);
	}
}

/* At full size. */
static void sharp_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const flattening *f = arg;
	const float each = 1 / (float)f->n;
	for (int64_t i = first * f->w; i < last * f->w; i++) {
		const float *p = f->photograph + 3 * i;
		const pixel here = { p[0], p[1], p[2] };
		float x = bounded(((float)(i % f->w) + 0.5f) * each - 0.5f, f->rw);
		float y = bounded(((float)(i / f->w) + 0.5f) * each - 0.5f, f->rh);
		int64_t x0 = (int64_t)x, y0 = (int64_t)y;
		const pixel *a = f->from + y0 * f->rw + x0;
		float fx = x - (float)x0, fy = y - (float)y0, weight = 1e-9f;
		pixel sum = a[0] * weight;
		for (int k = 0; k < 4; k++) {
			bool right = k % 2 && x0 + 1 < f->rw, below = k / 2 && y0 + 1 < f->rh;
			pixel s = a[(below ? f->rw : 0) + right];
			float share = ((k % 2 ? fx : 1 - fx) * (k / 2 ? fy : 1 - fy) + 0.01f) *
			              (likeness(f, s, here) + 1e-6f);
			sum += share * s;
			weight += share;
		}
		for (int k = 0; k < 3; k++)
			f->y[3 * i + k] = sum[k] / weight;
	}
}

fv_status fv_stroke_flat(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                         int64_t w, const fv_stroke_options *o, int rounds, double tolerance,
                         float *y)
{
	const fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	if (st)
		return st;
	if (rounds < 1 || rounds > 16 || !(tolerance >= 1e-3 && tolerance <= 100))
		return fv_fail(err, FV_E_ARGUMENT,
		               "flat: %d rounds with tolerance %g; give 1 to 16, and 0.001 to 100",
		               rounds, tolerance);
	const int64_t n = fv_halvings(k.scale, LEAST);
	float fall[FARTHEST * FALLS + 1];
	for (int i = 0; i < FARTHEST * FALLS; i++)
		fall[i] = expf(-((float)i + 0.5f) / FALLS);
	fall[FARTHEST * FALLS] = 0;
	flattening f = { .v = v, .photograph = x, .fall = fall, .y = y, .h = h, .w = w, .n = n,
	                 .rh = fv_div_up(h, n), .rw = fv_div_up(w, n),
	                 .step = (float)(STEP * k.scale / (double)n),
	                 .by = (float)(FALLS / (2 * tolerance * tolerance)) };
	const size_t bytes = (size_t)(2 * f.rh * f.rw) * sizeof(pixel);
	pixel *room = fv_alloc_rough(c, bytes);
	if (!room)
		return fv_fail_memory(err, "flat", bytes);
	f.from = room, f.to = room + f.rh * f.rw;
	st = fv_stroke_rows(err, c, mean_rows, &f, f.rh, 4);
	for (int i = 0; i < 2 * rounds && !st; i++) {
		f.across = i % 2, f.steps = i % 2 ? STEPS / 2 : STEPS;
		for (int s = 1; s <= f.steps; s++)
			f.part[s] = expf(-1.5f * (float)(s * s) / (float)(f.steps * f.steps));
		st = fv_stroke_rows(err, c, flat_rows, &f, f.rh, 4);
		pixel *was = f.from;
		f.from = f.to, f.to = was;
	}
	if (!st && n > 1)
		st = fv_stroke_rows(err, c, sharp_rows, &f, h, 4);
	for (int64_t i = 0; i < h * w && !st && n == 1; i++)
		for (int m = 0; m < 3; m++)
			y[3 * i + m] = f.from[i][m];
	fv_free(c, room);
	return st;
}
