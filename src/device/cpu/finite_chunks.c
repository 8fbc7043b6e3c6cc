/* SPDX-License-Identifier: Apache-2.0 */
/* finite: phase 0: a flag a chunk; phase 1: all of them. v - v is 0 for finite values and NaN for all others; v is the
 * square of x. */
#include "device/cpu/chunks.h"

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_chunks(w, fv_elements(n->in[0]->shape));
	w->phases = 2;
	w->scratch = w->units[0];
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	char *flag = c->scratch;
	if (c->phase) {
		bool ok = !c->in[1].data || *fv_f32(c->in[1]) != 0;
		for (int64_t i = 0; i < c->work->units[0]; i++)
			ok &= flag[i];
		*fv_f32(c->out[0]) = ok;
		return;
	}
	const float *x = fv_f32(c->in[0]);
	for (int64_t u = first; u < last; u++) {
		int64_t end = fv_min((u + 1) * CHUNK, fv_elements(c->in[0].shape));
		vf sum = vf_zero();
		for (int64_t i = u * CHUNK; i < end; i += VF) {
			vf v = vf_load(x + i, vm_first(end - i));
			v = vf_mul(v, v);
			sum = vf_add(sum, vf_sub(v, v));
		}
		flag[u] = vf_sum(sum) == 0;
	}
}

const fv_kernel FV_KERNEL(finite_chunks) = {
	.name = FV_KERNEL_NAME(finite_chunks), .op = &fv_op_finite, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
