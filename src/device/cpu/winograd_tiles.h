/* SPDX-License-Identifier: Apache-2.0 */
/* What conv2d and conv2d_dx by Winograd share: tiles of the source are transformed to V, products with U go to M, and M is transformed back
 * to tiles of the result, whose statistics may be noted. */
#ifndef FV_WINOGRAD_TILES_H
#define FV_WINOGRAD_TILES_H
#include "device/cpu/epilogue.h"
#include "device/cpu/moments.h"
#include "device/cpu/winograd_stride2.h"

/* WINO_NEAR	bytes of weights that stay in a cache; with AMX, which is so fast, only a core's own cache counts
 * WINO_FAR_RATE	bytes a second at which one thread gets the rest of them; measured
 * WINO_MANY	tiles of a block, where there are many
 * WINO_FEW	tiles of a block at most, where there are few; their number is a multiple of WINO_EVEN
 * WINO_STRIDE2_MANY, WINO_STRIDE2_FEW	the same for winograd_stride2.h */
#define WINO_MANY GEMM_ROWS
#if defined(FV_ISA_amx)
#define WINO_NEAR 1.5e6
#define WINO_FAR_RATE 32e9
#define WINO_FEW 32
#define WINO_EVEN 16
#define WINO_STRIDE2_MANY 32
#define WINO_STRIDE2_FEW 16
#else
#define WINO_NEAR WINO_CACHE
#define WINO_FAR_RATE 40e9
#define WINO_FEW (VF == 16 ? 32 : GEMM_ROWS)
#define WINO_EVEN (VF == 16 ? 4 : 12)
#define WINO_STRIDE2_MANY (VF == 16 ? 16 : 12)
#define WINO_STRIDE2_FEW 12
#endif

/* Output pixel (p, q) sees the `taps` source rows from p step + y0 on. With a step of 2 and 4 parities the rows and columns of each parity
 * are a source of their own. */
typedef struct {
	stride2_pass stride2;           /* which pass of 3x3 at stride 2, or none */
	int64_t n, h, w, c;             /* source */
	fv_pad_kind kind;
	int64_t y0, x0, step;
	int taps, tile, parities;       /* tile: its side, 7 - taps or STRIDE2_TILE; parities: 4 where the source is taken by parity, else 1 */
	int64_t gh, gw, columns;        /* output; columns: in whole vectors where they are several pictures' */
	int64_t k, depth;               /* parities x c; in places of gemm.h */
	int64_t th, tw, tiles, rows, blocks;    /* tiles down, across, in all; tiles a block */
	gemm_panels panels;
	int64_t tile_rows;              /* rows of V and M that each tile takes */
	int64_t lda, v_all, u_step;             /* floats: a row of V; V; from frequency to frequency of U */
	room mine, sums;                        /* each thread's V and M; each thread's statistics */
	moments noted;
} wino_sizes;

VEC int64_t wino_packed(const wino_sizes *s) { return 36 * s->u_step; }       /* floats */

/* Fills in the sizes that follow from the others, and the work but for the units of phase 0, which packs weights; phase 1 makes blocks. */
VEC void wino_plan(const fv_node *n, int threads, fv_work *w, wino_sizes *s)
{
	s->tile = s->stride2 ? STRIDE2_TILE : 7 - s->taps;
	s->th = fv_div_up(s->gh, s->tile);
	s->tw = fv_div_up(s->gw, s->tile);
	s->tiles = s->n * s->th * s->tw;
	/* Few tiles make an even number of blocks, so that two threads end together. */
	s->rows = WINO_MANY;
	if (s->stride2)
		s->rows = s->tiles > 128 ? WINO_STRIDE2_MANY : fv_min(WINO_STRIDE2_FEW, fv_div_up(s->tiles, 4) * 4);
	else if (s->tiles <= 512)
		s->rows = fv_div_up(fv_div_up(s->tiles, 2 * fv_div_up(s->tiles, 2 * WINO_FEW)), WINO_EVEN) * WINO_EVEN;
	s->k = s->parities * s->c;
	s->depth = fv_div_up(s->k, GEMM_PAIR);
	s->blocks = fv_div_up(s->tiles, s->rows);
	s->panels = gemm_panels_of(s->columns);
	s->lda = fv_div_up((s->parities - 1) * s->c + fv_div_up(s->c, VF) * VF, VF) * VF / GEMM_PAIR;
	s->tile_rows = s->stride2 ? STRIDE2_ROWS : 36;
	/* One line of the cache follows the rows of each frequency: at a power of two all 36 would share one set of it. After the last there is
	 * room for a whole tile of gemm.h; what the other frequencies spill is written again. */
	s->v_all = (s->tile_rows * s->rows + GEMM_ROWS) * s->lda + 16 * 36;
	s->u_step = s->depth * s->panels.width + 16;
	w->phases = 2;
	w->units[1] = s->blocks;
	w->packed = wino_packed(s) * (int64_t)sizeof(float);
	s->mine = room_take(w, threads, s->v_all + (s->tile_rows * s->rows + GEMM_ROWS) * s->panels.width + 16 * 36);
	s->sums = room_take(w, threads, n->attr.out.stats ? 3 * s->panels.width : 0);
	s->noted = moments_plan(w, n, s->blocks, s->panels.width);
	/* The time is that of the products, of the transforms by the vectors that they pass, and of U, which passes by once a block, as far as it
	 * does not stay in a cache. */
	double rows = (double)(s->tile_rows * s->tiles), k = (double)s->k, width = (double)s->panels.width;
	double vectors = rows * ((double)s->lda + width) + 36 * k * width * 2, far = fmax(0, 4 * (double)wino_packed(s) - WINO_NEAR);
	w->seconds = 2 * rows * k * width / (0.93 * GEMM_RATE) + 4 * vectors * 2.2 / GEMM_COPY + far * (double)s->blocks / WINO_FAR_RATE + 3e-6;
}

/* Transforms weights g, taps x taps of GEMM_PAIR channels each, to one place of U. */
static inline void wino_put_weights(const wino_sizes *s, const vf *g, float *u, bool non_temporal)
{
	if (s->stride2)
		stride2_pack(g, u, s->u_step, non_temporal);
	else
		wino_pack(g, u, s->u_step, non_temporal, s->taps);
}

/* Transforms tile t of the source to row i of V. */
VEC void wino_gather(const wino_sizes *s, const float *x, const prologue *start, int64_t t, int64_t i, float *v)
{
	int64_t n = t / (s->th * s->tw), y = t % (s->th * s->tw) / s->tw * s->tile * s->step + s->y0, q = t % s->tw * s->tile * s->step + s->x0;
	wino_picture picture = { x + n * s->h * s->w * s->c, s->h, s->w, s->c, s->kind };
	if (s->stride2) {
		stride2_tile to = stride2_tile_at(v, s->rows, s->lda, i);
		wino_patch p = wino_patch_at(&picture, y, q, 1, 0, s->stride2 == STRIDE2_FORWARD ? 9 : 5);
		for (int64_t c = 0; c < s->c; c += VF)
			stride2_transform(s->stride2, &p, c, s->c - c, &to, start);
		return;
	}
	/* In ascending order, since what a parity's last vector spills is overwritten by the next. */
	for (int64_t parity = 0; parity < s->parities; parity++) {
		wino_patch p = wino_patch_at(&picture, y + parity / 2, q + parity % 2, s->step, 0, 6);
		for (int64_t c = 0; c < s->c; c += VF)
			wino_transform(&p, c, s->c - c, v + i * s->lda + (parity * s->c + c) / GEMM_PAIR, s->rows * s->lda + 16, true, false, start);
	}
}

/* Makes the products of a block of tiles in M; v and m are this thread's. */
VEC void wino_products(const wino_sizes *s, const float *x, const prologue *start, const float *u, int64_t block, float *v, float *m)
{
	int64_t first = block * s->rows, count = fv_min(s->rows, s->tiles - first), width = s->panels.width;
	for (int64_t i = 0; i < count; i++)
		wino_gather(s, x, start, first + i, i, v);
	for (int64_t p = 0; p < 36; p++) {
		int64_t before = (s->stride2 ? stride2_before(p) : p) * s->rows;
		gemm_packed(&s->panels, count * (s->stride2 ? stride2_rows(p) : 1), s->depth, v + before * s->lda + 16 * p, s->lda, u + p * s->u_step, s->depth, 0,
		            m + before * width + 16 * p, width, false);
	}
}

/* Transforms VF columns of M of one tile to tile x tile vectors. */
VEC void wino_result_of(const float *m, int64_t step, vf *y, const int tile)
{
	vf d[6 * 5], z[6];
#pragma GCC unroll 6
	for (int j = 0; j < 6; j++) {
#pragma GCC unroll 6
		for (int i = 0; i < 6; i++)
			z[i] = vf_loadu(m + (6 * i + j) * step);
		wino_out(z, 1, d + j, 6, tile);
	}
#pragma GCC unroll 5
	for (int i = 0; i < tile; i++)
		wino_out(d + 6 * i, 1, y + tile * i, 1, tile);
}

/* The same of tile i of a block, columns from o on. set: in the adjoint at stride 2 the parities of its rows and columns. */
static inline void wino_result(const wino_sizes *s, float *m, int64_t i, int64_t o, int64_t set, vf *y)
{
	int64_t width = s->panels.width, step = s->rows * width + 16;
	if (s->stride2) {
		stride2_tile from = stride2_tile_at(m + o, s->rows, width, i);
		if (s->stride2 == STRIDE2_FORWARD)
			stride2_result(&from, y);
		else
			stride2_result_dx(&from, set, y);
		return;
	}
	m += i * width + o;
	if (s->tile == 4)
		wino_result_of(m, step, y, 4);
	else if (s->tile == 5)
		wino_result_of(m, step, y, 5);
	else
		wino_result_of(m, step, y, 3);
}

/* Notes VF columns of a tile, of which down x across pixels are there, for the statistics (moments.h): a base, which is the first value,
 * and sums of the distances from it and of their squares, `step` floats apart. About a first value nothing cancels. */
static inline void wino_note(const vf *r, int64_t tile, int64_t down, int64_t across, bool first, float *to, int64_t step)
{
	vf base = first ? r[0] : vf_loadu(to), sum[4], square[4];
	for (int k = 0; k < 4; k++)
		sum[k] = square[k] = vf_zero();
	if (!first)
		sum[0] = vf_loadu(to + step), square[0] = vf_loadu(to + 2 * step);
	/* Four sums side by side, which need not wait for each other. */
	if (tile == 4 && down == 4 && across == 4)
#pragma GCC unroll 16
		for (int k = 0; k < 16; k++)
			moments_note(vf_sub(r[k], base), &sum[k % 4], &square[k % 4]);
	else
		for (int64_t i = 0; i < down; i++)
			for (int64_t j = 0; j < across; j++)
				moments_note(vf_sub(r[tile * i + j], base), &sum[0], &square[0]);
	vf_storeu(to, base);
	vf_storeu(to + step, vf_add(vf_add(sum[0], sum[1]), vf_add(sum[2], sum[3])));
	vf_storeu(to + 2 * step, vf_add(vf_add(square[0], square[1]), vf_add(square[2], square[3])));
}

/* Makes of such sums over `pixels` a block's statistics. */
static inline void wino_noted(const float *sums, int64_t width, int64_t pixels, float *noted)
{
	for (int64_t o = 0; o < width; o += VF) {
		vf sum = vf_loadu(sums + width + o), mean = vf_mul(sum, vf_set(1 / (float)pixels));
		vf_storeu(noted + MOMENTS_FIRST + o, vf_add(vf_loadu(sums + o), mean));
		vf_storeu(noted + MOMENTS_FIRST + width + o, vf_fnma(sum, mean, vf_loadu(sums + 2 * width + o)));
	}
	noted[0] = (float)pixels;
}
#endif
