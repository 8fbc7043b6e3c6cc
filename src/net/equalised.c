/* SPDX-License-Identifier: Apache-2.0 */
/* Equalised layers as StyleGAN2 has them: weights begin normal with deviation 1 and are divided by
 * sqrt(fan_in) when they are used, so that all learn at one rate. Activated: LeakyReLU .2 behind
 * the bias, times sqrt 2, by which weights and bias are multiplied here, as they are fewer.
 *
 * Where a layer halves or doubles, [1 3 3 1] x [1 3 3 1] / 64 is run over the picture first or
 * last, zeros around: so the sampling has no aliasing. Names are those of the PyTorch code of
 * SinCUT. Karras et al., arXiv:1710.10196, section 4.1; arXiv:1912.04958, section 4.2. */
#include "net/net.h"
#include <math.h>

#define SLOPE 0.2
#define ROOT 1.4142135623730951         /* of 2 */
#define DEMODULATION_EPS 1e-8

/* [1 3 3 1] both ways, each channel for itself, `pad` zeros around, times gain. */
static fv_node *blur(fv_graph *g, fv_node *x, int pad, double gain)
{
	static const float tap[] = { 0.125, 0.375, 0.375, 0.125 };
	if (!x)
		return NULL;
	fv_shape s = fv_nhwc(x->shape.c, 4, 4, 1);
	float *w = fv_arena_get(g->arena, (size_t)fv_elements(s) * sizeof *w);
	if (!w)
		return fv_graph_error(g, FV_E_MEMORY, "no memory for a blur");
	for (int64_t i = 0; i < fv_elements(s); i++)
		w[i] = (float)gain * tap[i / 4 % 4] * tap[i % 4];
	fv_conv_attr a = { .stride = 1, .groups = (int)x->shape.c, .top = pad, .bottom = pad,
	                   .left = pad, .right = pad, .kind = FV_PAD_ZERO };
	return fv_conv2d(g, x, fv_constant(g, FV_F32, s, w), NULL, a);
}

/* Layers are named NAME and a part: ".conv1.0". gain: of what they make. */
static fv_node *bias_of(const fv_scope *s, int64_t c, double gain, const char *name,
                        const char *part)
{
	fv_node *b = fv_param(s, fv_nhwc(1, 1, 1, c), FV_INIT_ZERO, 0, "%s%s.bias", name, part);
	return fv_scale(s->g, b, gain, 0);
}

/* bias: its part, or NULL: without. */
static fv_node *conv(const fv_scope *s, fv_node *x, int64_t out, int k, fv_conv_attr a, double gain,
                     const char *name, const char *part, const char *bias)
{
	if (!x)
		return NULL;
	fv_shape shape = fv_nhwc(out, k, k, x->shape.c);
	fv_node *w = fv_param(s, shape, FV_INIT_NORMAL, 1, "%s%s.weight", name, part);
	w = fv_scale(s->g, w, gain / sqrt((double)(k * k * x->shape.c)), 0);
	fv_node *b = NULL;
	if (bias && !(b = fv_reshape(s->g, bias_of(s, out, gain, name, bias), FV_SHAPE(out))))
		return NULL;
	return fv_conv2d(s->g, x, w, b, a);
}

fv_node *fv_equal_layer(const fv_scope *s, fv_node *x, int64_t out, int k, const char *name)
{
	fv_conv_attr same = fv_conv_same(k, FV_PAD_ZERO);
	return fv_lrelu(s->g, conv(s, x, out, k, same, ROOT, name, ".0", ".1"), SLOPE);
}

fv_node *fv_equal_dense(const fv_scope *s, fv_node *x, int64_t out, bool act, const char *name)
{
	if (!x)
		return NULL;
	fv_conv_attr whole = { .stride = 1, .groups = 1, .kind = FV_PAD_ZERO };
	fv_node *y = conv(s, x, out, (int)x->shape.h, whole, act ? ROOT : 1, name, "", "");
	return act ? fv_lrelu(s->g, y, SLOPE) : y;
}

/* The sum is divided by the root of 2, by which its activated half is not multiplied at all. */
fv_node *fv_equal_residual(const fv_scope *s, fv_node *x, int64_t out, bool halve, const char *name)
{
	if (!x)
		return NULL;
	fv_graph *g = s->g;
	fv_conv_attr one = fv_conv_same(1, FV_PAD_ZERO), same = fv_conv_same(3, FV_PAD_ZERO);
	fv_conv_attr half = { .stride = 2, .groups = 1, .kind = FV_PAD_ZERO };
	fv_node *h = conv(s, x, x->shape.c, 3, same, ROOT, name, ".conv1.0", ".conv1.1"), *skip;
	h = fv_lrelu(g, h, SLOPE);
	if (halve) {
		h = conv(s, blur(g, h, 2, 1), out, 3, half, 1, name, ".conv2.1", ".conv2.2");
		skip = fv_blur(g, x, 4, FV_PAD_ZERO);
		skip = conv(s, skip, out, 1, one, 1 / ROOT, name, ".skip.1", NULL);
	} else {
		h = conv(s, h, out, 3, same, 1, name, ".conv2.0", ".conv2.1");
		skip = fv_scale(g, x, 1 / ROOT, 0);
	}
	return fv_add(g, fv_lrelu(g, h, SLOPE), skip);
}

fv_node *fv_equal_double(const fv_scope *s, fv_node *x, int64_t out, fv_node *noise,
                         const char *name)
{
	fv_graph *g = s->g;
	if (!x)
		return NULL;
	fv_shape shape = fv_nhwc(x->shape.c, 3, 3, out);
	fv_node *w = fv_param(s, shape, FV_INIT_NORMAL, 1, "%s.conv.weight", name);
	w = fv_scale(g, w, 1 / sqrt((double)(9 * x->shape.c)), 0);
	fv_node *length = fv_sum(g, fv_unary(g, FV_SQUARE, w, 0, 0), FV_NHW);
	w = fv_mul(g, w, fv_unary(g, FV_RSQRT, fv_scale(g, length, 1, DEMODULATION_EPS), 0, 0));
	fv_conv_attr a = { .stride = 2, .groups = 1, .kind = FV_PAD_ZERO, .h = 2 * x->shape.h + 1,
	                   .w = 2 * x->shape.w + 1 };
	fv_node *h = blur(g, fv_conv2d_dx(g, x, w, a), 1, 4 * ROOT);
	fv_node *loud = fv_param(s, FV_SHAPE(1), FV_INIT_ZERO, 0, "%s.noise.weight", name);
	h = fv_add(g, h, fv_mul(g, noise, fv_scale(g, loud, ROOT, 0)));
	return fv_lrelu(g, fv_add(g, h, bias_of(s, out, ROOT, name, ".activate")), SLOPE);
}
