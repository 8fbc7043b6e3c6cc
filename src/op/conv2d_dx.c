/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dx: the adjoint of conv2d in x; also the transposed convolution.
 *
 *	dy	N,OH,OW,O
 *	w	O,KH,KW,C/groups
 *	dx	N,H,W,C		H, W given in the attributes: a stride leaves them open
 *
 * Every product that conv2d adds to y[..] from x[..] is added back to dx[..]; with reflected or
 * replicated padding a border pixel collects what its mirror images got. Passes may ask for output 1, as in conv2d. */
#include "op/conv.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape dy = n->in[0]->shape, w = n->in[1]->shape;
	fv_shape x = fv_nhwc(dy.n, n->attr.conv.h, n->attr.conv.w, w.c * n->attr.conv.groups);
	int64_t oh, ow;
	fv_status st = fv_conv_check(err, "conv2d_dx", x, w, &n->attr.conv, &oh, &ow);
	if (st)
		return st;
	if (oh != dy.h || ow != dy.w || w.n != dy.c)
		return fv_fail(err, FV_E_SHAPE, "conv2d_dx: %s is no output for a picture of %s and weights %s",
		               fv_shape_text(dy).s, fv_shape_text(x).s, fv_shape_text(w).s);
	n->type = n->in[0]->type;
	n->shape = x;
	if (n->attr.out.stats)
		fv_conv_ask_stats(n, n->attr.out.eps);
	return FV_OK;
}

/* Linear in dy and in w: its gradients are the other two of the family. */
static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_conv_attr a = y->attr.conv;
	dx[0] = fv_conv2d(g, dy, y->in[1], NULL, a);
	a.h = y->in[1]->shape.h, a.w = y->in[1]->shape.w;
	dx[1] = fv_conv2d_dw(g, dy, y->in[0], a);
}

typedef struct { fv_tensor dy, w; double *sum; } sums;

static void visit(void *arg, int64_t x, int64_t w, int64_t y)
{
	sums *s = arg;
	s->sum[x] += fv_get(s->dy, y) * fv_get(s->w, w);
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
	fv_conv_stats(c);
}

/* Only as painters enlarge: 3x3 or 4x4 to twice the size, or, 3x3 without a border, to a row more. */
static bool rows(const fv_node *n, fv_span out, fv_span *in)
{
	const fv_conv_attr *a = &n->attr.conv;
	*in = (fv_span){ out.lo / 2 - 1, (out.hi + 1) / 2 + 1 };
	const int64_t k = n->in[1]->shape.h;
	const bool border = a->top == 1 && (k == 3 || k == 4), none = a->top == 0 && k == 3;
	return a->stride == 2 && a->kind == FV_PAD_ZERO && (border || none) &&
	       n->shape.h == 2 * n->in[0]->shape.h + none;
}

static int64_t band(const fv_node *n, fv_span want, fv_span have, fv_attr *a)
{
	a->conv.h = 2 * (have.hi - have.lo) + (a->conv.top == 0);
	return 2 * have.lo;
}

const fv_op fv_op_conv2d_dx = {
	.name = "conv2d_dx", .outputs = 1, .shape = shape, .grad = grad, .reference = reference, .reference_scratch = reference_scratch,
	.cost = fv_conv_cost, .rows = rows, .band = band, .rereads = true, .stored = fv_always,
};

fv_node *fv_conv2d_dx(fv_graph *g, fv_node *dy, fv_node *w, fv_conv_attr a)
{
	a.stride = a.stride ? a.stride : 1;
	a.groups = a.groups ? a.groups : 1;
	fv_node *in[] = { dy, w };
	return fv_append(g, &fv_op_conv2d_dx, 2, in, 0, &(fv_attr){ .conv = a });
}
