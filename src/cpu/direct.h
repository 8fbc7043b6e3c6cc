/* SPDX-License-Identifier: Apache-2.0 */
/* Direct convolution as a product: each output pixel is a row of patches times the packed weights.
 *
 * A part is one such product: a grid of gh x gw cells a picture; cell (g, q) reads th x tw taps from source row
 * g step + y0, column q step + x0 on, and writes output pixel (g out_step + p0, q out_step + q0). Forward has one part a
 * group. Backward data with stride s has s s of them: output rows of one residue modulo s meet the same taps.
 *
 * Padding is resolved while the patches are copied. The adjoint of a border (fold): an output pixel's row is the sum of
 * the rows of all padded pixels that mirror it, since the product is linear in its rows. */
#ifndef FV_DIRECT_H
#define FV_DIRECT_H
#include "cpu/conv_end.h"
#include "cpu/gemm.h"
#include "op/conv.h"

#define DIRECT_DEPTH 512                /* longest stretch of depth: 24 rows of it and a panel stay in the nearer caches */

typedef struct {
	int64_t h, w, c, c0, cg;        /* source; this part reads channels c0 .. c0 + cg */
	int64_t gh, gw, step, y0, x0, th, tw;
	fv_pad_kind kind;
	fv_pad_kind fold;               /* of the output's border; ZERO: none */
	int64_t top, bottom, left, right;
	int64_t oh, ow, oc, o0, og, out_step, p0, q0;
	int64_t depth;                  /* th tw cg */
	gemm_panels panels;             /* of og columns */
} direct_part;

typedef struct {
	int64_t cells;                  /* of the largest part, all pictures */
	int64_t rows, blocks;           /* cells a unit, units a part */
	int64_t parts, depth, width;    /* largest */
	int64_t lda, weights, patches, products;        /* in floats: a part's packed weights; a thread's blocks */
} direct_sizes;

VEC direct_sizes direct_sizes_of(int64_t cells, int64_t parts, int64_t depth, int64_t columns)
{
	direct_sizes s = { .cells = cells, .parts = parts, .depth = depth, .width = gemm_panels_of(columns).width };
	/* Small pictures still make a dozen units. */
	s.rows = fv_max(GEMM_ROWS, fv_min(4, fv_div_up(cells, 16 * GEMM_ROWS)) * GEMM_ROWS);
	s.blocks = fv_div_up(cells, s.rows);
	/* One line more than a round number: rows that all fall into one cache set would drive each other out. */
	s.lda = fv_div_up(fv_min(depth, DIRECT_DEPTH), 16) * 16 + 16;
	s.weights = fv_div_up(depth * s.width, 16) * 16;
	s.patches = s.rows * s.lda;
	s.products = s.rows * s.width;
	return s;
}

VEC int64_t direct_scratch(const direct_sizes *s, int threads)
{
	return (s->parts * s->weights + threads * (s->patches + s->products)) * (int64_t)sizeof(float);
}

/* The expected time; columns as they are computed, padding included; depth: the parts' mean. */
VEC double direct_seconds(const direct_sizes *s, double depth)
{
	double cells = (double)s->cells * (double)s->parts, width = (double)s->width;
	return 2 * cells * depth * width / GEMM_RATE + 8 * cells * (depth + 2 * width) / GEMM_COPY +
	       16 * (double)s->parts * depth * width / GEMM_COPY + 3e-6;
}

VEC void direct_copy(float *to, const float *from, int64_t n, bool add)
{
	int64_t i = 0;
	for (; i + VF <= n; i += VF)
		vf_storeu(to + i, add ? vf_add(vf_loadu(to + i), vf_loadu(from + i)) : vf_loadu(from + i));
	if (i < n) {
		vf v = vf_load(from + i, vm_first(n - i));
		vf_storeu(to + i, add ? vf_add(vf_loadu(to + i), v) : v);       /* the row has room for it */
	}
}

VEC void direct_zero(float *to, int64_t n)
{
	for (int64_t i = 0; i < n; i += VF)
		vf_storeu(to + i, vf_zero());
}

/* Depth k0 .. k1 of one cell's row; ascending, so that what a copy spills over its end is overwritten by the next. */
static inline void direct_row(const direct_part *p, const float *x, int64_t g, int64_t q, int64_t k0, int64_t k1, float *a, bool add)
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
				direct_zero(to + lo, hi - lo);
			continue;
		}
		if (inside) {
			direct_copy(to + lo, from + col * p->c + lo, hi - lo, add);
			continue;
		}
		for (int64_t u = lo / p->cg; u * p->cg < hi; u++) {
			int64_t l = fv_max(lo, u * p->cg), e = fv_min(hi, (u + 1) * p->cg);
			int64_t s = fv_pad_index(col + u, p->w, p->kind);
			if (s >= 0)
				direct_copy(to + l, from + s * p->c + p->c0 + l - u * p->cg, e - l, add);
			else if (!add)
				direct_zero(to + l, e - l);
		}
	}
}

static inline void direct_gather(const direct_part *p, const float *x, int64_t g, int64_t q, int64_t k0, int64_t k1, float *a)
{
	bool fold = p->fold != FV_PAD_ZERO &&
	            (g <= p->top || q <= p->left || p->gh - 1 - g <= p->bottom || p->gw - 1 - q <= p->right);
	if (!fold) {
		direct_row(p, x, g, q, k0, k1, a, false);
		return;
	}
	int64_t gg, qq;
	for (int64_t i = 0; fv_pad_mirror(g, p->gh, p->top, p->bottom, p->fold, i, &gg); i++)
		for (int64_t j = 0; fv_pad_mirror(q, p->gw, p->left, p->right, p->fold, j, &qq); j++)
			direct_row(p, x, gg, qq, k0, k1, a, i || j);
}

/* One block of a part: patches, product, output. a: patches, c: products of this thread. */
static inline void direct_block(const direct_part *p, const direct_sizes *s, const float *x, int64_t pictures, const float *weights,
                         int64_t block, float *a, float *c, float *out, const conv_end *end)
{
	int64_t size = p->gh * p->gw, first = block * s->rows, count = fv_min(s->rows, pictures * size - first);
	if (count <= 0)
		return;
	int64_t stretches = fv_max(1, fv_div_up(p->depth, DIRECT_DEPTH));
	int64_t stretch = fv_div_up(fv_div_up(p->depth, stretches), 16) * 16;
	for (int64_t k0 = 0; k0 == 0 || k0 < p->depth; k0 += stretch) {
		int64_t k1 = fv_min(p->depth, k0 + stretch), n = first / size, g = first % size / p->gw, q = first % p->gw;
		for (int64_t i = 0; i < count && k1 > k0; i++) {
			direct_gather(p, x + n * p->h * p->w * p->c, g, q, k0, k1, a + i * s->lda);
			if (++q == p->gw) {
				q = 0;
				if (++g == p->gh)
					g = 0, n++;
			}
		}
		gemm_packed(&p->panels, count, k1 - k0, a, s->lda, weights, p->depth, k0, c, p->panels.width, k0 > 0);
		if (stretch == 0)
			break;
	}
	for (int64_t i = 0; i < count; i++) {
		int64_t at = first + i, n = at / size, g = at % size / p->gw, q = at % p->gw;
		int64_t pixel = (n * p->oh + g * p->out_step + p->p0) * p->ow + q * p->out_step + p->q0;
		conv_end_row(end, p->o0, p->og, c + i * p->panels.width, out + pixel * p->oc + p->o0);
	}
}
#endif
