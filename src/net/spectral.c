/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions whose weights are divided by their largest singular value: Miyato et al.,
 * arXiv:1802.05957. Each phase makes one power iteration: v = n(W' u), u = n(W v), sigma = u' W
 * v. The gradient takes u and v as constants, or goes through them: then it is that of W / sigma as
 * it was computed, which is what AnimeGAN's original differentiates. */
#include "net/net.h"

#define EPS 1e-12

void fv_spectral_weight(fv_graph *g, const fv_spectral *previous, fv_spectral *out, fv_node *weight,
                        fv_node *bias, fv_node *u)
{
	const int i = out->count;
	if (g->err.status)
		return;
	if (i == FV_SPECTRAL_MAX) {
		fv_graph_error(g, FV_E_INTERNAL, "more than %d convolutions with spectral norm",
		               FV_SPECTRAL_MAX);
		return;
	}
	fv_spectral_layer *l = &out->layer[out->count++];
	*l = (fv_spectral_layer){ .weight = weight, .bias = bias };
	if (!u)
		return;
	l->state = u->attr.variable.p;
	const int64_t rows = fv_elements(u->shape), row = fv_elements(weight->shape) / rows;
	fv_node *m = fv_reshape(g, weight, FV_SHAPE(rows, row));
	fv_node *seen = out->through ? m : fv_detach(g, m);
	u = fv_detach(g, previous ? previous->layer[i].u : u);
	fv_node *v = fv_l2_normalise(g, fv_matmul(g, seen, u, true, false), FV_ALL, EPS);
	l->u = fv_l2_normalise(g, fv_matmul(g, seen, v, false, false), FV_ALL, EPS);
	fv_node *sigma = fv_matmul(g, l->u, fv_matmul(g, m, v, false, false), true, false);
	l->weight = fv_div(g, weight, fv_reshape(g, sigma, fv_scalar()));
}

void fv_spectral_conv(const fv_scope *s, const fv_spectral *previous, fv_spectral *out,
                      int64_t channels, int64_t in, const char *name)
{
	const double fan = 9 * (double)in;
	fv_node *w = fv_param(s, fv_nhwc(channels, 3, 3, in), FV_INIT_TORCH, fan, "d.%s.weight", name);
	fv_node *u = fv_buffer(s, FV_SHAPE(channels, 1), FV_INIT_NORMAL, 1, "u.%s", name);
	fv_node *bias = fv_param(s, FV_SHAPE(channels), FV_INIT_TORCH, fan, "d.%s.bias", name);
	fv_spectral_weight(s->g, previous, out, w, bias, u);
}

fv_node *fv_spectral_apply(fv_graph *g, const fv_spectral *w, int *at, fv_node *x)
{
	const fv_spectral_layer *l = &w->layer[(*at)++];
	return fv_conv2d(g, x, l->weight, l->bias, fv_conv_same(3, FV_PAD_ZERO));
}

void fv_spectral_keep(fv_graph *g, const fv_spectral *w, fv_node *flag)
{
	for (int i = 0; i < w->count; i++)
		if (w->layer[i].state)
			fv_assign(g, w->layer[i].state, w->layer[i].u, flag);
}
