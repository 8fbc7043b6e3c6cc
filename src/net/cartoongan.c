/* SPDX-License-Identifier: Apache-2.0 */
/* CartoonGAN's generator.
 *
 *	7x7, norm > (3x3 stride 2 > 3x3, norm) twice > residual blocks
 *	  > (transposed 3x3 stride 2 > 3x3, norm) twice > 7x7, tanh
 *
 * ReLU after a norm but the blocks' second; nothing between the two convolutions of a pair.
 * Instance norm with a scale and a shift a channel. Borders are mirrored at the 7x7 and in the
 * blocks, zeros elsewhere. The transposed convolution is conv2d's adjoint, used forward. Names and
 * shapes are those of the authors' PyTorch code (the biases before a norm are not asked for: they
 * have no effect); their released models take and give BGR: order "bgr". Chen, Lai, Liu:
 * CartoonGAN, CVPR 2018. */
#include "net/family.h"
#include <stdio.h>

/* How many layers have numbers of their own before the blocks, in the original's names. */
#define BEFORE 3

static fv_node *norm(const fv_scope *s, const fv_cartoongan *c, fv_node *x, const char *name)
{
	if (!x)
		return NULL;
	fv_node *scale = fv_param(s, FV_SHAPE(x->shape.c), FV_INIT_ONE, 0, "%s.scale", name);
	fv_node *shift = fv_param(s, FV_SHAPE(x->shape.c), FV_INIT_ZERO, 0, "%s.shift", name);
	return fv_affine(s->g, fv_normalise(s->g, x, FV_HW, c->eps), scale, shift);
}

static fv_node *conv(const fv_scope *s, fv_node *x, int64_t out, int k, fv_pad_kind kind, bool bias,
                     const char *name)
{
	if (!x)
		return NULL;
	fv_node *w = fv_param(s, fv_nhwc(out, k, k, x->shape.c), FV_INIT_HE, 0, "%s.weight", name);
	fv_node *b = bias ? fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%s.bias", name) : NULL;
	return w && (b || !bias) ? fv_conv2d(s->g, x, w, b, fv_conv_same(k, kind)) : NULL;
}

static fv_conv_attr halving(void)
{
	return (fv_conv_attr){ .stride = 2, .groups = 1, .top = 1, .bottom = 1, .left = 1,
	                       .right = 1, .kind = FV_PAD_ZERO };
}

/* Half or twice the size, then 3x3 and norm. */
static fv_node *pair(const fv_scope *s, const fv_cartoongan *c, fv_node *x, int64_t out, bool up,
                     const char *conv_name, const char *norm_name)
{
	char name[2][24];
	fv_conv_attr a = halving();
	if (!x)
		return NULL;
	for (int i = 0; i < 2; i++)
		snprintf(name[i], sizeof name[i], "%s_%d", conv_name, i + 1);
	fv_shape kernel = up ? fv_nhwc(x->shape.c, 3, 3, out) : fv_nhwc(out, 3, 3, x->shape.c);
	fv_node *w = fv_param(s, kernel, FV_INIT_HE, 0, "%s.weight", name[0]);
	fv_node *b = fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%s.bias", name[0]);
	if (!w || !b)
		return NULL;
	a.h = 2 * x->shape.h, a.w = 2 * x->shape.w;
	x = up ? fv_add(s->g, fv_conv2d_dx(s->g, x, w, a), b) : fv_conv2d(s->g, x, w, b, a);
	return fv_relu(s->g,
		       norm(s, c, conv(s, x, out, 3, FV_PAD_ZERO, false, name[1]), norm_name));
}

static fv_node *residual(const fv_scope *s, const fv_cartoongan *c, fv_node *x, int layer)
{
	fv_node *h = x;
	for (int i = 1; i <= 2 && h; i++) {
		char name[2][24];
		snprintf(name[0], sizeof name[0], "conv%02d_%d", layer, i);
		snprintf(name[1], sizeof name[1], "in%02d_%d", layer, i);
		h = norm(s, c, conv(s, h, h->shape.c, 3, FV_PAD_REFLECT, false, name[0]), name[1]);
		h = i == 1 ? fv_relu(s->g, h) : h;
	}
	return fv_add(s->g, h, x);
}

/* Red and blue change places, where it is so inside. */
static fv_node *ordered(const fv_scope *s, const fv_cartoongan *c, fv_node *x)
{
	static const float turned[] = { 0, 0, 1, 0, 1, 0, 1, 0, 0 };
	if (c->order == FV_ORDER_RGB || !x)
		return x;
	return fv_conv2d(s->g, x, fv_constant(s->g, FV_F32, fv_nhwc(3, 1, 1, 3), turned), NULL,
	                 fv_conv_same(1, FV_PAD_ZERO));
}

fv_node *fv_cartoongan_build(const fv_scope *s, const fv_cartoongan *c, fv_node *x)
{
	char last[2][24];
	int64_t w = c->width;
	if (x && (x->shape.h % 4 || x->shape.w % 4))
		return fv_graph_error(
			s->g, FV_E_SHAPE,
			"cartoongan: a picture of %s; height and width must be multiples of 4",
			fv_shape_text(x->shape).s);
	for (int i = 0; i < 2; i++)
		snprintf(last[i], sizeof last[i], "in%02d_1", BEFORE + c->blocks + 1 + i);
	fv_node *h = conv(s, ordered(s, c, x), w, 7, FV_PAD_REFLECT, false, "conv01_1");
	h = fv_relu(s->g, norm(s, c, h, "in01_1"));
	h = pair(s, c, h, 2 * w, false, "conv02", "in02_1");
	h = pair(s, c, h, 4 * w, false, "conv03", "in03_1");
	for (int i = 1; i <= c->blocks; i++)
		h = residual(s, c, h, BEFORE + i);
	h = pair(s, c, h, 2 * w, true, "deconv01", last[0]);
	h = pair(s, c, h, w, true, "deconv02", last[1]);
	h = conv(s, h, 3, 7, FV_PAD_REFLECT, true, "deconv03_1");
	return ordered(s, c, fv_unary(s->g, FV_TANH, h, 0, 0));
}

static const char *const orders[] = { "rgb", "bgr", NULL };

static const fv_parameter parameters[] = {
	{ .name = "width", .type = FV_PARAMETER_INT, .at = offsetof(fv_cartoongan, width), .low = 1,
	  .high = 1024, .preset = { 64 }, .help = "channels at full size" },
	{ .name = "blocks", .type = FV_PARAMETER_INT, .at = offsetof(fv_cartoongan, blocks),
	  .low = 1, .high = 64, .preset = { 8 }, .help = "residual blocks" },
	{ .name = "order", .type = FV_PARAMETER_WORD, .at = offsetof(fv_cartoongan, order),
	  .words = orders, .help = "of the colours inside" },
	{ .name = "eps", .type = FV_PARAMETER_FLOAT, .at = offsetof(fv_cartoongan, eps), .low = 0,
	  .high = 1, .preset = { 1e-9 }, .help = "added to the variance under a norm" },
	{ 0 },
};

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	out[0] = fv_cartoongan_build(s, config, in[0]);
}

const fv_family fv_family_cartoongan = {
	.name = "cartoongan", .use = FV_PAINTS, .bytes = sizeof(fv_cartoongan),
	.parameter = parameters,
	.in = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1, .high = 1,
	          .multiple = 4, .least = 32 } },
	.out = { { .name = "painting", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1,
	           .high = 1 } },
	.build = build, .relief = true,
};
