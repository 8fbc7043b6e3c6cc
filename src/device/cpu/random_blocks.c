/* SPDX-License-Identifier: Apache-2.0 */
/* random: uniform and normal fills. VF Philox blocks (four values each) side by side, a word a vector. */
#include "device/cpu/chunks.h"
#include "device/cpu/normal.h"

#define PIECE 4096                      /* values a unit */
#define BLOCKS (PIECE / 4)

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	int kind = n->attr.random.kind;
	w->units[0] = fv_div_up(fv_elements(n->shape), PIECE);
	return n->type != FV_F32 || (kind != FV_UNIFORM && kind != FV_NORMAL) ? "only float, uniform or normal" : NULL;
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_random_attr a = c->node->attr.random;
	fv_draw d = fv_draw_of(c->key, a.purpose);
	int64_t all = fv_elements(c->out[0].shape);
	for (int64_t u = first; u < last; u++) {
		float unit[4][BLOCKS], *y = fv_f32(c->out[0]) + u * PIECE;
		int64_t n = fv_min(PIECE, all - u * PIECE);
		draw_units(&d, u * BLOCKS, BLOCKS, unit[0], BLOCKS);
		if (a.kind == FV_NORMAL) {
			normal_pairs(unit[0], unit[1], BLOCKS, (float)a.lo, (float)a.hi);
			normal_pairs(unit[2], unit[3], BLOCKS, (float)a.lo, (float)a.hi);
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
	.name = FV_KERNEL_NAME(random_blocks), .op = &fv_op_random, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
