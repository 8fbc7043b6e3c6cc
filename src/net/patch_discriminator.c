/* SPDX-License-Identifier: Apache-2.0 */
/* A patch discriminator at several scales, its weights divided by their largest singular value.
 *
 *	each scale: (3x3, LeakyReLU .2, blur and halve) twice, 3x3 and LeakyReLU until `layers`, 3x3 > 1
 *	the next scale sees the picture halved
 *
 * Patches: Isola et al., arXiv:1611.07004; scales: Wang et al., arXiv:1711.11585; spectral norm: Miyato et al.,
 * arXiv:1802.05957: one power iteration a phase, v = n(W' u), u = n(W v), sigma = u' W v; u and v are constants
 * to the gradient. */
#include "net/net.h"

#define SLOPE 0.2
#define EPS 1e-12

static int64_t channels(const fv_patch_discriminator *c, int layer)     /* of the output of a layer */
{
	return layer == c->layers ? 1 : (int64_t)c->width << (layer < 3 ? layer : 3);
}

void fv_patch_discriminator_weights(const fv_scope *s, const fv_patch_discriminator *c, const fv_spectral *previous, fv_spectral *out)
{
	fv_graph *g = s->g;
	for (int i = 0; i < c->scales; i++)
		for (int j = 0; j <= c->layers; j++) {
			int64_t in = j ? channels(c, j - 1) : c->channels, o = channels(c, j), fan = 9 * in;
			fv_node *w = fv_param(s, fv_nhwc(o, 3, 3, in), FV_INIT_TORCH, (double)fan, "d.%d.%d.weight", i, j);
			fv_node *stored = fv_param(s, FV_SHAPE(o, 1), FV_INIT_NORMAL, 1, "u.d.%d.%d", i, j);
			out->bias[i][j] = fv_param(s, FV_SHAPE(o), FV_INIT_TORCH, (double)fan, "d.%d.%d.bias", i, j);
			if (g->err.status)
				return;
			out->state[i][j] = stored->attr.variable.p;
			fv_node *m = fv_reshape(g, w, FV_SHAPE(o, fan)), *still = fv_stop(g, m);
			fv_node *u = previous ? previous->u[i][j] : stored;
			fv_node *v = fv_stop(g, fv_l2_normalise(g, fv_matmul(g, still, u, true, false), FV_ALL, EPS));
			u = fv_stop(g, fv_l2_normalise(g, fv_matmul(g, still, v, false, false), FV_ALL, EPS));
			fv_node *sigma = fv_matmul(g, u, fv_matmul(g, m, v, false, false), true, false);
			out->u[i][j] = u;
			out->weight[i][j] = fv_div(g, w, fv_reshape(g, sigma, fv_scalar()));
		}
}

void fv_patch_discriminator_keep(fv_graph *g, const fv_patch_discriminator *c, const fv_spectral *w, fv_node *flag)
{
	for (int i = 0; i < c->scales; i++)
		for (int j = 0; j <= c->layers; j++)
			fv_assign(g, w->state[i][j], w->u[i][j], flag);
}

void fv_patch_discriminator_build(fv_graph *g, const fv_patch_discriminator *c, const fv_spectral *w, int scale, fv_node *x, fv_node **out)
{
	fv_node *h = x;
	for (int j = 0; j <= c->layers; j++) {
		h = fv_conv2d(g, h, w->weight[scale][j], w->bias[scale][j], fv_conv_same(3, FV_PAD_ZERO));
		if (j < c->layers)
			h = fv_lrelu(g, h, SLOPE);
		if (j < 2)
			h = fv_blur(g, h, 4, FV_PAD_REFLECT);
	}
	out[scale] = h;
}
