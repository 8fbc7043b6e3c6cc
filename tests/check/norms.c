/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

static fv_node *normalise(fv_graph *g, fv_node *const *in, const void *arg)
{
	return fv_normalise(g, in[0], *(const fv_axes *)arg, 1e-5);
}

/* Inputs x, stats-like numbers, dy: the kernel is checked on what it is given; gradients through normalise. */
static fv_node *normalise_grad(fv_graph *g, fv_node *const *in, const void *arg)
{
	return fv_normalise_grad(g, in[0], in[1], in[2], *(const fv_axes *)arg, 1e-5);
}

static fv_node *activated(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = fv_normalise(g, in[0], FV_HW, 1e-5);
	if (!y)
		return NULL;
	y->attr.out.act = FV_ACT_LRELU;
	y->attr.out.slope = 0.25f;
	y->attr.out.residual = true;
	y->in[y->inputs++] = in[1];
	return y;
}

/* Statistics from elsewhere. */
static fv_node *given(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = fv_normalise(g, in[0], FV_HW, 1e-5);
	if (!y)
		return NULL;
	y->attr.out.act = FV_ACT_RELU;
	y->attr.in.stats = true;
	y->in[2] = in[1];
	y->inputs = 3;
	return y;
}

static fv_node *masked(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = fv_normalise_grad(g, in[0], in[1], in[2], FV_HW, 1e-5);
	if (!y)
		return NULL;
	y->attr.in.mask = true;
	y->attr.in.slope = 0.25f;
	y->in[y->inputs++] = in[3];
	return y;
}

static const fv_axes hw = FV_HW, nhw = FV_NHW, hwc = FV_HWC;

void check_norms(void)
{
	const problem list[] = {
		{ "normalise HW", { { FV_F32, fv_nhwc(2, 5, 4, 3), -1, 1 } }, normalise, &hw },
		{ "normalise NHW", { { FV_F32, fv_nhwc(2, 5, 4, 3), -1, 1 } }, normalise, &nhw },
		{ "normalise HWC", { { FV_F32, fv_nhwc(2, 5, 4, 3), -1, 1 } }, normalise, &hwc },
		/* mean 100: sums drift, squares cancel; 100 itself is off by 4e-6 in float */
		{ "normalise bright", { { FV_F32, fv_nhwc(1, 33, 65, 24), 98, 102 } }, normalise, &hw, .rough = true, .tolerance = 4e-5 },
		{ "normalise large", { { FV_F32, fv_nhwc(2, 65, 63, 96), -1, 1 } }, normalise, &hw, .rough = true, .tolerance = 4e-6 },
		{ "normalise large HWC", { { FV_F32, fv_nhwc(2, 65, 63, 5), -1, 1 } }, normalise, &hwc, .rough = true, .tolerance = 4e-6 },
		{ "normalise 6 columns", { { FV_F32, fv_nhwc(2, 13, 17, 6), -1, 1 } }, normalise, &hw, .rough = true },
		{ "normalise 12 columns", { { FV_F32, fv_nhwc(1, 67, 43, 12), 3, 5 } }, normalise, &hw, .rough = true, .tolerance = 4e-6 },
		{ "normalise 24 columns, activated", { { FV_F32, fv_nhwc(2, 39, 25, 24), -1, 1 }, { FV_F32, fv_nhwc(2, 39, 25, 24), -1, 1 } }, activated, .rough = true },
		{ "normalise given", { { FV_F32, fv_nhwc(1, 39, 25, 24), -1, 1 }, { FV_F32, FV_SHAPE(24, 2), 0.1, 0.5 } }, given, .rough = true },
		{ "normalise_grad 6 columns", { { FV_F32, fv_nhwc(2, 13, 17, 6), -1, 1 }, { FV_F32, FV_SHAPE(12, 2), 0.1, 0.5 }, { FV_F32, fv_nhwc(2, 13, 17, 6), -1, 1 } },
		  normalise_grad, &hw, .rough = true },
		{ "normalise_grad 24 columns", { { FV_F32, fv_nhwc(1, 71, 25, 24), -1, 1 }, { FV_F32, FV_SHAPE(24, 2), 0.1, 0.5 }, { FV_F32, fv_nhwc(1, 71, 25, 24), -1, 1 } },
		  normalise_grad, &hw, .rough = true },
		{ "normalise activated", { { FV_F32, fv_nhwc(2, 9, 7, 20), -1, 1 }, { FV_F32, fv_nhwc(2, 9, 7, 20), -1, 1 } }, activated, .rough = true },
		{ "normalise_grad HW", { { FV_F32, fv_nhwc(2, 9, 7, 20), -1, 1 }, { FV_F32, FV_SHAPE(40, 2), 0.1, 0.5 }, { FV_F32, fv_nhwc(2, 9, 7, 20), -1, 1 } },
		  normalise_grad, &hw, .rough = true, .tolerance = 4e-6 },
		{ "normalise_grad HWC", { { FV_F32, fv_nhwc(2, 9, 7, 20), -1, 1 }, { FV_F32, FV_SHAPE(2, 2), 0.1, 0.5 }, { FV_F32, fv_nhwc(2, 9, 7, 20), -1, 1 } },
		  normalise_grad, &hwc, .rough = true, .tolerance = 4e-6 },
		{ "normalise_grad gated", { { FV_F32, fv_nhwc(2, 65, 63, 24), -1, 1 }, { FV_F32, FV_SHAPE(48, 2), 0.1, 0.5 },
		    { FV_F32, fv_nhwc(2, 65, 63, 24), -1, 1 }, { FV_F32, fv_nhwc(2, 65, 63, 24), -1, 1 } }, masked, .rough = true, .tolerance = 1e-5 },
	};
	check_problems(list);
}
