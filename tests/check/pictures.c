/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

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

void check_pictures(void)
{
	const problem list[] = {
		{ "resize bilinear x2", { { FV_F32, fv_nhwc(2, 5, 6, 3), -1, 1 } }, resize, R(FV_BILINEAR, 10, 12) },
		{ "resize bilinear odd", { { FV_F32, fv_nhwc(1, 5, 6, 20), -1, 1 } }, resize, R(FV_BILINEAR, 7, 4) },
		{ "resize nearest", { { FV_F32, fv_nhwc(1, 5, 6, 3), -1, 1 } }, resize, R(FV_NEAREST, 10, 12) },
		{ "resize_adjoint x2", { { FV_F32, fv_nhwc(1, 10, 12, 17), -1, 1 } }, resize_adjoint, R(FV_BILINEAR, 5, 6) },
		{ "resize_adjoint odd", { { FV_F32, fv_nhwc(1, 7, 11, 3), -1, 1 } }, resize_adjoint, R(FV_BILINEAR, 5, 6) },
		{ "resize_adjoint nearest", { { FV_F32, fv_nhwc(1, 10, 12, 3), -1, 1 } }, resize_adjoint, R(FV_NEAREST, 5, 6) },
		{ "blur 4 reflect", { { FV_F32, fv_nhwc(2, 8, 6, 3), -1, 1 } }, blur, B(4, FV_PAD_REFLECT) },
		{ "blur 4 odd", { { FV_F32, fv_nhwc(1, 7, 9, 20), -1, 1 } }, blur, B(4, FV_PAD_REFLECT) },
		{ "blur 4 zero", { { FV_F32, fv_nhwc(1, 7, 9, 3), -1, 1 } }, blur, B(4, FV_PAD_ZERO) },
		{ "blur 2", { { FV_F32, fv_nhwc(1, 7, 8, 3), -1, 1 } }, blur, B(2, FV_PAD_ZERO), .no_nan = true },
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
}
