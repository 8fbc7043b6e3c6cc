/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution to few channels, stride 1 in the source: lanes are pixels of a row.
 *
 * With lanes over channels (direct.h) three channels, or six, would leave most of a vector idle. Here a band of source
 * rows is transposed once, its padding resolved, to [row][channel][column]; then each loaded vector of columns serves
 * every output channel, and each weight, broadcast, serves several vectors. Under bf16 (gemm.h) two channels share a
 * place of the band, and of the weights; there must be an even number of them. */
#ifndef FV_THIN_H
#define FV_THIN_H
#include "device/cpu/direct.h"

#define THIN_COLUMNS 128                /* output columns a unit */
#define THIN_BAND 100000                /* floats of a band at most, where four rows fit: near caches */
#define THIN_OUT (VF == 16 ? 8 : 4)     /* channels that one pass over the band makes */
#define THIN_PASSES 4                   /* passes at most; with more channels lanes over channels are as good */

typedef struct {
	int64_t cells, rows, row_bands, column_bands, width;    /* of a unit: output rows; floats a row of the band */
	int64_t parts;
	room weights, band;                                     /* of each part; of each thread */
} thin_sizes;

/* Places of a pixel's channels, in whole vectors: the transpose writes them so. */
VEC int64_t thin_deep(int64_t c) { return fv_div_up(c, VF) * VF / GEMM_PAIR; }

/* Lanes that the last VF channels of c, or what there is of them, take: the least group that holds them. */
VEC int thin_lanes(int64_t left) { return left > VF / 2 || VF == 4 ? VF : left > VF / 4 || VF == 8 ? VF / 2 : VF / 4; }

/* Phase 0 packs weights, a part a unit; phase 1 makes bands. gh, gw, th, tw: the largest part's; taps: th tw of all parts together. */
VEC thin_sizes thin_plan(fv_work *w, int threads, int64_t pictures, int64_t gh, int64_t gw, int64_t th, int64_t tw, int64_t c, int64_t og,
                         int64_t parts, int64_t taps)
{
	static const double share[] = { 0.5, 0.7, 0.9, 0.9, 0.85, 0.85, 0.8, 0.85 };    /* of the multipliers */
	int64_t columns = fv_min(gw, THIN_COLUMNS);
	thin_sizes s = { .cells = pictures * gh * gw, .parts = parts };
	s.width = (fv_div_up(columns, VF) + fv_div_up(tw - 1, VF)) * VF;
	s.rows = fv_min(gh, fv_max(4, fv_min(16, THIN_BAND / (c * s.width) - (th - 1))));
	s.row_bands = fv_div_up(gh, s.rows);
	s.column_bands = fv_div_up(gw, THIN_COLUMNS);
	s.weights = room_take(w, parts, fv_div_up(th * tw * c / GEMM_PAIR * og, 16) * 16);
	s.band = room_take(w, threads, (s.rows + th - 1) * thin_deep(c) * s.width);
	w->phases = 2;
	w->units[0] = parts;
	w->units[1] = parts * pictures * s.row_bands * s.column_bands;
	double lanes = (double)(fv_div_up(gw, VF) * VF) / (double)gw, rows = (double)(s.rows + th - 1) / (double)s.rows;
	int64_t turned = (c - 1) / VF * VF + thin_lanes((c - 1) % VF + 1);
	w->seconds = lanes * 2 * (double)s.cells * (double)(taps * c * og) / (share[fv_min(og, THIN_OUT) - 1] * GEMM_RATE) +
	             16 * (double)s.cells * (double)(parts * turned) * rows / GEMM_COPY +
	             (double)(s.cells * parts * og) / (VF == 16 && og <= THIN_OUT ? 4e9 : 2e9) + 3e-6;        /* what comes out, in passes */
	return s;
}

/* A weight, or two that follow each other along the channels, as one place. */
VEC float thin_place(const float *even, const float *odd)
{
	float place;
	vf_store(&place, gemm_pair(vf_set(*even), vf_set(*odd)), vm_first(1));
	return place;
}

/* VF pixels, `step` floats apart, of which the first `left` channels are wanted, to as many rows `width` apart; n: lanes that a
 * pixel's channels take, which are read. */
VEC void thin_turn(const float *x, int64_t step, int64_t left, float *to, int64_t width, const int n)
{
	vf v[VF];
#pragma GCC unroll 16
	for (int k = 0; k < n; k++)
		v[k] = vf_groups(x + k * step, n * step, n);
	vf_transpose_groups(v, n);
#pragma GCC unroll 16
	for (int k = 0; k < n; k += GEMM_PAIR)
		if (k < left)
			vf_storeu(to + k / GEMM_PAIR * width, gemm_pair(v[k], v[k + GEMM_PAIR - 1]));
}

/* The same for as many lanes as `left` channels take. */
VEC void thin_turn_least(const float *x, int64_t step, int64_t left, float *to, int64_t width)
{
	int n = thin_lanes(left);
	if (n == VF)
		thin_turn(x, step, left, to, width, VF);
	else if (n == VF / 2)
		thin_turn(x, step, left, to, width, VF >= 8 ? VF / 2 : VF);
	else
		thin_turn(x, step, left, to, width, VF >= 16 ? VF / 4 : VF);
}

/* The same where some of the pixels are padding: from[k] is NULL. */
static inline void thin_turn_border(const float *const *from, int64_t c, int64_t left, float *to, int64_t width)
{
	vf v[VF];
	vm m = vm_first(left);
	for (int k = 0; k < VF; k++)
		v[k] = from[k] ? vf_load(from[k] + c, m) : vf_zero();
	vf_transpose(v);
	for (int k = 0; k < VF && k < left; k += GEMM_PAIR)
		vf_storeu(to + k / GEMM_PAIR * width, gemm_pair(v[k], v[k + GEMM_PAIR - 1]));
}

/* Rows g0 .. of the band: source columns from that of output column q0 on. */
static void thin_transpose(const direct_part *p, const thin_sizes *s, const float *x, int64_t g0, int64_t q0,
                           int64_t rows, float *t)
{
	int64_t deep = thin_deep(p->cg), floats = p->h * p->w * p->c;
	for (int64_t i = 0; i < rows + p->th - 1; i++) {
		int64_t r = fv_pad_index(g0 + p->y0 + i, p->h, p->kind);
		float *to = t + i * deep * s->width;
		for (int64_t j = 0; j < s->width; j += VF) {
			int64_t first = q0 + p->x0 + j, at = (r * p->w + first) * p->c + p->c0;
			bool inside = r >= 0 && r < p->h && first >= 0 && first + VF <= p->w;
			const float *from[VF];
			for (int k = 0; k < VF && !inside; k++) {
				/* What lies beyond the padding belongs to lanes that nobody reads. */
				int64_t col = fv_pad_index(first + k, p->w, p->kind);
				bool there = r >= 0 && r < p->h && col >= 0 && col < p->w;
				from[k] = there ? x + (r * p->w + col) * p->c + p->c0 : NULL;
			}
			for (int64_t c = 0; c < p->cg; c += VF) {
				int64_t left = p->cg - c;
				float *rows_to = to + c / GEMM_PAIR * s->width + j;
				if (inside && at + (VF - 1) * p->c + c + thin_lanes(left) <= floats) {
					thin_turn_least(x + at + c, p->c, left, rows_to, s->width);
					continue;
				}
				for (int k = 0; k < VF && inside; k++)
					from[k] = x + at + k * p->c;
				thin_turn_border(from, c, left, rows_to, s->width);
			}
		}
	}
}

/* Where VF pixels of O channels go, which of them there are, and what is noted of them: sums about `base`, each channel's first
 * value. */
typedef struct {
	const epilogue *end;
	const float *bias;              /* of channel o0, or NULL */
	int64_t step;                   /* floats from pixel to pixel */
	bool noted, begun;
	vf base[8], sum[8], square[8];
} thin_end;
typedef struct { int64_t off; float *to; int64_t lanes; } thin_vector;

VEC void thin_note(thin_end *e, const vf *y, vm there, const int O)
{
	for (int o = 0; o < O && !e->begun; o++) {
		float first[VF];
		vf_storeu(first, y[o]);
		e->base[o] = vf_set(first[0]);
	}
	e->begun = true;
#pragma GCC unroll 8
	for (int o = 0; o < O; o++) {
		vf d = vf_select(there, vf_sub(y[o], e->base[o]), vf_zero());
		moments_note(d, &e->sum[o], &e->square[o]);
	}
}

/* What was noted of channels o0 .. of og, O of them, to a block's statistics (moments.h). */
static inline void thin_noted(const thin_end *e, int O, int64_t pixels, int64_t og, int64_t o0, float *noted)
{
	noted[0] = (float)pixels;
	for (int o = 0; o < O; o++) {
		float base[VF], sum = vf_sum(e->sum[o]), *to = noted + MOMENTS_FIRST + o0 + o;
		vf_storeu(base, e->base[o]);
		to[0] = base[0] + sum / (float)pixels;
		to[og] = vf_sum(e->square[o]) - sum * sum / (float)pixels;
	}
}

/* O channels of VF pixels, `lanes` of which there are; n: lanes that the channels take, 4 or 8. */
VEC void thin_put(const vf *y, const thin_vector *at, int64_t step, const int O, const int n)
{
	vf v[8];
	if (at->lanes < VF) {
		for (int o = 0; o < O; o++) {
			float x[VF];
			vf_storeu(x, y[o]);
			for (int64_t l = 0; l < at->lanes; l++)
				at->to[l * step + o] = x[l];
		}
		return;
	}
#pragma GCC unroll 8
	for (int i = 0; i < n; i++)
		v[i] = i < O ? y[i] : vf_zero();
	vf_transpose_groups(v, n);
#pragma GCC unroll 8
	for (int i = 0; i < n; i++)
		vf_store_groups(at->to + i * step, n * step, v[i], n, O);
}

/* P vectors of pixels, of which `count` are wanted, times O output channels. */
VEC void thin_sums(const int P, const int O, const direct_part *p, int64_t width, const float *t, const thin_vector *at, int64_t count,
                   const float *weights, thin_end *e)
{
	vf r[8][8];
	int64_t deep = thin_deep(p->cg), off[8];
#pragma GCC unroll 8
	for (int i = 0; i < P; i++) {
		off[i] = at[i < count ? i : 0].off;
#pragma GCC unroll 8
		for (int o = 0; o < O; o++)
			r[i][o] = vf_zero();
	}
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
	for (int i = 0; i < P; i++) {
		if (i >= count)
			break;
#pragma GCC unroll 8
		for (int o = 0; o < O; o++)
			r[i][o] = epilogue_act(e->end, e->bias ? vf_add(r[i][o], vf_set(e->bias[o])) : r[i][o]);
		if (e->noted)
			thin_note(e, r[i], vm_first(at[i].lanes), O);
		thin_put(r[i], &at[i], e->step, O, O <= 4 || VF == 4 ? 4 : 8);
	}
}
/* As many vectors as the registers hold. */
#define THIN_SUMS(P, O)                                                                                         \
	static __attribute__((noinline)) void thin_sums##O(const direct_part *p, int64_t width, const float *t, \
	                                                   const thin_vector *at, int64_t count, const float *weights, thin_end *e) \
	{                                                                                                       \
		thin_sums(P, O, p, width, t, at, count, weights, e);                                            \
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

static void (*const thin_list[])(const direct_part *, int64_t, const float *, const thin_vector *, int64_t, const float *,
                                 thin_end *) = THIN_LIST;

/* Channels o0 .. of a part, THIN_OUT at most, of rows x columns pixels. noted: NULL, or where their statistics go. */
static inline void thin_pass(const direct_part *p, const thin_sizes *s, const float *weights, int64_t o0, int64_t n, int64_t g0, int64_t q0,
                      int64_t rows, int64_t columns, const float *t, float *out, const epilogue *end, float *noted)
{
	int O = (int)fv_min(THIN_OUT, p->og - o0), P = thin_vectors[O - 1], ready = 0;
	int64_t deep = thin_deep(p->cg);
	thin_vector at[8];
	thin_end e = { .end = end, .bias = end->bias ? end->bias + p->o0 + o0 : NULL, .step = p->out_step * p->oc, .noted = noted };
	for (int o = 0; o < O; o++)
		e.sum[o] = e.square[o] = vf_zero();
	for (int64_t g = 0; g < rows; g++)
		for (int64_t q = 0; q < columns; q += VF) {
			int64_t pixel = (n * p->oh + (g0 + g) * p->out_step + p->p0) * p->ow + (q0 + q) * p->out_step + p->q0;
			at[ready++] = (thin_vector){ g * deep * s->width + q, out + pixel * p->oc + p->o0 + o0, fv_min(VF, columns - q) };
			if (ready < P && (g + 1 < rows || q + VF < columns))
				continue;
			thin_list[O - 1](p, s->width, t, at, ready, weights, &e);
			ready = 0;
		}
	if (noted)
		thin_noted(&e, O, rows * columns, p->og, o0, noted);
}

/* Unit: one part's band of one picture. t: this thread's band. */
static inline void thin_block(const direct_part *p, const thin_sizes *s, const float *x, const float *weights, int64_t unit,
                       float *t, float *out, const epilogue *end, float *noted)
{
	int64_t per = s->row_bands * s->column_bands, n = unit / per;
	int64_t g0 = unit % per / s->column_bands * s->rows, q0 = unit % s->column_bands * THIN_COLUMNS;
	int64_t rows = fv_min(s->rows, p->gh - g0), columns = fv_min(THIN_COLUMNS, p->gw - q0);
	if (rows <= 0 || columns <= 0)
		return;
	thin_transpose(p, s, x + n * p->h * p->w * p->c, g0, q0, rows, t);
	for (int64_t o = 0; o < p->og; o += THIN_OUT)
		thin_pass(p, s, weights + o * (p->depth / GEMM_PAIR), o, n, g0, q0, rows, columns, t, out, end, noted);
}
#endif
