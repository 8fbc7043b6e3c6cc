/* SPDX-License-Identifier: Apache-2.0 */
/* The program under construction. */
#include "graph/graph.h"
#include "op/op.h"
#include <stdio.h>

fv_status fv_graph_new(fv_err *err, fv_context *c, fv_graph **out)
{
	fv_arena *a = fv_arena_new(c);
	fv_graph *g = a ? fv_arena_get(a, sizeof *g) : NULL;
	if (!g) {
		fv_arena_free(a);
		return fv_fail_memory(err, "graph", sizeof *g);
	}
	g->context = c;
	g->arena = a;
	*out = g;
	return FV_OK;
}

void fv_graph_free(fv_graph *g)
{
	if (g)
		fv_arena_free(g->arena);
}

fv_node *fv_graph_error(fv_graph *g, fv_status st, const char *format, ...)
{
	if (!g->err.status) {
		char text[600];
		va_list ap;
		va_start(ap, format);
		vsnprintf(text, sizeof text, format, ap);
		va_end(ap);
		fv_fail(&g->err, st, "%s%s%s", g->label ? g->label : "", g->label ? ": " : "", text);
	}
	return NULL;
}

/* Room for one more in a list of things of `size` bytes; when it moves the old one stays behind until the graph goes. NULL: no memory. */
static void *grow(fv_graph *g, void *list, size_t size, int count, int *room)
{
	if (count < *room)
		return list;
	int more = *room ? 2 * *room : 256;
	void *p = fv_arena_get(g->arena, (size_t)more * size);
	if (p && count)
		memcpy(p, list, (size_t)count * size);
	*room = p ? more : *room;
	return p;
}

fv_node *fv_append(fv_graph *g, const fv_op *op, int inputs, fv_node *const *in, uint32_t optional, const fv_attr *attr)
{
	if (g->err.status)
		return NULL;
	for (int i = 0; i < inputs; i++)
		if (!in[i] && !(optional >> i & 1))
			return fv_graph_error(g, FV_E_INTERNAL, "%s: input %d is missing", op->name, i);
	fv_node *n = fv_arena_get(g->arena, sizeof *n);
	void *list = n ? grow(g, g->node, sizeof *g->node, g->nodes, &g->room) : NULL;
	if (!list)
		return fv_graph_error(g, FV_E_MEMORY, "%s: no memory for the graph", op->name);
	g->node = list;
	n->op = op;
	n->inputs = inputs;
	n->outputs = op->outputs;
	for (int i = 0; i < inputs; i++)
		n->in[i] = in[i];
	if (attr)
		n->attr = *attr;
	n->label = g->label;
	n->shape = n->shape1 = fv_scalar();
	fv_err err;
	fv_status st = op->shape(&err, n);
	if (st)
		return fv_graph_error(g, st, "%s", err.text);
	n->id = g->nodes;
	g->node[g->nodes++] = n;
	return n;
}

void fv_output(fv_graph *g, fv_node *n, const char *format, ...)
{
	char name[256];
	va_list ap;
	if (!n || g->err.status)
		return;
	va_start(ap, format);
	vsnprintf(name, sizeof name, format, ap);
	va_end(ap);
	void *list = grow(g, g->output, sizeof *g->output, g->outputs, &g->output_room);
	char *kept = list ? fv_arena_text(g->arena, "%s", name) : NULL;
	if (!kept) {
		fv_graph_error(g, FV_E_MEMORY, "no memory for the graph");
		return;
	}
	g->output = list;
	g->output[g->outputs].node = n;
	g->output[g->outputs++].name = kept;
}

fv_cost fv_node_cost(const fv_node *n)
{
	if (n->op->cost)
		return n->op->cost(n);
	double bytes = (double)fv_tensor_bytes(n->type, n->shape);
	for (int i = 0; i < n->inputs; i++)
		if (n->in[i])
			bytes += (double)fv_tensor_bytes(n->in[i]->type, n->in[i]->shape);
	return (fv_cost){ .flops = (double)fv_elements(n->shape), .bytes = bytes };
}

/* About what one thread streams from L3; only ratios to other kernels of the same node matter. */
double fv_time_streaming(const fv_node *n) { return fv_node_cost(n).bytes / 20e9; }
