/* SPDX-License-Identifier: Apache-2.0 */
/* unary: y = f(x) for every value. Kinds and their parameters a, b: op.h.
 *
 * A gradient is written in y where it can be, so that x need not be kept. */
#include "op/op.h"
#include <math.h>

static fv_status shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	return FV_OK;
}

static double f(int kind, double x, double a, double b)
{
	switch ((fv_unary_kind)kind) {
	case FV_SCALE: return a * x + b;
	case FV_ABS: return fabs(x);
	case FV_SIGN: return x > 0 ? 1 : x < 0 ? -1 : x;
	case FV_SQUARE: return x * x;
	case FV_SQRT: return sqrt(x);
	case FV_RSQRT: return 1 / sqrt(x);
	case FV_RECIPROCAL: return 1 / x;
	case FV_EXP: return exp(x);
	case FV_LOG: return log(x);
	case FV_TANH: return tanh(x);
	case FV_SIGMOID: return 1 / (1 + exp(-x));
	/* max(x, 0) + log(1 + exp(-|x|)): no overflow on either side */
	case FV_SOFTPLUS: return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
	case FV_RELU: return x <= 0 ? 0 : x;
	case FV_LRELU: return x <= 0 ? a * x : x;
	case FV_CLAMP: return x < a ? a : x > b ? b : x;
	}
	return x;
}

static void reference(const fv_call *c)
{
	fv_unary_attr u = c->node->attr.unary;
	for (int64_t i = 0; i < fv_elements(c->out[0].shape); i++)
		fv_put(c->out[0], i, f(u.kind, fv_get(c->in[0], i), u.a, u.b));
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_node *x = y->in[0], *one = fv_number(g, y->type, 1);
	double a = y->attr.unary.a, b = y->attr.unary.b;
	switch ((fv_unary_kind)y->attr.unary.kind) {
	case FV_SCALE: dx[0] = fv_scale(g, dy, a, 0); break;
	case FV_ABS: dx[0] = fv_mul(g, dy, fv_unary(g, FV_SIGN, x, 0, 0)); break;
	case FV_SIGN: break;
	case FV_SQUARE: dx[0] = fv_mul(g, dy, fv_scale(g, x, 2, 0)); break;
	case FV_SQRT: dx[0] = fv_div(g, dy, fv_scale(g, y, 2, 0)); break;
	case FV_RSQRT: dx[0] = fv_mul(g, dy, fv_scale(g, fv_div(g, y, x), -0.5, 0)); break;
	case FV_RECIPROCAL: dx[0] = fv_mul(g, dy, fv_scale(g, fv_unary(g, FV_SQUARE, y, 0, 0), -1, 0)); break;
	case FV_EXP: dx[0] = fv_mul(g, dy, y); break;
	case FV_LOG: dx[0] = fv_div(g, dy, x); break;
	case FV_TANH: dx[0] = fv_mul(g, dy, fv_sub(g, one, fv_unary(g, FV_SQUARE, y, 0, 0))); break;
	case FV_SIGMOID: dx[0] = fv_mul(g, dy, fv_mul(g, y, fv_sub(g, one, y))); break;
	case FV_SOFTPLUS: dx[0] = fv_mul(g, dy, fv_unary(g, FV_SIGMOID, x, 0, 0)); break;
	/* y > 0 exactly where x > 0 */
	case FV_RELU: dx[0] = fv_binary(g, FV_RELU_GRAD, dy, y, 0); break;
	case FV_LRELU: dx[0] = fv_binary(g, FV_RELU_GRAD, dy, a >= 0 ? y : x, a); break;
	case FV_CLAMP: {
		fv_node *inside = fv_mul(g, fv_binary(g, FV_GREATER, x, fv_number(g, y->type, a), 0),
		                         fv_binary(g, FV_GREATER, fv_number(g, y->type, b), x, 0));
		dx[0] = fv_mul(g, dy, inside);
		break;
	}
	}
}

static bool stored(const fv_node *n) { return n->attr.unary.kind == FV_TANH; }

const fv_op fv_op_unary = {
	.name = "unary", .outputs = 1, .inplace = true, .shape = shape, .grad = grad, .reference = reference,
	.cheap = fv_always, .rows = fv_same_rows, .stored = stored,
};

fv_node *fv_unary(fv_graph *g, fv_unary_kind kind, fv_node *x, double a, double b)
{
	return fv_append(g, &fv_op_unary, 1, &x, 0, &(fv_attr){ .unary = { kind, a, b } });
}
