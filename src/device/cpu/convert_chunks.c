/* SPDX-License-Identifier: Apache-2.0 */
/* convert between float and bf16, by their bits; the compiler makes vectors of these loops. */
#include "device/cpu/chunks.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	bool narrow = n->type == FV_BF16 && n->in[0]->type == FV_F32, widen = n->type == FV_F32 && n->in[0]->type == FV_BF16;
	work_chunks(w, fv_elements(n->shape));
	return narrow || widen ? NULL : "only between float and bf16";
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	int64_t end = fv_min(last * CHUNK, fv_elements(c->out[0].shape));
	if (c->node->type == FV_F32) {
		const uint16_t *x = c->in[0].data;
		uint32_t *y = c->out[0].data;
		for (int64_t i = first * CHUNK; i < end; i++)
			y[i] = (uint32_t)x[i] << 16;
		return;
	}
	const uint32_t *x = c->in[0].data;
	uint16_t *y = c->out[0].data;
	for (int64_t i = first * CHUNK; i < end; i++) {
		uint32_t u = x[i], nan = u >> 16 | 64, even = (u + 0x7fff + (u >> 16 & 1)) >> 16;
		y[i] = (uint16_t)((u & 0x7fffffff) > 0x7f800000 ? nan : even);
	}
}

const fv_kernel FV_KERNEL(convert_chunks) = {
	.name = FV_KERNEL_NAME(convert_chunks), .op = &fv_op_convert, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
