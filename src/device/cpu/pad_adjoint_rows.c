/* SPDX-License-Identifier: Apache-2.0 */
/* pad_adjoint: a row of x a unit: its own row of dy and those that mirror it, and of each the columns that do. */
#include "device/cpu/chunks.h"
#include "op/conv.h"

static void add(float *x, const float *dy, int64_t n)
{
	for (int64_t i = 0; i < n; i += VF) {
		vm m = vm_first(n - i);
		vf_store(x + i, vf_add(vf_load(x + i, m), vf_load(dy + i, m)), m);
	}
}

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_rows(w, n->shape.n * n->shape.h, n->shape.w * n->shape.c);
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_pad_attr a = c->node->attr.pad;
	fv_shape s = c->out[0].shape, t = c->in[0].shape;
	for (int64_t u = first; u < last; u++) {
		float *x = fv_f32(c->out[0]) + u * s.w * s.c;
		int64_t p, q;
		memset(x, 0, (size_t)(s.w * s.c) * sizeof *x);
		for (int64_t i = 0; fv_pad_mirror(u % s.h, s.h, a.top, a.bottom, a.kind, i, &p); i++) {
			const float *dy = fv_f32(c->in[0]) + ((u / s.h * t.h + p + a.top) * t.w + a.left) * t.c;
			add(x, dy, s.w * s.c);
			for (int64_t w = 0; w < s.w; w++)
				for (int64_t j = 1; fv_pad_mirror(w, s.w, a.left, a.right, a.kind, j, &q); j++)
					add(x + w * s.c, dy + q * s.c, s.c);
		}
	}
}

const fv_kernel FV_KERNEL(pad_adjoint_rows) = {
	.name = FV_KERNEL_NAME(pad_adjoint_rows), .op = &fv_op_pad_adjoint, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
