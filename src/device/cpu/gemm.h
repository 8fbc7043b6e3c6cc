/* SPDX-License-Identifier: Apache-2.0 */
/* The product that convolutions and matmul stand on: C[rows][columns] (+)= A[rows][depth] B[depth][columns].
 *
 *	A	in scratch, either [row][depth] (stride lda) or, "down", [depth][row]; rows are padded to the tile
 *	B	panels of nv vectors: b[depth][ldb], packed (ldb = nv VF) or in place
 *	C	in scratch, padded to whole tiles: no masks here
 *
 * A tile of mr x nv accumulators lives in registers: nv loads of B and mr broadcasts of A feed mr nv products, so
 * 12x2 (AVX-512, 32 registers) takes 14 loads for 24 products, 6x2 (16 registers) 8 for 12: the multipliers, not
 * the two load ports, are the limit.
 *
 * Under bf16 the "floats" of A and B are pairs: depth 2k in the lower half, 2k + 1 in the upper. Both sides are rounded
 * to 8 bits of mantissa as they are copied, products are summed in float: twice as many a cycle. So laid out, A across, B
 * and C are what AMX multiplies too (tile.h). */
#ifndef FV_GEMM_H
#define FV_GEMM_H
#include "device/cpu/vec.h"

#if defined(FV_ISA_bf16)
#define GEMM_PAIR 2                     /* numbers along the depth that share a float's place */
#else
#define GEMM_PAIR 1
#endif
#define GEMM_NV 3                       /* widest panel, in vectors */
#define GEMM_DEPTH 512                  /* places of depth at a time */
#if defined(FV_ISA_amx)
#define GEMM_ROWS 48                    /* every tile height divides this */
#define GEMM_LEAST 32                   /* a product of fewer rows takes as long */
#else
#define GEMM_ROWS 24
#define GEMM_LEAST 4
#endif

/* What the cost model expects of one thread: products at GEMM_RATE flop/s, copies at GEMM_COPY bytes/s (caches). */
#if defined(FV_ISA_amx)
#define GEMM_RATE 2200e9                /* beside the other sets' as measured on one Xeon, where all are lower; docs/kernels.md */
#define GEMM_COPY 30e9
#elif defined(FV_ISA_bf16)
#define GEMM_RATE 500e9
#define GEMM_COPY 60e9
#elif defined(FV_ISA_avx512)
#define GEMM_RATE 270e9
#define GEMM_COPY 60e9
#elif defined(FV_ISA_avx2)
#define GEMM_RATE 135e9
#define GEMM_COPY 50e9
#else
#define GEMM_RATE 45e9
#define GEMM_COPY 25e9
#endif

VEC vf gemm_fma(vf x, vf y, vf sum)
{
#if GEMM_PAIR == 2
	return _mm512_dpbf16_ps(sum, (__m512bh)y, (__m512bh)x);
#else
	return vf_fma(x, y, sum);
#endif
}

/* Depths 2k and 2k + 1 of the same VF rows or columns. */
VEC vf gemm_pair(vf even, vf odd)
{
#if GEMM_PAIR == 2
	__m512i lo = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even)), hi = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd));
	return vf_bits(_mm512_or_si512(lo, _mm512_slli_epi32(hi, 16)));
#else
	return even;
#endif
}

/* VF numbers that follow each other along the depth, to VF / GEMM_PAIR places. */
VEC void gemm_put(float *to, vf v)
{
#if GEMM_PAIR == 2
	_mm256_storeu_si256((__m256i *)to, (__m256i)_mm512_cvtneps_pbh(v));
#else
	vf_storeu(to, v);
#endif
}

/* Copies n floats; the rest of the last vector is filled with zeros. */
VEC void gemm_copy(float *to, const float *from, int64_t n)
{
	for (int64_t i = 0; i < n; i += VF)
		vf_storeu(to + i, n - i >= VF ? vf_loadu(from + i) : vf_load(from + i, vm_first(n - i)));
}

/* How a tile walks through A: along its rows; down its columns; or along rows whose depth lies in segments, as the rows of a
 * picture's patch do. */
typedef enum { GEMM_ACROSS, GEMM_DOWN, GEMM_SEGMENTS } gemm_walk;
typedef struct {
	int64_t depth;                  /* places of depth, of a segment where there are several */
	int64_t segments, jump;         /* how many there are, and floats of A from one to the next */
	int64_t lda, ldb, ldc;          /* floats from row to row */
	bool add;                       /* the product is added to C */
	const float *ahead;             /* what will be read next is prefetched from here on; NULL: nothing is */
	int64_t fetch;                  /* floats that are prefetched in all */
	int64_t pace;                   /* floats that a tile prefetches at each place of depth */
	int64_t tile_depth;             /* AMX: places of depth that a tile holds; depth is a multiple of it */
	int64_t stretch;                /* AMX: places of B from segment to segment */
} gemm_shape;

#if defined(FV_ISA_amx)
#include "device/cpu/tile.h"
#else
VEC void tile_enter(void) { }
VEC void tile_leave(void) { }
#endif

typedef void (*gemm_fn)(const gemm_shape *s, const float *a, const float *b, float *c);

VEC void gemm_tile(const int mr, const int nv, const gemm_walk walk, const gemm_shape *s, const float *a,
                   const float *b, float *c)
{
	vf r[12][GEMM_NV];
	/* Every third row's address in a register; the two after it by index: twelve rows fit. */
	const char *row[4];
	const float *ahead = s->ahead;
	const int64_t pace = s->pace, lda = s->lda, ldb = s->ldb, ldc = s->ldc, depth = s->depth, step = lda * (int64_t)sizeof(float);
	for (int i = 0; i < (mr + 2) / 3; i++)
		row[i] = (const char *)a + 3 * i * step;
#pragma GCC unroll 12
	for (int i = 0; i < mr; i++)
#pragma GCC unroll 3
		for (int j = 0; j < nv; j++)
			r[i][j] = vf_zero();
	for (int64_t t = 0; t < (walk == GEMM_SEGMENTS ? s->segments : 1); t++) {
		for (int i = 0; i < (mr + 2) / 3; i++)
			__asm__("" : "+r"(row[i]));
#pragma GCC unroll 2
		for (int64_t k = 0; k < depth; k++) {
			vf v[GEMM_NV];
#pragma GCC unroll 3
			for (int j = 0; j < nv; j++)
				v[j] = vf_loadu(b + k * ldb + j * VF);
			__builtin_prefetch(ahead, 0, 2);
			ahead += pace;
#pragma GCC unroll 12
			for (int i = 0; i < mr; i++) {
				vf x = vf_set(walk == GEMM_DOWN ? a[k * lda + i]
				                                : *(const float *)(row[i / 3] + i % 3 * step + 4 * k));
#pragma GCC unroll 3
				for (int j = 0; j < nv; j++)
					r[i][j] = gemm_fma(x, v[j], r[i][j]);
			}
		}
		b += depth * ldb;
		for (int i = 0; i < (mr + 2) / 3; i++)
			row[i] += s->jump * (int64_t)sizeof(float);
	}
	const bool add = s->add;
#pragma GCC unroll 12
	for (int i = 0; i < mr; i++)
#pragma GCC unroll 3
		for (int j = 0; j < nv; j++) {
			float *p = c + i * ldc + j * VF;
			vf_storeu(p, add ? vf_add(vf_loadu(p), r[i][j]) : r[i][j]);
		}
}

#define GEMM_TILE_OF(name, mr, nv, walk)                                                                        \
	static __attribute__((noinline)) void name##mr##x##nv(const gemm_shape *s, const float *a, const float *b, \
	                                                      float *c)                                         \
	{                                                                                                       \
		gemm_tile(mr, nv, walk, s, a, b, c);                                                            \
	}
#define GEMM_TILE(mr, nv)                                                                                       \
	GEMM_TILE_OF(gemm_across_, mr, nv, GEMM_ACROSS)                                                         \
	GEMM_TILE_OF(gemm_down_, mr, nv, GEMM_DOWN)                                                             \
	GEMM_TILE_OF(gemm_segments_, mr, nv, GEMM_SEGMENTS)

/* Heights of tiles for panels of 1, 2 and 3 vectors: first the whole one, then smaller ones for the rows that are left. */
#if defined(FV_ISA_avx512)
GEMM_TILE(12, 1) GEMM_TILE(6, 1) GEMM_TILE(3, 1) GEMM_TILE(12, 2) GEMM_TILE(8, 2) GEMM_TILE(4, 2)
GEMM_TILE(8, 3) GEMM_TILE(4, 3) GEMM_TILE(2, 3)
#define GEMM_LIST(x) { { x##12x1, x##6x1, x##3x1 }, { x##12x2, x##8x2, x##4x2 }, { x##8x3, x##4x3, x##2x3 } }
static const int gemm_heights[GEMM_NV][3] = { { 12, 6, 3 }, { 12, 8, 4 }, { 8, 4, 2 } };
#else
GEMM_TILE(12, 1) GEMM_TILE(6, 1) GEMM_TILE(3, 1) GEMM_TILE(6, 2) GEMM_TILE(3, 2) GEMM_TILE(4, 3) GEMM_TILE(2, 3)
#define GEMM_LIST(x) { { x##12x1, x##6x1, x##3x1 }, { x##6x2, x##3x2, x##3x2 }, { x##4x3, x##2x3, x##2x3 } }
static const int gemm_heights[GEMM_NV][3] = { { 12, 6, 3 }, { 6, 3, 3 }, { 4, 2, 2 } };
#endif
static const gemm_fn gemm_list[3][GEMM_NV][3] = { GEMM_LIST(gemm_across_), GEMM_LIST(gemm_down_),
                                                  GEMM_LIST(gemm_segments_) };

/* How `columns` are cut into panels: `nv` vectors each, the last one `rest` vectors. */
typedef struct { int nv, rest; int64_t count, width; } gemm_panels;
VEC gemm_panels gemm_panels_of(int64_t columns)
{
	int64_t vecs = fv_div_up(columns, VF);
	int nv = vecs == 1 ? 1 : vecs % 2 == 0 ? 2 : vecs % 3 == 0 ? 3 : 2;
	int64_t count = fv_div_up(vecs, nv);
	return (gemm_panels){ nv, (int)(vecs - (count - 1) * nv), count, vecs * VF };
}

#if defined(FV_ISA_amx)
#define TILE_OF(mr, nc)                                                                                         \
	static __attribute__((noinline)) void tile_##mr##x##nc(const gemm_shape *s, const float *a, const float *b, float *c) \
	{                                                                                                       \
		tile_product(mr, nc, s, a, b, c);                                                               \
	}
TILE_OF(1, 1) TILE_OF(1, 2) TILE_OF(2, 1) TILE_OF(2, 2)
static const gemm_fn tile_list[2][2] = { { tile_1x1, tile_1x2 }, { tile_2x1, tile_2x2 } };

#define GEMM_TURN 144                   /* places of depth that are turned at a time */

/* n rows that lie down ([depth][row]) to rows that lie across; whole vectors are read. */
static inline void gemm_turn(int64_t n, int64_t depth, const float *a, int64_t lda, float *to, int64_t ld)
{
	for (int64_t k = 0; k < depth; k += VF)
		for (int64_t i = 0; i < n; i += VF) {
			vf r[VF];
			for (int j = 0; j < VF; j++)
				r[j] = k + j < depth ? vf_loadu(a + (k + j) * lda + i) : vf_zero();
			vf_transpose(r);
			for (int j = 0; j < VF; j++)
				vf_storeu(to + (i + j) * ld + k, r[j]);
		}
}

/* A panel's product, s->tile_depth places of depth at a time. */
static inline void gemm_tiles(int nv, int64_t rows, const gemm_shape *s, const float *a, const float *b, float *c)
{
	for (int64_t r = 0; r < rows; r += 2 * TILE)
		for (int j = 0; j < nv; j += 2)
			tile_list[rows - r > TILE][nv - j > 1](s, a + r * s->lda, b + j * VF, c + r * s->ldc + j * VF);
}
#endif

/* Rows of A against one panel, in registers. */
static inline void gemm_rows(gemm_walk walk, int nv, int64_t rows, const gemm_shape *s, const float *a, const float *b, float *c)
{
	int64_t step = walk == GEMM_DOWN ? 1 : s->lda, places = fv_max(1, s->depth * (walk == GEMM_SEGMENTS ? s->segments : 1));
	gemm_shape t = *s;
	t.ahead = s->ahead ? s->ahead : b;
	for (int64_t r = 0; r < rows; ) {
		int which = 0;
		while (which < 2 && rows - r < gemm_heights[nv - 1][which])
			which++;
		if (rows - r == 16 && gemm_heights[nv - 1][1] == 8)
			which = 1;              /* 8 + 8, not 12 + 4 */
		int height = gemm_heights[nv - 1][which];
		t.pace = s->ahead ? s->fetch * height / (rows * places) : 0;
		gemm_list[walk][nv - 1][which](&t, a + r * step, b, c + r * s->ldc);
		t.ahead += t.pace * places;
		r += height;
	}
}

/* One panel: rows of A against it. A and C have room for whole tiles: GEMM_ROWS rows at most beyond the last. */
static inline void gemm_walk_panel(gemm_walk walk, int nv, int64_t rows, const gemm_shape *s, const float *a,
                                   const float *b, float *c)
{
#if defined(FV_ISA_amx)
	if (walk != GEMM_DOWN) {
		int64_t whole = s->depth / TILE * TILE, rest = s->depth - whole;
		gemm_shape t = *s;
		t.segments = walk == GEMM_SEGMENTS ? s->segments : 1;
		t.stretch = s->depth;
		t.depth = whole;
		t.tile_depth = TILE;
		if (whole)
			gemm_tiles(nv, rows, &t, a, b, c);
		if (rest) {
			t.depth = t.tile_depth = rest;
			t.add = s->add || whole;
			tile_depth((int)rest);
			gemm_tiles(nv, rows, &t, a + whole, b + whole * s->ldb, c);
			tile_depth(TILE);
		}
		return;
	}
#endif
	gemm_rows(walk, nv, rows, s, a, b, c);
}

/* Rows of A, across or down, against all panels of B from their row k0 on. The panels are `step` floats apart; ldb is 0 where B is
 * packed. */
static inline void gemm_all(bool down, const gemm_panels *p, int64_t rows, int64_t depth, const float *a, int64_t lda, const float *b,
                            int64_t step, int64_t ldb, int64_t k0, float *c, int64_t ldc, bool add)
{
	for (int64_t i = 0; i < p->count; i++) {
		int nv = i == p->count - 1 ? p->rest : p->nv;
		gemm_shape s = { .depth = depth, .lda = lda, .ldb = ldb ? ldb : nv * VF, .ldc = ldc, .add = add };
		s.ahead = ldb ? NULL : b + (i + 1) * step + k0 * s.ldb;
		s.fetch = depth * nv * VF;
		gemm_walk_panel(down ? GEMM_DOWN : GEMM_ACROSS, nv, rows, &s, a, b + i * step + k0 * s.ldb, c + i * p->nv * VF);
	}
}

/* The same of A that lies down. AMX has no such product, so A is turned first, some rows at a time. */
static inline void gemm_down(const gemm_panels *p, int64_t rows, int64_t depth, const float *a, int64_t lda, const float *b, int64_t step,
                             int64_t ldb, int64_t k0, float *c, int64_t ldc, bool add)
{
#if defined(FV_ISA_amx)
	float turned[2 * GEMM_ROWS * (GEMM_TURN + TILE)];
	for (int64_t r = 0; r < rows; r += 2 * GEMM_ROWS)
		for (int64_t k = 0; k < depth; k += GEMM_TURN) {
			int64_t n = fv_min(2 * GEMM_ROWS, rows - r), d = fv_min(GEMM_TURN, depth - k);
			gemm_turn(n, d, a + k * lda + r, lda, turned, GEMM_TURN + TILE);
			gemm_all(false, p, n, d, turned, GEMM_TURN + TILE, b, step, ldb, k0 + k, c + r * ldc, ldc, add || k > 0);
		}
#else
	gemm_all(true, p, rows, depth, a, lda, b, step, ldb, k0, c, ldc, add);
#endif
}

/* Packed B of depth_all rows: panel p begins at p * nv * VF * depth_all. */
static inline void gemm_packed(const gemm_panels *p, int64_t rows, int64_t depth, const float *a, int64_t lda,
                               const float *b, int64_t depth_all, int64_t k0, float *c, int64_t ldc, bool add)
{
	gemm_all(false, p, rows, depth, a, lda, b, p->nv * VF * depth_all, 0, k0, c, ldc, add);
}

/* Where column j of row k lies in packed panels. */
VEC int64_t gemm_at(const gemm_panels *p, int64_t depth_all, int64_t k, int64_t j)
{
	int64_t i = j / (p->nv * VF), nv = i == p->count - 1 ? p->rest : p->nv;
	return i * p->nv * VF * depth_all + k * nv * VF + j % (p->nv * VF);
}

/* VF places of depth of one row or column. */
VEC vf gemm_row(const float *from, int64_t left)
{
#if GEMM_PAIR == 2
	__m512 lo = vf_load(from, vm_first(left)), hi = vf_load(from + VF, vm_first(left - VF));
	return (__m512)_mm512_cvtne2ps_pbh(hi, lo);
#else
	return vf_load(from, vm_first(left));
#endif
}

/* Depth k0 .. k1 (k0 a multiple of GEMM_PAIR) of columns that lie as rows, `stride` apart, into panels: VF x VF squares
 * are transposed. depth_all: in places. */
static inline void gemm_pack_rows(const gemm_panels *p, int64_t columns, int64_t depth_all, const float *from,
                                  int64_t stride, int64_t k0, int64_t k1, float *to)
{
	for (int64_t j = 0; j < p->width; j += VF)
		for (int64_t k = k0; k < k1; k += GEMM_PAIR * VF) {
			vf r[VF];
			for (int i = 0; i < VF; i++)
				r[i] = j + i < columns ? gemm_row(from + (j + i) * stride + k, k1 - k) : vf_zero();
			vf_transpose(r);
			for (int i = 0; i < VF && k + GEMM_PAIR * i < k1; i++)
				vf_storeu(to + gemm_at(p, depth_all, k / GEMM_PAIR + i, j), r[i]);
		}
}
#endif
