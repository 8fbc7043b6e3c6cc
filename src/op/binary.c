/* SPDX-License-Identifier: Apache-2.0 */
/* binary: z = f(x, y) for every pair; either side may be broadcast (axes of size 1). Kinds: op.h. */
#include "op/op.h"
#include "op/broadcast.h"
#include <math.h>

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape x = n->in[0]->shape, y = n->in[1]->shape;
	n->type = n->in[0]->type;
	n->shape = x;
	n->shape.rank = x.rank > y.rank ? x.rank : y.rank;
	for (int i = 0; i < FV_RANK; i++) {
		n->shape.d[i] = x.d[i] == 1 ? y.d[i] : x.d[i];
		if (x.d[i] != 1 && y.d[i] != 1 && x.d[i] != y.d[i])
			return fv_fail(err, FV_E_SHAPE, "%s and %s do not fit together", fv_shape_text(x).s, fv_shape_text(y).s);
	}
	return FV_OK;
}

static double f(int kind, double x, double y, double a)
{
	switch ((fv_binary_kind)kind) {
	case FV_ADD: return x + y;
	case FV_SUB: return x - y;
	case FV_MUL: return x * y;
	case FV_DIV: return x / y;
	case FV_MAX: return x > y || isnan(x) ? x : y;
	case FV_MIN: return x < y || isnan(x) ? x : y;
	case FV_RELU_GRAD: return y > 0 ? x : a * x;
	case FV_GREATER: return x > y;
	}
	return x;
}

static void reference(const fv_call *c)
{
	fv_binary_attr b = c->node->attr.binary;
	fv_shape s = c->out[0].shape;
	fv_steps x = fv_steps_of(c->in[0].shape), y = fv_steps_of(c->in[1].shape);
	for (int64_t i = 0; i < fv_elements(s); i++)
		fv_put(c->out[0], i, f(b.kind, fv_get(c->in[0], fv_steps_at(&x, s, i)), fv_get(c->in[1], fv_steps_at(&y, s, i)), b.a));
}

static void grad(fv_graph *g, fv_node *z, fv_node *dz, fv_node **dx)
{
	fv_node *x = z->in[0], *y = z->in[1], *a = NULL, *b = NULL;
	switch ((fv_binary_kind)z->attr.binary.kind) {
	case FV_ADD: a = b = dz; break;
	case FV_SUB: a = dz, b = fv_scale(g, dz, -1, 0); break;
	case FV_MUL: a = fv_mul(g, dz, y), b = fv_mul(g, dz, x); break;
	case FV_DIV: a = fv_div(g, dz, y), b = fv_scale(g, fv_div(g, fv_mul(g, dz, z), y), -1, 0); break;
	case FV_MAX:
		a = fv_mul(g, dz, fv_binary(g, FV_GREATER, x, y, 0));
		b = fv_sub(g, dz, a);
		break;
	case FV_MIN:
		a = fv_mul(g, dz, fv_binary(g, FV_GREATER, y, x, 0));
		b = fv_sub(g, dz, a);
		break;
	case FV_RELU_GRAD: a = fv_binary(g, FV_RELU_GRAD, dz, y, z->attr.binary.a); break;
	case FV_GREATER: break;
	}
	dx[0] = a ? fv_sum_to(g, a, x->shape) : NULL;
	dx[1] = b ? fv_sum_to(g, b, y->shape) : NULL;
}

static bool rows(const fv_node *n, fv_span out, fv_span *in) { return n->in[0]->shape.h == n->shape.h && fv_same_rows(n, out, in); }

const fv_op fv_op_binary = {
	.name = "binary", .outputs = 1, .inplace = true, .shape = shape, .grad = grad, .reference = reference,
	.cheap = fv_always, .rows = rows, .stored = fv_always,
};

fv_node *fv_binary(fv_graph *g, fv_binary_kind kind, fv_node *x, fv_node *y, double a)
{
	fv_node *in[] = { x, y };
	return fv_append(g, &fv_op_binary, 2, in, 0, &(fv_attr){ .binary = { kind, a } });
}
