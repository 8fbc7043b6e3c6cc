/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d: y[n,p,q,o] = act(bias[o] + sum over i,j,c of w[o,i,j,c] x[n, p s + i - top, q s + j - left, c])
 *
 *	x	N,H,W,C
 *	w	O,KH,KW,C/groups
 *	bias	O, or left out
 *	y	N,OH,OW,O	OH = (H + top + bottom - KH) / stride + 1
 *
 * Padding: zeros, reflection or replication. It is a cross-correlation, as everywhere in this field.
 *
 * Of one picture (N = 1) passes may ask for more: to read x as norm and activation make it of x, by
 *
 *	in[3]	C,2	mean and factor of each channel of x; padding comes after it
 *
 * and for the statistics that the next norm wants:
 *
 *	stats	O,2	(output 1) mean and 1 / sqrt(variance + eps) of each channel of y */
#include "op/conv.h"
#include <math.h>

fv_conv fv_conv_of(const fv_node *n)
{
	const fv_conv_attr *a = &n->attr.conv;
	bool dx = n->op == &fv_op_conv2d_dx, dw = n->op == &fv_op_conv2d_dw;
	fv_shape x = dx ? n->shape : n->in[0]->shape;
	fv_shape w = dw ? n->shape : n->in[1]->shape;
	fv_shape y = dx ? n->in[0]->shape : dw ? n->in[1]->shape : n->shape;
	return (fv_conv){
		.n = x.n, .h = x.h, .w = x.w, .c = x.c, .oh = y.h, .ow = y.w, .o = y.c, .kh = w.h, .kw = w.w,
		.stride = a->stride, .groups = a->groups, .top = a->top, .bottom = a->bottom, .left = a->left,
		.right = a->right, .kind = a->kind, .in = n->attr.in, .out = n->attr.out,
	};
}

fv_status fv_conv_check(fv_err *err, const char *who, fv_shape x, fv_shape w, const fv_conv_attr *a, int64_t *oh, int64_t *ow)
{
	int64_t ph = x.h + a->top + a->bottom, pw = x.w + a->left + a->right;
	if (x.rank > 4 || w.rank > 4 || a->stride < 1 || a->groups < 1 || x.c % a->groups || w.n % a->groups || w.c != x.c / a->groups)
		return fv_fail(err, FV_E_SHAPE, "%s: weights %s do not fit a picture of %s in %d groups", who,
		               fv_shape_text(w).s, fv_shape_text(x).s, a->groups);
	if (a->top < 0 || a->bottom < 0 || a->left < 0 || a->right < 0 || ph < w.h || pw < w.w)
		return fv_fail(err, FV_E_SHAPE, "%s: a picture of %s with its padding is smaller than the %" PRId64 "x%" PRId64
		               " kernel; give a larger picture", who, fv_shape_text(x).s, w.h, w.w);
	if (a->kind == FV_PAD_REFLECT && (fv_max(a->top, a->bottom) >= x.h || fv_max(a->left, a->right) >= x.w))
		return fv_fail(err, FV_E_SHAPE, "%s: a picture of %s is too small to be reflected at its border; "
		               "give a larger picture", who, fv_shape_text(x).s);
	*oh = (ph - w.h) / a->stride + 1;
	*ow = (pw - w.w) / a->stride + 1;
	return FV_OK;
}

void fv_conv_walk(const fv_conv *c, fv_conv_visit f, void *arg)
{
	int64_t cg = c->c / c->groups, og = c->o / c->groups;
	for (int64_t n = 0; n < c->n; n++)
		for (int64_t p = 0; p < c->oh; p++)
			for (int64_t q = 0; q < c->ow; q++)
				for (int64_t o = 0; o < c->o; o++)
					for (int64_t i = 0; i < c->kh; i++)
						for (int64_t j = 0; j < c->kw; j++) {
							int64_t r = fv_pad_index(p * c->stride + i - c->top, c->h, c->kind);
							int64_t s = fv_pad_index(q * c->stride + j - c->left, c->w, c->kind);
							if (r < 0 || s < 0)
								continue;
							for (int64_t k = 0; k < cg; k++)
								f(arg, ((n * c->h + r) * c->w + s) * c->c + o / og * cg + k,
								  ((o * c->kh + i) * c->kw + j) * cg + k,
								  ((n * c->oh + p) * c->ow + q) * c->o + o);
						}
}

void fv_conv_ask_stats(fv_node *n, double eps)
{
	n->attr.out.stats = true;
	n->attr.out.eps = eps;
	n->outputs = 2;
	n->type1 = n->type;
	n->shape1 = FV_SHAPE(n->shape.c, 2);
}

void fv_conv_stats(const fv_call *c)
{
	int64_t channels = c->out[0].shape.c, n = fv_elements(c->out[0].shape) / channels;
	for (int64_t k = 0; k < channels && c->node->attr.out.stats; k++) {
		double mean = 0, variance = 0;
		for (int64_t i = 0; i < n; i++)
			mean += fv_get(c->out[0], i * channels + k) / (double)n;
		for (int64_t i = 0; i < n; i++) {
			double d = fv_get(c->out[0], i * channels + k) - mean;
			variance += d * d / (double)n;
		}
		fv_put(c->out[1], 2 * k, mean);
		fv_put(c->out[1], 2 * k + 1, 1 / sqrt(variance + c->node->attr.out.eps));
	}
}

fv_cost fv_conv_cost(const fv_node *n)
{
	fv_conv c = fv_conv_of(n);
	double bytes = (double)fv_tensor_bytes(n->type, n->shape);
	for (int i = 0; i < n->inputs; i++)
		if (n->in[i])
			bytes += (double)fv_tensor_bytes(n->in[i]->type, n->in[i]->shape);
	return (fv_cost){
		.flops = 2.0 * (double)c.n * (double)c.oh * (double)c.ow * (double)c.o * (double)(c.c / c.groups) * (double)(c.kh * c.kw),
		.bytes = bytes,
	};
}

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape x = n->in[0]->shape, w = n->in[1]->shape;
	int64_t oh = 0, ow = 0;
	fv_status st = fv_conv_check(err, "conv2d", x, w, &n->attr.conv, &oh, &ow);
	if (st)
		return st;
	if (n->in[2] && fv_elements(n->in[2]->shape) != w.n)
		return fv_fail(err, FV_E_SHAPE, "conv2d: a bias of %s for %" PRId64 " channels", fv_shape_text(n->in[2]->shape).s, w.n);
	n->type = n->in[0]->type;
	n->shape = fv_nhwc(x.n, oh, ow, w.n);
	if (n->attr.out.stats)
		fv_conv_ask_stats(n, n->attr.out.eps);
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_conv_attr a = y->attr.conv;
	a.h = y->in[0]->shape.h, a.w = y->in[0]->shape.w;
	dx[0] = fv_conv2d_dx(g, dy, y->in[1], a);
	a.h = y->in[1]->shape.h, a.w = y->in[1]->shape.w;
	dx[1] = fv_conv2d_dw(g, y->in[0], dy, a);
	if (y->in[2])
		dx[2] = fv_reshape(g, fv_sum(g, dy, FV_NHW), y->in[2]->shape);
}

typedef struct { fv_tensor a, b, stats; const fv_conv *v; double *sum; } sums;

static double value(const sums *s, int64_t x)
{
	return fv_prologue_value(&s->v->in, s->stats, x % s->v->c, fv_get(s->a, x));
}

static void visit(void *arg, int64_t x, int64_t w, int64_t y)
{
	sums *s = arg;
	s->sum[y] += value(s, x) * fv_get(s->b, w);
}

static int64_t reference_scratch(const fv_node *n) { return fv_elements(n->shape) * (int64_t)sizeof(double); }

static void reference(const fv_call *c)
{
	fv_conv v = fv_conv_of(c->node);
	double *sum = c->scratch;
	int64_t n = fv_elements(c->out[0].shape);
	for (int64_t i = 0; i < n; i++)
		sum[i] = c->in[2].data ? fv_get(c->in[2], i % v.o) : 0;
	fv_conv_walk(&v, visit, &(sums){ c->in[0], c->in[1], c->in[3], &v, sum });
	for (int64_t i = 0; i < n; i++)
		fv_put(c->out[0], i, fv_act_value(v.out.act, v.out.slope, sum[i]));
	fv_conv_stats(c);
}

static bool cheap(const fv_node *n) { return n->in[1]->shape.h == 1 && n->in[1]->shape.w == 1 && n->in[1]->op == &fv_op_read; }

static bool rows(const fv_node *n, fv_span out, fv_span *in)
{
	const fv_conv_attr *a = &n->attr.conv;
	*in = (fv_span){ out.lo * a->stride - a->top, (out.hi - 1) * a->stride - a->top + n->in[1]->shape.h };
	return true;
}

/* A border that the picture has not there is none of the band's either. */
static int64_t band(const fv_node *n, fv_span want, fv_span have, fv_attr *a)
{
	a->conv.top = (int)(have.lo - want.lo);
	a->conv.bottom = (int)(want.hi - have.hi);
	return (want.lo + n->attr.conv.top) / n->attr.conv.stride;
}

const fv_op fv_op_conv2d = {
	.name = "conv2d", .outputs = 1, .shape = shape, .grad = grad, .reference = reference, .reference_scratch = reference_scratch,
	.cost = fv_conv_cost, .cheap = cheap, .rows = rows, .band = band, .rereads = true, .stored = fv_always,
};

fv_node *fv_conv2d(fv_graph *g, fv_node *x, fv_node *w, fv_node *bias, fv_conv_attr a)
{
	a.stride = a.stride ? a.stride : 1;
	a.groups = a.groups ? a.groups : 1;
	a.h = a.w = 0;
	fv_node *in[] = { x, w, bias };
	return fv_append(g, &fv_op_conv2d, 3, in, 4, &(fv_attr){ .conv = a });
}
