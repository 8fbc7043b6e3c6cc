/* SPDX-License-Identifier: Apache-2.0 */
/* pix2pix' training step as one graph. */
#ifndef FV_PIX2PIX_GRAPH_H
#define FV_PIX2PIX_GRAPH_H
#include "loss/loss.h"

typedef struct {
	fv_unet net;
	fv_patchgan disc;
	fv_adversary loss;
	int batch, size;
	double l1;                      /* weight of the distance to what it ought to be */
	double beta1, beta2, eps;       /* Adam, PyTorch's form */
} fv_pix2pix_config;
/* The paper's numbers. */
fv_pix2pix_config fv_pix2pix_default(void);

/* in	a, b		B,S,S,3 in [-1,1]: what goes in, what is to come out
 *	rate, step
 * out	fake		G(a)
 *	loss.d, loss.adv, loss.l1
 *	ok */
void fv_pix2pix_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_pix2pix_config *c);
#endif
