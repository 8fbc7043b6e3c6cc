/* SPDX-License-Identifier: Apache-2.0 */
#include "op/taps.h"
#include <math.h>

static double value(const fv_call *c, int64_t at)
{
	return fv_prologue_value(&c->node->attr.in, c->in[1], at % c->in[0].shape.c, fv_get(c->in[0], at));
}

void fv_taps_forward(const fv_call *c, fv_taps_of f)
{
	fv_shape x = c->in[0].shape, y = c->out[0].shape;
	for (int64_t n = 0; n < y.n; n++)
		for (int64_t p = 0; p < y.h; p++) {
			fv_taps v = f(c->node, p, x.h, y.h);
			for (int64_t q = 0; q < y.w; q++) {
				fv_taps h = f(c->node, q, x.w, y.w);
				for (int64_t k = 0; k < y.c; k++) {
					double sum = 0;
					for (int i = 0; i < v.count; i++)
						for (int j = 0; j < h.count; j++)
							sum += v.weight[i] * h.weight[j] * value(c, ((n * x.h + v.at[i]) * x.w + h.at[j]) * x.c + k);
					fv_put(c->out[0], ((n * y.h + p) * y.w + q) * y.c + k, sum);
				}
			}
		}
}

/* out[0] is the map's input side. One value at a time, in the order of the sums: no scratch, and the same bits. */
void fv_taps_adjoint(const fv_call *c, fv_taps_of f)
{
	fv_shape y = c->in[0].shape, x = c->out[0].shape;
	for (int64_t n = 0; n < x.n; n++)
		for (int64_t r = 0; r < x.h; r++)
			for (int64_t s = 0; s < x.w; s++)
				for (int64_t k = 0; k < x.c; k++)
					fv_put(c->out[0], ((n * x.h + r) * x.w + s) * x.c + k, 0);
	for (int64_t n = 0; n < x.n; n++)
		for (int64_t p = 0; p < y.h; p++) {
			fv_taps v = f(c->node, p, x.h, y.h);
			for (int64_t q = 0; q < y.w; q++) {
				fv_taps h = f(c->node, q, x.w, y.w);
				for (int i = 0; i < v.count; i++)
					for (int j = 0; j < h.count; j++)
						for (int64_t k = 0; k < x.c; k++) {
							int64_t at = ((n * x.h + v.at[i]) * x.w + h.at[j]) * x.c + k;
							fv_put(c->out[0], at, fv_get(c->out[0], at) +
							       v.weight[i] * h.weight[j] * fv_get(c->in[0], ((n * y.h + p) * y.w + q) * y.c + k));
						}
			}
		}
}
