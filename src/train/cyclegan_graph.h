/* SPDX-License-Identifier: Apache-2.0 */
/* CycleGAN's training step as two graphs, run in this order over the same variables: the generators', the discriminators'. What the
 * generators painted goes through a pool of pictures in between, or straight. */
#ifndef FV_CYCLEGAN_GRAPH_H
#define FV_CYCLEGAN_GRAPH_H
#include "loss/loss.h"
#include "net/family.h"

typedef struct {
	const fv_family *family;        /* of both generators */
	fv_resnet resnet;               /* its config, if it is that one */
	fv_unet unet;
	fv_patchgan disc;
	fv_adversary loss;
	int batch, size;
	double cycle, identity;         /* weights of the losses; identity 0: without */
	double beta1, beta2, eps;       /* Adam, PyTorch's form */
} fv_cyclegan_config;
/* The paper's numbers. */
fv_cyclegan_config fv_cyclegan_default(void);

/* in	a, b		B,S,S,3 in [-1,1]
 *	rate, step
 * out	fake.b, fake.a	G_A(a), G_B(b)
 *	loss.adv.a, loss.cycle.a, loss.identity.a	of G_A's way; of G_B's: .b
 *	loss, ok */
void fv_cyclegan_generators_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_cyclegan_config *c);

/* in	real.b, fake.b	B,S,S,3: what D_A judges
 *	real.a, fake.a	what D_B judges
 *	rate, step
 * out	loss.a, loss.b	D_A's, D_B's
 *	ok */
void fv_cyclegan_discriminators_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_cyclegan_config *c);
#endif
