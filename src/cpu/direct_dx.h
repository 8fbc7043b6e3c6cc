/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of conv2d_dx (direct.h): dx's rows of one residue modulo the stride meet the same taps, so that each pair
 * of residues is a convolution of dy, bordered by zeros, with those taps backwards. */
#ifndef FV_DIRECT_DX_H
#define FV_DIRECT_DX_H
#include "cpu/direct.h"

/* One axis of a part: rows p0, p0 + s, ... of dx, which meet taps residue, residue + s, ... */
typedef struct { int64_t taps, from, cells, p0; } direct_dx_axis;
VEC direct_dx_axis direct_dx_axis_of(int64_t residue, int64_t stride, int64_t kernel, int64_t before, int64_t size)
{
	int64_t first = before > residue ? fv_div_up(before - residue, stride) : 0;
	int64_t p0 = first * stride + residue - before, taps = residue < kernel ? fv_div_up(kernel - residue, stride) : 0;
	return (direct_dx_axis){ taps, first - (taps - 1), p0 < size ? fv_div_up(size - p0, stride) : 0, p0 };
}

VEC direct_part direct_dx_part(const fv_conv *v, int64_t index, int64_t *tap_row, int64_t *tap_col)
{
	int64_t s = v->stride, group = index / (s * s), cg = v->c / v->groups, og = v->o / v->groups;
	*tap_row = index / s % s;
	*tap_col = index % s;
	direct_dx_axis y = direct_dx_axis_of(*tap_row, s, v->kh, v->top, v->h), x = direct_dx_axis_of(*tap_col, s, v->kw, v->left, v->w);
	return (direct_part){
		.h = v->oh, .w = v->ow, .c = v->o, .c0 = group * og, .cg = og, .gh = y.cells, .gw = x.cells, .step = 1,
		.y0 = y.from, .x0 = x.from, .th = y.taps, .tw = x.taps, .kind = FV_PAD_ZERO,
		.fold = v->kind, .top = v->top, .bottom = v->bottom, .left = v->left, .right = v->right,
		.oh = v->h, .ow = v->w, .oc = v->c, .o0 = group * cg, .og = cg, .out_step = s, .p0 = y.p0, .q0 = x.p0,
		.depth = y.taps * x.taps * og, .panels = gemm_panels_of(cg),
	};
}
#endif
