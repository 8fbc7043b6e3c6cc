/* SPDX-License-Identifier: Apache-2.0 */
/* pad: rows and columns added around pictures: zeros, the picture mirrored (without its edge) or its edge repeated. */
#include "op/conv.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_pad_attr a = n->attr.pad;
	fv_shape x = n->in[0]->shape;
	if (x.rank != 4 || a.top < 0 || a.bottom < 0 || a.left < 0 || a.right < 0)
		return fv_fail(err, FV_E_SHAPE, "pad: %d, %d, %d, %d around %s; slice takes away", a.top, a.bottom, a.left, a.right,
		               fv_shape_text(x).s);
	if (a.kind == FV_PAD_REFLECT && (fv_max(a.top, a.bottom) >= x.h || fv_max(a.left, a.right) >= x.w))
		return fv_fail(err, FV_E_SHAPE, "pad: %s is too small to be mirrored by %d, %d, %d, %d; give a larger picture",
		               fv_shape_text(x).s, a.top, a.bottom, a.left, a.right);
	n->type = n->in[0]->type;
	n->shape = x;
	n->shape.h += a.top + a.bottom;
	n->shape.w += a.left + a.right;
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_pad_attr a = y->attr.pad;
	dx[0] = fv_pad_adjoint(g, dy, a.top, a.bottom, a.left, a.right, a.kind);
}

static void reference(const fv_call *c)
{
	fv_pad_attr a = c->node->attr.pad;
	fv_shape x = c->in[0].shape, y = c->out[0].shape;
	for (int64_t n = 0; n < y.n; n++)
		for (int64_t p = 0; p < y.h; p++)
			for (int64_t q = 0; q < y.w; q++) {
				int64_t r = fv_pad_index(p - a.top, x.h, a.kind), s = fv_pad_index(q - a.left, x.w, a.kind);
				for (int64_t k = 0; k < y.c; k++)
					fv_put(c->out[0], ((n * y.h + p) * y.w + q) * y.c + k,
					       r < 0 || s < 0 ? 0 : fv_get(c->in[0], ((n * x.h + r) * x.w + s) * x.c + k));
			}
}

const fv_op fv_op_pad = {
	.name = "pad", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_pad(fv_graph *g, fv_node *x, int top, int bottom, int left, int right, fv_pad_kind kind)
{
	return fv_append(g, &fv_op_pad, 1, &x, 0, &(fv_attr){ .pad = { top, bottom, left, right, kind } });
}
