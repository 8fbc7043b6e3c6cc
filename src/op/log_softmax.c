/* SPDX-License-Identifier: Apache-2.0 */
/* log_softmax: y = x - max - log(sum exp(x - max)), along the last axis. */
#include "op/op.h"
#include <math.h>

static fv_status shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	int64_t m = c->out[0].shape.c;
	for (int64_t r = 0; r < fv_elements(c->out[0].shape); r += m) {
		double top = -INFINITY, sum = 0;
		for (int64_t i = r; i < r + m; i++)
			top = fmax(top, fv_get(c->in[0], i));
		for (int64_t i = r; i < r + m; i++)
			sum += exp(fv_get(c->in[0], i) - top);
		for (int64_t i = r; i < r + m; i++)
			fv_put(c->out[0], i, fv_get(c->in[0], i) - top - log(sum));
	}
}

/* dx = dy - softmax(x) sum(dy) */
static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	dx[0] = fv_sub(g, dy, fv_mul(g, fv_unary(g, FV_EXP, y, 0, 0), fv_sum(g, dy, FV_AXIS_C)));
}

const fv_op fv_op_log_softmax = {
	.name = "log_softmax", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_log_softmax(fv_graph *g, fv_node *x) { return fv_append(g, &fv_op_log_softmax, 1, &x, 0, NULL); }
