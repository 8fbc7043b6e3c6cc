/* SPDX-License-Identifier: Apache-2.0 */
/* Augmentations that a discriminator sees in place of the pictures, real and generated alike, so
 * that a small collection cannot be learnt by heart; gradients pass through. */
#ifndef FV_AUGMENT_H
#define FV_AUGMENT_H
#include "net/net.h"

typedef enum {
	FV_AUGMENT_OFF,
	FV_AUGMENT_DIFF, /* always: DiffAugment's colour, translation, cutout: Zhao et al.,
			    arXiv:2006.10738 */
	FV_AUGMENT_ADA,  /* the same, each for a share p of the pictures that follows the
			  * discriminator:  Karras et al., arXiv:2006.06676, section 3 */
} fv_augmentation;
extern const char *const fv_augmentations[]; /* their words, ended by NULL */

/* x: N,H,W,C; each picture has its own draws, named by `name`. p: a scalar, of FV_AUGMENT_ADA
 * alone. */
fv_node *fv_augment(fv_graph *g, fv_augmentation kind, fv_node *p, fv_node *x, const char *name);
/* p as it is, a variable of the store. */
fv_node *fv_augment_share(fv_graph *g, fv_store *store);
/* ADA's heuristic: at every fourth step (now: a scalar, 1 there and else 0) p goes up where the
 * mean sign of the logits of real pictures over these steps is above 0.6, else down, so far that it
 * may go from 0 to 1 in 500000 pictures. Nothing where flag is 0. */
void fv_augment_adapt(fv_graph *g, fv_store *store, fv_node *real, fv_node *now, fv_node *flag);
#endif
