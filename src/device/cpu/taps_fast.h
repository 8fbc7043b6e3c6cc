/* SPDX-License-Identifier: Apache-2.0 */
/* resize, blur and their adjoints. A few weighted input rows are added up into a line of scratch; then each pixel of the output row is
 * the sum of a few weighted pixels of that line, all channels at once. Phase 0 makes the lists of taps for rows and columns; an adjoint's
 * are those of the map, transposed. */
#ifndef FV_TAPS_FAST_H
#define FV_TAPS_FAST_H
#include "device/cpu/chunks.h"
#include "device/cpu/prologue.h"
#include "op/taps.h"

#define ROOM 12                         /* taps of one output row or column at most */
typedef struct { int32_t count, at[ROOM]; float weight[ROOM]; } taps_list;
/* Scratch holds the lists; means and reciprocal deviations for a round of channels, where x is read through a norm; each thread's line. */
typedef struct { room lists, norm, line; } taps_rooms;

/* With few channels an output row is one run of numbers: each tap has a list of where they come from and one of their weights. */
VEC bool taps_few(int64_t c) { return c <= 4; }
VEC int64_t taps_run_of(fv_shape y) { return fv_div_up(y.w * y.c, VF) * VF; }
VEC int64_t taps_flat(fv_shape y) { return taps_few(y.c) ? (2 * ROOM * taps_run_of(y) + 1) * (int64_t)sizeof(float) : 0; }

/* After how many numbers a vector begins with channel 0 again. */
VEC int64_t taps_round(int64_t c)
{
	int64_t n = VF;
	while (n > 1 && c % n)
		n /= 2;
	return c * (VF / n);
}

VEC const char *taps_plan(const fv_node *n, int threads, fv_work *w, const char *why)
{
	fv_shape x = n->in[0]->shape, y = n->shape;
	int64_t bytes = (y.h + y.w) * (int64_t)sizeof(taps_list) + taps_flat(y), round = n->attr.in.stats ? taps_round(y.c) : 0;
	w->phases = 2;
	w->units[1] = y.n * y.h;
	/* Neighbouring rows share taps: some at a time, so that they are read once. */
	w->grain[1] = fv_max(fv_min(8, y.h / 8), fv_max(1, CHUNK / 4 / (y.w * y.c)));
	taps_rooms r = { .lists = room_take(w, 1, fv_div_up(bytes, FV_ALIGN) * FV_ALIGN / (int64_t)sizeof(float)) };
	r.norm = room_take(w, 1, fv_div_up(2 * round, 16) * 16);
	r.line = room_take(w, threads, fv_div_up(x.w * x.c, VF) * VF + VF);     /* the last vector spills */
	work_keep(w, &r, sizeof r);
	return why;
}

/* How x is read. Phase 0 makes the means and deviations. */
static inline prologue taps_start(const fv_call *c, float *to)
{
	int64_t channels = c->in[0].shape.c, round = taps_round(channels);
	for (int64_t i = 0; i < round && c->phase == 0; i++) {
		to[i] = fv_f32(c->in[1])[2 * (i % channels)];
		to[round + i] = fv_f32(c->in[1])[2 * (i % channels) + 1];
	}
	return (prologue){ to, to + round, prologue_slope(c) };
}

VEC void taps_forward(const fv_node *n, fv_taps_of f, taps_list *t, int64_t from, int64_t to)
{
	for (int64_t i = 0; i < to; i++) {
		fv_taps v = f(n, i, from, to);
		t[i].count = v.count;
		for (int j = 0; j < v.count; j++)
			t[i].at[j] = (int32_t)v.at[j], t[i].weight[j] = (float)v.weight[j];
	}
}

/* The transposed lists. `from` is the map's input side, which the adjoint makes; taps of one place are added up. */
VEC void taps_transposed(const fv_node *n, fv_taps_of f, taps_list *t, int64_t from, int64_t to)
{
	for (int64_t i = 0; i < from; i++)
		t[i].count = 0;
	for (int64_t i = 0; i < to; i++) {
		fv_taps v = f(n, i, from, to);
		for (int j = 0; j < v.count; j++) {
			taps_list *l = &t[v.at[j]];
			if (l->count && l->at[l->count - 1] == i)
				l->weight[l->count - 1] += (float)v.weight[j];
			else if (v.weight[j] != 0 && l->count < ROOM) {
				l->at[l->count] = (int32_t)i;
				l->weight[l->count++] = (float)v.weight[j];
			}
		}
	}
}

/* Calls f(list, ..., number of taps) with the usual numbers as constants, so that the weights stay in registers. */
#define TAPS_USUAL(f, list, ...)                                                                                \
	do {                                                                                                    \
		if ((list)->count == 2)                                                                         \
			f(list, __VA_ARGS__, 2);                                                                \
		else if ((list)->count == 3)                                                                    \
			f(list, __VA_ARGS__, 3);                                                                \
		else if ((list)->count == 4)                                                                    \
			f(list, __VA_ARGS__, 4);                                                                \
		else                                                                                            \
			f(list, __VA_ARGS__, (list)->count);                                                    \
	} while (0)

/* Adds up the rows of x that v names, weighted, into a line of n floats. start: NULL, or how they are read, in rounds of `round`
 * numbers. */
VEC void taps_down_of(const taps_list *v, const float *x, int64_t n, float *line, const prologue *start, int64_t round, const int count)
{
	const float *row[ROOM];
	vf weight[ROOM];
	for (int i = 0; i < count; i++)
		row[i] = x + v->at[i] * n, weight[i] = vf_set(v->weight[i]);
	for (int64_t k = 0, channel = 0; k < n; k += VF) {
		bool whole = n - k >= VF;
		vm m = vm_first(n - k);
		vf sum = vf_zero();
		for (int i = 0; i < count; i++) {
			vf value = whole ? vf_loadu(row[i] + k) : vf_load(row[i] + k, m);
			if (start)
				prologue_values(start, channel, &value, 1, 1);
			sum = vf_fma(weight[i], value, sum);
		}
		vf_storeu(line + k, sum);
		channel = channel + VF == round ? 0 : channel + VF;
	}
}

VEC void taps_down(const taps_list *v, const float *x, int64_t n, float *line, const prologue *start, int64_t round)
{
	TAPS_USUAL(taps_down_of, v, x, n, line, start, round);
}

/* Makes one output pixel of c channels from a line. Non-temporal stores need whole vectors of channels. */
VEC void taps_pixel(const taps_list *l, const float *line, int64_t c, float *y, bool non_temporal, const int count)
{
	vf weight[ROOM];
	for (int j = 0; j < count; j++)
		weight[j] = vf_set(l->weight[j]);
	for (int64_t k = 0; k < c; k += VF) {
		vf sum = vf_zero();
		for (int j = 0; j < count; j++)
			sum = vf_fma(weight[j], vf_loadu(line + l->at[j] * c + k), sum);
		if (c - k >= VF)
			vf_put(y + k, sum, non_temporal);
		else
			vf_store(y + k, sum, vm_first(c - k));
	}
}

VEC void taps_across(const taps_list *across, const float *line, int64_t c, float *y, int64_t w, bool non_temporal)
{
	for (int64_t q = 0; q < w; q++, y += c) {
		const taps_list *l = &across[q];
		TAPS_USUAL(taps_pixel, l, line, c, y, non_temporal);
	}
}

/* Makes the lists of taps_few: places [tap][number], weights likewise, and the most taps that a pixel has. A pixel that has fewer gets
 * its first again, with weight 0. */
static inline void taps_flatten(const taps_list *across, fv_shape y, int32_t *at)
{
	int64_t run = taps_run_of(y);
	float *weight = (float *)(at + ROOM * run);
	int32_t most = 0;
	for (int64_t q = 0; q < y.w; q++)
		most = across[q].count > most ? across[q].count : most;
	at[2 * ROOM * run] = most;
	for (int64_t k = 0; k < run; k++)
		for (int j = 0; j < most; j++) {
			const taps_list *l = &across[fv_min(k / y.c, y.w - 1)];
			at[j * run + k] = (int32_t)((l->count ? l->at[j < l->count ? j : 0] : 0) * y.c + k % y.c);
			weight[j * run + k] = j < l->count ? l->weight[j] : 0;
		}
}

VEC void taps_across_few(const int32_t *at, const float *line, fv_shape shape, float *y)
{
	int64_t n = shape.w * shape.c, run = taps_run_of(shape);
	const int taps = at[2 * ROOM * run];
	const float *weight = (const float *)(at + ROOM * run);
	for (int64_t k = 0; k < n; k += VF) {
		vf sum = vf_zero();
		for (int j = 0; j < taps; j++)
			sum = vf_fma(vf_loadu(weight + j * run + k), vf_gather(line, vi_loadu(at + j * run + k)), sum);
		if (n - k >= VF)
			vf_storeu(y + k, sum);
		else
			vf_store(y + k, sum, vm_first(n - k));
	}
}

VEC void taps_run(const fv_call *c, fv_taps_of f, bool transposed, int thread, int64_t first, int64_t last)
{
	fv_shape x = c->in[0].shape, y = c->out[0].shape;
	taps_rooms r;
	work_own(c, &r, sizeof r);
	taps_list *down = (taps_list *)room_at(c, r.lists, 0), *across = down + y.h;
	int32_t *flat = (int32_t *)(across + y.w);
	bool normed = c->node->attr.in.stats;
	prologue start = normed ? taps_start(c, room_at(c, r.norm, 0)) : (prologue){ NULL };
	if (c->phase == 0) {
		if (transposed) {
			taps_transposed(c->node, f, down, y.h, x.h);
			taps_transposed(c->node, f, across, y.w, x.w);
		} else {
			taps_forward(c->node, f, down, x.h, y.h);
			taps_forward(c->node, f, across, x.w, y.w);
		}
		if (taps_few(y.c))
			taps_flatten(across, y, flat);
		return;
	}
	bool non_temporal = y.c % VF == 0 && vf_non_temporal(c->out[0].data, fv_elements(y) * (int64_t)sizeof(float));
	float *line = room_at(c, r.line, thread);
	for (int64_t u = first; u < last; u++) {
		const float *from = fv_f32(c->in[0]) + u / y.h * x.h * x.w * x.c;
		if (normed)
			taps_down(&down[u % y.h], from, x.w * x.c, line, &start, taps_round(x.c));
		else
			taps_down(&down[u % y.h], from, x.w * x.c, line, NULL, 0);
		float *to = fv_f32(c->out[0]) + u * y.w * y.c;
		if (taps_few(y.c))
			taps_across_few(flat, line, y, to);
		else
			taps_across(across, line, y.c, to, y.w, non_temporal);
	}
	vf_non_temporal_end();
}

/* REFUSAL(n): why not, or NULL. */
#define TAPS_KERNEL(NAME, OP, TAPS, TURNED, REFUSAL)                                                                     \
	static const char *plan(const fv_node *n, int threads, fv_work *w) { return taps_plan(n, threads, w, REFUSAL(n)); } \
	static void run(const fv_call *c, int thread, int64_t first, int64_t last) { taps_run(c, TAPS, TURNED, thread, first, last); } \
	const fv_kernel FV_KERNEL(NAME) = { .name = FV_KERNEL_NAME(NAME), .op = &OP, .needs = FV_ISA_BITS, .plan = plan, .run = run }
#endif
