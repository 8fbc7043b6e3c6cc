/* SPDX-License-Identifier: Apache-2.0 */
/* CycleGAN's residual generator, and CUT's, which is without aliasing.
 *
 *	CycleGAN	7x7 > 3x3 stride 2, twice > residual blocks
 *			  > transposed 3x3 stride 2, twice > 7x7, tanh
 *	antialias	7x7 > 3x3, [1 2 1] and every second pixel, twice > residual blocks
 *			  > bilinear to twice the size, 3x3, twice > 7x7, tanh
 *
 * Instance norm and ReLU after every convolution but the last; mirrored borders around the picture
 * and in residual blocks, zeros around the other 3x3. The transposed convolution is conv2d's
 * adjoint, used forward. Names and shapes are those of the PyTorch originals, so that their weights
 * fit as they are; their biases before a norm are not asked for, as they have no effect, but for
 * the two that PatchNCE sees. Zhu et al., arXiv:1703.10593, appendix 7.2; Johnson et al.,
 * arXiv:1603.08155; Park et al., arXiv:2007.15651; Zhang, arXiv:1904.11486. */
#include "net/family.h"
#include <stdio.h>

#define EPS 1e-5
#define DEVIATION 0.02                  /* of fresh weights; CUT's: of Xavier's */
#define LAST_BLOCK 5                    /* of those that are tapped */

static fv_node *weight(const fv_scope *s, const fv_resnet *c, fv_shape shape, const char *name)
{
	fv_init init = c->antialias ? FV_INIT_XAVIER : FV_INIT_NORMAL;
	return fv_param(s, shape, init, DEVIATION, "%s.weight", name);
}

static fv_node *norm_relu(const fv_scope *s, fv_node *x)
{
	return fv_relu(s->g, fv_normalise(s->g, x, FV_HW, EPS));
}

static fv_node *conv(const fv_scope *s, const fv_resnet *c, fv_node *x, int64_t out, int k,
                     fv_pad_kind kind, const char *name)
{
	if (!x)
		return NULL;
	fv_node *w = weight(s, c, fv_nhwc(out, k, k, x->shape.c), name);
	return fv_conv2d(s->g, x, w, NULL, fv_conv_same(k, kind));
}

static fv_conv_attr halving(void)
{
	return (fv_conv_attr){ .stride = 2, .groups = 1, .top = 1, .bottom = 1, .left = 1,
	                       .right = 1, .kind = FV_PAD_ZERO };
}

/* To half the size and twice the channels. *raw: what the convolution makes. */
static fv_node *down(const fv_scope *s, const fv_resnet *c, fv_node *x, const char *name,
                     fv_node **raw)
{
	if (!x)
		return NULL;
	fv_conv_attr a = c->antialias ? fv_conv_same(3, FV_PAD_ZERO) : halving();
	int64_t out = 2 * x->shape.c;
	fv_node *w = weight(s, c, fv_nhwc(out, 3, 3, x->shape.c), name);
	fv_node *bias = c->antialias ? fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%s.bias", name)
	                             : NULL;
	if (c->antialias && !bias)
		return NULL;
	*raw = fv_conv2d(s->g, x, w, bias, a);
	fv_node *h = norm_relu(s, *raw);
	return c->antialias ? fv_blur(s->g, h, 3, FV_PAD_REFLECT) : h;
}

static fv_node *up(const fv_scope *s, const fv_resnet *c, fv_node *x, const char *name)
{
	if (!x)
		return NULL;
	int64_t h = 2 * x->shape.h, w = 2 * x->shape.w, out = x->shape.c / 2;
	if (c->antialias) {
		fv_node *twice = fv_resize(s->g, FV_BILINEAR, x, h, w);
		return norm_relu(s, conv(s, c, twice, out, 3, FV_PAD_ZERO, name));
	}
	fv_conv_attr a = halving();
	a.h = h, a.w = w;
	fv_node *weights = weight(s, c, fv_nhwc(x->shape.c, 3, 3, out), name);
	return norm_relu(s, fv_conv2d_dx(s->g, x, weights, a));
}

static fv_node *residual(const fv_scope *s, const fv_resnet *c, fv_node *x, int layer)
{
	char a[40], b[40];
	int64_t width = 4 * c->width;
	snprintf(a, sizeof a, "model.%d.conv_block.1", layer);
	snprintf(b, sizeof b, "model.%d.conv_block.5", layer);
	fv_node *h = norm_relu(s, conv(s, c, x, width, 3, FV_PAD_REFLECT, a));
	h = conv(s, c, h, width, 3, FV_PAD_REFLECT, b);
	return fv_add(s->g, x, fv_normalise(s->g, h, FV_HW, EPS));
}

/* The layer of the first residual block: halving takes one more where it is apart from the
 * convolution. */
static int first_block(const fv_resnet *c) { return c->antialias ? 12 : 10; }

/* As far as block `blocks`. */
static fv_node *encode(const fv_scope *s, const fv_resnet *c, fv_node *x, int blocks,
                       fv_node *tap[FV_RESNET_TAPS])
{
	fv_node *raw[2] = { NULL };
	const int tapped[] = { 1, c->blocks < LAST_BLOCK ? c->blocks : LAST_BLOCK };
	if (x && (x->shape.h % 4 || x->shape.w % 4))
		return fv_graph_error(
			s->g, FV_E_SHAPE,
			"resnet: a picture of %s; height and width must be multiples of 4",
			fv_shape_text(x->shape).s);
	fv_node *h = norm_relu(s, conv(s, c, x, c->width, 7, FV_PAD_REFLECT, "model.1"));
	h = down(s, c, h, "model.4", &raw[0]);
	h = down(s, c, h, c->antialias ? "model.8" : "model.7", &raw[1]);
	for (int i = 1; i <= blocks; i++) {
		h = residual(s, c, h, first_block(c) + i - 1);
		for (int k = 0; tap && k < 2; k++)
			if (tapped[k] == i)
				tap[3 + k] = h;
	}
	if (tap) {
		tap[0] = fv_pad(s->g, x, 3, 3, 3, 3, FV_PAD_REFLECT);
		tap[1] = raw[0], tap[2] = raw[1];
	}
	return h;
}

void fv_resnet_taps(const fv_scope *s, const fv_resnet *c, fv_node *x,
                    fv_node *tap[FV_RESNET_TAPS])
{
	encode(s, c, x, c->blocks < LAST_BLOCK ? c->blocks : LAST_BLOCK, tap);
}

fv_node *fv_resnet_build(const fv_scope *s, const fv_resnet *c, fv_node *x,
                         fv_node *tap[FV_RESNET_TAPS])
{
	char name[2][24], last[24];
	/* Antialiased, the enlarging is a layer of its own before each convolution. */
	int layer = first_block(c) + c->blocks + c->antialias, step = c->antialias ? 4 : 3;
	for (int i = 0; i < 2; i++)
		snprintf(name[i], sizeof name[i], "model.%d", layer + step * i);
	snprintf(last, sizeof last, "model.%d", layer + (c->antialias ? 8 : 7));
	fv_node *h = encode(s, c, x, c->blocks, tap);
	h = up(s, c, up(s, c, h, name[0]), name[1]);
	fv_node *head = weight(s, c, fv_nhwc(3, 7, 7, c->width), last),
		*bias = fv_param(s, FV_SHAPE(3), FV_INIT_ZERO, 0, "%s.bias", last);
	return fv_unary(s->g, FV_TANH,
	                fv_conv2d(s->g, h, head, bias, fv_conv_same(7, FV_PAD_REFLECT)), 0, 0);
}

static const fv_parameter parameters[] = {
	{ .name = "width", .type = FV_PARAMETER_INT, .at = offsetof(fv_resnet, width), .low = 1,
	  .high = 1024, .preset = { 64 }, .help = "channels at full size" },
	{ .name = "blocks", .type = FV_PARAMETER_INT, .at = offsetof(fv_resnet, blocks), .low = 1,
	  .high = 64, .preset = { 9 }, .help = "residual blocks" },
	{ .name = "antialias", .type = FV_PARAMETER_BOOL, .at = offsetof(fv_resnet, antialias),
	  .optional = true, .help = "blurred where it halves and doubles, as CUT's" },
	{ 0 },
};

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	out[0] = fv_resnet_build(s, config, in[0], NULL);
}

const fv_family fv_family_resnet = {
	.name = "resnet", .use = FV_PAINTS, .bytes = sizeof(fv_resnet), .parameter = parameters,
	.in = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1, .high = 1,
	          .multiple = 4, .least = 32 } },
	.out = { { .name = "painting", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1,
	           .high = 1 } },
	.build = build, .relief = true,
};
