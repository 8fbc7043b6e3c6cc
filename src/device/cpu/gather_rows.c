/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/chunks.h"
#include "op/rows.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	w->units[0] = fv_rows_of(n->in[0]->shape, n->in[1]->shape).n;
	return f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_rows r = fv_rows_of(c->in[0].shape, c->in[1].shape);
	for (int64_t n = first; n < last; n++) {
		const float *x = fv_f32(c->in[0]) + n * r.rows * r.c;
		float *y = fv_f32(c->out[0]) + n * r.k * r.c;
		const int32_t *index = fv_i32(c->in[1]) + n * r.step;
		for (int64_t k = 0; k < r.k && r.c == 1; k++)
			y[k] = (uint64_t)index[k] < (uint64_t)r.rows ? x[index[k]] : 0;
		for (int64_t k = 0; k < r.k && r.c > 1; k++)
			if (index[k] >= 0 && index[k] < r.rows)
				memcpy(y + k * r.c, x + index[k] * r.c, (size_t)r.c * sizeof *y);
			else
				memset(y + k * r.c, 0, (size_t)r.c * sizeof *y);
	}
}

const fv_kernel FV_KERNEL(gather_rows) = {
	.name = FV_KERNEL_NAME(gather_rows), .op = &fv_op_gather, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
