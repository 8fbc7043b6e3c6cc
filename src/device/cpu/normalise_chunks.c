/* SPDX-License-Identifier: Apache-2.0 */
/* normalise over neighbouring axes (HW, NHW, HWC).
 *
 * Phase 0: mean and sum of squared distances of each chunk, about the chunk's own mean, while it lies in cache;
 * phase 1: chunks merged in order in double (Chan, Golub, LeVeque 1983); phase 2: apply, activation, residual. Statistics that are given are
 * passed on in phase 1. */
#include "device/cpu/chunks.h"
#include "device/cpu/moments.h"
#include "device/cpu/prologue.h"
#include "op/moments.h"
#include <math.h>

static void measure_columns(const float *x, int64_t rows, int64_t inner, float *mean, float *square)
{
	int64_t side = wide_beside(inner), lines = rows / side, rest = rows - lines * side;
	float m[2][WIDE * VF], q[2][WIDE * VF];
	if (side == 1 || lines < 4) {
		moments_of(x, rows, inner, inner, mean, square);
		return;
	}
	moments_of(x, lines, side * inner, side * inner, m[0], q[0]);
	if (rest)
		moments_of(x + lines * side * inner, rest, inner, inner, m[1], q[1]);
	for (int64_t k = 0; k < inner; k++) {
		double n = 0, all = 0, squares = 0;
		for (int64_t i = k; i < side * inner; i += inner)
			fv_moments_join(&n, &all, &squares, (double)lines, m[0][i], q[0][i]);
		if (rest)
			fv_moments_join(&n, &all, &squares, (double)rest, m[1][k], q[1][k]);
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

static void merge(const reduction *f, const fv_call *c, int64_t i, double eps, float *stats)
{
	double n = 0, mean = 0, square = 0;
	for (int64_t k = 0; k < f->chunks; k++) {
		const float *p = room_at(c, f->sums, i / f->inner * f->chunks + k) + i % f->inner;
		fv_moments_join(&n, &mean, &square, (double)fv_min(f->rows, f->size - k * f->rows), p[0], p[f->inner]);
	}
	stats[2 * i] = (float)mean;
	stats[2 * i + 1] = (float)(1 / sqrt(square / n + eps));
}

typedef struct { const float *x, *residual; float *y; const float *stats; int64_t outer, rows; bool non_temporal; } piece;

/* Columns b .. of `rows` rows `width` apart; s: mean and factor of each column, `step` apart. */
VEC void apply_block(const piece *p, int64_t b, int64_t rows, int64_t width, const float *s, int64_t step, const bool act, const bool residual,
                     float slope, const int wide, vm last)
{
	vf down = vf_set(slope), vmean[WIDE], vr[WIDE];
	wide_pairs(s, step, width - b, wide, vmean, vr);
	for (int64_t h = 0; h < rows; h++)
#pragma GCC unroll 4
		for (int i = 0; i < wide; i++) {
			int64_t at = h * width + b;
			vf x = wide_load(p->x + at, i, wide, last), v = act ? prologue_value(x, vmean[i], vr[i], down) : vf_mul(vf_sub(x, vmean[i]), vr[i]);
			if (residual)
				v = vf_add(v, wide_load(p->residual + at, i, wide, last));
			wide_put(p->y + at, i, wide, last, v, p->non_temporal);
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
VEC void apply(const piece *p, const reduction *f, const bool act, const bool residual, float slope)
{
	const float *s = p->stats + 2 * p->outer * f->inner;
	int64_t inner = f->inner, side = wide_beside(inner), lines = p->rows / side, done = lines * side * inner;
	if (inner == 1) {
		apply_rows(p, 1, p->rows, s, 0, act, residual, slope);
		return;
	}
	if (side == 1) {
		apply_rows(p, p->rows, inner, s, 2, act, residual, slope);
		return;
	}
	float pairs[2 * WIDE * VF];
	piece rest = { p->x + done, p->residual ? p->residual + done : NULL, p->y + done, p->stats, p->outer, p->rows - lines * side, false };
	wide_repeat(s, inner, side, pairs);
	apply_rows(p, lines, side * inner, pairs, 2, act, residual, slope);
	apply_rows(&rest, rest.rows, inner, s, 2, act, residual, slope);
}

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	reduction f = { 0 };
	const char *why = work_reduction(w, n, n->shape, n->attr.normalise.axes, 2, 64, &f);
	w->phases = 3;
	w->units[2] = why ? 0 : reduction_units(&f);
	w->units[0] = n->attr.in.stats ? 0 : w->units[0];
	work_keep(w, &f, sizeof f);
	return why;
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	reduction f;
	const fv_epilogue *out = &c->node->attr.out;
	float *stats = fv_f32(c->out[1]);
	work_own(c, &f, sizeof f);
	if (c->phase == 1) {
		for (int64_t i = first * 64; i < fv_min(f.outer * f.inner, last * 64); i++)
			if (c->node->attr.in.stats)
				memcpy(stats + 2 * i, fv_f32(c->in[2]) + 2 * i, 2 * sizeof *stats);
			else
				merge(&f, c, i, c->node->attr.normalise.eps, stats);
		return;
	}
	bool non_temporal = wide_non_temporal(c, f.inner);
	for (int64_t u = first; u < last; u++) {
		int64_t k = u % f.chunks, o1 = fv_min(f.outer, (u / f.chunks + 1) * f.group);
		for (int64_t o = u / f.chunks * f.group; o < o1; o++) {
			int64_t at = (o * f.size + k * f.rows) * f.inner, rows = fv_min(f.rows, f.size - k * f.rows);
			float *sums = room_at(c, f.sums, o * f.chunks + k);
			if (c->phase == 0) {
				if (f.inner == 1)
					measure_run(fv_f32(c->in[0]) + at, rows, sums, sums + 1);
				else
					measure_columns(fv_f32(c->in[0]) + at, rows, f.inner, sums, sums + f.inner);
				continue;
			}
			piece p = { fv_f32(c->in[0]) + at, out->residual ? fv_f32(c->in[1]) + at : NULL, fv_f32(c->out[0]) + at, stats, o, rows, non_temporal };
			if (out->act != FV_ACT_NONE && out->residual)
				apply(&p, &f, true, true, out->slope);
			else if (out->act != FV_ACT_NONE)
				apply(&p, &f, true, false, out->slope);
			else if (out->residual)
				apply(&p, &f, false, true, 0);
			else
				apply(&p, &f, false, false, 0);
		}
	}
	vf_non_temporal_end();
}

const fv_kernel FV_KERNEL(normalise_chunks) = {
	.name = FV_KERNEL_NAME(normalise_chunks), .op = &fv_op_normalise, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
