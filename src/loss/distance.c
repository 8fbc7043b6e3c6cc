/* SPDX-License-Identifier: Apache-2.0 */
#include "loss/loss.h"

fv_node *fv_absolute_distance(fv_graph *g, fv_node *a, fv_node *b)
{
	return fv_mean(g, fv_unary(g, FV_ABS, fv_sub(g, a, b), 0, 0), FV_ALL);
}

/* d (|x| - d/2) with d = min(|x|, delta): x^2/2 near 0, delta (|x| - delta/2) beyond. */
fv_node *fv_huber_distance(fv_graph *g, fv_node *a, fv_node *b, double delta)
{
	fv_node *off = fv_unary(g, FV_ABS, fv_sub(g, a, b), 0, 0);
	if (!off)
		return NULL;
	fv_node *d = fv_binary(g, FV_MIN, off, fv_number(g, off->type, delta), 0);
	return fv_mean(g, fv_mul(g, d, fv_sub(g, off, fv_scale(g, d, 0.5, 0))), FV_ALL);
}
