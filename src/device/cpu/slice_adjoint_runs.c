/* SPDX-License-Identifier: Apache-2.0 */
/* slice_adjoint: rows of the last axis, copied where dy has them, zeros elsewhere. */
#include "device/cpu/chunks.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_rows(w, fv_elements(n->shape) / n->shape.c, n->shape.c);
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_shape x = c->out[0].shape, y = c->in[0].shape;
	const int64_t *start = c->node->attr.slice.start;
	for (int64_t u = first; u < last; u++) {
		int64_t rest = u, at = 0, step = 1;
		bool inside = true;
		for (int i = 4; i >= 0; i--) {
			int64_t here = rest % x.d[i] - start[i];
			inside &= here >= 0 && here < y.d[i];
			at += here * step;
			step *= y.d[i];
			rest /= x.d[i];
		}
		float *to = fv_f32(c->out[0]) + u * x.c;
		memset(to, 0, (size_t)x.c * sizeof *to);
		if (inside)
			memcpy(to + start[5], fv_f32(c->in[0]) + at * y.c, (size_t)y.c * sizeof *to);
	}
}

const fv_kernel FV_KERNEL(slice_adjoint_runs) = {
	.name = FV_KERNEL_NAME(slice_adjoint_runs), .op = &fv_op_slice_adjoint, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
