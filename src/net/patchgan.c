/* SPDX-License-Identifier: Apache-2.0 */
/* PatchGAN: CycleGAN's and pix2pix' discriminator; with three layers each logit sees 70x70 pixels.
 *
 *	4x4 stride 2, LeakyReLU .2 > (4x4 stride 2, instance norm, LeakyReLU)
 *	  > 4x4 stride 1, norm, LeakyReLU > 4x4 stride 1 to 1
 *
 * Zeros around, one pixel. CUT's, antialiased, has stride 1 and [1 2 1] with every second pixel
 * where the others have stride 2: after norm and activation. Names and shapes are those of the
 * PyTorch originals; their biases before a norm are not asked for. Isola et al., arXiv:1611.07004,
 * section 6.1.2; Zhu et al., arXiv:1703.10593, appendix 7.2; Park et al., arXiv:2007.15651. */
#include "net/net.h"

#define SLOPE 0.2
#define EPS 1e-5
#define DEVIATION 0.02                  /* of fresh weights; CUT's: of Xavier's */

fv_node *fv_patchgan_build(const fv_scope *s, const fv_patchgan *c, fv_node *x)
{
	for (int i = 0; i <= c->layers + 1 && x; i++) {
		bool last = i == c->layers + 1, plain = i == 0 || last;
		int64_t out = last ? 1 : (int64_t)c->width << (i < 3 ? i : 3);
		bool halves = i < c->layers;
		/* The blur is a layer of its own. */
		int name = i ? 3 * i - 1 + (c->antialias ? halves ? i : c->layers : 0) : 0;
		fv_conv_attr a = { .stride = halves && !c->antialias ? 2 : 1, .groups = 1, .top = 1,
		                   .bottom = 1, .left = 1, .right = 1, .kind = FV_PAD_ZERO };
		fv_node *w = fv_param(s, fv_nhwc(out, 4, 4, x->shape.c),
		                      c->antialias ? FV_INIT_XAVIER : FV_INIT_NORMAL, DEVIATION,
		                      "model.%d.weight", name);
		fv_node *bias = plain ? fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "model.%d.bias",
		                                 name)
		                      : NULL;
		if (plain && !bias)
			return NULL;
		x = fv_conv2d(s->g, x, w, bias, a);
		if (!plain)
			x = fv_normalise(s->g, x, FV_HW, EPS);
		if (!last)
			x = fv_lrelu(s->g, x, SLOPE);
		if (halves && c->antialias)
			x = fv_blur(s->g, x, 3, FV_PAD_REFLECT);
	}
	return x;
}
