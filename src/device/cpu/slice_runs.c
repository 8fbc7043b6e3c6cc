/* SPDX-License-Identifier: Apache-2.0 */
/* slice: rows of the last axis copied; several at once where x has nothing between them. */
#include "device/cpu/chunks.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_rows(w, fv_elements(n->shape) / (n->shape.w * n->shape.c), n->shape.w * n->shape.c);
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_shape x = c->in[0].shape, y = c->out[0].shape;
	const int64_t *start = c->node->attr.slice.start;
	for (int64_t u = first; u < last; u++) {
		int64_t rest = u, at = 0, step = x.w * x.c;
		for (int i = 3; i >= 0; i--) {
			at += (start[i] + rest % y.d[i]) * step;
			rest /= y.d[i];
			step *= x.d[i];
		}
		const float *from = fv_f32(c->in[0]) + at + start[4] * x.c + start[5];
		float *to = fv_f32(c->out[0]) + u * y.w * y.c;
		if (y.c == x.c)
			memcpy(to, from, (size_t)(y.w * y.c) * sizeof *to);
		else if (y.c >= VF)
			for (int64_t w = 0; w < y.w; w++)
				memcpy(to + w * y.c, from + w * x.c, (size_t)y.c * sizeof *to);
		else
			for (int64_t w = 0; w < y.w; w++)
				for (int64_t k = 0; k < y.c; k++)
					to[w * y.c + k] = from[w * x.c + k];
	}
}

const fv_kernel FV_KERNEL(slice_runs) = {
	.name = FV_KERNEL_NAME(slice_runs), .op = &fv_op_slice, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
