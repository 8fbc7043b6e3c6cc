/* SPDX-License-Identifier: Apache-2.0 */
/* A way of computing the fields: the plain one, or one for an instruction set. Arguments are
 * checked, options given. */
#ifndef FV_STROKE_WAY_H
#define FV_STROKE_WAY_H
#include "stroke/stroke.h"

typedef struct {
	const char *name;
	uint32_t needs;                 /* FV_ISA_*: all of them */
	/* NULL: this way has none */
	fv_status (*flow)(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
	                  const fv_stroke_options *o, float *v);
	fv_status (*hold)(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
	                  const fv_stroke_options *o, float *m);
	fv_status (*smear)(fv_err *err, fv_context *c, const float *x, const float *v,
	                   const float *m, int64_t h, int64_t w, const fv_stroke_options *o,
	                   float *y);
	fv_status (*noise)(fv_err *err, fv_context *c, const float *v, int64_t h, int64_t w,
	                   const fv_stroke_options *o, const float *const *white, float *z);
} fv_stroke_way;

/* The record of a file that is built for each set, such as fv_stroke_smear_avx2. */
#define FV_WAY(name) FV_JOIN(fv_stroke_, name, FV_ISA)
extern const fv_stroke_way *const fv_stroke_ways[];     /* later ones are faster; ends with NULL */
extern const fv_stroke_way fv_stroke_plain_field, fv_stroke_plain_trace;

/* FV_E_SHAPE, FV_E_ARGUMENT: what stroke.h forbids. */
fv_status fv_stroke_check(fv_err *err, int64_t h, int64_t w, const fv_stroke_options *o);
/* fn for ranges of rows on the team, at most `grain` rows at once; FV_E_CANCELLED when the caller's
 * thread was told so. */
fv_status fv_stroke_rows(fv_err *err, fv_context *c, fv_team_fn fn, void *arg, int64_t rows,
                         int64_t grain);

/* ---- what all ways agree on */
/* The flow's windows and weights; sigmas in pixels of the training's size, bounded by a seventh of
 * the shorter side. */
#define FV_FLOW_FINE 2.0
#define FV_FLOW_EPS 2e-4
#define FV_FLOW_WINDOWS 3
extern const double fv_flow_window[FV_FLOW_WINDOWS], fv_flow_weight[FV_FLOW_WINDOWS];
#define FV_FLOW_CELL 96                 /* of the slow random field */
#define FV_HOLD_FINE 1.2
#define FV_HOLD_NEAR 5.0
#define FV_HOLD_WIDE 40.0
#define FV_SMEAR_STEPS 10               /* each way */
#define FV_SMEAR_STEP 1.5

static inline double fv_sigma(double sigma, const fv_stroke_options *o, int64_t h, int64_t w)
{
	double most = (double)fv_min(h, w) / 7;
	return sigma * o->scale < most ? sigma * o->scale : most;
}

/* Half the taps of a Gaussian but for the one in the middle. */
static inline int64_t fv_radius(double sigma) { return fv_max(1, (int64_t)(3 * sigma + 0.5)); }

/* i of an axis of n, mirrored at its first and last pixel as often as it takes. */
static inline int64_t fv_mirror(int64_t i, int64_t n)
{
	if (i >= 0 && i < n)
		return i;
	int64_t period = 2 * (n - 1);
	i = i % period;
	if (i < 0)
		i += period;
	return i < n ? i : period - i;
}

/* Streaks of one width: steps each way, and a step's pixels. */
typedef struct { int steps; double step; } fv_streak;
static inline fv_streak fv_streak_of(const fv_stroke_options *o, int i)
{
	double step = o->width[i] / 3 > 1 ? o->width[i] / 3 : 1;
	int steps = (int)(o->length * o->width[i] / step);
	return (fv_streak){ steps > 2 ? steps : 2, step * o->scale };
}

/* Weight of a value t away on the slow random field's grid: Keys's cubic with a = -0.75, as PyTorch
 * has it. Its rows or columns for n pixels. */
double fv_stroke_cubic(double t);
int64_t fv_stroke_cells(int64_t n, const fv_stroke_options *o);

/* Of `steps` steps the i'th, from 0: a quarter of a cosine. */
double fv_stroke_window(int i, int steps);

/* Before the smear of an enlarged picture: the mean of so many places along the flow, one smear
 * step in all, so that its steps leave no gaps. 1: none is needed. */
static inline int fv_smear_mean(const fv_stroke_options *o)
{
	int n = 1;
	while (n < o->scale)
		n += 2;
	return n;
}
#endif
