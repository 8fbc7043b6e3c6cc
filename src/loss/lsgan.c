/* SPDX-License-Identifier: Apache-2.0 */
#include "loss/loss.h"

fv_node *fv_lsgan(fv_graph *g, fv_node *const *out, int scales, double target)
{
	fv_node *sum = NULL;
	for (int i = 0; i < scales; i++) {
		fv_node *m = fv_mean(
			g, fv_unary(g, FV_SQUARE, fv_scale(g, out[i], 1, -target), 0, 0), FV_ALL);
		sum = sum ? fv_add(g, sum, m) : m;
	}
	return fv_scale(g, sum, 1.0 / scales, 0);
}
