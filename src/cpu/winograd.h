/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd's convolution F(4x4, 3x3): 36 products where direct sums take 144.
 *
 *	Y = A' [ (G g G') * (B' d B) ] A	d: 6x6 of x, g: 3x3 weights, Y: 4x4 of y; ' transposes, * is elementwise
 *
 * Points 0, +-5/8, +-5/4, infinity: rms error 1.7e-6 of the result's rms (0, +-1, +-2: 3.3e-6; direct sums: 0.9e-6).
 * Lanes are channels. A block of tiles is transformed to V[36][tile][channel], multiplied frequency by frequency with
 * the weights U[36][k][column] to M[36][tile][column], and transformed back.
 *
 * [1] Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308
 * [2] Barabasz et al.: Error Analysis and Improving the Accuracy of Winograd Convolution for DNNs, arXiv:1803.10986 */
#ifndef FV_WINOGRAD_H
#define FV_WINOGRAD_H
#include "cpu/conv_end.h"
#include "cpu/gemm.h"
#include "op/conv.h"

#define WINO_A 0.625f
#define WINO_B 1.25f
#define WINO_A2 (WINO_A * WINO_A)
#define WINO_B2 (WINO_B * WINO_B)

/* B': 6 > 6. s, t: strides in vectors. */
VEC void wino_in(const vf *d, int s, vf *o, int t)
{
	const vf a = vf_set(WINO_A), b = vf_set(WINO_B), a2 = vf_set(WINO_A2), b2 = vf_set(WINO_B2);
	const vf ab = vf_set(WINO_A2 * WINO_B2), sum = vf_set(WINO_A2 + WINO_B2);
	vf d0 = d[0], d1 = d[s], d2 = d[2 * s], d3 = d[3 * s], d4 = d[4 * s], d5 = d[5 * s];
	vf e1 = vf_fnma(b2, d2, d4), e2 = vf_fnma(a2, d2, d4), o1 = vf_fnma(b2, d1, d3), o2 = vf_fnma(a2, d1, d3);
	o[0] = vf_fma(ab, d0, vf_fnma(sum, d2, d4));
	o[t] = vf_fma(a, o1, e1);
	o[2 * t] = vf_fnma(a, o1, e1);
	o[3 * t] = vf_fma(b, o2, e2);
	o[4 * t] = vf_fnma(b, o2, e2);
	o[5 * t] = vf_fma(ab, d1, vf_fnma(sum, d3, d5));
}

/* A': 6 > 4. */
VEC void wino_out(const vf *d, int s, vf *o, int t)
{
	const vf a = vf_set(WINO_A), b = vf_set(WINO_B), a2 = vf_set(WINO_A2), b2 = vf_set(WINO_B2);
	const vf a3 = vf_set(WINO_A2 * WINO_A), b3 = vf_set(WINO_B2 * WINO_B);
	vf p1 = vf_add(d[s], d[2 * s]), m1 = vf_sub(d[s], d[2 * s]);
	vf p2 = vf_add(d[3 * s], d[4 * s]), m2 = vf_sub(d[3 * s], d[4 * s]);
	o[0] = vf_add(vf_add(d[0], p1), p2);
	o[t] = vf_fma(b, m2, vf_mul(a, m1));
	o[2 * t] = vf_fma(b2, p2, vf_mul(a2, p1));
	o[3 * t] = vf_fma(b3, m2, vf_fma(a3, m1, d[5 * s]));
}

/* A: 4 > 6, the adjoint of wino_out. */
VEC void wino_out_adjoint(const vf *d, int s, vf *o, int t)
{
	const vf a = vf_set(WINO_A), b = vf_set(WINO_B), a2 = vf_set(WINO_A2), b2 = vf_set(WINO_B2);
	vf d0 = d[0], d1 = d[s], d2 = d[2 * s], d3 = d[3 * s];
	vf e1 = vf_fma(a2, d2, d0), e2 = vf_fma(b2, d2, d0), o1 = vf_fma(a2, d3, d1), o2 = vf_fma(b2, d3, d1);
	o[0] = d0;
	o[t] = vf_fma(a, o1, e1);
	o[2 * t] = vf_fnma(a, o1, e1);
	o[3 * t] = vf_fma(b, o2, e2);
	o[4 * t] = vf_fnma(b, o2, e2);
	o[5 * t] = d3;
}

/* Row of G for point p: 1, p, p^2 over the product of its distances to the other points. */
#define WINO_GA (1 / (2 * WINO_A2 * (WINO_A2 - WINO_B2)))
#define WINO_GB (1 / (2 * WINO_B2 * (WINO_B2 - WINO_A2)))

/* G: 3 > 6. */
VEC void wino_weights(const vf *d, int s, vf *o, int t)
{
	const vf ga = vf_set(WINO_GA), gb = vf_set(WINO_GB), a2 = vf_set(WINO_A2), b2 = vf_set(WINO_B2);
	vf e1 = vf_mul(ga, vf_fma(a2, d[2 * s], d[0])), o1 = vf_mul(vf_set(WINO_GA * WINO_A), d[s]);
	vf e2 = vf_mul(gb, vf_fma(b2, d[2 * s], d[0])), o2 = vf_mul(vf_set(WINO_GB * WINO_B), d[s]);
	o[0] = vf_mul(vf_set(1 / (WINO_A2 * WINO_B2)), d[0]);
	o[t] = vf_add(e1, o1);
	o[2 * t] = vf_sub(e1, o1);
	o[3 * t] = vf_add(e2, o2);
	o[4 * t] = vf_sub(e2, o2);
	o[5 * t] = d[2 * s];
}

/* G': 6 > 3, its adjoint. */
VEC void wino_weights_adjoint(const vf *d, int s, vf *o, int t)
{
	const vf ga = vf_set(WINO_GA), gb = vf_set(WINO_GB);
	vf p1 = vf_mul(ga, vf_add(d[s], d[2 * s])), m1 = vf_mul(ga, vf_sub(d[s], d[2 * s]));
	vf p2 = vf_mul(gb, vf_add(d[3 * s], d[4 * s])), m2 = vf_mul(gb, vf_sub(d[3 * s], d[4 * s]));
	o[0] = vf_fma(vf_set(1 / (WINO_A2 * WINO_B2)), d[0], vf_add(p1, p2));
	o[t] = vf_fma(vf_set(WINO_A), m1, vf_mul(vf_set(WINO_B), m2));
	o[2 * t] = vf_fma(vf_set(WINO_A2), p1, vf_fma(vf_set(WINO_B2), p2, d[5 * s]));
}

/* The 6x6 patch of a picture from which a tile is made: pixel (i, j) lies at row[i] + col[j], where bit i of rows and bit
 * j of cols is set; elsewhere it is 0. */
typedef struct { const float *x; int64_t h, w, c; fv_pad_kind kind; } wino_picture;
typedef struct { const float *row[6]; int64_t col[6]; unsigned rows, cols; } wino_patch;

/* From channel c0 on. Ragged tiles reach beyond the padding, where nothing is asked for. */
static inline wino_patch wino_patch_at(const wino_picture *s, int64_t y, int64_t x, int64_t c0)
{
	wino_patch p = { .rows = 0 };
	for (int i = 0; i < 6; i++) {
		int64_t r = fv_pad_index(y + i, s->h, s->kind), q = fv_pad_index(x + i, s->w, s->kind);
		bool row_there = r >= 0 && r < s->h, col_there = q >= 0 && q < s->w;
		p.row[i] = s->x + (row_there ? r * s->w * s->c + c0 : 0);
		p.col[i] = col_there ? q * s->c : 0;
		p.rows |= (unsigned)row_there << i;
		p.cols |= (unsigned)col_there << i;
	}
	return p;
}

VEC void wino_load(const wino_patch *p, int64_t c, unsigned rows, unsigned cols, bool whole, vm m, float *v, int64_t step, const bool places)
{
	vf d[36], z[6];
#pragma GCC unroll 6
	for (int j = 0; j < 6; j++) {
#pragma GCC unroll 6
		for (int i = 0; i < 6; i++)
			if (rows >> i & cols >> j & 1)
				z[i] = whole ? vf_loadu(p->row[i] + p->col[j] + c) : vf_load(p->row[i] + p->col[j] + c, m);
			else
				z[i] = vf_zero();
		wino_in(z, 1, d + j, 6);
	}
#pragma GCC unroll 6
	for (int i = 0; i < 6; i++) {
		wino_in(d + 6 * i, 1, z, 1);
#pragma GCC unroll 6
		for (int j = 0; j < 6; j++)
			if (places)
				gemm_put(v + (6 * i + j) * step, z[j]);
			else
				vf_storeu(v + (6 * i + j) * step, z[j]);
	}
}

/* VF channels of a patch, c after its first, of `left` that there are, to 36 frequencies `step` floats apart; as floats,
 * or (places) as numbers that follow each other along the depth (gemm.h). */
VEC void wino_transform(const wino_patch *p, int64_t c, int64_t left, float *v, int64_t step, const bool places)
{
	vm m = vm_first(left);
	if ((p->rows & p->cols) != 63)
		wino_load(p, c, p->rows, p->cols, false, m, v, step, places);
	else if (left >= VF)
		wino_load(p, c, 63, 63, true, m, v, step, places);
	else
		wino_load(p, c, 63, 63, false, m, v, step, places);
}

/* Channels c0 .. c1 of the patch at (y, x), along the depth. */
static inline void wino_gather(const wino_picture *s, int64_t y, int64_t x, int64_t c0, int64_t c1, float *v, int64_t step)
{
	wino_patch p = wino_patch_at(s, y, x, c0);
	for (int64_t c = 0; c < c1 - c0; c += VF)
		wino_transform(&p, c, c1 - c0 - c, v + c / GEMM_PAIR, step, true);
}

/* 3x3 taps (9 vectors of columns a weight position, GEMM_PAIR of them) to one place of 36 frequencies. */
VEC void wino_pack(const vf *g, float *u, int64_t step)
{
	vf d[GEMM_PAIR][18], z[GEMM_PAIR][6];
	for (int p = 0; p < GEMM_PAIR; p++)
		for (int j = 0; j < 3; j++)
			wino_weights(g + 9 * p + j, 3, d[p] + j, 3);
	for (int i = 0; i < 6; i++) {
		for (int p = 0; p < GEMM_PAIR; p++)
			wino_weights(d[p] + 3 * i, 1, z[p], 1);
		for (int j = 0; j < 6; j++)
			vf_storeu(u + (6 * i + j) * step, gemm_pair(z[0][j], z[GEMM_PAIR - 1][j]));
	}
}

/* ------------------------------------------------------------------ y from x, or padded dx from dy
 * Output pixel (p, q) sees source rows p + y0 .. p + y0 + 2. */
typedef struct {
	int64_t n, h, w, k, depth;      /* source; k: its channels; in places of gemm.h */
	fv_pad_kind kind;
	int64_t y0, x0;
	int64_t gh, gw, columns;        /* output */
	int64_t th, tw, tiles, rows, blocks;    /* tiles down, across, in all; tiles a block */
	gemm_panels panels;
	int64_t lda, v_step, m_step, u_step;    /* floats: a row of V; from frequency to frequency */
} wino_sizes;

VEC void wino_plan(wino_sizes *s)
{
	s->th = fv_div_up(s->gh, 4);
	s->tw = fv_div_up(s->gw, 4);
	s->tiles = s->n * s->th * s->tw;
	/* Few tiles: smaller blocks, so that two threads end together. */
	s->rows = VF == 16 && s->tiles <= 512 ? 16 : GEMM_ROWS;
	s->depth = fv_div_up(s->k, GEMM_PAIR);
	s->blocks = fv_div_up(s->tiles, s->rows);
	s->panels = gemm_panels_of(s->columns);
	s->lda = fv_div_up(s->k, VF) * VF / GEMM_PAIR;
	/* One line more: at a power of two all 36 frequencies would share one set of the cache. */
	s->v_step = fv_div_up(s->rows, GEMM_ROWS / 2) * (GEMM_ROWS / 2) * s->lda + 16;
	s->m_step = fv_div_up(s->rows, GEMM_ROWS / 2) * (GEMM_ROWS / 2) * s->panels.width + 16;
	s->u_step = s->depth * s->panels.width + 16;
}

VEC int64_t wino_scratch(const wino_sizes *s, int threads)
{
	return 36 * (s->u_step + threads * (s->v_step + s->m_step));    /* floats */
}

/* Products, and the transforms by the vectors that they pass: 36 a tile in, out, and a weight position. */
VEC double wino_seconds(const wino_sizes *s)
{
	double tiles = (double)s->tiles, k = (double)s->k, width = (double)s->panels.width;
	double vectors = tiles * ((double)s->lda + width) + k * width * 2;
	return 72 * tiles * k * width / (0.93 * GEMM_RATE) + 36 * 4 * vectors * 2.2 / GEMM_COPY + 3e-6;
}

/* A block of tiles, to M; v, m: this thread's. */
static inline void wino_products(const wino_sizes *s, const float *x, const float *u, int64_t block, float *v, float *m)
{
	int64_t first = block * s->rows, count = fv_min(s->rows, s->tiles - first);
	for (int64_t i = 0; i < count; i++) {
		int64_t n = (first + i) / (s->th * s->tw), t = (first + i) % (s->th * s->tw);
		wino_picture picture = { x + n * s->h * s->w * s->k, s->h, s->w, s->k, s->kind };
		wino_gather(&picture, t / s->tw * 4 + s->y0, t % s->tw * 4 + s->x0, 0, s->k, v + i * s->lda, s->v_step);
	}
	for (int64_t f = 0; f < 36; f++)
		gemm_packed(&s->panels, count, s->depth, v + f * s->v_step, s->lda, u + f * s->u_step, s->depth, 0,
		            m + f * s->m_step, s->panels.width, false);
}

/* M of one tile, VF columns, to 4x4 vectors. */
VEC void wino_result(const float *m, int64_t step, vf *y)
{
	vf d[24], z[6];
#pragma GCC unroll 6
	for (int j = 0; j < 6; j++) {
#pragma GCC unroll 6
		for (int i = 0; i < 6; i++)
			z[i] = vf_loadu(m + (6 * i + j) * step);
		wino_out(z, 1, d + j, 6);
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		wino_out(d + 6 * i, 1, y + 4 * i, 1);
}
#endif
