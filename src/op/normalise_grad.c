/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_grad: dx = r (dy - mean(dy) - z mean(dy z)),  z = (x - mean(x)) r,  r = 1 / sqrt(variance(x) + eps)
 *
 *	in	x, stats (of normalise), dy, [y: dy passes where y > 0, slope times elsewhere; the fusion pass sets it]
 *
 * Its own gradient is composed of primitives in x and dy, so that second-order terms are right. */
#include "op/fused.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	if (!fv_shape_equal(n->in[0]->shape, n->in[2]->shape))
		return fv_fail(err, FV_E_SHAPE, "normalise_grad: x is %s, dy %s", fv_shape_text(n->in[0]->shape).s,
		               fv_shape_text(n->in[2]->shape).s);
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	return FV_OK;
}

static double masked(const fv_call *c, int64_t k)
{
	const fv_prologue *in = &c->node->attr.in;
	double d = fv_get(c->in[2], k);
	return in->mask ? fv_mask_value(fv_get(c->in[3], k), in->slope, d) : d;
}

static void reference(const fv_call *c)
{
	fv_tensor x = c->in[0];
	fv_groups g = fv_groups_of(x.shape, c->node->attr.normalise.axes);
	for (int64_t i = 0; i < g.count; i++) {
		double mean = fv_get(c->in[1], 2 * i), r = fv_get(c->in[1], 2 * i + 1), m = 0, mz = 0;
		for (int64_t j = 0; j < g.size; j++) {
			int64_t k = fv_at(g, i, j);
			double d = masked(c, k);
			m += d / (double)g.size;
			mz += d * (fv_get(x, k) - mean) * r / (double)g.size;
		}
		for (int64_t j = 0; j < g.size; j++) {
			int64_t k = fv_at(g, i, j);
			fv_put(c->out[0], k, r * (masked(c, k) - m - (fv_get(x, k) - mean) * r * mz));
		}
	}
}

/* u: the incoming gradient; mean and r rebuilt from x, so that this can be differentiated once more. */
static void grad(fv_graph *g, fv_node *y, fv_node *u, fv_node **dx)
{
	fv_normalise_attr a = y->attr.normalise;
	fv_node *x = y->in[0], *dy = y->in[2];
	fv_node *centred = fv_sub(g, x, fv_mean(g, x, a.axes));
	fv_node *variance = fv_mean(g, fv_unary(g, FV_SQUARE, centred, 0, 0), a.axes);
	fv_node *r = fv_unary(g, FV_RSQRT, fv_scale(g, variance, 1, a.eps), 0, 0);
	fv_node *z = fv_mul(g, centred, r);
	/* The map is symmetric in dy: the gradient in dy is the map itself applied to u. */
	dx[2] = fv_normalise_grad(g, x, y->in[1], u, a.axes, a.eps);
	/* In x: S = <u, dx> = N r (s - p q) with p = mean(dy z), q = mean(u z), s = mean(c(u) c(dy)), c = centring; since
	 * dr/dx = -r^2 z / N and dp/dx = r (c(dy) - z p) / N:  dS/dx = r^2 (z (3 p q - s) - p c(u) - q c(dy)). */
	fv_node *cu = fv_sub(g, u, fv_mean(g, u, a.axes)), *cd = fv_sub(g, dy, fv_mean(g, dy, a.axes));
	fv_node *p = fv_mean(g, fv_mul(g, dy, z), a.axes), *q = fv_mean(g, fv_mul(g, u, z), a.axes);
	fv_node *s = fv_mean(g, fv_mul(g, cu, cd), a.axes);
	fv_node *along = fv_sub(g, fv_scale(g, fv_mul(g, p, q), 3, 0), s);
	fv_node *sum = fv_sub(g, fv_sub(g, fv_mul(g, z, along), fv_mul(g, p, cu)), fv_mul(g, q, cd));
	dx[0] = fv_mul(g, fv_unary(g, FV_SQUARE, r, 0, 0), sum);
}

static fv_cost cost(const fv_node *n)
{
	double e = (double)fv_elements(n->shape), b = (double)fv_type_bytes(n->type);
	return (fv_cost){ .flops = 12 * e, .bytes = (5 + 2 * n->attr.in.mask) * e * b };
}

const fv_op fv_op_normalise_grad = {
	.name = "normalise_grad", .outputs = 1, .shape = shape, .grad = grad, .reference = reference, .cost = cost,
};

fv_node *fv_normalise_grad(fv_graph *g, fv_node *x, fv_node *stats, fv_node *dy, fv_axes axes, double eps)
{
	fv_node *in[] = { x, stats, dy };
	return fv_append(g, &fv_op_normalise_grad, 3, in, 0, &(fv_attr){ .normalise = { .axes = axes, .eps = eps } });
}
