/* SPDX-License-Identifier: Apache-2.0 */
/* Reverse mode: appends the gradient of a scalar. What it appends is graph like any other. */
#include "graph/graph.h"
#include "op/op.h"

/* The way from wrt to loss: a node is on it when it is one of wrt, or has an input on it. */
static void mark(const fv_graph *g, int last, fv_node *const *wrt, int count, bool *on)
{
	for (int i = 0; i < count; i++)
		if (wrt[i] && wrt[i]->id <= last)
			on[wrt[i]->id] = true;
	for (int i = 0; i <= last; i++)
		for (int j = 0; j < g->node[i]->inputs && !on[i]; j++)
			on[i] = g->node[i]->op->grad && g->node[i]->in[j] && on[g->node[i]->in[j]->id];
}

void fv_adjoint(fv_graph *g, fv_node *y, fv_node *dy, fv_node *const *wrt, int count, fv_node **dx)
{
	if (!y || !dy || g->err.status)
		return;
	int last = y->id;
	bool *on = fv_arena_get(g->arena, (size_t)last + 1);
	fv_node **d = fv_arena_get(g->arena, ((size_t)last + 1) * sizeof *d);
	if (!on || !d) {
		fv_graph_error(g, FV_E_MEMORY, "no memory for the gradient");
		return;
	}
	mark(g, last, wrt, count, on);
	const char *label = g->label;
	d[last] = dy;
	for (int i = last; i >= 0; i--) {
		fv_node *n = g->node[i], *dn[FV_INPUTS] = { 0 };
		if (!on[i] || !d[i] || !n->op->grad)
			continue;
		g->label = n->label;
		n->op->grad(g, n, d[i], dn);
		for (int j = 0; j < n->inputs; j++) {
			if (!n->in[j] || !on[n->in[j]->id] || !dn[j])
				continue;
			fv_node **sum = &d[n->in[j]->id];
			*sum = *sum ? fv_add(g, *sum, dn[j]) : dn[j];
		}
	}
	g->label = label;
	for (int i = 0; i < count; i++) {
		fv_node *more = wrt[i] && wrt[i]->id <= last ? d[wrt[i]->id] : NULL;
		if (more)
			dx[i] = dx[i] ? fv_add(g, dx[i], more) : more;
	}
}

void fv_grad(fv_graph *g, fv_node *loss, fv_node *const *wrt, int count, fv_node **dx)
{
	memset(dx, 0, (size_t)count * sizeof *dx);
	if (!loss || g->err.status)
		return;
	if (fv_elements(loss->shape) != 1) {
		fv_graph_error(g, FV_E_INTERNAL, "gradient of %s, which is no scalar", fv_shape_text(loss->shape).s);
		return;
	}
	fv_adjoint(g, loss, fv_expand(g, fv_number(g, loss->type, 1), loss->shape), wrt, count, dx);
	for (int i = 0; i < count; i++)
		if (wrt[i] && !dx[i])
			dx[i] = fv_expand(g, fv_number(g, wrt[i]->type, 0), wrt[i]->shape);
}
