/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dw, any size, stride, groups and padding.
 *
 *	dw[o][i][jc] = sum over rows p, columns q of dy[p][q][o] x[p s + i - top][(q s - left) C + jc]
 *
 * For one kernel row i, a row of x with its padding resolved holds the patches of all q as overlapping pieces s C
 * apart: the product runs over q and reads them in place, no patch is copied. Under bf16 (gemm.h) pairs are of
 * neighbouring q: each place of x's row is paired with the one s C further, each of dy's with the next pixel's.
 *
 * Gathered: where rows are short, a product a row would read and write all of dw for a few places of depth. There the
 * patches of many rows are copied, until DEPTH places are together.
 *
 *	phase 0		unit: one group, one kernel row, one stretch of output rows; sums into a partial dw of its own
 *	phase 1		the partials are added in order of stretches; unit: one output channel and kernel row */
#include "device/cpu/gemm.h"
#include "device/cpu/work.h"
#include "op/conv.h"
#include <math.h>

enum { UNITS = 24, ROWS = 8 };          /* units aimed at; output rows a stretch at least */
enum { SHORT = 48, DEPTH = 256 };       /* pixels of a row that is gathered, at most; places of depth at a time */
enum { NEAR = 1 << 14 };                /* floats of the nearest cache, about */

typedef struct {
	fv_conv v;
	int64_t cg, og, run;            /* run: kw cg, a row of columns */
	gemm_panels panels;
	int64_t height;                 /* og in whole tiles */
	int64_t stretches, rows;        /* of output rows, over all pictures */
	int64_t band, pairs, partial;   /* floats: a row of x, that in pairs, one partial of a unit */
	int64_t depth;                  /* of a row's product, in places */
	int64_t dy_step;                /* floats: from place to place of what is copied of dy */
	bool gathered, copy_x, copy_dy;
	room partials, mine;            /* of each unit; each thread's row of x, pairs, what is copied of dy, and patches */
} problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	if (n->type != FV_F32)
		return "only float";
	const fv_conv *v = &p.v;
	p.cg = v->c / v->groups;
	p.og = v->o / v->groups;
	p.run = v->kw * p.cg;
	p.panels = gemm_panels_of(p.run);
	p.height = fv_div_up(p.og, GEMM_ROWS) * GEMM_ROWS;
	int64_t rows = v->n * v->oh;
	/* A small dw stays in the nearest cache, whoever adds to it. */
	p.gathered = v->ow <= SHORT && p.og >= GEMM_ROWS && p.og * p.run > NEAR;
	p.stretches = fv_max(1, fv_min(fv_div_up(UNITS, v->kh * v->groups),
	                               p.gathered ? rows * v->ow / DEPTH : rows / ROWS));
	p.rows = fv_div_up(rows, p.stretches);
	p.stretches = fv_div_up(rows, p.rows);
	p.partial = p.height * p.panels.width;
	/* In place where whole vectors and tiles stay inside their row. */
	bool inside = v->left <= 0 && (v->ow - 1) * v->stride + v->kw - v->left <= v->w;
	p.copy_x = GEMM_PAIR > 1 || v->groups > 1 || !inside || p.panels.width != p.run;
	p.copy_dy = GEMM_PAIR > 1 || v->groups > 1 || p.og % gemm_heights[p.panels.nv - 1][0] || p.og % gemm_heights[p.panels.rest - 1][0];
	p.band = fv_div_up(((v->ow - 1) * v->stride + v->kw) * p.cg + p.panels.width, 16) * 16;
	p.depth = fv_div_up(v->ow, GEMM_PAIR);
	p.pairs = GEMM_PAIR > 1 ? p.band + VF : 0;
	p.band += GEMM_PAIR > 1 ? 2 * v->stride * p.cg + VF : 0;
	/* One line more: at a power of two all places would share a few sets of the cache. */
	p.dy_step = p.gathered ? fv_div_up(p.height, 16) * 16 + 16 : p.height;
	/* The last vector of the last row spills. */
	int64_t dys = (p.gathered ? DEPTH : p.depth) * p.dy_step + 16, patches = p.gathered ? DEPTH * p.panels.width : 0;
	p.partials = room_take(w, v->groups * v->kh * p.stretches, p.partial);
	p.mine = room_take(w, threads, p.band + p.pairs + dys + patches);
	w->phases = 2;
	w->units[0] = v->groups * v->kh * p.stretches;
	w->units[1] = v->o * v->kh;
	w->grain[1] = 8;
	double products = (double)(rows * v->kh * v->groups), size = (double)p.partial;
	double height = (double)(fv_div_up(p.og, 3) * 3), width = (double)p.panels.width, ow = (double)v->ow;
	double depth = ow + (p.og < 6 ? ow / 2 : 0);            /* thin tiles wait for their sums */
	double sums = 2 * height * width / (p.gathered ? fmax(1, fmin(DEPTH / depth, (double)p.rows)) : 1);
	double copied = p.gathered ? (double)p.band + (double)p.depth * (double)(p.dy_step + p.panels.width)
	                           : (double)((p.copy_x ? p.band : 0) + (p.copy_dy ? dys : 0));
	w->seconds = products * (2 * depth * height * width / GEMM_RATE + sums / GEMM_COPY + 8 * copied / GEMM_COPY) +
	             8 * (double)(p.stretches * v->kh * v->groups) * size / GEMM_COPY + 3e-6;
	work_keep(w, &p, sizeof p);
	return NULL;
}

/* The columns that row r of x offers to all q. What a copy spills is overwritten by the next; the end has room. */
static void band_of(const problem *p, const float *row, int64_t c0, float *to)
{
	const fv_conv *v = &p->v;
	int64_t count = (v->ow - 1) * v->stride + v->kw;
	for (int64_t j = 0; j < count; j++) {
		int64_t s = fv_pad_index(j - v->left, v->w, v->kind);
		int64_t n = p->cg == v->c && s >= 0 && s == j - v->left ? fv_min(count - j, v->w - s) : 1;
		if (s >= 0)
			gemm_copy(to + j * p->cg, row + s * v->c + c0, n * p->cg);
		else
			for (int64_t c = 0; c < p->cg; c += VF)
				vf_storeu(to + j * p->cg + c, vf_zero());
		j += n - 1;
	}
}

/* n numbers, each beside the one `apart` further on. */
static void pair(float *to, const float *from, int64_t apart, int64_t n)
{
	for (int64_t i = 0; i < n; i += VF)
		vf_storeu(to + i, gemm_pair(vf_loadu(from + i), vf_loadu(from + i + apart)));
}

/* Pixels of a row of dy, one place of depth after the other; odd: the second of a pair, or NULL. */
static void copy_dy(float *to, const float *even, const float *odd, int64_t n)
{
	for (int64_t i = 0; i < n; i += VF) {
		vm m = vm_first(n - i);
		vf_storeu(to + i, gemm_pair(vf_load(even + i, m), odd ? vf_load(odd + i, m) : vf_zero()));
	}
}

/* Place k of the patches in packed panels, from one row of columns, or two. */
static void put_patch(const problem *p, const float *even, const float *odd, int64_t k, float *to)
{
	for (int64_t i = 0; i < p->panels.count; i++) {
		int nv = i == p->panels.count - 1 ? p->panels.rest : p->panels.nv;
		float *place = to + i * p->panels.nv * VF * DEPTH + k * nv * VF;
		for (int64_t j = 0; j < nv; j++) {
			int64_t at = (i * p->panels.nv + j) * VF;
			vm m = vm_first(p->run - at);
			vf_storeu(place + j * VF, gemm_pair(vf_load(even + at, m), odd ? vf_load(odd + at, m) : vf_zero()));
		}
	}
}

static void flush(const problem *p, int64_t depth, const float *dys, const float *patches, float *c, bool add)
{
	gemm_down(&p->panels, p->og, depth, dys, p->dy_step, patches, p->panels.nv * VF * DEPTH, 0, 0, c, p->panels.width, add);
}

/* A unit's kernel row, group and output rows, over all pictures. */
typedef struct { int64_t i, group, first, last; } part;
static part part_of(const problem *p, int64_t unit)
{
	const fv_conv *v = &p->v;
	int64_t first = unit % p->stretches * p->rows;
	return (part){ unit / p->stretches % v->kh, unit / p->stretches / v->kh, first,
	               fv_min(first + p->rows, v->n * v->oh) };
}

/* The row of x that output row `at` meets; NULL: one of zeros. */
static const float *row_of(const problem *p, const part *u, int64_t at, const float *x)
{
	const fv_conv *v = &p->v;
	int64_t r = fv_pad_index(at % v->oh * v->stride + u->i - v->top, v->h, v->kind);
	return r < 0 ? NULL : x + (at / v->oh * v->h + r) * v->w * v->c;
}

static void gather(const problem *p, const fv_call *call, int64_t unit, float *band, float *dys, float *patches, float *c)
{
	const fv_conv *v = &p->v;
	const part u = part_of(p, unit);
	const float *x = fv_f32(call->in[0]), *dy = fv_f32(call->in[1]);
	int64_t k = 0;
	bool add = false;
	for (int64_t at = u.first; at < u.last; at++) {
		const float *row = row_of(p, &u, at, x);
		if (!row)
			continue;
		band_of(p, row, u.group * p->cg, band);
		for (int64_t q = 0; q < v->ow; q += GEMM_PAIR) {
			const float *d = dy + (at * v->ow + q) * v->o + u.group * p->og, *from = band + q * v->stride * p->cg;
			bool two = GEMM_PAIR > 1 && q + 1 < v->ow;
			copy_dy(dys + k * p->dy_step, d, two ? d + v->o : NULL, p->og);
			put_patch(p, from, two ? from + v->stride * p->cg : NULL, k, patches);
			if (++k == DEPTH) {
				flush(p, k, dys, patches, c, add);
				add = true;
				k = 0;
			}
		}
	}
	if (k)
		flush(p, k, dys, patches, c, add);
	for (int64_t j = 0; j < p->partial && !add && !k; j += VF)
		vf_storeu(c + j, vf_zero());
}

static void sum(const problem *p, const fv_call *call, int64_t unit, float *band, float *dys, float *c)
{
	const fv_conv *v = &p->v;
	const part u = part_of(p, unit);
	const float *x = fv_f32(call->in[0]), *dy = fv_f32(call->in[1]);
	bool add = false;
	for (int64_t at = u.first; at < u.last; at++) {
		const float *row = row_of(p, &u, at, x), *d = dy + at * v->ow * v->o;
		if (!row)
			continue;
		const float *b = row - v->left * v->c;
		int64_t lda = v->o, ldb = GEMM_PAIR * v->stride * p->cg;
		if (p->copy_x) {
			band_of(p, row, u.group * p->cg, band);
			b = band;
			if (GEMM_PAIR > 1) {
				int64_t places = ((v->ow - 1) * v->stride + v->kw) * p->cg;
				/* What stands behind the row is multiplied by zeros, and must be a number. */
				for (int64_t j = places; j < p->band; j++)
					band[j] = 0;
				pair(band + p->band, band, v->stride * p->cg, p->pairs - VF);
				b = band + p->band;
			}
		}
		if (p->copy_dy) {
			for (int64_t q = 0; q < v->ow; q += GEMM_PAIR) {
				const float *even = d + q * v->o + u.group * p->og;
				copy_dy(dys + q / GEMM_PAIR * p->dy_step, even, GEMM_PAIR > 1 && q + 1 < v->ow ? even + v->o : NULL, p->og);
			}
			d = dys;
			lda = p->dy_step;
		}
		gemm_down(&p->panels, p->og, p->depth, d, lda, b, p->panels.nv * VF, ldb, 0, c, p->panels.width, add);
		add = true;
	}
	for (int64_t j = 0; j < p->partial && !add; j += VF)
		vf_storeu(c + j, vf_zero());
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem p;
	work_own(call, &p, sizeof p);
	float *band = room_at(call, p.mine, thread);
	tile_enter();
	float *dys = band + p.band + p.pairs;
	for (int64_t u = first; u < last && call->phase == 0; u++) {
		if (p.gathered)
			gather(&p, call, u, band, dys, dys + DEPTH * p.dy_step + 16, room_at(call, p.partials, u));
		else
			sum(&p, call, u, band, dys, room_at(call, p.partials, u));
	}
	tile_leave();
	for (int64_t u = first; u < last && call->phase == 1; u++) {
		int64_t o = u / p.v.kh, i = u % p.v.kh, group = o / p.og;
		const float *from = room_at(call, p.partials, (group * p.v.kh + i) * p.stretches) + o % p.og * p.panels.width;
		float *to = fv_f32(call->out[0]) + u * p.run;
		for (int64_t k = 0; k < p.run; k += VF) {
			vf all = vf_loadu(from + k);
			for (int64_t s = 1; s < p.stretches; s++)
				all = vf_add(all, vf_loadu(from + s * p.partial + k));
			vf_store(to + k, all, vm_first(p.run - k));
		}
	}
}

const fv_kernel FV_KERNEL(implicit_gemm_dw) = {
	.name = FV_KERNEL_NAME(implicit_gemm_dw), .op = &fv_op_conv2d_dw, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
