/* SPDX-License-Identifier: Apache-2.0 */
/* transpose in blocks that fit L1 both ways. */
#include "device/cpu/chunks.h"

#define SIDE 32

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	w->units[0] = fv_elements(n->shape) / (n->shape.w * n->shape.c) * fv_div_up(n->shape.c, SIDE);
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_shape s = c->in[0].shape;                            /* s.w rows of s.c values; s.w becomes the fast axis */
	int64_t bands = fv_div_up(s.w, SIDE);
	for (int64_t u = first; u < last; u++) {
		const float *x = fv_f32(c->in[0]) + u / bands * s.w * s.c;
		float *y = fv_f32(c->out[0]) + u / bands * s.w * s.c;
		int64_t r0 = u % bands * SIDE, r1 = fv_min(s.w, r0 + SIDE);
		for (int64_t k0 = 0; k0 < s.c; k0 += SIDE)
			for (int64_t k = k0; k < fv_min(s.c, k0 + SIDE); k++)
				for (int64_t r = r0; r < r1; r++)
					y[k * s.w + r] = x[r * s.c + k];
	}
}

const fv_kernel FV_KERNEL(transpose_blocks) = {
	.name = FV_KERNEL_NAME(transpose_blocks), .op = &fv_op_transpose, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
