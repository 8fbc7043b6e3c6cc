/* SPDX-License-Identifier: Apache-2.0 */
/* norm: where one picture passes through, a norm over it costs less than a pass over memory.
 *
 *	conv2d, conv2d_dx > normalise		the convolution measures what it makes; the norm only applies it
 *	normalise > scale and shift		into the statistics: a few numbers a channel; then as the fusion pass does
 *	normalise [> relu, lrelu] > conv2d	the convolution reads what the norm would have read, through it
 *	normalise [> relu, lrelu] > blur	so does what halves a picture
 *
 * The second only where nothing else reads the norm: a painter's, not a training's. Either only where the kernel that is best
 * anyway can do it. */
#include "graph/pass.h"
#include "op/conv.h"

static bool over_picture(const fv_node *n) { return n->op == &fv_op_normalise && n->attr.normalise.axes == FV_HW && n->shape.n == 1; }

/* Is the kernel for n, which was changed, the one that was best before? If not, n is put back. */
static bool settles(const fv_context *c, fv_node *n, const fv_node *was)
{
	bool good = fv_device_same_kernel(c, was, n);
	if (!good)
		*n = *was;
	return good;
}

/* The norm n takes its statistics from the convolution before it. */
static void measure(fv_graph *g, fv_node *n)
{
	fv_node *c = n->in[0], was = *c;
	if ((c->op != &fv_op_conv2d && c->op != &fv_op_conv2d_dx) || c->attr.out.act != FV_ACT_NONE || c->attr.out.stats)
		return;
	fv_conv_ask_stats(c, n->attr.normalise.eps);
	if (!settles(g->context, c, &was))
		return;
	const char *label = g->label;
	g->label = c->label;
	fv_node *stats = fv_output_of(g, c, 1);
	g->label = label;
	if (!stats)
		return;
	fv_pass_move(g, c->id + 1);
	for (int i = n->id + 1; i < g->nodes; i++)
		if (g->node[i]->op == &fv_op_output && g->node[i]->in[0] == n && g->node[i]->attr.output.index == 1)
			g->node[i]->replacement = stats;
	n->attr.in.stats = true;
	n->in[2] = stats;
	n->inputs = 3;
}

/* The reader of n's output 0, when there is exactly one and it is a binary of that kind whose other
 * operand has a value a channel and is there before `at`; *other becomes that operand. */
static fv_node *only(const fv_graph *g, const fv_node *n, fv_binary_kind kind, int at,
                     fv_node **other)
{
	fv_node *reader = NULL;
	for (int i = n->id + 1; i < g->nodes; i++)
		for (int j = 0; j < g->node[i]->inputs; j++) {
			fv_node *r = g->node[i];
			if (r->in[j] != n || (r->op == &fv_op_output && r->attr.output.index == 1))
				continue;
			if (reader || r->op != &fv_op_binary || r->attr.binary.kind != (int)kind)
				return NULL;
			reader = r;
			*other = r->in[!j];
		}
	for (int i = 0; i < g->outputs; i++)
		if (g->output[i].node == n)
			return NULL;
	bool channel = reader && (*other)->id < at && (*other)->shape.c == n->shape.c &&
	               fv_elements((*other)->shape) == n->shape.c;
	return channel ? reader : NULL;
}

/* A norm that was measured takes the scale and shift behind it into its statistics. */
static void take_affine(fv_graph *g, fv_node *n)
{
	fv_node *scale, *shift, *scaled, *shifted;
	if (!n->attr.in.stats || n->attr.out.act != FV_ACT_NONE || n->attr.out.residual)
		return;
	/* Where a reader wants the norm's own statistics, they stay as they are. */
	for (int i = n->id + 1; i < g->nodes; i++)
		if (g->node[i]->op == &fv_op_output && g->node[i]->in[0] == n)
			return;
	if (!(scaled = only(g, n, FV_MUL, n->id, &scale)) ||
	    !(shifted = only(g, scaled, FV_ADD, n->id, &shift)))
		return;
	fv_node *stats = fv_norm_affine(g, n->in[2], scale, shift);
	if (!stats)
		return;
	fv_pass_move(g, n->id);
	n->in[2] = stats;
	scaled->replacement = shifted->replacement = n;
}

/* n, a convolution or a blur, reads through the norm before it. */
static void read_through(fv_graph *g, fv_node *n, const int *readers)
{
	fv_node *x = n->in[0], was = *n;
	if (!over_picture(x) || !x->attr.in.stats || x->attr.out.residual || readers[x->id] != 1 || (n->op == &fv_op_conv2d && n->attr.conv.groups > 1))
		return;
	n->attr.in.stats = true;
	n->attr.in.act = x->attr.out.act;
	n->attr.in.slope = x->attr.out.slope;
	n->inputs = n->op == &fv_op_conv2d ? 4 : 2;
	n->in[0] = x->in[0];
	n->in[n->inputs - 1] = x->in[2];
	settles(g->context, n, &was);
}

fv_status fv_pass_norm(fv_err *err, fv_graph *g)
{
	for (int i = 0; i < g->nodes; i++) {
		fv_node *n = g->node[i];
		if (over_picture(n))
			measure(g, n);
		i = n->id;                      /* it may have moved */
	}
	fv_pass_settle(g);
	bool taken = false;
	for (int i = 0; i < g->nodes; i++) {
		fv_node *n = g->node[i];
		if (over_picture(n)) {
			take_affine(g, n);
			taken |= g->node[i] != n;
			i = n->id;
		}
	}
	fv_pass_settle(g);
	fv_status st = taken ? fv_pass_fuse(err, g) : FV_OK;
	if (st)
		return st;
	fv_arena *a = fv_arena_new(g->context);
	int *readers = a ? fv_arena_get(a, (size_t)g->nodes * sizeof *readers) : NULL;
	if (!readers) {
		fv_arena_free(a);
		return fv_fail_memory(err, "plan", (size_t)g->nodes * sizeof *readers);
	}
	for (int i = 0; i < g->nodes; i++)
		for (int j = 0; j < g->node[i]->inputs; j++)
			if (g->node[i]->in[j])
				readers[g->node[i]->in[j]->id]++;
	for (int i = 0; i < g->outputs; i++)
		readers[g->output[i].node->id]++;
	for (int i = 0; i < g->nodes; i++)
		if (g->node[i]->op == &fv_op_conv2d || g->node[i]->op == &fv_op_blur)
			read_through(g, g->node[i], readers);
	fv_arena_free(a);
	return g->err.status ? fv_fail(err, g->err.status, "%s", g->err.text) : FV_OK;
}
