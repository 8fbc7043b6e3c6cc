/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d with stride 1 to few channels a group: the last layers (thin.h).
 *
 *	phase 0		weights [o][i][j][c] to [o by THIN_OUT][i][c][j][o]; unit: a group
 *	phase 1		unit: a band of output rows of one picture and group
 *	phase 2		only with statistics; unit: MOMENTS channels */
#include "device/cpu/thin.h"

static thin_sizes sizes(const fv_conv *v)
{
	return thin_sizes_of(v->n, v->oh, v->ow, v->kh, v->kw, v->c / v->groups, v->o / v->groups, v->groups);
}

static direct_part part(const fv_conv *v, int64_t group)
{
	int64_t cg = v->c / v->groups, og = v->o / v->groups;
	return (direct_part){
		.h = v->h, .w = v->w, .c = v->c, .c0 = group * cg, .cg = cg, .gh = v->oh, .gw = v->ow, .step = 1,
		.y0 = -v->top, .x0 = -v->left, .th = v->kh, .tw = v->kw, .kind = v->kind,
		.oh = v->oh, .ow = v->ow, .oc = v->o, .o0 = group * og, .og = og, .out_step = 1, .depth = v->kh * v->kw * cg,
	};
}

static bool supports(const fv_node *n, const char **why)
{
	fv_conv v = fv_conv_of(n);
	*why = n->type != FV_F32 ? "only float" : v.stride != 1 ? "only stride 1" :
	       v.o / v.groups > THIN_OUT * THIN_PASSES ? "too many channels a group" :
	       v.c / v.groups % GEMM_PAIR ? "channels in pairs" : v.normed ? "no norm of what it reads" :
	       v.stats && v.groups > 1 ? "no statistics of groups" : NULL;
	return !*why;
}

static double seconds(const fv_node *n)
{
	fv_conv v = fv_conv_of(n);
	thin_sizes s = sizes(&v);
	return thin_seconds(&s, v.kh * v.kw * v.groups, v.c / v.groups, v.o / v.groups, v.ow, v.kh);
}

static int64_t units(const fv_node *n, int phase)
{
	fv_conv v = fv_conv_of(n);
	thin_sizes s = sizes(&v);
	if (phase == 2)
		return v.stats ? fv_div_up(v.o, MOMENTS) : 0;
	return phase ? s.parts * v.n * s.row_bands * s.column_bands : s.parts;
}

static int64_t scratch(const fv_node *n, int threads)
{
	fv_conv v = fv_conv_of(n);
	thin_sizes s = sizes(&v);
	int64_t moments = v.stats ? units(n, 1) * moments_floats(v.o) : 0;
	return thin_scratch(&s, threads) + moments * (int64_t)sizeof(float);
}

static void pack(const direct_part *p, const float *w, float *to)
{
	for (int64_t o0 = 0; o0 < p->og; o0 += THIN_OUT)
		for (int64_t i = 0; i < p->th; i++)
			for (int64_t c = 0; c < p->cg; c += GEMM_PAIR)
				for (int64_t j = 0; j < p->tw; j++)
					for (int64_t o = o0; o < fv_min(p->og, o0 + THIN_OUT); o++) {
						const float *from = w + (((p->o0 + o) * p->th + i) * p->tw + j) * p->cg + c;
						*to++ = thin_place(from, from + GEMM_PAIR - 1);
					}
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	fv_conv v = fv_conv_of(call->node);
	thin_sizes s = sizes(&v);
	float *weights = call->scratch, *band = weights + s.parts * s.weights + thread * s.band;
	conv_end end = { fv_f32(call->in[2]), v.act, v.slope };
	float *moments = weights + s.parts * s.weights + call->threads * s.band;
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 2) {
			moments_merge(moments, v.n * s.row_bands * s.column_bands, v.o, u * MOMENTS, fv_min(v.o, (u + 1) * MOMENTS), v.eps, fv_f32(call->out[1]));
			continue;
		}
		direct_part p = part(&v, u % s.parts);
		float *packed = weights + u % s.parts * s.weights;
		if (call->phase == 0)
			pack(&p, fv_f32(call->in[1]), packed);
		else
			thin_block(&p, &s, fv_f32(call->in[0]), packed, u / s.parts, band, fv_f32(call->out[0]), &end,
			           v.stats ? moments + u * moments_floats(v.o) : NULL);
	}
}

const fv_kernel FV_KERNEL(thin) = {
	.name = FV_KERNEL_NAME(thin), .op = &fv_op_conv2d, .needs = FV_ISA_BITS, .supports = supports,
	.seconds = seconds, .phases = 3, .units = units, .scratch = scratch, .run = run,
};
