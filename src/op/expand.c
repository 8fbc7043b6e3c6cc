/* SPDX-License-Identifier: Apache-2.0 */
/* expand: x repeated along its axes of size 1; the adjoint of sum. */
#include "op/op.h"
#include "op/broadcast.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape x = n->in[0]->shape;
	n->type = n->in[0]->type;
	n->shape = n->attr.shape.shape;
	for (int i = 0; i < FV_RANK; i++)
		if (x.d[i] != 1 && x.d[i] != n->shape.d[i])
			return fv_fail(err, FV_E_SHAPE, "%s cannot be repeated to %s", fv_shape_text(x).s, fv_shape_text(n->shape).s);
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_steps x = fv_steps_of(c->in[0].shape);
	for (int64_t i = 0; i < fv_elements(c->out[0].shape); i++)
		fv_put(c->out[0], i, fv_get(c->in[0], fv_steps_at(&x, c->out[0].shape, i)));
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx) { dx[0] = fv_sum_to(g, dy, y->in[0]->shape); }

const fv_op fv_op_expand = {
	.name = "expand", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_expand(fv_graph *g, fv_node *x, fv_shape shape)
{
	if (x && fv_shape_equal(x->shape, shape))
		return x;
	return fv_append(g, &fv_op_expand, 1, &x, 0, &(fv_attr){ .shape = { shape } });
}

fv_node *fv_sum_to(fv_graph *g, fv_node *dy, fv_shape shape)
{
	fv_axes axes = 0;
	for (int i = 0; dy && i < FV_RANK; i++)
		if (shape.d[i] == 1 && dy->shape.d[i] != 1)
			axes |= 1u << i;
	fv_node *sum = axes ? fv_sum(g, dy, axes) : dy;
	return sum && sum->shape.rank != shape.rank ? fv_reshape(g, sum, shape) : sum;
}
