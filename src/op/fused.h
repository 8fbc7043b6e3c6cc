/* SPDX-License-Identifier: Apache-2.0 */
/* What references do with an operation's prologue and epilogue (graph.h). */
#ifndef FV_FUSED_H
#define FV_FUSED_H
#include "op/op.h"
#include <math.h>

static inline double fv_act_value(fv_act act, float slope, double v)
{
	if (act == FV_ACT_TANH)
		return tanh(v);
	return act == FV_ACT_NONE || v > 0 ? v : act == FV_ACT_RELU && v <= 0 ? 0 : v * slope;
}

/* v where y, what an activation made, is above 0. */
static inline double fv_mask_value(double y, float slope, double v) { return y > 0 ? v : v * slope; }

/* A value of channel c as an operation reads it: by a norm's statistics and an activation, where there are any. */
static inline double fv_prologue_value(const fv_prologue *in, fv_tensor stats, int64_t c, double v)
{
	return in->stats ? fv_act_value(in->act, in->slope, (v - fv_get(stats, 2 * c)) * fv_get(stats, 2 * c + 1)) : v;
}
#endif
