/* SPDX-License-Identifier: Apache-2.0 */
/* PatchGAN: CycleGAN's and pix2pix' discriminator; with three layers each logit sees 70x70 pixels.
 *
 *	4x4 stride 2, LeakyReLU .2 > (4x4 stride 2, norm, LeakyReLU) > 4x4 stride 1, norm, LeakyReLU
 *	  > 4x4 stride 1 to 1
 *
 * Zeros around, one pixel. CUT's, antialiased, has stride 1 and [1 2 1] with every second pixel
 * where the others have stride 2: after norm and activation. With no layers it looks at single
 * pixels (PixelGAN):
 *
 *	1x1, LeakyReLU > 1x1, norm, LeakyReLU > 1x1 to 1
 *
 * Names and shapes are those of the PyTorch originals; their biases before a norm are not asked
 * for. Isola et al., arXiv:1611.07004, section 6.1.2; Zhu et al., arXiv:1703.10593, appendix 7.2;
 * Park et al., arXiv:2007.15651. */
#include "net/net.h"
#include <stdio.h>

#define SLOPE 0.2
#define EPS 1e-5
#define DEVIATION 0.02                  /* of fresh weights; CUT's: of Xavier's */

/* Appends a convolution of the name, and what follows it. place: of its norm in the original's
 * list; 0: without. */
static fv_node *layer(const fv_scope *s, const fv_patchgan *c, fv_node *x, int64_t out, int k,
                      int stride, bool biased, const char *list, int name, int place)
{
	const int pad = k / 4;
	const fv_conv_attr a = { .stride = stride, .groups = 1, .top = pad, .bottom = pad,
	                         .left = pad, .right = pad, .kind = FV_PAD_ZERO };
	char norm[40];
	if (!x)
		return NULL;
	fv_node *w = fv_param(s, fv_nhwc(out, k, k, x->shape.c),
	                      c->antialias ? FV_INIT_XAVIER : FV_INIT_NORMAL, DEVIATION,
	                      "%s.%d.weight", list, name);
	fv_node *bias = biased ? fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%s.%d.bias", list,
	                                  name)
	                       : NULL;
	if (biased && !bias)
		return NULL;
	x = fv_conv2d(s->g, x, w, bias, a);
	snprintf(norm, sizeof norm, "%s.%d", list, place);
	if (place && c->batch_norm)
		return fv_batch_norm(s, x, EPS, norm);
	return place ? fv_normalise(s->g, x, FV_HW, EPS) : x;
}

static fv_node *pixels(const fv_scope *s, const fv_patchgan *c, fv_node *x)
{
	x = fv_lrelu(s->g, layer(s, c, x, c->width, 1, 1, true, "net", 0, 0), SLOPE);
	x = fv_lrelu(s->g, layer(s, c, x, 2 * (int64_t)c->width, 1, 1, false, "net", 2, 3), SLOPE);
	return layer(s, c, x, 1, 1, 1, !c->batch_norm, "net", 5, 0);
}

fv_node *fv_patchgan_build(const fv_scope *s, const fv_patchgan *c, fv_node *x)
{
	if (!c->layers)
		return pixels(s, c, x);
	for (int i = 0; i <= c->layers + 1; i++) {
		bool last = i == c->layers + 1, plain = i == 0 || last;
		int64_t out = last ? 1 : (int64_t)c->width << (i < 3 ? i : 3);
		bool halves = i < c->layers;
		/* The blur is a layer of its own. */
		int name = i ? 3 * i - 1 + (c->antialias ? halves ? i : c->layers : 0) : 0;
		x = layer(s, c, x, out, 4, halves && !c->antialias ? 2 : 1, plain, "model", name,
		          plain ? 0 : name + 1);
		if (!last)
			x = fv_lrelu(s->g, x, SLOPE);
		if (halves && c->antialias)
			x = fv_blur(s->g, x, 3, FV_PAD_REFLECT);
	}
	return x;
}
