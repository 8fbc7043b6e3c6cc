/* SPDX-License-Identifier: Apache-2.0 */
/* blur_adjoint: the transpose of blur; h, w are the size of blur's input. */
#include "op/taps.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	n->shape.h = n->attr.blur.h;
	n->shape.w = n->attr.blur.w;
	int taps = n->attr.blur.taps;
	if (n->shape.rank != 4 || fv_blur_half(taps, n->shape.h) != n->in[0]->shape.h ||
	    fv_blur_half(taps, n->shape.w) != n->in[0]->shape.w)
		return fv_fail(err, FV_E_SHAPE, "blur_adjoint: %s is no half of %s", fv_shape_text(n->in[0]->shape).s, fv_shape_text(n->shape).s);
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	dx[0] = fv_blur(g, dy, y->attr.blur.taps, y->attr.blur.kind);
}

static void reference(const fv_call *c) { fv_taps_adjoint(c, fv_blur_taps); }

const fv_op fv_op_blur_adjoint = {
	.name = "blur_adjoint", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_blur_adjoint(fv_graph *g, fv_node *dy, int taps, fv_pad_kind kind, int64_t h, int64_t w)
{
	return fv_append(g, &fv_op_blur_adjoint, 1, &dy, 0, &(fv_attr){ .blur = { taps, kind, h, w } });
}
