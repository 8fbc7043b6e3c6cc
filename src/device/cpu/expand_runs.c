/* SPDX-License-Identifier: Apache-2.0 */
/* expand over chunks of the result. */
#include "device/cpu/chunks.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_chunks(w, fv_elements(n->shape));
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	loops l = loops_of(c->out[0].shape, c->in[0].shape, c->in[0].shape);
	int64_t from = first * CHUNK, to = fv_min(fv_elements(c->out[0].shape), last * CHUNK);
	const float *x = fv_f32(c->in[0]);
	float *z = fv_f32(c->out[0]);
	while (from < to) {
		int64_t i = from, px, py;
		loops_at(&l, &i, &px, &py);
		int64_t n = fv_min(l.size[0] - i, to - from);
		if (l.x[0])
			memcpy(z + from, x + px + i, (size_t)n * sizeof *z);
		else
			for (int64_t j = 0; j < n; j++)
				z[from + j] = x[px];
		from += n;
	}
}

const fv_kernel FV_KERNEL(expand_runs) = {
	.name = FV_KERNEL_NAME(expand_runs), .op = &fv_op_expand, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
