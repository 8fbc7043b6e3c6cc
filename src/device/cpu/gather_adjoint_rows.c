/* SPDX-License-Identifier: Apache-2.0 */
/* A picture a unit: rows are added in their order. */
#include "device/cpu/chunks.h"
#include "op/rows.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	w->units[0] = n->shape.h;
	return f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_rows r = fv_rows_of(c->out[0].shape, c->in[1].shape);
	for (int64_t n = first; n < last; n++) {
		float *x = fv_f32(c->out[0]) + n * r.rows * r.c;
		const float *dy = fv_f32(c->in[0]) + n * r.k * r.c;
		const int32_t *index = fv_i32(c->in[1]) + n * r.step;
		memset(x, 0, (size_t)(r.rows * r.c) * sizeof *x);
		for (int64_t k = 0; k < r.k && r.c == 1; k++)
			if (index[k] >= 0 && index[k] < r.rows)
				x[index[k]] += dy[k];
		for (int64_t k = 0; k < r.k && r.c > 1; k++)
			if (index[k] >= 0 && index[k] < r.rows)
				for (int64_t i = 0; i < r.c; i++)
					x[index[k] * r.c + i] += dy[k * r.c + i];
	}
}

const fv_kernel FV_KERNEL(gather_adjoint_rows) = {
	.name = FV_KERNEL_NAME(gather_adjoint_rows), .op = &fv_op_gather_adjoint, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
