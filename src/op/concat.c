/* SPDX-License-Identifier: Apache-2.0 */
/* concat: inputs one after the other along an axis. */
#include "op/op.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	int axis = n->attr.concat.axis;
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	if (axis < FV_RANK - n->shape.rank || axis >= FV_RANK)
		return fv_fail(err, FV_E_SHAPE, "concat: %s has no axis %d", fv_shape_text(n->shape).s, axis);
	for (int i = 1; i < n->inputs; i++) {
		fv_shape x = n->in[i]->shape, y = n->in[0]->shape;
		x.d[axis] = y.d[axis];
		if (!fv_shape_equal(x, y) || n->in[i]->type != n->type)
			return fv_fail(err, FV_E_SHAPE, "concat: %s %s and %s %s do not fit together", fv_type_name(n->in[i]->type),
			               fv_shape_text(n->in[i]->shape).s, fv_type_name(n->type), fv_shape_text(y).s);
		n->shape.d[axis] += n->in[i]->shape.d[axis];
	}
	return FV_OK;
}

static void reference(const fv_call *c)
{
	int axis = c->node->attr.concat.axis;
	int64_t outer = 1, inner = 1, at = 0, all = c->out[0].shape.d[axis];
	for (int i = 0; i < FV_RANK; i++)
		*(i < axis ? &outer : &inner) *= i == axis ? 1 : c->out[0].shape.d[i];
	for (int k = 0; k < c->node->inputs; k++) {
		int64_t run = c->in[k].shape.d[axis] * inner;
		for (int64_t o = 0; o < outer; o++)
			for (int64_t i = 0; i < run; i++)
				fv_put(c->out[0], o * all * inner + at * inner + i, fv_get(c->in[k], o * run + i));
		at += c->in[k].shape.d[axis];
	}
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	int64_t start[FV_RANK] = { 0 };
	for (int i = 0; i < y->inputs; i++) {
		dx[i] = fv_slice(g, dy, start, y->in[i]->shape);
		start[y->attr.concat.axis] += y->in[i]->shape.d[y->attr.concat.axis];
	}
}

static bool rows(const fv_node *n, fv_span out, fv_span *in) { return n->attr.concat.axis == 5 && fv_same_rows(n, out, in); }

const fv_op fv_op_concat = {
	.name = "concat", .outputs = 1, .shape = shape, .grad = grad, .reference = reference, .cheap = fv_always, .rows = rows,
};

fv_node *fv_concat(fv_graph *g, int axis, fv_node *const *x, int count)
{
	if (count < 1 || count > FV_INPUTS)
		return fv_graph_error(g, FV_E_SHAPE, "concat: %d inputs; 1 to %d fit", count, FV_INPUTS);
	return fv_append(g, &fv_op_concat, count, x, 0, &(fv_attr){ .concat = { axis } });
}
