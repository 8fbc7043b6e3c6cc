/* SPDX-License-Identifier: Apache-2.0 */
/* AnimeGANv3's generator: the part that is deployed, base and main tail.
 *
 *	x0	7x7
 *	x1	3x3 stride 2 > 3x3
 *	x2	3x3 stride 2 > 3x3
 *	x3	3x3 stride 2 > 3x3 > external attention
 *	tail	three times: twice the size > 3x3 > 3x3 of that plus x2, x1, x0
 *	out	7x7, tanh
 *
 * Convolutions without bias, mirrored borders, at stride 2 only before (left and above: the
 * opposite of v2); LADE; LeakyReLU .2.
 *
 * LADE, linearly adaptive denormalisation: t = a 1x1 convolution of x;
 * y = (x - mean x) / sqrt(var x + eps) * sqrt(var t + eps) + mean t, over height and width.
 * External attention [1] looks at a learnt memory of 128 rows; its batch norm is the only thing
 * here that differs in training. Liu, Chen, Chen: A Novel Double-Tail Generative Adversarial
 * Network for Fast Photo Animation, IEICE 2024.
 *
 * [1] Guo et al., arXiv:2105.02358 */
#include "net/family.h"
#include <stdio.h>

#define SLOPE 0.2
#define MEMORY 128                      /* rows of the attention's memory */
#define ATTENTION_EPS 1e-9
#define BATCH_EPS 1e-3

static fv_node *weight(const fv_scope *s, fv_shape shape, const char *name)
{
	return fv_param(s, shape, FV_INIT_GLOROT, 0, "net.%s.weight", name);
}

static fv_node *square(fv_graph *g, fv_node *x) { return fv_unary(g, FV_SQUARE, x, 0, 0); }

fv_node *fv_lade(fv_graph *g, fv_node *x, fv_node *w, double eps)
{
	fv_node *t = fv_conv2d(g, x, w, NULL, fv_conv_same(1, FV_PAD_ZERO));
	fv_node *mean = fv_mean(g, t, FV_HW);
	fv_node *variance = fv_mean(g, square(g, fv_sub(g, t, mean)), FV_HW);
	fv_node *deviation = fv_unary(g, FV_SQRT, fv_scale(g, variance, 1, eps), 0, 0);
	return fv_affine(g, fv_normalise(g, x, FV_HW, eps), deviation, mean);
}

static fv_node *layer(const fv_scope *s, const fv_animegan *c, fv_node *x, int64_t out, int k,
                      int stride, const char *name)
{
	char lade[40];
	if (!x)
		return NULL;
	fv_conv_attr a = fv_conv_same(k, FV_PAD_REFLECT);
	a.stride = stride;
	a.bottom = a.right = stride == 2 ? 0 : k / 2;
	x = fv_conv2d(s->g, x, weight(s, fv_nhwc(out, k, k, x->shape.c), name), NULL, a);
	snprintf(lade, sizeof lade, "%s.lade", name);
	return fv_lrelu(s->g, fv_lade(s->g, x, weight(s, fv_nhwc(out, 1, 1, out), lade), c->eps),
	                SLOPE);
}

/* A = X W; softmax over the places; over the sum of each place's; Y = A W'. */
static fv_node *attention(const fv_scope *s, fv_node *x)
{
	fv_graph *g = s->g;
	const fv_conv_attr one = fv_conv_same(1, FV_PAD_ZERO);
	if (!x)
		return NULL;
	fv_shape all = x->shape;
	int64_t n = all.n, places = all.h * all.w, c = all.c;
	fv_node *memory = fv_param(s, FV_SHAPE(MEMORY, c), FV_INIT_GLOROT, 0,
	                           "net.attention.memory");
	fv_node *h = fv_conv2d(g, x, weight(s, fv_nhwc(c, 1, 1, c), "attention.in"), NULL, one);
	h = fv_reshape(g, h, FV_SHAPE(n * places, c));
	h = fv_reshape(g, fv_matmul(g, h, memory, false, true), FV_SHAPE(n, places, MEMORY));
	fv_node *share = fv_unary(g, FV_EXP, fv_log_softmax(g, fv_transpose(g, h)), 0, 0);
	share = fv_transpose(g, share);
	fv_node *sum = fv_scale(g, fv_sum(g, share, FV_AXIS_C), 1, ATTENTION_EPS);
	share = fv_reshape(g, fv_div(g, share, sum), FV_SHAPE(n * places, MEMORY));
	h = fv_reshape(g, fv_matmul(g, share, memory, false, false), all);
	h = fv_conv2d(g, h, weight(s, fv_nhwc(c, 1, 1, c), "attention.out"), NULL, one);
	h = fv_batch_norm(s, h, BATCH_EPS, "net.attention.norm");
	return fv_lrelu(g, fv_add(g, h, x), SLOPE);
}

/* Twice the size, then two layers; what was there at that size is added in between. */
static fv_node *up(const fv_scope *s, const fv_animegan *c, fv_node *x, fv_node *there, int64_t out,
                   int stage)
{
	char name[2][24];
	for (int i = 0; i < 2; i++)
		snprintf(name[i], sizeof name[i], "tail.%d", 2 * stage + i);
	if (!x)
		return NULL;
	x = fv_resize(s->g, fv_grid_kind(c->grid), x, 2 * x->shape.h, 2 * x->shape.w);
	x = layer(s, c, x, out, 3, 1, name[0]);
	return layer(s, c, fv_add(s->g, x, there), out, 3, 1, name[1]);
}

fv_node *fv_animegan3_build(const fv_scope *s, const fv_animegan *c, fv_node *x)
{
	int64_t w = c->width;
	fv_node *x0 = layer(s, c, x, w, 7, 1, "base.0");
	fv_node *x1 = layer(s, c, layer(s, c, x0, w, 3, 2, "base.1"), 2 * w, 3, 1, "base.2");
	fv_node *x2 = layer(s, c, layer(s, c, x1, 2 * w, 3, 2, "base.3"), 4 * w, 3, 1, "base.4");
	fv_node *x3 = layer(s, c, layer(s, c, x2, 4 * w, 3, 2, "base.5"), 4 * w, 3, 1, "base.6");
	fv_node *h = up(s, c, attention(s, x3), x2, 4 * w, 0);
	h = up(s, c, up(s, c, h, x1, 2 * w, 1), x0, w, 2);
	fv_node *head = weight(s, fv_nhwc(3, 7, 7, w), "tail.6");
	return fv_unary(s->g, FV_TANH,
	                fv_conv2d(s->g, h, head, NULL, fv_conv_same(7, FV_PAD_REFLECT)), 0, 0);
}
