/* SPDX-License-Identifier: Apache-2.0 */
/* PatchNCE's projection heads: linear, ReLU, linear, length 1. Park et al., arXiv:2007.15651, section 3.2. */
#include "net/net.h"

static fv_node *linear(const fv_scope *s, fv_node *x, int64_t out, int index, int layer)
{
	if (!x)
		return NULL;
	int64_t in = x->shape.c;
	fv_node *w = fv_param(s, FV_SHAPE(out, in), FV_INIT_TORCH, (double)in, "mlp.%d.%d.weight", index, layer);
	fv_node *b = fv_param(s, FV_SHAPE(out), FV_INIT_TORCH, (double)in, "mlp.%d.%d.bias", index, layer);
	return fv_add(s->g, fv_matmul(s->g, x, w, false, true), b);
}

fv_node *fv_projection_build(const fv_scope *s, int index, int width, fv_node *rows)
{
	if (!rows)
		return NULL;
	fv_shape r = rows->shape;
	fv_node *x = fv_reshape(s->g, rows, FV_SHAPE(r.h * r.w, r.c));
	x = linear(s, fv_relu(s->g, linear(s, x, width, index, 0)), width, index, 2);
	return fv_reshape(s->g, fv_l2_normalise(s->g, x, FV_AXIS_C, 1e-12), FV_SHAPE(r.h, r.w, width));
}
