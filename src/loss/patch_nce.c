/* SPDX-License-Identifier: Apache-2.0 */
#include "loss/loss.h"

/* The right answer of row i is column i. */
static fv_node *identity(fv_graph *g, int64_t n)
{
	float *m = fv_arena_get(g->arena, (size_t)(n * n) * sizeof *m);
	if (!m)
		return fv_graph_error(g, FV_E_MEMORY, "no memory for PatchNCE's labels");
	for (int64_t i = 0; i < n; i++)
		m[i * n + i] = 1;
	return fv_constant(g, FV_F32, FV_SHAPE(n, n), m);
}

fv_node *fv_patch_nce(const fv_scope *heads, int layer, int width, fv_node *query, fv_node *key, fv_node *index, double temperature)
{
	fv_graph *g = heads->g;
	fv_node *q = fv_projection_build(heads, layer, width, fv_gather(g, query, index));
	fv_node *k = fv_stop(g, fv_projection_build(heads, layer, width, fv_gather(g, fv_stop(g, key), index)));
	if (!q || !k)
		return NULL;
	fv_node *logits = fv_scale(g, fv_matmul(g, q, k, false, true), 1 / temperature, 0);
	return fv_cross_entropy(g, logits, identity(g, q->shape.w));
}
