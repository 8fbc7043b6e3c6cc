/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dx to at most four channels a group, any stride: the gradient of a picture (thin.h, direct_dx.h).
 *
 *	phase 0		weights [o][i][j][c] to [i][o][j][c], taps backwards; unit: a part
 *	phase 1		unit: a band of rows of one part of one picture */
#include "cpu/direct_dx.h"
#include "cpu/thin.h"

static thin_sizes sizes(const fv_conv *v)
{
	int64_t s = v->stride;
	return thin_sizes_of(v->n, fv_div_up(v->h, s), fv_div_up(v->w, s), fv_div_up(v->kh, s), fv_div_up(v->kw, s),
	                     v->o / v->groups, v->c / v->groups, v->groups * s * s);
}

static bool supports(const fv_node *n, const char **why)
{
	fv_conv v = fv_conv_of(n);
	*why = n->type != FV_F32 ? "only float" : v.c / v.groups > THIN_OUT ? "only up to four channels a group" :
	       v.kind != FV_PAD_ZERO && v.top + v.bottom + v.left + v.right > 0 ? "no mirrored border" : NULL;
	return !*why;
}

static double seconds(const fv_node *n)
{
	fv_conv v = fv_conv_of(n);
	thin_sizes s = sizes(&v);
	return thin_seconds(&s, v.kh * v.kw * v.groups, v.o / v.groups, v.c / v.groups, fv_div_up(v.w, v.stride),
	                    fv_div_up(v.kh, v.stride));
}

static int64_t units(const fv_node *n, int phase)
{
	fv_conv v = fv_conv_of(n);
	thin_sizes s = sizes(&v);
	return phase ? s.parts * v.n * s.row_bands * s.column_bands : s.parts;
}

static int64_t scratch(const fv_node *n, int threads)
{
	fv_conv v = fv_conv_of(n);
	thin_sizes s = sizes(&v);
	return thin_scratch(&s, threads);
}

static void pack(const fv_conv *v, const direct_part *p, int64_t tap_row, int64_t tap_col, const float *w, float *to)
{
	for (int64_t t = p->th - 1; t >= 0; t--)
		for (int64_t o = 0; o < p->cg; o++)
			for (int64_t u = p->tw - 1; u >= 0; u--)
				for (int64_t c = 0; c < p->og; c++)
					*to++ = w[(((p->c0 + o) * v->kh + tap_row + v->stride * t) * v->kw + tap_col + v->stride * u) * p->og + c];
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	fv_conv v = fv_conv_of(call->node);
	thin_sizes s = sizes(&v);
	float *weights = call->scratch, *band = weights + s.parts * s.weights + thread * s.band;
	conv_end end = { 0 };
	int64_t pieces = call->phase ? v.n * s.row_bands * s.column_bands : 1;
	for (int64_t u = first; u < last; u++) {
		int64_t tap_row, tap_col;
		direct_part p = direct_dx_part(&v, u / pieces, &tap_row, &tap_col);
		float *packed = weights + u / pieces * s.weights;
		if (call->phase == 0)
			pack(&v, &p, tap_row, tap_col, fv_f32(call->in[1]), packed);
		else
			thin_block(&p, &s, fv_f32(call->in[0]), packed, u % pieces, band, fv_f32(call->out[0]), &end);
	}
}

const fv_kernel FV_KERNEL(thin_dx) = {
	.name = FV_KERNEL_NAME(thin_dx), .op = &fv_op_conv2d_dx, .needs = FV_ISA_BITS, .supports = supports, .seconds = seconds,
	.phases = 2, .units = units, .scratch = scratch, .run = run,
};
