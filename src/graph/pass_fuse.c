/* SPDX-License-Identifier: Apache-2.0 */
/* fuse: what follows a heavy operation on every value is fused into its pass over memory.
 *
 *	normalise > relu, lrelu			one normalise with an activation
 *	normalise [> relu] > add(residual)	... and a residual
 *	relu_grad(dy, y) > normalise_grad	the activation's gradient inside the norm's
 *	conv2d > relu, lrelu, tanh		in the convolution's epilogue
 *	matmul > add(bias) [> relu, lrelu]	in the product's
 *	matmul > relu_grad(dy, y)		the activation's gradient there too
 *
 * A value that anything else reads is not fused away. The fused operation stands at the place of the heavy operation, so a
 * residual must have been made before it. */
#include "graph/pass.h"

static bool activation(const fv_node *n, fv_act *act, float *slope)
{
	if (n->op != &fv_op_unary)
		return false;
	*slope = (float)n->attr.unary.a;
	*act = n->attr.unary.kind == FV_RELU ? FV_ACT_RELU : n->attr.unary.kind == FV_LRELU ? FV_ACT_LRELU :
	       n->attr.unary.kind == FV_TANH ? FV_ACT_TANH : FV_ACT_NONE;
	if (*act != FV_ACT_LRELU)
		*slope = 0;
	return *act != FV_ACT_NONE;
}

static bool is_product(const fv_node *n) { return n->op == &fv_op_matmul && n->shape.rank == 2; }

/* Can x do the activation as it writes? */
static bool takes(const fv_node *x, fv_act act)
{
	const fv_epilogue *out = &x->attr.out;
	bool able = x->op == &fv_op_conv2d || (act != FV_ACT_TANH && (x->op == &fv_op_normalise || is_product(x)));
	return able && out->act == FV_ACT_NONE && !out->mask && !out->residual;
}

/* Tries to fuse n, an elementwise consumer, into one of its inputs. */
static void fuse(fv_node *n, const int *readers, bool residuals)
{
	fv_act act;
	float slope;
	if (activation(n, &act, &slope) && readers[n->in[0]->id] == 1) {
		fv_node *x = n->in[0];
		if (takes(x, act)) {
			x->attr.out.act = act;
			x->attr.out.slope = slope;
			n->replacement = x;
		}
		return;
	}
	if (n->op == &fv_op_binary && is_product(n->in[0]) && readers[n->in[0]->id] == 1 && n->in[1]->id < n->in[0]->id) {
		fv_node *x = n->in[0], *y = n->in[1];
		bool bias = n->attr.binary.kind == FV_ADD && x->inputs == 2 && y->shape.c == x->shape.c && fv_elements(y->shape) == x->shape.c;
		bool mask = n->attr.binary.kind == FV_RELU_GRAD && x->inputs == 2 && fv_shape_equal(x->shape, y->shape);
		if (bias || mask) {
			x->inputs = mask ? 4 : 3;
			x->in[x->inputs - 1] = y;
			x->attr.out.mask = mask;
			x->attr.out.slope = mask ? (float)n->attr.binary.a : 0;
			n->replacement = x;
			return;
		}
	}
	if (residuals && n->op == &fv_op_binary && n->attr.binary.kind == FV_ADD && fv_shape_equal(n->in[0]->shape, n->in[1]->shape))
		for (int j = 0; j < 2 && !n->replacement; j++) {
			fv_node *x = n->in[j], *r = n->in[!j];
			if (x->op != &fv_op_normalise || x->attr.out.residual || readers[x->id] != 1 || r->id >= x->id)
				continue;
			x->attr.out.residual = true;
			x->in[1] = r;
			x->inputs = x->inputs < 2 ? 2 : x->inputs;
			n->replacement = x;
		}
}

/* Readers of a value, not counting those of its statistics (output 1). */
static void count(const fv_graph *g, int *readers)
{
	memset(readers, 0, (size_t)g->nodes * sizeof *readers);
	for (int i = 0; i < g->nodes; i++)
		for (int j = 0; j < g->node[i]->inputs; j++) {
			const fv_node *x = g->node[i]->in[j];
			if (x && !(g->node[i]->op == &fv_op_output && g->node[i]->attr.output.index == 1))
				readers[x->id]++;
		}
	for (int i = 0; i < g->outputs; i++)
		readers[g->output[i].node->id] += 2;
}

fv_status fv_pass_fuse(fv_err *err, fv_graph *g)
{
	fv_arena *a = fv_arena_new(g->context);
	int *readers = a ? fv_arena_get(a, (size_t)g->nodes * sizeof *readers) : NULL;
	if (!readers) {
		fv_arena_free(a);
		return fv_fail_memory(err, "plan", (size_t)g->nodes * sizeof *readers);
	}
	/* Activations first; residuals behind them with the readers counted anew. */
	for (int round = 0; round < 2; round++) {
		count(g, readers);
		for (int i = 0; i < g->nodes; i++) {
			fv_node *n = g->node[i];
			for (int j = 0; j < n->inputs; j++)
				if (n->in[j])
					n->in[j] = fv_replacement(n->in[j]);
			if (n->op == &fv_op_normalise_grad && !n->attr.in.mask) {
				fv_node *d = n->in[2];
				if (d->op == &fv_op_binary && d->attr.binary.kind == FV_RELU_GRAD && readers[d->id] == 1 &&
				    fv_shape_equal(d->in[0]->shape, d->in[1]->shape)) {
					n->attr.in.mask = true;
					n->attr.in.slope = (float)d->attr.binary.a;
					n->in[2] = d->in[0];
					n->in[3] = d->in[1];
					n->inputs = 4;
				}
			} else
				fuse(n, readers, round == 1);
			if (n->replacement)
				readers[n->replacement->id] = readers[n->id];
		}
		fv_pass_settle(g);
	}
	fv_arena_free(a);
	return FV_OK;
}
