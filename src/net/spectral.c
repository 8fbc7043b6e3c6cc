/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions whose weights are divided by their largest singular value: Miyato et al.,
 * arXiv:1802.05957. Each phase makes one power iteration: v = n(W' u), u = n(W v), sigma = u' W
 * v. The gradient takes u and v as constants, or goes through them: then it is that of W / sigma as
 * it was computed, which is what AnimeGAN's original differentiates. */
#include "net/net.h"

#define EPS 1e-12

void fv_spectral_weight(const fv_scope *s, const fv_spectral *previous, fv_spectral *out,
                        fv_shape shape, fv_init init, double scale, const char *name)
{
	fv_graph *g = s->g;
	int i = out->count;
	int64_t channels = shape.n, fan = shape.h * shape.w * shape.c;
	if (i == FV_SPECTRAL_MAX) {
		fv_graph_error(g, FV_E_INTERNAL, "more than %d convolutions with spectral norm",
		               FV_SPECTRAL_MAX);
		return;
	}
	fv_node *w = fv_param(s, shape, init, scale, "d.%s.weight", name);
	fv_node *stored = fv_param(s, FV_SHAPE(channels, 1), FV_INIT_NORMAL, 1, "u.%s", name);
	if (g->err.status)
		return;
	fv_node *m = fv_reshape(g, w, FV_SHAPE(channels, fan));
	fv_node *seen = out->through ? m : fv_detach(g, m);
	fv_node *u = previous ? previous->layer[i].u : stored;
	fv_node *v = fv_l2_normalise(g, fv_matmul(g, seen, fv_detach(g, u), true, false), FV_ALL,
	                             EPS);
	u = fv_l2_normalise(g, fv_matmul(g, seen, v, false, false), FV_ALL, EPS);
	fv_node *sigma = fv_matmul(g, u, fv_matmul(g, m, v, false, false), true, false);
	out->layer[out->count++] = (fv_spectral_layer){
		fv_div(g, w, fv_reshape(g, sigma, fv_scalar())), NULL, u, stored->attr.variable.p
	};
}

void fv_spectral_conv(const fv_scope *s, const fv_spectral *previous, fv_spectral *out,
                      int64_t channels, int64_t in, const char *name)
{
	int i = out->count;
	fv_spectral_weight(s, previous, out, fv_nhwc(channels, 3, 3, in), FV_INIT_TORCH,
	                   9 * (double)in, name);
	fv_node *bias = fv_param(s, FV_SHAPE(channels), FV_INIT_TORCH, 9 * (double)in,
	                         "d.%s.bias", name);
	if (!s->g->err.status)
		out->layer[i].bias = bias;
}

fv_node *fv_spectral_apply(fv_graph *g, const fv_spectral *w, int *at, fv_node *x)
{
	const fv_spectral_layer *l = &w->layer[(*at)++];
	return fv_conv2d(g, x, l->weight, l->bias, fv_conv_same(3, FV_PAD_ZERO));
}

void fv_spectral_keep(fv_graph *g, const fv_spectral *w, fv_node *flag)
{
	for (int i = 0; i < w->count; i++)
		fv_assign(g, w->layer[i].state, w->layer[i].u, flag);
}
