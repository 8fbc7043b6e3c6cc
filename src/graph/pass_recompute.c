/* SPDX-License-Identifier: Apache-2.0 */
/* recompute: where a program would take too much memory, cheap values are made again instead of kept.
 *
 * A value that lies unused where most memory is taken (an activation waits there for the gradient) is dropped after its use
 * before and made again, by the same operation from the same inputs, in front of its next one. Only what costs about a pass over
 * memory is (norms, activations, resizing, 1x1), and only from inputs that are still there then, or can be made again so: a norm's
 * input is, since the norm's own gradient wants it. So some half of what a gradient keeps may go; the bits stay.
 *
 * Where products are of bf16 numbers anyway, what cannot be made again is kept in bf16: rounded after its use before, widened
 * in front of its next one.
 *
 * Chen et al.: Training Deep Nets with Sublinear Memory Cost, arXiv:1604.06174 */
#include "graph/pass.h"

typedef struct {
	int64_t bytes;                  /* 0: no memory of the arena */
	int made, last;                 /* places in the program */
	int before, after;              /* uses next to the place in question; after 0: none */
	bool direct;                    /* those after it read the value itself, not through a view */
} life;

#define NARROW 16384                    /* bytes: less is not worth a call */
#define DEPTH 4                         /* operations made again for one value, one from the other, at most */

static void live(const fv_graph *g, life *l)
{
	memset(l, 0, 2 * (size_t)g->nodes * sizeof *l);
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		if (n->op->view)
			continue;
		for (int output = 0; output < n->outputs; output++)
			if (fv_in_arena(n))
				l[2 * i + output] = (life){ .bytes = fv_value_bytes(n, output), .made = i, .last = i };
		for (int j = 0; j < n->inputs; j++)
			if (n->in[j])
				l[fv_value_of(n->in[j])].last = i;
	}
	for (int i = 0; i < g->outputs; i++)
		l[fv_value_of(g->output[i].node)].last = g->nodes;
	for (int i = 0; i < g->nodes; i++)
		if (g->node[i]->op == &fv_op_input)
			l[2 * i].last = g->nodes;
}

/* Where most is taken, and how much. */
static int peak(const fv_graph *g, const life *l, int64_t *change, int64_t *most)
{
	int at = 0;
	int64_t now = 0;
	memset(change, 0, ((size_t)g->nodes + 2) * sizeof *change);
	for (int v = 0; v < 2 * g->nodes; v++) {
		bool kept = l[v].last == g->nodes;
		change[kept ? 0 : l[v].made] += l[v].bytes;
		change[l[v].last + 1] -= l[v].bytes;
	}
	*most = 0;
	for (int i = 0; i < g->nodes; i++)
		if ((now += change[i]) > *most)
			*most = now, at = i;
	return at;
}

/* Is the value still there for an operation at `at`? Weights are until their update. */
static bool there(const fv_graph *g, const fv_node *n, const life *l, int at)
{
	const life *v = &l[fv_value_of(n)];
	if (n->op != &fv_op_read)
		return n->op == &fv_op_constant || (v->bytes && v->last >= at);
	for (int i = n->id + 1; i < at; i++)
		if (fv_updates(g->node[i]) && g->node[i]->attr.variable.p == n->attr.variable.p)
			return false;
	return true;
}

/* Can n be made again at `at`? */
static bool possible(const fv_graph *g, const fv_node *n, const life *l, int at, int depth)
{
	if (!n->op->cheap || !n->op->cheap(n) || !depth)
		return false;
	for (int j = 0; j < n->inputs; j++)
		if (n->in[j] && !there(g, n->in[j], l, at) && !possible(g, n->in[j], l, at, depth - 1))
			return false;
	return true;
}

/* The uses of each value next to `at`. */
static void look(const fv_graph *g, life *l, int at)
{
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		for (int j = 0; j < n->inputs && !n->op->view; j++) {
			if (!n->in[j])
				continue;
			life *v = &l[fv_value_of(n->in[j])];
			if (i <= at)
				v->before = i;
			else {
				v->direct = (v->after ? v->direct : true) && !n->in[j]->op->view;
				v->after = v->after ? v->after : i;
			}
		}
	}
}

/* The largest value that may be dropped at `at`, or kept in bf16 there if it is not made of one that is; NULL: there is none. */
static fv_node *candidate(const fv_graph *g, const life *l, int at, bool narrow)
{
	fv_node *best = NULL;
	for (int i = 0; i < at; i++) {
		fv_node *n = g->node[i];
		const life *v = &l[2 * i];
		bool may = v->after && v->direct && v->before < at && v->last < g->nodes && (!best || v->bytes > l[2 * best->id].bytes);
		if (may && (narrow ? n->type == FV_F32 && (n->inputs != 1 || n->in[0]->type != FV_BF16) && v->bytes >= NARROW : possible(g, n, l, v->after, DEPTH)))
			best = n;
	}
	return best;
}

/* n once more, in front of the operation that is at *at, whose place changes; `first` was its place. */
static fv_node *copy(fv_graph *g, fv_node *n, const life *l, int first, int *at)
{
	fv_node *in[FV_INPUTS] = { 0 };
	for (int j = 0; j < n->inputs; j++)
		in[j] = !n->in[j] || there(g, n->in[j], l, first) ? n->in[j] : copy(g, n->in[j], l, first, at);
	const char *label = g->label;
	g->label = n->label;
	fv_node *m = fv_append(g, n->op, n->inputs, in, ~0u, &n->attr);
	g->label = label;
	if (!m)
		return NULL;
	fv_pass_move(g, (*at)++);
	return m;
}

/* m stands for n in all that comes after m. */
static void replace(fv_graph *g, const fv_node *n, fv_node *m)
{
	for (int i = m ? m->id + 1 : g->nodes; i < g->nodes; i++)
		for (int j = 0; j < g->node[i]->inputs; j++)
			if (g->node[i]->in[j] == n)
				g->node[i]->in[j] = m;
}

/* n is made again for its next use, which is at `at`, and all later ones. */
static void again(fv_graph *g, fv_node *n, const life *l, int at) { replace(g, n, copy(g, n, l, at, &(int){ at })); }

/* n is kept in bf16 between its uses. */
static void narrow(fv_graph *g, fv_node *n, life v)
{
	fv_node *kept = fv_convert(g, n, FV_BF16);
	if (!kept)
		return;
	fv_pass_move(g, (v.before > v.made ? v.before : v.made) + 1);
	fv_node *m = fv_convert(g, kept, FV_F32);
	if (m)
		fv_pass_move(g, v.after + 1);
	replace(g, n, m);
}

fv_status fv_pass_recompute(fv_err *err, fv_graph *g, int64_t limit)
{
	fv_status st = FV_OK;
	for (bool more = true; more && !st;) {
		fv_arena *a = fv_arena_new(g->context);
		life *l = a ? fv_arena_get(a, 2 * ((size_t)g->nodes + 1) * sizeof *l) : NULL;
		int64_t *change = a ? fv_arena_get(a, ((size_t)g->nodes + 2) * sizeof *change) : NULL, most;
		if (!l || !change)
			st = fv_fail_memory(err, "plan", (size_t)g->nodes * 2 * sizeof *l);
		else {
			live(g, l);
			int at = peak(g, l, change, &most);
			look(g, l, at);
			fv_node *n = most > limit ? candidate(g, l, at, false) : NULL;
			more = n != NULL;
			if (n)
				again(g, n, l, l[2 * n->id].after);
			else if (most > limit && g->context->bf16 && (n = candidate(g, l, at, true))) {
				narrow(g, n, l[2 * n->id]);
				more = true;
			}
			if (g->err.status)
				st = fv_fail(err, g->err.status, "%s", g->err.text);
		}
		fv_arena_free(a);
	}
	return st;
}
