/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/blocks_fast.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_rows(w, n->in[0]->shape.n * n->in[0]->shape.h, n->in[0]->shape.w * n->in[0]->shape.c);
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_blocks b = fv_blocks_of(c->out[0].shape, c->node->attr.block.block);
	blocks_run(fv_f32(c->in[0]), fv_f32(c->out[0]), &b, true, first, last);
}

const fv_kernel FV_KERNEL(space_to_depth_runs) = {
	.name = FV_KERNEL_NAME(space_to_depth_runs), .op = &fv_op_space_to_depth, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
