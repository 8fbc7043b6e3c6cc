/* SPDX-License-Identifier: Apache-2.0 */
/* How a convolution begins: it may read its picture as a norm and an activation would make it (conv2d.c, in[3]). */
#ifndef FV_CONV_START_H
#define FV_CONV_START_H
#include "device/cpu/vec.h"
#include "op/conv.h"

typedef struct {
	const float *mean, *factor;     /* of each channel, in whole vectors; NULL: the picture as it is */
	bool act;
	float slope;
} conv_start;

/* Floats that a thread wants for it. */
VEC int64_t conv_start_floats(const fv_conv *v) { return v->normed ? 2 * fv_div_up(v->c, VF) * VF : 0; }

/* stats: pairs, in[3]. */
static inline conv_start conv_start_of(const fv_conv *v, const float *stats, float *room)
{
	int64_t wide = fv_div_up(v->c, VF) * VF;
	for (int64_t i = 0; i < wide && v->normed; i++) {
		room[i] = i < v->c ? stats[2 * i] : 0;
		room[wide + i] = i < v->c ? stats[2 * i + 1] : 0;
	}
	return (conv_start){ v->normed ? room : NULL, room + wide, v->in_act != FV_ACT_NONE, v->in_slope };
}

/* n vectors of the same channels, c the first; where not, a vector is left as it is. The same steps as normalise's. */
VEC void conv_start_values(const conv_start *s, int64_t c, vf *x, const int n, uint32_t where)
{
	vf mean = vf_loadu(s->mean + c), factor = vf_loadu(s->factor + c), slope = vf_set(s->act ? s->slope : 1);
#pragma GCC unroll 16
	for (int i = 0; i < n; i++) {
		vf v = vf_mul(vf_sub(x[i], mean), factor);
		v = vf_select(vf_ge(vf_zero(), v), vf_mul(v, slope), v);
		x[i] = where >> i & 1 ? v : x[i];
	}
}
#endif
