/* SPDX-License-Identifier: Apache-2.0 */
/* Losses: functions that append a scalar. */
#ifndef FV_LOSS_H
#define FV_LOSS_H
#include "net/net.h"

/* Least squares: mean over the scales of mean((out - target)^2). Mao et al., arXiv:1611.04076. */
fv_node *fv_lsgan(fv_graph *g, fv_node *const *out, int scales, double target);

/* x and beside it its finest detail in opponent colours, amplified: N,H,W,6 (detail.c says why); gain 0: x alone. */
fv_node *fv_detail(fv_graph *g, fv_node *x, double gain);

/* DiffAugment (Zhao et al., arXiv:2006.10738), milder in colour: brightness, saturation, translation.
 * purpose names the draws: every call of a step has its own. x: N,H,W,3. */
typedef struct {
	fv_node *brightness, *saturation, *shift;       /* N,1,1,1; N,1,1,1; N,2 i32 */
} fv_augment;
/* colour: 1: brightness +-0.2, saturation 1 +- 0.5. */
fv_augment fv_augment_draw(fv_graph *g, const char *purpose, fv_shape x, double colour);
fv_node *fv_augment_apply(fv_graph *g, const fv_augment *a, fv_node *x);

/* PatchNCE (Park et al., arXiv:2007.15651, eq. 3): each patch of the painting must find its own patch of the
 * photograph among the others. query, key: feature maps N,H,W,C; index: K i32 positions; keys are constants. */
fv_node *fv_patch_nce(const fv_scope *heads, int layer, int width, fv_node *query, fv_node *key, fv_node *index, double temperature);

/* How each picture's mean colour differs from that of them all: N,1,1,C. */
fv_node *fv_cast(fv_graph *g, fv_node *x);

/* Patch-wise sliced Wasserstein distance, `scales` scales: random directions over 7x7x3 patches, every second
 * position from a corner that each picture draws for itself (a fixed one lets the painter hide a lattice between
 * the samples), sorted, mean absolute difference; the larger set gives its quantiles. The mean colours of a's pictures are
 * made one, and those of b's: too few to compare (patch_swd.c). Gradient flows to a only. */
typedef struct { fv_node *direction, *corner_a, *corner_b; } fv_swd_draw;       /* P,7,7,C of any length; N,2; M,2 i32 */
#define FV_SWD_SCALES_MAX 4
void fv_swd_draws(fv_graph *g, int scales, int projections, int channels, int64_t na, int64_t nb, fv_swd_draw *d);
/* detail: the gain of fv_detail at each scale. */
fv_node *fv_patch_swd(fv_graph *g, const fv_swd_draw *d, int scales, double detail, fv_node *a, fv_node *b);
#endif
