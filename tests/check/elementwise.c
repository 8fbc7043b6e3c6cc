/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

typedef struct { int kind; double a, b; } kind;

static fv_node *unary(fv_graph *g, fv_node *const *in, const void *arg)
{
	const kind *k = arg;
	return fv_unary(g, k->kind, in[0], k->a, k->b);
}
static fv_node *binary(fv_graph *g, fv_node *const *in, const void *arg)
{
	const kind *k = arg;
	return fv_binary(g, k->kind, in[0], in[1], k->a);
}
static fv_node *reduce(fv_graph *g, fv_node *const *in, const void *arg)
{
	const kind *k = arg;
	return fv_reduce(g, k->kind, in[0], (fv_axes)k->a);
}
static fv_node *convert(fv_graph *g, fv_node *const *in, const void *arg) { return fv_convert(g, in[0], *(const fv_type *)arg); }
static fv_node *expand(fv_graph *g, fv_node *const *in, const void *arg) { return fv_expand(g, in[0], *(const fv_shape *)arg); }
static fv_node *transpose(fv_graph *g, fv_node *const *in, const void *arg) { return fv_transpose(g, in[0]); }
static fv_node *log_softmax(fv_graph *g, fv_node *const *in, const void *arg) { return fv_log_softmax(g, in[0]); }

#define K(...) &(const kind){ __VA_ARGS__ }
#define X(lo, hi) { FV_F32, fv_nhwc(2, 5, 7, 3), lo, hi }

void check_elementwise(void)
{
	const problem list[] = {
		{ "unary scale", { X(-2, 2) }, unary, K(FV_SCALE, 1.5, -0.25) },
		{ "unary abs", { X(-2, 2) }, unary, K(FV_ABS) },
		{ "unary sign", { X(-2, 2) }, unary, K(FV_SIGN), .rough = true },
		{ "unary square", { X(-2, 2) }, unary, K(FV_SQUARE) },
		{ "unary sqrt", { X(0.5, 2) }, unary, K(FV_SQRT) },
		{ "unary rsqrt", { X(0.5, 2) }, unary, K(FV_RSQRT) },
		{ "unary reciprocal", { X(0.5, 2) }, unary, K(FV_RECIPROCAL) },
		{ "unary exp", { X(-4, 4) }, unary, K(FV_EXP) },
		{ "unary log", { X(0.5, 20) }, unary, K(FV_LOG) },
		{ "unary tanh", { X(-4, 4) }, unary, K(FV_TANH) },
		{ "unary sigmoid", { X(-8, 8) }, unary, K(FV_SIGMOID) },
		{ "unary softplus", { X(-30, 30) }, unary, K(FV_SOFTPLUS) },
		{ "unary relu", { X(-2, 2) }, unary, K(FV_RELU) },
		{ "unary lrelu", { X(-2, 2) }, unary, K(FV_LRELU, 0.2) },
		{ "unary clamp", { X(-2, 2) }, unary, K(FV_CLAMP, -1, 0.5) },
		{ "unary large", { { FV_F32, FV_SHAPE(3, 40001), -2, 2 } }, unary, K(FV_TANH), .rough = true },
		{ "binary add", { X(-2, 2), X(-2, 2) }, binary, K(FV_ADD) },
		{ "binary sub channel", { X(-2, 2), { FV_F32, FV_SHAPE(3), -1, 1 } }, binary, K(FV_SUB) },
		{ "binary mul picture", { X(-2, 2), { FV_F32, fv_nhwc(2, 1, 1, 1), -1, 1 } }, binary, K(FV_MUL) },
		{ "binary mul grey", { X(-2, 2), { FV_F32, fv_nhwc(2, 5, 7, 1), -1, 1 } }, binary, K(FV_MUL) },
		{ "binary div scalar", { X(-2, 2), { FV_F32, FV_SHAPE(1), 1, 2 } }, binary, K(FV_DIV) },
		{ "binary div by picture", { { FV_F32, FV_SHAPE(1), 1, 2 }, X(0.5, 2) }, binary, K(FV_DIV) },
		{ "binary outer", { { FV_F32, FV_SHAPE(9, 1), -1, 1 }, { FV_F32, FV_SHAPE(1, 21), -1, 1 } }, binary, K(FV_MUL) },
		{ "binary max", { X(-2, 2), X(-2, 2) }, binary, K(FV_MAX) },
		{ "binary min", { X(-2, 2), X(-2, 2) }, binary, K(FV_MIN) },
		{ "binary gate", { X(-2, 2), X(-2, 2) }, binary, K(FV_RELU_GRAD, 0.2) },
		{ "binary greater", { X(-2, 2), X(-2, 2) }, binary, K(FV_GREATER), .rough = true, .no_nan = true },
		{ "binary large", { { FV_F32, fv_nhwc(2, 65, 63, 24), -2, 2 }, { FV_F32, FV_SHAPE(24), -1, 1 } }, binary, K(FV_MUL), .rough = true },
		{ "reduce sum all", { X(-2, 2) }, reduce, K(FV_SUM, FV_ALL), .tolerance = 1e-5 },
		{ "reduce mean channels", { X(-2, 2) }, reduce, K(FV_MEAN, FV_AXIS_C), .tolerance = 1e-5 },
		{ "reduce mean HW", { X(-2, 2) }, reduce, K(FV_MEAN, FV_HW), .tolerance = 1e-5 },
		{ "reduce sum NHW", { X(-2, 2) }, reduce, K(FV_SUM, FV_NHW), .tolerance = 1e-5 },
		{ "reduce sum N and C", { X(-2, 2) }, reduce, K(FV_SUM, FV_AXIS_N | FV_AXIS_C), .tolerance = 1e-5 },
		{ "reduce sum large", { { FV_F32, FV_SHAPE(100003), 0, 1 } }, reduce, K(FV_SUM, FV_ALL), .rough = true },
		{ "reduce sum large NHW", { { FV_F32, fv_nhwc(3, 50, 41, 24), 0, 1 } }, reduce, K(FV_SUM, FV_NHW), .rough = true },
		{ "convert to bf16", { { FV_F32, FV_SHAPE(3, 12347), -2, 2 } }, convert, &(const fv_type){ FV_BF16 }, .tolerance = 1e-30, .rough = true },
		{ "convert from bf16", { { FV_BF16, FV_SHAPE(3, 12347), -2, 2 } }, convert, &(const fv_type){ FV_F32 }, .tolerance = 1e-30, .rough = true },
		{ "expand", { { FV_F32, fv_nhwc(2, 1, 1, 3), -1, 1 } }, expand, &(const fv_shape){ 4, { { 1, 1, 2, 4, 5, 3 } } } },
		{ "expand scalar", { { FV_F32, FV_SHAPE(1), -1, 1 } }, expand, &(const fv_shape){ 4, { { 1, 1, 2, 4, 5, 3 } } } },
		{ "transpose", { { FV_F32, FV_SHAPE(37, 65), -1, 1 } }, transpose },
		{ "transpose batch", { { FV_F32, FV_SHAPE(3, 5, 7), -1, 1 } }, transpose },
		{ "log_softmax", { { FV_F32, FV_SHAPE(5, 19), -9, 9 } }, log_softmax },
		{ "log_softmax wide", { { FV_F32, FV_SHAPE(3, 7, 192), -30, 30 } }, log_softmax, .tolerance = 4e-6 },
	};
	check_problems(list);
}
