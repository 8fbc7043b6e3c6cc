/* SPDX-License-Identifier: Apache-2.0 */
/* The textbook's pair: dense layers only.
 *
 *	generator	noise > hidden (ReLU)... > out (sigmoid)
 *	discriminator	out > hidden in reverse (ReLU or LeakyReLU)... > 1 logit */
#include "net/family.h"

static fv_node *linear(const fv_scope *s, fv_node *x, int64_t out, int layer)
{
	if (!x)
		return NULL;
	fv_node *w = fv_param(s, FV_SHAPE(out, x->shape.c), FV_INIT_GLOROT, 0, "%d.weight", layer);
	fv_node *b = fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%d.bias", layer);
	return fv_add(s->g, fv_matmul(s->g, x, w, false, true), b);
}

fv_node *fv_dense_generator(const fv_scope *s, const fv_dense *c, fv_node *z)
{
	for (int i = 0; i < c->layers; i++)
		z = fv_relu(s->g, linear(s, z, c->hidden[i], i));
	return fv_unary(s->g, FV_SIGMOID, linear(s, z, c->out, c->layers), 0, 0);
}

fv_node *fv_dense_discriminator(const fv_scope *s, const fv_dense *c, fv_node *x)
{
	for (int i = 0; i < c->layers; i++)
		x = fv_lrelu(s->g, linear(s, x, c->hidden[c->layers - 1 - i], i), c->slope);
	return linear(s, x, 1, c->layers);
}

static const fv_parameter parameters[] = {
	{ .name = "noise", .type = FV_PARAMETER_INT, .at = offsetof(fv_dense, noise), .low = 1,
	  .high = 1 << 20, .preset = { 100 }, .help = "numbers of noise" },
	{ .name = "hidden", .type = FV_PARAMETER_INTS, .at = offsetof(fv_dense, hidden),
	  .count_at = offsetof(fv_dense, layers), .most = FV_COUNT(((fv_dense *)0)->hidden),
	  .low = 1, .high = 1 << 20, .preset = { 256, 512, 1024 }, .presets = 3,
	  .help = "the hidden layers' widths" },
	{ .name = "out", .type = FV_PARAMETER_INT, .at = offsetof(fv_dense, out), .low = 1,
	  .high = 1 << 20, .preset = { 784 }, .help = "pixels of a picture" },
	{ .name = "rows", .type = FV_PARAMETER_INT, .at = offsetof(fv_dense, rows), .low = 0,
	  .high = 1 << 20, .preset = { 28 }, .optional = true,
	  .help = "rows of them; 0: as many as make a square" },
	{ 0 },
};

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	out[0] = fv_dense_generator(s, config, in[0]);
}

static int64_t floats(const void *config)
{
	const fv_dense *c = config;
	int64_t sum = c->noise + c->out;
	for (int i = 0; i < c->layers; i++)
		sum += c->hidden[i];
	return sum;
}

const fv_family fv_family_dense = {
	.name = "dense", .use = FV_GENERATES, .bytes = sizeof(fv_dense), .parameter = parameters,
	.in = { { .name = "noise", .kind = FV_PORT_NOISE, .flat = true,
	          .channels_at = offsetof(fv_dense, noise) } },
	.out = { { .name = "picture", .kind = FV_PORT_IMAGE, .flat = true,
	           .channels_at = offsetof(fv_dense, out), .rows_at = offsetof(fv_dense, rows),
	           .high = 1 } },
	.build = build, .floats = floats,
};
