/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d of 7x7, stride 1, to few channels: the first and the last layers (winograd_1d.h).
 *
 *	phase 0		weights [o][i][j][c] to [o by LINE_OUT][point][i][c][o]; unit: LINE_OUT output channels
 *	phase 1		unit: a band of columns of some rows of one picture
 *	phase 2		only with statistics; unit: MOMENTS channels */
#include "device/cpu/winograd_1d.h"

typedef struct { fv_conv v; line_sizes s; room start; moments noted; } problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	const fv_conv *v = &p.v;
	bool bordered = v->kind == FV_PAD_ZERO && v->top + v->bottom + v->left + v->right > 0;
	const char *why = n->type != FV_F32 ? "only float" : v->stride != 1 ? "only stride 1" : v->groups != 1 ? "no groups" :
	                  v->kw != LINE_TAPS || v->kh != LINE_TAPS ? "only 7x7" : v->o > LINE_OUT * LINE_PASSES ? "too many channels" :
	                  v->in.stats && bordered ? "no norm of what it reads where the border is zeros" : NULL;
	if (why)
		return why;
	p.s = line_plan(w, threads, v->n, v->oh, v->ow, v->c, v->o);
	p.start = room_take(w, threads, prologue_floats(n, v->c));
	p.noted = moments_plan(w, n, w->units[1], v->o);
	work_keep(w, &p, sizeof p);
	return NULL;
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
	problem p;
	work_own(call, &p, sizeof p);
	float *weights = call->packed;
	epilogue end = epilogue_of(call, true);
	prologue start = prologue_of(call, fv_f32(call->in[3]), p.v.c, room_at(call, p.start, thread));
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 0)
			pack(&p.v, fv_f32(call->in[1]), u * LINE_OUT, weights + u * LINE_OUT * LINE_POINTS * LINE_TAPS * p.v.c);
		else if (call->phase == 1)
			line_block(&p.v, &p.s, fv_f32(call->in[0]), start.mean ? &start : NULL, weights, u, room_at(call, p.s.mine, thread),
			           fv_f32(call->out[0]), &end, moments_at(call, &p.noted, u));
		else
			moments_merge(call, &p.noted, u);
	}
	vf_non_temporal_end();
}

const fv_kernel FV_KERNEL(winograd_1d) = {
	.name = FV_KERNEL_NAME(winograd_1d), .op = &fv_op_conv2d, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
