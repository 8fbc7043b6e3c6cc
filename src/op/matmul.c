/* SPDX-License-Identifier: Apache-2.0 */
/* matmul: y = op(a) op(b), op = transpose of the last two axes where asked.
 *
 *	a	R,K (or K,R)	rank 3: a batch of them; b the same batch
 *	b	K,C (or C,K)
 *	y	R,C
 *
 * Of rank 2, the fusion pass may ask for a bias and an activation after it, or for an activation's gradient:
 *
 *	in[2]	C	added to each row, or left out
 *	in[3]	R,C	y is multiplied by slope where this is not above 0 */
#include "op/fused.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape a = n->in[0]->shape, b = n->in[1]->shape;
	fv_matmul_attr t = n->attr.matmul;
	if (a.rank > 3 || b.rank > 3 || a.h != b.h || (t.ta ? a.w : a.c) != (t.tb ? b.c : b.w))
		return fv_fail(err, FV_E_SHAPE, "matmul: %s%s and %s%s do not fit", fv_shape_text(a).s, t.ta ? " transposed" : "",
		               fv_shape_text(b).s, t.tb ? " transposed" : "");
	n->type = n->in[0]->type;
	n->shape = a;
	n->shape.rank = a.rank > b.rank ? a.rank : b.rank;
	n->shape.w = t.ta ? a.c : a.w;
	n->shape.c = t.tb ? b.w : b.c;
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_node *a = y->in[0], *b = y->in[1];
	bool ta = y->attr.matmul.ta, tb = y->attr.matmul.tb;
	dx[0] = ta ? fv_matmul(g, b, dy, tb, true) : fv_matmul(g, dy, b, false, !tb);
	dx[1] = tb ? fv_matmul(g, dy, a, true, ta) : fv_matmul(g, a, dy, !ta, false);
}

/* What becomes of a sum in column `column`. */
static double ended(const fv_call *c, double sum, int64_t column, int64_t at)
{
	const fv_epilogue *out = &c->node->attr.out;
	if (c->in[2].data)
		sum += fv_get(c->in[2], column);
	return out->mask ? fv_mask_value(fv_get(c->in[3], at), out->slope, sum) : fv_act_value(out->act, out->slope, sum);
}

static void reference(const fv_call *c)
{
	fv_tensor a = c->in[0], b = c->in[1], y = c->out[0];
	fv_matmul_attr t = c->node->attr.matmul;
	int64_t depth = t.ta ? a.shape.w : a.shape.c;
	for (int64_t i = 0; i < y.shape.h; i++)
		for (int64_t r = 0; r < y.shape.w; r++)
			for (int64_t s = 0; s < y.shape.c; s++) {
				double sum = 0;
				for (int64_t k = 0; k < depth; k++)
					sum += fv_get(a, (i * a.shape.w + (t.ta ? k : r)) * a.shape.c + (t.ta ? r : k)) *
					       fv_get(b, (i * b.shape.w + (t.tb ? s : k)) * b.shape.c + (t.tb ? k : s));
				int64_t at = (i * y.shape.w + r) * y.shape.c + s;
				fv_put(y, at, ended(c, sum, s, at));
			}
}

static fv_cost cost(const fv_node *n)
{
	int64_t depth = n->attr.matmul.ta ? n->in[0]->shape.w : n->in[0]->shape.c;
	double y = (double)fv_elements(n->shape);
	return (fv_cost){
		.flops = 2 * y * (double)depth,
		.bytes = (double)fv_type_bytes(n->type) * (y + (double)fv_elements(n->in[0]->shape) + (double)fv_elements(n->in[1]->shape)),
	};
}

const fv_op fv_op_matmul = {
	.name = "matmul", .outputs = 1, .shape = shape, .grad = grad, .reference = reference, .cost = cost,
};

fv_node *fv_matmul(fv_graph *g, fv_node *a, fv_node *b, bool ta, bool tb)
{
	fv_node *in[] = { a, b };
	return fv_append(g, &fv_op_matmul, 2, in, 0, &(fv_attr){ .matmul = { .ta = ta, .tb = tb } });
}
