/* SPDX-License-Identifier: Apache-2.0 */
/* CycleGAN's training step as two graphs, run in this order over the same variables: the painters', the judges'. What the
 * painters painted goes through a pool of pictures in between, or straight. */
#ifndef FV_CYCLEGAN_GRAPH_H
#define FV_CYCLEGAN_GRAPH_H
#include "loss/loss.h"

typedef struct {
	fv_resnet net;
	fv_patchgan disc;
	int batch, size;
	double cycle, identity;         /* weights of the losses; identity 0: without */
	double beta1, beta2, eps;       /* Adam, PyTorch's form */
} fv_cyclegan_config;
/* The paper's numbers. */
fv_cyclegan_config fv_cyclegan_default(void);

typedef struct {
	fv_node *a, *b;                 /* in: B,S,S,3 in [-1,1] */
	fv_node *rate, *step;           /* in: scalars */
	fv_node *fake_b, *fake_a;       /* out: G_A(a), G_B(b) */
	fv_node *loss_adv[2], *loss_cycle[2], *loss_identity[2], *loss;         /* of G_A's way, of G_B's */
	fv_node *ok;
} fv_cyclegan_painters;
void fv_cyclegan_painters_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_cyclegan_config *c, fv_cyclegan_painters *out);

typedef struct {
	fv_node *real[2], *fake[2];     /* in: for D_A pictures of b, for D_B of a */
	fv_node *rate, *step;
	fv_node *loss[2], *ok;
} fv_cyclegan_judges;
void fv_cyclegan_judges_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_cyclegan_config *c, fv_cyclegan_judges *out);
#endif
