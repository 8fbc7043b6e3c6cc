/* SPDX-License-Identifier: Apache-2.0 */
/* AMX: products of tiles; a tile is 16 rows of 64 bytes, a core has eight. Part of gemm.h.
 *
 *	tile_enter()	before a thread's first product; tile_leave() after the last: with tiles in use every switch of
 *			threads saves 8 KB
 *	tile_depth()	how many pairs of the depth a tile of A and of B holds, 16 at most, till it is said anew; forgets the tiles
 *	tile_product()	C[16 mr][16 nc] (+)= A[16 mr][depth] B[depth][16 nc]; depth in pairs: a multiple of tile_depth, what tiles hold
 *
 * Built with -Damx_emulated=true the instructions are plain C, so that all above them can be checked on any machine with
 * bf16. There numbers too small to be normal count; in the processor they are 0. */
#ifndef FV_TILE_H
#define FV_TILE_H
#include "device/cpu/vec.h"

#define TILE 16                         /* rows; floats, or pairs, in a row */

#if defined(FV_AMX_EMULATED)
static _Thread_local float tiles[8][TILE][TILE];
static _Thread_local bool tiles_entered;
static _Thread_local int tiles_depth;

static inline void tile_depth(int places)
{
	tiles_depth = places;
	memset(tiles, 0xff, sizeof tiles);
}
VEC void tile_enter(void) { tiles_entered = true; tile_depth(TILE); }
VEC void tile_leave(void) { tiles_entered = false; }
VEC void tile_zero(int t) { memset(tiles[t], tiles_entered ? 0 : 0xff, sizeof tiles[t]); }
VEC int tile_rows(int t) { return t >= 6 ? tiles_depth : TILE; }
VEC size_t tile_row(int t) { return (size_t)(t == 4 || t == 5 ? tiles_depth : TILE) * sizeof(float); }
static inline void tile_load(int t, const float *from, int64_t stride)
{
	for (int i = 0; i < tile_rows(t); i++)
		memcpy(tiles[t][i], from + i * stride, tile_row(t));
}
static inline void tile_store(int t, float *to, int64_t stride)
{
	for (int i = 0; i < TILE; i++)
		memcpy(to + i * stride, tiles[t][i], sizeof tiles[t][i]);
}
/* The even or the odd number of a pair. */
static inline float tile_half(float pair, bool odd)
{
	uint32_t u;
	memcpy(&u, &pair, sizeof u);
	u = odd ? u & 0xffff0000u : u << 16;
	memcpy(&pair, &u, sizeof u);
	return pair;
}
static inline void tile_multiply(int c, int a, int b)
{
	for (int m = 0; m < TILE; m++)
		for (int k = 0; k < tiles_depth; k++)
			for (int n = 0; n < TILE; n++)
				for (int odd = 0; odd < 2; odd++)
					tiles[c][m][n] += tile_half(tiles[a][m][k], odd) * tile_half(tiles[b][k][n], odd);
}
#else
static inline void tile_depth(int places)
{
	/* Palette 1: bytes of a row of each tile, then rows. */
	struct { uint8_t palette, start, none[14]; uint16_t bytes[16]; uint8_t rows[16]; } c = { .palette = 1 };
	for (int i = 0; i < 8; i++) {
		c.bytes[i] = (uint16_t)(i == 4 || i == 5 ? 4 * places : 64);
		c.rows[i] = (uint8_t)(i >= 6 ? places : TILE);
	}
	__asm__ volatile("" : : "r"(&c) : "memory");
	_tile_loadconfig(&c);
}
VEC void tile_enter(void) { tile_depth(TILE); }
VEC void tile_leave(void) { _tile_release(); }
/* Macros, since the instructions name their tiles. */
#define tile_zero(t) _tile_zero(t)
#define tile_load(t, from, stride) _tile_loadd(t, from, 4 * (stride))
#define tile_store(t, to, stride) _tile_stored(t, to, 4 * (stride))
#define tile_multiply(c, a, b) _tile_dpbf16ps(c, a, b)
#endif

/* Tiles 0 to 3: sums, 2x2; 4, 5: of A; 6, 7: of B. So four loads feed four products, and hide behind them. */
VEC void tile_product(const int mr, const int nc, const gemm_shape *s, const float *a, const float *b, float *c)
{
	const int64_t lda = s->lda, ldb = s->ldb, ldc = s->ldc, down = TILE * ldc;
	const bool second_row = mr > 1, second_column = nc > 1, both = mr > 1 && nc > 1;
	/* The compiler is not told that tiles read and write memory. */
	__asm__ volatile("" : : : "memory");
	tile_zero(0);
	tile_zero(1);
	tile_zero(2);
	tile_zero(3);
	if (s->add) {
		tile_load(0, c, ldc);
		if (second_column)
			tile_load(1, c + TILE, ldc);
		if (second_row)
			tile_load(2, c + down, ldc);
		if (both)
			tile_load(3, c + down + TILE, ldc);
	}
	for (int64_t t = 0; t < s->segments; t++)
		for (int64_t k = 0; k + s->tile_depth <= s->depth; k += s->tile_depth) {
			const float *rows = a + t * s->jump + k, *columns = b + (t * s->stretch + k) * ldb;
			tile_load(6, columns, ldb);
			tile_load(4, rows, lda);
			tile_multiply(0, 4, 6);
			if (second_column) {
				tile_load(7, columns + TILE, ldb);
				tile_multiply(1, 4, 7);
			}
			if (second_row) {
				tile_load(5, rows + TILE * lda, lda);
				tile_multiply(2, 5, 6);
			}
			if (both)
				tile_multiply(3, 5, 7);
		}
	tile_store(0, c, ldc);
	if (second_column)
		tile_store(1, c + TILE, ldc);
	if (second_row)
		tile_store(2, c + down, ldc);
	if (both)
		tile_store(3, c + down + TILE, ldc);
	__asm__ volatile("" : : : "memory");
}
#endif
