/* SPDX-License-Identifier: Apache-2.0 */
/* An operation's prologue: it may read its picture as a norm and an activation would make it. */
#ifndef FV_PROLOGUE_H
#define FV_PROLOGUE_H
#include "device/cpu/work.h"

typedef struct {
	const float *mean, *rstd;       /* of each channel, in whole vectors; mean NULL: the picture is read as it is */
	float slope;                    /* of what is not above 0; 1: there is no activation */
} prologue;

/* Floats that a thread wants for it, of c channels. */
VEC int64_t prologue_floats(const fv_node *n, int64_t c) { return n->attr.in.stats ? 2 * fv_div_up(c, VF) * VF : 0; }

VEC float prologue_slope(const fv_call *call) { return call->node->attr.in.act == FV_ACT_NONE ? 1 : call->node->attr.in.slope; }

/* stats: pairs of c channels, as normalise makes them; to: prologue_floats(). */
static inline prologue prologue_of(const fv_call *call, const float *stats, int64_t c, float *to)
{
	if (!call->node->attr.in.stats)
		return (prologue){ NULL };
	int64_t wide = fv_div_up(c, VF) * VF;
	for (int64_t i = 0; i < wide; i++) {
		to[i] = i < c ? stats[2 * i] : 0;
		to[wide + i] = i < c ? stats[2 * i + 1] : 0;
	}
	return (prologue){ to, to + wide, prologue_slope(call) };
}

VEC vf prologue_value(vf x, vf mean, vf rstd, vf slope)
{
	vf v = vf_mul(vf_sub(x, mean), rstd);
	return vf_select(vf_ge(vf_zero(), v), vf_mul(v, slope), v);
}

/* n vectors of the same channels, of which c is the first; where bit i of `where` is not set, vector i is left as it is. */
VEC void prologue_values(const prologue *s, int64_t c, vf *x, const int n, uint32_t where)
{
	vf mean = vf_loadu(s->mean + c), rstd = vf_loadu(s->rstd + c), slope = vf_set(s->slope);
#pragma GCC unroll 16
	for (int i = 0; i < n; i++) {
		vf v = prologue_value(x[i], mean, rstd, slope);
		x[i] = where >> i & 1 ? v : x[i];
	}
}
#endif
