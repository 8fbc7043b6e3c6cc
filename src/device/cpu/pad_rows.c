/* SPDX-License-Identifier: Apache-2.0 */
/* pad: a row of y a unit: its middle is a row of x, its ends are single pixels. */
#include "device/cpu/chunks.h"
#include "op/conv.h"

/* Columns [from, to) of a row of y, one by one. */
static void ends(const float *x, float *y, fv_shape s, fv_pad_attr a, int64_t from, int64_t to)
{
	for (int64_t q = from; q < to; q++) {
		int64_t at = fv_pad_index(q - a.left, s.w, a.kind);
		for (int64_t k = 0; k < s.c; k++)
			y[q * s.c + k] = at < 0 ? 0 : x[at * s.c + k];
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
	fv_shape s = c->in[0].shape, t = c->out[0].shape;
	for (int64_t u = first; u < last; u++) {
		int64_t r = fv_pad_index(u % t.h - a.top, s.h, a.kind);
		float *y = fv_f32(c->out[0]) + u * t.w * t.c;
		if (r < 0) {
			memset(y, 0, (size_t)(t.w * t.c) * sizeof *y);
			continue;
		}
		const float *x = fv_f32(c->in[0]) + (u / t.h * s.h + r) * s.w * s.c;
		ends(x, y, s, a, 0, a.left);
		memcpy(y + a.left * s.c, x, (size_t)(s.w * s.c) * sizeof *y);
		ends(x, y, s, a, a.left + s.w, t.w);
	}
}

const fv_kernel FV_KERNEL(pad_rows) = {
	.name = FV_KERNEL_NAME(pad_rows), .op = &fv_op_pad, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
