/* SPDX-License-Identifier: Apache-2.0 */
/* A patch discriminator on pixels at several scales, with spectral norm.
 *
 *	each scale: (3x3, LeakyReLU .2, blur and halve) twice, 3x3 and LeakyReLU until `layers`,
 *	  3x3 > 1
 *	the next scale sees the picture halved
 *
 * Patches: Isola et al., arXiv:1611.07004; scales: Wang et al., arXiv:1711.11585. */
#include "net/net.h"
#include <stdio.h>

#define SLOPE 0.2

/* Channels of the output of a layer. */
static int64_t channels(const fv_patch_discriminator *c, int layer)
{
	return layer == c->layers ? 1 : (int64_t)c->width << (layer < 3 ? layer : 3);
}

void fv_patch_discriminator_weights(const fv_scope *s, const fv_patch_discriminator *c,
                                    const fv_spectral *previous, fv_spectral *out)
{
	char name[40];
	for (int i = 0; i < c->scales; i++)
		for (int j = 0; j <= c->layers; j++) {
			snprintf(name, sizeof name, "pixels.%d.%d", i, j);
			fv_spectral_conv(s, previous, out, channels(c, j),
			                 j ? channels(c, j - 1) : 3, name);
		}
}

void fv_patch_discriminator_build(fv_graph *g, const fv_patch_discriminator *c,
                                  const fv_spectral *w, int *at, fv_node *x, fv_node **out)
{
	for (int i = 0; i < c->scales; i++) {
		fv_node *h = x;
		for (int j = 0; j <= c->layers; j++) {
			h = fv_spectral_apply(g, w, at, h);
			if (j < c->layers)
				h = fv_lrelu(g, h, SLOPE);
			if (j < 2)
				h = fv_blur(g, h, 4, FV_PAD_REFLECT);
		}
		out[i] = h;
		x = fv_blur(g, x, 2, FV_PAD_ZERO);
	}
}
