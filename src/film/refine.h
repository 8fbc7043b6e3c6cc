/* SPDX-License-Identifier: Apache-2.0 */
/* The field of motion that explains what is seen and is as even as it can be: the variational
 * refinement of dense inverse search. */
#ifndef FV_FILM_REFINE_H
#define FV_FILM_REFINE_H
#include "base/base.h"
#include <math.h>

/* For either way of a function that is compiled for several processors. */
#if defined(__x86_64__) && defined(__gnu_linux__)
#define FV_FLOW_FAST __attribute__((target_clones("avx2", "default")))
#else
#define FV_FLOW_FAST
#endif
#define FV_FLOW_INLINE static inline __attribute__((always_inline))

/* A picture of grey; at: pixel 0,0; FV_FLOW_EDGE more on all sides repeat its border. */
enum { FV_FLOW_EDGE = 16 };
typedef struct {
	int64_t h, w, stride;
	float *at;
} fv_flow_plane;

/* Floats that fv_flow_refine works with, of a field of h x w. */
int64_t fv_flow_refine_floats(int64_t h, int64_t w);
/* field: h,w,2, in place: where a pixel of `a` is in `b`. room: fv_flow_refine_floats. */
void fv_flow_refine(fv_team *t, const fv_flow_plane *a, const fv_flow_plane *b, float *field,
                    float *room);

/* Those of the C library are calls. */
FV_FLOW_INLINE float fv_flow_least(float a, float b) { return a < b ? a : b; }
FV_FLOW_INLINE float fv_flow_most(float a, float b) { return a > b ? a : b; }
FV_FLOW_INLINE float fv_flow_within(float x, float low, float high)
{
	return fv_flow_least(fv_flow_most(x, low), high);
}

/* Of h,w,n numbers, the k-th at a place between pixels; beyond the border, the border's. */
FV_FLOW_INLINE float fv_flow_between(const float *p, int64_t h, int64_t w, int n, int k, float x,
                                     float y)
{
	x = fv_flow_within(x, 0, (float)(w - 1)), y = fv_flow_within(y, 0, (float)(h - 1));
	const int64_t x0 = (int64_t)x, y0 = (int64_t)y, x1 = fv_min(x0 + 1, w - 1),
	              y1 = fv_min(y0 + 1, h - 1);
	const float s = x - (float)x0, t = y - (float)y0;
	p += k;
	return (1 - t) * ((1 - s) * p[(y0 * w + x0) * n] + s * p[(y0 * w + x1) * n]) +
	       t * ((1 - s) * p[(y1 * w + x0) * n] + s * p[(y1 * w + x1) * n]);
}

/* Between pixels of a plane, by its padding. */
FV_FLOW_INLINE float fv_flow_sample(const fv_flow_plane *p, float x, float y)
{
	x = fv_flow_within(x, -1, (float)p->w), y = fv_flow_within(y, -1, (float)p->h);
	const float fx = floorf(x), fy = floorf(y), s = x - fx, t = y - fy;
	const float *at = p->at + (int64_t)fy * p->stride + (int64_t)fx;
	return (1 - t) * ((1 - s) * at[0] + s * at[1]) +
	       t * ((1 - s) * at[p->stride] + s * at[p->stride + 1]);
}
#endif
