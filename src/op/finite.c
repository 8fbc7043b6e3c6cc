/* SPDX-License-Identifier: Apache-2.0 */
/* finite: a flag: previous (or 1) times (every value of x is finite, and its square too).
 *
 * The square, because Adam keeps it: a gradient of 1e20 is a float, but its square would be an infinity in the second
 * moment for ever. */
#include "op/op.h"
#include <math.h>

static fv_status shape(fv_err *err, fv_node *n)
{
	if (n->in[1] && fv_elements(n->in[1]->shape) != 1)
		return fv_fail(err, FV_E_SHAPE, "finite: the flag before must be a scalar");
	n->type = n->in[0]->type;
	n->shape = fv_scalar();
	return FV_OK;
}

static void reference(const fv_call *c)
{
	bool ok = true;
	for (int64_t i = 0; i < fv_elements(c->in[0].shape); i++) {
		double x = fv_get(c->in[0], i);
		ok &= isfinite(c->in[0].type == FV_F64 ? x * x : (double)(float)(x * x)) != 0;
	}
	fv_put(c->out[0], 0, ok && (!c->in[1].data || fv_get(c->in[1], 0) != 0));
}

const fv_op fv_op_finite = { .name = "finite", .outputs = 1, .shape = shape, .reference = reference };

fv_node *fv_finite(fv_graph *g, fv_node *x, fv_node *previous)
{
	fv_node *in[] = { x, previous };
	return fv_append(g, &fv_op_finite, 2, in, 2, NULL);
}
