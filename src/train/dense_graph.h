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

typedef struct {
	fv_graph *g;
	fv_node *x;                     /* B,out in [0,1] */
	fv_node *rate, *step_real, *step_fake, *step_g; /* Adam's step numbers: D counts two a step, G one */
	fv_node *noise_fake, *noise_g;  /* B,noise; may be fed */
	fv_node *loss_real, *loss_fake, *loss_g, *ok;
} fv_dense_graph;
void fv_dense_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_dense_config *c, fv_dense_graph *out);
#endif
