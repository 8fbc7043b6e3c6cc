/* SPDX-License-Identifier: Apache-2.0 */
/* gather_adjoint: dy's rows added up where they came from.
 *
 *	dy	N,K,C
 *	index	K or N,K
 *	dx	N,rows,C */
#include "op/rows.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape dy = n->in[0]->shape;
	fv_shape index = n->in[1]->shape;
	bool fits = index.rank == 1 || (index.rank == 2 && index.w == dy.h);
	if (n->in[1]->type != FV_I32 || dy.rank != 3 || !fits || index.c != dy.w || n->attr.gather.rows < 1)
		return fv_fail(err, FV_E_SHAPE, "gather_adjoint: rows %s for %s", fv_shape_text(index).s, fv_shape_text(dy).s);
	n->type = n->in[0]->type;
	n->shape = FV_SHAPE(dy.h, n->attr.gather.rows, dy.c);
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_rows r = fv_rows_of(c->out[0].shape, c->in[1].shape);
	for (int64_t i = 0; i < fv_elements(c->out[0].shape); i++)
		fv_put(c->out[0], i, 0);
	for (int64_t n = 0; n < r.n; n++)
		for (int64_t k = 0; k < r.k; k++) {
			int64_t row = fv_i32(c->in[1])[n * r.step + k];
			for (int64_t i = 0; i < r.c && row >= 0 && row < r.rows; i++) {
				int64_t at = (n * r.rows + row) * r.c + i;
				fv_put(c->out[0], at, fv_get(c->out[0], at) + fv_get(c->in[0], (n * r.k + k) * r.c + i));
			}
		}
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx) { dx[0] = fv_gather(g, dy, y->in[1]); }

const fv_op fv_op_gather_adjoint = {
	.name = "gather_adjoint", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
};

fv_node *fv_gather_adjoint(fv_graph *g, fv_node *dy, fv_node *index, int64_t rows)
{
	fv_node *in[] = { dy, index };
	return fv_append(g, &fv_op_gather_adjoint, 2, in, 0, &(fv_attr){ .gather = { rows } });
}
