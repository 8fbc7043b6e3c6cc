/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d, any size, stride, groups and padding: patches times packed weights (implicit_gemm.h).
 *
 *	phase 0		weights [o][k] into panels [k][o]; unit: IGEMM_PACK of the depth of one group
 *	phase 1		unit: a block of output pixels of one group
 *	phase 2		only with statistics; unit: MOMENTS channels */
#include "device/cpu/implicit_gemm.h"

static igemm_product product_of(const fv_conv *v, int64_t group)
{
	int64_t cg = v->c / v->groups, og = v->o / v->groups;
	return (igemm_product){
		.h = v->h, .w = v->w, .c = v->c, .c0 = group * cg, .cg = cg, .gh = v->oh, .gw = v->ow,
		.step = v->stride, .y0 = -v->top, .x0 = -v->left, .th = v->kh, .tw = v->kw, .kind = v->kind,
		.oh = v->oh, .ow = v->ow, .oc = v->o, .o0 = group * og, .og = og, .out_step = 1,
		.depth = v->kh * v->kw * cg, .panels = gemm_panels_of(og),
	};
}

typedef struct { fv_conv v; igemm_sizes s; } problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	const fv_conv *v = &p.v;
	const char *why = n->type != FV_F32 ? "only float" : v->c / v->groups % GEMM_PAIR ? "channels in pairs" : v->in.stats ? "no norm of what it reads" :
	                  v->out.stats && (v->groups > 1 || v->out.act != FV_ACT_NONE) ? "no statistics of groups, nor behind an activation" : NULL;
	if (why)
		return why;
	igemm_product largest = product_of(v, 0);
	p.s = igemm_sizes_of(&largest, v->n, v->groups);
	igemm_plan(n, threads, w, &p.s, (double)p.s.depth);
	work_keep(w, &p, sizeof p);
	return NULL;
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem q;
	work_own(call, &q, sizeof q);
	const fv_conv *v = &q.v;
	const igemm_sizes *s = &q.s;
	epilogue end = epilogue_of(call, v->o / v->groups % VF == 0);
	tile_enter();
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 2) {
			moments_merge(call, &s->noted, u);
			continue;
		}
		int64_t group = u % s->products, i = u / s->products;
		igemm_product p = product_of(v, group);
		float *packed = room_at(call, s->weights, group);
		if (call->phase == 0)
			gemm_pack_rows(&p.panels, p.og, p.depth / GEMM_PAIR, fv_f32(call->in[1]) + p.o0 * p.depth, p.depth,
			               i * IGEMM_PACK, fv_min(p.depth, (i + 1) * IGEMM_PACK), packed);
		else
			igemm_block(&p, s, fv_f32(call->in[0]), v->n, packed, i, room_at(call, s->mine, thread), fv_f32(call->out[0]), &end,
			             moments_at(call, &s->noted, i));
	}
	vf_non_temporal_end();
	tile_leave();
}

const fv_kernel FV_KERNEL(implicit_gemm) = {
	.name = FV_KERNEL_NAME(implicit_gemm), .op = &fv_op_conv2d, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
