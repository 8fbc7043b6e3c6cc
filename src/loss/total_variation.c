/* SPDX-License-Identifier: Apache-2.0 */
#include "loss/loss.h"

/* Half the mean square of the difference of neighbours along an axis. */
static fv_node *along(fv_graph *g, fv_node *x, bool rows)
{
	fv_shape s = x->shape;
	int64_t one[FV_RANK] = { 0 };
	one[rows ? 3 : 4] = 1;
	*(rows ? &s.h : &s.w) -= 1;
	fv_node *off = fv_sub(g, fv_slice(g, x, one, s),
	                      fv_slice(g, x, (int64_t[FV_RANK]){ 0 }, s));
	return fv_scale(g, fv_mean(g, fv_unary(g, FV_SQUARE, off, 0, 0), FV_ALL), 0.5, 0);
}

fv_node *fv_total_variation(fv_graph *g, fv_node *x)
{
	return x ? fv_add(g, along(g, x, true), along(g, x, false)) : NULL;
}
