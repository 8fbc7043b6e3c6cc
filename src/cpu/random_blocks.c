/* SPDX-License-Identifier: Apache-2.0 */
/* random: uniform and normal fills, a Philox block (four values) at a time. */
#define _GNU_SOURCE
#include "cpu/chunks.h"
#include "op/draw.h"

#define PIECE 4096

static bool supports(const fv_node *n, const char **why)
{
	int kind = n->attr.random.kind;
	*why = n->type != FV_F32 || (kind != FV_UNIFORM && kind != FV_NORMAL) ? "only float, uniform or normal" : NULL;
	return !*why;
}

static int64_t units(const fv_node *n, int phase) { return fv_div_up(fv_elements(n->shape), PIECE); }

/* 2 VF values of [0,1) in pairs > normal: the radius from the first, the angle from the second of each pair. */
static void normal(const float *first, const float *second, float *cosine, float *sine, float mean, float deviation)
{
	for (int64_t i = 0; i < PIECE / 2; i += VF) {
		vf radius = vf_mul(vf_set(deviation), vf_sqrt(vf_mul(vf_set(-2), vf_log(vf_sub(vf_set(1), vf_loadu(first + i))))));
		float r[VF];
		vf_storeu(r, radius);
		for (int k = 0; k < VF; k++) {
			float s, c;
			sincosf(6.2831853071795864f * second[i + k], &s, &c);
			cosine[i + k] = mean + r[k] * c;
			sine[i + k] = mean + r[k] * s;
		}
	}
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_random_attr a = c->node->attr.random;
	fv_draw d = fv_draw_of(c->key, a.purpose);
	int64_t all = fv_elements(c->out[0].shape);
	for (int64_t u = first; u < last; u++) {
		int64_t at = u * PIECE, n = fv_min(PIECE, all - at);
		float *y = fv_f32(c->out[0]) + at, pair[2][PIECE / 2], out[2][PIECE / 2];
		for (int64_t i = 0; i < PIECE; i += 4) {
			fv_philox b = fv_draw_block(&d, at + i);
			for (int k = 0; k < 4; k++)
				pair[k & 1][i / 2 + k / 2] = (float)fv_unit(b.v[k]);
		}
		if (a.kind == FV_NORMAL) {
			normal(pair[0], pair[1], out[0], out[1], (float)a.lo, (float)a.hi);
			for (int64_t i = 0; i < n; i++)
				y[i] = out[i & 1][i / 2];
		} else
			for (int64_t i = 0; i < n; i++)
				y[i] = (float)(a.lo + pair[i & 1][i / 2] * (a.hi - a.lo));
	}
}

const fv_kernel FV_KERNEL(random_blocks) = {
	.name = FV_KERNEL_NAME(random_blocks), .op = &fv_op_random, .needs = FV_ISA_BITS, .supports = supports,
	.units = units, .run = run,
};
