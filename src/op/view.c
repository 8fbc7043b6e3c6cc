/* SPDX-License-Identifier: Apache-2.0 */
/* Views: the same memory under another name. They do no work. */
#include "op/op.h"

static fv_cost nothing(const fv_node *n) { return (fv_cost){ 0, 0 }; }

static fv_status reshape_shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->attr.shape.shape;
	if (fv_elements(n->shape) != fv_elements(n->in[0]->shape))
		return fv_fail(err, FV_E_SHAPE, "reshape: %s does not hold as many values as %s",
		               fv_shape_text(n->shape).s, fv_shape_text(n->in[0]->shape).s);
	return FV_OK;
}

static void reshape_grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	dx[0] = fv_reshape(g, dy, y->in[0]->shape);
}
const fv_op fv_op_reshape = {
	.name = "reshape", .outputs = 1, .view = true, .shape = reshape_shape, .grad = reshape_grad, .cost = nothing,
};

fv_node *fv_reshape(fv_graph *g, fv_node *x, fv_shape shape)
{
	return fv_append(g, &fv_op_reshape, 1, &x, 0, &(fv_attr){ .shape = { shape } });
}

static fv_status detach_shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	return FV_OK;
}
const fv_op fv_op_detach = { .name = "detach", .outputs = 1, .view = true, .shape = detach_shape, .cost = nothing };

fv_node *fv_detach(fv_graph *g, fv_node *x) { return fv_append(g, &fv_op_detach, 1, &x, 0, NULL); }

static fv_status output_shape(fv_err *err, fv_node *n)
{
	const fv_node *x = n->in[0];
	if (n->attr.output.index < 0 || n->attr.output.index >= x->outputs)
		return fv_fail(err, FV_E_INTERNAL, "%s has no output %d", x->op->name, n->attr.output.index);
	n->type = n->attr.output.index ? x->type1 : x->type;
	n->shape = n->attr.output.index ? x->shape1 : x->shape;
	return FV_OK;
}
const fv_op fv_op_output = { .name = "output", .outputs = 1, .view = true, .shape = output_shape, .cost = nothing };

fv_node *fv_output_of(fv_graph *g, fv_node *n, int index)
{
	return fv_append(g, &fv_op_output, 1, &n, 0, &(fv_attr){ .output = { index } });
}
