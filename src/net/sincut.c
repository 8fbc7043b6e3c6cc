/* SPDX-License-Identifier: Apache-2.0 */
/* SinCUT's generator, for one photograph and one painting, and its discriminator, of StyleGAN2's
 * layers (equalised.c).
 *
 *	generator	1x1 > residual block to half the size and twice the channels
 *			  > residual blocks > residual blocks
 *			  > demodulated 3x3 to twice the size, with noise > 1x1
 *	discriminator	1x1 > residual blocks that halve, to 4x4 or less > 3x3
 *			  > all of it to one vector > 1
 *
 * No norm looks at the picture. The last 1x1 is activated as all others are: what is painted has no
 * bounds. Names are those of the PyTorch code; the demodulated convolution's weight lies as a
 * transposed one's does. Park et al., arXiv:2007.15651, section 4.5; Karras et al.,
 * arXiv:1912.04958. */
#include "net/family.h"
#include <stdio.h>

#define MOST 12                         /* times the discriminator's width a layer has, at most */

static fv_node *encode(const fv_scope *s, const fv_sincut *c, fv_node *x, int blocks,
                       fv_node *tap[FV_SINCUT_TAPS])
{
	char name[40];
	if (x && (x->shape.h % 2 || x->shape.w % 2))
		return fv_graph_error(s->g, FV_E_SHAPE,
		                      "sincut: a picture of %s; height and width must be even",
				      fv_shape_text(x->shape).s);
	fv_node *h = fv_equal_layer(s, x, c->width, 1, "encoder.convs.1");
	h = fv_equal_residual(s, h, 2 * c->width, true, "encoder.convs.2");
	if (tap)
		tap[0] = x, tap[1] = h;
	for (int i = 1; i <= blocks; i++) {
		snprintf(name, sizeof name, "encoder.convs.%d", 2 + i);
		h = fv_equal_residual(s, h, 2 * c->width, false, name);
		if (tap && i == 2)
			tap[2] = h;
	}
	return h;
}

void fv_sincut_taps(const fv_scope *s, const fv_sincut *c, fv_node *x, fv_node *tap[FV_SINCUT_TAPS])
{
	encode(s, c, x, 2, tap);
}

fv_node *fv_sincut_build(const fv_scope *s, const fv_sincut *c, fv_node *x, const char *noise,
                         fv_node *tap[FV_SINCUT_TAPS])
{
	char name[40];
	if (!x)
		return NULL;
	fv_node *h = encode(s, c, x, c->blocks, tap);
	for (int i = 0; i < c->blocks; i++) {
		snprintf(name, sizeof name, "decoder.convs.%d", i);
		h = fv_equal_residual(s, h, 2 * c->width, false, name);
	}
	fv_shape plane = fv_nhwc(x->shape.n, x->shape.h, x->shape.w, 1);
	fv_node *drawn = fv_random(s->g, FV_NORMAL, noise, FV_F32, plane, 0, 1);
	snprintf(name, sizeof name, "decoder.convs.%d", c->blocks);
	h = fv_equal_double(s, h, c->width, drawn, name);
	snprintf(name, sizeof name, "decoder.convs.%d", c->blocks + 1);
	return fv_equal_layer(s, h, 3, 1, name);
}

fv_node *fv_sincut_discriminator(const fv_scope *s, int width, fv_node *x)
{
	char name[40];
	int64_t channels = width;
	fv_node *h = fv_equal_layer(s, x, channels, 1, "convs.0");
	for (int i = 1; h && h->shape.h > 4; i++) {
		channels = fv_min(2 * channels, MOST * width);
		snprintf(name, sizeof name, "convs.%d", i);
		h = fv_equal_residual(s, h, channels, true, name);
	}
	h = fv_equal_layer(s, h, MOST * width, 3, "final_conv");
	/* Dense layers, on what a picture has left, as convolutions without a border. */
	h = fv_equal_dense(s, h, MOST * width, true, "final_linear.0");
	h = fv_equal_dense(s, h, 1, false, "final_linear.1");
	return h;
}

static const fv_parameter parameters[] = {
	{ .name = "width", .type = FV_PARAMETER_INT, .at = offsetof(fv_sincut, width), .low = 1,
	  .high = 1024, .preset = { 80 },
	  .help = "channels at full size" },
	{ .name = "blocks", .type = FV_PARAMETER_INT, .at = offsetof(fv_sincut, blocks), .low = 2,
	  .high = 64, .preset = { 3 },
	  .help = "residual blocks at half the size, in each half" },
	{ 0 },
};

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	out[0] = fv_sincut_build(s, config, in[0], "noise", NULL);
}

const fv_family fv_family_sincut = {
	.name = "sincut", .use = FV_PAINTS, .bytes = sizeof(fv_sincut), .parameter = parameters,
	.in = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1, .high = 1,
	          .multiple = 2, .least = 32 } },
	.out = { { .name = "painting", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1,
	           .high = 1 } },
	.build = build,
};
