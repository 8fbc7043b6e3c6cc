/* SPDX-License-Identifier: Apache-2.0 */
/* cutout: a row a unit; y may be x. */
#include "device/cpu/chunks.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_rows(w, n->shape.n * n->shape.h, n->shape.w * n->shape.c);
	return f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_cutout_attr a = c->node->attr.cutout;
	fv_shape s = c->out[0].shape;
	for (int64_t u = first; u < last; u++) {
		const int32_t *centre = fv_i32(c->in[1]) + 2 * (u / s.h);
		int64_t r = u % s.h - centre[0] + a.h / 2, left = centre[1] - a.w / 2;
		int64_t from = fv_min(s.w, fv_max(0, left)), to = fv_max(from, fv_min(s.w, left + a.w));
		float *y = fv_f32(c->out[0]) + u * s.w * s.c;
		memmove(y, fv_f32(c->in[0]) + u * s.w * s.c, (size_t)(s.w * s.c) * sizeof *y);
		if (r >= 0 && r < a.h)
			memset(y + from * s.c, 0, (size_t)((to - from) * s.c) * sizeof *y);
	}
}

const fv_kernel FV_KERNEL(cutout_rows) = {
	.name = FV_KERNEL_NAME(cutout_rows), .op = &fv_op_cutout, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
