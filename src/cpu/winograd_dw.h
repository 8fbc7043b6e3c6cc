/* SPDX-License-Identifier: Apache-2.0 */
/* What the two kernels of Winograd's gradient of the weights share: tiles of x and of dy, side by side along the depth.
 *
 *	dg = G' [ sum over tiles (A dY A') * (B' d B) ] G	(winograd.h)
 *
 * For each frequency the sum is a product whose depth is tiles; under bf16 two of them share a place (gemm.h). */
#ifndef FV_WINOGRAD_DW_H
#define FV_WINOGRAD_DW_H
#include "cpu/winograd.h"

/* How tiles cover the output. */
typedef struct { int64_t th, tw, tiles; } wino_tiling;
VEC wino_tiling wino_tiling_of(const fv_conv *v)
{
	int64_t th = fv_div_up(v->oh, 4), tw = fv_div_up(v->ow, 4);
	return (wino_tiling){ th, tw, v->n * th * tw };
}

/* One side of the products: rows [depth][step], or (with panels) columns as gemm.h packs them; `all` floats a frequency. */
typedef struct { float *at; int64_t all, step; const gemm_panels *panels; int64_t depth; } wino_side;
VEC float *wino_side_at(const wino_side *s, int64_t k, int64_t c)
{
	return s->at + (s->panels ? gemm_at(s->panels, s->depth, k, c) : k * s->step + c);
}

VEC void wino_side_put(const wino_side *s, int64_t k, int64_t c, const float *even, const float *odd)
{
	float *to = wino_side_at(s, k, c);
	for (int64_t f = 0; f < 36; f++)
		vf_storeu(to + f * s->all, gemm_pair(vf_loadu(even + f * VF), vf_loadu(odd + f * VF)));
}

/* The 4x4 tile of dy for the gradient of the weights; NULL: beyond its edge, 0. */
typedef struct { const float *from[16]; bool inside; } wino_tile;
static inline wino_tile wino_tile_at(const fv_conv *v, const float *dy, int64_t y, int64_t x)
{
	wino_tile t;
	for (int64_t i = 0; i < 16; i++)
		t.from[i] = y + i / 4 < v->oh && x + i % 4 < v->ow ? dy + ((y + i / 4) * v->ow + x + i % 4) * v->o : NULL;
	t.inside = t.from[15];
	return t;
}

/* VF channels of it from c on, of `left` that there are, to 36 frequencies. */
VEC void wino_tile_transform(const wino_tile *tile, int64_t c, int64_t left, float *to, int64_t step)
{
	vf t[16], d[24], z[6];
	vm m = vm_first(left);
	if (tile->inside && left >= VF) {
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++)
			t[i] = vf_loadu(tile->from[i] + c);
	} else {
		for (int i = 0; i < 16; i++)
			t[i] = tile->from[i] ? vf_load(tile->from[i] + c, m) : vf_zero();
	}
#pragma GCC unroll 4
	for (int j = 0; j < 4; j++)
		wino_out_adjoint(t + j, 4, d + j, 4);
#pragma GCC unroll 6
	for (int i = 0; i < 6; i++) {
		wino_out_adjoint(d + 4 * i, 1, z, 1);
#pragma GCC unroll 6
		for (int j = 0; j < 6; j++)
			vf_storeu(to + (6 * i + j) * step, z[j]);
	}
}

/* Tiles from `first` on, one or (bf16) as many as there are of two, to place k: x's channels c0 .. c1. */
static inline void wino_put_x(const fv_conv *v, const wino_tiling *g, const float *x, int64_t first, int64_t count, int64_t c0, int64_t c1,
                              const wino_side *to, int64_t k)
{
	wino_patch patch[GEMM_PAIR] = { 0 };
	float both[GEMM_PAIR][36 * VF] = { 0 };
	for (int64_t i = 0; i < count; i++) {
		int64_t n = (first + i) / (g->th * g->tw), t = (first + i) % (g->th * g->tw);
		wino_picture s = { x + n * v->h * v->w * v->c, v->h, v->w, v->c, v->kind };
		patch[i] = wino_patch_at(&s, t / g->tw * 4 - v->top, t % g->tw * 4 - v->left, c0);
	}
	for (int64_t c = 0; c < c1 - c0; c += VF) {
		if (GEMM_PAIR == 1) {
			wino_transform(&patch[0], c, c1 - c0 - c, wino_side_at(to, k, c), to->all, false);
			continue;
		}
		for (int64_t i = 0; i < count; i++)
			wino_transform(&patch[i], c, c1 - c0 - c, both[i], VF, false);
		wino_side_put(to, k, c, both[0], both[GEMM_PAIR - 1]);
	}
}

/* The same of dy. */
static inline void wino_put_dy(const fv_conv *v, const wino_tiling *g, const float *dy, int64_t first, int64_t count, int64_t c0, int64_t c1,
                               const wino_side *to, int64_t k)
{
	wino_tile tile[GEMM_PAIR] = { 0 };
	float both[GEMM_PAIR][36 * VF] = { 0 };
	for (int64_t i = 0; i < count; i++) {
		int64_t n = (first + i) / (g->th * g->tw), t = (first + i) % (g->th * g->tw);
		tile[i] = wino_tile_at(v, dy + n * v->oh * v->ow * v->o, t / g->tw * 4, t % g->tw * 4);
	}
	for (int64_t c = c0; c < c1; c += VF) {
		if (GEMM_PAIR == 1) {
			wino_tile_transform(&tile[0], c, c1 - c, wino_side_at(to, k, c - c0), to->all);
			continue;
		}
		for (int64_t i = 0; i < count; i++)
			wino_tile_transform(&tile[i], c, c1 - c, both[i], VF);
		wino_side_put(to, k, c - c0, both[0], both[GEMM_PAIR - 1]);
	}
}

/* 36 frequencies of VF columns to 3x3 weights g: z, `step` floats apart, of `parts` sums `apart` floats apart. */
VEC void wino_taps(const float *z, int64_t step, int64_t parts, int64_t apart, vf *g)
{
	vf d[18], t[6];
	for (int j = 0; j < 6; j++) {
		for (int i = 0; i < 6; i++) {
			t[i] = vf_loadu(z + (6 * i + j) * step);
			for (int64_t s = 1; s < parts; s++)
				t[i] = vf_add(t[i], vf_loadu(z + (6 * i + j) * step + s * apart));
		}
		wino_weights_adjoint(t, 1, d + j, 6);
	}
	for (int i = 0; i < 3; i++)
		wino_weights_adjoint(d + 6 * i, 1, g + 3 * i, 1);
}
#endif
