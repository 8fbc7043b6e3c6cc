/* SPDX-License-Identifier: Apache-2.0 */
/* What generator and discriminator want of the logits. */
#include "loss/loss.h"

const char *const fv_adversaries[] = { "vanilla", "lsgan", "hinge", "wgan", "relativistic", NULL };

static fv_node *mean(fv_graph *g, fv_node *x) { return fv_mean(g, x, FV_ALL); }
static fv_node *softplus(fv_graph *g, fv_node *x) { return fv_unary(g, FV_SOFTPLUS, x, 0, 0); }

fv_node *fv_adversary_d(fv_graph *g, fv_adversary kind, fv_node *real, fv_node *fake)
{
	switch (kind) {
	case FV_ADVERSARY_VANILLA:
		return fv_add(g, fv_bce_logits(g, real, 1), fv_bce_logits(g, fake, 0));
	case FV_ADVERSARY_LSGAN:
		return fv_add(g, fv_lsgan(g, &real, 1, 1), fv_lsgan(g, &fake, 1, 0));
	case FV_ADVERSARY_HINGE:
		return fv_add(g, mean(g, fv_relu(g, fv_scale(g, real, -1, 1))),
		              mean(g, fv_relu(g, fv_scale(g, fake, 1, 1))));
	case FV_ADVERSARY_WGAN:
		return fv_sub(g, mean(g, fake), mean(g, real));
	case FV_ADVERSARY_RELATIVISTIC:
		return mean(g, softplus(g, fv_sub(g, fake, real)));
	}
	return NULL;
}

fv_node *fv_adversary_g(fv_graph *g, fv_adversary kind, fv_node *fake, fv_node *real)
{
	switch (kind) {
	case FV_ADVERSARY_VANILLA:
		return fv_bce_logits(g, fake, 1);
	case FV_ADVERSARY_LSGAN:
		return fv_lsgan(g, &fake, 1, 1);
	case FV_ADVERSARY_HINGE:
	case FV_ADVERSARY_WGAN:
		return fv_scale(g, mean(g, fake), -1, 0);
	case FV_ADVERSARY_RELATIVISTIC:
		return mean(g, softplus(g, fv_sub(g, real, fake)));
	}
	return NULL;
}
