/* SPDX-License-Identifier: Apache-2.0 */
/* resize, blur and their adjoints: each output pixel is a few weighted input pixels, all channels at once. The lists of
 * taps for rows and columns are made in phase 0 into scratch (for an adjoint: the lists turned round). */
#ifndef FV_TAPS_FAST_H
#define FV_TAPS_FAST_H
#include "cpu/chunks.h"
#include "op/taps.h"

#define ROOM 12                         /* taps of one output row or column */
typedef struct { int32_t count, at[ROOM]; float weight[ROOM]; } taps_list;

VEC int64_t taps_scratch(const fv_node *n) { return (n->shape.h + n->shape.w) * (int64_t)sizeof(taps_list); }

VEC void taps_forward(const fv_node *n, fv_taps_of f, taps_list *t, int64_t from, int64_t to)
{
	for (int64_t i = 0; i < to; i++) {
		fv_taps v = f(n, i, from, to);
		t[i].count = v.count;
		for (int j = 0; j < v.count; j++)
			t[i].at[j] = (int32_t)v.at[j], t[i].weight[j] = (float)v.weight[j];
	}
}

/* `from` is the map's input side: what the adjoint makes. Taps of one place are added up. */
VEC void taps_turned(const fv_node *n, fv_taps_of f, taps_list *t, int64_t from, int64_t to)
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

/* Row p of picture n. */
VEC void taps_row(const taps_list *v, const taps_list *across, const float *x, fv_shape s, float *y, int64_t w)
{
	const float *row[ROOM];
	for (int i = 0; i < v->count; i++)
		row[i] = x + v->at[i] * s.w * s.c;
	for (int64_t q = 0; q < w; q++)
		for (int64_t k = 0; k < s.c; k += VF) {
			vm m = vm_first(s.c - k);
			vf sum = vf_zero();
			for (int i = 0; i < v->count; i++) {
				vf part = vf_zero();
				for (int j = 0; j < across[q].count; j++)
					part = vf_fma(vf_set(across[q].weight[j]), vf_load(row[i] + across[q].at[j] * s.c + k, m), part);
				sum = vf_fma(vf_set(v->weight[i]), part, sum);
			}
			vf_store(y + q * s.c + k, sum, m);
		}
}

VEC void taps_run(const fv_call *c, fv_taps_of f, bool turned, int64_t first, int64_t last)
{
	fv_shape x = c->in[0].shape, y = c->out[0].shape;
	taps_list *down = c->scratch, *across = down + y.h;
	if (c->phase == 0) {
		if (turned) {
			taps_turned(c->node, f, down, y.h, x.h);
			taps_turned(c->node, f, across, y.w, x.w);
		} else {
			taps_forward(c->node, f, down, x.h, y.h);
			taps_forward(c->node, f, across, x.w, y.w);
		}
		return;
	}
	for (int64_t u = first; u < last; u++)
		taps_row(&down[u % y.h], across, fv_f32(c->in[0]) + u / y.h * x.h * x.w * x.c, x,
		         fv_f32(c->out[0]) + u * y.w * y.c, y.w);
}

#define TAPS_KERNEL(NAME, OP, TAPS, TURNED, SUPPORTS)                                                                    \
	static int64_t units(const fv_node *n, int phase) { return phase ? n->shape.n * n->shape.h : 1; }              \
	static int64_t grain(const fv_node *n, int phase) { return fv_max(1, CHUNK / 4 / (n->shape.w * n->shape.c)); } \
	static int64_t scratch(const fv_node *n, int threads) { return taps_scratch(n); }                               \
	static void run(const fv_call *c, int thread, int64_t first, int64_t last) { taps_run(c, TAPS, TURNED, first, last); } \
	const fv_kernel FV_KERNEL(NAME) = {                                                                             \
		.name = FV_KERNEL_NAME(NAME), .op = &OP, .needs = FV_ISA_BITS, .supports = SUPPORTS, .phases = 2,       \
		.units = units, .grain = grain, .scratch = scratch, .run = run,                                         \
	}
#endif
