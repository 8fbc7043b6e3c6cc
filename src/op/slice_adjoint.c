/* SPDX-License-Identifier: Apache-2.0 */
/* slice_adjoint: dy put into zeros of `shape`, at start[]. */
#include "op/op.h"
#include "op/broadcast.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_slice_attr a = n->attr.slice;
	for (int i = 0; i < FV_RANK; i++)
		if (a.start[i] < 0 || a.start[i] + n->in[0]->shape.d[i] > a.shape.d[i])
			return fv_fail(err, FV_E_SHAPE, "slice_adjoint: %s does not lie within %s", fv_shape_text(n->in[0]->shape).s, fv_shape_text(a.shape).s);
	n->type = n->in[0]->type;
	n->shape = a.shape;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_shape x = c->out[0].shape, y = c->in[0].shape;
	const int64_t *start = c->node->attr.slice.start;
	int64_t step = 1, first = 0;
	fv_steps s;
	for (int k = FV_RANK - 1; k >= 0; k--) {
		s.step[k] = step;
		first += start[k] * step;
		step *= x.d[k];
	}
	memset(c->out[0].data, 0, (size_t)fv_tensor_bytes(c->out[0].type, x));
	for (int64_t i = 0; i < fv_elements(y); i++)
		fv_put(c->out[0], first + fv_steps_at(&s, y, i), fv_get(c->in[0], i));
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	dx[0] = fv_slice(g, dy, y->attr.slice.start, y->in[0]->shape);
}

const fv_op fv_op_slice_adjoint = {
	.name = "slice_adjoint", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_slice_adjoint(fv_graph *g, fv_node *dy, const int64_t *start, fv_shape shape)
{
	fv_attr a = { .slice = { .shape = shape } };
	memcpy(a.slice.start, start, sizeof a.slice.start);
	return fv_append(g, &fv_op_slice_adjoint, 1, &dy, 0, &a);
}
