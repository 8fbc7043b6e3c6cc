/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d with stride 1 to few channels a group: the last layers (few_channels.h).
 *
 *	phase 0		weights [o][i][j][c] to [o by FEW_OUT][i][c][j][o]; unit: a group
 *	phase 1		unit: a band of output rows of one picture and group
 *	phase 2		only with statistics; unit: MOMENTS channels */
#include "device/cpu/few_channels.h"

static igemm_product product_of(const fv_conv *v, int64_t group)
{
	int64_t cg = v->c / v->groups, og = v->o / v->groups;
	return (igemm_product){
		.h = v->h, .w = v->w, .c = v->c, .c0 = group * cg, .cg = cg, .gh = v->oh, .gw = v->ow, .step = 1,
		.y0 = -v->top, .x0 = -v->left, .th = v->kh, .tw = v->kw, .kind = v->kind,
		.oh = v->oh, .ow = v->ow, .oc = v->o, .o0 = group * og, .og = og, .out_step = 1, .depth = v->kh * v->kw * cg,
	};
}

typedef struct { fv_conv v; few_sizes s; moments noted; } problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	const fv_conv *v = &p.v;
	int64_t cg = v->c / v->groups, og = v->o / v->groups;
	const char *why = n->type != FV_F32 ? "only float" : v->stride != 1 ? "only stride 1" :
	                  og > FEW_OUT * FEW_PASSES ? "too many channels a group" : cg % GEMM_PAIR ? "channels in pairs" :
	                  v->in.stats ? "no norm of what it reads" : v->out.stats && v->groups > 1 ? "no statistics of groups" : NULL;
	if (why)
		return why;
	p.s = few_plan(w, threads, v->n, v->oh, v->ow, v->kh, v->kw, cg, og, v->groups, v->kh * v->kw * v->groups);
	p.noted = moments_plan(w, n, w->units[1], v->o);
	work_keep(w, &p, sizeof p);
	return NULL;
}

static void pack(const igemm_product *p, const float *w, float *to)
{
	for (int64_t o0 = 0; o0 < p->og; o0 += FEW_OUT)
		for (int64_t i = 0; i < p->th; i++)
			for (int64_t c = 0; c < p->cg; c += GEMM_PAIR)
				for (int64_t j = 0; j < p->tw; j++)
					for (int64_t o = o0; o < fv_min(p->og, o0 + FEW_OUT); o++) {
						const float *from = w + (((p->o0 + o) * p->th + i) * p->tw + j) * p->cg + c;
						*to++ = few_place(from, from + GEMM_PAIR - 1);
					}
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem q;
	work_own(call, &q, sizeof q);
	const few_sizes *s = &q.s;
	epilogue end = epilogue_of(call, false);
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 2) {
			moments_merge(call, &q.noted, u);
			continue;
		}
		igemm_product p = product_of(&q.v, u % s->products);
		float *packed = room_at(call, s->weights, u % s->products);
		if (call->phase == 0)
			pack(&p, fv_f32(call->in[1]), packed);
		else
			few_block(&p, s, fv_f32(call->in[0]), packed, u / s->products, room_at(call, s->band, thread), fv_f32(call->out[0]), &end,
			           moments_at(call, &q.noted, u));
	}
}

const fv_kernel FV_KERNEL(few_channels) = {
	.name = FV_KERNEL_NAME(few_channels), .op = &fv_op_conv2d, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
