/* SPDX-License-Identifier: Apache-2.0 */
/* random: uniform and normal fills. VF Philox blocks (four values each) side by side, a word a vector. */
#include "cpu/chunks.h"
#include "op/draw.h"

#define PIECE 4096                      /* values a unit */
#define BLOCKS (PIECE / 4)

static bool supports(const fv_node *n, const char **why)
{
	int kind = n->attr.random.kind;
	*why = n->type != FV_F32 || (kind != FV_UNIFORM && kind != FV_NORMAL) ? "only float, uniform or normal" : NULL;
	return !*why;
}

static int64_t units(const fv_node *n, int phase) { return fv_div_up(fv_elements(n->shape), PIECE); }

/* Words of the blocks from `at` on as numbers in [0,1): unit[w][i] is word w of block i. Plain loops over lanes: the
 * compiler makes vectors of them. */
static void draw(const fv_draw *d, int64_t at, float unit[4][BLOCKS])
{
	for (int64_t i = 0; i < BLOCKS; i += 16)
		for (int64_t k = i; k < i + 16; k++) {
			fv_philox b = fv_philox_at(d->key, d->counter, (uint64_t)(at + k));
			for (int w = 0; w < 4; w++)
				unit[w][k] = (float)(int32_t)(b.v[w] >> 8) * (1.0f / 16777216.0f);
		}
}

/* Box-Muller. The angle is u turns: its nearest quarter is taken off exactly, the rest (at most 1/8 turn) goes into the
 * polynomials of Cephes' sinf and cosf. */
static void normal(float *radius_to_cosine, float *angle_to_sine, float mean, float deviation)
{
	for (int64_t i = 0; i < BLOCKS; i += VF) {
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

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_random_attr a = c->node->attr.random;
	fv_draw d = fv_draw_of(c->key, a.purpose);
	int64_t all = fv_elements(c->out[0].shape);
	for (int64_t u = first; u < last; u++) {
		float unit[4][BLOCKS], *y = fv_f32(c->out[0]) + u * PIECE;
		int64_t n = fv_min(PIECE, all - u * PIECE);
		draw(&d, u * BLOCKS, unit);
		if (a.kind == FV_NORMAL) {
			normal(unit[0], unit[1], (float)a.lo, (float)a.hi);
			normal(unit[2], unit[3], (float)a.lo, (float)a.hi);
		} else
			for (int w = 0; w < 4; w++)
				for (int64_t i = 0; i < BLOCKS; i++)
					unit[w][i] = (float)(a.lo + (double)unit[w][i] * (a.hi - a.lo));
		for (int64_t i = 0; i < n / 4; i++)
			for (int w = 0; w < 4; w++)
				y[4 * i + w] = unit[w][i];
		for (int64_t i = n / 4 * 4; i < n; i++)
			y[i] = unit[i & 3][i / 4];
	}
}

const fv_kernel FV_KERNEL(random_blocks) = {
	.name = FV_KERNEL_NAME(random_blocks), .op = &fv_op_random, .needs = FV_ISA_BITS, .supports = supports,
	.units = units, .run = run,
};
