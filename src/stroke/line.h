/* SPDX-License-Identifier: Apache-2.0 */
/* Following the flow from one pixel, plainly: for what is drawn along it. */
#ifndef FV_STROKE_LINE_H
#define FV_STROKE_LINE_H
#include "base/base.h"
#include <math.h>

/* Channel k of n of an h,w picture, between its pixels; (x, y) lies within it. */
static inline double between(const float *p, int64_t h, int64_t w, int n, int k, double x, double y)
{
	int64_t x0 = (int64_t)x, y0 = (int64_t)y, x1 = fv_min(x0 + 1, w - 1);
	int64_t y1 = fv_min(y0 + 1, h - 1);
	double fx = x - (double)x0, fy = y - (double)y0;
	double above = (1 - fx) * p[(y0 * w + x0) * n + k] + fx * p[(y0 * w + x1) * n + k];
	double below = (1 - fx) * p[(y1 * w + x0) * n + k] + fx * p[(y1 * w + x1) * n + k];
	return (1 - fy) * above + fy * below;
}

static inline double bounded(double x, int64_t n)
{
	return x < 0 ? 0 : x > (double)(n - 1) ? (double)(n - 1) : x;
}

static inline double mirrored(double x, int64_t n)
{
	double period = 2 * (double)(n - 1);
	x = fabs(fmod(x, period));
	return x < (double)n - 1 ? x : period - x;
}

typedef struct { const float *v; int64_t h, w; double x, y, dx, dy; } line;

static inline line line_from(const float *v, int64_t h, int64_t w, int64_t y, int64_t x, int sign)
{
	const float *at = v + (y * w + x) * 2;
	return (line){ v, h, w, (double)x, (double)y, sign * at[0], sign * at[1] };
}

static inline void line_step(line *l, double step)
{
	l->x += l->dx * step;
	l->y += l->dy * step;
}

/* The direction for the next step, from where the line now is. */
static inline void line_turn(line *l)
{
	double x = bounded(l->x, l->w), y = bounded(l->y, l->h);
	double dx = between(l->v, l->h, l->w, 2, 0, x, y);
	double dy = between(l->v, l->h, l->w, 2, 1, x, y);
	double length = (dx * l->dx + dy * l->dy + 1e-9 < 0 ? -1 : 1) *
	                (sqrt(dx * dx + dy * dy) + 1e-6);
	l->dx = dx / length;
	l->dy = dy / length;
}
#endif
