/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/blocks_fast.h"

static int64_t units(const fv_node *n, int phase) { return n->in[0]->shape.n * n->in[0]->shape.h; }
static int64_t grain(const fv_node *n, int phase) { return blocks_grain(n->in[0]->shape); }

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_blocks b = fv_blocks_of(c->out[0].shape, c->node->attr.block.block);
	blocks_run(fv_f32(c->in[0]), fv_f32(c->out[0]), &b, true, first, last);
}

const fv_kernel FV_KERNEL(space_to_depth_runs) = {
	.name = FV_KERNEL_NAME(space_to_depth_runs), .op = &fv_op_space_to_depth, .needs = FV_ISA_BITS, .supports = only_f32,
	.units = units, .grain = grain, .run = run,
};
