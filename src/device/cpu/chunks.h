/* SPDX-License-Identifier: Apache-2.0 */
/* Units of memory-bound kernels: fixed pieces of the output, whoever takes them. */
#ifndef FV_CHUNKS_H
#define FV_CHUNKS_H
#include "device/cpu/work.h"
#include "op/op.h"

#define CHUNK 16384                     /* values: some microseconds of work, and in L1 or L2 */

/* Two operands broadcast to one result, with neighbouring axes merged where both allow: size, and how far each goes. */
typedef struct { int axes; int64_t size[FV_RANK], x[FV_RANK], y[FV_RANK]; } loops;

VEC loops loops_of(fv_shape z, fv_shape x, fv_shape y)
{
	loops l = { 0 };
	int64_t xs = 1, ys = 1;
	for (int i = FV_RANK - 1; i >= 0; i--) {
		int64_t px = x.d[i] == 1 ? 0 : xs, py = y.d[i] == 1 ? 0 : ys;
		xs *= x.d[i], ys *= y.d[i];
		if (z.d[i] == 1)
			continue;
		int k = l.axes - 1;
		if (l.axes && px == l.x[k] * l.size[k] && py == l.y[k] * l.size[k])
			l.size[k] *= z.d[i];
		else {
			l.size[l.axes] = z.d[i], l.x[l.axes] = px, l.y[l.axes] = py;
			l.axes++;
		}
	}
	if (!l.axes)
		l.axes = 1, l.size[0] = 1;
	return l;
}

/* Where the run that holds element i of the result begins in both operands; i is cut to its place in the run. */
VEC void loops_at(const loops *l, int64_t *i, int64_t *x, int64_t *y)
{
	int64_t row = *i / l->size[0];
	*i %= l->size[0];
	*x = *y = 0;
	for (int k = 1; k < l->axes; k++) {
		*x += row % l->size[k] * l->x[k];
		*y += row % l->size[k] * l->y[k];
		row /= l->size[k];
	}
}

/* A reduction over neighbouring axes: x is outer x size x inner, of which size is reduced, some rows of it at a time. */
typedef struct {
	int64_t outer, size, inner;
	int64_t rows, chunks;           /* rows a chunk; chunks an outer */
	int64_t group;                  /* outers a unit, where one chunk is small */
	room sums;                      /* of each chunk, in scratch */
} reduction;

/* False: the axes are not neighbours. */
VEC bool reduction_of(fv_shape s, fv_axes axes, reduction *f)
{
	int first = 0, last = FV_RANK - 1;
	*f = (reduction){ 1, 1, 1, 1, 1, 1 };
	while (first < FV_RANK && (!(axes >> first & 1) || s.d[first] == 1))
		f->outer *= s.d[first++];
	while (last > first && (!(axes >> last & 1) || s.d[last] == 1))
		f->inner *= s.d[last--];
	for (int i = first; i <= last && i < FV_RANK; i++) {
		if (!(axes >> i & 1) && s.d[i] != 1)
			return false;
		f->size *= s.d[i];
	}
	f->rows = fv_max(1, CHUNK / f->inner);
	f->chunks = fv_div_up(f->size, f->rows);
	f->group = f->chunks == 1 ? fv_max(1, CHUNK / (f->size * f->inner)) : 1;
	return true;
}
VEC int64_t reduction_units(const reduction *f) { return fv_div_up(f->outer, f->group) * f->chunks; }

VEC bool all_f32(const fv_node *n)
{
	if (n->type != FV_F32)
		return false;
	for (int i = 0; i < n->inputs; i++)
		if (n->in[i] && n->in[i]->type != FV_F32)
			return false;
	return true;
}
VEC const char *only_f32(const fv_node *n) { return all_f32(n) ? NULL : "only float"; }
VEC const char *f32(const fv_node *n) { return n->type == FV_F32 ? NULL : "only float"; }

/* One phase over so many values, or over rows of `length` values each. */
VEC void work_chunks(fv_work *w, int64_t values) { w->units[0] = fv_div_up(values, CHUNK); }
VEC void work_rows(fv_work *w, int64_t rows, int64_t length)
{
	w->units[0] = rows;
	w->grain[0] = fv_max(1, CHUNK / length);
}

/* Phase 0 leaves `numbers` for each column of each chunk, which phase 1 merges, `grain` columns a unit. Says why not. */
VEC const char *work_reduction(fv_work *w, const fv_node *n, fv_shape x, fv_axes axes, int64_t numbers, int64_t grain, reduction *f)
{
	if (!all_f32(n))
		return "only float";
	if (!reduction_of(x, axes, f))
		return "only neighbouring axes";
	w->phases = 2;
	w->units[0] = reduction_units(f);
	w->units[1] = fv_div_up(f->outer * f->inner, grain);
	f->sums = room_take(w, f->outer * f->chunks, numbers * f->inner);
	return NULL;
}
#endif
