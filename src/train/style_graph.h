/* SPDX-License-Identifier: Apache-2.0 */
/* One training step of the recipe `style` as a graph. */
#ifndef FV_STYLE_GRAPH_H
#define FV_STYLE_GRAPH_H
#include "loss/loss.h"

typedef struct {
	fv_stylenet net;
	fv_patch_discriminator disc;
	int batch, size;
	int art_batches;                /* sliced Wasserstein compares with that many batches of art */
	int head_width, patches;        /* PatchNCE: width of the projections, positions a map */
	int projections, swd_scales;
	double adv, nce, swd, colour;   /* weights of the losses */
	double beta1, beta2, eps;       /* Adam */
	double detail;                  /* gain of the finest band that discriminator and Wasserstein see beside the picture */
	double augment;                 /* brightness +-0.2, saturation 1+-0.5 at 1 */
	bool identity;                  /* with the identity term (every third step) */
} fv_style_config;

/* What the recipe uses where nothing is asked for (recipe_style.c). */
fv_style_config fv_style_default(bool identity);

#define FV_STYLE_MAPS 3                 /* feature maps that PatchNCE looks at: half, quarter, middle */

typedef struct {
	fv_graph *g;
	/* inputs: pictures in [-1,1]; scalars */
	fv_node *x, *art;               /* B,S,S,3; art_batches*B,S,S,3, the first B of which are y */
	fv_node *rate, *step_d, *step_g;/* learning rate; Adam's step numbers, from 1 */
	fv_node *decay;                 /* of the average */
	fv_node *hold;                  /* of the colours: 1 to 0; each picture's cast is always held */
	/* draws; all can be fed instead */
	fv_node *noise[6];              /* G(x); encode(x), encode(fake); G(y); encode(y), encode(G(y)) */
	fv_augment aug_real, aug_fake, aug_adv;
	fv_node *index[FV_STYLE_MAPS];  /* PatchNCE positions */
	fv_node *index_identity[FV_STYLE_MAPS];
	fv_swd_draw swd[FV_SWD_SCALES_MAX];
	/* outputs: scalars */
	fv_node *loss_d, *loss_adv, *loss_nce, *loss_identity, *loss_swd, *loss_colour, *loss_g;
	fv_node *ok_d, *ok_g;           /* 1: losses and gradients were finite, the update was made */
	fv_node *fake;
	/* gradients, in the store's order of the variables "D.d.", and "G." then "H."; with keep_gradients */
	int count_d, count_g;
	fv_variable **param_d, **param_g;
	fv_node **grad_d, **grad_g;
} fv_style_graph;

/* Builds into g; makes variables that the store lacks. keep_gradients: for tests. */
void fv_style_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_style_config *c, bool keep_gradients, fv_style_graph *out);
#endif
