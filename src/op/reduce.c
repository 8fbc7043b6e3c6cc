/* SPDX-License-Identifier: Apache-2.0 */
/* reduce: sum or mean over a set of axes, which stay as 1. */
#include "op/op.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	for (int i = 0; i < FV_RANK; i++)
		if (n->attr.reduce.axes >> i & 1)
			n->shape.d[i] = 1;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_reduce_attr a = c->node->attr.reduce;
	fv_groups g = fv_groups_of(c->in[0].shape, a.axes);
	for (int64_t i = 0; i < g.count; i++) {
		double sum = 0;
		for (int64_t j = 0; j < g.size; j++)
			sum += fv_get(c->in[0], fv_at(g, i, j));
		fv_put(c->out[0], i, a.kind == FV_MEAN ? sum / (double)g.size : sum);
	}
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_node *x = y->in[0];
	if (y->attr.reduce.kind == FV_MEAN)
		dy = fv_scale(g, dy, 1.0 / (double)fv_groups_of(x->shape, y->attr.reduce.axes).size, 0);
	dx[0] = fv_expand(g, dy, x->shape);
}

static bool rows(const fv_node *n, fv_span out, fv_span *in)
{
	*in = (fv_span){ 0, n->in[0]->shape.h };
	return n->attr.reduce.axes == FV_HW;
}

const fv_op fv_op_reduce = {
	.name = "reduce", .outputs = 1, .shape = shape, .grad = grad, .reference = reference, .rows = rows, .whole = true,
};

fv_node *fv_reduce(fv_graph *g, fv_reduce_kind kind, fv_node *x, fv_axes axes)
{
	return fv_append(g, &fv_op_reduce, 1, &x, 0, &(fv_attr){ .reduce = { kind, axes } });
}
