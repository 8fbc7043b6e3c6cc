/* SPDX-License-Identifier: Apache-2.0 */
/* pix2pix' U-Net: halved `depth` times, doubled as often, and each level sees what the way down
 * made of it.
 *
 *	down	LeakyReLU .2 (not at first) > 4x4 stride 2 > norm (not at first, nor at last)
 *	up	ReLU of [what the way down made here, what comes up] > transposed 4x4 stride 2
 *		> norm > dropout at the levels 5 .. depth - 1 (at level 1: a bias and tanh)
 *
 * In the original the first activation of a level is made in place, so what it concatenates is
 * LeakyReLU's; ReLU follows, which makes the same of both. Zeros around, one pixel.
 *
 * Names are those of the PyTorch original, whose levels are nested modules, so that its weights fit
 * as they are: level 1 is model.model, the next model.model.1.model, each further one is .3.model
 * of the one around it. In a level's list the convolutions stand at these places, norms one behind:
 *
 *			down	up
 *	level 1		0	3
 *	2 .. depth - 1	1	5
 *	depth		1	3
 *
 * Biases before a norm are not asked for: they have no effect. Isola et al., arXiv:1611.07004,
 * section 6.1.1; Ronneberger et al., arXiv:1505.04597. */
#include "net/family.h"
#include <stdio.h>
#include <string.h>

#define SLOPE 0.2
#define EPS 1e-5
#define DEVIATION 0.02                  /* of fresh weights, as in the original */
#define DROPPED 0.5
#define UNDROPPED 5                     /* levels without dropout: the lowest and the upper four */

typedef struct { char s[120]; } layer_name;

/* The name of entry `place` of a level's list. */
static layer_name name_of(int level, int place)
{
	layer_name n = { "model.model." };
	for (int i = 2; i <= level; i++)
		strcat(n.s, i == 2 ? "1.model." : "3.model.");
	snprintf(n.s + strlen(n.s), 4, "%d", place);
	return n;
}

static int64_t channels(const fv_unet *c, int level)
{
	return (int64_t)c->width << (level < 4 ? level - 1 : 3);
}

static fv_conv_attr halving(void)
{
	return (fv_conv_attr){ .stride = 2, .groups = 1, .top = 1, .bottom = 1, .left = 1,
	                       .right = 1, .kind = FV_PAD_ZERO };
}

static fv_node *norm(const fv_scope *s, const fv_unet *c, fv_node *x, int level, int place)
{
	return c->norm == FV_UNET_BATCH ? fv_batch_norm(s, x, EPS, name_of(level, place).s)
	                                : fv_normalise(s->g, x, FV_HW, EPS);
}

/* A convolution without a norm behind it has a bias, but where batch norm is used: as the original
 * decides it. */
static fv_node *down(const fv_scope *s, const fv_unet *c, fv_node *x, int level)
{
	const bool outer = level == 1, normed = !outer && level < c->depth;
	const bool biased = !normed && c->norm == FV_UNET_INSTANCE;
	const layer_name n = name_of(level, outer ? 0 : 1);
	if (!x)
		return NULL;
	const int64_t out = channels(c, level);
	fv_node *w = fv_param(s, fv_nhwc(out, 4, 4, x->shape.c), FV_INIT_NORMAL, DEVIATION,
	                      "%s.weight", n.s);
	fv_node *b = biased ? fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%s.bias", n.s) : NULL;
	if (biased && !b)
		return NULL;
	fv_node *y = fv_conv2d(s->g, outer ? x : fv_lrelu(s->g, x, SLOPE), w, b, halving());
	return normed ? norm(s, c, y, level, 2) : y;
}

static fv_node *up(const fv_scope *s, const fv_unet *c, fv_node *x, int level)
{
	const bool outer = level == 1, inner = level == c->depth;
	const int place = outer || inner ? 3 : 5;
	const layer_name n = name_of(level, place);
	char draw[24];
	if (!x)
		return NULL;
	const int64_t out = outer ? 3 : channels(c, level - 1);
	fv_conv_attr a = halving();
	a.h = 2 * x->shape.h, a.w = 2 * x->shape.w;
	fv_node *w = fv_param(s, fv_nhwc(x->shape.c, 4, 4, out), FV_INIT_NORMAL, DEVIATION,
	                      "%s.weight", n.s);
	fv_node *y = fv_conv2d_dx(s->g, fv_relu(s->g, x), w, a);
	if (outer) {
		fv_node *b = fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%s.bias", n.s);
		return fv_unary(s->g, FV_TANH, fv_add(s->g, y, b), 0, 0);
	}
	y = norm(s, c, y, level, place + 1);
	snprintf(draw, sizeof draw, "level %d", level);
	return c->dropout && level >= UNDROPPED && !inner ? fv_dropout(s, y, DROPPED, draw) : y;
}

/* From level `level` down and up again. */
static fv_node *levels(const fv_scope *s, const fv_unet *c, fv_node *x, int level)
{
	fv_node *here = down(s, c, x, level);
	if (level == c->depth)
		return up(s, c, here, level);
	fv_node *both[] = { here, levels(s, c, here, level + 1) };
	return up(s, c, both[0] && both[1] ? fv_concat(s->g, FV_RANK - 1, both, 2) : NULL, level);
}

static int multiple_of(const void *config) { return 1 << ((const fv_unet *)config)->depth; }

fv_node *fv_unet_build(const fv_scope *s, const fv_unet *c, fv_node *x)
{
	if (x && (x->shape.h % multiple_of(c) || x->shape.w % multiple_of(c)))
		return fv_graph_error(s->g, FV_E_SHAPE,
		                      "unet: a picture of %s; height and width must be "
		                      "multiples of %d", fv_shape_text(x->shape).s, multiple_of(c));
	return levels(s, c, x, 1);
}

int fv_unet_depth(int64_t side)
{
	int depth = 0;
	while (depth < 8 && side % (2 << depth) == 0)
		depth++;
	return depth;
}

static const char *const norms[] = { "batch", "instance", NULL };
static const fv_parameter parameters[] = {
	{ .name = "width", .type = FV_PARAMETER_INT, .at = offsetof(fv_unet, width), .low = 1,
	  .high = 1024, .preset = { 64 }, .help = "channels at half the size" },
	{ .name = "depth", .type = FV_PARAMETER_INT, .at = offsetof(fv_unet, depth), .low = 5,
	  .high = 10, .preset = { 8 }, .help = "how many times the size is halved" },
	{ .name = "norm", .type = FV_PARAMETER_WORD, .at = offsetof(fv_unet, norm), .words = norms,
	  .preset = { FV_UNET_BATCH }, .help = "what is normalised over" },
	{ .name = "dropout", .type = FV_PARAMETER_BOOL, .at = offsetof(fv_unet, dropout),
	  .preset = { 1 }, .help = "whether it was trained with dropout" },
	{ 0 },
};

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	out[0] = fv_unet_build(s, config, in[0]);
}

const fv_family fv_family_unet = {
	.name = "unet", .use = FV_PAINTS, .bytes = sizeof(fv_unet), .parameter = parameters,
	.in = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1, .high = 1,
	          .multiple_of = multiple_of } },
	.out = { { .name = "painting", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1,
	           .high = 1 } },
	.build = build,
};
