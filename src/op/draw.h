/* SPDX-License-Identifier: Apache-2.0 */
/* Single draws of a random fill, shared by the reference and the fast kernels: four values a Philox block. */
#ifndef FV_DRAW_H
#define FV_DRAW_H
#include "base/philox.h"
#include "op/call.h"
#include <math.h>

typedef struct { uint64_t key, counter; } fv_draw;

static inline uint64_t fv_draw_purpose(const char *name) { return fv_purpose(name); }

static inline fv_draw fv_draw_of(const fv_key *k, uint64_t purpose)
{
	/* Steps and attempts are far below 2^48 and 2^16. */
	return (fv_draw){ k->seed ^ purpose, k->attempt << 48 | k->step };
}

static inline fv_philox fv_draw_block(const fv_draw *d, int64_t i) { return fv_philox_at(d->key, d->counter, (uint64_t)i / 4); }
static inline double fv_draw_unit(const fv_draw *d, int64_t i) { return fv_unit(fv_draw_block(d, i).v[i & 3]); }

/* Box-Muller: values 0, 1 of a block share a pair, 2, 3 the other. */
static inline double fv_draw_normal(const fv_draw *d, int64_t i)
{
	fv_philox b = fv_draw_block(d, i);
	double radius = sqrt(-2 * log(1 - fv_unit(b.v[i & 2]))), angle = 6.283185307179586 * fv_unit(b.v[(i & 2) + 1]);
	return i & 1 ? radius * sin(angle) : radius * cos(angle);
}
#endif
