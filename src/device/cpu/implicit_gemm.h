/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution as implicit GEMM: each output pixel's patch is a row of A, the packed weights are B.
 *
 * One product covers a grid of gh x gw cells a picture; cell (g, q) reads th x tw taps from source row
 * g step + y0, column q step + x0 on, and writes output pixel (g out_step + p0, q out_step + q0). Forward has one
 * product a group. Backward data with stride s has s s of them: output rows of one residue modulo s meet the same taps.
 *
 * Banded: along an output row patches overlap, so the th source rows, copied once with their padding resolved, hold
 * them all, `step` pixels apart; inside the picture they are read in place. A block has some rows, which share what
 * was copied. Gathered: patches are copied one by one, where rows are short or where the border is mirrored. The adjoint of
 * mirroring is that an output pixel's patch is the sum of the patches of all padded pixels that mirror it, since the product is
 * linear in its rows.
 *
 * Under bf16 (gemm.h: pairs along the depth) every source is copied, and a product's channels are an even number. */
#ifndef FV_IMPLICIT_GEMM_H
#define FV_IMPLICIT_GEMM_H
#include "device/cpu/epilogue.h"
#include "device/cpu/gemm.h"
#include "device/cpu/moments.h"
#include "op/conv.h"

#define IGEMM_BANDED 12                 /* cells a row at least: a tile */
#define IGEMM_PRODUCTS 32768            /* floats of a block's products at most, where rows are rounded */
#define IGEMM_DEPTH 512                 /* longest stretch of depth: 24 rows of it and a panel stay in near caches */

typedef struct {
	int64_t h, w, c, c0, cg;        /* source; this product reads channels c0 .. c0 + cg */
	int64_t gh, gw, step, y0, x0, th, tw;
	fv_pad_kind kind;
	fv_pad_kind mirror;             /* how the output's border mirrors; ZERO: it does not */
	int64_t top, bottom, left, right;
	int64_t oh, ow, oc, o0, og, out_step, p0, q0;
	int64_t depth;                  /* th tw cg */
	gemm_panels panels;             /* of og columns */
} igemm_product;

typedef struct {
	int64_t cells;                  /* of the largest product, all pictures */
	int64_t rows, blocks;           /* cells a unit, units a product */
	int64_t high, wide;             /* banded: a unit's rows and columns; else 0 */
	int64_t down, across;           /* such units */
	int64_t products, depth, width;    /* largest */
	int64_t copied;                 /* floats copied for a cell */
	int64_t lda, band, bands;       /* floats: a gathered patch; a row of the band; all its rows */
	int64_t patches;                        /* floats of a thread's block of patches; its products follow */
	room weights, mine;                     /* each product's packed weights; each thread's blocks */
	moments noted;
} igemm_sizes;

/* p: as large as the largest product on each axis. */
VEC igemm_sizes igemm_sizes_of(const igemm_product *p, int64_t pictures, int64_t products)
{
	igemm_sizes s = { .cells = pictures * p->gh * p->gw, .products = products };
	s.depth = p->depth;
	s.width = p->panels.width;
	/* Whole output rows where that can be; small pictures still make a dozen units. */
	s.rows = fv_max(GEMM_ROWS, fv_min(4, fv_div_up(s.cells, 16 * GEMM_ROWS)) * GEMM_ROWS);
	s.blocks = fv_div_up(s.cells, s.rows);
	s.copied = s.depth;
	if (p->gw >= IGEMM_BANDED) {
		s.across = p->gw <= 192 ? 1 : fv_div_up(p->gw, 128);
		s.wide = fv_div_up(p->gw, s.across);
		s.high = s.across > 1 ? 1 : fv_max(1, s.rows / p->gw);
		/* To round a row for every row that reads it would cost more than the products. */
		if (GEMM_PAIR > 1 && p->th > 1)
			s.high = fv_max(s.high, fv_min(fv_min(8, IGEMM_PRODUCTS / (s.wide * s.width)), pictures * p->gh * s.across / 32));
		s.down = fv_div_up(p->gh, s.high);
		s.rows = s.high * s.wide;
		s.blocks = pictures * s.down * s.across;
		s.copied = (GEMM_PAIR > 1 ? fv_div_up((s.high - 1) * p->step + p->th, s.high) : p->th) * p->step * p->cg;
	}
	/* One line more than a round number: rows that all fall into one cache set would drive each other out. */
	s.lda = fv_div_up(fv_min(s.depth, IGEMM_DEPTH), 16) * 16 + 16;
	s.band = ((s.wide + GEMM_ROWS) * p->step + p->tw) * p->cg + 16;
	s.bands = s.high ? fv_div_up(((s.high - 1) * p->step + p->th) * s.band, 16) * 16 : 0;
	s.patches = ((s.high ? s.wide : s.rows) + GEMM_ROWS) * s.lda + s.bands;
	return s;
}

/* The expected time; columns as they are computed, padding included. */
VEC double igemm_seconds(const igemm_sizes *s, double depth)
{
	double cells = (double)s->cells * (double)s->products, width = (double)s->width;
	return 2 * cells * depth * width / GEMM_RATE + 8 * cells * ((double)s->copied + 2 * width) / GEMM_COPY +
	       16 * (double)s->products * depth * width / GEMM_COPY + 3e-6;
}

/* Phase 0 packs weights, IGEMM_PACK of the depth of a product a unit; phase 1 makes blocks; statistics may follow. depth: the products' mean. */
enum { IGEMM_PACK = 64 };
VEC void igemm_plan(const fv_node *n, int threads, fv_work *w, igemm_sizes *s, double depth)
{
	w->phases = 2;
	w->units[0] = s->products * fv_div_up(s->depth, IGEMM_PACK);
	w->units[1] = s->products * s->blocks;
	w->seconds = igemm_seconds(s, depth);
	s->weights = room_take(w, s->products, fv_div_up(s->depth * s->width, 16) * 16);
	s->mine = room_take(w, threads, s->patches + (s->rows + GEMM_ROWS) * s->width);
	s->noted = moments_plan(w, n, s->products * s->blocks, s->width);
}

VEC void igemm_copy(float *to, const float *from, int64_t n, bool add)
{
	int64_t i = 0;
	for (; i + VF <= n; i += VF)
		vf_storeu(to + i, add ? vf_add(vf_loadu(to + i), vf_loadu(from + i)) : vf_loadu(from + i));
	if (i < n) {
		vf v = vf_load(from + i, vm_first(n - i));
		vf_storeu(to + i, add ? vf_add(vf_loadu(to + i), v) : v);       /* there is room for it */
	}
}

/* n numbers of depth, and what is left of a vector. */
VEC void igemm_put(float *to, const float *from, int64_t n)
{
	for (int64_t i = 0; i < n; i += VF)
		gemm_put(to + i / GEMM_PAIR, n - i < VF ? vf_load(from + i, vm_first(n - i)) : vf_loadu(from + i));
}

VEC void igemm_zero(float *to, int64_t n)
{
	for (int64_t i = 0; i < n; i += VF)
		vf_storeu(to + i, vf_zero());
}

/* Depth k0 .. k1 of one cell's row; ascending, so that what a copy spills over its end is overwritten by the next. */
static inline void igemm_row(const igemm_product *p, const float *x, int64_t g, int64_t q, int64_t k0, int64_t k1,
                              float *a, bool add)
{
	int64_t run = p->tw * p->cg, col = q * p->step + p->x0;
	bool inside = p->cg == p->c && col >= 0 && col + p->tw <= p->w;
	for (int64_t t = k0 / run; t * run < k1; t++) {
		int64_t lo = fv_max(k0 - t * run, 0), hi = fv_min(k1 - t * run, run);
		int64_t r = fv_pad_index(g * p->step + p->y0 + t, p->h, p->kind);
		float *to = a + t * run - k0;
		const float *from = x + r * p->w * p->c;
		if (r < 0) {
			if (!add)
				igemm_zero(to + lo, hi - lo);
			continue;
		}
		if (inside) {
			igemm_copy(to + lo, from + col * p->c + lo, hi - lo, add);
			continue;
		}
		for (int64_t u = lo / p->cg; u * p->cg < hi; u++) {
			int64_t l = fv_max(lo, u * p->cg), e = fv_min(hi, (u + 1) * p->cg);
			int64_t s = fv_pad_index(col + u, p->w, p->kind);
			if (s >= 0)
				igemm_copy(to + l, from + s * p->c + p->c0 + l - u * p->cg, e - l, add);
			else if (!add)
				igemm_zero(to + l, e - l);
		}
	}
}

static inline void igemm_gather(const igemm_product *p, const float *x, int64_t g, int64_t q, int64_t k0, int64_t k1,
                                 float *a)
{
	bool mirrored = p->mirror != FV_PAD_ZERO &&
	            (g <= p->top || q <= p->left || p->gh - 1 - g <= p->bottom || p->gw - 1 - q <= p->right);
	if (!mirrored) {
		igemm_row(p, x, g, q, k0, k1, a, false);
		return;
	}
	int64_t gg, qq;
	for (int64_t i = 0; fv_pad_mirror(g, p->gh, p->top, p->bottom, p->mirror, i, &gg); i++)
		for (int64_t j = 0; fv_pad_mirror(q, p->gw, p->left, p->right, p->mirror, j, &qq); j++)
			igemm_row(p, x, gg, qq, k0, k1, a, i || j);
}

/* Cells first .. first + count, over rows and pictures, gathered; to c. */
static inline void igemm_gathered(const igemm_product *p, const igemm_sizes *s, const float *x, const float *weights,
                                   int64_t first, int64_t count, float *a, float *c)
{
	int64_t size = p->gh * p->gw, stretches = fv_max(1, fv_div_up(p->depth, IGEMM_DEPTH));
	int64_t stretch = fv_max(1, fv_div_up(fv_div_up(p->depth, stretches), GEMM_PAIR)) * GEMM_PAIR;
	for (int64_t k0 = 0; k0 == 0 || k0 < p->depth; k0 += stretch) {
		int64_t k1 = fv_min(p->depth, k0 + stretch);
		for (int64_t i = 0; i < count && k1 > k0; i++) {
			int64_t at = first + i, n = at / size;
			float patch[GEMM_PAIR > 1 ? IGEMM_DEPTH + 4 * VF : 1], *to = GEMM_PAIR > 1 ? patch : a + i * s->lda;
			igemm_gather(p, x + n * p->h * p->w * p->c, at % size / p->gw, at % p->gw, k0, k1, to);
			if (GEMM_PAIR > 1)
				igemm_put(a + i * s->lda, patch, k1 - k0);
		}
		gemm_packed(&p->panels, count, (k1 - k0) / GEMM_PAIR, a, s->lda, weights, p->depth / GEMM_PAIR,
		            k0 / GEMM_PAIR, c, p->panels.width, k0 > 0);
	}
}

/* Source row r's columns from `col` on, n of them, padding resolved; r < 0: zeros. What a copy spills over its end is
 * overwritten by the next; the band has room at its end. */
static inline void igemm_columns(const igemm_product *p, const float *x, int64_t r, int64_t col, int64_t n, float *to)
{
	for (int64_t j = 0; j < n; ) {
		int64_t s = r < 0 ? -1 : fv_pad_index(col + j, p->w, p->kind);
		int64_t run = p->cg == p->c && s >= 0 && s == col + j ? fv_min(n - j, p->w - s) : r < 0 ? n - j : 1;
		if (s >= 0)
			igemm_put(to + j * p->cg / GEMM_PAIR, x + (r * p->w + s) * p->c + p->c0, run * p->cg);
		else
			igemm_zero(to + j * p->cg / GEMM_PAIR, run * p->cg / GEMM_PAIR);
		j += run;
	}
}

/* A block's rows of a picture, as far as they have been copied. */
typedef struct { float *rows; int64_t g0, q0, columns, copied; } igemm_band;

/* Cells q .. q + count of row g of picture n, none of them mirrored; to c. */
static inline void igemm_banded(const igemm_product *p, const igemm_sizes *s, const float *x, int64_t pictures,
                                 const float *weights, int64_t n, int64_t g, int64_t q, int64_t count, igemm_band *band,
                                 float *c)
{
	int64_t row = g * p->step + p->y0, col = q * p->step + p->x0, columns = (count - 1) * p->step + p->tw;
	const float *from = x + n * p->h * p->w * p->c;
	gemm_shape t = { .depth = p->tw * p->cg / GEMM_PAIR, .segments = p->th, .lda = p->step * p->cg / GEMM_PAIR, .ldc = p->panels.width };
	/* In place, tiles may read up to two patches more than there are: those must still lie in the source. */
	bool inside = GEMM_PAIR == 1 && p->cg == p->c && row >= 0 && row + p->th <= p->h && col >= 0 && col + columns <= p->w &&
	              (n * p->h + row + p->th - 1) * p->w + col + columns + 2 * p->step <= pictures * p->h * p->w;
	int64_t r = (g - band->g0) * p->step, end = inside ? 0 : r + p->th;
	for (int64_t i = fv_max(r, band->copied); i < end; i++)
		igemm_columns(p, from, fv_pad_index(band->g0 * p->step + p->y0 + i, p->h, p->kind), band->q0 * p->step + p->x0,
		               (band->columns - 1) * p->step + p->tw, band->rows + i * s->band);
	band->copied = fv_max(band->copied, end);
	t.jump = inside ? p->w * p->c : s->band;
	const float *first = inside ? from + (row * p->w + col) * p->c : band->rows + r * s->band + (q - band->q0) * t.lda;
	/* In place: of the last row, whose pixels nobody has read yet, what the next cells want. */
	t.ahead = inside ? first + (p->th - 1) * t.jump + count * t.lda : NULL;
	t.fetch = count * t.lda / p->panels.count;
	for (int64_t i = 0; i < p->panels.count; i++) {
		int nv = i == p->panels.count - 1 ? p->panels.rest : p->panels.nv;
		t.ldb = nv * VF;
		gemm_walk_panel(GEMM_SEGMENTS, nv, count, &t, first, weights + i * p->panels.nv * VF * (p->depth / GEMM_PAIR),
		                c + i * p->panels.nv * VF);
		t.ahead += inside ? t.fetch : 0;
	}
}

/* What a convolution without an activation notes of a block, from its sums. */
static inline void igemm_moments(const igemm_product *p, const epilogue *end, int64_t count, const float *c, float *noted)
{
	int64_t width = p->panels.width;
	noted[0] = (float)count;
	if (count < 1)
		return;
	moments_of(c, count, width, p->og, noted + MOMENTS_FIRST, noted + MOMENTS_FIRST + width);
	for (int64_t o = 0; o < p->og && end->bias; o++)
		noted[MOMENTS_FIRST + o] += end->bias[o];
}

/* Cells first .. first + count, of one row, from their products. */
static inline void igemm_end(const igemm_product *p, int64_t first, int64_t count, const float *c, float *out, const epilogue *end)
{
	int64_t size = p->gh * p->gw, n = first / size, g = first % size / p->gw, q = first % p->gw;
	int64_t pixel = (n * p->oh + g * p->out_step + p->p0) * p->ow + q * p->out_step + p->q0;
	epilogue_rows(end, p->o0, p->og, count, c, p->panels.width, out + pixel * p->oc + p->o0, p->out_step * p->oc);
}

/* One block of a product: patches, product, output. a: this thread's; noted: NULL, or where the block's statistics go. */
static inline void igemm_block(const igemm_product *p, const igemm_sizes *s, const float *x, int64_t pictures,
                                const float *weights, int64_t block, float *a, float *out, const epilogue *end, float *noted)
{
	int64_t size = p->gh * p->gw, done = 0;
	float *c = a + s->patches;
	if (!s->high) {
		int64_t first = block * s->rows, last = fv_min(first + s->rows, pictures * size);
		done = fv_max(0, last - first);
		if (done)
			igemm_gathered(p, s, x, weights, first, done, a, c);
		for (int64_t at = first; at < last; ) {
			int64_t count = fv_min(last - at, p->gw - at % p->gw);
			igemm_end(p, at, count, c + (at - first) * p->panels.width, out, end);
			at += count;
		}
	} else {
		int64_t n = block / (s->down * s->across), q0 = block % s->across * s->wide, columns = fv_min(s->wide, p->gw - q0);
		int64_t g0 = block / s->across % s->down * s->high, g1 = fv_min(g0 + s->high, p->gh);
		bool mirrored = p->mirror != FV_PAD_ZERO;
		igemm_band band = { a + s->patches - s->bands, g0, q0, columns, 0 };
		for (int64_t g = g0; g < g1 && columns > 0; g++, done += columns) {
			int64_t at = n * size + g * p->gw + q0;
			/* Ascending: a tile's idle rows spill into the place of the next piece. */
			float *to = c + done * p->panels.width;
			if (mirrored && (g <= p->top || p->gh - 1 - g <= p->bottom)) {
				igemm_gathered(p, s, x, weights, at, columns, a, to);
			} else {
				int64_t l = mirrored ? fv_max(q0, fv_min(q0 + columns, p->left + 1)) : q0;
				int64_t r = mirrored ? fv_max(l, fv_min(q0 + columns, p->gw - 1 - p->right)) : q0 + columns;
				if (l > q0)
					igemm_gathered(p, s, x, weights, at, l - q0, a, to);
				if (r > l)
					igemm_banded(p, s, x, pictures, weights, n, g, l, r - l, &band, to + (l - q0) * p->panels.width);
				if (q0 + columns > r)
					igemm_gathered(p, s, x, weights, at + r - q0, q0 + columns - r, a, to + (r - q0) * p->panels.width);
			}
			igemm_end(p, at, columns, to, out, end);
		}
	}
	if (noted)
		igemm_moments(p, end, done, c, noted);
}
#endif
