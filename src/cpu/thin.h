/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution to few channels, stride 1 in the source: lanes are pixels of a row.
 *
 * With lanes over channels (direct.h) three channels, or six, would leave most of a vector idle. Here a band of source
 * rows is transposed once, its padding resolved, to [row][channel][column]; then each loaded vector of columns serves
 * every output channel, and each weight, broadcast, serves several vectors. Under bf16 (gemm.h) two channels share a
 * place of the band, and of the weights; there must be an even number of them. */
#ifndef FV_THIN_H
#define FV_THIN_H
#include "cpu/direct.h"

#define THIN_COLUMNS 128                /* output columns a unit */
#define THIN_BAND 100000                /* floats of a band at most, where four rows fit: near caches */
#define THIN_OUT (VF == 16 ? 8 : 4)     /* channels that one pass over the band makes */
#define THIN_PASSES 4                   /* passes at most; with more channels lanes over channels are as good */

typedef struct {
	int64_t cells, rows, row_bands, column_bands, width;    /* of a unit: output rows; floats a row of the band */
	int64_t band, weights, parts;                           /* floats a thread; floats a part; parts */
} thin_sizes;

/* Places of a pixel's channels, in whole vectors: the transpose writes them so. */
VEC int64_t thin_deep(int64_t c) { return fv_div_up(c, VF) * VF / GEMM_PAIR; }

/* gh, gw, th, tw: the largest part's. */
VEC thin_sizes thin_sizes_of(int64_t pictures, int64_t gh, int64_t gw, int64_t th, int64_t tw, int64_t c, int64_t og,
                             int64_t parts)
{
	int64_t columns = fv_min(gw, THIN_COLUMNS);
	thin_sizes s = { .cells = pictures * gh * gw, .parts = parts };
	s.width = (fv_div_up(columns, VF) + 1) * VF + fv_div_up(tw, VF) * VF;
	s.rows = fv_min(gh, fv_max(4, fv_min(16, THIN_BAND / (c * s.width) - (th - 1))));
	s.row_bands = fv_div_up(gh, s.rows);
	s.column_bands = fv_div_up(gw, THIN_COLUMNS);
	s.band = (s.rows + th - 1) * thin_deep(c) * s.width;
	s.weights = fv_div_up(th * tw * c / GEMM_PAIR * og, 16) * 16;
	return s;
}

VEC int64_t thin_scratch(const thin_sizes *s, int threads)
{
	return (s->parts * s->weights + threads * s->band) * (int64_t)sizeof(float);
}

/* taps: th tw of all parts together. */
VEC double thin_seconds(const thin_sizes *s, int64_t taps, int64_t c, int64_t og, int64_t gw, int64_t th)
{
	static const double share[] = { 0.5, 0.7, 0.9, 0.9, 0.85, 0.85, 0.8, 0.85 };    /* of the multipliers */
	double lanes = (double)(fv_div_up(gw, VF) * VF) / (double)gw;
	double rows = (double)(s->rows + th - 1) / (double)s->rows;
	return lanes * 2 * (double)s->cells * (double)(taps * c * og) / (share[fv_min(og, THIN_OUT) - 1] * GEMM_RATE) +
	       16 * (double)s->cells * (double)(s->parts * fv_div_up(c, VF) * VF) * rows / GEMM_COPY +
	       (double)(s->cells * s->parts * og) / 2e9 + 3e-6;         /* what comes out is written one by one */
}

/* A weight, or two that follow each other along the channels, as one place. */
VEC float thin_place(const float *even, const float *odd)
{
	float place;
	vf_store(&place, gemm_pair(vf_set(*even), vf_set(*odd)), vm_first(1));
	return place;
}

/* Rows g0 .. of the band: source columns from that of output column q0 on. */
static void thin_transpose(const direct_part *p, const thin_sizes *s, const float *x, int64_t g0, int64_t q0,
                           int64_t rows, float *t)
{
	int64_t deep = thin_deep(p->cg);
	for (int64_t i = 0; i < rows + p->th - 1; i++) {
		int64_t r = fv_pad_index(g0 + p->y0 + i, p->h, p->kind);
		float *to = t + i * deep * s->width;
		for (int64_t j = 0; j < s->width; j += VF) {
			const float *from[VF];
			for (int k = 0; k < VF; k++) {
				/* What lies beyond the padding belongs to lanes that nobody reads. */
				int64_t col = fv_pad_index(q0 + p->x0 + j + k, p->w, p->kind);
				bool there = r >= 0 && r < p->h && col >= 0 && col < p->w;
				from[k] = there ? x + (r * p->w + col) * p->c + p->c0 : NULL;
			}
			for (int64_t c = 0; c < p->cg; c += VF) {
				vf v[VF];
				vm m = vm_first(p->cg - c);
				for (int k = 0; k < VF; k++)
					v[k] = from[k] ? vf_load(from[k] + c, m) : vf_zero();
				vf_transpose(v);
				for (int k = 0; k < VF; k += GEMM_PAIR)
					vf_storeu(to + (c + k) / GEMM_PAIR * s->width + j, gemm_pair(v[k], v[k + GEMM_PAIR - 1]));
			}
		}
	}
}

/* P vectors of pixels (at t + off[i]) times O output channels. */
VEC void thin_sums(const int P, const int O, const direct_part *p, int64_t width, const float *t, const int64_t *off,
                   const float *weights, float *sums)
{
	vf r[8][8];
	int64_t deep = thin_deep(p->cg);
#pragma GCC unroll 8
	for (int i = 0; i < P; i++)
#pragma GCC unroll 8
		for (int o = 0; o < O; o++)
			r[i][o] = vf_zero();
	for (int64_t y = 0; y < p->th; y++)
		for (int64_t c = 0; c < p->cg / GEMM_PAIR; c++) {
			const float *x = t + (y * deep + c) * width;
			/* What is fewer, vectors or weights, stays in registers. */
			for (int64_t u = 0; u < p->tw; u++, weights += O) {
				vf held[8];
#pragma GCC unroll 8
				for (int k = 0; k < (P < O ? P : O); k++)
					held[k] = P < O ? vf_keep(vf_loadu(x + u + off[k])) : vf_set(weights[k]);
#pragma GCC unroll 8
				for (int k = 0; k < (P < O ? O : P); k++) {
					vf other = P < O ? vf_set(weights[k]) : vf_keep(vf_loadu(x + u + off[k]));
#pragma GCC unroll 8
					for (int j = 0; j < (P < O ? P : O); j++) {
						int i = P < O ? j : k, o = P < O ? k : j;
						r[i][o] = gemm_fma(P < O ? held[j] : other, P < O ? other : held[j], r[i][o]);
					}
				}
			}
		}
#pragma GCC unroll 8
	for (int i = 0; i < P; i++)
#pragma GCC unroll 8
		for (int o = 0; o < O; o++)
			vf_storeu(sums + (i * O + o) * VF, r[i][o]);
}
/* As many vectors as the registers hold. */
#define THIN_SUMS(P, O)                                                                                         \
	static __attribute__((noinline)) void thin_sums##O(const direct_part *p, int64_t width, const float *t, \
	                                                   const int64_t *off, const float *weights, float *sums) \
	{                                                                                                       \
		thin_sums(P, O, p, width, t, off, weights, sums);                                               \
	}
#if VF == 16
THIN_SUMS(8, 1) THIN_SUMS(8, 2) THIN_SUMS(8, 3) THIN_SUMS(6, 4) THIN_SUMS(5, 5) THIN_SUMS(4, 6)
THIN_SUMS(3, 7) THIN_SUMS(3, 8)
#define THIN_LIST { thin_sums1, thin_sums2, thin_sums3, thin_sums4, thin_sums5, thin_sums6, thin_sums7, thin_sums8 }
static const int thin_vectors[] = { 8, 8, 8, 6, 5, 4, 3, 3 };
#else
THIN_SUMS(8, 1) THIN_SUMS(6, 2) THIN_SUMS(4, 3) THIN_SUMS(2, 4)
#define THIN_LIST { thin_sums1, thin_sums2, thin_sums3, thin_sums4 }
static const int thin_vectors[] = { 8, 6, 4, 2 };
#endif

static void (*const thin_list[])(const direct_part *, int64_t, const float *, const int64_t *, const float *,
                                 float *) = THIN_LIST;

/* Channels o0 .. of a part, THIN_OUT at most; count: vectors of pixels, `across` a row. moments: NULL, or where their statistics
 * go; they are taken about the first value of each. */
static void thin_pass(const direct_part *p, const thin_sizes *s, const float *weights, int64_t o0, int64_t n, int64_t g0, int64_t q0,
                      int64_t count, int64_t across, const float *t, float *out, const conv_end *end, float *moments)
{
	int O = (int)fv_min(THIN_OUT, p->og - o0), P = thin_vectors[O - 1];
	int64_t deep = thin_deep(p->cg);
	float pixels = 0, base[8];
	vf all[8], square[8];
	for (int o = 0; o < O; o++)
		all[o] = square[o] = vf_zero();
	for (int64_t i = 0; i < count; i += P) {
		int64_t off[8];
		float sums[8 * 8 * VF];
		for (int k = 0; k < P; k++) {
			int64_t at = fv_min(i + k, count - 1);
			off[k] = at / across * deep * s->width + at % across * VF;
		}
		thin_list[O - 1](p, s->width, t, off, weights, sums);
		for (int64_t k = 0; k < fv_min(P, count - i); k++) {
			int64_t g = g0 + (i + k) / across, q = q0 + (i + k) % across * VF, lanes = fv_min(VF, p->gw - q);
			int64_t pixel = (n * p->oh + g * p->out_step + p->p0) * p->ow + q * p->out_step + p->q0;
			pixels += (float)lanes;
			for (int o = 0; o < O; o++) {
				float *v = sums + (k * O + o) * VF;
				vf y = conv_end_act(end, vf_add(vf_loadu(v), vf_set(end->bias ? end->bias[p->o0 + o0 + o] : 0)));
				vf_storeu(v, y);
				if (moments) {
					base[o] = i + k == 0 ? v[0] : base[o];
					vf d = vf_select(vm_first(lanes), vf_sub(y, vf_set(base[o])), vf_zero());
					all[o] = vf_add(all[o], d);
					square[o] = vf_fma(d, d, square[o]);
				}
				float *to = out + pixel * p->oc + p->o0 + o0 + o;
				for (int64_t l = 0; l < lanes; l++)
					to[l * p->out_step * p->oc] = v[l];
			}
		}
	}
	for (int o = 0; o < O && moments; o++) {
		float sum = vf_sum(all[o]), *to = moments + 16 + o0 + o;
		moments[0] = pixels;
		to[0] = base[o] + sum / pixels;
		to[p->og] = vf_sum(square[o]) - sum * sum / pixels;
	}
}

/* Unit: one part's band of one picture. t: this thread's band. */
static void thin_block(const direct_part *p, const thin_sizes *s, const float *x, const float *weights, int64_t unit,
                       float *t, float *out, const conv_end *end, float *moments)
{
	int64_t per = s->row_bands * s->column_bands, n = unit / per;
	int64_t g0 = unit % per / s->column_bands * s->rows, q0 = unit % s->column_bands * THIN_COLUMNS;
	int64_t rows = fv_min(s->rows, p->gh - g0), columns = fv_min(THIN_COLUMNS, p->gw - q0);
	if (rows <= 0 || columns <= 0)
		return;
	int64_t across = fv_div_up(columns, VF), count = rows * across;
	thin_transpose(p, s, x + n * p->h * p->w * p->c, g0, q0, rows, t);
	for (int64_t o = 0; o < p->og; o += THIN_OUT)
		thin_pass(p, s, weights + o * (p->depth / GEMM_PAIR), o, n, g0, q0, count, across, t, out, end, moments);
}
#endif
