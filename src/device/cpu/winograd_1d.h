/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of 7 taps a row to few channels, stride 1, by Winograd along the rows: F(4, 7) makes 10 products where direct sums make 28.
 * The taps of a column are summed as they are: by Winograd both ways the error would be five times as large.
 *
 *	y = A' [ sum over rows and channels of (G g) * (B' d) ]	d: 10 pixels of a row of x, g: 7 weights, y: 4 pixels of a row of y
 *
 * Points 0, +-3/8, +-3/4, +-5/4, +-2, infinity: of the sets of eighths and quarters up to 2 the one with the least error, rms 2.6e-6 of the
 * result's rms for 24 channels (direct sums: 0.6e-6).
 *
 * Lanes are tiles of 4 pixels of a row. A unit goes down a band of columns. Of each source row, as it is met, every channel is turned to
 * [channel][pixel of a tile][tile], its padding resolved (few_channels.h), then transformed to [channel][point][tile]; a ring holds as many such rows
 * as an output row sees. Few output channels are made for up to four rows at once, so that each value of the ring is loaded less often.
 *
 * [1] Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308 */
#ifndef FV_WINOGRAD_1D_H
#define FV_WINOGRAD_1D_H
#include "device/cpu/prologue.h"
#include "device/cpu/few_channels.h"

#define LINE_TAPS 7
#define LINE_TILE 4
#define LINE_POINTS 10
#define LINE_HIGH 4                     /* output rows at once, at most */
#define LINE_VECTORS 4                  /* of tiles across a unit */
#define LINE_WIDE 32                    /* source channels; with more, half as many, so that the ring stays in near caches */
#define LINE_ROWS 64                    /* output rows a unit at most, at least, and units aimed at */
#define LINE_LEAST 24
#define LINE_UNITS 16
#define LINE_OUT (VF == 16 ? 8 : 4)     /* output channels at a time */
#define LINE_PASSES 8                   /* times so many at most */

typedef struct {
	int64_t rows, down, across;             /* of a unit: output rows; units down and across a picture */
	int64_t tiles, vectors, width;          /* across a unit; width: of a turned line, in tiles, with those that the last ones overlap */
	int64_t slots;                          /* rows of the ring */
	int64_t slot, turned;                   /* floats: a slot, a turned vector of channels */
	room mine;                              /* each thread's ring, turned vector and output rows at once */
} line_sizes;

/* Output rows at once: 4, 2 or 1. */
VEC int line_high(int64_t og) { return VF == 16 ? og <= 3 ? 4 : og == 4 ? 2 : 1 : og == 1 ? 4 : og <= 3 ? 2 : 1; }

/* Phase 0 packs weights, LINE_OUT output channels a unit; phase 1 makes bands. */
VEC line_sizes line_plan(fv_work *w, int threads, int64_t pictures, int64_t gh, int64_t gw, int64_t c, int64_t og)
{
	int64_t all = fv_div_up(gw, LINE_TILE), most = (c > LINE_WIDE ? LINE_VECTORS / 2 : LINE_VECTORS) * VF;
	line_sizes s = { .across = fv_div_up(all, most) };
	s.tiles = fv_div_up(all, s.across);
	s.across = fv_div_up(all, s.tiles);
	s.vectors = fv_div_up(s.tiles, VF);
	s.width = fv_div_up(s.vectors * VF + 2, VF) * VF;
	int64_t pieces = fv_div_up(LINE_UNITS, pictures * s.across);
	s.rows = fv_min(gh, fv_max(LINE_LEAST, fv_min(LINE_ROWS, fv_div_up(fv_div_up(gh, pieces), 2) * 2)));
	s.down = fv_div_up(gh, s.rows);
	s.slots = LINE_TAPS + line_high((og - 1) % LINE_OUT + 1) - 1;  /* the last channels' */
	s.slot = c * LINE_POINTS * s.vectors * VF;
	s.turned = VF * LINE_TILE * s.width;
	s.mine = room_take(w, threads, s.slots * s.slot + s.turned + fv_div_up(line_high(og) * s.tiles * LINE_TILE * og, 16) * 16);
	w->phases = 2;
	w->units[0] = fv_div_up(og, LINE_OUT);
	w->units[1] = pictures * s.down * s.across;
	w->packed = fv_div_up(LINE_POINTS * LINE_TAPS * c * og, 16) * 16 * (int64_t)sizeof(float);
	double across = (double)(s.across * s.vectors * VF), rows = (double)(pictures * gh), met = rows * (double)(s.rows + LINE_TAPS - 1) / (double)s.rows;
	double products = rows * across * (double)(LINE_POINTS * LINE_TAPS * c * og), turned = met * across * (double)(c * LINE_POINTS);
	w->seconds = 2 * products / (0.85 * GEMM_RATE) + 12 * turned / GEMM_COPY + 6 * rows * across * (double)(og * LINE_POINTS) / GEMM_COPY + 3e-6;
	return s;
}

/* G: 7 weights, `step` floats apart, to 10 points. */
static void line_weights(const float *g, int64_t step, float *u, int64_t jump)
{
	static const double point[LINE_POINTS - 1] = { 0, 0.375, -0.375, 0.75, -0.75, 1.25, -1.25, 2, -2 };
	for (int i = 0; i < LINE_POINTS - 1; i++) {
		double sum = 0, apart = 1;
		for (int j = LINE_TAPS - 1; j >= 0; j--)
			sum = sum * point[i] + g[j * step];
		for (int j = 0; j < LINE_POINTS - 1; j++)
			apart *= j == i ? 1 : point[i] - point[j];
		u[i * jump] = (float)(sum / apart);
	}
	u[(LINE_POINTS - 1) * jump] = g[(LINE_TAPS - 1) * step];
}

/* B' of points a and -a: samples 1 to 8, each polynomial with the other three pairs' points as its zeros. */
VEC void line_pair(const vf *d, const double a, const double b, const double c, const double e, vf *plus, vf *minus)
{
	const vf s1 = vf_set((float)(b * b + c * c + e * e)), s2 = vf_set((float)(b * b * c * c + b * b * e * e + c * c * e * e)), s3 = vf_set((float)(b * b * c * c * e * e));
	vf even = vf_fnma(s3, d[2], vf_fma(s2, d[4], vf_fnma(s1, d[6], d[8]))), odd = vf_fnma(s3, d[1], vf_fma(s2, d[3], vf_fnma(s1, d[5], d[7])));
	*plus = vf_fma(vf_set((float)a), odd, even);
	*minus = vf_fnma(vf_set((float)a), odd, even);
}

/* That of 0, and of infinity one sample on: all pairs' points. */
VEC vf line_end(const vf *d)
{
	const double a = 0.375 * 0.375, b = 0.75 * 0.75, c = 1.25 * 1.25, e = 4;
	vf sum = vf_fnma(vf_set((float)(a + b + c + e)), d[6], d[8]);
	sum = vf_fma(vf_set((float)(a * b + a * c + a * e + b * c + b * e + c * e)), d[4], sum);
	sum = vf_fnma(vf_set((float)(a * b * c + a * b * e + a * c * e + b * c * e)), d[2], sum);
	return vf_fma(vf_set((float)(a * b * c * e)), d[0], sum);
}

/* B': a turned line, [pixel of a tile][tile], to [point][tile]. */
static void line_points(const float *line, int64_t width, int64_t vectors, float *v)
{
	for (int64_t j = 0; j < vectors * VF; j += VF) {
		vf d[LINE_POINTS], z[LINE_POINTS];
#pragma GCC unroll 10
		for (int i = 0; i < LINE_POINTS; i++)
			d[i] = vf_loadu(line + i % LINE_TILE * width + i / LINE_TILE + j);
		z[0] = line_end(d);
		line_pair(d, 0.375, 0.75, 1.25, 2, &z[1], &z[2]);
		line_pair(d, 0.75, 0.375, 1.25, 2, &z[3], &z[4]);
		line_pair(d, 1.25, 0.375, 0.75, 2, &z[5], &z[6]);
		line_pair(d, 2, 0.375, 0.75, 1.25, &z[7], &z[8]);
		z[9] = line_end(d + 1);
#pragma GCC unroll 10
		for (int i = 0; i < LINE_POINTS; i++)
			vf_storeu(v + i * vectors * VF + j, z[i]);
	}
}

VEC vf line_terms(const vf *t, vf rest, const float a, const float b, const float c, const float d)
{
	return vf_fma(vf_set(d), t[3], vf_fma(vf_set(c), t[2], vf_fma(vf_set(b), t[1], vf_fma(vf_set(a), t[0], rest))));
}

/* A': 10 points, `step` vectors apart, to 4 pixels. */
VEC void line_result(const float *m, int64_t step, vf *y)
{
	vf z[LINE_POINTS], sum[4], dif[4];
#pragma GCC unroll 10
	for (int i = 0; i < LINE_POINTS; i++)
		z[i] = vf_loadu(m + i * step * VF);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		sum[i] = vf_add(z[1 + 2 * i], z[2 + 2 * i]);
		dif[i] = vf_sub(z[1 + 2 * i], z[2 + 2 * i]);
	}
	y[0] = vf_add(vf_add(vf_add(sum[0], sum[1]), vf_add(sum[2], sum[3])), z[0]);
	y[1] = line_terms(dif, vf_zero(), 0.375f, 0.75f, 1.25f, 2);
	y[2] = line_terms(sum, vf_zero(), 0.375f * 0.375f, 0.75f * 0.75f, 1.25f * 1.25f, 4);
	y[3] = line_terms(dif, z[9], 0.375f * 0.375f * 0.375f, 0.75f * 0.75f * 0.75f, 1.25f * 1.25f * 1.25f, 8);
}

/* Source row r, columns from that of output column q0 on, to a slot of the ring. start: NULL, or how the picture is read; then what is
 * beyond its border is not zeros. */
static void line_row(const fv_conv *v, const line_sizes *s, const float *x, const prologue *start, int64_t r, int64_t q0, float *turned, float *slot)
{
	int64_t row = fv_pad_index(r, v->h, v->kind), floats = v->h * v->w * v->c, step = LINE_TILE * v->c;
	for (int64_t c = 0; c < v->c; c += VF) {
		int64_t left = v->c - c, channels = fv_min(VF, left);
		for (int64_t j = 0; j < LINE_TILE * s->width; j += VF) {
			int64_t pixel = j / s->width, first = q0 - v->left + j % s->width * LINE_TILE + pixel, at = (row * v->w + first) * v->c + c;
			bool there = row >= 0 && row < v->h, inside = there && first >= 0 && first + (VF - 1) * LINE_TILE < v->w;
			if (inside && at + (VF - 1) * step + few_lanes(left) <= floats) {
				few_turn_least(x + at, step, left, turned + j, LINE_TILE * s->width);
				continue;
			}
			const float *from[VF];
			for (int k = 0; k < VF; k++) {
				int64_t col = fv_pad_index(first + k * LINE_TILE, v->w, v->kind);
				from[k] = there && col >= 0 && col < v->w ? x + (row * v->w + col) * v->c : NULL;
			}
			few_turn_border(from, c, left, turned + j, LINE_TILE * s->width);
		}
		for (int64_t k = 0; k < channels; k++) {
			float *line = turned + k * LINE_TILE * s->width;
			if (start) {
				vf mean = vf_set(start->mean[c + k]), rstd = vf_set(start->rstd[c + k]), slope = vf_set(start->slope);
				for (int64_t j = 0; j < LINE_TILE * s->width; j += VF)
					vf_storeu(line + j, prologue_value(vf_loadu(line + j), mean, rstd, slope));
			}
			line_points(line, s->width, s->vectors, slot + (c + k) * LINE_POINTS * s->vectors * VF);
		}
	}
}

/* Rows of the ring that some output rows see; floats from channel to channel, and from point to point; weights [point][row][channel][O]. */
typedef struct {
	const float *row[LINE_TAPS + LINE_HIGH - 1];
	int64_t channels, step, point;
	const float *weights;
} line_view;

/* Row y of the ring into the sums of output rows from .. to - 1, which meet it. */
VEC void line_meet(const int P, const int O, const int from, const int to, const line_view *s, int64_t p, int64_t y, vf (*r)[8][4])
{
	const float *x = s->row[y] + p * s->point, *w = s->weights + (p * LINE_TAPS + y) * s->channels * O;
	const int64_t back = s->channels * O;           /* the next output row's tap is one less */
	for (int64_t c = 0; c < s->channels; c++, x += s->step, w += O) {
		vf v[4];
#pragma GCC unroll 4
		for (int i = 0; i < P; i++)
			v[i] = vf_keep(vf_loadu(x + i * VF));
#pragma GCC unroll 4
		for (int g = from; g < to; g++)
#pragma GCC unroll 8
			for (int o = 0; o < O; o++) {
				vf tap = vf_set(w[o - g * back]);
#pragma GCC unroll 4
				for (int i = 0; i < P; i++)
					r[g][o][i] = vf_fma(tap, v[i], r[g][o][i]);
			}
	}
}

/* P vectors of tiles times O channels of G rows, to m: [row][point][channel][vector]. */
VEC void line_sums(const int P, const int O, const int G, const line_view *s, float *m)
{
	for (int64_t p = 0; p < LINE_POINTS; p++) {
		vf r[LINE_HIGH][8][4];
#pragma GCC unroll 4
		for (int g = 0; g < G; g++)
#pragma GCC unroll 8
			for (int o = 0; o < O; o++)
#pragma GCC unroll 4
				for (int i = 0; i < P; i++)
					r[g][o][i] = vf_zero();
		if (G > 1)
			line_meet(P, O, 0, 1, s, p, 0, r);
		if (G > 2) {
			line_meet(P, O, 0, 2, s, p, 1, r);
			line_meet(P, O, 0, 3, s, p, 2, r);
		}
		for (int64_t y = G - 1; y < LINE_TAPS; y++)
			line_meet(P, O, 0, G, s, p, y, r);
		if (G > 1)
			line_meet(P, O, 1, G, s, p, LINE_TAPS, r);
		if (G > 2) {
			line_meet(P, O, 2, G, s, p, LINE_TAPS + 1, r);
			line_meet(P, O, 3, G, s, p, LINE_TAPS + 2, r);
		}
#pragma GCC unroll 4
		for (int g = 0; g < G; g++)
#pragma GCC unroll 8
			for (int o = 0; o < O; o++)
#pragma GCC unroll 4
				for (int i = 0; i < P; i++)
					vf_storeu(m + (((g * LINE_POINTS + p) * O + o) * P + i) * VF, r[g][o][i]);
	}
}

/* What becomes of vector i of such sums, of row g: 4 pixels of each tile, of which `columns` there are from the first one's on. */
VEC void line_put(const int O, const float *m, int P, int64_t g, int64_t i, int64_t columns, float *to, few_end *e)
{
	vf y[8][LINE_TILE];
#pragma GCC unroll 8
	for (int o = 0; o < O; o++)
		line_result(m + ((g * LINE_POINTS * O + o) * P + i) * VF, O * P, y[o]);
#pragma GCC unroll 4
	for (int k = 0; k < LINE_TILE; k++, to += e->step) {
		few_vector at = { 0, to, fv_min(VF, fv_div_up(columns - k, LINE_TILE)) };
		vf v[8];
		if (at.lanes <= 0)
			return;
#pragma GCC unroll 8
		for (int o = 0; o < O; o++)
			v[o] = epilogue_act(e->end, e->bias ? vf_add(y[o][k], vf_set(e->bias[o])) : y[o][k]);
		if (e->noted)
			few_note(e, v, vm_first(at.lanes), O);
		few_put(v, &at, LINE_TILE * e->step, O, O <= 4 || VF == 4 ? 4 : 8);
	}
}

typedef struct {
	int vectors;                    /* at once */
	void (*sums)(const line_view *, float *);
	void (*put)(const float *m, int P, int64_t g, int64_t i, int64_t columns, float *to, few_end *e);
} line_fn;
#define LINE_SUMS(P, O, G)                                                                                      \
	static __attribute__((noinline)) void line_sums_##P##x##O(const line_view *s, float *m) { line_sums(P, O, G, s, m); }
#define LINE_PUT(O)                                                                                             \
	static __attribute__((noinline)) void line_put_##O(const float *m, int P, int64_t g, int64_t i, int64_t columns, float *to, few_end *e) \
	{                                                                                                       \
		line_put(O, m, P, g, i, columns, to, e);                                                        \
	}
#if VF == 16
LINE_SUMS(4, 1, 4) LINE_SUMS(2, 2, 4) LINE_SUMS(2, 3, 4) LINE_SUMS(2, 4, 2) LINE_SUMS(4, 5, 1) LINE_SUMS(4, 6, 1) LINE_SUMS(2, 7, 1) LINE_SUMS(2, 8, 1)
LINE_PUT(1) LINE_PUT(2) LINE_PUT(3) LINE_PUT(4) LINE_PUT(5) LINE_PUT(6) LINE_PUT(7) LINE_PUT(8)
static const line_fn line_list[] = {
	{ 4, line_sums_4x1, line_put_1 }, { 2, line_sums_2x2, line_put_2 }, { 2, line_sums_2x3, line_put_3 }, { 2, line_sums_2x4, line_put_4 },
	{ 4, line_sums_4x5, line_put_5 }, { 4, line_sums_4x6, line_put_6 }, { 2, line_sums_2x7, line_put_7 }, { 2, line_sums_2x8, line_put_8 },
};
#else
LINE_SUMS(2, 1, 4) LINE_SUMS(2, 2, 2) LINE_SUMS(2, 3, 2) LINE_SUMS(2, 4, 1)
LINE_PUT(1) LINE_PUT(2) LINE_PUT(3) LINE_PUT(4)
static const line_fn line_list[] = {
	{ 2, line_sums_2x1, line_put_1 }, { 2, line_sums_2x2, line_put_2 }, { 2, line_sums_2x3, line_put_3 }, { 2, line_sums_2x4, line_put_4 },
};
#endif

/* n floats that follow each other, by non-temporal stores but for the lines at both ends. */
static void line_stream(const float *from, float *to, int64_t n)
{
	int64_t i = fv_min(n, -(intptr_t)((uintptr_t)to / sizeof(float)) & (VF - 1));
	vf_store(to, vf_load(from, vm_first(i)), vm_first(i));
	for (; i + VF <= n; i += VF)
		vf_put(to + i, vf_loadu(from + i), true);
	vf_store(to + i, vf_load(from + i, vm_first(n - i)), vm_first(n - i));
}

/* Unit: a band of columns of some rows of one picture. ring: this thread's. */
static void line_block(const fv_conv *v, const line_sizes *s, const float *x, const prologue *start, const float *weights, int64_t unit,
                       float *ring, float *out, const epilogue *end, float *noted)
{
	int64_t per = s->down * s->across, n = unit / per, g0 = unit % per / s->across * s->rows, q0 = unit % s->across * s->tiles * LINE_TILE;
	int64_t rows = fv_min(s->rows, v->oh - g0), columns = fv_min(s->tiles * LINE_TILE, v->ow - q0), have = 0;
	int high = line_high(v->o);
	float *turned = ring + s->slots * s->slot, *made = turned + s->turned, m[LINE_POINTS * 24 * VF];
	/* A line of the cache may hold parts of pixels: what is written by non-temporal stores is written by rows. */
	bool non_temporal = end->non_temporal;
	few_end e[LINE_PASSES];
	for (int64_t o0 = 0; o0 < v->o; o0 += LINE_OUT) {
		few_end *to = &e[o0 / LINE_OUT];
		*to = (few_end){ .end = end, .bias = end->bias ? end->bias + o0 : NULL, .step = v->o, .noted = noted };
		for (int o = 0; o < 8; o++)
			to->sum[o] = to->square[o] = vf_zero();
	}
	for (int64_t g = 0; g < rows; g += high) {
		for (; have < g + s->slots; have++)
			line_row(v, s, x + n * v->h * v->w * v->c, start, g0 + have - v->top, q0, turned, ring + have % s->slots * s->slot);
		line_view view = { .channels = v->c, .step = LINE_POINTS * s->vectors * VF, .point = s->vectors * VF };
		for (int64_t o0 = 0; o0 < v->o; o0 += LINE_OUT) {
			int O = (int)fv_min(LINE_OUT, v->o - o0);
			const line_fn *f = &line_list[O - 1];
			view.weights = weights + o0 * LINE_POINTS * LINE_TAPS * v->c;
			int P = f->vectors;
			for (int64_t i = 0; i < s->vectors; i += P) {
				for (int64_t y = 0; y < s->slots; y++)
					view.row[y] = ring + (g + y) % s->slots * s->slot + i * VF;
				f->sums(&view, m);
				for (int64_t r = 0; r < fv_min(high, rows - g); r++)
					for (int64_t k = i; k < fv_min(i + P, s->vectors); k++) {
						int64_t first = k * VF * LINE_TILE, pixel = (n * v->oh + g0 + g + r) * v->ow + q0;
						float *to = non_temporal ? made + r * columns * v->o : out + pixel * v->o;
						f->put(m, P, r, k - i, columns - first, to + first * v->o + o0, &e[o0 / LINE_OUT]);
					}
			}
		}
		for (int64_t r = 0; r < fv_min(high, rows - g) && non_temporal; r++)
			line_stream(made + r * columns * v->o, out + ((n * v->oh + g0 + g + r) * v->ow + q0) * v->o, columns * v->o);
	}
	for (int64_t o0 = 0; o0 < v->o && noted; o0 += LINE_OUT)
		few_noted(&e[o0 / LINE_OUT], (int)fv_min(LINE_OUT, v->o - o0), rows * columns, v->o, o0, noted);
}
#endif
