/* SPDX-License-Identifier: Apache-2.0 */
/* CycleGAN's residual generator.
 *
 *	7x7 > 3x3 stride 2, twice > residual blocks > transposed 3x3 stride 2, twice > 7x7, tanh
 *
 * Instance norm and ReLU after every convolution but the last; mirrored borders at stride 1, zeros
 * at stride 2. The transposed convolution is conv2d's adjoint, used forward. Names and shapes are
 * those of the PyTorch original, so that its weights fit as they are; its biases before a norm are
 * not asked for: they have no effect. Zhu et al., arXiv:1703.10593, appendix 7.2; Johnson et al.,
 * arXiv:1603.08155. */
#include "net/family.h"
#include <stdio.h>

#define EPS 1e-5
#define DEVIATION 0.02                  /* of fresh weights, as in the original */

static fv_node *weight(const fv_scope *s, fv_shape shape, const char *name)
{
	return fv_param(s, shape, FV_INIT_NORMAL, DEVIATION, "%s.weight", name);
}

static fv_node *norm(const fv_scope *s, fv_node *x) { return fv_normalise(s->g, x, FV_HW, EPS); }

static fv_node *conv(const fv_scope *s, fv_node *x, int64_t out, int k, const char *name)
{
	return x ? fv_conv2d(s->g, x, weight(s, fv_nhwc(out, k, k, x->shape.c), name), NULL,
	                     fv_conv_same(k, FV_PAD_REFLECT))
	         : NULL;
}

static fv_conv_attr halving(void)
{
	return (fv_conv_attr){ .stride = 2, .groups = 1, .top = 1, .bottom = 1, .left = 1,
	                       .right = 1, .kind = FV_PAD_ZERO };
}

static fv_node *down(const fv_scope *s, fv_node *x, const char *name)
{
	if (!x)
		return NULL;
	fv_node *w = weight(s, fv_nhwc(2 * x->shape.c, 3, 3, x->shape.c), name);
	return fv_relu(s->g, norm(s, fv_conv2d(s->g, x, w, NULL, halving())));
}

static fv_node *up(const fv_scope *s, fv_node *x, const char *name)
{
	if (!x)
		return NULL;
	fv_conv_attr a = halving();
	a.h = 2 * x->shape.h, a.w = 2 * x->shape.w;
	fv_node *w = weight(s, fv_nhwc(x->shape.c, 3, 3, x->shape.c / 2), name);
	return fv_relu(s->g, norm(s, fv_conv2d_dx(s->g, x, w, a)));
}

static fv_node *residual(const fv_scope *s, fv_node *x, int64_t width, int layer)
{
	char a[40], b[40];
	snprintf(a, sizeof a, "model.%d.conv_block.1", layer);
	snprintf(b, sizeof b, "model.%d.conv_block.5", layer);
	fv_node *h = fv_relu(s->g, norm(s, conv(s, x, width, 3, a)));
	return fv_add(s->g, x, norm(s, conv(s, h, width, 3, b)));
}

fv_node *fv_resnet_build(const fv_scope *s, const fv_resnet *c, fv_node *x)
{
	char name[2][24], last[24];
	int64_t w = c->width;
	if (x && (x->shape.h % 4 || x->shape.w % 4))
		return fv_graph_error(
			s->g, FV_E_SHAPE,
			"resnet: a picture of %s; height and width must be multiples of 4",
			fv_shape_text(x->shape).s);
	for (int i = 0; i < 2; i++)
		snprintf(name[i], sizeof name[i], "model.%d", 10 + c->blocks + 3 * i);
	snprintf(last, sizeof last, "model.%d", 17 + c->blocks);
	fv_node *h = fv_relu(s->g, norm(s, conv(s, x, w, 7, "model.1")));
	h = down(s, down(s, h, "model.4"), "model.7");
	for (int i = 0; i < c->blocks; i++)
		h = residual(s, h, 4 * w, 10 + i);
	h = up(s, up(s, h, name[0]), name[1]);
	fv_node *head = weight(s, fv_nhwc(3, 7, 7, w), last),
		*bias = fv_param(s, FV_SHAPE(3), FV_INIT_ZERO, 0, "%s.bias", last);
	return fv_unary(s->g, FV_TANH,
	                fv_conv2d(s->g, h, head, bias, fv_conv_same(7, FV_PAD_REFLECT)), 0, 0);
}

static const fv_parameter parameters[] = {
	{ .name = "width", .type = FV_PARAMETER_INT, .at = offsetof(fv_resnet, width), .low = 1,
	  .high = 1024, .preset = { 64 }, .help = "channels at full size" },
	{ .name = "blocks", .type = FV_PARAMETER_INT, .at = offsetof(fv_resnet, blocks), .low = 1,
	  .high = 64, .preset = { 9 }, .help = "residual blocks" },
	{ 0 },
};

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	out[0] = fv_resnet_build(s, config, in[0]);
}

const fv_family fv_family_resnet = {
	.name = "resnet", .use = FV_PAINTS, .bytes = sizeof(fv_resnet), .parameter = parameters,
	.in = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1, .high = 1,
	          .multiple = 4, .least = 32 } },
	.out = { { .name = "painting", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1,
	           .high = 1 } },
	.build = build, .relief = true,
};
