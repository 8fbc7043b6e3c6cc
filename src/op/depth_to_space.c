/* SPDX-License-Identifier: Apache-2.0 */
/* depth_to_space: channels become blocks of pixels (blocks.h).	x: N,H,W,b^2 C	y: N,bH,bW,C */
#include "op/blocks.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape x = n->in[0]->shape;
	int b = n->attr.block.block;
	if (x.rank != 4 || b < 1 || x.c % (b * b))
		return fv_fail(err, FV_E_SHAPE, "depth_to_space: the channels of %s do not make blocks of %d", fv_shape_text(x).s, b);
	n->type = n->in[0]->type;
	n->shape = fv_nhwc(x.n, x.h * b, x.w * b, x.c / (b * b));
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx) { dx[0] = fv_space_to_depth(g, dy, y->attr.block.block); }

static void reference(const fv_call *c)
{
	fv_shape fine = c->out[0].shape;
	fv_blocks b = fv_blocks_of(c->in[0].shape, c->node->attr.block.block);
	for (int64_t row = 0; row < fine.n * fine.h; row++)
		for (int64_t q = 0; q < b.coarse_w; q++)
			for (int64_t i = 0; i < b.run; i++)
				fv_put(c->out[0], (row * b.coarse_w + q) * b.run + i,
				       fv_get(c->in[0], fv_blocks_at(&b, row) + q * b.coarse_step + i));
}

const fv_op fv_op_depth_to_space = {
	.name = "depth_to_space", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_depth_to_space(fv_graph *g, fv_node *x, int block)
{
	return fv_append(g, &fv_op_depth_to_space, 1, &x, 0, &(fv_attr){ .block = { block } });
}
