/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include <math.h>

typedef struct { int kind; int64_t h, w; } resized;
static fv_node *resize(fv_graph *g, fv_node *const *in, const void *arg)
{
	const resized *r = arg;
	return fv_resize(g, r->kind, in[0], r->h, r->w);
}
static fv_node *resize_adjoint(fv_graph *g, fv_node *const *in, const void *arg)
{
	const resized *r = arg;
	return fv_resize_adjoint(g, r->kind, in[0], r->h, r->w);
}
typedef struct { int taps; fv_pad_kind kind; int64_t h, w; } blurred;
static fv_node *blur(fv_graph *g, fv_node *const *in, const void *arg)
{
	const blurred *b = arg;
	return fv_blur(g, in[0], b->taps, b->kind);
}
/* As a pass leaves it, reading through a norm. */
static fv_node *blur_normed(fv_graph *g, fv_node *const *in, const void *arg)
{
	fv_node *y = blur(g, in, arg);
	if (y) {
		y->attr.in.stats = true;
		y->attr.in.act = FV_ACT_LRELU, y->attr.in.slope = 0.25f;
		y->in[1] = in[1], y->inputs = 2;
	}
	return y;
}
static fv_node *blur_adjoint(fv_graph *g, fv_node *const *in, const void *arg)
{
	const blurred *b = arg;
	return fv_blur_adjoint(g, in[0], b->taps, b->kind, b->h, b->w);
}
static const int64_t start[FV_RANK] = { 0, 0, 1, 2, 1, 0 };
static fv_node *slice(fv_graph *g, fv_node *const *in, const void *arg) { return fv_slice(g, in[0], start, fv_nhwc(1, 3, 4, 2)); }
static fv_node *slice_adjoint(fv_graph *g, fv_node *const *in, const void *arg) { return fv_slice_adjoint(g, in[0], start, fv_nhwc(2, 6, 5, 3)); }
static fv_node *concat(fv_graph *g, fv_node *const *in, const void *arg) { return fv_concat(g, *(const int *)arg, in, 2); }
static fv_node *translate(fv_graph *g, fv_node *const *in, const void *arg) { return fv_translate(g, in[0], in[1], *(const int *)arg); }

typedef struct { int top, bottom, left, right; fv_pad_kind kind; } padded;
static fv_node *pad(fv_graph *g, fv_node *const *in, const void *arg)
{
	const padded *p = arg;
	return fv_pad(g, in[0], p->top, p->bottom, p->left, p->right, p->kind);
}
static fv_node *pad_adjoint(fv_graph *g, fv_node *const *in, const void *arg)
{
	const padded *p = arg;
	return fv_pad_adjoint(g, in[0], p->top, p->bottom, p->left, p->right, p->kind);
}
static fv_node *cutout(fv_graph *g, fv_node *const *in, const void *arg)
{
	const int *size = arg;
	return fv_cutout(g, in[0], in[1], size[0], size[1]);
}
static fv_node *space_to_depth(fv_graph *g, fv_node *const *in, const void *arg) { return fv_space_to_depth(g, in[0], *(const int *)arg); }
static fv_node *depth_to_space(fv_graph *g, fv_node *const *in, const void *arg) { return fv_depth_to_space(g, in[0], *(const int *)arg); }

#define R(...) &(const resized){ __VA_ARGS__ }
#define B(...) &(const blurred){ __VA_ARGS__ }
#define P(...) &(const padded){ __VA_ARGS__ }
#define I(...) (const int[]){ __VA_ARGS__ }
static const int channels = 5, pictures = 2, forward = 1, back = -1;

/* Values by hand: kernels are compared with the reference elsewhere, here the reference with what other programs give. */
typedef struct {
	const char *name;
	fv_shape shape;
	fv_node *(*build)(fv_graph *g, fv_node *const *in, const void *arg);
	const void *arg;
	int count;
	double x[12], y[16];
	double off;                     /* allowed: of weights that are no binary fractions */
} known;

static void check_known(const known *k)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_graph *g;
	fv_program *program = NULL;
	if (fv_context_new(&err, NULL, &c) || fv_graph_new(&err, c, &g)) {
		check_true(false, "%s: %s", k->name, err.text);
		return;
	}
	fv_node *in = fv_input(g, "x", FV_F64, k->shape), *y = k->build(g, &in, k->arg);
	fv_output(g, y, "y");
	fv_status st = fv_program_new(&err, c, g, NULL, &program);
	if (!st)
		fv_program_put(program, "x", k->x);
	if (st || fv_program_run(&err, program, (fv_key){ 0 }))
		check_true(false, "%s: %s", k->name, err.text);
	else {
		fv_tensor made = port_values(program, "y");
		const double *got = made.data;
		check_true(fv_elements(y->shape) == k->count, "%s: %s is not %d values", k->name, fv_shape_text(y->shape).s, k->count);
		for (int i = 0; i < k->count && fv_elements(y->shape) == k->count; i++)
			check_true(fabs(got[i] - k->y[i]) <= k->off, "%s: value %d is %g, by hand %g", k->name, i, got[i], k->y[i]);
		free(made.data);
	}
	fv_program_free(program);
	fv_graph_free(g);
	fv_context_free(c);
}

/* Each must be refused in the graph's error, not run. */
static void check_refusals(void)
{
	for (int i = 0;; i++) {
		fv_err err;
		fv_context *c;
		fv_graph *g;
		if (fv_context_new(&err, NULL, &c) || fv_graph_new(&err, c, &g)) {
			check_true(false, "refusals: %s", err.text);
			return;
		}
		fv_node *x = fv_input(g, "x", FV_F32, fv_nhwc(2, 5, 6, 3)), *matrix = fv_input(g, "m", FV_F32, FV_SHAPE(5, 6));
		fv_node *whole = fv_input(g, "i", FV_I32, FV_SHAPE(3, 2)), *other = fv_input(g, "d", FV_F64, fv_nhwc(2, 5, 6, 3));
		fv_node *bad = NULL;
		switch (i) {
		case 0: bad = fv_resize(g, FV_BILINEAR, x, 0, 4); break;
		case 1: bad = fv_resize(g, FV_NEAREST, matrix, 2, 2); break;
		case 2: bad = fv_blur(g, x, 5, FV_PAD_ZERO); break;
		case 3: bad = fv_blur_adjoint(g, x, 4, FV_PAD_REFLECT, 10, 14); break;
		case 4: bad = fv_pad(g, x, 5, 0, 0, 0, FV_PAD_REFLECT); break;
		case 5: bad = fv_pad(g, x, -1, 0, 0, 0, FV_PAD_ZERO); break;
		case 6: bad = fv_pad_adjoint(g, x, 3, 2, 0, 0, FV_PAD_ZERO); break;
		case 7: bad = fv_slice(g, x, (int64_t[FV_RANK]){ 0, 0, 0, 3 }, fv_nhwc(2, 3, 6, 3)); break;
		case 8: bad = fv_slice_adjoint(g, x, (int64_t[FV_RANK]){ 0 }, fv_nhwc(2, 5, 5, 3)); break;
		case 9: bad = fv_concat(g, 5, (fv_node *[]){ x, matrix }, 2); break;
		case 10: bad = fv_concat(g, 5, (fv_node *[]){ x, other }, 2); break;
		case 11: bad = fv_concat(g, 1, (fv_node *[]){ x, x }, 2); break;
		case 12: bad = fv_concat(g, 5, (fv_node *[]){ x, x, x, x, x, x, x, x, x }, 9); break;
		case 13: bad = fv_translate(g, x, whole, 1); break;
		case 14: bad = fv_cutout(g, x, whole, 2, 2); break;
		case 15: bad = fv_cutout(g, x, x, 2, 2); break;
		case 16: bad = fv_space_to_depth(g, x, 2); break;
		case 17: bad = fv_depth_to_space(g, x, 2); break;
		case 18: bad = fv_gather(g, x, whole); break;
		case 19: bad = fv_gather(g, x, matrix); break;
		case 20: bad = fv_gather_adjoint(g, x, whole, 4); break;
		case 21: bad = fv_random(g, FV_PERMUTATION, "p", FV_I32, FV_SHAPE(9), 0, 8); break;
		case 22: bad = fv_random(g, FV_NORMAL, "p", FV_I32, FV_SHAPE(9), 0, 1); break;
		default:
			fv_graph_free(g);
			fv_context_free(c);
			return;
		}
		check_true(!bad && g->err.status == FV_E_SHAPE && g->err.text[0], "refusal %d: taken, or without a sentence", i);
		fv_graph_free(g);
		fv_context_free(c);
	}
}

void check_pictures(void)
{
	const problem list[] = {
		{ "resize bilinear x2", { { FV_F32, fv_nhwc(2, 5, 6, 3), -1, 1 } }, resize, R(FV_BILINEAR, 10, 12) },
		{ "resize bilinear odd", { { FV_F32, fv_nhwc(1, 5, 6, 20), -1, 1 } }, resize, R(FV_BILINEAR, 7, 4) },
		{ "resize legacy x2", { { FV_F32, fv_nhwc(2, 5, 6, 3), -1, 1 } }, resize,
		  R(FV_BILINEAR_LEGACY, 10, 12) },
		{ "resize corners x2", { { FV_F32, fv_nhwc(1, 5, 6, 20), -1, 1 } }, resize,
		  R(FV_BILINEAR_CORNERS, 10, 12) },
		{ "resize nearest", { { FV_F32, fv_nhwc(1, 5, 6, 3), -1, 1 } }, resize, R(FV_NEAREST, 10, 12) },
		{ "resize spline x2", { { FV_F32, fv_nhwc(2, 5, 6, 3), -1, 1 } }, resize, R(FV_SPLINE3, 10, 12) },
		{ "resize spline odd", { { FV_F32, fv_nhwc(1, 5, 2, 20), -1, 1 } }, resize, R(FV_SPLINE3, 7, 4) },
		{ "resize binomial", { { FV_F32, fv_nhwc(2, 5, 6, 3), -1, 1 } }, resize, R(FV_BINOMIAL, 10, 12) },
		{ "resize binomial, one row", { { FV_F32, fv_nhwc(1, 1, 2, 20), -1, 1 } }, resize, R(FV_BINOMIAL, 2, 4) },
		{ "resize spline of degree 5", { { FV_F32, fv_nhwc(1, 3, 2, 20), -1, 1 } }, resize, R(FV_SPLINE5, 6, 4) },
		{ "resize large", { { FV_F32, fv_nhwc(1, 64, 72, 16), -1, 1 } }, resize, R(FV_BILINEAR, 128, 144), .rough = true },
		{ "resize_adjoint legacy x4", { { FV_F32, fv_nhwc(2, 20, 24, 17), -1, 1 } },
		  resize_adjoint, R(FV_BILINEAR_LEGACY, 5, 6) },
		{ "resize_adjoint corners x4", { { FV_F32, fv_nhwc(1, 12, 8, 17), -1, 1 } },
		  resize_adjoint, R(FV_BILINEAR_CORNERS, 3, 2) },
		{ "resize_adjoint spline", { { FV_F32, fv_nhwc(1, 10, 12, 17), -1, 1 } }, resize_adjoint, R(FV_SPLINE3, 5, 6) },
		{ "resize_adjoint binomial", { { FV_F32, fv_nhwc(1, 16, 14, 17), -1, 1 } }, resize_adjoint, R(FV_BINOMIAL, 8, 7) },
		{ "resize_adjoint spline of degree 5", { { FV_F32, fv_nhwc(1, 16, 14, 17), -1, 1 } }, resize_adjoint, R(FV_SPLINE5, 8, 7) },
		{ "resize_adjoint x2", { { FV_F32, fv_nhwc(1, 10, 12, 17), -1, 1 } }, resize_adjoint, R(FV_BILINEAR, 5, 6) },
		{ "resize_adjoint x4", { { FV_F32, fv_nhwc(2, 20, 24, 3), -1, 1 } }, resize_adjoint, R(FV_BILINEAR, 5, 6) },
		{ "resize_adjoint x3.6", { { FV_F32, fv_nhwc(1, 18, 25, 17), -1, 1 } }, resize_adjoint, R(FV_BILINEAR, 5, 7) },
		{ "resize_adjoint nearest x4", { { FV_F32, fv_nhwc(1, 12, 8, 17), -1, 1 } }, resize_adjoint, R(FV_NEAREST, 3, 2) },
		{ "resize_adjoint odd", { { FV_F32, fv_nhwc(1, 7, 11, 3), -1, 1 } }, resize_adjoint, R(FV_BILINEAR, 5, 6) },
		{ "resize_adjoint nearest", { { FV_F32, fv_nhwc(1, 10, 12, 3), -1, 1 } }, resize_adjoint, R(FV_NEAREST, 5, 6) },
		{ "blur 4 reflect", { { FV_F32, fv_nhwc(2, 8, 6, 3), -1, 1 } }, blur, B(4, FV_PAD_REFLECT) },
		{ "blur 4 odd", { { FV_F32, fv_nhwc(1, 7, 9, 20), -1, 1 } }, blur, B(4, FV_PAD_REFLECT) },
		{ "blur 4 zero", { { FV_F32, fv_nhwc(1, 7, 9, 3), -1, 1 } }, blur, B(4, FV_PAD_ZERO) },
		{ "blur 3 reflect", { { FV_F32, fv_nhwc(2, 8, 6, 3), -1, 1 } }, blur, B(3, FV_PAD_REFLECT) },
		{ "blur 3 odd", { { FV_F32, fv_nhwc(1, 7, 9, 20), -1, 1 } }, blur, B(3, FV_PAD_REFLECT) },
		{ "blur 3 zero", { { FV_F32, fv_nhwc(1, 7, 8, 3), -1, 1 } }, blur, B(3, FV_PAD_ZERO) },
		{ "blur 3 through a norm", { { FV_F32, fv_nhwc(1, 12, 20, 48), -1, 1 }, { FV_F32, FV_SHAPE(48, 2), 0.25, 1 } },
		  blur_normed, B(3, FV_PAD_REFLECT), .rough = true },
		{ "blur 2", { { FV_F32, fv_nhwc(1, 7, 8, 3), -1, 1 } }, blur, B(2, FV_PAD_ZERO), .no_nan = true },
		{ "blur 4 through a norm", { { FV_F32, fv_nhwc(1, 12, 20, 48), -1, 1 }, { FV_F32, FV_SHAPE(48, 2), 0.25, 1 } }, blur_normed, B(4, FV_PAD_REFLECT), .rough = true },
		{ "blur 4 through a norm, odd", { { FV_F32, fv_nhwc(1, 7, 9, 12), -1, 1 }, { FV_F32, FV_SHAPE(12, 2), 0.25, 1 } }, blur_normed, B(4, FV_PAD_ZERO), .rough = true },
		{ "blur 2 through a norm, few", { { FV_F32, fv_nhwc(1, 7, 9, 3), -1, 1 }, { FV_F32, FV_SHAPE(3, 2), 0.25, 1 } }, blur_normed, B(2, FV_PAD_ZERO), .rough = true, .no_nan = true },
		{ "blur_adjoint 3", { { FV_F32, fv_nhwc(1, 4, 3, 17), -1, 1 } }, blur_adjoint, B(3, FV_PAD_REFLECT, 8, 5) },
		{ "blur_adjoint 4", { { FV_F32, fv_nhwc(1, 4, 3, 17), -1, 1 } }, blur_adjoint, B(4, FV_PAD_REFLECT, 8, 6) },
		{ "blur_adjoint 4 odd", { { FV_F32, fv_nhwc(2, 4, 3, 3), -1, 1 } }, blur_adjoint, B(4, FV_PAD_REPLICATE, 9, 7) },
		{ "blur_adjoint 2", { { FV_F32, fv_nhwc(1, 4, 3, 3), -1, 1 } }, blur_adjoint, B(2, FV_PAD_ZERO, 9, 7) },
		{ "slice", { { FV_F32, fv_nhwc(2, 6, 5, 3), -1, 1 } }, slice, .no_nan = true },
		{ "slice_adjoint", { { FV_F32, fv_nhwc(1, 3, 4, 2), -1, 1 } }, slice_adjoint },
		{ "concat channels", { { FV_F32, fv_nhwc(2, 3, 4, 3), -1, 1 }, { FV_F32, fv_nhwc(2, 3, 4, 1), -1, 1 } }, concat, &channels },
		{ "concat pictures", { { FV_F32, fv_nhwc(2, 3, 4, 3), -1, 1 }, { FV_F32, fv_nhwc(1, 3, 4, 3), -1, 1 } }, concat, &pictures },
		{ "translate", { { FV_F32, fv_nhwc(3, 6, 5, 3), -1, 1 }, { FV_I32, FV_SHAPE(3, 2), -3, 3 } }, translate, &forward, .no_nan = true },
		{ "translate back", { { FV_F32, fv_nhwc(3, 6, 5, 3), -1, 1 }, { FV_I32, FV_SHAPE(3, 2), -9, 9 } }, translate, &back, .no_nan = true },
		{ "pad zero", { { FV_F32, fv_nhwc(2, 5, 6, 3), -1, 1 } }, pad, P(1, 2, 3, 0, FV_PAD_ZERO) },
		{ "pad reflect", { { FV_F32, fv_nhwc(2, 5, 6, 3), -1, 1 } }, pad, P(4, 2, 3, 5, FV_PAD_REFLECT) },
		{ "pad replicate", { { FV_F32, fv_nhwc(1, 1, 3, 17), -1, 1 } }, pad, P(4, 2, 3, 5, FV_PAD_REPLICATE) },
		{ "pad_adjoint zero", { { FV_F32, fv_nhwc(2, 8, 9, 3), -1, 1 } }, pad_adjoint, P(1, 2, 3, 0, FV_PAD_ZERO), .no_nan = true },
		{ "pad_adjoint reflect", { { FV_F32, fv_nhwc(2, 11, 14, 3), -1, 1 } }, pad_adjoint, P(4, 2, 3, 5, FV_PAD_REFLECT) },
		{ "pad_adjoint replicate", { { FV_F32, fv_nhwc(1, 7, 11, 17), -1, 1 } }, pad_adjoint, P(4, 2, 3, 5, FV_PAD_REPLICATE) },
		{ "cutout", { { FV_F32, fv_nhwc(3, 6, 7, 3), -1, 1 }, { FV_I32, FV_SHAPE(3, 2), 0, 6 } }, cutout, I(3, 4), .no_nan = true },
		{ "cutout outside", { { FV_F32, fv_nhwc(3, 6, 7, 1), -1, 1 }, { FV_I32, FV_SHAPE(3, 2), -9, 15 } }, cutout, I(4, 3), .no_nan = true },
		{ "space_to_depth 2", { { FV_F32, fv_nhwc(2, 4, 6, 3), -1, 1 } }, space_to_depth, I(2) },
		{ "space_to_depth 3", { { FV_F32, fv_nhwc(1, 6, 3, 17), -1, 1 } }, space_to_depth, I(3) },
		{ "depth_to_space 2", { { FV_F32, fv_nhwc(2, 3, 4, 12), -1, 1 } }, depth_to_space, I(2) },
		{ "depth_to_space 3", { { FV_F32, fv_nhwc(1, 2, 1, 153), -1, 1 } }, depth_to_space, I(3) },
	};
	check_problems(list);
	/* PyTorch 2's interpolate (align_corners=False), avg_pool2d, F.pad and pixel_unshuffle give these. */
	const known values[] = {
		{ "bilinear x2", fv_nhwc(1, 1, 3, 1), resize, R(FV_BILINEAR, 1, 6), 6, { 0, 4, 8 }, { 0, 1, 3, 5, 7, 8 } },
		/* TensorFlow 1's resize_bilinear, and PyTorch's align_corners=True */
		{ "bilinear x2, legacy", fv_nhwc(1, 1, 3, 1), resize, R(FV_BILINEAR_LEGACY, 1, 6), 6,
		  { 0, 4, 8 }, { 0, 2, 4, 6, 8, 8 } },
		{ "bilinear x2, corners", fv_nhwc(1, 1, 3, 1), resize, R(FV_BILINEAR_CORNERS, 1, 6), 6,
		  { 0, 10, 20 }, { 0, 4, 8, 12, 16, 20 }, 1e-12 },
		{ "bilinear 4 to 2", fv_nhwc(1, 1, 4, 1), resize, R(FV_BILINEAR, 1, 2), 2, { 0, 4, 8, 16 }, { 2, 12 } },
		{ "nearest 3 to 5", fv_nhwc(1, 1, 3, 1), resize, R(FV_NEAREST, 1, 5), 5, { 1, 2, 3 }, { 1, 1, 2, 2, 3 } },
		/* B3(0.25) is 235/384, B3(0.75) 121/384, B3(1.25) 27/384, B3(1.75) 1/384 */
		{ "spline of degree 3", fv_nhwc(1, 1, 5, 1), resize, R(FV_SPLINE3, 1, 10), 10, { 0, 0, 384, 0, 0 }, { 0, 1, 27, 121, 235, 235, 121, 27, 1, 0 }, 1e-12 },
		{ "average pool", fv_nhwc(1, 2, 4, 1), blur, B(2, FV_PAD_ZERO), 2, { 0, 1, 2, 3, 4, 5, 6, 7 }, { 2.5, 4.5 } },
		{ "blur reflect", fv_nhwc(1, 2, 4, 1), blur, B(4, FV_PAD_REFLECT), 2, { 0, 8, 16, 24, 0, 8, 16, 24 }, { 6, 18 } },
		{ "blur zero", fv_nhwc(1, 4, 2, 1), blur, B(4, FV_PAD_ZERO), 2, { 64, 64, 64, 64, 64, 64, 64, 64 }, { 42, 42 } },
		{ "pad reflect", fv_nhwc(1, 1, 3, 1), pad, P(0, 0, 2, 1, FV_PAD_REFLECT), 6, { 1, 2, 3 }, { 3, 2, 1, 2, 3, 2 } },
		{ "pad replicate", fv_nhwc(1, 1, 3, 1), pad, P(0, 0, 2, 1, FV_PAD_REPLICATE), 6, { 1, 2, 3 }, { 1, 1, 1, 2, 3, 3 } },
		{ "space_to_depth", fv_nhwc(1, 2, 4, 1), space_to_depth, I(2), 8, { 1, 2, 3, 4, 5, 6, 7, 8 }, { 1, 2, 5, 6, 3, 4, 7, 8 } },
	};
	for (size_t i = 0; i < FV_COUNT(values); i++)
		check_known(&values[i]);
	check_refusals();
}
