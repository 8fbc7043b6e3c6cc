/* SPDX-License-Identifier: Apache-2.0 */
/* What the two kernels of Winograd's gradient of the weights share: tiles of x and of dy, side by side along the depth.
 *
 *	dg = G' [ sum over tiles (A dY A') * (B' d B) ] G	(winograd.h)
 *
 * For each frequency the sum is a product whose depth is tiles; under bf16 two of them share a place (gemm.h). */
#ifndef FV_WINOGRAD_DW_H
#define FV_WINOGRAD_DW_H
#include "device/cpu/winograd.h"

/* How tiles cover the output. x's side has `places` places for the channels of each parity. */
typedef struct { int taps, tile, parities; int64_t places, th, tw, tiles; } wino_tiling;
VEC wino_tiling wino_tiling_of(const fv_conv *v)
{
	wino_tiling g = { .taps = (int)fv_div_up(v->kh, v->stride), .parities = (int)(v->stride * v->stride) };
	g.tile = 7 - g.taps;
	g.places = g.parities > 1 ? fv_div_up(v->c, VF) * VF : v->c;
	g.th = fv_div_up(v->oh, g.tile);
	g.tw = fv_div_up(v->ow, g.tile);
	g.tiles = v->n * g.th * g.tw;
	return g;
}

/* 3x3 at stride 2 would save a third of the products and loses it to the transforms; measured. */
VEC const char *wino_dw_refusal(const fv_node *n, const fv_conv *v)
{
	const char *why = wino_refusal(n, v);
	return !why && v->kh == 3 && v->stride == 2 ? "direct sums are as fast" : why;
}

/* One side of the products: rows [depth][step], or, with panels, columns as gemm.h packs them. A frequency has `all` floats. */
typedef struct { float *at; int64_t all, step; const gemm_panels *panels; int64_t depth; bool non_temporal; } wino_side;
VEC float *wino_side_at(const wino_side *s, int64_t k, int64_t c)
{
	return s->at + (s->panels ? gemm_at(s->panels, s->depth, k, c) : k * s->step + c);
}

VEC void wino_side_put(const wino_side *s, int64_t k, int64_t c, const float *even, const float *odd)
{
	float *to = wino_side_at(s, k, c);
	for (int64_t f = 0; f < 36; f++)
		vf_put(to + f * s->all, gemm_pair(vf_loadu(even + f * VF), vf_loadu(odd + f * VF)), s->non_temporal);
}

/* A tile of dy; NULL: beyond its edge, 0. */
typedef struct { const float *from[25]; bool inside; } wino_tile;
static inline wino_tile wino_tile_at(const fv_conv *v, const float *dy, int64_t y, int64_t x, int64_t size)
{
	wino_tile t;
	for (int64_t i = 0; i < size * size; i++)
		t.from[i] = y + i / size < v->oh && x + i % size < v->ow ? dy + ((y + i / size) * v->ow + x + i % size) * v->o : NULL;
	t.inside = t.from[size * size - 1];
	return t;
}

VEC void wino_tile_transform_of(const wino_tile *tile, int64_t c, int64_t left, float *to, int64_t step, bool non_temporal, const int size)
{
	vf t[25], d[30], z[6];
	vm m = vm_first(left);
	if (tile->inside && left >= VF) {
#pragma GCC unroll 25
		for (int i = 0; i < size * size; i++)
			t[i] = vf_loadu(tile->from[i] + c);
	} else {
		for (int i = 0; i < size * size; i++)
			t[i] = tile->from[i] ? vf_load(tile->from[i] + c, m) : vf_zero();
	}
#pragma GCC unroll 5
	for (int j = 0; j < size; j++)
		wino_out_adjoint(t + j, size, d + j, size, size);
#pragma GCC unroll 6
	for (int i = 0; i < 6; i++) {
		wino_out_adjoint(d + size * i, 1, z, 1, size);
#pragma GCC unroll 6
		for (int j = 0; j < 6; j++)
			vf_put(to + (6 * i + j) * step, z[j], non_temporal);
	}
}

/* VF channels of it from c on, of `left` that there are, to 36 frequencies. */
static inline void wino_tile_transform(const wino_tile *tile, int64_t c, int64_t left, float *to, int64_t step, bool non_temporal, int size)
{
	if (size == 4)
		wino_tile_transform_of(tile, c, left, to, step, non_temporal, 4);
	else if (size == 5)
		wino_tile_transform_of(tile, c, left, to, step, non_temporal, 5);
	else
		wino_tile_transform_of(tile, c, left, to, step, non_temporal, 3);
}

/* Tiles from `first` on, one or (bf16) as many as there are of two, to place k: x's channels c0 .. c1 of every parity. */
static inline void wino_put_x(const fv_conv *v, const wino_tiling *g, const float *x, int64_t first, int64_t count, int64_t c0, int64_t c1,
                              const wino_side *to, int64_t k)
{
	wino_patch patch[GEMM_PAIR] = { 0 };
	float both[GEMM_PAIR][36 * VF] = { 0 };
	for (int64_t parity = 0; parity < g->parities; parity++) {
		for (int64_t i = 0; i < count; i++) {
			int64_t n = (first + i) / (g->th * g->tw), t = (first + i) % (g->th * g->tw);
			wino_picture s = { x + n * v->h * v->w * v->c, v->h, v->w, v->c, v->kind };
			patch[i] = wino_patch_at(&s, t / g->tw * g->tile * v->stride - v->top + parity / 2,
			                         t % g->tw * g->tile * v->stride - v->left + parity % 2, v->stride, c0, 6);
		}
		for (int64_t c = 0; c < c1 - c0; c += VF) {
			int64_t at = parity * g->places + c;
			if (GEMM_PAIR == 1) {
				wino_transform(&patch[0], c, c1 - c0 - c, wino_side_at(to, k, at), to->all, false, to->non_temporal, NULL);
				continue;
			}
			for (int64_t i = 0; i < count; i++)
				wino_transform(&patch[i], c, c1 - c0 - c, both[i], VF, false, false, NULL);
			wino_side_put(to, k, at, both[0], both[GEMM_PAIR - 1]);
		}
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
		tile[i] = wino_tile_at(v, dy + n * v->oh * v->ow * v->o, t / g->tw * g->tile, t % g->tw * g->tile, g->tile);
	}
	for (int64_t c = c0; c < c1; c += VF) {
		if (GEMM_PAIR == 1) {
			wino_tile_transform(&tile[0], c, c1 - c, wino_side_at(to, k, c - c0), to->all, to->non_temporal, g->tile);
			continue;
		}
		for (int64_t i = 0; i < count; i++)
			wino_tile_transform(&tile[i], c, c1 - c, both[i], VF, false, g->tile);
		wino_side_put(to, k, c - c0, both[0], both[GEMM_PAIR - 1]);
	}
}

VEC void wino_taps_of(const float *z, int64_t step, int64_t sums, int64_t apart, vf *g, const int taps)
{
	vf d[6 * 4], t[6];
	for (int j = 0; j < 6; j++) {
		for (int i = 0; i < 6; i++) {
			t[i] = vf_loadu(z + (6 * i + j) * step);
			for (int64_t s = 1; s < sums; s++)
				t[i] = vf_add(t[i], vf_loadu(z + (6 * i + j) * step + s * apart));
		}
		wino_weights_adjoint(t, 1, d + j, 6, taps);
	}
	for (int i = 0; i < taps; i++)
		wino_weights_adjoint(d + 6 * i, 1, g + taps * i, 1, taps);
}

/* 36 frequencies of VF columns to taps x taps weights g. The frequencies are `step` floats apart; of each there are `sums` sums, `apart`
 * floats apart, which are added. */
static inline void wino_taps(const float *z, int64_t step, int64_t sums, int64_t apart, vf *g, int taps)
{
	if (taps == 2)
		wino_taps_of(z, step, sums, apart, g, 2);
	else if (taps == 3)
		wino_taps_of(z, step, sums, apart, g, 3);
	else
		wino_taps_of(z, step, sums, apart, g, 4);
}
#endif
