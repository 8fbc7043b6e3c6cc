/* SPDX-License-Identifier: Apache-2.0 */
/* Winograd's convolution over tiles of 6x6: F(4x4, 3x3) makes 36 products where direct sums make 144, F(5x5, 2x2) 36
 * where they make 100, F(3x3, 4x4) 36 where they make 144.
 *
 *	Y = A' [ (G g G') * (B' d B) ] A	d: 6x6 of x, g: taps of the weights, Y: a tile of y; ' transposes, * is elementwise
 *
 * One set of points (0, +-5/8, +-5/4, infinity) serves all three: B' is the same, A' has 7 - taps rows, G taps columns.
 * Rms error with 3 taps 1.7e-6 of the result's rms (points 0, +-1, +-2: 3.3e-6; direct sums: 0.9e-6).
 *
 * Stride 2: rows and columns of x by their parity are four pictures of half the size, each of which meets every second tap:
 * four convolutions of stride 1 whose results are added, so that the depth of the products is four times the channels. The
 * adjoint has four times the columns instead. Where the kernel's size is odd, the missing taps are zeros; 3x3 has a form of its own
 * (winograd_stride2.h).
 *
 * Lanes are channels. A thread transforms a block of tiles to V[36][tile][channel], multiplies frequency by frequency with
 * the weights U[36][k][column] to M[36][tile][column], and transforms back: V and M stay in its caches. (All tiles first,
 * then each frequency as one product, was tried: U passes by once only, but V and M leave the caches; slower in every case.)
 *
 * [1] Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308
 * [2] Barabasz et al.: Error Analysis and Improving the Accuracy of Winograd Convolution for DNNs, arXiv:1803.10986 */
#ifndef FV_WINOGRAD_H
#define FV_WINOGRAD_H
#include "device/cpu/prologue.h"
#include "device/cpu/gemm.h"
#include "op/conv.h"
#include <math.h>

#define WINO_CACHE 12e6                 /* bytes of a last cache */
#define WINO_A 0.625f
#define WINO_B 1.25f
#define WINO_A2 (WINO_A * WINO_A)
#define WINO_B2 (WINO_B * WINO_B)

/* B', row by row; s, t: strides in vectors. The rows of points a, -a, b, -b, of four samples. */
VEC void wino_in_points(const vf *d, int s, vf *o, int t, const float pa, const float pb)
{
	const vf a = vf_set(pa), b = vf_set(pb), a2 = vf_set(pa * pa), b2 = vf_set(pb * pb);
	vf e1 = vf_fnma(b2, d[s], d[3 * s]), e2 = vf_fnma(a2, d[s], d[3 * s]), o1 = vf_fnma(b2, d[0], d[2 * s]), o2 = vf_fnma(a2, d[0], d[2 * s]);
	o[0] = vf_fma(a, o1, e1);
	o[t] = vf_fnma(a, o1, e1);
	o[2 * t] = vf_fma(b, o2, e2);
	o[3 * t] = vf_fnma(b, o2, e2);
}

/* That of 0, or of infinity: (x2 - a2) (x2 - b2), of five samples. */
VEC vf wino_in_end(const vf *d, int s, const float a, const float b)
{
	return vf_fma(vf_set(a * a * (b * b)), d[0], vf_fnma(vf_set(a * a + b * b), d[2 * s], d[4 * s]));
}

/* B': 6 > 6. */
VEC void wino_in(const vf *d, int s, vf *o, int t)
{
	o[0] = wino_in_end(d, s, WINO_A, WINO_B);
	wino_in_points(d + s, s, o + t, t, WINO_A, WINO_B);
	o[5 * t] = wino_in_end(d + s, s, WINO_A, WINO_B);
}

/* A': 6 > n. */
VEC void wino_out(const vf *d, int s, vf *o, int t, const int n)
{
	const vf a = vf_set(WINO_A), b = vf_set(WINO_B), a2 = vf_set(WINO_A2), b2 = vf_set(WINO_B2);
	const vf a3 = vf_set(WINO_A2 * WINO_A), b3 = vf_set(WINO_B2 * WINO_B);
	vf p1 = vf_add(d[s], d[2 * s]), m1 = vf_sub(d[s], d[2 * s]);
	vf p2 = vf_add(d[3 * s], d[4 * s]), m2 = vf_sub(d[3 * s], d[4 * s]);
	o[0] = vf_add(vf_add(d[0], p1), p2);
	o[t] = vf_fma(b, m2, vf_mul(a, m1));
	o[2 * t] = vf_fma(b2, p2, n == 3 ? vf_fma(a2, p1, d[5 * s]) : vf_mul(a2, p1));
	if (n > 3)
		o[3 * t] = vf_fma(b3, m2, n == 4 ? vf_fma(a3, m1, d[5 * s]) : vf_mul(a3, m1));
	if (n > 4)
		o[4 * t] = vf_fma(vf_mul(b2, b2), p2, vf_fma(vf_mul(a2, a2), p1, d[5 * s]));
}

/* A: n > 6, the adjoint of wino_out. */
VEC void wino_out_adjoint(const vf *d, int s, vf *o, int t, const int n)
{
	const vf a = vf_set(WINO_A), b = vf_set(WINO_B), a2 = vf_set(WINO_A2), b2 = vf_set(WINO_B2);
	vf d0 = d[0], d1 = d[s], d2 = d[2 * s];
	vf e1 = vf_fma(a2, n > 4 ? vf_fma(a2, d[4 * s], d2) : d2, d0), e2 = vf_fma(b2, n > 4 ? vf_fma(b2, d[4 * s], d2) : d2, d0);
	vf o1 = n > 3 ? vf_fma(a2, d[3 * s], d1) : d1, o2 = n > 3 ? vf_fma(b2, d[3 * s], d1) : d1;
	o[0] = d0;
	o[t] = vf_fma(a, o1, e1);
	o[2 * t] = vf_fnma(a, o1, e1);
	o[3 * t] = vf_fma(b, o2, e2);
	o[4 * t] = vf_fnma(b, o2, e2);
	o[5 * t] = d[(n - 1) * s];
}

/* Row of G for point p: its powers over the product of its distances to the other points. */
#define WINO_GA (1 / (2 * WINO_A2 * (WINO_A2 - WINO_B2)))
#define WINO_GB (1 / (2 * WINO_B2 * (WINO_B2 - WINO_A2)))

/* G: n > 6. */
VEC void wino_weights(const vf *d, int s, vf *o, int t, const int n)
{
	const vf a2 = vf_set(WINO_A2), b2 = vf_set(WINO_B2);
	vf even1 = n > 2 ? vf_fma(a2, d[2 * s], d[0]) : d[0], even2 = n > 2 ? vf_fma(b2, d[2 * s], d[0]) : d[0];
	vf odd1 = n > 3 ? vf_fma(a2, d[3 * s], d[s]) : d[s], odd2 = n > 3 ? vf_fma(b2, d[3 * s], d[s]) : d[s];
	vf e1 = vf_mul(vf_set(WINO_GA), even1), o1 = vf_mul(vf_set(WINO_GA * WINO_A), odd1);
	vf e2 = vf_mul(vf_set(WINO_GB), even2), o2 = vf_mul(vf_set(WINO_GB * WINO_B), odd2);
	o[0] = vf_mul(vf_set(1 / (WINO_A2 * WINO_B2)), d[0]);
	o[t] = vf_add(e1, o1);
	o[2 * t] = vf_sub(e1, o1);
	o[3 * t] = vf_add(e2, o2);
	o[4 * t] = vf_sub(e2, o2);
	o[5 * t] = d[(n - 1) * s];
}

/* G': 6 > n, its adjoint. */
VEC void wino_weights_adjoint(const vf *d, int s, vf *o, int t, const int n)
{
	const vf ga = vf_set(WINO_GA), gb = vf_set(WINO_GB), a = vf_set(WINO_A), b = vf_set(WINO_B), a2 = vf_set(WINO_A2), b2 = vf_set(WINO_B2);
	vf p1 = vf_mul(ga, vf_add(d[s], d[2 * s])), m1 = vf_mul(ga, vf_sub(d[s], d[2 * s]));
	vf p2 = vf_mul(gb, vf_add(d[3 * s], d[4 * s])), m2 = vf_mul(gb, vf_sub(d[3 * s], d[4 * s]));
	vf odd = vf_fma(a, m1, vf_mul(b, m2));
	o[0] = vf_fma(vf_set(1 / (WINO_A2 * WINO_B2)), d[0], vf_add(p1, p2));
	o[t] = n == 2 ? vf_add(odd, d[5 * s]) : odd;
	if (n > 2) {
		vf even = vf_fma(a2, p1, vf_mul(b2, p2));
		o[2 * t] = n == 3 ? vf_add(even, d[5 * s]) : even;
	}
	if (n > 3)
		o[3 * t] = vf_fma(vf_mul(a2, a), m1, vf_fma(vf_mul(b2, b), m2, d[5 * s]));
}

/* Why the kernels of all three passes (forward, dgrad, wgrad) refuse n. A kernel of k taps meets ceil(k / stride) of them in each parity. */
VEC const char *wino_refusal(const fv_node *n, const fv_conv *v)
{
	int64_t taps = fv_div_up(v->kh, v->stride);
	return n->type != FV_F32 ? "only float" : v->kh != v->kw ? "only square kernels" : v->groups != 1 ? "no groups" :
	       v->stride > 2 ? "only stride 1 and 2" : taps < 2 || taps > 4 ? "only 2 to 4 taps a parity" : NULL;
}

/* The patch of a picture from which a tile is made, 6x6, 9x9 or 5x5 (winograd_stride2.h): pixel (i, j) lies at row[i] + col[j], where
 * bit i of rows and bit j of cols is set; elsewhere it is 0. */
typedef struct { const float *x; int64_t h, w, c; fv_pad_kind kind; } wino_picture;
typedef struct { const float *row[9]; int64_t col[9]; unsigned rows, cols; } wino_patch;

/* n rows y, y + step ..., and columns x, x + step ..., from channel c0 on. Ragged tiles reach beyond the padding, where nothing is
 * asked for. */
static inline wino_patch wino_patch_at(const wino_picture *s, int64_t y, int64_t x, int64_t step, int64_t c0, int n)
{
	wino_patch p = { .rows = 0 };
	for (int i = 0; i < n; i++) {
		int64_t r = fv_pad_index(y + i * step, s->h, s->kind), q = fv_pad_index(x + i * step, s->w, s->kind);
		bool row_there = r >= 0 && r < s->h, col_there = q >= 0 && q < s->w;
		p.row[i] = s->x + (row_there ? r * s->w * s->c + c0 : 0);
		p.col[i] = col_there ? q * s->c : 0;
		p.rows |= (unsigned)row_there << i;
		p.cols |= (unsigned)col_there << i;
	}
	return p;
}

VEC void wino_load(const wino_patch *p, int64_t c, unsigned rows, unsigned cols, bool whole, vm m, float *v, int64_t step, const bool places,
                   bool non_temporal, const prologue *start)
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
		if (start)
			prologue_values(start, c, z, 6, cols >> j & 1 ? rows : 0);
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
				vf_put(v + (6 * i + j) * step, z[j], non_temporal);
	}
}

/* VF channels of a patch, c after its first, of `left` that there are, to 36 frequencies `step` floats apart; as floats,
 * perhaps by non-temporal stores, or (places) as numbers that follow each other along the depth (gemm.h). start: NULL, or how the picture is read. */
VEC void wino_transform(const wino_patch *p, int64_t c, int64_t left, float *v, int64_t step, const bool places, bool non_temporal, const prologue *start)
{
	vm m = vm_first(left);
	if ((p->rows & p->cols) != 63)
		wino_load(p, c, p->rows, p->cols, false, m, v, step, places, non_temporal, start);
	else if (left >= VF)
		wino_load(p, c, 63, 63, true, m, v, step, places, non_temporal, start);
	else
		wino_load(p, c, 63, 63, false, m, v, step, places, non_temporal, start);
}

/* taps x taps weights (vectors of columns a weight position, GEMM_PAIR of them) to one place of 36 frequencies. */
VEC void wino_pack_taps(const vf *g, float *u, int64_t step, bool non_temporal, const int taps)
{
	vf d[GEMM_PAIR][6 * 4], z[GEMM_PAIR][6];
	for (int p = 0; p < GEMM_PAIR; p++)
		for (int j = 0; j < taps; j++)
			wino_weights(g + taps * taps * p + j, taps, d[p] + j, taps, taps);
	for (int i = 0; i < 6; i++) {
		for (int p = 0; p < GEMM_PAIR; p++)
			wino_weights(d[p] + taps * i, 1, z[p], 1, taps);
		for (int j = 0; j < 6; j++)
			vf_put(u + (6 * i + j) * step, gemm_pair(z[0][j], z[GEMM_PAIR - 1][j]), non_temporal);
	}
}

static inline void wino_pack(const vf *g, float *u, int64_t step, bool non_temporal, int taps)
{
	if (taps == 2)
		wino_pack_taps(g, u, step, non_temporal, 2);
	else if (taps == 3)
		wino_pack_taps(g, u, step, non_temporal, 3);
	else
		wino_pack_taps(g, u, step, non_temporal, 4);
}
#endif
