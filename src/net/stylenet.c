/* SPDX-License-Identifier: Apache-2.0 */
/* StyleNet: a small painter.
 *
 *	(x, noise) > 7x7 > 3x3, half > 3x3, half > residual blocks > up, 3x3 + skip > up, 3x3 + skip > 7x7, palette, tanh, palette
 *
 * Instance norm and ReLU after every convolution but the last; reflected borders; a blur before each halving and
 * spline upsampling, so that no lattice comes from the sampling
 * (neighbours made of the same two values are more alike than others, and ReLU makes a pattern of that: the first, at
 * which strokes begin, is of degree 5). The noise channel is a source of fine texture:
 * a generator without one makes its strokes out of the pixel grid. The skips carry detail past the middle, so that
 * it need not be invented. Instance norm takes from every map its mean, so that a blue picture and a brown one look the
 * same to all that follows: the colours of the photograph, blurred to a quarter, are added before the tanh, through a
 * matrix that begins as the identity. Without them hues are guessed, and a plain sky becomes a rainbow. No bias stands
 * before a norm: it would have no effect and walk at random.
 * What of the colours is no palette's is taken out (palette.c) before the tanh and once more after it. After it alone the network
 * painted in pure red and blue, which cost nothing as it was taken out again, and a small face was lost in what tanh had cut off;
 * early models say "after". Before it alone thin lines came through where those colours met.
 * Last, the chroma is halved and enlarged again, as photographs of paintings and eyes have it, and what leaves the range
 * is cut off: relief of paint is of lightness alone, and coloured noise of single pixels is what betrays a generator.
 * After Johnson et al., arXiv:1603.08155 and Zhu et al., arXiv:1703.10593; blur: Zhang, arXiv:1904.11486. */
#include "net/net.h"
#include <stdio.h>

#define EPS 1e-5
#define FV_NOISE_MAX 3

static fv_node *conv(const fv_scope *s, fv_node *x, int64_t out, int k, const char *name)
{
	if (!x)
		return NULL;
	return fv_conv2d(s->g, x, fv_param(s, fv_nhwc(out, k, k, x->shape.c), FV_INIT_HE, 0, "%s.weight", name), NULL,
	                 fv_conv_same(k, FV_PAD_REFLECT));
}

static fv_node *norm(const fv_scope *s, fv_node *x) { return fv_normalise(s->g, x, FV_HW, EPS); }

static fv_node *layer(const fv_scope *s, fv_node *x, int64_t out, int k, const char *name)
{
	return fv_relu(s->g, norm(s, conv(s, x, out, k, name)));
}

static fv_node *residual(const fv_scope *s, fv_node *x, int64_t width, int index)
{
	char a[32], b[32];
	snprintf(a, sizeof a, "res.%d.a", index);
	snprintf(b, sizeof b, "res.%d.b", index);
	return fv_add(s->g, x, norm(s, conv(s, layer(s, x, width, 3, a), width, 3, b)));
}

/* bias: only where no norm follows; a constant a channel passes through bilinear upsampling and a reflected
 * convolution as a constant, which the next norm takes away. */
static fv_node *skip(const fv_scope *s, fv_node *x, int64_t width, const char *name, bool bias)
{
	fv_node *w = fv_param(s, fv_nhwc(width, 1, 1, width), FV_INIT_HE, 0, "%s.weight", name);
	fv_node *b = bias ? fv_param(s, FV_SHAPE(width), FV_INIT_ZERO, 0, "%s.bias", name) : NULL;
	return fv_conv2d(s->g, x, w, b, (fv_conv_attr){ 0 });
}

static fv_node *up(const fv_scope *s, const fv_stylenet *c, fv_node *x, bool second)
{
	static const fv_resize_kind kind[][2] = { [FV_UP_BILINEAR] = { FV_BILINEAR, FV_BILINEAR }, [FV_UP_NEAREST] = { FV_NEAREST, FV_NEAREST },
	                                          [FV_UP_SPLINE] = { FV_SPLINE5, FV_SPLINE3 } };
	return x ? fv_resize(s->g, kind[c->up][second], x, 2 * x->shape.h, 2 * x->shape.w) : NULL;
}

/* The drawn noise, then the same halved and enlarged again: blotches of 2, 4 ... pixels, brought to about unit spread. */
static fv_node *with_noise(const fv_scope *s, const fv_stylenet *c, fv_node *x, fv_node *noise)
{
	fv_node *in[2 + FV_NOISE_MAX] = { x, noise }, *coarse = noise;
	for (int i = 1; i < c->noise && noise; i++) {
		coarse = fv_scale(s->g, fv_blur(s->g, coarse, 4, FV_PAD_REFLECT), 3.2, 0);
		in[1 + i] = fv_resize(s->g, FV_BILINEAR, coarse, noise->shape.h, noise->shape.w);
	}
	return fv_concat(s->g, 5, in, 1 + c->noise);
}

/* x's colours without its detail, as the last layer wants them: 1x1 (I + M), at a quarter of the size. */
static fv_node *colours(const fv_scope *s, fv_node *x)
{
	fv_node *m = fv_param(s, fv_nhwc(3, 1, 1, 3), FV_INIT_ZERO, 0, "colour.weight");
	fv_node *low = fv_blur(s->g, fv_blur(s->g, x, 4, FV_PAD_REFLECT), 4, FV_PAD_REFLECT);
	low = fv_add(s->g, low, fv_conv2d(s->g, low, m, NULL, (fv_conv_attr){ 0 }));
	return x ? fv_resize(s->g, FV_BILINEAR, low, x->shape.h, x->shape.w) : NULL;
}

/* y - chroma (y - y at half the size): ITU-R BT.601's luma keeps its detail. */
static fv_node *half_chroma(fv_graph *g, fv_node *y)
{
	if (!y)
		return NULL;
	fv_node *low = fv_resize(g, FV_BILINEAR, fv_blur(g, y, 2, FV_PAD_ZERO), y->shape.h, y->shape.w);
	return fv_unary(g, FV_CLAMP, fv_sub(g, y, fv_less_luma(g, fv_sub(g, y, low))), -1, 1);
}

fv_status fv_stylenet_check(fv_err *err, const fv_stylenet *c)
{
	if (c->width < 1 || c->width > 1024 || c->blocks < 1 || c->blocks > 64 || (c->head != 3 && c->head != 7) || (c->stem && c->stem != 3 && c->stem != 7) ||
	    c->noise < 1 || c->noise > FV_NOISE_MAX || c->up > FV_UP_SPLINE)
		return fv_fail(err, FV_E_FORMAT, "stylenet: width %d, %d blocks, stem %d, head %d, %d sizes of noise: width 1 to 1024, 1 to 64 "
		               "blocks, stem and head 3 or 7, 1 to 3 sizes", c->width, c->blocks, c->stem, c->head, c->noise);
	return FV_OK;
}

int fv_stylenet_multiple(const fv_stylenet *c) { return c->palette ? 8 : 4; }

fv_node *fv_stylenet_build(const fv_scope *s, const fv_stylenet *c, fv_node *x, fv_node *noise, bool encode, fv_node **features)
{
	fv_graph *g = s->g;
	fv_node *f[FV_STYLENET_FEATURES];
	int64_t w = c->width;
	int multiple = fv_stylenet_multiple(c);
	if (x && (x->shape.h % multiple || x->shape.w % multiple))
		return fv_graph_error(g, FV_E_SHAPE, "stylenet: a picture of %s; height and width must be multiples of %d", fv_shape_text(x->shape).s, multiple);
	f[0] = x;
	f[1] = layer(s, with_noise(s, c, x, noise), w, c->stem ? c->stem : 7, "stem.0");
	f[2] = fv_blur(g, layer(s, f[1], 2 * w, 3, "d1.0"), 4, FV_PAD_REFLECT);
	f[3] = fv_blur(g, layer(s, f[2], 4 * w, 3, "d2.0"), 4, FV_PAD_REFLECT);
	fv_node *h = f[3];
	for (int i = 0; i < c->blocks; i++) {
		h = residual(s, h, 4 * w, i);
		if (i == c->blocks / 2)
			f[4] = h;
		if (i == c->blocks / 2 && encode)
			break;
	}
	if (features)
		memcpy(features, f, sizeof f);
	if (encode)
		return h;
	h = fv_add(g, layer(s, up(s, c, h, false), 2 * w, 3, "u1.0"), skip(s, f[2], 2 * w, "s1", false));
	h = fv_add(g, layer(s, up(s, c, h, true), w, 3, "u2.0"), skip(s, f[1], w, "s2", true));
	fv_node *head = fv_param(s, fv_nhwc(3, c->head, c->head, w), FV_INIT_NORMAL, 0.02, "head.weight");
	fv_node *bias = fv_param(s, FV_SHAPE(3), FV_INIT_ZERO, 0, "head.bias");
	h = fv_conv2d(g, h, head, bias, fv_conv_same(c->head, FV_PAD_REFLECT));
	if (c->colour)
		h = fv_add(g, h, colours(s, x));
	if (c->palette == FV_PALETTE_TWICE)
		h = fv_palette(g, x, h);
	h = fv_unary(g, FV_TANH, h, 0, 0);
	if (c->palette)
		h = fv_palette(g, x, h);
	return c->half_chroma ? half_chroma(g, h) : h;
}
