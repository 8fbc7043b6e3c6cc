/* SPDX-License-Identifier: Apache-2.0 */
/* Columns, some vectors side by side, for the norms: whole lines are read, and sums need not wait for each other. */
#ifndef FV_WIDE_H
#define FV_WIDE_H
#include "device/cpu/vec.h"

#define WIDE 4                          /* vectors at most */

/* Fewer vectors than WIDE: so many rows side by side instead. */
VEC int wide_side(const int wide) { return wide == 1 ? 4 : wide == 2 ? 2 : 1; }

/* Few columns would leave lanes idle: so many rows, side by side, make whole vectors. 1: columns as they are. */
VEC int64_t wide_fold(int64_t columns)
{
	int64_t rows = 1;
	while (columns * rows % VF)
		rows *= 2;
	return columns * rows <= WIDE * VF ? rows : 1;
}

/* Two numbers a column, repeated for `rows` rows side by side; to: 2 WIDE VF. */
VEC void wide_repeat(const float *pairs, int64_t columns, int64_t rows, float *to)
{
	for (int64_t i = 0; i < columns * rows; i++)
		to[2 * i] = pairs[2 * (i % columns)], to[2 * i + 1] = pairs[2 * (i % columns) + 1];
}

/* Vector i of `wide`, of which the last may be in part. */
VEC vf wide_load(const float *x, int i, const int wide, vm last) { return i == wide - 1 ? vf_load(x + i * VF, last) : vf_loadu(x + i * VF); }
VEC void wide_store(float *x, int i, const int wide, vm last, vf v)
{
	if (i == wide - 1)
		vf_store(x + i * VF, v, last);
	else
		vf_storeu(x + i * VF, v);
}

/* The same, perhaps past the caches (vec.h): then all vectors are whole. */
VEC void wide_put(float *x, int i, const int wide, vm last, vf v, bool past)
{
	if (past)
		vf_put(x + i * VF, v, true);
	else
		wide_store(x, i, wide, last, v);
}

/* Whether to, of output 0 in rows of `columns`: not where it takes an input's place. */
static inline bool wide_past(const fv_call *c, int64_t columns)
{
	bool apart = true;
	for (int i = 0; i < c->node->inputs; i++)
		apart = apart && c->in[i].data != c->out[0].data;
	return apart && columns % VF == 0 && vf_past(c->out[0].data, fv_elements(c->out[0].shape) * (int64_t)sizeof(float));
}

/* What stands side by side, added to the first `wide`. */
VEC void wide_sum(vf *s, const int wide)
{
#pragma GCC unroll 4
	for (int i = 0; i < wide; i++)
		for (int j = 1; j < wide_side(wide); j++)
			s[i] = vf_add(s[i], s[j * wide + i]);
}

/* Pairs (a norm's mean and factor) of `columns` columns, `step` apart; 0: one pair for all. */
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
