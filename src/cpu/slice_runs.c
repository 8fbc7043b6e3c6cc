/* SPDX-License-Identifier: Apache-2.0 */
/* slice: rows of the last axis copied. */
#include "cpu/chunks.h"

static int64_t units(const fv_node *n, int phase) { return fv_elements(n->shape) / (n->shape.w * n->shape.c); }
static int64_t grain(const fv_node *n, int phase) { return fv_max(1, CHUNK / (n->shape.w * n->shape.c)); }

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
		for (int64_t w = 0; w < y.w; w++)
			memcpy(fv_f32(c->out[0]) + (u * y.w + w) * y.c, fv_f32(c->in[0]) + at + (start[4] + w) * x.c + start[5],
			       (size_t)y.c * sizeof(float));
	}
}

const fv_kernel FV_KERNEL(slice_runs) = {
	.name = FV_KERNEL_NAME(slice_runs), .op = &fv_op_slice, .needs = FV_ISA_BITS, .supports = only_f32,
	.units = units, .grain = grain, .run = run,
};
