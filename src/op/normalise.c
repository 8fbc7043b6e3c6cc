/* SPDX-License-Identifier: Apache-2.0 */
/* normalise: y = (x - mean) / sqrt(variance + eps), mean and variance over a set of axes.
 *
 *	x, y	N,H,W,C
 *	stats	groups,2 (output 1): mean and 1 / sqrt(variance + eps) of each group
 *	axes	HW: instance norm [1]; NHW: batch norm; HWC: layer norm
 *	eps	is added to the biased variance (divided by n), as in [1]
 *
 * The fusion pass may add an activation of y and then a residual, in[1]; where a convolution has measured x, stats are in[2].
 *
 * [1] Ulyanov, Vedaldi, Lempitsky: Instance Normalization, arXiv:1607.08022 */
#include "op/fused.h"
#include <math.h>

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape x = n->in[0]->shape;
	fv_groups g = fv_groups_of(x, n->attr.normalise.axes);
	if (g.size < 2)
		return fv_fail(err, FV_E_SHAPE, "normalise: %s leaves one value per mean; give a larger picture", fv_shape_text(x).s);
	n->type = n->type1 = n->in[0]->type;
	n->shape = x;
	n->shape1 = FV_SHAPE(g.count, 2);
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_tensor x = c->in[0], y = c->out[0];
	fv_normalise_attr a = c->node->attr.normalise;
	const fv_epilogue *out = &c->node->attr.out;
	fv_groups g = fv_groups_of(x.shape, a.axes);
	for (int64_t i = 0; i < g.count; i++) {
		double mean = 0, variance = 0;
		for (int64_t j = 0; j < g.size; j++)
			mean += fv_get(x, fv_at(g, i, j)) / (double)g.size;
		/* Second pass on purpose: E[x^2] - mean^2 cancels on flat bright pictures. */
		for (int64_t j = 0; j < g.size; j++) {
			double d = fv_get(x, fv_at(g, i, j)) - mean;
			variance += d * d / (double)g.size;
		}
		double rstd = 1 / sqrt(variance + a.eps);
		if (c->node->attr.in.stats)
			mean = fv_get(c->in[2], 2 * i), rstd = fv_get(c->in[2], 2 * i + 1);
		fv_put(c->out[1], 2 * i, mean);
		fv_put(c->out[1], 2 * i + 1, rstd);
		for (int64_t j = 0; j < g.size; j++) {
			int64_t k = fv_at(g, i, j);
			double v = fv_act_value(out->act, out->slope, (fv_get(x, k) - mean) * rstd);
			fv_put(y, k, out->residual ? v + fv_get(c->in[1], k) : v);
		}
	}
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_normalise_attr a = y->attr.normalise;
	dx[0] = fv_normalise_grad(g, y->in[0], fv_output_of(g, y, 1), dy, a.axes, a.eps);
}

static fv_cost cost(const fv_node *n)
{
	double e = (double)fv_elements(n->shape), b = (double)fv_type_bytes(n->type);
	return (fv_cost){ .flops = 8 * e, .bytes = (3 + n->attr.out.residual) * e * b };
}

/* Of what is over all channels there is one mean for them all, so by_stats gets it for each. */
static bool rows(const fv_node *n, fv_span out, fv_span *in)
{
	fv_axes axes = n->attr.normalise.axes;
	return (axes == FV_HW || (axes == FV_HWC && n->shape.n == 1)) && fv_same_rows(n, out, in);
}

static fv_node *by_stats(fv_graph *g, const fv_node *n, fv_node *x, const float *means, const float *rstds)
{
	fv_shape s = fv_nhwc(1, 1, 1, n->shape.c);
	return fv_mul(g, fv_sub(g, x, fv_constant(g, FV_F32, s, means)), fv_constant(g, FV_F32, s, rstds));
}

const fv_op fv_op_normalise = {
	.name = "normalise", .outputs = 2, .inplace = true, .shape = shape, .grad = grad, .reference = reference, .cost = cost,
	.cheap = fv_always, .rows = rows, .by_stats = by_stats, .rereads = true,
};

fv_node *fv_normalise(fv_graph *g, fv_node *x, fv_axes axes, double eps)
{
	return fv_append(g, &fv_op_normalise, 1, &x, 0, &(fv_attr){ .normalise = { .axes = axes, .eps = eps } });
}
