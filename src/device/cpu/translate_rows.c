/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/chunks.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_rows(w, n->shape.n * n->shape.h, n->shape.w * n->shape.c);
	return f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_shape s = c->out[0].shape;
	int sign = c->node->attr.translate.sign;
	for (int64_t u = first; u < last; u++) {
		const int32_t *shift = fv_i32(c->in[1]) + 2 * (u / s.h);
		int64_t r = u % s.h - sign * shift[0], right = sign * shift[1];
		float *y = fv_f32(c->out[0]) + u * s.w * s.c;
		const float *x = fv_f32(c->in[0]) + (u / s.h * s.h + r) * s.w * s.c;
		int64_t from = fv_min(s.w, fv_max(0, right)), to = fv_max(from, fv_min(s.w, s.w + right));
		if (r < 0 || r >= s.h)
			from = to = s.w;
		memset(y, 0, (size_t)(from * s.c) * sizeof *y);
		if (to > from)
			memcpy(y + from * s.c, x + (from - right) * s.c, (size_t)((to - from) * s.c) * sizeof *y);
		memset(y + to * s.c, 0, (size_t)((s.w - to) * s.c) * sizeof *y);
	}
}

const fv_kernel FV_KERNEL(translate_rows) = {
	.name = FV_KERNEL_NAME(translate_rows), .op = &fv_op_translate, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
