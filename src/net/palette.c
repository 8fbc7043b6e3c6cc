/* SPDX-License-Identifier: Apache-2.0 */
/* Before and after a painter's tanh: what of its colours follows from no change of palette is taken out.
 *
 * A palette, whatever it is, turns equal colours into equal colours. Instance norm does not: where a photograph is plain it
 * makes the faintest gradient (a vignette, a blur behind the subject) as strong as any contrast, and the painter then gives
 * one plain ground two colours, with a rim around what stands before it or a line along the vignette. So each picture's
 * colours are fitted by an affine function of its photograph's, and what is left is subtracted: at an eighth of the size,
 * where strokes are no longer seen, all of it; at a quarter the chroma. Brushwork, finer than that, stays. The fit is a
 * ridge regression along luma, red - green, yellow - blue, in turn (Gram-Schmidt): a change that is hardly there explains
 * hardly anything.
 *
 * Tried before: a loss on what is left, at an eighth (weight 8 lets lines through, 20 costs brushwork); subtraction at an
 * eighth alone (the lines come back, finer); subtraction after the tanh alone (faces lost), before
 * it alone (lines; see stylenet.c). */
#include "net/net.h"

#define FAINT 0.002             /* variance, of colours in [-1,1]: steps of six levels of 255 count by half */

static const float opponent[3][3] = { { 0.299f, 0.587f, 0.114f }, { 0.5f, -0.5f, 0 }, { 0.25f, 0.25f, -0.5f } };

static fv_node *centred(fv_graph *g, fv_node *x) { return fv_sub(g, x, fv_mean(g, x, FV_HW)); }

/* What of y is left when `of` has been taken out: each picture's channels on their own. */
static fv_node *without(fv_graph *g, fv_node *y, fv_node *of)
{
	fv_node *variance = fv_mean(g, fv_unary(g, FV_SQUARE, of, 0, 0), FV_HW);
	fv_node *slope = fv_div(g, fv_mean(g, fv_mul(g, y, of), FV_HW), fv_scale(g, variance, 1, FAINT));
	return fv_sub(g, y, fv_mul(g, of, slope));
}

/* What of is, less its mean, is no affine function of was. */
static fv_node *unexplained(fv_graph *g, fv_node *was, fv_node *is)
{
	fv_node *basis[3], *left = centred(g, is);
	for (int i = 0; i < 3; i++) {
		fv_node *w = fv_constant(g, FV_F32, fv_nhwc(1, 1, 1, 3), opponent[i]);
		basis[i] = centred(g, fv_conv2d(g, was, w, NULL, (fv_conv_attr){ 0 }));
		for (int k = 0; k < i; k++)
			basis[i] = without(g, basis[i], basis[k]);
		left = without(g, left, basis[i]);
	}
	return left;
}

static fv_node *half(fv_graph *g, fv_node *x) { return fv_blur(g, x, 2, FV_PAD_ZERO); }
static fv_node *as_large(fv_graph *g, fv_node *x, const fv_node *as) { return x ? fv_resize(g, FV_BILINEAR, x, as->shape.h, as->shape.w) : NULL; }

fv_node *fv_less_luma(fv_graph *g, fv_node *x)
{
	float m[3][3];
	for (int o = 0; o < 3; o++)
		for (int i = 0; i < 3; i++)
			m[o][i] = (float)(o == i) - opponent[0][i];
	return fv_conv2d(g, x, fv_constant(g, FV_F32, fv_nhwc(3, 1, 1, 3), m), NULL, (fv_conv_attr){ 0 });
}

fv_node *fv_palette(fv_graph *g, fv_node *x, fv_node *y)
{
	fv_node *odd = unexplained(g, half(g, half(g, x)), half(g, half(g, y)));
	fv_node *low = as_large(g, half(g, odd), odd);
	return fv_sub(g, y, as_large(g, fv_add(g, low, fv_less_luma(g, fv_sub(g, odd, low))), y));
}
