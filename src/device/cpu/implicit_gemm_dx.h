/* SPDX-License-Identifier: Apache-2.0 */
/* The products of conv2d_dx (implicit_gemm.h): dx's rows of one residue modulo the stride meet the same taps, so that each pair
 * of residues is a convolution of dy, bordered by zeros, with those taps backwards. */
#ifndef FV_IMPLICIT_GEMM_DX_H
#define FV_IMPLICIT_GEMM_DX_H
#include "device/cpu/implicit_gemm.h"

/* One axis of a product: rows p0, p0 + s, ... of dx, which meet taps residue, residue + s, ... */
typedef struct { int64_t taps, from, cells, p0; } igemm_dx_axis;
VEC igemm_dx_axis igemm_dx_axis_of(int64_t residue, int64_t stride, int64_t kernel, int64_t before, int64_t size)
{
	int64_t first = before > residue ? fv_div_up(before - residue, stride) : 0;
	int64_t p0 = first * stride + residue - before;
	int64_t taps = residue < kernel ? fv_div_up(kernel - residue, stride) : 0;
	return (igemm_dx_axis){ taps, first - (taps - 1), p0 < size ? fv_div_up(size - p0, stride) : 0, p0 };
}

VEC igemm_product igemm_dx_product(const fv_conv *v, int64_t index, int64_t *tap_row, int64_t *tap_col)
{
	int64_t s = v->stride, group = index / (s * s), cg = v->c / v->groups, og = v->o / v->groups;
	*tap_row = index / s % s;
	*tap_col = index % s;
	igemm_dx_axis y = igemm_dx_axis_of(*tap_row, s, v->kh, v->top, v->h);
	igemm_dx_axis x = igemm_dx_axis_of(*tap_col, s, v->kw, v->left, v->w);
	return (igemm_product){
		.h = v->oh, .w = v->ow, .c = v->o, .c0 = group * og, .cg = og, .gh = y.cells, .gw = x.cells,
		.step = 1, .y0 = y.from, .x0 = x.from, .th = y.taps, .tw = x.taps, .kind = FV_PAD_ZERO,
		.mirror = v->kind, .top = v->top, .bottom = v->bottom, .left = v->left, .right = v->right,
		.oh = v->h, .ow = v->w, .oc = v->c, .o0 = group * cg, .og = cg, .out_step = s, .p0 = y.p0, .q0 = x.p0,
		.depth = y.taps * x.taps * og, .panels = gemm_panels_of(cg),
	};
}

/* Where a border mirrors: makes v the problem of the padded picture, without border, and says true. */
VEC bool igemm_dx_pad(fv_conv *v)
{
	if (v->kind == FV_PAD_ZERO || v->top + v->bottom + v->left + v->right == 0)
		return false;
	v->h += v->top + v->bottom;
	v->w += v->left + v->right;
	v->top = v->bottom = v->left = v->right = 0;
	v->kind = FV_PAD_ZERO;
	return true;
}

/* The padded picture, and a last phase that makes dx of it, a row a unit. */
VEC room igemm_dx_picture(const fv_node *n, fv_work *w, const fv_conv *v, double seconds)
{
	w->units[w->phases++] = n->shape.n * n->shape.h;
	w->seconds += seconds;
	return room_take(w, 1, v->n * v->h * v->w * v->c);
}

/* Row h of picture n of dx from the padded picture: each pixel gathers what its mirror images got. */
static inline void igemm_dx_mirror(const fv_conv *real, const fv_conv *v, const float *padded, int64_t n, int64_t h,
                                  float *dx)
{
	int64_t hh, ww;
	for (int64_t w = 0; w < real->w; w++) {
		float *to = dx + ((n * real->h + h) * real->w + w) * real->c;
		for (int64_t i = 0; fv_pad_mirror(h, real->h, real->top, real->bottom, real->kind, i, &hh); i++)
			for (int64_t j = 0; fv_pad_mirror(w, real->w, real->left, real->right, real->kind, j, &ww);
			     j++) {
				const float *from =
					padded + ((n * v->h + hh + real->top) * v->w + ww + real->left) * v->c;
				for (int64_t c = 0; c < real->c; c += VF) {
					vm m = vm_first(real->c - c);
					vf x = vf_load(from + c, m);
					vf_store(to + c, i || j ? vf_add(vf_load(to + c, m), x) : x, m);
				}
			}
	}
}
#endif
