/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d of 7x7, stride 1, to few channels: the first and the last layers (winograd_line.h).
 *
 *	phase 0		weights [o][i][j][c] to [o by LINE_OUT][point][i][c][o]; unit: LINE_OUT output channels
 *	phase 1		unit: a band of columns of some rows of one picture
 *	phase 2		only with statistics; unit: MOMENTS channels */
#include "device/cpu/winograd_line.h"

static line_sizes sizes(const fv_conv *v) { return line_sizes_of(v->n, v->oh, v->ow, v->c, v->o); }

static bool supports(const fv_node *n, const char **why)
{
	fv_conv v = fv_conv_of(n);
	bool bordered = v.kind == FV_PAD_ZERO && v.top + v.bottom + v.left + v.right > 0;
	*why = n->type != FV_F32 ? "only float" : v.stride != 1 ? "only stride 1" : v.groups != 1 ? "no groups" :
	       v.kw != LINE_TAPS || v.kh != LINE_TAPS ? "only 7x7" : v.o > LINE_OUT * LINE_PASSES ? "too many channels" :
	       v.normed && bordered ? "no norm of what it reads where the border is zeros" : NULL;
	return !*why;
}

static double seconds(const fv_node *n)
{
	fv_conv v = fv_conv_of(n);
	line_sizes s = sizes(&v);
	return line_seconds(&s, v.n, v.oh, v.c, v.o);
}

static int64_t units(const fv_node *n, int phase)
{
	fv_conv v = fv_conv_of(n);
	line_sizes s = sizes(&v);
	return phase == 0 ? fv_div_up(v.o, LINE_OUT) : phase == 1 ? v.n * s.down * s.across : v.stats ? fv_div_up(v.o, MOMENTS) : 0;
}

static int64_t packed(const fv_node *n)
{
	fv_conv v = fv_conv_of(n);
	return sizes(&v).weights * (int64_t)sizeof(float);
}

/* Floats of a thread. */
static int64_t room(const fv_conv *v, const line_sizes *s) { return line_floats(s) + conv_start_floats(v); }

static int64_t scratch(const fv_node *n, int threads)
{
	fv_conv v = fv_conv_of(n);
	line_sizes s = sizes(&v);
	return (threads * room(&v, &s) + (v.stats ? units(n, 1) * moments_floats(v.o) : 0)) * (int64_t)sizeof(float);
}

static void pack(const fv_conv *v, const float *w, int64_t o0, float *to)
{
	int64_t O = fv_min(LINE_OUT, v->o - o0);
	for (int64_t o = 0; o < O; o++)
		for (int64_t i = 0; i < v->kh; i++)
			for (int64_t c = 0; c < v->c; c++)
				line_weights(w + ((o0 + o) * v->kh + i) * v->kw * v->c + c, v->c, to + (i * v->c + c) * O + o, v->kh * v->c * O);
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	fv_conv v = fv_conv_of(call->node);
	line_sizes s = sizes(&v);
	float *weights = call->packed, *mine = (float *)call->scratch + thread * room(&v, &s);
	float *moments = (float *)call->scratch + call->threads * room(&v, &s);
	conv_end end = { fv_f32(call->in[2]), v.act, v.slope, vf_past(fv_f32(call->out[0]), fv_elements(call->node->shape) * (int64_t)sizeof(float)) };
	conv_start start = conv_start_of(&v, fv_f32(call->in[3]), mine + line_floats(&s));
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 0)
			pack(&v, fv_f32(call->in[1]), u * LINE_OUT, weights + u * LINE_OUT * LINE_POINTS * LINE_TAPS * v.c);
		else if (call->phase == 1)
			line_block(&v, &s, fv_f32(call->in[0]), start.mean ? &start : NULL, weights, u, mine, fv_f32(call->out[0]), &end,
			           v.stats ? moments + u * moments_floats(v.o) : NULL);
		else
			moments_merge(moments, v.n * s.down * s.across, v.o, u * MOMENTS, fv_min(v.o, (u + 1) * MOMENTS), v.eps, fv_f32(call->out[1]));
	}
	vf_past_end();
}

const fv_kernel FV_KERNEL(winograd_line) = {
	.name = FV_KERNEL_NAME(winograd_line), .op = &fv_op_conv2d, .needs = FV_ISA_BITS, .supports = supports,
	.seconds = seconds, .phases = 3, .units = units, .packed = packed, .scratch = scratch, .run = run,
};
