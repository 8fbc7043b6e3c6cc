/* SPDX-License-Identifier: Apache-2.0 */
/* unary over chunks. */
#include "device/cpu/chunks.h"

VEC vf apply(int kind, vf x, vf a, vf b)
{
	vf zero = vf_zero(), one = vf_set(1);
	switch (kind) {
	case FV_SCALE: return vf_fma(a, x, b);
	case FV_ABS: return vf_abs(x);
	case FV_SIGN: return vf_select(vf_gt(x, zero), one, vf_select(vf_gt(zero, x), vf_set(-1), x));
	case FV_SQUARE: return vf_mul(x, x);
	case FV_SQRT: return vf_sqrt(x);
	case FV_RSQRT: return vf_div(one, vf_sqrt(x));
	case FV_RECIPROCAL: return vf_div(one, x);
	case FV_EXP: return vf_exp(x);
	case FV_LOG: return vf_log(x);
	case FV_TANH: return vf_tanh(x);
	case FV_SIGMOID: return vf_div(one, vf_add(one, vf_exp(vf_neg(x))));
	/* exp(-|x|) below 2^-12 is its own log1p to rounding; above, log of the sum is exact enough */
	case FV_SOFTPLUS: {
		vf e = vf_exp(vf_neg(vf_abs(x)));
		vf l = vf_select(vf_gt(vf_set(0x1p-12f), e), e, vf_log(vf_add(one, e)));
		return vf_add(vf_select(vf_ge(zero, x), zero, x), l);
	}
	case FV_RELU: return vf_select(vf_ge(zero, x), zero, x);
	case FV_LRELU: return vf_select(vf_ge(zero, x), vf_mul(a, x), x);
	case FV_CLAMP: return vf_select(vf_gt(a, x), a, vf_select(vf_gt(x, b), b, x));
	}
	return x;
}

VEC void each(int kind, const float *x, float *y, int64_t n, float a, float b)
{
	vf va = vf_set(a), vb = vf_set(b);
	int64_t i = 0;
	for (; i + VF <= n; i += VF)
		vf_storeu(y + i, apply(kind, vf_loadu(x + i), va, vb));
	if (i < n) {
		vm m = vm_first(n - i);
		vf_store(y + i, apply(kind, vf_load(x + i, m), va, vb), m);
	}
}

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_chunks(w, fv_elements(n->shape));
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_unary_attr u = c->node->attr.unary;
	int64_t all = fv_elements(c->out[0].shape), from = first * CHUNK, n = fv_min(all, last * CHUNK) - from;
	const float *x = fv_f32(c->in[0]) + from;
	float *y = fv_f32(c->out[0]) + from, a = (float)u.a, b = (float)u.b;
	switch (u.kind) {                                       /* one loop a kind: the choice stands outside it */
#define KIND(k) case k: each(k, x, y, n, a, b); break;
	KIND(FV_SCALE) KIND(FV_ABS) KIND(FV_SIGN) KIND(FV_SQUARE) KIND(FV_SQRT) KIND(FV_RSQRT) KIND(FV_RECIPROCAL) KIND(FV_EXP)
	KIND(FV_LOG) KIND(FV_TANH) KIND(FV_SIGMOID) KIND(FV_SOFTPLUS) KIND(FV_RELU) KIND(FV_LRELU) KIND(FV_CLAMP)
#undef KIND
	}
}

const fv_kernel FV_KERNEL(elementwise_unary) = {
	.name = FV_KERNEL_NAME(elementwise_unary), .op = &fv_op_unary, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
