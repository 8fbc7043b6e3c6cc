/* SPDX-License-Identifier: Apache-2.0 */
/* resize_adjoint: the transpose of resize; h, w are the size of resize's input. */
#include "op/taps.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	n->shape.h = n->attr.resize.h;
	n->shape.w = n->attr.resize.w;
	if (n->shape.rank != 4 || n->shape.h < 1 || n->shape.w < 1)
		return fv_fail(err, FV_E_SHAPE, "resize_adjoint: %s to %" PRId64 "x%" PRId64 ": both must be pictures",
		               fv_shape_text(n->in[0]->shape).s, n->shape.h, n->shape.w);
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	dx[0] = fv_resize(g, y->attr.resize.kind, dy, y->in[0]->shape.h, y->in[0]->shape.w);
}

static void reference(const fv_call *c) { fv_taps_adjoint(c, fv_resize_taps); }

const fv_op fv_op_resize_adjoint = {
	.name = "resize_adjoint", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_resize_adjoint(fv_graph *g, fv_resize_kind kind, fv_node *dy, int64_t h, int64_t w)
{
	return fv_append(g, &fv_op_resize_adjoint, 1, &dy, 0, &(fv_attr){ .resize = { kind, h, w } });
}
