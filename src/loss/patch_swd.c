/* SPDX-License-Identifier: Apache-2.0 */
/* Sliced Wasserstein distance between two sets of patches: Rabin et al., SSVM 2011; as a loss on patches:
 * Elnekave and Weiss, arXiv:2203.03563. */
#include "loss/loss.h"
#include <stdio.h>

#define PATCH 7

void fv_swd_draws(fv_graph *g, int scales, int projections, int channels, int64_t na, int64_t nb, fv_swd_draw *d)
{
	char name[40];
	for (int i = 0; i < scales; i++) {
		snprintf(name, sizeof name, "swd %d direction", i);
		d[i].direction = fv_random(g, FV_NORMAL, name, FV_F32, fv_nhwc(projections, PATCH, PATCH, channels), 0, 1);
		snprintf(name, sizeof name, "swd %d corner a", i);
		d[i].corner_a = fv_random(g, FV_INTEGERS, name, FV_I32, FV_SHAPE(na, 2), 0, 1);
		snprintf(name, sizeof name, "swd %d corner b", i);
		d[i].corner_b = fv_random(g, FV_INTEGERS, name, FV_I32, FV_SHAPE(nb, 2), 0, 1);
	}
}

/* P,M: each row one direction's projections of all patches, ascending. The last row and column that the shift
 * would fill with zeros is never read: sizes are even, patches odd, steps 2. */
static fv_node *projections(fv_graph *g, fv_node *x, fv_node *corner, fv_node *direction)
{
	fv_node *p = fv_conv2d(g, fv_translate(g, x, corner, -1), direction, NULL, (fv_conv_attr){ .stride = 2 });
	if (!p)
		return NULL;
	fv_shape s = p->shape;
	return fv_sort(g, fv_transpose(g, fv_reshape(g, p, FV_SHAPE(s.n * s.h * s.w, s.c))));
}

/* As many quantiles of the larger set as the smaller has samples. */
static fv_node *quantiles(fv_graph *g, fv_node *sorted, int64_t count)
{
	if (!sorted)
		return NULL;
	int64_t rows = sorted->shape.w, all = sorted->shape.c;
	int32_t *index = fv_arena_get(g->arena, (size_t)count * sizeof *index);
	if (!index)
		return fv_graph_error(g, FV_E_MEMORY, "no memory for quantiles");
	for (int64_t i = 0; i < count; i++)
		index[i] = (int32_t)((i * all + all / 2) / count);
	fv_node *y = fv_gather(g, fv_reshape(g, sorted, FV_SHAPE(rows, all, 1)), fv_constant(g, FV_I32, FV_SHAPE(count), index));
	return fv_reshape(g, y, FV_SHAPE(rows, count));
}

fv_node *fv_cast(fv_graph *g, fv_node *x)
{
	fv_node *mean = fv_mean(g, x, FV_HW);
	return fv_sub(g, mean, fv_mean(g, mean, FV_NHW));
}

fv_node *fv_patch_swd(fv_graph *g, const fv_swd_draw *d, int scales, double detail, fv_node *a, fv_node *b)
{
	fv_node *sum = NULL;
	/* Without casts: a batch is a few pictures, far too few to show how bright pictures are spread; compared as they are,
	 * the nearest batch is the one in which all are alike, and night and snow turn the same grey. */
	a = fv_sub(g, a, fv_cast(g, a));
	b = fv_stop(g, b);
	b = fv_sub(g, b, fv_cast(g, b));
	for (int i = 0; i < scales; i++) {
		fv_node *direction = fv_l2_normalise(g, d[i].direction, FV_HWC, 1e-12);
		fv_node *pa = projections(g, fv_detail(g, a, detail), d[i].corner_a, direction);
		fv_node *pb = projections(g, fv_detail(g, b, detail), d[i].corner_b, direction);
		if (!pa || !pb)
			return NULL;
		if (pb->shape.c != pa->shape.c)
			pb = quantiles(g, pb, pa->shape.c);
		fv_node *m = fv_mean(g, fv_unary(g, FV_ABS, fv_sub(g, pa, pb), 0, 0), FV_ALL);
		sum = sum ? fv_add(g, sum, m) : m;
		a = fv_blur(g, a, 2, FV_PAD_ZERO);
		b = fv_blur(g, b, 2, FV_PAD_ZERO);
	}
	return fv_scale(g, sum, 1.0 / scales, 0);
}
