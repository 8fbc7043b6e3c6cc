/* SPDX-License-Identifier: Apache-2.0 */
/* Discriminators on a frozen network's maps, one a map, with spectral norm: what the frozen network
 * sees in brushwork need not be learnt from a hundred paintings. Each: (relu2_1: means of 2x2) >
 * 3x3, LeakyReLU .2, twice > 3x3 > 1. The maps' channels come divided by their spread in paintings.
 * Sauer et al.: Projected GANs Converge Faster, arXiv:2111.01007. */
#include "net/net.h"
#include <stdio.h>

#define SLOPE 0.2
#define LAYERS 3

void fv_feature_discriminator_weights(const fv_scope *s, const fv_feature_discriminator *c,
                                      const fv_spectral *previous, fv_spectral *out)
{
	char name[40];
	for (int i = 0; i < FV_FEATURE_MAPS; i++)
		for (int j = 0; j < LAYERS; j++) {
			snprintf(name, sizeof name, "map%d.%d", i, j);
			fv_spectral_conv(s, previous, out, j == LAYERS - 1 ? 1 : c->width,
			                 j ? c->width : c->channels[i], name);
		}
}

void fv_feature_discriminator_build(fv_graph *g, const fv_spectral *w, int *at,
                                    fv_node *const map[FV_FEATURE_MAPS], fv_node **out)
{
	for (int i = 0; i < FV_FEATURE_MAPS; i++) {
		fv_node *h = i ? map[i] : fv_blur(g, map[i], 2, FV_PAD_ZERO);
		for (int j = 0; j < LAYERS; j++) {
			h = fv_spectral_apply(g, w, at, h);
			if (j < LAYERS - 1)
				h = fv_lrelu(g, h, SLOPE);
		}
		out[i] = h;
	}
}
