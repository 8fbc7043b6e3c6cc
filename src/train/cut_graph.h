/* SPDX-License-Identifier: Apache-2.0 */
/* CUT's training step as one graph: the discriminator's update, then generator's and heads'. */
#ifndef FV_CUT_GRAPH_H
#define FV_CUT_GRAPH_H
#include "train/contrast.h"

typedef struct {
	fv_resnet net;
	fv_patchgan disc;
	int batch, size;
	fv_contrast_config contrast;
	double adv, nce, identity;      /* weights of the losses; identity 0: without */
	bool flip;                      /* FastCUT's: half of the time photographs are mirrored */
	double beta1, beta2, eps;       /* Adam, PyTorch's form */
} fv_cut_config;
/* The published code's numbers, for CUT. */
fv_cut_config fv_cut_default(void);

/* in	photos, art	B,S,S,3 in [-1,1]
 *	rate, step
 * drawn, unless they are put in: places.photo.0 .. 4, places.art.0 .. 4 (where there is identity):
 * i32, `patches` of them or as many as the map has; flip: a number from 0 to 1, of which more than
 * a half mirrors
 * out	fake		the photographs, painted (mirrored ones are)
 *	loss.d, loss.adv, loss.nce, loss.identity (where it has a weight)
 *	loss		the generator's
 *	ok */
void fv_cut_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_cut_config *c);
#endif
