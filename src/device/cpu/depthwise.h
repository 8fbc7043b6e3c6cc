/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution, one channel a group: lanes are channels, a pixel is a sum of products of vectors.
 * Weights [c][i][j] lie as [i][j][c] in scratch; a pixel's terms are collected first, then run over its channels. */
#ifndef FV_DEPTHWISE_H
#define FV_DEPTHWISE_H
#include "device/cpu/epilogue.h"
#include "op/conv.h"

enum { DEPTHWISE_TERMS = 64 };          /* collected at most; more are added in a second run */

typedef struct {
	const float *x[DEPTHWISE_TERMS], *w[DEPTHWISE_TERMS];
	int64_t count;
	bool add;                       /* to what y holds */
} depthwise_terms;

VEC int64_t depthwise_weights(const fv_conv *v) { return fv_div_up(v->kh * v->kw * v->c, 16) * 16; }

/* Weights are packed in phase 0, and phase 1 makes rows; the time is a product and two loads for each tap, and the memory's. */
VEC const char *depthwise_plan(const fv_node *n, const fv_conv *v, fv_work *w)
{
	bool one = v->groups == v->c && v->groups == v->o && v->c > 1;
	double vectors = (double)(v->n * fv_max(v->h * v->w, v->oh * v->ow) * fv_div_up(v->c, VF));
	w->seconds = vectors * (double)(v->kh * v->kw + 3) * 0.3e-9 + fv_time_streaming(n);
	w->phases = 2;
	w->units[1] = n->shape.n * n->shape.h;
	w->grain[1] = 4;
	return n->type != FV_F32 ? "only float" : !one ? "only one channel a group" : fv_conv_unfused(v);
}

VEC void depthwise_pack(const fv_conv *v, const float *w, float *to)
{
	for (int64_t t = 0; t < v->kh * v->kw; t++)
		for (int64_t c = 0; c < v->c; c++)
			to[t * v->c + c] = w[c * v->kh * v->kw + t];
}

/* Adds the collected terms to y; end: bias and activation, or NULL while there is more to come. */
static inline void depthwise_run(depthwise_terms *t, int64_t channels, float *y, const epilogue *end)
{
	for (int64_t c = 0; c < channels; c += VF) {
		bool whole = channels - c >= VF;
		vm m = vm_first(channels - c);
		vf sum = !t->add ? vf_zero() : whole ? vf_loadu(y + c) : vf_load(y + c, m);
		if (whole)
			for (int64_t i = 0; i < t->count; i++)
				sum = vf_fma(vf_loadu(t->x[i] + c), vf_loadu(t->w[i] + c), sum);
		else
			for (int64_t i = 0; i < t->count; i++)
				sum = vf_fma(vf_load(t->x[i] + c, m), vf_load(t->w[i] + c, m), sum);
		if (end) {
			if (end->bias)
				sum = vf_add(sum, vf_load(end->bias + c, m));
			sum = epilogue_act(end, sum);
		}
		if (whole)
			vf_storeu(y + c, sum);
		else
			vf_store(y + c, sum, m);
	}
	t->count = 0;
	t->add = true;
}

VEC void depthwise_term(depthwise_terms *t, const float *x, const float *w, int64_t channels, float *y)
{
	if (t->count == DEPTHWISE_TERMS)
		depthwise_run(t, channels, y, NULL);
	t->x[t->count] = x;
	t->w[t->count++] = w;
}
#endif
