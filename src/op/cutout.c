/* SPDX-License-Identifier: Apache-2.0 */
/* cutout: a rectangle of h,w in each picture is set to 0 (DeVries and Taylor, arXiv:1708.04552; as an augmentation of
 * both real and painted pictures: Zhao et al., arXiv:2006.10738).
 *
 *	x	N,H,W,C
 *	centre	N,2 i32: rows centre - h/2 .. centre - h/2 + h - 1, columns alike; what lies outside is nothing */
#include "op/op.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_cutout_attr a = n->attr.cutout;
	fv_shape x = n->in[0]->shape, centre = n->in[1]->shape;
	if (x.rank != 4 || n->in[1]->type != FV_I32 || fv_elements(centre) != 2 * x.n || a.h < 0 || a.w < 0)
		return fv_fail(err, FV_E_SHAPE, "cutout: %s centres for %s", fv_shape_text(centre).s, fv_shape_text(x).s);
	n->type = n->in[0]->type;
	n->shape = x;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_cutout_attr a = c->node->attr.cutout;
	fv_shape s = c->out[0].shape;
	const int32_t *centre = fv_i32(c->in[1]);
	for (int64_t i = 0; i < fv_elements(s); i++) {
		int64_t q = i / s.c % s.w, p = i / (s.c * s.w) % s.h, n = i / (s.c * s.w * s.h);
		int64_t r = p - centre[2 * n] + a.h / 2, t = q - centre[2 * n + 1] + a.w / 2;
		bool inside = r >= 0 && r < a.h && t >= 0 && t < a.w;
		fv_put(c->out[0], i, inside ? 0 : fv_get(c->in[0], i));
	}
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	dx[0] = fv_cutout(g, dy, y->in[1], y->attr.cutout.h, y->attr.cutout.w);
}

const fv_op fv_op_cutout = {
	.name = "cutout", .outputs = 1, .inplace = true, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_cutout(fv_graph *g, fv_node *x, fv_node *centre, int64_t h, int64_t w)
{
	fv_node *in[] = { x, centre };
	return fv_append(g, &fv_op_cutout, 2, in, 0, &(fv_attr){ .cutout = { h, w } });
}
