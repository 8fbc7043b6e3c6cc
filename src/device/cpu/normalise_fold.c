/* SPDX-License-Identifier: Apache-2.0 */
/* normalise over neighbouring axes (HW, NHW, HWC).
 *
 * Phase 0: mean and sum of squared distances of each chunk, about the chunk's own mean, while it lies in cache;
 * phase 1: chunks merged in order in double (Chan, Golub, LeVeque 1983); phase 2: apply, activation, residual. Statistics that are given are
 * passed on in phase 1. */
#include "device/cpu/chunks.h"
#include "device/cpu/moments.h"
#include <math.h>

static bool supports(const fv_node *n, const char **why)
{
	folds f;
	*why = !all_f32(n) ? "only float" : !folds_of(n->shape, n->attr.normalise.axes, &f) ? "only neighbouring axes" : NULL;
	return !*why;
}

static folds folds_for(const fv_node *n)
{
	folds f;
	folds_of(n->shape, n->attr.normalise.axes, &f);
	return f;
}

static int64_t units(const fv_node *n, int phase)
{
	folds f = folds_for(n);
	return phase == 1 ? fv_div_up(f.outer * f.inner, 64) : phase == 0 && n->attr.normalise.given ? 0 : folds_units(&f);
}

/* Two numbers a chunk, outer and inner. */
static int64_t scratch(const fv_node *n, int threads)
{
	folds f = folds_for(n);
	return 2 * f.outer * f.chunks * f.inner * (int64_t)sizeof(float);
}

/* Chan, Golub, LeVeque 1983: n values with their mean and sum of squared distances from it, and m more. */
VEC void join(double *n, double *mean, double *square, double m, double more_mean, double more_square)
{
	double d = more_mean - *mean;
	*mean += d * m / (*n + m);
	*square += more_square + d * d * *n * m / (*n + m);
	*n += m;
}

static void measure_columns(const float *x, int64_t rows, int64_t inner, float *mean, float *square)
{
	int64_t side = wide_fold(inner), folded = rows / side, rest = rows - folded * side;
	float m[2][WIDE * VF], q[2][WIDE * VF];
	if (side == 1 || folded < 4) {
		moments_of(x, rows, inner, inner, mean, square);
		return;
	}
	moments_of(x, folded, side * inner, side * inner, m[0], q[0]);
	if (rest)
		moments_of(x + folded * side * inner, rest, inner, inner, m[1], q[1]);
	for (int64_t k = 0; k < inner; k++) {
		double n = 0, all = 0, squares = 0;
		for (int64_t i = k; i < side * inner; i += inner)
			join(&n, &all, &squares, (double)folded, m[0][i], q[0][i]);
		if (rest)
			join(&n, &all, &squares, (double)rest, m[1][k], q[1][k]);
		mean[k] = (float)all;
		square[k] = (float)squares;
	}
}

static void measure_run(const float *x, int64_t n, float *mean, float *square)
{
	vf s = vf_zero(), q = vf_zero(), rest = vf_zero();
	for (int64_t i = 0; i < n; i += VF)
		s = vf_add(s, vf_load(x + i, vm_first(n - i)));
	*mean = vf_sum(s) / (float)n;
	for (int64_t i = 0; i < n; i += VF) {
		vm m = vm_first(n - i);
		vf d = vf_select(m, vf_sub(vf_load(x + i, m), vf_set(*mean)), vf_zero());
		rest = vf_add(rest, d);
		q = vf_fma(d, d, q);
	}
	float off = vf_sum(rest) / (float)n;
	*mean += off;
	*square = vf_sum(q) - off * off * (float)n;
}

static void merge(const folds *f, const float *part, int64_t i, double eps, float *stats)
{
	double n = 0, mean = 0, square = 0;
	for (int64_t k = 0; k < f->chunks; k++) {
		const float *p = part + 2 * ((i / f->inner * f->chunks + k) * f->inner) + i % f->inner;
		join(&n, &mean, &square, (double)fv_min(f->rows, f->size - k * f->rows), p[0], p[f->inner]);
	}
	stats[2 * i] = (float)mean;
	stats[2 * i + 1] = (float)(1 / sqrt(square / n + eps));
}

typedef struct { const float *x, *residual; float *y; const float *stats; int64_t outer, rows; bool past; } piece;

/* Columns b .. of `rows` rows `width` apart; s: mean and factor of each column, `step` apart. */
VEC void apply_block(const piece *p, int64_t b, int64_t rows, int64_t width, const float *s, int64_t step, const bool act, const bool residual,
                     float slope, const int wide, vm last)
{
	vf zero = vf_zero(), down = vf_set(slope), vmean[WIDE], vr[WIDE];
	wide_pairs(s, step, width - b, wide, vmean, vr);
	for (int64_t h = 0; h < rows; h++)
#pragma GCC unroll 4
		for (int i = 0; i < wide; i++) {
			int64_t at = h * width + b;
			vf v = vf_mul(vf_sub(wide_load(p->x + at, i, wide, last), vmean[i]), vr[i]);
			if (act)
				v = vf_select(vf_ge(zero, v), vf_mul(v, down), v);
			if (residual)
				v = vf_add(v, wide_load(p->residual + at, i, wide, last));
			wide_put(p->y + at, i, wide, last, v, p->past);
		}
}

/* `rows` rows of `width` columns; s: their pairs, `step` apart. */
VEC void apply_rows(const piece *p, int64_t rows, int64_t width, const float *s, int64_t step, const bool act, const bool residual, float slope)
{
	for (int64_t b = 0; b < width; b += WIDE * VF) {
		int64_t vectors = fv_min(WIDE, fv_div_up(width - b, VF));
		vm last = vm_first(width - b - (vectors - 1) * VF);
		const float *at = s + b * step;
		if (vectors == 4)
			apply_block(p, b, rows, width, at, step, act, residual, slope, 4, last);
		else if (vectors == 3)
			apply_block(p, b, rows, width, at, step, act, residual, slope, 3, last);
		else if (vectors == 2)
			apply_block(p, b, rows, width, at, step, act, residual, slope, 2, last);
		else
			apply_block(p, b, rows, width, at, step, act, residual, slope, 1, last);
	}
}

/* act: with a slope below zero. Columns: statistics by channel; a run: one pair for all. */
VEC void apply(const piece *p, const folds *f, const bool act, const bool residual, float slope)
{
	const float *s = p->stats + 2 * p->outer * f->inner;
	int64_t inner = f->inner, side = wide_fold(inner), folded = p->rows / side, done = folded * side * inner;
	if (inner == 1) {
		apply_rows(p, 1, p->rows, s, 0, act, residual, slope);
		return;
	}
	if (side == 1) {
		apply_rows(p, p->rows, inner, s, 2, act, residual, slope);
		return;
	}
	float pairs[2 * WIDE * VF];
	piece rest = { p->x + done, p->residual ? p->residual + done : NULL, p->y + done, p->stats, p->outer, p->rows - folded * side, false };
	wide_repeat(s, inner, side, pairs);
	apply_rows(p, folded, side * inner, pairs, 2, act, residual, slope);
	apply_rows(&rest, rest.rows, inner, s, 2, act, residual, slope);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	folds f = folds_for(c->node);
	fv_normalise_attr a = c->node->attr.normalise;
	float *part = c->scratch, *stats = fv_f32(c->out[1]);
	if (c->phase == 1) {
		for (int64_t i = first * 64; i < fv_min(f.outer * f.inner, last * 64); i++)
			if (a.given)
				memcpy(stats + 2 * i, fv_f32(c->in[2]) + 2 * i, 2 * sizeof *stats);
			else
				merge(&f, part, i, a.eps, stats);
		return;
	}
	bool past = wide_past(c, f.inner);
	for (int64_t u = first; u < last; u++) {
		int64_t k = u % f.chunks, o1 = fv_min(f.outer, (u / f.chunks + 1) * f.group);
		for (int64_t o = u / f.chunks * f.group; o < o1; o++) {
			int64_t at = (o * f.size + k * f.rows) * f.inner, rows = fv_min(f.rows, f.size - k * f.rows);
			float *sums = part + 2 * (o * f.chunks + k) * f.inner;
			if (c->phase == 0) {
				if (f.inner == 1)
					measure_run(fv_f32(c->in[0]) + at, rows, sums, sums + 1);
				else
					measure_columns(fv_f32(c->in[0]) + at, rows, f.inner, sums, sums + f.inner);
				continue;
			}
			piece p = { fv_f32(c->in[0]) + at, a.residual ? fv_f32(c->in[1]) + at : NULL, fv_f32(c->out[0]) + at, stats, o, rows, past };
			if (a.act != FV_ACT_NONE && a.residual)
				apply(&p, &f, true, true, a.slope);
			else if (a.act != FV_ACT_NONE)
				apply(&p, &f, true, false, a.slope);
			else if (a.residual)
				apply(&p, &f, false, true, 0);
			else
				apply(&p, &f, false, false, 0);
		}
	}
	vf_past_end();
}

const fv_kernel FV_KERNEL(normalise_fold) = {
	.name = FV_KERNEL_NAME(normalise_fold), .op = &fv_op_normalise, .needs = FV_ISA_BITS, .supports = supports,
	.phases = 3, .units = units, .scratch = scratch, .run = run,
};
