/* SPDX-License-Identifier: Apache-2.0 */
/* What of a painting's colours follows from no change of palette.
 *
 * A palette, whatever it is, turns equal colours into equal colours. Instance norm does not: where a photograph is plain it
 * makes the faintest gradient (a vignette, a blur behind the subject) as strong as any contrast, and the painter then gives
 * one plain ground two colours, with a rim around what stands before it. So each picture's colours are fitted by an affine
 * function of its photograph's, and what is left is returned. The fit is a ridge regression along luma, red - green,
 * yellow - blue, in turn (Gram-Schmidt): a change that is hardly there explains hardly anything. */
#include "loss/loss.h"

#define FAINT 0.002             /* variance, of colours in [-1,1]: steps of six levels of 255 count by half */

static fv_node *centred(fv_graph *g, fv_node *x) { return fv_sub(g, x, fv_mean(g, x, FV_HW)); }

/* What of y is left when `of` has been taken out: each picture's channels on their own. */
static fv_node *without(fv_graph *g, fv_node *y, fv_node *of)
{
	fv_node *variance = fv_mean(g, fv_unary(g, FV_SQUARE, of, 0, 0), FV_HW);
	fv_node *slope = fv_div(g, fv_mean(g, fv_mul(g, y, of), FV_HW), fv_scale(g, variance, 1, FAINT));
	return fv_sub(g, y, fv_mul(g, of, slope));
}

fv_node *fv_unexplained(fv_graph *g, fv_node *was, fv_node *is)
{
	static const float opponent[3][3] = { { 0.299f, 0.587f, 0.114f }, { 0.5f, -0.5f, 0 }, { 0.25f, 0.25f, -0.5f } };
	fv_node *basis[3], *left = centred(g, is);
	for (int i = 0; i < 3; i++) {
		fv_node *w = fv_constant(g, FV_F32, fv_nhwc(1, 1, 1, 3), opponent[i]);
		basis[i] = centred(g, fv_conv2d(g, fv_stop(g, was), w, NULL, fv_conv_same(1, FV_PAD_ZERO)));
		for (int k = 0; k < i; k++)
			basis[i] = without(g, basis[i], basis[k]);
		left = without(g, left, basis[i]);
	}
	return left;
}
