/* SPDX-License-Identifier: Apache-2.0 */
/* SinCUT's training step as one graph: the discriminator's update, then that of generator and
 * heads. */
#ifndef FV_SINCUT_GRAPH_H
#define FV_SINCUT_GRAPH_H
#include "train/contrast.h"

typedef struct {
	fv_sincut net;
	int disc;                       /* width of the discriminator */
	int batch, size;
	fv_contrast_config contrast;
	double adv, nce, identity, pixels, r1;  /* weights of the losses */
	double beta1, beta2, eps;       /* Adam, PyTorch's form */
} fv_sincut_config;
/* The published code's numbers. */
fv_sincut_config fv_sincut_default(void);

/* in	photo, art	B,S,S,3 in [-1,1]
 *	rate, step
 * drawn, unless they are put in: places.photo.0 .. 2, places.art.0 .. 2: i32, one each;
 * noise.photo, noise.art: B,S,S,1
 * out	fake		the photograph's crops, painted
 *	loss.d (without the penalty), loss.r1, loss.adv, loss.nce, loss.identity, loss.pixels
 *	loss		the generator's
 *	ok */
void fv_sincut_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_sincut_config *c);
#endif
