/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dx to few channels a group, any stride: the gradient of a picture (few_channels.h, implicit_gemm_dx.h).
 *
 *	phase 0		weights [o][i][j][c] to [c by FEW_OUT][i][o][j][c], taps backwards; unit: a product
 *	phase 1		unit: a band of rows of one product of one picture
 *	phase 2		only with a mirrored border: phase 1 made the padded picture; unit: a row of dx */
#include "device/cpu/implicit_gemm_dx.h"
#include "device/cpu/few_channels.h"

typedef struct {
	fv_conv v;                      /* of the padded picture, where that is made */
	few_sizes s;
	bool padded;
	room picture;                   /* the padded picture */
} problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	fv_conv *v = &p.v;
	int64_t s = v->stride, cg = v->c / v->groups, og = v->o / v->groups;
	const char *why = n->type != FV_F32 ? "only float" : cg > FEW_OUT * FEW_PASSES ? "too many channels a group" :
	                  og % GEMM_PAIR ? "channels in pairs" : fv_conv_unfused(v);
	if (why)
		return why;
	p.padded = igemm_dx_pad(v);
	p.s = few_plan(w, threads, v->n, fv_div_up(v->h, s), fv_div_up(v->w, s), fv_div_up(v->kh, s), fv_div_up(v->kw, s), og, cg,
	                v->groups * s * s, v->kh * v->kw * v->groups);
	if (p.padded) {
		p.picture = igemm_dx_picture(n, w, v, 24 * (double)fv_elements(n->shape) / GEMM_COPY);
		w->grain[2] = 8;
	}
	work_keep(w, &p, sizeof p);
	return NULL;
}

static void pack(const fv_conv *v, const igemm_product *p, int64_t tap_row, int64_t tap_col, const float *w, float *to)
{
	for (int64_t c0 = 0; c0 < p->og; c0 += FEW_OUT)
		for (int64_t t = p->th - 1; t >= 0; t--)
			for (int64_t o = 0; o < p->cg; o += GEMM_PAIR) {
				int64_t row = ((p->c0 + o) * v->kh + tap_row + v->stride * t) * v->kw + tap_col, next = v->kh * v->kw * p->og;
				for (int64_t u = p->tw - 1; u >= 0; u--)
					for (int64_t c = c0; c < fv_min(p->og, c0 + FEW_OUT); c++) {
						const float *from = w + (row + v->stride * u) * p->og + c;
						*to++ = few_place(from, from + (GEMM_PAIR - 1) * next);
					}
			}
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem q;
	work_own(call, &q, sizeof q);
	const fv_conv *v = &q.v, real = fv_conv_of(call->node);
	const few_sizes *s = &q.s;
	float *picture = room_at(call, q.picture, 0), *out = q.padded ? picture : fv_f32(call->out[0]);
	epilogue end = { 0 };
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 2) {
			igemm_dx_mirror(&real, v, picture, u / real.h, u % real.h, fv_f32(call->out[0]));
			continue;
		}
		int64_t tap_row, tap_col;
		igemm_product p = igemm_dx_product(v, u % s->products, &tap_row, &tap_col);
		float *packed = room_at(call, s->weights, u % s->products);
		if (call->phase == 0)
			pack(v, &p, tap_row, tap_col, fv_f32(call->in[1]), packed);
		else
			few_block(&p, s, fv_f32(call->in[0]), packed, u / s->products, room_at(call, s->band, thread), out, &end, NULL);
	}
}

const fv_kernel FV_KERNEL(few_channels_dx) = {
	.name = FV_KERNEL_NAME(few_channels_dx), .op = &fv_op_conv2d_dx, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
