/* SPDX-License-Identifier: Apache-2.0 */
/* Colours as brightness and two differences from it (BT.601), and what is compared in them. */
#include "loss/loss.h"

/* Three numbers of each pixel's three: a 1x1 convolution. */
static fv_node *mixed(fv_graph *g, fv_node *x, const float matrix[9])
{
	if (!x)
		return NULL;
	return fv_conv2d(g, x, fv_constant(g, FV_F32, fv_nhwc(3, 1, 1, 3), matrix), NULL,
	                 fv_conv_same(1, FV_PAD_ZERO));
}

#define Y 0.299f, 0.587f, 0.114f
fv_node *fv_grey(fv_graph *g, fv_node *x)
{
	static const float matrix[] = { Y, Y, Y };
	return mixed(g, x, matrix);
}

fv_node *fv_yuv(fv_graph *g, fv_node *x)
{
	/* TensorFlow's digits. */
	static const float matrix[] = { Y, -0.14714119f, -0.28886916f, 0.43601035f,
	                                0.61497538f, -0.51496512f, -0.10001026f };
	return mixed(g, fv_scale(g, x, 0.5, 0.5), matrix);
}

fv_node *fv_yuv_distance(fv_graph *g, fv_node *a, fv_node *b)
{
	fv_node *part[3][2], *both[2] = { fv_yuv(g, a), fv_yuv(g, b) };
	if (!both[0] || !both[1])
		return NULL;
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < 2; i++) {
			fv_shape s = both[i]->shape;
			s.c = 1;
			part[k][i] = fv_slice(g, both[i], (int64_t[FV_RANK]){ [5] = k }, s);
		}
	fv_node *y = fv_absolute_distance(g, part[0][0], part[0][1]);
	fv_node *u = fv_huber_distance(g, part[1][0], part[1][1], 1);
	return fv_add(g, y, fv_add(g, u, fv_huber_distance(g, part[2][0], part[2][1], 1)));
}
