/* SPDX-License-Identifier: Apache-2.0 */
/* StrokeNet: a generator that paints over an underpainting.
 *
 *	x	the underpainting: the photograph in dabs of paint along its flow (src/stroke)
 *	z	what tells one dab from another: three numbers of each, and its bristles
 *	d	both, seven channels; at half the size their means
 *
 *	x > 5x5 > 3x3, half > 3x3, half > residual blocks > means, a sixteenth: what is where
 *	  > enlarged to a half, with 3x3 d/2: 3x3 > up, with 3x3 d: 3x3 > with d: 3x3
 *	  > 5x5 + colours of x > tanh
 *
 * The output begins as the underpainting itself, through a matrix of colours that begins as
 * CONTRAST times the identity. The network learns what the painter's hand adds: dabs of other
 * colours side by side, relief, bristles. What it knows of the scene reaches it by way of a
 * sixteenth of the size, which is too coarse to draw with: all that is fine comes from the dabs
 * (docs/history.md).
 *
 * Without blocks the network knows nothing of the scene. What it paints at a place then depends on
 * some twenty pixels around it, so like colours become like colours, as blocks of wood print them.
 *
 * Instance norm (with scale and shift where `affine`) follows every convolution of the way down and
 * of the blocks. The convolutions that paint have none: over a whole picture, sky and shadows, it
 * would weaken the contrast of strokes that was learnt on crops. Activations are ReLU and borders
 * are mirrored. A blur before each halving and binomial upsampling keep a lattice from coming of
 * the sampling. The way down follows Johnson et al., arXiv:1603.08155. */
#include "net/family.h"
#include <math.h>
#include <stdio.h>

#define EPS 1e-5
#define CONTRAST 1.3                    /* tanh(1.3 x) is near x from -0.85 to 0.85 */
#define SCENE_HALVINGS 2                /* of the quarter */

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

static fv_node *stroke(const fv_scope *s, fv_node *x, int64_t out, const char *name)
{
	return fv_relu(s->g, conv(s, x, out, 3, name, true));
}

/* Features of the dabs, concatenated to the map if there is one. */
static fv_node *with_marks(const fv_scope *s, const fv_strokenet *c, fv_node *x, fv_node *d,
                           const char *name)
{
	fv_node *marks = fv_relu(s->g, conv(s, d, c->marks, 3, name, true));
	return x ? fv_concat(s->g, 5, (fv_node *[]){ x, marks }, 2) : marks;
}

static fv_node *up(const fv_scope *s, fv_node *x)
{
	return x ? fv_resize(s->g, FV_BINOMIAL, x, 2 * x->shape.h, 2 * x->shape.w) : NULL;
}

static fv_node *colours(const fv_scope *s, fv_node *x)
{
	fv_node *w = fv_param(s, fv_nhwc(3, 1, 1, 3), FV_INIT_IDENTITY, 0, "col.weight");
	fv_node *b = fv_param(s, FV_SHAPE(3), FV_INIT_ZERO, 0, "col.bias");
	return fv_conv2d(s->g, fv_scale(s->g, x, CONTRAST, 0), w, b, (fv_conv_attr){ 0 });
}

fv_stroke_options fv_strokenet_strokes(const fv_strokenet *c)
{
	fv_stroke_options o = fv_stroke_default();
	o.brushes = c->brushes;
	o.length = c->length;
	o.bristle = c->bristle;
	o.medium = c->medium;
	memcpy(o.brush, c->brush, sizeof o.brush);
	return o;
}

/* The scene at half of the size: what is where. */
static fv_node *scene(const fv_scope *s, const fv_strokenet *c, fv_node *x)
{
	fv_graph *g = s->g;
	int64_t w = c->width, high = x->shape.h / 2, wide = x->shape.w / 2;
	fv_node *h = layer(s, c, x, w, c->stem, "stem");
	h = fv_blur(g, layer(s, c, h, 2 * w, 3, "d1"), 4, FV_PAD_REFLECT);
	h = fv_blur(g, layer(s, c, h, 4 * w, 3, "d2"), 4, FV_PAD_REFLECT);
	for (int i = 0; i < c->blocks; i++)
		h = residual(s, c, h, 4 * w, i);
	for (int i = 0; i < SCENE_HALVINGS; i++)
		h = fv_blur(g, h, 2, FV_PAD_ZERO);
	return h ? fv_resize(g, FV_BILINEAR, h, high, wide) : NULL;
}

fv_node *fv_strokenet_build(const fv_scope *s, const fv_strokenet *c, fv_node *x, fv_node *z)
{
	fv_graph *g = s->g;
	int64_t w = c->width;
	if (!x || !z)
		return NULL;
	if (x->shape.h % FV_STROKENET_MULTIPLE || x->shape.w % FV_STROKENET_MULTIPLE ||
	    z->shape.c != FV_STROKE_MARKS)
		return fv_graph_error(g, FV_E_SHAPE,
		                      "strokenet: a picture of %s with marks of %s; "
		                      "height and width must be multiples of %d, and marks have "
		                      "%d channels",
		                      fv_shape_text(x->shape).s, fv_shape_text(z->shape).s,
		                      FV_STROKENET_MULTIPLE, FV_STROKE_MARKS);
	fv_node *d = fv_concat(g, 5, (fv_node *[]){ z, x }, 2),
		*half = fv_blur(g, d, 2, FV_PAD_ZERO);
	fv_node *h = c->blocks ? scene(s, c, x) : NULL;
	h = stroke(s, with_marks(s, c, h, half, "m2"), 2 * w, "u1");
	h = stroke(s, with_marks(s, c, up(s, h), d, "m1"), w, "u2");
	h = stroke(s, fv_concat(g, 5, (fv_node *[]){ h, d }, 2), w, "u3");
	fv_node *head = fv_param(s, fv_nhwc(3, c->stem, c->stem, w), FV_INIT_NORMAL, 0.02,
	                         "head.weight");
	h = fv_conv2d(g, h, head, fv_param(s, FV_SHAPE(3), FV_INIT_ZERO, 0, "head.bias"),
	              fv_conv_same(c->stem, FV_PAD_REFLECT));
	return fv_unary(g, FV_TANH, fv_add(g, h, colours(s, x)), 0, 0);
}

static const fv_parameter parameters[] = {
	{ .name = "width", .type = FV_PARAMETER_INT, .at = offsetof(fv_strokenet, width), .low = 1,
	  .high = 1024, .preset = { 24 }, .help = "channels at full size" },
	{ .name = "blocks", .type = FV_PARAMETER_INT, .at = offsetof(fv_strokenet, blocks),
	  .low = 0, .high = 64, .preset = { 4 }, .help = "residual blocks" },
	{ .name = "marks", .type = FV_PARAMETER_INT, .at = offsetof(fv_strokenet, marks), .low = 1,
	  .high = 1024, .preset = { 12 }, .help = "channels made of what tells dabs apart" },
	{ .name = "stem", .type = FV_PARAMETER_INT, .at = offsetof(fv_strokenet, stem), .low = 3,
	  .high = 5, .preset = { 5 }, .help = "side of the first and last kernel, odd" },
	{ .name = "affine", .type = FV_PARAMETER_BOOL, .at = offsetof(fv_strokenet, affine),
	  .preset = { 1 }, .optional = true, .help = "scale and shift behind every norm" },
	/* A model that names no medium paints in oil: it was made before there were prints. */
	{ .name = "medium", .type = FV_PARAMETER_WORD, .at = offsetof(fv_strokenet, medium),
	  .words = fv_medium_name, .preset = { FV_MEDIUM_OIL }, .optional = true,
	  .help = "what is painted with" },
	{ .name = "brush", .type = FV_PARAMETER_FLOATS, .at = offsetof(fv_strokenet, brush),
	  .count_at = offsetof(fv_strokenet, brushes), .most = FV_STROKE_BRUSHES, .low = 0.5,
	  .high = 64, .preset = { 12, 6, 3, 1.5 }, .presets = 4,
	  .help = "widths of the brushes, the widest first" },
	{ .name = "length", .type = FV_PARAMETER_FLOAT, .at = offsetof(fv_strokenet, length),
	  .low = 1, .high = 32, .preset = { 4 }, .help = "length of a dab in its brush's widths" },
	{ .name = "bristle", .type = FV_PARAMETER_FLOAT, .at = offsetof(fv_strokenet, bristle),
	  .low = 0.25, .high = 64, .preset = { 1.5 }, .help = "width of the bristles" },
	{ 0 },
};

static fv_status check(fv_err *err, const void *config)
{
	const fv_strokenet *c = config;
	if (c->stem % 2 == 0)
		return fv_fail(err, FV_E_FORMAT, "strokenet: 'stem' is %d: 3 or 5 can be built",
		               c->stem);
	for (int i = 1; i < c->brushes; i++)
		if (c->brush[i] > c->brush[i - 1])
			return fv_fail(err, FV_E_FORMAT,
			               "strokenet: 'brush' names brushes of %g and then "
			               "%g pixels: the widest comes first",
			               c->brush[i - 1], c->brush[i]);
	return FV_OK;
}

static fv_stroke_options strokes(const void *config) { return fv_strokenet_strokes(config); }

static void build(const fv_scope *s, const void *config, fv_node *const *in, fv_node **out)
{
	out[0] = fv_strokenet_build(s, config, in[0], in[1]);
}

static fv_status early(fv_err *err, const char *family, json_t *network)
{
	if (!strcmp(family, "stylenet"))
		return fv_fail(err, FV_E_FORMAT,
		               "it was made by an early fauve (family stylenet), which "
		               "painted without strokes; train it anew");
	if (!strcmp(family, "strokenet") && json_object_get(network, "stroke") &&
	    !json_object_get(network, "brush"))
		return fv_fail(err, FV_E_FORMAT,
		               "it was made by an early fauve, which painted with "
		               "streaks and not with dabs; train it anew");
	return FV_OK;
}

const fv_family fv_family_strokenet = {
	.name = "strokenet", .use = FV_PAINTS, .bytes = sizeof(fv_strokenet),
	.parameter = parameters,
	.check = check,
	.in = { { .name = "picture", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1, .high = 1,
	          .multiple = FV_STROKENET_MULTIPLE, .least = 32 },
	        { .name = "marks", .kind = FV_PORT_MARKS, .channels = FV_STROKE_MARKS } },
	.out = { { .name = "painting", .kind = FV_PORT_IMAGE, .channels = 3, .low = -1,
	           .high = 1 } },
	.build = build,
	/* Rounding weights to 16 bits moves a painting by far less than computing in bf16 does. */
	.stored = FV_F16, .strokes = strokes, .relief = true, .early = early,
};
