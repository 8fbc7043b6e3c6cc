/* SPDX-License-Identifier: Apache-2.0 */
#include "loss/loss.h"

fv_node *fv_gram(fv_graph *g, fv_node *map)
{
	if (!map)
		return NULL;
	fv_shape s = map->shape;
	fv_node *rows = fv_reshape(g, map, FV_SHAPE(s.n, s.h * s.w, s.c));
	return fv_scale(g, fv_matmul(g, rows, rows, true, false), 1 / (double)(s.h * s.w * s.c), 0);
}
