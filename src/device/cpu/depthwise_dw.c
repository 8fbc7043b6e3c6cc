/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dw, one channel a group: sums over pixels of dy times x, for each tap, lanes are channels.
 *
 *	phase 0		unit: a stretch of output rows; sums into a partial [i][j][c] of its own
 *	phase 1		partials added in order of stretches, to [c][i][j]; unit: a tap */
#include "device/cpu/depthwise.h"

enum { STRETCHES = 16 };

static int64_t stretch_of(const fv_conv *v) { return fv_div_up(v->n * v->oh, STRETCHES); }

static void sum(const fv_conv *v, const fv_call *call, int64_t first, int64_t last, float *to)
{
	for (int64_t i = 0; i < v->kh * v->kw * v->c; i++)
		to[i] = 0;
	for (int64_t at = first; at < last; at++) {
		const float *x = fv_f32(call->in[0]) + at / v->oh * v->h * v->w * v->c;
		for (int64_t i = 0; i < v->kh; i++) {
			int64_t r = fv_pad_index(at % v->oh * v->stride + i - v->top, v->h, v->kind);
			for (int64_t j = 0; j < v->kw && r >= 0; j++)
				for (int64_t c = 0; c < v->c; c += VF) {
					/* A row of pixels with the sum in a register. */
					vm m = vm_first(v->c - c);
					vf all = vf_zero();
					for (int64_t q = 0; q < v->ow; q++) {
						int64_t s = fv_pad_index(q * v->stride + j - v->left, v->w, v->kind);
						const float *dy = fv_f32(call->in[1]) + (at * v->ow + q) * v->c + c;
						if (s >= 0)
							all = vf_fma(vf_load(x + (r * v->w + s) * v->c + c, m), vf_load(dy, m), all);
					}
					float *t = to + (i * v->kw + j) * v->c + c;
					vf_store(t, vf_add(vf_load(t, m), all), m);
				}
		}
	}
}

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	fv_conv v = fv_conv_of(n);
	const char *why = depthwise_plan(n, &v, w);
	w->units[0] = fv_div_up(v.n * v.oh, stretch_of(&v));
	w->units[1] = v.kh * v.kw;
	w->grain[1] = 1;
	w->scratch = w->units[0] * depthwise_weights(&v) * (int64_t)sizeof(float);
	return why;
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	fv_conv v = fv_conv_of(call->node);
	int64_t stretch = stretch_of(&v), size = depthwise_weights(&v), count = call->work->units[0], taps = v.kh * v.kw;
	float *partials = call->scratch, *dw = fv_f32(call->out[0]);
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 0) {
			sum(&v, call, u * stretch, fv_min(v.n * v.oh, (u + 1) * stretch), partials + u * size);
			continue;
		}
		for (int64_t c = 0; c < v.c; c++) {
			float all = partials[u * v.c + c];
			for (int64_t s = 1; s < count; s++)
				all += partials[s * size + u * v.c + c];
			dw[c * taps + u] = all;
		}
	}
}

const fv_kernel FV_KERNEL(depthwise_dw) = {
	.name = FV_KERNEL_NAME(depthwise_dw), .op = &fv_op_conv2d_dw, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
