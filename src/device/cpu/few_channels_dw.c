/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dw where x or dy has few channels: the first and the last layers.
 *
 *	x few:	dw[o][i][j c] = sum over p, q of x[p s + i - top][(q s - left) C + j c] dy[p][q][o]
 *	dy few:	dw[o][i][j][c] = sum over r, u of dy[r - i + top][u - j + left][o] x[r][u][c]		(stride 1)
 *
 * The side with many channels gives the columns of a product over the pixels of one of its rows. For one kernel row i the rows of
 * the product are kernel column and channel of the other side, which lie together in its row: each pixel's are some `step`
 * floats after those of the pixel before, read in place. For dy kernel columns run backwards. (implicit_gemm_dw.c takes x's patches as
 * columns: 21 of 32, and 3 rows of 4.) Under bf16 (gemm.h) pairs are of neighbouring pixels.
 *
 *	phase 0		unit: a stretch of rows of the side with many channels; sums into a partial of its own, all kernel rows
 *	phase 1		the partials are added in order of stretches; unit: one row of the product */
#include "device/cpu/gemm.h"
#include "device/cpu/work.h"
#include "op/conv.h"

enum { FEW = 8, UNITS = 24, ROWS = 4 };         /* channels at most; units aimed at; rows a stretch at least */

typedef struct {
	fv_conv v;
	bool x_few;
	int64_t few, many, rows, used;          /* channels of each side; rows of the product, and as they are computed */
	gemm_panels panels;
	int64_t depth, places, step;            /* pixels of a row; in places; floats from one's few channels to the next's */
	int64_t lines, stretches, per;          /* rows of the side with many, over all pictures */
	int64_t height, partial;                /* rows of a kernel row's product in memory; floats of a partial */
	int64_t band, pairs;                    /* floats: a row of few, its pairs */
	bool copy;
	room partials, mine;                    /* of each stretch; each thread's rows */
} problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	const fv_conv *v = &p.v;
	p.x_few = v->c <= v->o || v->stride > 1;
	p.few = p.x_few ? v->c : v->o;
	p.many = p.x_few ? v->o : v->c;
	const char *why = n->type != FV_F32 ? "only float" : v->groups != 1 ? "no groups" : p.few > FEW ? "many channels on both sides" : NULL;
	if (why)
		return why;
	p.rows = v->kw * p.few;
	p.panels = gemm_panels_of(p.many);
	p.depth = p.x_few ? v->ow : v->ow + v->kw - 1;
	p.places = fv_div_up(p.depth, GEMM_PAIR);
	p.step = p.x_few ? v->stride * p.few : p.few;
	p.lines = v->n * (p.x_few ? v->oh : v->oh + v->kh - 1);
	p.stretches = fv_max(1, fv_min(UNITS, p.lines / ROWS));
	p.per = fv_div_up(p.lines, p.stretches);
	p.stretches = fv_div_up(p.lines, p.per);
	/* Whole tiles, where they idle little. */
	int64_t tile = gemm_heights[p.panels.nv - 1][0], whole = fv_div_up(p.rows, tile) * tile;
	p.used = whole - p.rows <= tile / 3 ? whole : p.rows;
	p.height = fv_div_up(p.rows, GEMM_ROWS) * GEMM_ROWS;
	p.partial = v->kh * p.height * p.panels.width;
	/* Room for what tiles read beyond the last pixel, and pairs beyond that. */
	p.band = fv_div_up((p.places * GEMM_PAIR + 1) * p.step + p.rows + GEMM_ROWS + VF, 16) * 16;
	p.pairs = GEMM_PAIR > 1 ? p.band : 0;
	p.copy = GEMM_PAIR > 1 || !p.x_few || p.panels.width != p.many;
	p.partials = room_take(w, p.stretches, p.partial);
	p.mine = room_take(w, threads, p.band + p.pairs + (p.copy ? p.places * p.panels.width + VF : 0));
	w->phases = 2;
	w->units[0] = p.stretches;
	w->units[1] = v->kh * p.rows;
	w->grain[1] = 8;
	double products = (double)(p.lines * v->kh), width = (double)p.panels.width, used = (double)fv_div_up(p.used, 4) * 4;
	w->seconds = products * (2 * (double)p.depth * used * width / (0.9 * GEMM_RATE) + 8 * used * width / GEMM_COPY + 12 * (double)p.band / GEMM_COPY) +
	             (p.copy ? 8 * (double)(p.lines * p.depth) * width / GEMM_COPY : 0) + 8 * (double)(p.stretches * p.partial) / GEMM_COPY + 3e-6;
	work_keep(w, &p, sizeof p);
	return NULL;
}

/* A row of few, from where pixel 0's begin; ascending, for what a copy spills. What stands behind it must be numbers. */
static void band_of(const problem *p, const float *row, float *to)
{
	const fv_conv *v = &p->v;
	int64_t at = 0, pixels = p->x_few ? (v->ow - 1) * v->stride + v->kw : v->ow;
	if (!p->x_few) {
		for (; at < (v->kw - 1) * p->few; at++)
			to[at] = 0;
		gemm_copy(to + at, row, pixels * p->few);
		at += pixels * p->few;
	} else
		for (int64_t j = 0; j < pixels; j++, at += p->few) {
			int64_t s = fv_pad_index(j - v->left, v->w, v->kind);
			for (int64_t c = 0; c < p->few; c++)
				to[at + c] = s >= 0 ? row[s * p->few + c] : 0;
		}
	for (; at < p->band; at++)
		to[at] = 0;
	for (int64_t i = 0; i + VF + p->step <= p->band && GEMM_PAIR > 1; i += VF)
		vf_storeu(to + p->band + i, gemm_pair(vf_loadu(to + i), vf_loadu(to + i + p->step)));
}

/* Pixel u of a row of many, or NULL: zeros. */
static const float *pixel(const problem *p, const float *row, int64_t u)
{
	int64_t s = p->x_few ? u : fv_pad_index(u - p->v.left, p->v.w, p->v.kind);
	return u < p->depth && s >= 0 ? row + s * p->many : NULL;
}

static void wide_of(const problem *p, const float *row, float *to)
{
	for (int64_t k = 0; k < p->places; k++) {
		const float *even = pixel(p, row, GEMM_PAIR * k), *odd = GEMM_PAIR > 1 ? pixel(p, row, GEMM_PAIR * k + 1) : even;
		for (int64_t c = 0; c < p->panels.width; c += VF) {
			vm m = vm_first(p->many - c);
			vf_storeu(to + k * p->panels.width + c, gemm_pair(even ? vf_load(even + c, m) : vf_zero(), odd ? vf_load(odd + c, m) : vf_zero()));
		}
	}
}

/* Picture, row of the side with few channels that kernel row i meets at line `at` of the other; -1: none. */
static int64_t few_row(const problem *p, int64_t at, int64_t i)
{
	const fv_conv *v = &p->v;
	if (p->x_few)
		return fv_pad_index(at % v->oh * v->stride + i - v->top, v->h, v->kind);
	int64_t r = at % (v->oh + v->kh - 1) - i;
	return r < v->oh ? r : -1;
}

static void sum(const problem *p, const fv_call *call, int64_t stretch, float *band, float *wide, float *c)
{
	const fv_conv *v = &p->v;
	const float *x = fv_f32(call->in[0]), *dy = fv_f32(call->in[1]);
	int64_t last = fv_min((stretch + 1) * p->per, p->lines), width = p->panels.width;
	for (int64_t i = 0; i < p->partial; i += VF)
		vf_storeu(c + i, vf_zero());
	for (int64_t at = stretch * p->per; at < last; at++) {
		int64_t lines = p->x_few ? v->oh : v->oh + v->kh - 1, n = at / lines, r = p->x_few ? at % lines : fv_pad_index(at % lines - v->top, v->h, v->kind);
		if (r < 0)
			continue;
		const float *many = p->x_few ? dy + (n * v->oh + r) * v->ow * v->o : x + (n * v->h + r) * v->w * v->c, *b = many;
		if (p->copy) {
			wide_of(p, many, wide);
			b = wide;
		}
		for (int64_t i = 0; i < v->kh; i++) {
			int64_t few = few_row(p, at, i);
			if (few < 0)
				continue;
			band_of(p, p->x_few ? x + (n * v->h + few) * v->w * v->c : dy + (n * v->oh + few) * v->ow * v->o, band);
			gemm_down(&p->panels, p->used, p->places, band + p->pairs, GEMM_PAIR * p->step, b, p->panels.nv * VF, width, 0,
			          c + i * p->height * width, width, true);
		}
	}
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem p;
	work_own(call, &p, sizeof p);
	const fv_conv *v = &p.v;
	float *band = room_at(call, p.mine, thread);
	float *dw = fv_f32(call->out[0]);
	for (int64_t u = first; u < last && call->phase == 0; u++)
		sum(&p, call, u, band, band + p.band + p.pairs, room_at(call, p.partials, u));
	for (int64_t u = first; u < last && call->phase == 1; u++) {
		int64_t i = u / p.rows, j = u % p.rows / p.few, f = u % p.few;
		const float *from = room_at(call, p.partials, 0) + (i * p.height + u % p.rows) * p.panels.width;
		for (int64_t k = 0; k < p.many; k += VF) {
			vf all = vf_loadu(from + k);
			for (int64_t s = 1; s < p.stretches; s++)
				all = vf_add(all, vf_loadu(from + s * p.partial + k));
			float lane[VF];
			vf_storeu(lane, all);
			if (!p.x_few)
				vf_store(dw + ((f * v->kh + i) * v->kw + v->kw - 1 - j) * v->c + k, all, vm_first(p.many - k));
			for (int64_t l = 0; l < fv_min(VF, p.many - k) && p.x_few; l++)
				dw[(((k + l) * v->kh + i) * v->kw + j) * v->c + f] = lane[l];
		}
	}
}

const fv_kernel FV_KERNEL(few_channels_dw) = {
	.name = FV_KERNEL_NAME(few_channels_dw), .op = &fv_op_conv2d_dw, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
