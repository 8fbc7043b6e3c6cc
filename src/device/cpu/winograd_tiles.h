/* SPDX-License-Identifier: Apache-2.0 */
/* What conv2d and conv2d_dx by Winograd share: tiles of the source to V, products to M, tiles of the result and their statistics. */
#ifndef FV_WINOGRAD_TILES_H
#define FV_WINOGRAD_TILES_H
#include "device/cpu/epilogue.h"
#include "device/cpu/moments.h"
#include "device/cpu/winograd_odd.h"

/* Bytes of the cache that weights stay in, and bytes a second beyond that, one thread; measured. AMX is so fast
 * that weights which do not stay in a core's own cache come late. Tiles a block: of many; of few, at most, and what their number
 * is a multiple of; then those of winograd_odd.h. */
#define WINO_MANY GEMM_ROWS
#if defined(FV_ISA_amx)
#define WINO_NEAR 1.5e6
#define WINO_LATE 32e9
#define WINO_FEW 32
#define WINO_EVEN 16
#define WINO_ODD_MANY 32
#define WINO_ODD_FEW 16
#else
#define WINO_NEAR WINO_CACHE
#define WINO_LATE 40e9
#define WINO_FEW (VF == 16 ? 32 : GEMM_ROWS)
#define WINO_EVEN (VF == 16 ? 4 : 12)
#define WINO_ODD_MANY (VF == 16 ? 16 : 12)
#define WINO_ODD_FEW 12
#endif

/* Output pixel (p, q) sees source rows p step + y0 .. , `taps` of them; with a step of 2 and parts 4 each part reads rows and
 * columns of one parity. */
typedef struct {
	odd_way way;                    /* 3x3 at stride 2 */
	int64_t n, h, w, c;             /* source */
	fv_pad_kind kind;
	int64_t y0, x0, step;
	int taps, tile, parts;          /* tile: side, 7 - taps or ODD_TILE; parts: 4 where the source is taken by parity, else 1 */
	int64_t gh, gw, columns;        /* output; columns: in whole vectors where they are several pictures' */
	int64_t k, depth;               /* parts x c; in places of gemm.h */
	int64_t th, tw, tiles, rows, blocks;    /* tiles down, across, in all; tiles a block */
	gemm_panels panels;
	int64_t every;                  /* rows of V and M, of each tile */
	int64_t lda, v_all, u_step;             /* floats: a row of V; V; from frequency to frequency of U */
	room mine, sums;                        /* each thread's V and M; each thread's statistics */
	moments noted;
} wino_sizes;

VEC int64_t wino_packed(const wino_sizes *s) { return 36 * s->u_step; }       /* floats */

/* The sizes that follow from the others, and the work but for the first phase's units: phase 0 packs weights, phase 1 makes blocks. */
VEC void wino_plan(const fv_node *n, int threads, fv_work *w, wino_sizes *s)
{
	s->tile = s->way ? ODD_TILE : 7 - s->taps;
	s->th = fv_div_up(s->gh, s->tile);
	s->tw = fv_div_up(s->gw, s->tile);
	s->tiles = s->n * s->th * s->tw;
	/* Few tiles: an even number of blocks, so that two threads end together. */
	s->rows = WINO_MANY;
	if (s->way)
		s->rows = s->tiles > 128 ? WINO_ODD_MANY : fv_min(WINO_ODD_FEW, fv_div_up(s->tiles, 4) * 4);
	else if (s->tiles <= 512)
		s->rows = fv_div_up(fv_div_up(s->tiles, 2 * fv_div_up(s->tiles, 2 * WINO_FEW)), WINO_EVEN) * WINO_EVEN;
	s->k = s->parts * s->c;
	s->depth = fv_div_up(s->k, GEMM_PAIR);
	s->blocks = fv_div_up(s->tiles, s->rows);
	s->panels = gemm_panels_of(s->columns);
	s->lda = fv_div_up((s->parts - 1) * s->c + fv_div_up(s->c, VF) * VF, VF) * VF / GEMM_PAIR;
	s->every = s->way ? ODD_ROWS : 36;
	/* After the rows of each frequency one line more: at a power of two all 36 would share one set of the cache. After the last, room for
	 * a whole tile of gemm.h; what others spill is written again. */
	s->v_all = (s->every * s->rows + GEMM_ROWS) * s->lda + 16 * 36;
	s->u_step = s->depth * s->panels.width + 16;
	w->phases = 2;
	w->units[1] = s->blocks;
	w->packed = wino_packed(s) * (int64_t)sizeof(float);
	s->mine = room_take(w, threads, s->v_all + (s->every * s->rows + GEMM_ROWS) * s->panels.width + 16 * 36);
	s->sums = room_take(w, threads, n->attr.out.stats ? 3 * s->panels.width : 0);
	s->noted = moments_plan(w, n, s->blocks, s->panels.width);
	/* Products, and the transforms by the vectors that they pass. U passes by once a block; what of it is beyond a share of the last
	 * cache is late. */
	double rows = (double)(s->every * s->tiles), k = (double)s->k, width = (double)s->panels.width;
	double vectors = rows * ((double)s->lda + width) + 36 * k * width * 2, late = fmax(0, 4 * (double)wino_packed(s) - WINO_NEAR);
	w->seconds = 2 * rows * k * width / (0.93 * GEMM_RATE) + 4 * vectors * 2.2 / GEMM_COPY + late * (double)s->blocks / WINO_LATE + 3e-6;
}

/* Weights to one place of U; g: taps x taps, or 3x3 where the way is odd, of GEMM_PAIR channels. */
static inline void wino_put_weights(const wino_sizes *s, const vf *g, float *u, bool past)
{
	if (s->way)
		odd_pack(g, u, s->u_step, past);
	else
		wino_pack(g, u, s->u_step, past, s->taps);
}

/* Tile t of the source to row i of V. */
VEC void wino_gather(const wino_sizes *s, const float *x, const prologue *start, int64_t t, int64_t i, float *v)
{
	int64_t n = t / (s->th * s->tw), y = t % (s->th * s->tw) / s->tw * s->tile * s->step + s->y0, q = t % s->tw * s->tile * s->step + s->x0;
	wino_picture picture = { x + n * s->h * s->w * s->c, s->h, s->w, s->c, s->kind };
	if (s->way) {
		odd_tile to = odd_tile_at(v, s->rows, s->lda, i);
		wino_patch p = wino_patch_at(&picture, y, q, 1, 0, s->way == ODD_Y ? 9 : 5);
		for (int64_t c = 0; c < s->c; c += VF)
			odd_transform(s->way, &p, c, s->c - c, &to, start);
		return;
	}
	/* Ascending: what a part's last vector spills is overwritten by the next. */
	for (int64_t part = 0; part < s->parts; part++) {
		wino_patch p = wino_patch_at(&picture, y + part / 2, q + part % 2, s->step, 0, 6);
		for (int64_t c = 0; c < s->c; c += VF)
			wino_transform(&p, c, s->c - c, v + i * s->lda + (part * s->c + c) / GEMM_PAIR, s->rows * s->lda + 16, true, false, start);
	}
}

/* A block of tiles, to M; v, m: this thread's. */
VEC void wino_products(const wino_sizes *s, const float *x, const prologue *start, const float *u, int64_t block, float *v, float *m)
{
	int64_t first = block * s->rows, count = fv_min(s->rows, s->tiles - first), width = s->panels.width;
	for (int64_t i = 0; i < count; i++)
		wino_gather(s, x, start, first + i, i, v);
	for (int64_t p = 0; p < 36; p++) {
		int64_t before = (s->way ? odd_before(p) : p) * s->rows;
		gemm_packed(&s->panels, count * (s->way ? odd_rows(p) : 1), s->depth, v + before * s->lda + 16 * p, s->lda, u + p * s->u_step, s->depth, 0,
		            m + before * width + 16 * p, width, false);
	}
}

/* M of one tile, VF columns, to tile x tile vectors. */
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

/* Of tile i of a block, columns from o on; set: of a convolution's adjoint at stride 2, the parities of its rows and columns. */
static inline void wino_result(const wino_sizes *s, float *m, int64_t i, int64_t o, int64_t set, vf *y)
{
	int64_t width = s->panels.width, step = s->rows * width + 16;
	if (s->way) {
		odd_tile from = odd_tile_at(m + o, s->rows, width, i);
		if (s->way == ODD_Y)
			odd_result(&from, y);
		else
			odd_result_dx(&from, set, y);
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

/* Statistics of what is made (moments.h): a tile's VF columns, down x across of them there, into base, sum and sum of squares about the base,
 * `step` apart. About a first value nothing cancels. */
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

/* Then those of `pixels`, to their place among the blocks'. */
static inline void wino_noted(const float *sums, int64_t width, int64_t pixels, float *part)
{
	for (int64_t o = 0; o < width; o += VF) {
		vf sum = vf_loadu(sums + width + o), mean = vf_mul(sum, vf_set(1 / (float)pixels));
		vf_storeu(part + MOMENTS_FIRST + o, vf_add(vf_loadu(sums + o), mean));
		vf_storeu(part + MOMENTS_FIRST + width + o, vf_fnma(sum, mean, vf_loadu(sums + 2 * width + o)));
	}
	part[0] = (float)pixels;
}
#endif
