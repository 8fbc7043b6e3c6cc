/* SPDX-License-Identifier: Apache-2.0 */
/* CUT's heads: what a map has at some places, by a small perceptron, each vector divided by its
 * length.
 *
 *	C > width, ReLU > width > v / (|v| + 1e-7)
 *
 * Names are those of the PyTorch original. Park et al., arXiv:2007.15651, section 3. */
#include "net/net.h"

#define DEVIATION 0.02                  /* of fresh weights: of Xavier's, as in the original */
#define EPS 1e-7
#define LEAST 1e-30                     /* of a squared length: no slope of a root at 0 */

static fv_node *linear(const fv_scope *s, fv_node *x, int64_t out, int layer, int part)
{
	if (!x)
		return NULL;
	fv_node *w = fv_param(s, FV_SHAPE(out, x->shape.c), FV_INIT_XAVIER, DEVIATION,
	                      "mlp_%d.%d.weight", layer, part);
	fv_node *b = fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "mlp_%d.%d.bias", layer, part);
	return fv_add(s->g, fv_matmul(s->g, x, w, false, true), b);
}

fv_node *fv_patch_mlp(const fv_scope *s, int width, int layer, fv_node *map, fv_node *places)
{
	fv_graph *g = s->g;
	fv_node *at = fv_gather(g, map, places);
	if (!at)
		return NULL;
	int64_t n = at->shape.h, k = at->shape.w;
	fv_node *x = fv_reshape(g, at, FV_SHAPE(n * k, at->shape.c));
	fv_node *v = linear(s, fv_relu(g, linear(s, x, width, layer, 0)), width, layer, 2);
	fv_node *square = fv_sum(g, fv_unary(g, FV_SQUARE, v, 0, 0), FV_AXIS_C);
	square = fv_binary(g, FV_MAX, square, fv_number(g, FV_F32, LEAST), 0);
	fv_node *length = fv_unary(g, FV_SQRT, square, 0, 0);
	return fv_reshape(g, fv_div(g, v, fv_scale(g, length, 1, EPS)), FV_SHAPE(n, k, width));
}
