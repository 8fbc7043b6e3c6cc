/* SPDX-License-Identifier: Apache-2.0 */
/* Broadcasting: an axis of size 1 is read again and again. */
#ifndef FV_BROADCAST_H
#define FV_BROADCAST_H
#include "graph/tensor.h"

typedef struct { int64_t step[FV_RANK]; } fv_steps;

/* How far to go in x for one step along each axis of y; 0 where x is broadcast. */
static inline fv_steps fv_steps_of(fv_shape x)
{
	fv_steps s;
	int64_t at = 1;
	for (int i = FV_RANK - 1; i >= 0; i--) {
		s.step[i] = x.d[i] == 1 ? 0 : at;
		at *= x.d[i];
	}
	return s;
}

/* The flat index in x of element i of y. */
static inline int64_t fv_steps_at(const fv_steps *s, fv_shape y, int64_t i)
{
	int64_t at = 0;
	for (int k = FV_RANK - 1; k >= 0; k--) {
		at += i % y.d[k] * s->step[k];
		i /= y.d[k];
	}
	return at;
}
#endif
