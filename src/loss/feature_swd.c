/* SPDX-License-Identifier: Apache-2.0 */
/* Sliced Wasserstein distance between two sets of feature vectors: on a random line the distance of
 * two sets is the mean difference of their sorted projections. Rabin et al., SSVM 2011; on a frozen
 * network's maps, as a loss of texture: Heitz et al., A Sliced Wasserstein Loss for Neural Texture
 * Synthesis, arXiv:2006.07229. Sorted projections of paintings are made once and kept as quantiles:
 * means of as many neighbours as it takes, so that a picture of like distribution is at the same
 * numbers. */
#include "loss/loss.h"

#define SAMPLES 2048
#define QUANTILES 256

int64_t fv_quantiles(int64_t places)
{
	int64_t q = QUANTILES;
	while (q > places)
		q /= 2;
	return q;
}

int64_t fv_quantile_samples(int64_t places)
{
	int64_t q = fv_quantiles(places);
	return fv_min(SAMPLES, places) / q * q;
}

fv_node *fv_projected_quantiles(fv_graph *g, fv_node *map, fv_node *places, fv_node *direction)
{
	if (!map || !places || !direction)
		return NULL;
	int64_t n = map->shape.n, c = map->shape.c, k = places->shape.c, p = direction->shape.w;
	int64_t q = fv_quantiles(map->shape.h * map->shape.w);
	fv_node *rows = fv_reshape(g, fv_gather(g, map, places), FV_SHAPE(n * k, c));
	fv_node *line = fv_transpose(
		g, fv_reshape(g, fv_matmul(g, rows, direction, false, true), FV_SHAPE(n, k, p)));
	fv_node *sorted = fv_sort(g, line);
	if (k == q)
		return sorted;
	return fv_reshape(
		g, fv_mean(g, fv_reshape(g, sorted, FV_SHAPE(n, p * q, k / q)), FV_AXIS_C),
		FV_SHAPE(n, p, q));
}

fv_node *fv_feature_swd(fv_graph *g, fv_node *map, fv_node *places, fv_node *direction,
                        fv_node *target)
{
	fv_node *p = fv_projected_quantiles(g, map, places, direction);
	return fv_absolute_distance(g, p, target);
}
