/* SPDX-License-Identifier: Apache-2.0 */
/* adam: p, m and v in one pass. */
#include "device/cpu/chunks.h"
#include <math.h>

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_chunks(w, fv_elements(n->in[0]->shape));
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_adam_attr a = c->node->attr.adam;
	if (c->in[3].data && *fv_f32(c->in[3]) == 0)
		return;
	double rate = *fv_f32(c->in[1]), t = *fv_f32(c->in[2]), c1 = 1 - pow(a.beta1, t), c2 = 1 - pow(a.beta2, t);
	/* Both spellings as p -= up m / (sqrt(v) down + eps). */
	vf up = vf_set((float)(a.keras ? rate * sqrt(c2) / c1 : rate / c1)), down = vf_set((float)(a.keras ? 1 : 1 / sqrt(c2)));
	vf b1 = vf_set((float)(1 - a.beta1)), b2 = vf_set((float)(1 - a.beta2)), eps = vf_set((float)a.eps);
	float *p = fv_f32(c->variable[0]), *m = fv_f32(c->variable[1]), *v = fv_f32(c->variable[2]);
	const float *d = fv_f32(c->in[0]);
	int64_t end = fv_min(last * CHUNK, fv_elements(c->in[0].shape));
	for (int64_t i = first * CHUNK; i < end; i += VF) {
		vm k = vm_first(end - i);
		vf g = vf_load(d + i, k), vm_ = vf_load(m + i, k), vv = vf_load(v + i, k);
		vm_ = vf_fma(vf_sub(g, vm_), b1, vm_);
		vv = vf_fma(vf_sub(vf_mul(g, g), vv), b2, vv);
		vf_store(m + i, vm_, k);
		vf_store(v + i, vv, k);
		vf step = vf_div(vf_mul(up, vm_), vf_fma(vf_sqrt(vv), down, eps));
		vf_store(p + i, vf_sub(vf_load(p + i, k), step), k);
	}
}

const fv_kernel FV_KERNEL(adam_chunks) = {
	.name = FV_KERNEL_NAME(adam_chunks), .op = &fv_op_adam, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
