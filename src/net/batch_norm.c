/* SPDX-License-Identifier: Apache-2.0 */
/* Batch norm as in PyTorch: the batch is normalised by its biased variance, the running variance
 * follows the unbiased one. */
#include "net/net.h"

#define DEVIATION 0.02                  /* of fresh scales about 1, as in DCGAN's original */

/* Appends one to the list. */
static void found(const fv_scope *s, fv_node *running, fv_node *value)
{
	fv_running **at = s->running, *r;
	if (s->g->err.status)
		return;
	if (!(r = fv_arena_get(s->g->arena, sizeof *r))) {
		fv_graph_error(s->g, FV_E_MEMORY, "no memory for running values");
		return;
	}
	while (*at)
		at = &(*at)->next;
	*r = (fv_running){ running->attr.variable.p, fv_detach(s->g, value), NULL };
	*at = r;
}

/* From normalise's statistics, C,2: means and reciprocal deviations. */
static void follow(const fv_scope *s, fv_node *stats, int64_t channels, int64_t samples, double eps,
                   fv_node *mean, fv_node *variance)
{
	fv_graph *g = s->g;
	double unbiased = (double)samples / (double)fv_max(1, samples - 1);
	fv_shape one = FV_SHAPE(channels, 1), all = FV_SHAPE(channels);
	fv_node *m = fv_slice(g, stats, (int64_t[FV_RANK]){ 0 }, one);
	fv_node *r = fv_slice(g, stats, (int64_t[FV_RANK]){ [FV_RANK - 1] = 1 }, one);
	fv_node *v = fv_unary(g, FV_RECIPROCAL, fv_unary(g, FV_SQUARE, r, 0, 0), 0, 0);
	found(s, mean, fv_reshape(g, m, all));
	found(s, variance, fv_reshape(g, fv_scale(g, v, unbiased, -eps * unbiased), all));
}

fv_node *fv_batch_norm(const fv_scope *s, fv_node *x, double eps, const char *name)
{
	fv_graph *g = s->g;
	if (!x)
		return NULL;
	const int64_t c = x->shape.c;
	const fv_shape shape = FV_SHAPE(c);
	fv_node *scale = fv_param(s, shape, FV_INIT_NEAR_ONE, DEVIATION, "%s.weight", name);
	fv_node *shift = fv_param(s, shape, FV_INIT_ZERO, 0, "%s.bias", name);
	fv_node *mean = fv_buffer(s, shape, FV_INIT_ZERO, 0, "%s.running_mean", name);
	fv_node *variance = fv_buffer(s, shape, FV_INIT_ONE, 0, "%s.running_var", name);
	if (!s->batch_statistics) {
		fv_node *r = fv_unary(g, FV_RSQRT, fv_scale(g, variance, 1, eps), 0, 0);
		scale = fv_mul(g, scale, r);
		return fv_affine(g, x, scale, fv_sub(g, shift, fv_mul(g, mean, scale)));
	}
	/* Of one picture both are the same, and passes and bands know the latter. */
	fv_node *y = fv_normalise(g, x, x->shape.n == 1 ? FV_HW : FV_NHW, eps);
	if (s->running && y)
		follow(s, fv_output_of(g, y, 1), c, fv_elements(x->shape) / c, eps, mean, variance);
	return fv_affine(g, y, scale, shift);
}

void fv_running_follow(fv_graph *g, const fv_running *list, double share, fv_node *flag)
{
	fv_node *decay = fv_number(g, FV_F32, 1 - share);
	for (; list; list = list->next)
		fv_average(g, list->variable, list->found, decay, flag);
}
