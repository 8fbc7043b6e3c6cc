/* SPDX-License-Identifier: Apache-2.0 */
/* DCGAN's pair: Radford, Metz, Chintala, arXiv:1511.06434.
 *
 *	generator	noise > 4x4 > transposed 4x4 stride 2, until the size; batch norm and ReLU,
 *tanh last
 *	discriminator	the same way back: 4x4 stride 2, norm (not behind the first), LeakyReLU .2 >
 *1 logit
 *
 * Names, shapes and numbers are those of PyTorch's example for 64 pixels; 32 have one layer less.
 * 28, MNIST's, are 32 without a border of two: the generator's last layer and the discriminator's
 * first are padded by 3 instead of 1. With labels the generator's noise is followed by the label,
 * one-hot, and the discriminator adds the product of its last features, summed over the picture,
 * with a vector that it learns for each label: Miyato and Koyama, arXiv:1802.05637. */
#include "net/family.h"
#include <stdio.h>

#define SLOPE 0.2
#define EPS 1e-5
#define LAYER_EPS 1e-12                 /* TensorFlow's, as WGAN-GP's authors had it */
#define DEVIATION 0.02                  /* of fresh weights, as in the original */
#define START 4                         /* pixels a side of the first map */

const char *const fv_critic_norms[] = { "batch", "layer", "none", NULL };

static int doublings(const fv_dcgan *c) { return c->size == 64 ? 4 : 3; }
/* Channels at 4x4 pixels. */
static int64_t widest(const fv_dcgan *c) { return (int64_t)c->width << (doublings(c) - 1); }

static fv_conv_attr halving(const fv_dcgan *c, bool at_full_size)
{
	const int pad = at_full_size && c->size == 28 ? 3 : 1;
	return (fv_conv_attr){ .stride = 2, .groups = 1, .top = pad, .bottom = pad, .left = pad,
	                       .right = pad, .kind = FV_PAD_ZERO };
}

fv_node *fv_dcgan_generator(const fv_scope *s, const fv_dcgan *c, fv_node *z, fv_node *label)
{
	fv_graph *g = s->g;
	const int layers = doublings(c);
	const int64_t in = c->noise + c->labels, first = widest(c);
	char norm[24];
	if (label)
		z = fv_concat(g, FV_RANK - 1, (fv_node *[]){ z, label }, 2);
	/* On one pixel a transposed convolution is a product of matrices. */
	fv_node *w = fv_param(s, fv_nhwc(in, START, START, first), FV_INIT_NORMAL, DEVIATION,
	                      "main.0.weight");
	fv_node *x = fv_matmul(g, z, fv_reshape(g, w, FV_SHAPE(in, START * START * first)), false,
	                       false);
	x = x ? fv_reshape(g, x, fv_nhwc(x->shape.w, START, START, first)) : NULL;
	for (int i = 1; i <= layers; i++) {
		const bool last = i == layers;
		fv_conv_attr a = halving(c, last);
		snprintf(norm, sizeof norm, "main.%d", 3 * i - 2);
		x = fv_relu(g, fv_batch_norm(s, x, EPS, norm));
		if (!x)
			return NULL;
		a.h = last ? c->size : 2 * x->shape.h, a.w = a.h;
		w = fv_param(s, fv_nhwc(x->shape.c, 4, 4, last ? c->channels : x->shape.c / 2),
		             FV_INIT_NORMAL, DEVIATION, "main.%d.weight", 3 * i);
		x = fv_conv2d_dx(g, x, w, a);
	}
	return fv_unary(g, FV_TANH, x, 0, 0);
}

/* Number of a convolution in PyTorch's list. */
static int place(int layer) { return layer ? 3 * layer - 1 : 0; }

/* A critic without norms has biases, and weights that keep the size of what passes. */
static void weight(const fv_scope *s, const fv_critic *d, const fv_spectral *previous,
                   fv_spectral *out, fv_shape shape, const char *name)
{
	const bool plain = d->norm == FV_CRITIC_PLAIN;
	const int64_t rows = shape.rank == 4 ? shape.n : shape.w;
	fv_node *w = fv_param(s, shape, plain ? FV_INIT_HE : FV_INIT_NORMAL, DEVIATION, "%s.weight",
	                      name);
	fv_node *bias = plain && shape.rank == 4
	                        ? fv_param(s, FV_SHAPE(rows), FV_INIT_ZERO, 0, "%s.bias", name)
	                        : NULL;
	fv_node *u = d->spectral ? fv_buffer(s, FV_SHAPE(rows, 1), FV_INIT_NORMAL, 1, "%s.weight_u",
	                                     name)
	                         : NULL;
	fv_spectral_weight(s->g, previous, out, w, bias, u);
}

void fv_dcgan_weights(const fv_scope *s, const fv_dcgan *c, const fv_critic *d,
                      const fv_spectral *previous, fv_spectral *out)
{
	const int layers = doublings(c);
	char name[24];
	for (int i = 0; i <= layers; i++) {
		const int64_t in = i ? (int64_t)c->width << (i - 1) : c->channels;
		snprintf(name, sizeof name, "main.%d", place(i));
		weight(s, d, previous, out,
		       fv_nhwc(i == layers ? 1 : (int64_t)c->width << i, 4, 4, in), name);
	}
	if (c->labels)
		weight(s, d, previous, out, FV_SHAPE(c->labels, widest(c)), "label");
}

static fv_node *norm(const fv_scope *s, const fv_critic *d, fv_node *x, const char *name)
{
	if (d->norm == FV_CRITIC_PLAIN || !x)
		return x;
	if (d->norm == FV_CRITIC_BATCH)
		return fv_batch_norm(s, x, EPS, name);
	const fv_shape shape = FV_SHAPE(x->shape.c);
	fv_node *scale = fv_param(s, shape, FV_INIT_ONE, 0, "%s.weight", name);
	fv_node *shift = fv_param(s, shape, FV_INIT_ZERO, 0, "%s.bias", name);
	return fv_affine(s->g, fv_normalise(s->g, x, FV_HWC, LAYER_EPS), scale, shift);
}

/* What the label adds to the logit; features: N,16,C. */
static fv_node *projection(fv_graph *g, fv_node *features, fv_node *of_label, fv_node *label)
{
	const int64_t n = features->shape.h, c = features->shape.c;
	fv_node *sum = fv_reshape(g, fv_sum(g, features, FV_AXIS_W), FV_SHAPE(n, c));
	fv_node *product = fv_mul(g, sum, fv_matmul(g, label, of_label, false, false));
	return fv_sum(g, product, FV_AXIS_C);
}

fv_node *fv_dcgan_discriminator(const fv_scope *s, const fv_dcgan *c, const fv_critic *d,
                                const fv_spectral *w, fv_node *x, fv_node *label)
{
	fv_graph *g = s->g;
	const int layers = doublings(c);
	char name[24];
	if (g->err.status)
		return NULL;
	for (int i = 0; i < layers; i++) {
		const fv_spectral_layer *l = &w->layer[i];
		x = fv_conv2d(g, x, l->weight, l->bias, halving(c, i == 0));
		snprintf(name, sizeof name, "main.%d", place(i) + 1);
		x = fv_lrelu(g, i ? norm(s, d, x, name) : x, SLOPE);
	}
	if (!x)
		return NULL;
	/* The last convolution's kernel is as large as its map. */
	const fv_spectral_layer *last = &w->layer[layers];
	const int64_t n = x->shape.n, values = START * START * x->shape.c;
	fv_node *logit = fv_matmul(g, fv_reshape(g, x, FV_SHAPE(n, values)),
	                           fv_reshape(g, last->weight, FV_SHAPE(1, values)), false, true);
	if (last->bias)
		logit = fv_add(g, logit, last->bias);
	if (!label)
		return logit;
	x = fv_reshape(g, x, FV_SHAPE(n, START * START, x->shape.c));
	return fv_add(g, logit, projection(g, x, w->layer[layers + 1].weight, label));
}

static const fv_parameter parameters[] = {
	{ .name = "size", .type = FV_PARAMETER_INT, .at = offsetof(fv_dcgan, size), .low = 28,
	  .high = 64, .preset = { 64 }, .help = "pixels a side: 28, 32 or 64" },
	{ .name = "channels", .type = FV_PARAMETER_INT, .at = offsetof(fv_dcgan, channels),
	  .low = 1,
	  .high = 3, .preset = { 3 }, .help = "1 grey, 3 colour" },
	{ .name = "width", .type = FV_PARAMETER_INT, .at = offsetof(fv_dcgan, width), .low = 1,
	  .high = 1024, .preset = { 64 }, .help = "channels at half the size" },
	{ .name = "noise", .type = FV_PARAMETER_INT, .at = offsetof(fv_dcgan, noise), .low = 1,
	  .high = 1 << 16, .preset = { 100 }, .help = "numbers of noise" },
	{ .name = "labels", .type = FV_PARAMETER_INT, .at = offsetof(fv_dcgan, labels), .low = 0,
	  .high = 1000, .optional = true,
	  .help = "kinds of pictures that can be asked for, 0: none" },
	{ 0 },
};

static fv_status check(fv_err *err, const void *config)
{
	const fv_dcgan *c = config;
	if (c->size != 28 && c->size != 32 && c->size != 64)
		return fv_fail(err, FV_E_FORMAT, "dcgan: 'size' is %d: 28, 32 or 64", c->size);
	if (c->channels == 2)
		return fv_fail(err, FV_E_FORMAT, "dcgan: 'channels' is 2: 1 or 3");
	return FV_OK;
}

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	out[0] = fv_dcgan_generator(s, config, in[0], in[1]);
}

static int64_t floats(const void *config)
{
	const fv_dcgan *c = config;
	return c->noise + 3 * (int64_t)c->size * c->size * (c->width + c->channels);
}

const fv_family fv_family_dcgan = {
	.name = "dcgan", .use = FV_GENERATES, .bytes = sizeof(fv_dcgan), .parameter = parameters,
	.check = check,
	.in = { { .name = "noise", .kind = FV_PORT_NOISE, .flat = true,
	          .channels_at = offsetof(fv_dcgan, noise) },
	        { .name = "label", .kind = FV_PORT_LABEL, .flat = true,
	          .channels_at = offsetof(fv_dcgan, labels) } },
	.out = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels_at = offsetof(fv_dcgan,
	  channels),
	           .low = -1, .high = 1 } },
	.build = build, .floats = floats,
};
