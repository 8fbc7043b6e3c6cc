/* SPDX-License-Identifier: Apache-2.0 */
/* drop: what neither an output nor an update needs. Also the bookkeeping that all passes share. */
#include "graph/pass.h"

void fv_pass_settle(fv_graph *g)
{
	int kept = 0;
	for (int i = 0; i < g->nodes; i++) {
		fv_node *n = g->node[i];
		if (n->replacement)
			continue;
		for (int j = 0; j < n->inputs; j++)
			if (n->in[j])
				n->in[j] = fv_replacement(n->in[j]);
		n->id = kept;
		g->node[kept++] = n;
	}
	g->nodes = kept;
	for (int i = 0; i < g->outputs; i++)
		g->output[i].node = fv_replacement(g->output[i].node);
}

void fv_pass_move(fv_graph *g, int at)
{
	fv_node *m = g->node[g->nodes - 1];
	memmove(g->node + at + 1, g->node + at, (size_t)(g->nodes - 1 - at) * sizeof *g->node);
	g->node[at] = m;
	for (int i = at; i < g->nodes; i++)
		g->node[i]->id = i;
}

fv_status fv_pass_drop(fv_err *err, fv_graph *g)
{
	fv_arena *a = fv_arena_new(g->context);
	bool *alive = a ? fv_arena_get(a, (size_t)g->nodes) : NULL;
	if (!alive) {
		fv_arena_free(a);
		return fv_fail_memory(err, "plan", (size_t)g->nodes);
	}
	for (int i = 0; i < g->outputs; i++)
		alive[g->output[i].node->id] = true;
	int kept = 0;
	for (int i = g->nodes - 1; i >= 0; i--) {
		fv_node *n = g->node[i];
		alive[i] = alive[i] || n->op->state;
		for (int j = 0; j < n->inputs && alive[i]; j++)
			if (n->in[j])
				alive[n->in[j]->id] = true;
	}
	for (int i = 0; i < g->nodes; i++)
		if (alive[i]) {
			g->node[i]->id = kept;
			g->node[kept++] = g->node[i];
		} else
			g->node[i]->id = -1;
	g->nodes = kept;
	fv_arena_free(a);
	return FV_OK;
}
