/* SPDX-License-Identifier: Apache-2.0 */
/* gather: rows of x by number.
 *
 *	x	N,R,C, or N,H,W,C seen as N,HW,C
 *	index	i32: K (the same for all) or N,K; numbers out of range give zeros
 *	y	N,K,C */
#include "op/rows.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_rows r = fv_rows_of(n->in[0]->shape, n->in[1]->shape);
	int rank = n->in[0]->shape.rank, of_index = n->in[1]->shape.rank;
	if (n->in[1]->type != FV_I32 || (rank != 3 && rank != 4) || (of_index != 1 && (of_index != 2 || n->in[1]->shape.w != r.n)))
		return fv_fail(err, FV_E_SHAPE, "gather: rows %s of %s", fv_shape_text(n->in[1]->shape).s, fv_shape_text(n->in[0]->shape).s);
	n->type = n->in[0]->type;
	n->shape = FV_SHAPE(r.n, r.k, r.c);
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_rows r = fv_rows_of(c->in[0].shape, c->in[1].shape);
	for (int64_t n = 0; n < r.n; n++)
		for (int64_t k = 0; k < r.k; k++) {
			int64_t row = fv_i32(c->in[1])[n * r.step + k];
			for (int64_t i = 0; i < r.c; i++)
				fv_put(c->out[0], (n * r.k + k) * r.c + i,
				       row >= 0 && row < r.rows ? fv_get(c->in[0], (n * r.rows + row) * r.c + i) : 0);
		}
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_rows r = fv_rows_of(y->in[0]->shape, y->in[1]->shape);
	fv_node *d = fv_gather_adjoint(g, dy, y->in[1], r.rows);
	dx[0] = fv_reshape(g, d, y->in[0]->shape);
}

const fv_op fv_op_gather = {
	.name = "gather", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_gather(fv_graph *g, fv_node *x, fv_node *index)
{
	fv_node *in[] = { x, index };
	return fv_append(g, &fv_op_gather, 2, in, 0, NULL);
}
