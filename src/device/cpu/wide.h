/* SPDX-License-Identifier: Apache-2.0 */
/* Columns for the norms, some vectors of them side by side: so whole lines of the cache are read, and sums need not wait for each
 * other. */
#ifndef FV_WIDE_H
#define FV_WIDE_H
#include "device/cpu/vec.h"

#define WIDE 4                          /* vectors at most */

/* How many rows stand side by side where a row has `wide` vectors, fewer than WIDE. */
VEC int wide_side(const int wide) { return wide == 1 ? 4 : wide == 2 ? 2 : 1; }

/* How many rows, side by side, make whole vectors, where few columns would leave lanes idle. 1: the columns are taken as they are. */
VEC int64_t wide_beside(int64_t columns)
{
	int64_t rows = 1;
	while (columns * rows % VF)
		rows *= 2;
	return columns * rows <= WIDE * VF ? rows : 1;
}

/* Repeats two numbers a column for `rows` rows side by side. There is room for 2 WIDE VF floats. */
VEC void wide_repeat(const float *pairs, int64_t columns, int64_t rows, float *to)
{
	for (int64_t i = 0; i < columns * rows; i++)
		to[2 * i] = pairs[2 * (i % columns)], to[2 * i + 1] = pairs[2 * (i % columns) + 1];
}

/* Vector i of `wide`; of the last only the lanes in `last` are there. */
VEC vf wide_load(const float *x, int i, const int wide, vm last) { return i == wide - 1 ? vf_load(x + i * VF, last) : vf_loadu(x + i * VF); }
VEC void wide_store(float *x, int i, const int wide, vm last, vf v)
{
	if (i == wide - 1)
		vf_store(x + i * VF, v, last);
	else
		vf_storeu(x + i * VF, v);
}

/* The same, perhaps by a non-temporal store (vec.h): then all vectors are whole. */
VEC void wide_put(float *x, int i, const int wide, vm last, vf v, bool non_temporal)
{
	if (non_temporal)
		vf_put(x + i * VF, v, true);
	else
		wide_store(x, i, wide, last, v);
}

/* Whether a call writes output 0, in rows of `columns` floats, by non-temporal stores: it does not where the output takes an input's
 * place, which the caches hold. */
static inline bool wide_non_temporal(const fv_call *c, int64_t columns)
{
	bool apart = true;
	for (int i = 0; i < c->node->inputs; i++)
		apart = apart && c->in[i].data != c->out[0].data;
	return apart && columns % VF == 0 && vf_non_temporal(c->out[0].data, fv_elements(c->out[0].shape) * (int64_t)sizeof(float));
}

/* Adds the sums of the rows that stand side by side to those of the first. */
VEC void wide_sum(vf *s, const int wide)
{
#pragma GCC unroll 4
	for (int i = 0; i < wide; i++)
		for (int j = 1; j < wide_side(wide); j++)
			s[i] = vf_add(s[i], s[j * wide + i]);
}

/* A norm's means and reciprocal standard deviations, which lie in pairs, of `columns` columns. The pairs are `step` floats apart; 0: all
 * columns have one pair. */
VEC void wide_pairs(const float *s, int64_t step, int64_t columns, const int wide, vf *mean, vf *r)
{
	float pair[2][WIDE * VF];
	for (int64_t i = 0; i < wide * VF; i++) {
		int64_t at = fv_min(i, columns - 1) * step;
		pair[0][i] = s[at], pair[1][i] = s[at + 1];
	}
	for (int i = 0; i < wide; i++)
		mean[i] = vf_loadu(pair[0] + i * VF), r[i] = vf_loadu(pair[1] + i * VF);
}
#endif
