/* SPDX-License-Identifier: Apache-2.0 */
/* How a convolution ends: bias and activation, as the output is written. */
#ifndef FV_CONV_END_H
#define FV_CONV_END_H
#include "cpu/vec.h"

typedef struct {
	const float *bias;              /* or NULL */
	fv_act act;
	float slope;
} conv_end;

VEC vf conv_end_act(const conv_end *e, vf v)
{
	if (e->act == FV_ACT_RELU)
		return vf_max(vf_zero(), v);            /* NaN stays */
	if (e->act == FV_ACT_LRELU)
		return vf_select(vf_gt(v, vf_zero()), v, vf_mul(v, vf_set(e->slope)));
	if (e->act == FV_ACT_TANH)
		return vf_tanh(v);
	return v;
}

/* `count` channels from o0 on; sums has room for whole vectors, y has not. */
VEC void conv_end_row(const conv_end *e, int64_t o0, int64_t count, const float *sums, float *y)
{
	for (int64_t o = 0; o < count; o += VF) {
		vm m = vm_first(count - o);
		bool whole = count - o >= VF;
		vf v = vf_loadu(sums + o);
		if (e->bias)
			v = vf_add(v, whole ? vf_loadu(e->bias + o0 + o) : vf_load(e->bias + o0 + o, m));
		v = conv_end_act(e, v);
		if (whole)
			vf_storeu(y + o, v);
		else
			vf_store(y + o, v, m);
	}
}
#endif
