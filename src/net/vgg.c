/* SPDX-License-Identifier: Apache-2.0 */
/* VGG, frozen: what teachers and measures see of a picture. No model for painting contains it.
 *
 *	VGG-16 [1]	first colours less ImageNet's mean, over its deviation;
 *			channels 64 128 256 512, convolutions 2 2 3 1
 *	small		VGG-19, distilled to a sixteenth [2]: first a 1x1 convolution of [0,1];
 *			channels 16 32 64 128, convolutions 2 2 4 1
 *
 * 3x3 convolutions with mirrored borders (the original pads zeros: a rim would be learnt), each
 * with ReLU; 2x2 pooling of stride 2, rounded down, before every block but the first. The mean's
 * gradient is smoother than the original maximum's and leaves no weave in what is painted.
 *
 * [1] Simonyan, Zisserman, arXiv:1409.1556. [2] Wang et al., Collaborative Distillation,
 * arXiv:2003.08436. */
#include "net/family.h"
#include <stdio.h>

#define DEVIATION 0.05                  /* of weights that no file gave: only tests make them */

/* ImageNet's, of colours in [0,1]. */
static const double imagenet_mean[] = { 0.485, 0.456, 0.406 },
		    imagenet_deviation[] = { 0.229, 0.224, 0.225 };

static fv_node *conv(const fv_scope *s, fv_node *x, int64_t out, int k, const char *name)
{
	if (!x)
		return NULL;
	fv_node *w = fv_param(s, fv_nhwc(out, k, k, x->shape.c), FV_INIT_NORMAL, DEVIATION,
	                      "%s.weight", name);
	return fv_conv2d(s->g, x, w, fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%s.bias", name),
	                 fv_conv_same(k, FV_PAD_REFLECT));
}

static fv_node *channels(fv_graph *g, fv_type type, const double v[3])
{
	float single[3] = { (float)v[0], (float)v[1], (float)v[2] };
	return fv_constant(g, type, FV_SHAPE(3), type == FV_F64 ? (const void *)v : single);
}

static fv_node *enter(const fv_scope *s, bool small, fv_node *x)
{
	if (!x || small)
		return conv(s, fv_scale(s->g, x, 0.5, 0.5), 3, 1, "conv0");
	double scale[3], shift[3];
	for (int i = 0; i < 3; i++) {
		scale[i] = 0.5 / imagenet_deviation[i];
		shift[i] = (0.5 - imagenet_mean[i]) / imagenet_deviation[i];
	}
	return fv_affine(s->g, x, channels(s->g, x->type, scale), channels(s->g, x->type, shift));
}

/* Channels first .. first+count of x. */
static fv_node *part(fv_graph *g, fv_node *x, int64_t first, int64_t count)
{
	if (!x)
		return NULL;
	fv_shape s = x->shape;
	s.c = count;
	return fv_slice(g, x, (int64_t[FV_RANK]){ [5] = first }, s);
}

static fv_node *pool(fv_graph *g, bool average, fv_node *x)
{
	if (!x || average)
		return fv_blur(g, x, 2, FV_PAD_ZERO);
	fv_shape even = x->shape;
	int64_t c = even.c;
	even.h &= ~(int64_t)1, even.w &= ~(int64_t)1;
	if (!fv_shape_equal(even, x->shape))
		x = fv_slice(g, x, (int64_t[FV_RANK]){ 0 }, even);
	fv_node *four = fv_space_to_depth(g, x, 2);
	fv_node *two =
		fv_binary(g, FV_MAX, part(g, four, 0, 2 * c), part(g, four, 2 * c, 2 * c), 0);
	return fv_binary(g, FV_MAX, part(g, two, 0, c), part(g, two, c, c), 0);
}

int64_t fv_vgg_channels(const fv_vgg *c, int layer) { return (int64_t)c->width << layer; }

fv_node *fv_vgg_build(const fv_scope *s, const fv_vgg *c, fv_node *x, int last,
                      fv_node *out[FV_VGG_LAYERS])
{
	static const int count[2][FV_VGG_LAYERS] = { { 2, 2, 3, 1 }, { 2, 2, 4, 1 } };
	if (x && (x->shape.rank != 4 || x->shape.c != 3 ||
	          (x->shape.h < x->shape.w ? x->shape.h : x->shape.w) >> last < 2))
		return fv_graph_error(
			s->g, FV_E_SHAPE,
			"vgg: a picture of %s; give three channels and at least %d pixels a side",
			fv_shape_text(x->shape).s, 2 << last);
	const bool small = c->depth == 19;
	fv_node *h = enter(s, small, x);
	for (int block = 0; block <= last; block++) {
		int64_t width = fv_vgg_channels(c, block);
		if (block)
			h = pool(s->g, c->pooling == FV_POOL_AVERAGE, h);
		for (int i = 0; i < (block < last ? count[small][block] : 1); i++) {
			char name[24];
			snprintf(name, sizeof name, small ? "conv%d%d" : "conv%d_%d", block + 1,
			         i + 1);
			h = fv_relu(s->g, conv(s, h, width, 3, name));
			if (i == 0)
				out[block] = h;
		}
	}
	return h;
}

static const char *const poolings[] = { "max", "average", NULL };

static const fv_parameter parameters[] = {
	{ .name = "depth", .type = FV_PARAMETER_INT, .at = offsetof(fv_vgg, depth), .low = 16,
	  .high = 19, .preset = { 16 }, .help = "layers of the network that it was" },
	{ .name = "width", .type = FV_PARAMETER_INT, .at = offsetof(fv_vgg, width), .low = 16,
	  .high = 64, .preset = { 64 }, .help = "channels at full size" },
	{ .name = "pooling", .type = FV_PARAMETER_WORD, .at = offsetof(fv_vgg, pooling),
	  .words = poolings, .preset = { FV_POOL_AVERAGE }, .help = "how it halves" },
	{ 0 },
};

static fv_status check(fv_err *err, const void *config)
{
	const fv_vgg *c = config;
	if (!(c->depth == 16 && c->width == 64) && !(c->depth == 19 && c->width == 16))
		return fv_fail(err, FV_E_FORMAT,
		               "VGG-%d of width %d is unknown; VGG-16 of width 64 and "
		               "VGG-19 of width 16 are understood",
		               c->depth, c->width);
	return FV_OK;
}

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	fv_vgg_build(s, config, in[0], FV_VGG_LAYERS - 1, out);
}

const fv_family fv_family_vgg = {
	.name = "vgg", .use = FV_LOOKS, .bytes = sizeof(fv_vgg), .parameter = parameters,
	.check = check,
	.in = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1, .high = 1,
	          .least = 2 << (FV_VGG_LAYERS - 1) } },
	.out = { { .name = "relu1_1", .kind = FV_PORT_MAP }, { .name = "relu2_1", .kind = FV_PORT_MAP },
	         { .name = "relu3_1", .kind = FV_PORT_MAP },
	         { .name = "relu4_1", .kind = FV_PORT_MAP } },
	.build = build,
};
