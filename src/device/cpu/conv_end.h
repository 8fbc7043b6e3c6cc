/* SPDX-License-Identifier: Apache-2.0 */
/* How a convolution ends: bias and activation, as the output is written. */
#ifndef FV_CONV_END_H
#define FV_CONV_END_H
#include "device/cpu/vec.h"

typedef struct {
	const float *bias;              /* or NULL */
	fv_act act;
	float slope;
	bool past;                      /* y is stored past the caches: vec.h; only with whole vectors of channels */
} conv_end;

/* Whether to: y, of shape s. */
VEC bool conv_end_past(const float *y, fv_shape s, int64_t groups) { return s.c / groups % VF == 0 && vf_past(y, fv_elements(s) * (int64_t)sizeof(float)); }

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

/* `count` channels from o0 on, of n pixels: sums, `step` floats apart, has room for whole vectors; y, `jump` apart, has not. */
static inline void conv_end_rows(const conv_end *e, int64_t o0, int64_t count, int64_t n, const float *sums, int64_t step, float *y, int64_t jump)
{
	for (int64_t o = 0; o < count; o += VF) {
		vm m = vm_first(count - o);
		vf bias = e->bias ? vf_load(e->bias + o0 + o, m) : vf_zero();
		const float *from = sums + o;
		float *to = y + o;
		if (count - o >= VF)
			for (int64_t i = 0; i < n; i++, from += step, to += jump)
				vf_put(to, conv_end_act(e, vf_add(vf_loadu(from), bias)), e->past);
		else
			for (int64_t i = 0; i < n; i++, from += step, to += jump)
				vf_store(to, conv_end_act(e, vf_add(vf_loadu(from), bias)), m);
	}
}
#endif
