/* SPDX-License-Identifier: Apache-2.0 */
/* space_to_depth: blocks of pixels become channels (blocks.h).	x: N,H,W,C	y: N,H/b,W/b,b^2 C */
#include "op/blocks.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape x = n->in[0]->shape;
	int b = n->attr.block.block;
	if (x.rank != 4 || b < 1 || x.h % b || x.w % b)
		return fv_fail(err, FV_E_SHAPE, "space_to_depth: %s does not divide into blocks of %d; pad or crop it first", fv_shape_text(x).s, b);
	n->type = n->in[0]->type;
	n->shape = fv_nhwc(x.n, x.h / b, x.w / b, x.c * b * b);
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx) { dx[0] = fv_depth_to_space(g, dy, y->attr.block.block); }

static void reference(const fv_call *c)
{
	fv_shape fine = c->in[0].shape;
	fv_blocks b = fv_blocks_of(c->out[0].shape, c->node->attr.block.block);
	for (int64_t row = 0; row < fine.n * fine.h; row++)
		for (int64_t q = 0; q < b.coarse_w; q++)
			for (int64_t i = 0; i < b.run; i++)
				fv_put(c->out[0], fv_blocks_at(&b, row) + q * b.coarse_step + i,
				       fv_get(c->in[0], (row * b.coarse_w + q) * b.run + i));
}

const fv_op fv_op_space_to_depth = {
	.name = "space_to_depth", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_space_to_depth(fv_graph *g, fv_node *x, int block)
{
	return fv_append(g, &fv_op_space_to_depth, 1, &x, 0, &(fv_attr){ .block = { block } });
}
