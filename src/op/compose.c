/* SPDX-License-Identifier: Apache-2.0 */
/* Composed builders: what needs no operator of its own. */
#include "op/op.h"

/* max(|x|^2, eps^2) under the root: no division by nothing, and no gradient of a root at 0. */
fv_node *fv_l2_normalise(fv_graph *g, fv_node *x, fv_axes axes, double eps)
{
	if (!x)
		return NULL;
	fv_node *square = fv_sum(g, fv_unary(g, FV_SQUARE, x, 0, 0), axes);
	return fv_mul(g, x, fv_unary(g, FV_RSQRT, fv_binary(g, FV_MAX, square, fv_number(g, x->type, eps * eps), 0), 0, 0));
}

fv_node *fv_affine(fv_graph *g, fv_node *x, fv_node *scale, fv_node *shift) { return fv_add(g, fv_mul(g, x, scale), shift); }

fv_node *fv_cross_entropy(fv_graph *g, fv_node *logits, fv_node *one_hot)
{
	if (!logits)
		return NULL;
	double rows = (double)(fv_elements(logits->shape) / logits->shape.c);
	return fv_scale(g, fv_sum(g, fv_mul(g, fv_log_softmax(g, logits), one_hot), FV_ALL), -1 / rows, 0);
}

fv_node *fv_bce_logits(fv_graph *g, fv_node *z, double label)
{
	return fv_mean(g, fv_sub(g, fv_unary(g, FV_SOFTPLUS, z, 0, 0), fv_scale(g, z, label, 0)), FV_ALL);
}

fv_node *fv_slice_of_batch(fv_graph *g, fv_node *x, int64_t first, int64_t count)
{
	fv_shape s = x ? x->shape : fv_scalar();
	s.n = count;
	return fv_slice(g, x, (int64_t[FV_RANK]){ [2] = first }, s);
}
