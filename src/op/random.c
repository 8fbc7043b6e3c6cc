/* SPDX-License-Identifier: Apache-2.0 */
/* random: fills; a pure function of the plan's key (seed, step, attempt), the purpose and the place. Kinds: op.h. */
#include "op/op.h"
#include "op/draw.h"
#include <math.h>

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_random_attr a = n->attr.random;
	n->type = a.type;
	n->shape = a.shape;
	bool whole = a.kind == FV_INTEGERS || a.kind == FV_PERMUTATION;
	if (whole != (a.type == FV_I32) || (a.kind == FV_PERMUTATION && (double)a.shape.c > a.hi))
		return fv_fail(err, FV_E_SHAPE, "random: %s cannot be filled so", fv_shape_text(a.shape).s);
	return FV_OK;
}

/* The first c of a shuffle of 0 .. count-1, without a list of all: Floyd's choice would lose the order, so the swaps
 * of Fisher-Yates are followed backwards. c is some hundreds: quadratic is fine. */
static void permutation(const fv_draw *d, int64_t row, int64_t c, int64_t count, int32_t *y)
{
	for (int64_t i = 0; i < c; i++)                         /* swap i is with this place */
		y[i] = (int32_t)(i + (int64_t)(fv_draw_unit(d, row * c + i) * (double)(count - i)));
	for (int64_t i = c - 1; i > 0; i--)
		/* What the swaps before left at that place: swap k put there what stood at k. */
		for (int64_t k = i - 1; k >= 0; k--)
			if (y[k] == y[i])
				y[i] = (int32_t)k;
}

static void reference(const fv_call *c)
{
	fv_random_attr a = c->node->attr.random;
	fv_draw d = fv_draw_of(c->key, a.purpose);
	fv_tensor y = c->out[0];
	if (a.kind == FV_PERMUTATION) {
		for (int64_t r = 0; r < fv_elements(y.shape) / y.shape.c; r++)
			permutation(&d, r, y.shape.c, (int64_t)a.hi, fv_i32(y) + r * y.shape.c);
		return;
	}
	for (int64_t i = 0; i < fv_elements(y.shape); i++) {
		double u = fv_draw_unit(&d, i);
		if (a.kind == FV_UNIFORM)
			fv_put(y, i, a.lo + u * (a.hi - a.lo));
		else if (a.kind == FV_NORMAL)
			fv_put(y, i, a.lo + a.hi * fv_draw_normal(&d, i));
		else
			fv_put(y, i, a.lo + floor(u * (a.hi - a.lo + 1)));
	}
}

const fv_op fv_op_random = {
	.name = "random", .outputs = 1, .state = true, .shape = shape, .reference = reference,
};

fv_node *fv_random(fv_graph *g, fv_random_kind kind, const char *purpose, fv_type type, fv_shape shape, double lo, double hi)
{
	fv_attr a = { .random = { .kind = kind, .purpose = fv_draw_purpose(purpose), .lo = lo, .hi = hi, .shape = shape, .type = type } };
	return fv_append(g, &fv_op_random, 0, NULL, 0, &a);
}
