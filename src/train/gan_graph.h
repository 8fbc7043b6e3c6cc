/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the recipes `dcgan`, `wgan` and `wgan-gp` as graphs. */
#ifndef FV_GAN_GRAPH_H
#define FV_GAN_GRAPH_H
#include "loss/loss.h"
#include "train/augment.h"

typedef struct {
	fv_dcgan net;
	fv_critic critic;
	int batch;
	fv_adversary loss;
	double r1, r2; /* weights of the penalties on the discriminator's slope at real and at
			* generated pictures: Mescheder et al., arXiv:1801.04406 */
	int64_t every; /* they are in the discriminator's loss (1), or a program of their own at
			* every so many-th step: Karras et al., arXiv:1912.04958, section 2.2 */
	double slope;  /* weight of the penalty of the critic's slope not being 1 between real and
			* generated: Gulrajani et al., arXiv:1704.00028 */
	double clip;   /* the critic's weights stay in [-clip, clip]; 0: anywhere: Arjovsky et al.,
			* arXiv:1701.07875 */
	fv_augmentation augment;
	fv_adam_attr adam;
} fv_gan_config;

/* Variables: "G." generator, "D." discriminator, "E." an average of the generator, its running
 * values included.
 *
 * Inputs of all: rate; step.g, step.d: Adam's numbers; where the generator learns decay: of its
 * average; with labels `labels`: B,labels, one-hot. Where the discriminator learns `pictures`:
 * B,size,size,channels in [-1,1]; with ADA `now`. Drawn, unless put in: noise: B,noise;
 * interpolation: B,1,1,1; the draws of augment.c.
 *
 * D, then G with the D so updated and the same pictures of G's. out: loss.d, loss.g, real, fake,
 * ok, share (ADA's) */
void fv_gan_step_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_gan_config *c);
/* R1 and R2 at the pictures that the step had: `real`, `fake`. out: penalty, ok */
void fv_gan_penalty_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_gan_config *c);
/* One update of the critic, with pictures of G's that are fresh. out: loss.d (without the penalty),
 * penalty, ok, share */
void fv_gan_critic_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_gan_config *c);
/* One of the generator. out: loss.g, ok */
void fv_gan_generator_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_gan_config *c);
#endif
