/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dx, one channel a group (depthwise.h): each pixel of dx collects what it and its mirror images got.
 *
 *	phase 0		weights; one unit
 *	phase 1		unit: a row of dx */
#include "device/cpu/depthwise.h"

/* The output row that tap i took from padded row r, or -1. */
static int64_t from(int64_t r, int64_t i, int64_t stride, int64_t outputs)
{
	int64_t p = r - i;
	return p >= 0 && p % stride == 0 && p / stride < outputs ? p / stride : -1;
}

static void pixel(const fv_conv *v, const float *dy, const float *w, int64_t h, int64_t x, float *dx)
{
	depthwise_terms t = { .count = 0 };
	int64_t r, s;
	for (int64_t a = 0; fv_pad_mirror(h, v->h, v->top, v->bottom, v->kind, a, &r); a++)
		for (int64_t b = 0; fv_pad_mirror(x, v->w, v->left, v->right, v->kind, b, &s); b++)
			for (int64_t i = 0; i < v->kh; i++) {
				int64_t p = from(r + v->top, i, v->stride, v->oh);
				for (int64_t j = 0; j < v->kw && p >= 0; j++) {
					int64_t q = from(s + v->left, j, v->stride, v->ow);
					if (q >= 0)
						depthwise_term(&t, dy + (p * v->ow + q) * v->c,
						               w + (i * v->kw + j) * v->c, v->c, dx);
				}
			}
	depthwise_run(&t, v->c, dx, NULL);
}

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	fv_conv v = fv_conv_of(n);
	w->scratch = depthwise_weights(&v) * (int64_t)sizeof(float);
	return depthwise_plan(n, &v, w);
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	fv_conv v = fv_conv_of(call->node);
	float *w = call->scratch;
	if (call->phase == 0) {
		depthwise_pack(&v, fv_f32(call->in[1]), w);
		return;
	}
	for (int64_t u = first; u < last; u++)
		for (int64_t x = 0; x < v.w; x++)
			pixel(&v, fv_f32(call->in[0]) + u / v.h * v.oh * v.ow * v.c, w, u % v.h, x,
			      fv_f32(call->out[0]) + (u * v.w + x) * v.c);
}

const fv_kernel FV_KERNEL(depthwise_dx) = {
	.name = FV_KERNEL_NAME(depthwise_dx), .op = &fv_op_conv2d_dx, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
