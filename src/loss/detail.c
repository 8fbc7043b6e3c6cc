/* SPDX-License-Identifier: Apache-2.0 */
/* What a judge of paintings looks at: the picture, and beside it its finest band in opponent colours, amplified.
 *
 *	y	N,H,W,6: x; gain * M (x - up(half(x)))
 *	M	luma; red - green; yellow - blue, each brought to about the same spread in paintings
 *
 * A painting's fine luma is some ten times stronger than its fine chroma. Without this, patches and their projections
 * are nearly all luma, and a painter is free to leave coloured noise that a person, or a fresh classifier, sees at
 * once: measured on vangogh/test, log energy of the band below 1 pixel in red - green -10.7, in paintings made
 * without it -8.5; that band alone told them apart (AUC 1.0; .934 when it was left out). */
#include "loss/loss.h"

static const float opponent[3][3] = {
	{ 4 * 0.299f, 4 * 0.587f, 4 * 0.114f },
	{ 25, -25, 0 },
	{ 9, 9, -18 },
};

fv_node *fv_detail(fv_graph *g, fv_node *x, double gain)
{
	if (!x || gain == 0)
		return x;
	fv_node *low = fv_resize(g, FV_BILINEAR, fv_blur(g, x, 4, FV_PAD_REFLECT), x->shape.h, x->shape.w);
	fv_node *m = fv_scale(g, fv_constant(g, FV_F32, fv_nhwc(3, 1, 1, 3), opponent), gain, 0);
	fv_node *band = fv_conv2d(g, fv_sub(g, x, low), m, NULL, (fv_conv_attr){ 0 });
	return fv_concat(g, 5, (fv_node *[]){ x, band }, 2);
}
