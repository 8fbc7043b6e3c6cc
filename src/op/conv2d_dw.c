/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dw: the adjoint of conv2d in w.
 *
 *	x	N,H,W,C
 *	dy	N,OH,OW,O
 *	dw	O,KH,KW,C/groups	KH, KW given in the attributes (h, w) */
#include "op/conv.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape x = n->in[0]->shape, dy = n->in[1]->shape;
	if (n->attr.conv.groups < 1 || x.c % n->attr.conv.groups)
		return fv_fail(err, FV_E_SHAPE, "conv2d_dw: %d groups of %" PRId64 " channels", n->attr.conv.groups, x.c);
	fv_shape w = fv_nhwc(dy.c, n->attr.conv.h, n->attr.conv.w, x.c / n->attr.conv.groups);
	int64_t oh, ow;
	fv_status st = fv_conv_check(err, "conv2d_dw", x, w, &n->attr.conv, &oh, &ow);
	if (st)
		return st;
	if (oh != dy.h || ow != dy.w || x.n != dy.n)
		return fv_fail(err, FV_E_SHAPE, "conv2d_dw: %s is no output for a picture of %s and weights %s",
		               fv_shape_text(dy).s, fv_shape_text(x).s, fv_shape_text(w).s);
	n->type = n->in[0]->type;
	n->shape = w;
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_conv_attr a = y->attr.conv;
	dx[1] = fv_conv2d(g, y->in[0], dy, NULL, a);
	a.h = y->in[0]->shape.h, a.w = y->in[0]->shape.w;
	dx[0] = fv_conv2d_dx(g, y->in[1], dy, a);
}

typedef struct { fv_tensor x, dy; double *sum; } sums;

static void visit(void *arg, int64_t x, int64_t w, int64_t y)
{
	sums *s = arg;
	s->sum[w] += fv_get(s->x, x) * fv_get(s->dy, y);
}

static int64_t reference_scratch(const fv_node *n) { return fv_elements(n->shape) * (int64_t)sizeof(double); }

static void reference(const fv_call *c)
{
	fv_conv v = fv_conv_of(c->node);
	int64_t n = fv_elements(c->out[0].shape);
	memset(c->scratch, 0, (size_t)n * sizeof(double));
	fv_conv_walk(&v, visit, &(sums){ c->in[0], c->in[1], c->scratch });
	for (int64_t i = 0; i < n; i++)
		fv_put(c->out[0], i, ((double *)c->scratch)[i]);
}

const fv_op fv_op_conv2d_dw = {
	.name = "conv2d_dw", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
	.reference_scratch = reference_scratch, .cost = fv_conv_cost,
};

fv_node *fv_conv2d_dw(fv_graph *g, fv_node *x, fv_node *dy, fv_conv_attr a)
{
	a.stride = a.stride ? a.stride : 1;
	a.groups = a.groups ? a.groups : 1;
	fv_node *in[] = { x, dy };
	return fv_append(g, &fv_op_conv2d_dw, 2, in, 0, &(fv_attr){ .conv = a });
}
