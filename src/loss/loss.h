/* SPDX-License-Identifier: Apache-2.0 */
/* Losses: functions that append a scalar. */
#ifndef FV_LOSS_H
#define FV_LOSS_H
#include "net/net.h"

/* Least squares: mean over the maps of mean((out - target)^2). Mao et al., arXiv:1611.04076. */
fv_node *fv_lsgan(fv_graph *g, fv_node *const *out, int maps, double target);

/* PatchNCE: each of q's vectors is to be more like k's of its own place than like k's of other
 * places of that picture. q, k: N,places,C, of length 1; k takes no gradient. Mean of the
 * cross-entropies of [q.k, q.k of every place, its own at -10] / temperature. Park et al.,
 * arXiv:2007.15651, equation 2. */
fv_node *fv_patchnce(fv_graph *g, fv_node *q, fv_node *k, double temperature);

/* Sliced Wasserstein distance between maps of features (feature_swd.c).
 *
 * Of the places of a map some are looked at, and of these the projections on a direction stand
 * sorted as quantiles: */
/* 256, or the largest power of two that is not more than the places. */
int64_t fv_quantiles(int64_t places);
/* 2048 at most, and a multiple of the quantiles. */
int64_t fv_quantile_samples(int64_t places);
/* map: N,H,W,C; places: i32, fv_quantile_samples(HW) of them, the same for every picture;
 * direction: P,C > N,P,fv_quantiles(HW) */
fv_node *fv_projected_quantiles(fv_graph *g, fv_node *map, fv_node *places, fv_node *direction);
/* Mean absolute difference of a's quantiles to those given: N,P,Q, constants. */
fv_node *fv_feature_swd(fv_graph *g, fv_node *map, fv_node *places, fv_node *direction,
                        fv_node *target);

/* A map whose channels have mean 0 and spread 1 over the picture: what is shown, less how. A loss
 * of content is the mean squared difference of two. */
fv_node *fv_content(fv_graph *g, fv_node *map);
fv_node *fv_square_distance(fv_graph *g, fv_node *a, fv_node *b);
#endif
