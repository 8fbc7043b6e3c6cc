/* SPDX-License-Identifier: Apache-2.0 */
/* AnimeGAN's light generators: v2's here, v3's in animegan3.c. The family's record has both.
 *
 *	A	7x7 > 3x3 stride 2 > 3x3
 *	B	3x3 stride 2 > 3x3
 *	C	3x3 > inverted residual blocks > 3x3, at a quarter of the size
 *	D	twice the size > 3x3 > 3x3
 *	E	twice the size > 3x3 > 3x3 > 7x7
 *	out	1x1, tanh
 *
 * Each convolution has no bias; mirrored borders, at stride 2 only behind (right and below), as
 * TensorFlow's SAME has it; layer norm over height, width and channels with a scale and a shift a
 * channel; LeakyReLU .2. An inverted residual block widens by 1x1, looks at each channel by itself
 * (3x3, with a bias), and narrows by 1x1. Names and shapes are those of the PyTorch port, so that
 * its weights fit: its norms have eps 1e-5 and its grid is that of half pixels, where the original
 * has 1e-12 and the grid of TensorFlow 1. Chen, Liu, Chen: AnimeGAN, ISICA 2019, and its v2. */
#include "net/family.h"
#include <stdio.h>

#define SLOPE 0.2

int fv_grid_kind(fv_grid grid)
{
	static const fv_resize_kind kinds[] = { FV_BILINEAR, FV_BILINEAR_LEGACY,
	                                        FV_BILINEAR_CORNERS };
	return (int)kinds[grid];
}

static fv_node *norm(const fv_scope *s, const fv_animegan *c, fv_node *x, const char *name)
{
	if (!x)
		return NULL;
	fv_node *scale = fv_param(s, FV_SHAPE(x->shape.c), FV_INIT_ONE, 0, "%s.weight", name);
	fv_node *shift = fv_param(s, FV_SHAPE(x->shape.c), FV_INIT_ZERO, 0, "%s.bias", name);
	return fv_affine(s->g, fv_normalise(s->g, x, FV_HWC, c->eps), scale, shift);
}

/* Convolution, norm, activation; out 0: each channel by itself. */
static fv_node *layer(const fv_scope *s, const fv_animegan *c, fv_node *x, int64_t out, int k,
                      int stride, const char *name)
{
	char norm_name[48];
	bool deep = out == 0;
	if (!x)
		return NULL;
	fv_conv_attr a = fv_conv_same(k, FV_PAD_REFLECT);
	a.stride = stride;
	a.top = a.left = stride == 2 ? 0 : k / 2;
	a.groups = deep ? (int)x->shape.c : 1;
	out = deep ? x->shape.c : out;
	fv_node *w = fv_param(s, fv_nhwc(out, k, k, deep ? 1 : x->shape.c), FV_INIT_HE, 0,
	                      "%s.1.weight", name);
	fv_node *bias = deep ? fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%s.1.bias", name)
	                     : NULL;
	if (deep && !bias)
		return NULL;
	snprintf(norm_name, sizeof norm_name, "%s.2", name);
	return fv_lrelu(s->g, norm(s, c, fv_conv2d(s->g, x, w, bias, a), norm_name), SLOPE);
}

static fv_node *inverted(const fv_scope *s, const fv_animegan *c, fv_node *x, int64_t out, int at)
{
	char name[4][32];
	if (!x)
		return NULL;
	for (int i = 0; i < 4; i++)
		snprintf(name[i], sizeof name[i], "block_c.%d.layers.%d", at, i);
	int64_t wide = 2 * x->shape.c;
	fv_node *h = layer(s, c, layer(s, c, x, wide, 1, 1, name[0]), 0, 3, 1, name[1]);
	fv_node *w = fv_param(s, fv_nhwc(out, 1, 1, wide), FV_INIT_HE, 0, "%s.weight", name[2]);
	h = norm(s, c, fv_conv2d(s->g, h, w, NULL, fv_conv_same(1, FV_PAD_REFLECT)), name[3]);
	return x->shape.c == out ? fv_add(s->g, x, h) : h;
}

static fv_node *twice(const fv_scope *s, const fv_animegan *c, fv_node *x)
{
	return x ? fv_resize(s->g, fv_grid_kind(c->grid), x, 2 * x->shape.h, 2 * x->shape.w) : NULL;
}

fv_node *fv_animegan_build(const fv_scope *s, const fv_animegan *c, fv_node *x)
{
	char last[24];
	int64_t w = c->width;
	if (x && (x->shape.h % FV_ANIMEGAN_MULTIPLE || x->shape.w % FV_ANIMEGAN_MULTIPLE))
		return fv_graph_error(
			s->g, FV_E_SHAPE,
			"animegan: a picture of %s; height and width must be multiples of %d",
			fv_shape_text(x->shape).s, FV_ANIMEGAN_MULTIPLE);
	if (c->version == FV_ANIMEGAN_V3)
		return fv_animegan3_build(s, c, x);
	fv_node *h = layer(s, c, x, w, 7, 1, "block_a.0");
	h = layer(s, c, h, 2 * w, 3, 2, "block_a.1");
	h = layer(s, c, h, 2 * w, 3, 1, "block_a.2");
	h = layer(s, c, h, 4 * w, 3, 2, "block_b.0");
	h = layer(s, c, h, 4 * w, 3, 1, "block_b.1");
	h = layer(s, c, h, 4 * w, 3, 1, "block_c.0");
	for (int i = 1; i <= c->blocks; i++)
		h = inverted(s, c, h, 8 * w, i);
	snprintf(last, sizeof last, "block_c.%d", c->blocks + 1);
	h = layer(s, c, h, 4 * w, 3, 1, last);
	h = layer(s, c, twice(s, c, h), 4 * w, 3, 1, "block_d.0");
	h = layer(s, c, h, 4 * w, 3, 1, "block_d.1");
	h = layer(s, c, twice(s, c, h), 2 * w, 3, 1, "block_e.0");
	h = layer(s, c, h, 2 * w, 3, 1, "block_e.1");
	h = layer(s, c, h, w, 7, 1, "block_e.2");
	fv_node *head = fv_param(s, fv_nhwc(3, 1, 1, w), FV_INIT_HE, 0, "out_layer.0.weight");
	return fv_unary(s->g, FV_TANH,
	                fv_conv2d(s->g, h, head, NULL, fv_conv_same(1, FV_PAD_REFLECT)), 0, 0);
}

static const char *const versions[] = { "v2", "v3", NULL };
static const char *const grids[] = { "half", "legacy", "corners", NULL };

static const fv_parameter parameters[] = {
	{ .name = "version", .type = FV_PARAMETER_WORD, .at = offsetof(fv_animegan, version),
	  .words = versions, .help = "which of its generators" },
	{ .name = "width", .type = FV_PARAMETER_INT, .at = offsetof(fv_animegan, width), .low = 1,
	  .high = 1024, .preset = { 32 }, .help = "channels at full size" },
	{ .name = "blocks", .type = FV_PARAMETER_INT, .at = offsetof(fv_animegan, blocks), .low = 1,
	  .high = 64, .preset = { 4 }, .help = "inverted residual blocks" },
	{ .name = "grid", .type = FV_PARAMETER_WORD, .at = offsetof(fv_animegan, grid),
	  .words = grids, .help = "where pixels come from when it enlarges" },
	{ .name = "eps", .type = FV_PARAMETER_FLOAT, .at = offsetof(fv_animegan, eps), .low = 0,
	  .high = 1, .preset = { 1e-5 }, .help = "added to the variance under a norm" },
	{ 0 },
};

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	out[0] = fv_animegan_build(s, config, in[0]);
}

const fv_family fv_family_animegan = {
	.name = "animegan", .use = FV_PAINTS, .bytes = sizeof(fv_animegan), .parameter = parameters,
	.in = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1, .high = 1,
	          .multiple = FV_ANIMEGAN_MULTIPLE, .least = 32 } },
	.out = { { .name = "painting", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1,
	           .high = 1 } },
	.build = build, .relief = true,
};
