/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd for 3x3 at stride 2. Along an axis the first and the last tap meet the even samples of x, and five products make four outputs of
 * them: F(4, 2) with points +-1/2, +-5/4 and infinity. The middle tap meets the odd samples, which are multiplied as they are. So an axis
 * takes 9 products where direct sums take 12, and a tile 81 for 144.
 *
 * Of a tile's 9 x 9 products all that meet a tap as it is share its weights: 6 x 6 frequencies have weights of their own.
 *
 *	a	transformed on both axes: 25 frequencies, of each tile one row
 *	b	on the vertical axis alone: 5 frequencies, of each tile four rows
 *	c	on the horizontal axis alone: 5 frequencies, four rows
 *	d	as it is: one frequency, 16 rows
 *
 * The adjoint makes of 5 samples of dy, transformed, four even rows of dx, and of four of them, as they are, the odd rows. Rms error
 * of an axis' transform with 128 channels 0.7e-6 of the result's rms, where F(5, 2), with 121 for 225 products, has 1.4e-6. */
#ifndef FV_WINOGRAD_STRIDE2_H
#define FV_WINOGRAD_STRIDE2_H
#include "device/cpu/winograd.h"

#define STRIDE2_A 0.5f
#define STRIDE2_B 1.25f
#define STRIDE2_A2 (STRIDE2_A * STRIDE2_A)
#define STRIDE2_B2 (STRIDE2_B * STRIDE2_B)

/* B': 5 > 5. s, t: strides in vectors. */
VEC void stride2_in(const vf *d, int s, vf *o, int t)
{
	wino_in_points(d, s, o, t, STRIDE2_A, STRIDE2_B);
	o[4 * t] = wino_in_end(d, s, STRIDE2_A, STRIDE2_B);
}

/* A': 5 > 4. */
VEC void stride2_out(const vf *d, int s, vf *o, int t)
{
	vf p1 = vf_add(d[0], d[s]), m1 = vf_sub(d[0], d[s]), p2 = vf_add(d[2 * s], d[3 * s]), m2 = vf_sub(d[2 * s], d[3 * s]);
	o[0] = vf_add(p1, p2);
	o[t] = vf_fma(vf_set(STRIDE2_B), m2, vf_mul(vf_set(STRIDE2_A), m1));
	o[2 * t] = vf_fma(vf_set(STRIDE2_B2), p2, vf_mul(vf_set(STRIDE2_A2), p1));
	o[3 * t] = vf_fma(vf_set(STRIDE2_B2 * STRIDE2_B), m2, vf_fma(vf_set(STRIDE2_A2 * STRIDE2_A), m1, d[4 * s]));
}

/* G: 2 > 5. */
VEC void stride2_weights(const vf *d, int s, vf *o, int t)
{
	const float a = 1 / (2 * STRIDE2_A * (STRIDE2_A2 - STRIDE2_B2)), b = 1 / (2 * STRIDE2_B * (STRIDE2_B2 - STRIDE2_A2));
	vf e1 = vf_mul(vf_set(a), d[0]), o1 = vf_mul(vf_set(a * STRIDE2_A), d[s]), e2 = vf_mul(vf_set(b), d[0]), o2 = vf_mul(vf_set(b * STRIDE2_B), d[s]);
	o[0] = vf_add(e1, o1);
	o[t] = vf_sub(o1, e1);
	o[2 * t] = vf_add(e2, o2);
	o[3 * t] = vf_sub(o2, e2);
	o[4 * t] = d[s];
}

/* Forward y is made of x. In dgrad dx is made of dy, whose first row and column meet the outer taps where the border is even, and the
 * middle one where it is odd. */
typedef enum { STRIDE2_NONE, STRIDE2_FORWARD, STRIDE2_DGRAD_EVEN, STRIDE2_DGRAD_ODD } stride2_pass;
enum { STRIDE2_ROWS = 81, STRIDE2_TILE = 4 };

/* Rows that a tile has in frequency p, and in all frequencies before it. */
VEC int64_t stride2_rows(int64_t p) { return p < 25 ? 1 : p < 35 ? 4 : 16; }
VEC int64_t stride2_before(int64_t p) { return p < 25 ? p : p < 35 ? 25 + 4 * (p - 25) : 65; }

/* Where a tile's rows of each kind begin in V or M. */
typedef struct {
	float *a, *b, *c, *d;
	int64_t one, four;              /* floats from frequency to frequency of kind a, and of kinds b and c */
	int64_t row;                    /* floats of a row */
} stride2_tile;

/* Tile t of `tiles`. A line of the cache follows the rows of each frequency. */
VEC stride2_tile stride2_tile_at(float *all, int64_t tiles, int64_t row, int64_t t)
{
	int64_t one = tiles * row + 16, four = 4 * tiles * row + 16;
	float *b = all + 25 * one;
	return (stride2_tile){ all + t * row, b + 4 * t * row, b + 5 * four + 4 * t * row, b + 10 * four + 16 * t * row, one, four, row };
}

VEC void stride2_put(const stride2_tile *to, int64_t at, int i, const vf *even, const vf *odd, int s)
{
#pragma GCC unroll 5
	for (int j = 0; j < 5; j++)
		gemm_put((i < 5 ? to->a + (5 * i + j) * to->one : to->c + j * to->four + (i - 5) * to->row) + at, even[j]);
#pragma GCC unroll 4
	for (int j = 0; j < 4; j++)
		gemm_put((i < 5 ? to->b + i * to->four + j * to->row : to->d + (4 * (i - 5) + j) * to->row) + at, odd[j * s]);
}

/* Transforms a patch of x, which has n = 9 samples a side, or of dy, which has 5. Four samples from number `as_is` on, `s` apart, are also
 * taken as they are. */
VEC void stride2_load(const wino_patch *p, int64_t c, const int n, const int as_is, unsigned rows, unsigned cols, bool whole, vm m, const stride2_tile *to, const prologue *start)
{
	const int s = n == 9 ? 2 : 1;
	vf d[9 * 9], z[9];
#pragma GCC unroll 9
	for (int j = 0; j < n; j++) {
#pragma GCC unroll 9
		for (int i = 0; i < n; i++)
			if (rows >> i & cols >> j & 1)
				z[i] = whole ? vf_loadu(p->row[i] + p->col[j] + c) : vf_load(p->row[i] + p->col[j] + c, m);
			else
				z[i] = vf_zero();
		if (start)
			prologue_values(start, c, z, n, cols >> j & 1 ? rows : 0);
		stride2_in(z, s, d + j, n);
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			d[n * (5 + i) + j] = z[s * i + as_is];
	}
#pragma GCC unroll 9
	for (int i = 0; i < 9; i++) {
		stride2_in(d + n * i, s, z, 1);
		stride2_put(to, c / GEMM_PAIR, i, z, d + n * i + as_is, s);
	}
}

VEC void stride2_transform_of(const wino_patch *p, int64_t c, int64_t left, const int n, const int as_is, const stride2_tile *to, const prologue *start)
{
	const unsigned all = (1u << n) - 1;
	if (left >= VF && (p->rows & p->cols) == all)
		stride2_load(p, c, n, as_is, all, all, true, vm_first(left), to, start);
	else
		stride2_load(p, c, n, as_is, p->rows, p->cols, false, vm_first(left), to, start);
}

/* Transforms VF channels of a patch, the first of which is c after the patch's; `left` of them are there. start: NULL, or how the picture is
 * read. */
static inline void stride2_transform(stride2_pass pass, const wino_patch *p, int64_t c, int64_t left, const stride2_tile *to, const prologue *start)
{
	if (pass == STRIDE2_FORWARD)
		stride2_transform_of(p, c, left, 9, 1, to, start);
	else if (pass == STRIDE2_DGRAD_EVEN)
		stride2_transform_of(p, c, left, 5, 1, to, NULL);
	else
		stride2_transform_of(p, c, left, 5, 0, to, NULL);
}

/* Where frequency (i, j) of the weights lies among the 36: transformed on both axes, on one, or as the middle tap is. */
VEC int stride2_at(int i, int j) { return i < 5 && j < 5 ? 5 * i + j : i < 5 ? 25 + i : j < 5 ? 30 + j : 35; }

/* Transforms 3x3 weights, a vector of columns each, of GEMM_PAIR channels, to one place of the 36 frequencies. */
static inline void stride2_pack(const vf *g, float *u, int64_t step, bool non_temporal)
{
	vf d[GEMM_PAIR][6 * 3], z[GEMM_PAIR][6];
	for (int p = 0; p < GEMM_PAIR; p++)
		for (int j = 0; j < 3; j++) {
			stride2_weights(g + 9 * p + j, 6, d[p] + j, 3);
			d[p][15 + j] = g[9 * p + 3 + j];
		}
	for (int i = 0; i < 6; i++) {
		for (int p = 0; p < GEMM_PAIR; p++) {
			stride2_weights(d[p] + 3 * i, 2, z[p], 1);
			z[p][5] = d[p][3 * i + 1];
		}
		for (int j = 0; j < 6; j++)
			vf_put(u + stride2_at(i, j) * step, gemm_pair(z[0][j], z[GEMM_PAIR - 1][j]), non_temporal);
	}
}

/* Transforms the products of one tile, VF columns, to 4x4 vectors. */
static inline void stride2_result(const stride2_tile *m, vf *y)
{
	vf d[4 * 9], z[5];
#pragma GCC unroll 9
	for (int j = 0; j < 9; j++) {
#pragma GCC unroll 5
		for (int i = 0; i < 5; i++)
			z[i] = vf_loadu(j < 5 ? m->a + (5 * i + j) * m->one : m->b + i * m->four + (j - 5) * m->row);
		stride2_out(z, 1, d + j, 9);
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			d[9 * i + j] = vf_add(d[9 * i + j], vf_loadu(j < 5 ? m->c + j * m->four + i * m->row : m->d + (4 * i + j - 5) * m->row));
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		stride2_out(d + 9 * i, 1, y + 4 * i, 1);
#pragma GCC unroll 4
		for (int j = 0; j < 4; j++)
			y[4 * i + j] = vf_add(y[4 * i + j], d[9 * i + 5 + j]);
	}
}

/* The same in dgrad: the rows of dx of parity set / 2 and the columns of parity set % 2. */
static inline void stride2_result_dx(const stride2_tile *m, int64_t set, vf *y)
{
	vf d[4 * 5], z[5];
	if (set == 0) {
#pragma GCC unroll 5
		for (int j = 0; j < 5; j++) {
#pragma GCC unroll 5
			for (int i = 0; i < 5; i++)
				z[i] = vf_loadu(m->a + (5 * i + j) * m->one);
			stride2_out(z, 1, d + j, 5);
		}
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			stride2_out(d + 5 * i, 1, y + 4 * i, 1);
		return;
	}
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		if (set == 3) {
#pragma GCC unroll 4
			for (int j = 0; j < 4; j++)
				y[4 * i + j] = vf_loadu(m->d + (4 * i + j) * m->row);
			continue;
		}
#pragma GCC unroll 5
		for (int j = 0; j < 5; j++)
			z[j] = vf_loadu((set == 1 ? m->b : m->c) + j * m->four + i * m->row);
		if (set == 1)
			stride2_out(z, 1, y + i, 4);
		else
			stride2_out(z, 1, y + 4 * i, 1);
	}
}
#endif
