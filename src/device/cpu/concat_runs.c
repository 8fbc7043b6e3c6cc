/* SPDX-License-Identifier: Apache-2.0 */
/* concat: runs copied; outer positions in groups are the units. */
#include "device/cpu/chunks.h"

static void cut(const fv_node *n, int64_t *outer, int64_t *inner)
{
	*outer = *inner = 1;
	for (int i = 0; i < FV_RANK; i++)
		if (i != n->attr.concat.axis)
			*(i < n->attr.concat.axis ? outer : inner) *= n->shape.d[i];
}

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	int64_t inner;
	cut(n, &w->units[0], &inner);
	w->grain[0] = fv_max(1, CHUNK / (fv_elements(n->shape) / w->units[0]));
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	int64_t outer, inner, all = c->out[0].shape.d[c->node->attr.concat.axis], at = 0;
	cut(c->node, &outer, &inner);
	for (int k = 0; k < c->node->inputs; k++) {
		int64_t size = c->in[k].shape.d[c->node->attr.concat.axis], run = size * inner;
		const float *x = fv_f32(c->in[k]);
		float *y = fv_f32(c->out[0]) + at * inner;
		for (int64_t o = first; o < last; o++) {
			if (run >= 16)
				memcpy(y + o * all * inner, x + o * run, (size_t)run * sizeof *y);
			else
				for (int64_t i = 0; i < run; i++)
					y[o * all * inner + i] = x[o * run + i];
		}
		at += size;
	}
}

const fv_kernel FV_KERNEL(concat_runs) = {
	.name = FV_KERNEL_NAME(concat_runs), .op = &fv_op_concat, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
