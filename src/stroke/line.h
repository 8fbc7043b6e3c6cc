/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the flow from one pixel on, in plain scalar code; what is drawn along the flow uses
 * it. */
#ifndef FV_STROKE_LINE_H
#define FV_STROKE_LINE_H
#include "base/base.h"
#include <math.h>

/* Interpolates all n channels (3 at most) of an h,w picture at (x, y), which lies within it. */
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

/* Mirrors a place at the first or the last pixel, once. */
static inline float mirrored(float x, int64_t n)
{
	x = fabsf(x);
	return bounded(x < (float)(n - 1) ? x : 2 * (float)(n - 1) - x, n);
}

/* ---- following the flow. A line is where it is and the way it goes. */
typedef struct { float x, y, dx, dy; } line;

static inline line line_from(int64_t y, int64_t x, float dx, float dy)
{
	return (line){ (float)x, (float)y, dx, dy };
}

static inline void line_step(line *l, float step)
{
	l->x += l->dx * step;
	l->y += l->dy * step;
}

/* Goes on as the flow v has it at the nearest pixel, `each` of whose pixels are one of the line's;
 * across: at right angles to it. */
static inline void line_turn(line *l, const float *v, int64_t h, int64_t w, int64_t each,
                             bool across)
{
	int64_t x = (int64_t)bounded((l->x + 0.5f) * (float)each, w);
	int64_t y = (int64_t)bounded((l->y + 0.5f) * (float)each, h);
	const float *at = v + (y * w + x) * 2;
	float dx = across ? -at[1] : at[0], dy = across ? at[0] : at[1];
	float sign = dx * l->dx + dy * l->dy + 1e-9f < 0 ? -1.0f : 1.0f;
	l->dx = sign * dx, l->dy = sign * dy;
}
#endif
