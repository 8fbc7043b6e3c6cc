/* SPDX-License-Identifier: Apache-2.0 */
/* Following the flow from one pixel, plainly: for what is drawn along it. */
#ifndef FV_STROKE_LINE_H
#define FV_STROKE_LINE_H
#include "base/base.h"
#include <math.h>

/* All n channels (3 at most) of an h,w picture, between its pixels; (x, y) lies within it. */
static inline void between(const float *p, int64_t h, int64_t w, int n, float x, float y, float *to)
{
	int64_t x0 = (int64_t)x, y0 = (int64_t)y, right = x0 + 1 < w ? n : 0;
	float fx = x - (float)x0, fy = y - (float)y0;
	const float *a = p + (y0 * w + x0) * n, *b = y0 + 1 < h ? a + n * w : a;
	for (int k = 0; k < n; k++)
		to[k] = (1 - fy) * ((1 - fx) * a[k] + fx * a[right + k]) +
		        fy * ((1 - fx) * b[k] + fx * b[right + k]);
}

static inline float bounded(float x, int64_t n)
{
	return x < 0 ? 0 : x > (float)(n - 1) ? (float)(n - 1) : x;
}

/* Mirrored at the first and the last pixel, once. */
static inline float mirrored(float x, int64_t n)
{
	x = fabsf(x);
	return bounded(x < (float)(n - 1) ? x : 2 * (float)(n - 1) - x, n);
}

typedef struct { const float *v; int64_t h, w; float x, y, dx, dy; } line;

static inline line line_from(const float *v, int64_t h, int64_t w, int64_t y, int64_t x, int sign)
{
	const float *at = v + (y * w + x) * 2;
	return (line){ v, h, w, (float)x, (float)y, (float)sign * at[0], (float)sign * at[1] };
}

static inline void line_step(line *l, float step)
{
	l->x += l->dx * step;
	l->y += l->dy * step;
}

/* The direction for the next step, from where the line now is. */
static inline void line_turn(line *l)
{
	float d[2];
	between(l->v, l->h, l->w, 2, bounded(l->x, l->w), bounded(l->y, l->h), d);
	float length = (d[0] * l->dx + d[1] * l->dy + 1e-9f < 0 ? -1 : 1) *
	               (sqrtf(d[0] * d[0] + d[1] * d[1]) + 1e-6f);
	l->dx = d[0] / length;
	l->dy = d[1] / length;
}
#endif
