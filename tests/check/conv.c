/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "op/conv.h"
#include <stdio.h>

static fv_node *conv2d(fv_graph *g, fv_node *const *in, const void *arg) { return fv_conv2d(g, in[0], in[1], NULL, *(const fv_conv_attr *)arg); }
static fv_node *biased(fv_graph *g, fv_node *const *in, const void *arg) { return fv_conv2d(g, in[0], in[1], in[2], *(const fv_conv_attr *)arg); }
static fv_node *dx(fv_graph *g, fv_node *const *in, const void *arg) { return fv_conv2d_dx(g, in[0], in[1], *(const fv_conv_attr *)arg); }
static fv_node *dw(fv_graph *g, fv_node *const *in, const void *arg) { return fv_conv2d_dw(g, in[0], in[1], *(const fv_conv_attr *)arg); }

typedef struct { bool ta, tb; } flags;
static fv_node *matmul(fv_graph *g, fv_node *const *in, const void *arg)
{
	const flags *f = arg;
	return fv_matmul(g, in[0], in[1], f->ta, f->tb);
}

/* As the fusion pass leaves them. */
static fv_node *layer(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = matmul(g, in, arg);
	if (y) {
		y->in[2] = in[2], y->inputs = 3;
		y->attr.out.act = FV_ACT_LRELU, y->attr.out.slope = 0.2f;
	}
	return y;
}

static fv_node *rectified(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = layer(g, in, arg);
	if (y)
		y->attr.out.act = FV_ACT_RELU, y->attr.out.slope = 0;
	return y;
}

static fv_node *masked(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = matmul(g, in, arg);
	if (y) {
		y->in[3] = in[2], y->inputs = 4;
		y->attr.out.mask = true, y->attr.out.slope = 0.2f;
	}
	return y;
}

static fv_node *activated(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = fv_conv2d(g, in[0], in[1], in[2], *(const fv_conv_attr *)arg);
	if (y)
		y->attr.out.act = FV_ACT_LRELU, y->attr.out.slope = 0.2f;
	return y;
}

/* As passes leave them: with the statistics of what is made, and reading through a norm. */
static fv_node *measured(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = biased(g, in, arg);
	if (y)
		fv_conv_ask_stats(y, 1e-3);
	return y;
}

static fv_node *measured_dx(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = dx(g, in, arg);
	if (y)
		fv_conv_ask_stats(y, 1e-3);
	return y;
}

static fv_node *through(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = measured(g, in, arg);
	if (y) {
		y->attr.in.stats = true;
		y->attr.in.act = FV_ACT_LRELU, y->attr.in.slope = 0.25f;
		y->in[3] = in[3];
		y->inputs = 4;
	}
	return y;
}

typedef struct { const char *name; int64_t n, h, w, c, o, k; int stride, groups, pad; fv_pad_kind kind; } conv;

static void check_family(const conv *v)
{
	char name[3][100];
	int64_t oh = (v->h + 2 * v->pad - v->k) / v->stride + 1, ow = (v->w + 2 * v->pad - v->k) / v->stride + 1;
	fv_conv_attr a = { .stride = v->stride, .groups = v->groups, .top = v->pad, .bottom = v->pad, .left = v->pad, .right = v->pad, .kind = v->kind };
	fv_conv_attr ax = a, aw = a;
	check_input x = { FV_F32, fv_nhwc(v->n, v->h, v->w, v->c), -1, 1 }, w = { FV_F32, fv_nhwc(v->o, v->k, v->k, v->c / v->groups), -1, 1 };
	check_input y = { FV_F32, fv_nhwc(v->n, oh, ow, v->o), -1, 1 }, b = { FV_F32, FV_SHAPE(v->o), -1, 1 };
	ax.h = v->h, ax.w = v->w, aw.h = aw.w = v->k;
	bool large = v->n * oh * ow * v->o * v->c * v->k * v->k > 30000;
	/* Winograd's error is some times that of a direct sum. */
	double t = 3e-5;
	/* With two taps the rms error is the same, but the tile's far corner, whose powers are highest, has more of it. */
	double corner = (v->k + v->stride - 1) / v->stride == 3 ? 0 : 6e-5;
	snprintf(name[0], sizeof name[0], "conv2d %s", v->name);
	snprintf(name[1], sizeof name[1], "conv2d_dx %s", v->name);
	snprintf(name[2], sizeof name[2], "conv2d_dw %s", v->name);
	check_problem(&(problem){ name[0], { x, w }, conv2d, &a, .tolerance = t, .winograd = corner, .rough = large });
	check_problem(&(problem){ name[0], { x, w, b }, biased, &a, .tolerance = t, .winograd = corner, .rough = large });
	check_problem(&(problem){ name[0], { x, w, b }, activated, &a, .tolerance = t, .winograd = corner, .rough = true });
	if (v->n == 1) {
		check_input s = { FV_F32, FV_SHAPE(v->c, 2), 0.2, 0.6 };
		check_problem(&(problem){ name[0], { x, w, b }, measured, &a, .tolerance = t, .winograd = corner, .rough = true });
		check_problem(&(problem){ name[0], { x, w, b, s }, through, &a, .tolerance = t, .winograd = corner, .rough = true });
		check_problem(&(problem){ name[1], { y, w }, measured_dx, &ax, .tolerance = t, .winograd = corner, .rough = true });
	}
	check_problem(&(problem){ name[1], { y, w }, dx, &ax, .tolerance = t, .winograd = corner, .rough = large });
	check_problem(&(problem){ name[2], { x, y }, dw, &aw, .tolerance = t, .winograd = corner, .rough = large });
}

void check_conv(void)
{
	static const conv list[] = {
		{ "3x3 zero", 2, 5, 6, 3, 4, 3, 1, 1, 1, FV_PAD_ZERO },
		{ "3x3 reflect", 1, 5, 4, 2, 3, 3, 1, 1, 1, FV_PAD_REFLECT },
		{ "3x3 replicate", 1, 4, 5, 2, 3, 3, 1, 1, 1, FV_PAD_REPLICATE },
		{ "3x3 stride 2", 1, 7, 6, 2, 3, 3, 2, 1, 1, FV_PAD_REFLECT },
		{ "4x4 stride 2", 1, 8, 6, 2, 3, 4, 2, 1, 1, FV_PAD_ZERO },
		{ "4x4 stride 2 of 20", 20, 8, 8, 40, 112, 4, 2, 1, 1, FV_PAD_ZERO },
		{ "5x5 groups of many", 6, 7, 9, 130, 110, 5, 1, 2, 2, FV_PAD_REFLECT },
		{ "groups", 1, 5, 5, 4, 6, 3, 1, 2, 1, FV_PAD_ZERO },
		{ "depthwise", 1, 6, 5, 5, 5, 3, 1, 5, 1, FV_PAD_REFLECT },
		{ "1x1", 2, 3, 4, 5, 7, 1, 1, 1, 0, FV_PAD_ZERO },
		{ "one pixel", 1, 1, 1, 3, 2, 3, 1, 1, 1, FV_PAD_REPLICATE },
		{ "7x7 thin in", 1, 19, 17, 4, 24, 7, 1, 1, 3, FV_PAD_REFLECT },
		{ "7x7 thin out", 1, 18, 21, 24, 3, 7, 1, 1, 3, FV_PAD_REFLECT },
		{ "7x7 stride 2", 2, 21, 20, 3, 64, 7, 2, 1, 0, FV_PAD_ZERO },
		{ "3x3 24>48", 2, 17, 13, 24, 48, 3, 1, 1, 1, FV_PAD_REFLECT },
		{ "3x3 48>24", 1, 16, 12, 48, 24, 3, 1, 1, 1, FV_PAD_REFLECT },
		{ "3x3 96>96", 1, 10, 11, 96, 96, 3, 1, 1, 1, FV_PAD_REFLECT },
		{ "3x3 32>64 zero", 3, 9, 15, 32, 64, 3, 1, 1, 1, FV_PAD_ZERO },
		{ "3x3 128>1", 2, 8, 9, 128, 1, 3, 1, 1, 1, FV_PAD_ZERO },
		{ "3x3 odd channels", 1, 14, 9, 33, 35, 3, 1, 1, 1, FV_PAD_REPLICATE },
		{ "3x3 wide pad", 1, 9, 9, 17, 18, 3, 1, 1, 2, FV_PAD_ZERO },
		{ "3x3 stride 2 64>128", 1, 16, 18, 64, 128, 3, 2, 1, 1, FV_PAD_ZERO },
		{ "3x3 stride 2 replicate", 2, 29, 15, 5, 20, 3, 2, 1, 1, FV_PAD_REPLICATE },
		{ "7x7 3>64", 1, 9, 70, 3, 64, 7, 1, 1, 3, FV_PAD_REFLECT },
		{ "7x7 33>4 wide", 1, 11, 141, 33, 4, 7, 1, 1, 3, FV_PAD_REPLICATE },
		{ "7x7 5>11 wide", 2, 8, 259, 5, 11, 7, 1, 1, 2, FV_PAD_REFLECT },
		{ "7x7 2>1 high", 1, 70, 9, 2, 1, 7, 1, 1, 0, FV_PAD_ZERO },
		{ "7x7 17>2", 1, 7, 8, 17, 2, 7, 1, 1, 3, FV_PAD_ZERO },
		{ "7x7 6>24 large", 1, 101, 144, 6, 24, 7, 1, 1, 3, FV_PAD_REFLECT },
		{ "7x7 thin in zero", 2, 15, 30, 3, 20, 7, 1, 1, 3, FV_PAD_ZERO },
		{ "5x5 two out", 1, 13, 40, 19, 2, 5, 1, 1, 2, FV_PAD_REPLICATE },
		{ "1x1 24>24", 2, 9, 31, 24, 24, 1, 1, 1, 0, FV_PAD_ZERO },
		{ "4x4 stride 3", 1, 10, 40, 7, 18, 4, 3, 1, 0, FV_PAD_ZERO },
		{ "2x2 19>35", 2, 9, 12, 19, 35, 2, 1, 1, 0, FV_PAD_ZERO },
		{ "4x4 34>18", 2, 12, 9, 34, 18, 4, 1, 1, 1, FV_PAD_ZERO },
		{ "4x4 reflect", 1, 11, 10, 18, 20, 4, 1, 1, 2, FV_PAD_REFLECT },
		{ "4x4 stride 2 18>34", 2, 23, 18, 18, 34, 4, 2, 1, 1, FV_PAD_ZERO },
		{ "3x3 stride 2 reflect", 1, 22, 13, 20, 17, 3, 2, 1, 1, FV_PAD_REFLECT },
		{ "3x3 stride 2 no border", 1, 19, 16, 16, 24, 3, 2, 1, 0, FV_PAD_ZERO },
		/* Large enough to be stored past the caches. */
		{ "3x3 4>64 large", 1, 64, 72, 4, 64, 3, 1, 1, 1, FV_PAD_ZERO },
		{ "3x3 64>4 large", 1, 64, 72, 64, 4, 3, 1, 1, 1, FV_PAD_REFLECT },
		{ "3x3 stride 2 4>64 large", 1, 128, 144, 4, 64, 3, 2, 1, 1, FV_PAD_ZERO },
		{ "3x3 stride 2 64>4 large", 1, 64, 72, 64, 4, 3, 2, 1, 1, FV_PAD_ZERO },
		{ "3x3 stride 2 96>96", 1, 8, 9, 96, 96, 3, 2, 1, 1, FV_PAD_ZERO },
		{ "5x5 2>64 large", 1, 64, 72, 2, 64, 5, 1, 1, 2, FV_PAD_REFLECT },
		{ "3x3 stride 2 wide pad", 1, 12, 15, 18, 20, 3, 2, 1, 2, FV_PAD_ZERO },
		{ "6x6 stride 2", 1, 21, 24, 10, 20, 6, 2, 1, 2, FV_PAD_ZERO },
		{ "7x7 stride 2 pad 3", 1, 20, 17, 6, 18, 7, 2, 1, 3, FV_PAD_ZERO },
		{ "3x3 deep", 1, 5, 14, 200, 18, 3, 1, 1, 1, FV_PAD_REFLECT },
		{ "one pixel 3x3 wide", 1, 1, 1, 33, 17, 3, 1, 1, 1, FV_PAD_ZERO },
		{ "depthwise 33 stride 2", 2, 13, 9, 33, 33, 3, 2, 33, 1, FV_PAD_REPLICATE },
		{ "depthwise 9x9", 1, 12, 13, 18, 18, 9, 1, 18, 4, FV_PAD_REFLECT },
		{ "groups 3 of 8>6", 1, 9, 17, 24, 18, 3, 1, 3, 1, FV_PAD_ZERO },
	};
	static const flags plain = { false, false }, ta = { true, false }, tb = { false, true }, both = { true, true };
	for (size_t i = 0; i < FV_COUNT(list); i++)
		check_family(&list[i]);
	const problem products[] = {
		{ "matmul", { { FV_F32, FV_SHAPE(5, 7), -1, 1 }, { FV_F32, FV_SHAPE(7, 9), -1, 1 } }, matmul, &plain, .tolerance = 5e-6 },
		{ "matmul a'", { { FV_F32, FV_SHAPE(7, 5), -1, 1 }, { FV_F32, FV_SHAPE(7, 9), -1, 1 } }, matmul, &ta, .tolerance = 5e-6 },
		{ "matmul b'", { { FV_F32, FV_SHAPE(5, 7), -1, 1 }, { FV_F32, FV_SHAPE(9, 7), -1, 1 } }, matmul, &tb, .tolerance = 5e-6 },
		{ "matmul a'b'", { { FV_F32, FV_SHAPE(7, 5), -1, 1 }, { FV_F32, FV_SHAPE(9, 7), -1, 1 } }, matmul, &both, .tolerance = 5e-6 },
		{ "matmul batch b'", { { FV_F32, FV_SHAPE(3, 19, 33), -1, 1 }, { FV_F32, FV_SHAPE(3, 21, 33), -1, 1 } }, matmul, &tb, .tolerance = 5e-6 },
		{ "matmul large", { { FV_F32, FV_SHAPE(130, 257), -1, 1 }, { FV_F32, FV_SHAPE(257, 131), -1, 1 } }, matmul, &plain, .rough = true, .tolerance = 1e-5 },
		{ "matmul large a'", { { FV_F32, FV_SHAPE(257, 130), -1, 1 }, { FV_F32, FV_SHAPE(257, 131), -1, 1 } }, matmul, &ta, .rough = true, .tolerance = 1e-5 },
		{ "matmul, bias, lrelu", { { FV_F32, FV_SHAPE(51, 67), -1, 1 }, { FV_F32, FV_SHAPE(39, 67), -1, 1 }, { FV_F32, FV_SHAPE(39), -1, 1 } }, layer, &tb, .rough = true, .tolerance = 5e-6 },
		{ "matmul, bias, relu", { { FV_F32, FV_SHAPE(51, 67), -1, 1 }, { FV_F32, FV_SHAPE(67, 48), -1, 1 }, { FV_F32, FV_SHAPE(1, 48), -1, 1 } }, rectified, &plain, .rough = true, .tolerance = 5e-6 },
		{ "matmul, gate", { { FV_F32, FV_SHAPE(51, 67), -1, 1 }, { FV_F32, FV_SHAPE(67, 41), -1, 1 }, { FV_F32, FV_SHAPE(51, 41), -1, 1 } }, masked, &plain, .rough = true, .tolerance = 5e-6 },
		{ "matmul deep", { { FV_F32, FV_SHAPE(30, 2059), -1, 1 }, { FV_F32, FV_SHAPE(2059, 33), -1, 1 } }, matmul, &plain, .rough = true, .tolerance = 2e-5 },
		{ "matmul column", { { FV_F32, FV_SHAPE(257, 130), -1, 1 }, { FV_F32, FV_SHAPE(130, 1), -1, 1 } }, matmul, &plain, .rough = true, .tolerance = 1e-5 },
	};
	check_problems(products);
}
