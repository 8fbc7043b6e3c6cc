/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/chunks.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_chunks(w, fv_elements(n->in[0]->shape));
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	float *a = fv_f32(c->variable[0]);
	const float *x = fv_f32(c->in[0]);
	vf share = vf_set((float)(1 - (double)*fv_f32(c->in[1])));
	int64_t end = fv_min(last * CHUNK, fv_elements(c->in[0].shape));
	if (c->in[2].data && *fv_f32(c->in[2]) == 0)
		return;
	for (int64_t i = first * CHUNK; i < end; i += VF) {
		vm m = vm_first(end - i);
		vf v = vf_load(a + i, m);
		vf_store(a + i, vf_fma(share, vf_sub(vf_load(x + i, m), v), v), m);
	}
}

const fv_kernel FV_KERNEL(average_chunks) = {
	.name = FV_KERNEL_NAME(average_chunks), .op = &fv_op_average, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
