/* SPDX-License-Identifier: Apache-2.0 */
/* norm_affine: a norm's statistics changed so that the norm also scales and shifts.
 *
 *	stats	C,2: mean and 1 / sqrt(variance + eps) of each channel
 *	y	C,2: mean' and rstd' such that (x - mean') rstd' = (x - mean) rstd scale + shift
 *
 * Only a pass makes it (pass_norm.c), of one picture; a scale of nearly nothing is taken as
 * 1e-12. */
#include "op/op.h"
#include <math.h>

static fv_status shape(fv_err *err, fv_node *n)
{
	int64_t c = n->in[0]->shape.w;
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	if (n->shape.rank != 2 || n->shape.c != 2 || fv_elements(n->in[1]->shape) != c ||
	    fv_elements(n->in[2]->shape) != c)
		return fv_fail(err, FV_E_SHAPE, "norm_affine: statistics %s, scale %s, shift %s",
		               fv_shape_text(n->shape).s, fv_shape_text(n->in[1]->shape).s,
		               fv_shape_text(n->in[2]->shape).s);
	return FV_OK;
}

static void reference(const fv_call *c)
{
	for (int64_t i = 0; i < c->out[0].shape.w; i++) {
		double scale = fv_get(c->in[1], i), rstd = fv_get(c->in[0], 2 * i + 1);
		rstd *= fabs(scale) < 1e-12 ? copysign(1e-12, scale) : scale;
		fv_put(c->out[0], 2 * i, fv_get(c->in[0], 2 * i) - fv_get(c->in[2], i) / rstd);
		fv_put(c->out[0], 2 * i + 1, rstd);
	}
}

const fv_op fv_op_norm_affine = {
	.name = "norm_affine", .outputs = 1, .shape = shape, .reference = reference,
};

fv_node *fv_norm_affine(fv_graph *g, fv_node *stats, fv_node *scale, fv_node *shift)
{
	fv_node *in[] = { stats, scale, shift };
	return fv_append(g, &fv_op_norm_affine, 3, in, 0, NULL);
}
