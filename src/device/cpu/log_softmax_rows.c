/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/chunks.h"
#include <math.h>

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	w->units[0] = fv_elements(n->shape) / n->shape.c;
	w->grain[0] = fv_max(1, 4096 / n->shape.c);
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	int64_t n = c->out[0].shape.c;
	for (int64_t r = first; r < last; r++) {
		const float *x = fv_f32(c->in[0]) + r * n;
		float *y = fv_f32(c->out[0]) + r * n, top = -INFINITY;
		for (int64_t i = 0; i < n; i++)
			top = x[i] > top ? x[i] : top;
		vf sum = vf_zero(), t = vf_set(top);
		for (int64_t i = 0; i < n; i += VF) {
			vm m = vm_first(n - i);
			sum = vf_add(sum, vf_select(m, vf_exp(vf_sub(vf_load(x + i, m), t)), vf_zero()));
		}
		t = vf_set(top + logf(vf_sum(sum)));
		for (int64_t i = 0; i < n; i += VF) {
			vm m = vm_first(n - i);
			vf_store(y + i, vf_sub(vf_load(x + i, m), t), m);
		}
	}
}

const fv_kernel FV_KERNEL(log_softmax_rows) = {
	.name = FV_KERNEL_NAME(log_softmax_rows), .op = &fv_op_log_softmax, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
