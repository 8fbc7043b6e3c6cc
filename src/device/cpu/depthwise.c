/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d, one channel a group (depthwise.h).
 *
 *	phase 0		weights; one unit
 *	phase 1		unit: a row of y */
#include "device/cpu/depthwise.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	fv_conv v = fv_conv_of(n);
	w->scratch = depthwise_weights(&v) * (int64_t)sizeof(float);
	return depthwise_plan(n, &v, w);
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	fv_conv v = fv_conv_of(call->node);
	epilogue end = epilogue_of(call, false);
	float *w = call->scratch;
	if (call->phase == 0) {
		depthwise_pack(&v, fv_f32(call->in[1]), w);
		return;
	}
	for (int64_t u = first; u < last; u++) {
		const float *x = fv_f32(call->in[0]) + u / v.oh * v.h * v.w * v.c;
		for (int64_t q = 0; q < v.ow; q++) {
			float *y = fv_f32(call->out[0]) + (u * v.ow + q) * v.c;
			depthwise_terms t = { .count = 0 };
			for (int64_t i = 0; i < v.kh; i++) {
				int64_t r = fv_pad_index(u % v.oh * v.stride + i - v.top, v.h, v.kind);
				for (int64_t j = 0; j < v.kw && r >= 0; j++) {
					int64_t s = fv_pad_index(q * v.stride + j - v.left, v.w, v.kind);
					if (s >= 0)
						depthwise_term(&t, x + (r * v.w + s) * v.c, w + (i * v.kw + j) * v.c,
						               v.c, y);
				}
			}
			depthwise_run(&t, v.c, y, &end);
		}
	}
}

const fv_kernel FV_KERNEL(depthwise) = {
	.name = FV_KERNEL_NAME(depthwise), .op = &fv_op_conv2d, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
