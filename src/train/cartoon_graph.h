/* SPDX-License-Identifier: Apache-2.0 */
/* One training step of the recipes `animegan` and `cartoongan` as a graph. */
#ifndef FV_CARTOON_GRAPH_H
#define FV_CARTOON_GRAPH_H
#include "loss/loss.h"

typedef struct {
	bool anime;                     /* AnimeGAN's adversary: least squares, and grey paintings
	                                 * are none; else CartoonGAN's: cross-entropy */
	fv_animegan light;              /* the generator, of one or the other */
	fv_cartoongan cartoon;
	fv_cartoon_discriminator judge;
	fv_vgg teacher;
	int batch, size;
	double content, style, colour, tv, adv; /* weights of the generator's losses; 0: left out */
	double real, grey, smooth;              /* of the discriminator's: of paintings and of what
	                                         * is painted; of grey paintings; of paintings
	                                         * without edges */
	double beta1, beta2, eps;               /* Adam: AnimeGAN's in TensorFlow's form, else in
	                                         * PyTorch's */
} fv_cartoon_config;

/* in	photo, art, smooth	B,S,S,3 in [-1,1]: photographs, paintings, paintings with their
 *				edges blurred
 *	adversarial		0: the generator learns content alone; once it was 1 that is over
 *				for good
 *	rate.content, rate.g, rate.d
 * out	loss.content, loss.style, loss.colour, loss.tv, loss.adv	without weights, where
 *				they have one
 *	loss.d, loss.g (of this phase), fake, ok
 * Variables: "G." generator, "D.d." and "D.u." discriminator, "m." and "v." moments of both,
 * "phase." what is kept of the phase. */
void fv_cartoon_graph_build(fv_graph *g, fv_store *store, fv_store *teacher, uint64_t seed,
			    const fv_cartoon_config *c, bool keep_gradients);
#endif
