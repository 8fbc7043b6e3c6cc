/* SPDX-License-Identifier: Apache-2.0 */
/* Losses: functions that append a scalar. */
#ifndef FV_LOSS_H
#define FV_LOSS_H
#include "net/net.h"

/* Least squares: mean over the maps of mean((out - target)^2). Mao et al., arXiv:1611.04076. */
fv_node *fv_lsgan(fv_graph *g, fv_node *const *out, int maps, double target);

/* ---- the two sides of the game (adversarial.c). real, fake: a discriminator's logits, of one shape;
 * means over all of them.
 *
 *	vanilla		cross-entropy, not saturating: Goodfellow et al., arXiv:1406.2661
 *	lsgan		squares about 1 and 0: Mao et al., arXiv:1611.04076
 *	hinge		Lim and Ye, arXiv:1705.02894
 *	wgan		the critic's difference: Arjovsky et al., arXiv:1701.07875
 *	relativistic	softplus of the difference in pairs: Jolicoeur-Martineau, arXiv:1807.00734,
 *			as in Huang et al., arXiv:2501.05441 */
typedef enum {
	FV_ADVERSARY_VANILLA, FV_ADVERSARY_LSGAN, FV_ADVERSARY_HINGE, FV_ADVERSARY_WGAN,
	FV_ADVERSARY_RELATIVISTIC,
} fv_adversary;
extern const char *const fv_adversaries[];      /* their words, ended by NULL */
/* The sum over both sorts, not halved. */
fv_node *fv_adversary_d(fv_graph *g, fv_adversary kind, fv_node *real, fv_node *fake);
/* real: only for pairs, else it may be NULL. */
fv_node *fv_adversary_g(fv_graph *g, fv_adversary kind, fv_node *fake, fv_node *real);

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

/* Mean of |a - b|, and of Huber's function of it: a square up to delta, straight beyond. Huber,
 * Annals of Mathematical Statistics 35, 1964. */
fv_node *fv_absolute_distance(fv_graph *g, fv_node *a, fv_node *b);
fv_node *fv_huber_distance(fv_graph *g, fv_node *a, fv_node *b, double delta);
/* N,H,W,C > N,C,C: F'F / (H W C), how channels go together. Gatys, Ecker, Bethge,
 * arXiv:1508.06576; over the size of the map as in Johnson et al., arXiv:1603.08155. */
fv_node *fv_gram(fv_graph *g, fv_node *map);
/* Of neighbours in each direction: half the mean of (x[p+1] - x[p])^2. */
fv_node *fv_total_variation(fv_graph *g, fv_node *x);
/* Of x in [-1,1]: its brightness in all three channels; Y,U,V of (x + 1)/2. */
fv_node *fv_grey(fv_graph *g, fv_node *x);
fv_node *fv_yuv(fv_graph *g, fv_node *x);
/* Mean of |a - b| in Y, plus Huber's in U and in V. */
fv_node *fv_yuv_distance(fv_graph *g, fv_node *a, fv_node *b);
#endif
