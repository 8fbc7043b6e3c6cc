/* SPDX-License-Identifier: Apache-2.0 */
/* StrokeNet: a painter that is handed strokes to paint with.
 *
 *	x	the photograph, smeared along its own flow (src/stroke); it passes through a
 *		quarter of its size only
 *	z	noise smeared along the same flow, a channel for each width of stroke; it enters
 *		at every size
 *
 *	x > 5x5 > 3x3, half > 3x3, half > + 3x3 z/4 > residual blocks > up, with 3x3 z/2:
 *	  3x3 > up, with 3x3 z: 3x3 > with z: 3x3
 *	  > 5x5 + colours of x at an eighth > tanh
 *
 * Instance norm (with scale and shift where `affine`) and ReLU after every convolution of the body;
 * mirrored borders; a blur before each halving and binomial upsampling, so that no lattice comes
 * from the sampling. A generator that is handed streaks learns to paint them; one that is handed
 * white noise makes grain or a weave, or, where it is handed both, lichen. Instance norm takes from
 * every map its mean, so the photograph's colours, as means over 8x8 pixels through a matrix that
 * begins as the identity, are added before the tanh.
 * Line integral convolution is Cabral and Leedom's, 1993; the rest follows Johnson et al.,
 * arXiv:1603.08155. */
#include "net/net.h"
#include <math.h>
#include <stdio.h>

#define EPS 1e-5
#define COLOUR_HALVINGS 3

static fv_node *norm(const fv_scope *s, const fv_strokenet *c, fv_node *x, const char *name)
{
	if (!c->affine || !x)
		return fv_normalise(s->g, x, FV_HW, EPS);
	fv_node *scale = fv_param(s, FV_SHAPE(x->shape.c), FV_INIT_ONE, 0, "%s.weight", name);
	fv_node *shift = fv_param(s, FV_SHAPE(x->shape.c), FV_INIT_ZERO, 0, "%s.bias", name);
	return fv_affine(s->g, fv_normalise(s->g, x, FV_HW, EPS), scale, shift);
}

static fv_node *conv(const fv_scope *s, fv_node *x, int64_t out, int k, const char *name, bool bias)
{
	if (!x)
		return NULL;
	fv_node *w = fv_param(s, fv_nhwc(out, k, k, x->shape.c), FV_INIT_HE, 0, "%s.weight", name);
	return fv_conv2d(s->g, x, w,
	                 bias ? fv_param(s, FV_SHAPE(out), FV_INIT_ZERO, 0, "%s.bias", name) : NULL,
	                 fv_conv_same(k, FV_PAD_REFLECT));
}

/* name.0: the convolution, name.1: its norm. */
static fv_node *layer(const fv_scope *s, const fv_strokenet *c, fv_node *x, int64_t out, int k,
                      const char *name)
{
	char weight[24], scale[24];
	snprintf(weight, sizeof weight, "%s.0", name);
	snprintf(scale, sizeof scale, "%s.1", name);
	return fv_relu(s->g, norm(s, c, conv(s, x, out, k, weight, false), scale));
}

static fv_node *residual(const fv_scope *s, const fv_strokenet *c, fv_node *x, int64_t width,
                         int index)
{
	static const char part[4] = { 'a', 'n', 'b', 'm' };
	char name[4][24];
	for (int i = 0; i < 4; i++)
		snprintf(name[i], sizeof name[i], "res.%d.%c", index, part[i]);
	fv_node *h = fv_relu(s->g, norm(s, c, conv(s, x, width, 3, name[0], false), name[1]));
	return fv_add(s->g, x, norm(s, c, conv(s, h, width, 3, name[2], false), name[3]));
}

/* Marks made of the noise, beside the map. */
static fv_node *with_marks(const fv_scope *s, const fv_strokenet *c, fv_node *x, fv_node *z,
                           const char *name)
{
	fv_node *marks = fv_relu(s->g, conv(s, z, c->marks, 3, name, true));
	return fv_concat(s->g, 5, (fv_node *[]){ x, marks }, 2);
}

static fv_node *up(const fv_scope *s, fv_node *x)
{
	return x ? fv_resize(s->g, FV_BINOMIAL, x, 2 * x->shape.h, 2 * x->shape.w) : NULL;
}

/* 1x1 over x's means of 8x8 pixels, enlarged again. */
static fv_node *colours(const fv_scope *s, fv_node *x)
{
	fv_node *w = fv_param(s, fv_nhwc(3, 1, 1, 3), FV_INIT_IDENTITY, 0, "col.weight");
	fv_node *b = fv_param(s, FV_SHAPE(3), FV_INIT_ZERO, 0, "col.bias"), *low = x;
	for (int i = 0; i < COLOUR_HALVINGS; i++)
		low = fv_blur(s->g, low, 2, FV_PAD_ZERO);
	return x ? fv_resize(s->g, FV_BILINEAR, fv_conv2d(s->g, low, w, b, (fv_conv_attr){ 0 }),
	                     x->shape.h, x->shape.w) : NULL;
}

fv_status fv_strokenet_check(fv_err *err, const fv_strokenet *c)
{
	bool widths = c->widths >= 1 && c->widths <= FV_STROKE_WIDTHS && c->length >= 1 &&
	              c->length <= 64;
	for (int i = 0; i < c->widths && widths; i++)
		widths = c->stroke[i] >= 0.5 && c->stroke[i] <= 256;
	if (c->width < 1 || c->width > 1024 || c->blocks < 1 || c->blocks > 64 || c->marks < 1 ||
	    c->marks > 1024 || (c->stem != 3 && c->stem != 5) || !widths)
		return fv_fail(err, FV_E_FORMAT, "strokenet: width %d, %d blocks, %d marks, "
		               "stem %d, %d widths of stroke of length %g: width and marks 1 to "
		               "1024, 1 to 64 blocks, stem 3 or 5, 1 to %d widths of 0.5 to 256 "
		               "pixels, length 1 to 64", c->width, c->blocks, c->marks, c->stem,
		               c->widths, c->length, FV_STROKE_WIDTHS);
	return FV_OK;
}

fv_stroke_options fv_strokenet_strokes(const fv_strokenet *c)
{
	fv_stroke_options o = fv_stroke_default();
	o.widths = c->widths;
	o.length = c->length;
	memcpy(o.width, c->stroke, sizeof o.width);
	return o;
}

fv_node *fv_strokenet_build(const fv_scope *s, const fv_strokenet *c, fv_node *x, fv_node *z)
{
	fv_graph *g = s->g;
	int64_t w = c->width;
	if (!x || !z)
		return NULL;
	if (x->shape.h % FV_STROKENET_MULTIPLE || x->shape.w % FV_STROKENET_MULTIPLE ||
	    z->shape.c != c->widths)
		return fv_graph_error(g, FV_E_SHAPE, "strokenet: a picture of %s with noise of %s; "
		                      "height and width must be multiples of %d, and noise has %d "
		                      "channels", fv_shape_text(x->shape).s,
		                      fv_shape_text(z->shape).s, FV_STROKENET_MULTIPLE, c->widths);
	fv_node *half = fv_blur(g, z, 2, FV_PAD_ZERO), *quarter = fv_blur(g, half, 2, FV_PAD_ZERO);
	fv_node *h = layer(s, c, x, w, c->stem, "stem");
	h = fv_blur(g, layer(s, c, h, 2 * w, 3, "d1"), 4, FV_PAD_REFLECT);
	h = fv_blur(g, layer(s, c, h, 4 * w, 3, "d2"), 4, FV_PAD_REFLECT);
	fv_node *z4 = fv_param(s, fv_nhwc(4 * w, 3, 3, c->widths), FV_INIT_NORMAL,
	                       0.5 * sqrt(2 / (9.0 * c->widths)), "z4.weight");
	h = fv_add(g, h, fv_conv2d(g, quarter, z4, NULL, fv_conv_same(3, FV_PAD_REFLECT)));
	for (int i = 0; i < c->blocks; i++)
		h = residual(s, c, h, 4 * w, i);
	h = layer(s, c, with_marks(s, c, up(s, h), half, "z2.0"), 2 * w, 3, "u1");
	h = layer(s, c, with_marks(s, c, up(s, h), z, "z1.0"), w, 3, "u2");
	h = layer(s, c, fv_concat(g, 5, (fv_node *[]){ h, z }, 2), w, 3, "u3");
	fv_node *head = fv_param(s, fv_nhwc(3, c->stem, c->stem, w), FV_INIT_NORMAL, 0.02,
	                         "head.weight");
	h = fv_conv2d(g, h, head, fv_param(s, FV_SHAPE(3), FV_INIT_ZERO, 0, "head.bias"),
	              fv_conv_same(c->stem, FV_PAD_REFLECT));
	return fv_unary(g, FV_TANH, fv_add(g, h, colours(s, x)), 0, 0);
}
