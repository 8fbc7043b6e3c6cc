/* SPDX-License-Identifier: Apache-2.0 */
/* normalise_grad over HW or NHW: phase 0: a chunk's sums of dy and dy z; phase 1: merged in order; phase 2: apply. */
#include "device/cpu/chunks.h"
#include "device/cpu/epilogue.h"
#include "device/cpu/wide.h"

/* Two sums of each chunk, then the two means of each group. */
typedef struct { reduction of; room means; } sums;

typedef struct { const float *x, *dy, *y; float *dx; int64_t rows; float slope; bool non_temporal; } piece;

/* dy behind the activation; at is of vector 0. */
VEC vf masked(const piece *p, int64_t at, int i, const int wide, vm last, const bool mask)
{
	vf d = wide_load(p->dy + at, i, wide, last);
	return mask ? epilogue_mask(d, wide_load(p->y + at, i, wide, last), vf_set(p->slope)) : d;
}

/* Columns b .. of `rows` rows `width` apart: sums of dy and of dy z, two vectors a column. Fewer than WIDE vectors: some rows
 * side by side instead. */
VEC void sums_block(const piece *p, int64_t b, int64_t rows, int64_t width, const float *stats, int64_t step, vf *s, vf *q, const int wide,
                    vm last, const bool mask)
{
	const int side = wide_side(wide);
	vf mean[WIDE], r[WIDE];
	int64_t h = 0;
	wide_pairs(stats, step, width - b, wide, mean, r);
#pragma GCC unroll 4
	for (int i = 0; i < wide * side; i++)
		s[i] = q[i] = vf_zero();
	for (; h + side <= rows; h += side)
#pragma GCC unroll 4
		for (int i = 0; i < wide * side; i++) {
			int64_t at = (h + i / wide) * width + b;
			vf d = masked(p, at, i % wide, wide, last, mask);
			s[i] = vf_add(s[i], d);
			q[i] = vf_fma(d, vf_mul(vf_sub(wide_load(p->x + at, i % wide, wide, last), mean[i % wide]), r[i % wide]), q[i]);
		}
	for (; h < rows; h++)
#pragma GCC unroll 4
		for (int i = 0; i < wide; i++) {
			vf d = masked(p, h * width + b, i, wide, last, mask);
			s[i] = vf_add(s[i], d);
			q[i] = vf_fma(d, vf_mul(vf_sub(wide_load(p->x + h * width + b, i, wide, last), mean[i]), r[i]), q[i]);
		}
	wide_sum(s, wide);
	wide_sum(q, wide);
}

VEC void apply_block(const piece *p, int64_t b, int64_t rows, int64_t width, const float *stats, int64_t step, const float *means, int64_t inner,
                     const int wide, vm last, const bool mask)
{
	vf mean[WIDE], r[WIDE], md[WIDE], mz[WIDE];
	wide_pairs(stats, step, width - b, wide, mean, r);
#pragma GCC unroll 4
	for (int i = 0; i < wide; i++) {
		md[i] = step ? wide_load(means + b, i, wide, last) : vf_set(means[0]);
		mz[i] = step ? wide_load(means + inner + b, i, wide, last) : vf_set(means[1]);
	}
	for (int64_t h = 0; h < rows; h++)
#pragma GCC unroll 4
		for (int i = 0; i < wide; i++) {
			int64_t at = h * width + b;
			vf d = masked(p, at, i, wide, last, mask), z = vf_mul(vf_sub(wide_load(p->x + at, i, wide, last), mean[i]), r[i]);
			wide_put(p->dx + at, i, wide, last, vf_mul(r[i], vf_fnma(z, mz[i], vf_sub(d, md[i]))), p->non_temporal);
		}
}

/* One block of WIDE vectors or fewer of `rows` rows: sums to out, the second ones `inner` behind (apply: false), or dx. all: the
 * sums of a run, whose columns are no channels (step 0). */
VEC void block(const piece *p, int64_t b, int64_t rows, int64_t width, const float *s, int64_t step, int64_t inner, float *out,
               const float *means, const bool apply, const int wide, vm last, vf *all)
{
	const bool mask = p->y != NULL;
	vf sum[WIDE], sum_z[WIDE];
	if (apply) {
		if (mask)
			apply_block(p, b, rows, width, s, step, means, inner, wide, last, true);
		else
			apply_block(p, b, rows, width, s, step, means, inner, wide, last, false);
		return;
	}
	if (mask)
		sums_block(p, b, rows, width, s, step, sum, sum_z, wide, last, true);
	else
		sums_block(p, b, rows, width, s, step, sum, sum_z, wide, last, false);
	for (int i = 0; i < wide; i++)
		if (step == 0)
			all[0] = vf_add(all[0], sum[i]), all[1] = vf_add(all[1], sum_z[i]);
		else {
			wide_store(out + b, i, wide, last, sum[i]);
			wide_store(out + inner + b, i, wide, last, sum_z[i]);
		}
}

/* `rows` rows of `width` columns; out, means: two numbers a column, `inner` apart. */
static void blocks(const piece *p, int64_t rows, int64_t width, const float *stats, int64_t step, int64_t inner, float *out, const float *means,
                   bool apply)
{
	vf all[2] = { vf_zero(), vf_zero() };
	for (int64_t b = 0; b < width; b += WIDE * VF) {
		int64_t vectors = fv_min(WIDE, fv_div_up(width - b, VF));
		vm last = vm_first(width - b - (vectors - 1) * VF);
		const float *s = stats + b * step;
		if (vectors == 4 && apply)
			block(p, b, rows, width, s, step, inner, out, means, true, 4, last, all);
		else if (vectors == 4)
			block(p, b, rows, width, s, step, inner, out, means, false, 4, last, all);
		else if (vectors == 3)
			block(p, b, rows, width, s, step, inner, out, means, apply, 3, last, all);
		else if (vectors == 2)
			block(p, b, rows, width, s, step, inner, out, means, apply, 2, last, all);
		else
			block(p, b, rows, width, s, step, inner, out, means, apply, 1, last, all);
	}
	if (step == 0 && !apply)
		out[0] = vf_sum(all[0]), out[1] = vf_sum(all[1]);
}

/* A piece: whole vectors of rows side by side, then the rows that are left. stats: of this piece's groups. */
static void pieces(const piece *p, const reduction *f, const float *stats, float *out, const float *means, bool apply)
{
	int64_t inner = f->inner, side = wide_beside(inner), width = side * inner, lines = p->rows / side, done = lines * width;
	if (inner == 1 || side == 1 || lines < 1) {
		blocks(p, inner == 1 ? 1 : p->rows, inner == 1 ? p->rows : inner, stats, inner == 1 ? 0 : 2, inner, out, means, apply);
		return;
	}
	float pairs[2 * WIDE * VF] = { 0 }, wider[2][WIDE * VF] = { 0 }, more[2][WIDE * VF] = { 0 };
	piece rest = { p->x + done, p->dy + done, p->y ? p->y + done : NULL, apply ? p->dx + done : NULL, p->rows - lines * side, p->slope, false };
	wide_repeat(stats, inner, side, pairs);
	for (int64_t i = 0; i < width && apply; i++)
		wider[0][i] = means[i % inner], wider[1][i] = means[inner + i % inner];
	blocks(p, lines, width, pairs, 2, WIDE * VF, wider[0], wider[0], apply);
	blocks(&rest, rest.rows, inner, stats, 2, apply ? inner : WIDE * VF, more[0], means, apply);
	for (int64_t k = 0; k < inner && !apply; k++)
		for (int j = 0; j < 2; j++) {
			out[j * inner + k] = rest.rows ? more[j][k] : 0;
			for (int64_t i = k; i < width; i += inner)
				out[j * inner + k] += wider[j][i];
		}
}

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	sums f = { 0 };
	const char *why = work_reduction(w, n, n->shape, n->attr.normalise.axes, 2, 64, &f.of);
	w->phases = 3;
	if (!why) {
		w->units[2] = w->units[0];
		f.means = room_take(w, f.of.outer, 2 * f.of.inner);
	}
	work_keep(w, &f, sizeof f);
	return why;
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	sums all;
	work_own(c, &all, sizeof all);
	const reduction f = all.of;
	const fv_prologue *in = &c->node->attr.in;
	const float *stats = fv_f32(c->in[1]);
	if (c->phase == 1) {
		for (int64_t i = first * 64; i < fv_min(f.outer * f.inner, last * 64); i++) {
			int64_t o = i / f.inner, b = i % f.inner;
			double s = 0, q = 0;
			for (int64_t k = 0; k < f.chunks; k++) {
				const float *chunk = room_at(c, f.sums, o * f.chunks + k);
				s += chunk[b];
				q += chunk[f.inner + b];
			}
			room_at(c, all.means, o)[b] = (float)(s / (double)f.size);
			room_at(c, all.means, o)[f.inner + b] = (float)(q / (double)f.size);
		}
		return;
	}
	bool non_temporal = wide_non_temporal(c, f.inner);
	for (int64_t u = first; u < last; u++) {
		int64_t k = u % f.chunks, o1 = fv_min(f.outer, (u / f.chunks + 1) * f.group);
		for (int64_t o = u / f.chunks * f.group; o < o1; o++) {
			int64_t at = (o * f.size + k * f.rows) * f.inner;
			piece p = { fv_f32(c->in[0]) + at, fv_f32(c->in[2]) + at, in->mask ? fv_f32(c->in[3]) + at : NULL,
			            fv_f32(c->out[0]) + at, fv_min(f.rows, f.size - k * f.rows), in->slope, non_temporal };
			if (c->phase == 0)
				pieces(&p, &f, stats + 2 * o * f.inner, room_at(c, f.sums, o * f.chunks + k), NULL, false);
			else
				pieces(&p, &f, stats + 2 * o * f.inner, NULL, room_at(c, all.means, o), true);
		}
	}
	vf_non_temporal_end();
}

const fv_kernel FV_KERNEL(normalise_grad_chunks) = {
	.name = FV_KERNEL_NAME(normalise_grad_chunks), .op = &fv_op_normalise_grad, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
