/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution with few output channels, stride 1 in the source: lanes are pixels of a row.
 *
 * With lanes over channels (implicit_gemm.h) three channels, or six, would leave most of a vector idle. Here a band of source
 * rows is transposed once, its padding resolved, to [row][channel][column]; then each loaded vector of columns serves
 * every output channel, and each weight, broadcast, serves several vectors. Under bf16 (gemm.h) two channels share a
 * place of the band, and of the weights; there must be an even number of them. */
#ifndef FV_FEW_CHANNELS_H
#define FV_FEW_CHANNELS_H
#include "device/cpu/implicit_gemm.h"

#define FEW_COLUMNS 128                 /* output columns a unit */
#define FEW_BAND 100000                 /* floats of a band at most, where four rows fit: near caches */
#define FEW_OUT (VF == 16 ? 8 : 4)      /* channels that one pass over the band makes */
#define FEW_PASSES 4                    /* passes at most; with more channels lanes over channels are as good */

typedef struct {
	int64_t cells, rows, row_bands, column_bands, width;    /* of a unit: output rows; floats a row of the band */
	int64_t products;
	room weights, band;                                     /* of each product; of each thread */
} few_sizes;

/* Places of a pixel's channels, in whole vectors: the transpose writes them so. */
VEC int64_t few_deep(int64_t c) { return fv_div_up(c, VF) * VF / GEMM_PAIR; }

/* Lanes that the last VF channels of c, or what there is of them, take: the least group that holds them. */
VEC int few_lanes(int64_t left) { return left > VF / 2 || VF == 4 ? VF : left > VF / 4 || VF == 8 ? VF / 2 : VF / 4; }

/* Phase 0 packs weights, a product a unit; phase 1 makes bands. gh, gw, th, tw are the largest product's, taps is th tw of all products
 * together. */
VEC few_sizes few_plan(fv_work *w, int threads, int64_t pictures, int64_t gh, int64_t gw, int64_t th, int64_t tw, int64_t c, int64_t og,
                         int64_t products, int64_t taps)
{
	static const double share[] = { 0.5, 0.7, 0.9, 0.9, 0.85, 0.85, 0.8, 0.85 };    /* of the multipliers */
	int64_t columns = fv_min(gw, FEW_COLUMNS);
	few_sizes s = { .cells = pictures * gh * gw, .products = products };
	s.width = (fv_div_up(columns, VF) + fv_div_up(tw - 1, VF)) * VF;
	s.rows = fv_min(gh, fv_max(4, fv_min(16, FEW_BAND / (c * s.width) - (th - 1))));
	s.row_bands = fv_div_up(gh, s.rows);
	s.column_bands = fv_div_up(gw, FEW_COLUMNS);
	s.weights = room_take(w, products, fv_div_up(th * tw * c / GEMM_PAIR * og, 16) * 16);
	s.band = room_take(w, threads, (s.rows + th - 1) * few_deep(c) * s.width);
	w->phases = 2;
	w->units[0] = products;
	w->units[1] = products * pictures * s.row_bands * s.column_bands;
	double lanes = (double)(fv_div_up(gw, VF) * VF) / (double)gw, rows = (double)(s.rows + th - 1) / (double)s.rows;
	int64_t turned = (c - 1) / VF * VF + few_lanes((c - 1) % VF + 1);
	w->seconds = lanes * 2 * (double)s.cells * (double)(taps * c * og) / (share[fv_min(og, FEW_OUT) - 1] * GEMM_RATE) +
	             16 * (double)s.cells * (double)(products * turned) * rows / GEMM_COPY +
	             (double)(s.cells * products * og) / (VF == 16 && og <= FEW_OUT ? 4e9 : 2e9) + 3e-6;        /* what comes out, in passes */
	return s;
}

/* A weight, or two that follow each other along the channels, as one place. */
VEC float few_place(const float *even, const float *odd)
{
	float place;
	vf_store(&place, gemm_pair(vf_set(*even), vf_set(*odd)), vm_first(1));
	return place;
}

/* VF pixels, `step` floats apart, of which the first `left` channels are wanted, to as many rows `width` apart; n: lanes that a
 * pixel's channels take, which are read. */
VEC void few_turn(const float *x, int64_t step, int64_t left, float *to, int64_t width, const int n)
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
VEC void few_turn_least(const float *x, int64_t step, int64_t left, float *to, int64_t width)
{
	int n = few_lanes(left);
	if (n == VF)
		few_turn(x, step, left, to, width, VF);
	else if (n == VF / 2)
		few_turn(x, step, left, to, width, VF >= 8 ? VF / 2 : VF);
	else
		few_turn(x, step, left, to, width, VF >= 16 ? VF / 4 : VF);
}

/* The same where some of the pixels are padding: from[k] is NULL. */
static inline void few_turn_border(const float *const *from, int64_t c, int64_t left, float *to, int64_t width)
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
static void few_transpose(const igemm_product *p, const few_sizes *s, const float *x, int64_t g0, int64_t q0,
                           int64_t rows, float *t)
{
	int64_t deep = few_deep(p->cg), floats = p->h * p->w * p->c;
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
				if (inside && at + (VF - 1) * p->c + c + few_lanes(left) <= floats) {
					few_turn_least(x + at + c, p->c, left, rows_to, s->width);
					continue;
				}
				for (int k = 0; k < VF && inside; k++)
					from[k] = x + at + k * p->c;
				few_turn_border(from, c, left, rows_to, s->width);
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
} few_end;
typedef struct { int64_t off; float *to; int64_t lanes; } few_vector;

VEC void few_note(few_end *e, const vf *y, vm there, const int O)
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
static inline void few_noted(const few_end *e, int O, int64_t pixels, int64_t og, int64_t o0, float *noted)
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
VEC void few_put(const vf *y, const few_vector *at, int64_t step, const int O, const int n)
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
VEC void few_sums(const int P, const int O, const igemm_product *p, int64_t width, const float *t, const few_vector *at, int64_t count,
                   const float *weights, few_end *e)
{
	vf r[8][8];
	int64_t deep = few_deep(p->cg), off[8];
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
				vf fixed[8];
#pragma GCC unroll 8
				for (int k = 0; k < (P < O ? P : O); k++)
					fixed[k] = P < O ? vf_keep(vf_loadu(x + u + off[k])) : vf_set(weights[k]);
#pragma GCC unroll 8
				for (int k = 0; k < (P < O ? O : P); k++) {
					vf other = P < O ? vf_set(weights[k]) : vf_keep(vf_loadu(x + u + off[k]));
#pragma GCC unroll 8
					for (int j = 0; j < (P < O ? P : O); j++) {
						int i = P < O ? j : k, o = P < O ? k : j;
						r[i][o] = gemm_fma(P < O ? fixed[j] : other, P < O ? other : fixed[j], r[i][o]);
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
			few_note(e, r[i], vm_first(at[i].lanes), O);
		few_put(r[i], &at[i], e->step, O, O <= 4 || VF == 4 ? 4 : 8);
	}
}
/* As many vectors as the registers hold. */
#define FEW_SUMS(P, O)                                                                                         \
	static __attribute__((noinline)) void few_sums##O(const igemm_product *p, int64_t width, const float *t, \
	                                                   const few_vector *at, int64_t count, const float *weights, few_end *e) \
	{                                                                                                       \
		few_sums(P, O, p, width, t, at, count, weights, e);                                            \
	}
#if VF == 16
FEW_SUMS(8, 1) FEW_SUMS(8, 2) FEW_SUMS(8, 3) FEW_SUMS(6, 4) FEW_SUMS(5, 5) FEW_SUMS(4, 6)
FEW_SUMS(3, 7) FEW_SUMS(3, 8)
#define FEW_LIST { few_sums1, few_sums2, few_sums3, few_sums4, few_sums5, few_sums6, few_sums7, few_sums8 }
static const int few_vectors[] = { 8, 8, 8, 6, 5, 4, 3, 3 };
#else
FEW_SUMS(8, 1) FEW_SUMS(6, 2) FEW_SUMS(4, 3) FEW_SUMS(2, 4)
#define FEW_LIST { few_sums1, few_sums2, few_sums3, few_sums4 }
static const int few_vectors[] = { 8, 6, 4, 2 };
#endif

static void (*const few_list[])(const igemm_product *, int64_t, const float *, const few_vector *, int64_t, const float *,
                                 few_end *) = FEW_LIST;

/* Channels o0 .. of a product, FEW_OUT at most, of rows x columns pixels. noted: NULL, or where their statistics go. */
static inline void few_pass(const igemm_product *p, const few_sizes *s, const float *weights, int64_t o0, int64_t n, int64_t g0, int64_t q0,
                      int64_t rows, int64_t columns, const float *t, float *out, const epilogue *end, float *noted)
{
	int O = (int)fv_min(FEW_OUT, p->og - o0), P = few_vectors[O - 1], ready = 0;
	int64_t deep = few_deep(p->cg);
	few_vector at[8];
	few_end e = { .end = end, .bias = end->bias ? end->bias + p->o0 + o0 : NULL, .step = p->out_step * p->oc, .noted = noted };
	for (int o = 0; o < O; o++)
		e.sum[o] = e.square[o] = vf_zero();
	for (int64_t g = 0; g < rows; g++)
		for (int64_t q = 0; q < columns; q += VF) {
			int64_t pixel = (n * p->oh + (g0 + g) * p->out_step + p->p0) * p->ow + (q0 + q) * p->out_step + p->q0;
			at[ready++] = (few_vector){ g * deep * s->width + q, out + pixel * p->oc + p->o0 + o0, fv_min(VF, columns - q) };
			if (ready < P && (g + 1 < rows || q + VF < columns))
				continue;
			few_list[O - 1](p, s->width, t, at, ready, weights, &e);
			ready = 0;
		}
	if (noted)
		few_noted(&e, O, rows * columns, p->og, o0, noted);
}

/* Unit: one product's band of one picture. t: this thread's band. */
static inline void few_block(const igemm_product *p, const few_sizes *s, const float *x, const float *weights, int64_t unit,
                       float *t, float *out, const epilogue *end, float *noted)
{
	int64_t per = s->row_bands * s->column_bands, n = unit / per;
	int64_t g0 = unit % per / s->column_bands * s->rows, q0 = unit % s->column_bands * FEW_COLUMNS;
	int64_t rows = fv_min(s->rows, p->gh - g0), columns = fv_min(FEW_COLUMNS, p->gw - q0);
	if (rows <= 0 || columns <= 0)
		return;
	few_transpose(p, s, x + n * p->h * p->w * p->c, g0, q0, rows, t);
	for (int64_t o = 0; o < p->og; o += FEW_OUT)
		few_pass(p, s, weights + o * (p->depth / GEMM_PAIR), o, n, g0, q0, rows, columns, t, out, end, noted);
}
#endif
