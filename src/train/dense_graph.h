/* SPDX-License-Identifier: Apache-2.0 */
/* One training step of the recipe `dense` as a graph. */
#ifndef FV_DENSE_GRAPH_H
#define FV_DENSE_GRAPH_H
#include "net/net.h"

typedef struct {
	fv_dense net;
	int batch;
	double rate, beta1, beta2, eps; /* Adam in Keras' form; the rate is an input of the graph */
	double r1;                      /* weight of the gradient penalty; 0: none, as in the textbook */
} fv_dense_config;
/* The recipe's numbers, for 28x28 (recipe_dense.c says why they are these); textbook: as printed. */
fv_dense_config fv_dense_settings(bool textbook);

/* in	pictures	B,out in [0,1]
 *	rate, step.real, step.fake, step.g	Adam's step numbers: D counts two a step, G one
 * drawn, unless they are put in: noise generated, noise generator: B,noise
 * out	loss.real, loss.fake, loss.g, ok */
void fv_dense_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_dense_config *c);
#endif
