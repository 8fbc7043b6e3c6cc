/* SPDX-License-Identifier: Apache-2.0 */
/* Patch discriminators of CartoonGAN and AnimeGAN: what they judge is fine, so they halve little.
 *
 *	CartoonGAN, v2	3x3 > (3x3 stride 2 > 3x3, norm) twice > 3x3, norm > 3x3 to 1
 *	v3		7x7 > (3x3 stride 2, LADE > 3x3, LADE) three times > 1x1 to 1
 *
 * LeakyReLU .2 after each but the last. Channels: w; 2w, 4w; 4w, 8w; 8w; or w; w, 2w; 2w, 4w; 4w,
 * 8w.
 *
 *			CartoonGAN	v2		v3
 *	norm		instance	layer		LADE
 *	border		mirrored	zeros		mirrored
 *	at stride 2	all around	left and above	left and above
 *	weights		plain		over their largest singular value, gradient through it
 *	bias		where no norm	none		none
 *
 * CartoonGAN's paper has batch norm, which makes a picture's verdict depend on its neighbours':
 * what is painted, drawn and smoothed would have to go through apart. Chen, Lai, Liu, CVPR 2018;
 * Chen, Liu, Chen, ISICA 2019; Liu, Chen, Chen, IEICE 2024. */
#include "net/net.h"
#include <stdio.h>

#define SLOPE 0.2
#define EPS 1e-5
#define EPS_V2 1e-12                    /* TensorFlow's layer norm */
#define DEVIATION 0.02                  /* of fresh weights, v2's and CartoonGAN's */

typedef struct {
	const char *name;
	int k, stride;
	int64_t in, out;
	bool normed;
} place;
#define PLACES 8

/* The convolutions, first to last. */
static int places(const fv_cartoon_discriminator *c, place p[PLACES])
{
	const int64_t w = c->width;
	if (c->kind == FV_JUDGE_ANIMEGAN3) {
		const place v3[] = {
			{ "conv_0", 7, 1, 3, w },
			{ "conv_s2_1", 3, 2, w, w, true },
			{ "conv_s1_1", 3, 1, w, 2 * w, true },
			{ "conv_s2_2", 3, 2, 2 * w, 2 * w, true },
			{ "conv_s1_2", 3, 1, 2 * w, 4 * w, true },
			{ "conv_s2_3", 3, 2, 4 * w, 4 * w, true },
			{ "conv_s1_3", 3, 1, 4 * w, 8 * w, true },
			{ "D_logit", 1, 1, 8 * w, 1 },
		};
		memcpy(p, v3, sizeof v3);
		return (int)FV_COUNT(v3);
	}
	const place v2[] = {
		{ "conv_0", 3, 1, 3, w },
		{ "conv_s2_1", 3, 2, w, 2 * w },
		{ "conv_s1_1", 3, 1, 2 * w, 4 * w, true },
		{ "conv_s2_2", 3, 2, 4 * w, 4 * w },
		{ "conv_s1_2", 3, 1, 4 * w, 8 * w, true },
		{ "last_conv", 3, 1, 8 * w, 8 * w, true },
		{ "D_logit", 3, 1, 8 * w, 1 },
	};
	memcpy(p, v2, sizeof v2);
	return (int)FV_COUNT(v2);
}

static fv_shape kernel(const place *p) { return fv_nhwc(p->out, p->k, p->k, p->in); }

static void weight(const fv_scope *s, const fv_spectral *previous, fv_spectral *out, fv_shape shape,
                   fv_init init, const char *name)
{
	fv_node *w = fv_param(s, shape, init, DEVIATION, "d.%s.weight", name);
	fv_node *u = fv_buffer(s, FV_SHAPE(shape.n, 1), FV_INIT_NORMAL, 1, "u.%s", name);
	fv_spectral_weight(s->g, previous, out, w, NULL, u);
}

void fv_cartoon_discriminator_weights(const fv_scope *s, const fv_cartoon_discriminator *c,
                                      const fv_spectral *previous, fv_spectral *out)
{
	place p[PLACES];
	int n = places(c, p);
	bool v3 = c->kind == FV_JUDGE_ANIMEGAN3;
	*out = (fv_spectral){ .through = true };
	for (int i = 0; i < n && c->kind != FV_JUDGE_CARTOONGAN; i++) {
		char lade[40];
		snprintf(lade, sizeof lade, "%s.lade", p[i].name);
		weight(s, previous, out, kernel(&p[i]), v3 ? FV_INIT_GLOROT : FV_INIT_NORMAL,
		       p[i].name);
		if (v3 && p[i].normed)
			weight(s, previous, out, fv_nhwc(p[i].out, 1, 1, p[i].out), FV_INIT_GLOROT,
			       lade);
	}
}

static fv_node *norm(const fv_scope *s, const fv_cartoon_discriminator *c, fv_node *x,
                     const char *name)
{
	if (!x)
		return NULL;
	bool v2 = c->kind == FV_JUDGE_ANIMEGAN2;
	fv_shape channels = FV_SHAPE(x->shape.c);
	fv_node *scale = fv_param(s, channels, FV_INIT_ONE, 0, "d.%s.norm.weight", name);
	fv_node *shift = fv_param(s, channels, FV_INIT_ZERO, 0, "d.%s.norm.bias", name);
	return fv_affine(s->g, fv_normalise(s->g, x, v2 ? FV_HWC : FV_HW, v2 ? EPS_V2 : EPS), scale,
	                 shift);
}

fv_node *fv_cartoon_discriminator_build(const fv_scope *s, const fv_cartoon_discriminator *c,
                                        const fv_spectral *w, fv_node *x)
{
	place p[PLACES];
	int n = places(c, p), at = 0;
	bool plain = c->kind == FV_JUDGE_CARTOONGAN;
	if (!plain && !w->count)                /* they could not be made */
		return NULL;
	for (int i = 0; i < n && x; i++) {
		fv_conv_attr a = fv_conv_same(p[i].k, c->kind == FV_JUDGE_ANIMEGAN2
		                                              ? FV_PAD_ZERO : FV_PAD_REFLECT);
		fv_node *weight, *bias = NULL;
		a.stride = p[i].stride;
		if (p[i].stride == 2 && !plain)
			a.bottom = a.right = 0;
		weight = plain ? fv_param(s, kernel(&p[i]), FV_INIT_NORMAL, DEVIATION,
					  "d.%s.weight", p[i].name)
			       : w->layer[at++].weight;
		if (plain && !p[i].normed &&
		    !(bias = fv_param(s, FV_SHAPE(p[i].out), FV_INIT_ZERO, 0, "d.%s.bias",
		                      p[i].name)))
			return NULL;
		x = fv_conv2d(s->g, x, weight, bias, a);
		if (p[i].normed)
			x = c->kind == FV_JUDGE_ANIMEGAN3
			            ? fv_lade(s->g, x, w->layer[at++].weight, EPS)
			            : norm(s, c, x, p[i].name);
		if (i < n - 1)
			x = fv_lrelu(s->g, x, SLOPE);
	}
	return x;
}
