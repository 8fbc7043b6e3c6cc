/* SPDX-License-Identifier: Apache-2.0 */
/* reduce over neighbouring axes: chunks are summed in float, the chunks' sums merged in order in double.
 * Phase 0: sums of chunks into scratch; phase 1: merge. */
#include "device/cpu/chunks.h"

/* Four accumulators: each holds a quarter of the values, so that rounding stays small. */
VEC float sum_run(const float *x, int64_t n)
{
	vf s[4] = { vf_zero(), vf_zero(), vf_zero(), vf_zero() };
	int64_t i = 0;
	for (; i + 4 * VF <= n; i += 4 * VF)
		for (int k = 0; k < 4; k++)
			s[k] = vf_add(s[k], vf_loadu(x + i + k * VF));
	for (; i < n; i += VF)
		s[0] = vf_add(s[0], vf_load(x + i, vm_first(n - i)));
	return vf_sum(vf_add(vf_add(s[0], s[1]), vf_add(s[2], s[3])));
}

static void chunk(const reduction *f, const float *x, float *sum, int64_t rows)
{
	if (f->inner == 1) {
		*sum = sum_run(x, rows);
		return;
	}
	for (int64_t b = 0; b < f->inner; b += VF) {
		vm m = vm_first(f->inner - b);
		vf s = vf_zero(), t = vf_zero();
		int64_t r = 0;
		for (; r + 2 <= rows; r += 2) {
			s = vf_add(s, vf_load(x + r * f->inner + b, m));
			t = vf_add(t, vf_load(x + (r + 1) * f->inner + b, m));
		}
		if (r < rows)
			s = vf_add(s, vf_load(x + r * f->inner + b, m));
		vf_store(sum + b, vf_add(s, t), m);
	}
}

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	reduction f = { 0 };
	const char *why = work_reduction(w, n, n->in[0]->shape, n->attr.reduce.axes, 1, CHUNK, &f);
	work_keep(w, &f, sizeof f);
	return why;
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	reduction f;
	work_own(c, &f, sizeof f);
	const float *x = fv_f32(c->in[0]);
	float *y = fv_f32(c->out[0]);
	if (c->phase == 0) {
		for (int64_t u = first; u < last; u++) {
			int64_t k = u % f.chunks, o1 = fv_min(f.outer, (u / f.chunks + 1) * f.group);
			for (int64_t o = u / f.chunks * f.group; o < o1; o++)
				chunk(&f, x + (o * f.size + k * f.rows) * f.inner, room_at(c, f.sums, o * f.chunks + k), fv_min(f.rows, f.size - k * f.rows));
		}
		return;
	}
	double scale = c->node->attr.reduce.kind == FV_MEAN ? 1.0 / (double)f.size : 1;
	for (int64_t i = first * CHUNK; i < fv_min(f.outer * f.inner, last * CHUNK); i++) {
		double sum = 0;
		for (int64_t k = 0; k < f.chunks; k++)
			sum += room_at(c, f.sums, i / f.inner * f.chunks + k)[i % f.inner];
		y[i] = (float)(sum * scale);
	}
}

const fv_kernel FV_KERNEL(reduce_chunks) = {
	.name = FV_KERNEL_NAME(reduce_chunks), .op = &fv_op_reduce, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
