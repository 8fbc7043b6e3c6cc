/* SPDX-License-Identifier: Apache-2.0 */
/* pad_adjoint: the transpose of pad: what lies in the padding is added where it was copied from. */
#include "op/conv.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_pad_attr a = n->attr.pad;
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	n->shape.h -= a.top + a.bottom;
	n->shape.w -= a.left + a.right;
	bool small = n->shape.h < 1 || n->shape.w < 1 ||
	             (a.kind == FV_PAD_REFLECT && (fv_max(a.top, a.bottom) >= n->shape.h || fv_max(a.left, a.right) >= n->shape.w));
	if (n->shape.rank != 4 || a.top < 0 || a.bottom < 0 || a.left < 0 || a.right < 0 || small)
		return fv_fail(err, FV_E_SHAPE, "pad_adjoint: %s is no picture padded by %d, %d, %d, %d", fv_shape_text(n->in[0]->shape).s,
		               a.top, a.bottom, a.left, a.right);
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_pad_attr a = y->attr.pad;
	dx[0] = fv_pad(g, dy, a.top, a.bottom, a.left, a.right, a.kind);
}

static double folded(const fv_call *c, int64_t n, int64_t r, int64_t s, int64_t k)
{
	fv_pad_attr a = c->node->attr.pad;
	fv_shape x = c->out[0].shape, y = c->in[0].shape;
	double sum = 0;
	int64_t p, q;
	for (int64_t i = 0; fv_pad_mirror(r, x.h, a.top, a.bottom, a.kind, i, &p); i++)
		for (int64_t j = 0; fv_pad_mirror(s, x.w, a.left, a.right, a.kind, j, &q); j++)
			sum += fv_get(c->in[0], ((n * y.h + p + a.top) * y.w + q + a.left) * y.c + k);
	return sum;
}

static void reference(const fv_call *c)
{
	fv_shape x = c->out[0].shape;
	for (int64_t n = 0; n < x.n; n++)
		for (int64_t r = 0; r < x.h; r++)
			for (int64_t s = 0; s < x.w; s++)
				for (int64_t k = 0; k < x.c; k++)
					fv_put(c->out[0], ((n * x.h + r) * x.w + s) * x.c + k, folded(c, n, r, s, k));
}

const fv_op fv_op_pad_adjoint = {
	.name = "pad_adjoint", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_pad_adjoint(fv_graph *g, fv_node *dy, int top, int bottom, int left, int right, fv_pad_kind kind)
{
	return fv_append(g, &fv_op_pad_adjoint, 1, &dy, 0, &(fv_attr){ .pad = { top, bottom, left, right, kind } });
}
