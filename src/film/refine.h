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

/* Between pixels. */
FV_FLOW_INLINE float fv_flow_sample(const fv_flow_plane *p, float x, float y)
{
	x = fv_flow_within(x, -1, (float)p->w), y = fv_flow_within(y, -1, (float)p->h);
	const float fx = floorf(x), fy = floorf(y), s = x - fx, t = y - fy;
	const float *at = p->at + (int64_t)fy * p->stride + (int64_t)fx;
	return (1 - t) * ((1 - s) * at[0] + s * at[1]) +
	       t * ((1 - s) * at[p->stride] + s * at[p->stride + 1]);
}
#endif
