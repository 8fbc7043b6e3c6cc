/* SPDX-License-Identifier: Apache-2.0 */
/* transpose: the last two axes change places. */
#include "op/op.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	if (n->shape.rank < 2)
		return fv_fail(err, FV_E_SHAPE, "transpose: %s has no two axes", fv_shape_text(n->shape).s);
	n->shape.w = n->in[0]->shape.c;
	n->shape.c = n->in[0]->shape.w;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_shape y = c->out[0].shape;
	int64_t size = y.w * y.c;
	for (int64_t i = 0; i < fv_elements(y); i++)
		fv_put(c->out[0], i, fv_get(c->in[0], i / size * size + i % y.c * y.w + i % size / y.c));
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx) { dx[0] = fv_transpose(g, dy); }

const fv_op fv_op_transpose = {
	.name = "transpose", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_transpose(fv_graph *g, fv_node *x) { return fv_append(g, &fv_op_transpose, 1, &x, 0, NULL); }
