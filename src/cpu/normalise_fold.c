/* SPDX-License-Identifier: Apache-2.0 */
/* normalise over neighbouring axes (HW, NHW, HWC).
 *
 * Phase 0: mean and sum of squared distances of each chunk, about the chunk's own mean, while it lies in cache;
 * phase 1: chunks merged in order in double (Chan, Golub, LeVeque 1983); phase 2: apply, activation, residual. */
#include "cpu/chunks.h"
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
	return phase == 1 ? fv_div_up(f.outer * f.inner, 64) : folds_units(&f);
}

/* Two numbers a chunk, outer and inner. */
static int64_t scratch(const fv_node *n, int threads)
{
	folds f = folds_for(n);
	return 2 * f.outer * f.chunks * f.inner * (int64_t)sizeof(float);
}

#define WIDE 4                           /* vectors of columns side by side: whole lines, and sums that need not wait for each other */

/* A long sum of bright values drifts; the sum of distances from it says by how much (the corrected two-pass form). */
static void measure_columns(const float *x, int64_t rows, int64_t inner, float *mean, float *square)
{
	vf per = vf_set(1 / (float)rows);
	int64_t b = 0;
	for (; b + WIDE * VF <= inner; b += WIDE * VF) {
		vf s[WIDE], q[WIDE], rest[WIDE];
#pragma GCC unroll 4
		for (int i = 0; i < WIDE; i++)
			s[i] = q[i] = rest[i] = vf_zero();
		for (int64_t r = 0; r < rows; r++)
#pragma GCC unroll 4
			for (int i = 0; i < WIDE; i++)
				s[i] = vf_add(s[i], vf_loadu(x + r * inner + b + i * VF));
#pragma GCC unroll 4
		for (int i = 0; i < WIDE; i++)
			s[i] = vf_mul(s[i], per);
		for (int64_t r = 0; r < rows; r++)
#pragma GCC unroll 4
			for (int i = 0; i < WIDE; i++) {
				vf d = vf_sub(vf_loadu(x + r * inner + b + i * VF), s[i]);
				rest[i] = vf_add(rest[i], d);
				q[i] = vf_fma(d, d, q[i]);
			}
#pragma GCC unroll 4
		for (int i = 0; i < WIDE; i++) {
			rest[i] = vf_mul(rest[i], per);
			vf_storeu(mean + b + i * VF, vf_add(s[i], rest[i]));
			vf_storeu(square + b + i * VF, vf_fnma(vf_mul(rest[i], rest[i]), vf_set((float)rows), q[i]));
		}
	}
	for (; b < inner; b += VF) {
		vm m = vm_first(inner - b);
		vf s = vf_zero(), q = vf_zero(), rest = vf_zero();
		for (int64_t r = 0; r < rows; r++)
			s = vf_add(s, vf_load(x + r * inner + b, m));
		s = vf_mul(s, per);
		for (int64_t r = 0; r < rows; r++) {
			vf d = vf_sub(vf_load(x + r * inner + b, m), s);
			rest = vf_add(rest, d);
			q = vf_fma(d, d, q);
		}
		rest = vf_mul(rest, per);
		vf_store(mean + b, vf_add(s, rest), m);
		vf_store(square + b, vf_fnma(vf_mul(rest, rest), vf_set((float)rows), q), m);
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
		double here = (double)fv_min(f->rows, f->size - k * f->rows), d = p[0] - mean;
		mean += d * here / (n + here);
		square += p[f->inner] + d * d * n * here / (n + here);
		n += here;
	}
	stats[2 * i] = (float)mean;
	stats[2 * i + 1] = (float)(1 / sqrt(square / n + eps));
}

typedef struct { const float *x, *residual; float *y; const float *stats; int64_t outer, rows; } piece;

/* act: 0 none, 1 with a slope below zero. Columns: statistics by channel; a run: one pair for all. */
VEC void apply(const piece *p, const folds *f, const bool act, const bool residual, float slope)
{
	vf zero = vf_zero(), down = vf_set(slope);
	const bool run = f->inner == 1;
	int64_t width = run ? p->rows : f->inner, rows = run ? 1 : p->rows, b = 0;
	for (; !run && b + WIDE * VF <= width; b += WIDE * VF) {
		const float *s = p->stats + 2 * (p->outer * f->inner + b);
		float mean[WIDE * VF], r[WIDE * VF];
		vf vmean[WIDE], vr[WIDE];
		for (int64_t i = 0; i < WIDE * VF; i++)
			mean[i] = s[2 * i], r[i] = s[2 * i + 1];
#pragma GCC unroll 4
		for (int i = 0; i < WIDE; i++)
			vmean[i] = vf_loadu(mean + i * VF), vr[i] = vf_loadu(r + i * VF);
		for (int64_t h = 0; h < rows; h++)
#pragma GCC unroll 4
			for (int i = 0; i < WIDE; i++) {
				int64_t at = h * width + b + i * VF;
				vf v = vf_mul(vf_sub(vf_loadu(p->x + at), vmean[i]), vr[i]);
				if (act)
					v = vf_select(vf_ge(zero, v), vf_mul(v, down), v);
				if (residual)
					v = vf_add(v, vf_loadu(p->residual + at));
				vf_storeu(p->y + at, v);
			}
	}
	for (; b < width; b += VF) {
		vm m = vm_first(width - b);
		const float *s = p->stats + 2 * (p->outer * f->inner + (run ? 0 : b));
		float mean[VF], r[VF];
		for (int64_t i = 0; i < VF; i++) {
			int64_t at = run ? 0 : fv_min(i, width - b - 1);
			mean[i] = s[2 * at], r[i] = s[2 * at + 1];
		}
		vf vmean = vf_loadu(mean), vr = vf_loadu(r);
		for (int64_t h = 0; h < rows; h++) {
			int64_t at = h * width + b;
			vf v = vf_mul(vf_sub(vf_load(p->x + at, m), vmean), vr);
			if (act)
				v = vf_select(vf_ge(zero, v), vf_mul(v, down), v);
			if (residual)
				v = vf_add(v, vf_load(p->residual + at, m));
			vf_store(p->y + at, v, m);
		}
	}
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	folds f = folds_for(c->node);
	fv_normalise_attr a = c->node->attr.normalise;
	float *part = c->scratch, *stats = fv_f32(c->out[1]);
	if (c->phase == 1) {
		for (int64_t i = first * 64; i < fv_min(f.outer * f.inner, last * 64); i++)
			merge(&f, part, i, a.eps, stats);
		return;
	}
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
			piece p = { fv_f32(c->in[0]) + at, a.residual ? fv_f32(c->in[1]) + at : NULL, fv_f32(c->out[0]) + at, stats, o, rows };
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
}

const fv_kernel FV_KERNEL(normalise_fold) = {
	.name = FV_KERNEL_NAME(normalise_fold), .op = &fv_op_normalise, .needs = FV_ISA_BITS, .supports = supports,
	.phases = 3, .units = units, .scratch = scratch, .run = run,
};
