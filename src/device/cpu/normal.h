/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers, VF at once: what op/draw.h gives one by one. */
#ifndef FV_NORMAL_PAIRS_H
#define FV_NORMAL_PAIRS_H
#include "device/cpu/vec.h"
#include "op/draw.h"

/* Words of `blocks` blocks, a multiple of 16, from `at` on as numbers in [0,1): unit[w * step + i] is word w of block i. Plain loops
 * over lanes: the compiler makes vectors of them. */
static inline void draw_units(const fv_draw *d, int64_t at, int64_t blocks, float *unit, int64_t step)
{
	for (int64_t i = 0; i < blocks; i += 16)
		for (int64_t k = i; k < i + 16; k++) {
			fv_philox b = fv_philox_at(d->key, d->counter, (uint64_t)(at + k));
			for (int w = 0; w < 4; w++)
				unit[w * step + k] = (float)(int32_t)(b.v[w] >> 8) * (1.0f / 16777216.0f);
		}
}

/* Box-Muller, in place, for n numbers of each, a multiple of 16. The angle is u turns: its nearest quarter is taken off exactly,
 * the rest (at most 1/8 turn) goes into the polynomials of Cephes' sinf and cosf. */
static inline void normal_pairs(float *radius_to_cosine, float *angle_to_sine, int64_t n, float mean, float deviation)
{
	for (int64_t i = 0; i < n; i += VF) {
		vf u = vf_loadu(angle_to_sine + i);
		vf r = vf_mul(vf_set(deviation), vf_sqrt(vf_mul(vf_set(-2), vf_log(vf_sub(vf_set(1), vf_loadu(radius_to_cosine + i))))));
		vf quarter = vf_round(vf_mul(vf_set(4), u));
		vf t = vf_mul(vf_set(6.2831853071795864f), vf_fnma(vf_set(0.25f), quarter, u)), z = vf_mul(t, t);
		vf s = vf_set(-1.9515295891e-4f);
		s = vf_fma(s, z, vf_set(8.3321608736e-3f));
		s = vf_fma(s, z, vf_set(-1.6666654611e-1f));
		s = vf_fma(vf_mul(s, z), t, t);
		vf c = vf_set(2.443315711809948e-5f);
		c = vf_fma(c, z, vf_set(-1.388731625493765e-3f));
		c = vf_fma(c, z, vf_set(4.166664568298827e-2f));
		c = vf_fma(vf_mul(c, z), z, vf_fnma(vf_set(0.5f), z, vf_set(1)));
		/* quarter 1: cos = -s, sin = c; 2: -c, -s; 3: s, -c; 4 is 0. */
		vm odd = vf_eq(vf_abs(vf_sub(quarter, vf_set(2))), vf_set(1));
		vm left = vf_eq(vf_abs(vf_sub(quarter, vf_set(1.5f))), vf_set(0.5f));   /* 1, 2: the cosine is turned */
		vm below = vf_eq(vf_abs(vf_sub(quarter, vf_set(2.5f))), vf_set(0.5f));  /* 2, 3: the sine is turned */
		vf cosine = vf_select(odd, s, c), sine = vf_select(odd, c, s);
		cosine = vf_select(left, vf_neg(cosine), cosine);
		sine = vf_select(below, vf_neg(sine), sine);
		vf_storeu(radius_to_cosine + i, vf_fma(r, cosine, vf_set(mean)));
		vf_storeu(angle_to_sine + i, vf_fma(r, sine, vf_set(mean)));
	}
}
#endif
