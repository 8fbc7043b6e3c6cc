/* SPDX-License-Identifier: Apache-2.0 */
/* translate: y[p] = x[p - sign shift], zeros enter; shift N,2 i32 (rows, columns), one for each picture. */
#include "op/op.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	if (n->in[0]->shape.rank != 4 || n->in[1]->type != FV_I32 || fv_elements(n->in[1]->shape) != 2 * n->in[0]->shape.n)
		return fv_fail(err, FV_E_SHAPE, "translate: %s shifts for %s", fv_shape_text(n->in[1]->shape).s, fv_shape_text(n->in[0]->shape).s);
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_shape s = c->out[0].shape;
	const int32_t *shift = fv_i32(c->in[1]);
	int sign = c->node->attr.translate.sign;
	for (int64_t n = 0; n < s.n; n++)
		for (int64_t p = 0; p < s.h; p++)
			for (int64_t q = 0; q < s.w; q++) {
				int64_t r = p - sign * shift[2 * n], t = q - sign * shift[2 * n + 1];
				bool inside = r >= 0 && r < s.h && t >= 0 && t < s.w;
				for (int64_t k = 0; k < s.c; k++)
					fv_put(c->out[0], ((n * s.h + p) * s.w + q) * s.c + k,
					       inside ? fv_get(c->in[0], ((n * s.h + r) * s.w + t) * s.c + k) : 0);
			}
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	dx[0] = fv_translate(g, dy, y->in[1], -y->attr.translate.sign);
}

const fv_op fv_op_translate = {
	.name = "translate", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_translate(fv_graph *g, fv_node *x, fv_node *shift, int sign)
{
	fv_node *in[] = { x, shift };
	return fv_append(g, &fv_op_translate, 2, in, 0, &(fv_attr){ .translate = { sign } });
}
