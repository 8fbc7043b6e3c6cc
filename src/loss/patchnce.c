/* SPDX-License-Identifier: Apache-2.0 */
#include "loss/loss.h"

#define NEVER -10                       /* likeness of a vector to its own place among the others */

/* 1 on the diagonal, else 0, times `scale`, plus `shift`. */
static fv_node *diagonal(fv_graph *g, int64_t n, float scale, float shift)
{
	float *v = fv_arena_get(g->arena, (size_t)(n * n) * sizeof *v);
	if (!v)
		return fv_graph_error(g, FV_E_MEMORY, "no memory for %d places", (int)n);
	for (int64_t i = 0; i < n * n; i++)
		v[i] = shift + (i / n == i % n ? scale : 0);
	return fv_constant(g, FV_F32, FV_SHAPE(n, n), v);
}

fv_node *fv_patchnce(fv_graph *g, fv_node *q, fv_node *k, double temperature)
{
	if (!q || !k)
		return NULL;
	int64_t n = q->shape.h, places = q->shape.w;
	k = fv_detach(g, k);
	fv_node *own = fv_sum(g, fv_mul(g, q, k), FV_AXIS_C);
	fv_node *others = fv_mul(g, fv_matmul(g, q, k, false, true), diagonal(g, places, -1, 1));
	others = fv_add(g, others, diagonal(g, places, NEVER, 0));
	fv_node *logits = fv_concat(g, 5, (fv_node *[]){ own, others }, 2);
	fv_node *chance = fv_log_softmax(g, fv_scale(g, logits, 1 / temperature, 0));
	fv_node *first = fv_slice(g, chance, (int64_t[FV_RANK]){ 0 }, FV_SHAPE(n, places, 1));
	return fv_scale(g, fv_mean(g, first, FV_ALL), -1, 0);
}
