/* SPDX-License-Identifier: Apache-2.0 */
/* Relief: how strongly neighbours differ, in two frequency bands: threads of paint, which are finer
 * than FINE pixels of a picture of the training's size, and strokes, which are finer than WIDE.
 *
 *	y' = W(y) + strokes (F(y) - W(y)) + threads (y - F(y))
 *	F, W: y made smaller by FINE or WIDE, and enlarged again
 *
 * Generators are too timid here. Each crop is compared with one of several paintings, whose
 * contrast differs. The absolute distance to all of them is least at their median, which is below
 * their mean, and the best answer is lower still because the dabs never lie where the painting's
 * do. A run measures by how much (train/style_relief.c) and writes it into the model. */
#include "base/luma.h"
#include "paint/paint.h"
#include <math.h>

#define FINE 2.5                        /* pixels */
#define WIDE 20.0

static int64_t cells(int64_t n, double side)
{
	return fv_max(1, (int64_t)((double)n / fmax(1, side) + 0.5));
}

/* Fills room, h,w,3, with y made smaller to cells of `side` pixels and enlarged again. */
static fv_status coarse(fv_err *err, fv_context *c, const float *y, int64_t h, int64_t w,
                        double side, float *room)
{
	const int64_t gh = cells(h, side), gw = cells(w, side);
	float *grid = fv_alloc(c, (size_t)(3 * gh * gw) * sizeof *grid);
	if (!grid)
		return fv_fail_memory(err, "relief", (size_t)(3 * gh * gw) * sizeof *grid);
	fv_status st = fv_floats_resize(err, c, y, h, w, grid, gh, gw);
	if (!st)
		st = fv_floats_resize(err, c, grid, gh, gw, room, h, w);
	fv_free(c, grid);
	return st;
}

/* Bands in the order in which they are raised. */
static const double side_of[] = { WIDE, FINE };

bool fv_relief_grid(int64_t h, int64_t w, double scale, const double gain[FV_RELIEF_BANDS], int band,
                    fv_relief_layer *g)
{
	const double by[] = { gain[1], gain[0] / gain[1] };
	*g = (fv_relief_layer){ cells(h, side_of[band] * scale), cells(w, side_of[band] * scale), by[band],
	                NULL };
	return by[band] != 1;
}

typedef struct { float *y; const float *coarse; int64_t n; float gain; } raising;

static void raise_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const raising *r = arg;
	for (int64_t i = first * r->n; i < last * r->n; i++)
		r->y[i] = r->coarse[i] + r->gain * (r->y[i] - r->coarse[i]);
}

fv_status fv_relief_raise_part(fv_err *err, fv_context *c, float *y, int64_t h, int64_t w,
                               const fv_area *part, const fv_relief_layer *g, float *room)
{
	const fv_area seen = { 0, 0, g->h, g->w };
	fv_status st = fv_floats_resize_part(err, c, g->data, g->h, g->w, &seen, room, h, w, part);
	if (!st)
		fv_team_run(c->team, raise_rows,
		            &(raising){ y, room, 3 * part->w, (float)g->gain }, part->h, 16);
	return st;
}

fv_status fv_relief_raise(fv_err *err, fv_context *c, float *y, int64_t h, int64_t w, double scale,
                          const double gain[FV_RELIEF_BANDS], float *room)
{
	const fv_area whole = { 0, 0, h, w };
	fv_status st = FV_OK;
	for (int k = 0; k < FV_RELIEF_BANDS && !st; k++) {
		fv_relief_layer g;
		if (!fv_relief_grid(h, w, scale, gain, k, &g))
			continue;
		const size_t bytes = (size_t)(3 * g.h * g.w) * sizeof *g.data;
		if (!(g.data = fv_alloc(c, bytes)))
			return fv_fail_memory(err, "relief", bytes);
		if (!(st = fv_floats_resize(err, c, y, h, w, g.data, g.h, g.w)))
			st = fv_relief_raise_part(err, c, y, h, w, &whole, &g, room);
		fv_free(c, g.data);
	}
	return st;
}

static double deviation(const float *a, const float *b, int64_t pixels)
{
	double sum = 0, squares = 0, n = (double)pixels;
	for (int64_t i = 0; i < pixels; i++) {
		const float *p = a + 3 * i, *q = b + 3 * i;
		double d = fv_luma_exact(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
		sum += d, squares += d * d;
	}
	return sqrt(fmax(0, squares / n - sum / n * (sum / n)));
}

fv_status fv_relief_of(fv_err *err, fv_context *c, const float *y, int64_t h, int64_t w,
                       float *room, double relief[FV_RELIEF_BANDS])
{
	float *fine = room, *wide = room + 3 * h * w;
	fv_status st = coarse(err, c, y, h, w, FINE, fine);
	if (st || (st = coarse(err, c, y, h, w, WIDE, wide)))
		return st;
	relief[0] = deviation(y, fine, h * w);
	relief[1] = deviation(fine, wide, h * w);
	return FV_OK;
}
