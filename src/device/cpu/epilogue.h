/* SPDX-License-Identifier: Apache-2.0 */
/* An operation's epilogue: bias and activation, or relu's gradient, as the output is written. */
#ifndef FV_EPILOGUE_H
#define FV_EPILOGUE_H
#include "device/cpu/work.h"

typedef struct {
	const float *bias;              /* or NULL */
	fv_act act;
	float slope;
	bool non_temporal;                      /* y is written by non-temporal stores (vec.h), which takes whole vectors of channels */
} epilogue;

/* Of a convolution whose bias is in[2]; non_temporal: y may be written by such stores. */
VEC epilogue epilogue_of(const fv_call *c, bool non_temporal)
{
	const fv_epilogue *out = &c->node->attr.out;
	int64_t bytes = fv_elements(c->out[0].shape) * (int64_t)sizeof(float);
	return (epilogue){ fv_f32(c->in[2]), out->act, out->slope, non_temporal && vf_non_temporal(c->out[0].data, bytes) };
}

VEC vf epilogue_act(const epilogue *e, vf v)
{
	if (e->act == FV_ACT_RELU)
		return vf_max(vf_zero(), v);            /* NaN stays */
	if (e->act == FV_ACT_LRELU)
		return vf_select(vf_gt(v, vf_zero()), v, vf_mul(v, vf_set(e->slope)));
	if (e->act == FV_ACT_TANH)
		return vf_tanh(v);
	return v;
}

/* Relu's gradient: v where y, what relu made, is above 0, and slope times v elsewhere. */
VEC vf epilogue_mask(vf v, vf y, vf slope) { return vf_select(vf_gt(y, vf_zero()), v, vf_mul(slope, v)); }

/* `count` channels from o0 on of n pixels. The sums are `step` floats apart and have room for whole vectors; the pixels of y are `jump`
 * floats apart and have not. */
static inline void epilogue_rows(const epilogue *e, int64_t o0, int64_t count, int64_t n, const float *sums, int64_t step, float *y, int64_t jump)
{
	for (int64_t o = 0; o < count; o += VF) {
		vm m = vm_first(count - o);
		vf bias = e->bias ? vf_load(e->bias + o0 + o, m) : vf_zero();
		const float *from = sums + o;
		float *to = y + o;
		if (count - o >= VF)
			for (int64_t i = 0; i < n; i++, from += step, to += jump)
				vf_put(to, epilogue_act(e, vf_add(vf_loadu(from), bias)), e->non_temporal);
		else
			for (int64_t i = 0; i < n; i++, from += step, to += jump)
				vf_store(to, epilogue_act(e, vf_add(vf_loadu(from), bias)), m);
	}
}
#endif
