/* SPDX-License-Identifier: Apache-2.0 */
/* binary over chunks of the result, with any broadcasting: axes are merged first, so most cases are one or two loops. */
#include "device/cpu/chunks.h"
#include "device/cpu/epilogue.h"

VEC vf apply(int kind, vf x, vf y, vf a)
{
	switch (kind) {
	case FV_ADD: return vf_add(x, y);
	case FV_SUB: return vf_sub(x, y);
	case FV_MUL: return vf_mul(x, y);
	case FV_DIV: return vf_div(x, y);
	/* a NaN in x stays: the comparison is false for it only the other way round */
	case FV_MAX: return vf_select(vf_ge(y, x), y, vf_select(vf_eq(y, y), x, y));
	case FV_MIN: return vf_select(vf_ge(x, y), y, vf_select(vf_eq(y, y), x, y));
	case FV_RELU_GRAD: return epilogue_mask(x, y, a);
	case FV_GREATER: return vf_select(vf_gt(x, y), vf_set(1), vf_zero());
	}
	return x;
}

/* A run of n values; a step of 0 repeats one value. */
VEC void each(int kind, const float *x, bool move_x, const float *y, bool move_y, float *z, int64_t n, vf a)
{
	int64_t i = 0;
	vf vx = vf_set(*x), vy = vf_set(*y);
	for (; i + VF <= n; i += VF) {
		if (move_x)
			vx = vf_loadu(x + i);
		if (move_y)
			vy = vf_loadu(y + i);
		vf_storeu(z + i, apply(kind, vx, vy, a));
	}
	if (i < n) {
		vm m = vm_first(n - i);
		if (move_x)
			vx = vf_load(x + i, m);
		if (move_y)
			vy = vf_load(y + i, m);
		vf_store(z + i, apply(kind, vx, vy, a), m);
	}
}

VEC void stretch(int kind, const loops *l, const float *x, const float *y, float *z, int64_t from, int64_t to, vf a)
{
	while (from < to) {
		int64_t i = from, px, py;
		loops_at(l, &i, &px, &py);
		int64_t n = fv_min(l->size[0] - i, to - from);
		const float *p = x + px + i * l->x[0], *q = y + py + i * l->y[0];
		if (l->x[0] && l->y[0])
			each(kind, p, true, q, true, z + from, n, a);
		else if (l->x[0])
			each(kind, p, true, q, false, z + from, n, a);
		else
			each(kind, p, false, q, l->y[0] != 0, z + from, n, a);
		from += n;
	}
}

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	work_chunks(w, fv_elements(n->shape));
	return only_f32(n);
}

static void run(const fv_call *c, int thread, int64_t first, int64_t last)
{
	fv_binary_attr b = c->node->attr.binary;
	loops l = loops_of(c->out[0].shape, c->in[0].shape, c->in[1].shape);
	int64_t from = first * CHUNK, to = fv_min(fv_elements(c->out[0].shape), last * CHUNK);
	const float *x = fv_f32(c->in[0]), *y = fv_f32(c->in[1]);
	float *z = fv_f32(c->out[0]);
	vf a = vf_set((float)b.a);
	switch (b.kind) {
#define KIND(k) case k: stretch(k, &l, x, y, z, from, to, a); break;
	KIND(FV_ADD) KIND(FV_SUB) KIND(FV_MUL) KIND(FV_DIV) KIND(FV_MAX) KIND(FV_MIN) KIND(FV_RELU_GRAD) KIND(FV_GREATER)
#undef KIND
	}
}

const fv_kernel FV_KERNEL(elementwise_binary) = {
	.name = FV_KERNEL_NAME(elementwise_binary), .op = &fv_op_binary, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
