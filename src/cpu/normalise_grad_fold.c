/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_grad over HW or NHW: phase 0: a chunk's sums of dy and dy z; phase 1: merged in order; phase 2: apply. */
#include "cpu/chunks.h"

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

/* Chunks' sums, then the two means of each group. */
static int64_t scratch(const fv_node *n, int threads)
{
	folds f = folds_for(n);
	return 2 * f.outer * (f.chunks + 1) * f.inner * (int64_t)sizeof(float);
}

typedef struct { const float *x, *dy, *y; float *dx; int64_t rows; float slope; } piece;

/* z and dy of one vector; a run (inner 1) goes along the rows, columns along the channels. */
VEC vf gated(const piece *p, int64_t at, vm m)
{
	vf d = vf_load(p->dy + at, m);
	return p->y ? vf_select(vf_gt(vf_load(p->y + at, m), vf_zero()), d, vf_mul(d, vf_set(p->slope))) : d;
}

VEC void statistics(const folds *f, const float *stats, int64_t o, int64_t b, vf *mean, vf *r)
{
	float pair[2][VF];
	const float *s = stats + 2 * (o * f->inner + b);
	for (int64_t i = 0; i < VF; i++) {
		int64_t at = fv_min(i, f->inner - b - 1);
		pair[0][i] = s[2 * at], pair[1][i] = s[2 * at + 1];
	}
	*mean = vf_loadu(pair[0]);
	*r = vf_loadu(pair[1]);
}

static void sums(const piece *p, const folds *f, const float *stats, int64_t o, float *out)
{
	const bool run = f->inner == 1;
	int64_t width = run ? p->rows : f->inner, rows = run ? 1 : p->rows;
	vf all = vf_zero(), all_z = vf_zero(), mean = vf_zero(), r = vf_zero();
	if (run) {
		mean = vf_set(stats[2 * o]);
		r = vf_set(stats[2 * o + 1]);
	}
	for (int64_t b = 0; b < width; b += VF) {
		vm m = vm_first(width - b);
		vf s = vf_zero(), q = vf_zero();
		if (!run)
			statistics(f, stats, o, b, &mean, &r);
		for (int64_t h = 0; h < rows; h++) {
			int64_t at = h * width + b;
			vf d = gated(p, at, m), z = vf_mul(vf_sub(vf_load(p->x + at, m), mean), r);
			s = vf_add(s, d);
			q = vf_fma(d, z, q);
		}
		if (run) {
			all = vf_add(all, s);
			all_z = vf_add(all_z, q);
		} else {
			vf_store(out + b, s, m);
			vf_store(out + f->inner + b, q, m);
		}
	}
	if (run)
		out[0] = vf_sum(all), out[1] = vf_sum(all_z);
}

static void apply(const piece *p, const folds *f, const float *stats, int64_t o, const float *means)
{
	const bool run = f->inner == 1;
	int64_t width = run ? p->rows : f->inner, rows = run ? 1 : p->rows;
	vf mean = vf_zero(), r = vf_zero(), md = vf_zero(), mz = vf_zero();
	if (run) {
		mean = vf_set(stats[2 * o]);
		r = vf_set(stats[2 * o + 1]);
		md = vf_set(means[0]);
		mz = vf_set(means[1]);
	}
	for (int64_t b = 0; b < width; b += VF) {
		vm m = vm_first(width - b);
		if (!run) {
			statistics(f, stats, o, b, &mean, &r);
			md = vf_load(means + b, m);
			mz = vf_load(means + f->inner + b, m);
		}
		for (int64_t h = 0; h < rows; h++) {
			int64_t at = h * width + b;
			vf d = gated(p, at, m), z = vf_mul(vf_sub(vf_load(p->x + at, m), mean), r);
			vf_store(p->dx + at, vf_mul(r, vf_fnma(z, mz, vf_sub(d, md))), m);
		}
	}
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	folds f = folds_for(c->node);
	fv_normalise_attr a = c->node->attr.normalise;
	const float *stats = fv_f32(c->in[1]);
	float *part = c->scratch, *means = part + 2 * f.outer * f.chunks * f.inner;
	if (c->phase == 1) {
		for (int64_t i = first * 64; i < fv_min(f.outer * f.inner, last * 64); i++) {
			int64_t o = i / f.inner, b = i % f.inner;
			double s = 0, q = 0;
			for (int64_t k = 0; k < f.chunks; k++) {
				s += part[2 * (o * f.chunks + k) * f.inner + b];
				q += part[(2 * (o * f.chunks + k) + 1) * f.inner + b];
			}
			means[2 * o * f.inner + b] = (float)(s / (double)f.size);
			means[(2 * o + 1) * f.inner + b] = (float)(q / (double)f.size);
		}
		return;
	}
	for (int64_t u = first; u < last; u++) {
		int64_t k = u % f.chunks, o1 = fv_min(f.outer, (u / f.chunks + 1) * f.group);
		for (int64_t o = u / f.chunks * f.group; o < o1; o++) {
			int64_t at = (o * f.size + k * f.rows) * f.inner;
			piece p = { fv_f32(c->in[0]) + at, fv_f32(c->in[2]) + at, a.gate ? fv_f32(c->in[3]) + at : NULL,
			            fv_f32(c->out[0]) + at, fv_min(f.rows, f.size - k * f.rows), a.slope };
			if (c->phase == 0)
				sums(&p, &f, stats, o, part + 2 * (o * f.chunks + k) * f.inner);
			else
				apply(&p, &f, stats, o, means + 2 * o * f.inner);
		}
	}
}

const fv_kernel FV_KERNEL(normalise_grad_fold) = {
	.name = FV_KERNEL_NAME(normalise_grad_fold), .op = &fv_op_normalise_grad, .needs = FV_ISA_BITS, .supports = supports,
	.phases = 3, .units = units, .scratch = scratch, .run = run,
};
