/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dx to few channels a group, any stride: the gradient of a picture (thin.h, direct_dx.h).
 *
 *	phase 0		weights [o][i][j][c] to [c by THIN_OUT][i][o][j][c], taps backwards; unit: a part
 *	phase 1		unit: a band of rows of one part of one picture
 *	phase 2		only with a mirrored border: phase 1 made the padded picture; unit: a row of dx */
#include "device/cpu/direct_dx.h"
#include "device/cpu/thin.h"

typedef struct {
	fv_conv v;                      /* of the padded picture, where that is made */
	thin_sizes s;
	bool padded;
} problem;

static problem problem_of(const fv_node *n)
{
	problem p = { .v = fv_conv_of(n) };
	fv_conv *v = &p.v;
	int64_t s = v->stride;
	p.padded = direct_dx_pad(v);
	p.s = thin_sizes_of(v->n, fv_div_up(v->h, s), fv_div_up(v->w, s), fv_div_up(v->kh, s), fv_div_up(v->kw, s),
	                    v->o / v->groups, v->c / v->groups, v->groups * s * s);
	return p;
}

static bool supports(const fv_node *n, const char **why)
{
	fv_conv v = fv_conv_of(n);
	*why = n->type != FV_F32 ? "only float" : v.c / v.groups > THIN_OUT * THIN_PASSES ? "too many channels a group" :
	       v.o / v.groups % GEMM_PAIR ? "channels in pairs" : fv_conv_rides(&v);
	return !*why;
}

static double seconds(const fv_node *n)
{
	problem p = problem_of(n);
	const fv_conv *v = &p.v;
	return thin_seconds(&p.s, v->kh * v->kw * v->groups, v->o / v->groups, v->c / v->groups,
	                    fv_div_up(v->w, v->stride), fv_div_up(v->kh, v->stride)) +
	       (p.padded ? 24 * (double)fv_elements(n->shape) / GEMM_COPY : 0);
}

static int64_t units(const fv_node *n, int phase)
{
	problem p = problem_of(n);
	if (phase == 2)
		return p.padded ? n->shape.n * n->shape.h : 0;
	return phase ? p.s.parts * p.v.n * p.s.row_bands * p.s.column_bands : p.s.parts;
}

static int64_t grain(const fv_node *n, int phase) { return phase == 2 ? 8 : 1; }

static int64_t scratch(const fv_node *n, int threads)
{
	problem p = problem_of(n);
	int64_t picture = p.padded ? p.v.n * p.v.h * p.v.w * p.v.c : 0;
	return thin_scratch(&p.s, threads) + picture * (int64_t)sizeof(float);
}

static void pack(const fv_conv *v, const direct_part *p, int64_t tap_row, int64_t tap_col, const float *w, float *to)
{
	for (int64_t c0 = 0; c0 < p->og; c0 += THIN_OUT)
		for (int64_t t = p->th - 1; t >= 0; t--)
			for (int64_t o = 0; o < p->cg; o += GEMM_PAIR) {
				int64_t row = ((p->c0 + o) * v->kh + tap_row + v->stride * t) * v->kw + tap_col, next = v->kh * v->kw * p->og;
				for (int64_t u = p->tw - 1; u >= 0; u--)
					for (int64_t c = c0; c < fv_min(p->og, c0 + THIN_OUT); c++) {
						const float *from = w + (row + v->stride * u) * p->og + c;
						*to++ = thin_place(from, from + (GEMM_PAIR - 1) * next);
					}
			}
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem q = problem_of(call->node);
	const fv_conv *v = &q.v, real = fv_conv_of(call->node);
	const thin_sizes *s = &q.s;
	float *weights = call->scratch, *band = weights + s->parts * s->weights + thread * s->band;
	float *picture = weights + s->parts * s->weights + call->threads * s->band;
	float *out = q.padded ? picture : fv_f32(call->out[0]);
	conv_end end = { 0 };
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 2) {
			direct_dx_fold(&real, v, picture, u / real.h, u % real.h, fv_f32(call->out[0]));
			continue;
		}
		int64_t tap_row, tap_col;
		direct_part p = direct_dx_part(v, u % s->parts, &tap_row, &tap_col);
		float *packed = weights + u % s->parts * s->weights;
		if (call->phase == 0)
			pack(v, &p, tap_row, tap_col, fv_f32(call->in[1]), packed);
		else
			thin_block(&p, s, fv_f32(call->in[0]), packed, u / s->parts, band, out, &end, NULL);
	}
}

const fv_kernel FV_KERNEL(thin_dx) = {
	.name = FV_KERNEL_NAME(thin_dx), .op = &fv_op_conv2d_dx, .needs = FV_ISA_BITS, .supports = supports,
	.seconds = seconds, .phases = 3, .units = units, .grain = grain, .scratch = scratch, .run = run,
};
