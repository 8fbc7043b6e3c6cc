/* SPDX-License-Identifier: Apache-2.0 */
/* A way of computing the flow: the plain one, or one for an instruction set. It gets arguments
 * that were checked and options that are all set. */
#ifndef FV_STROKE_WAY_H
#define FV_STROKE_WAY_H
#include "stroke/stroke.h"

typedef struct {
	const char *name;
	uint32_t needs;                 /* FV_ISA_*: all of them */
	fv_status (*flow)(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
	                  const fv_stroke_options *o, float *v);
} fv_stroke_way;

/* The record of a file that is built for each set, such as fv_stroke_flow_avx2. */
#define FV_WAY(name) FV_JOIN(fv_stroke_, name, FV_ISA)
extern const fv_stroke_way *const fv_stroke_ways[];     /* later ones are faster; ends with NULL */
extern const fv_stroke_way fv_stroke_plain_flow;

/* FV_E_SHAPE, FV_E_ARGUMENT: what stroke.h forbids. */
fv_status fv_stroke_check(fv_err *err, int64_t h, int64_t w, const fv_stroke_options *o);
/* Calls fn for ranges of rows on the team, for at most `grain` rows at once. FV_E_CANCELLED when
 * the caller's thread was told to stop. */
fv_status fv_stroke_rows(fv_err *err, fv_context *c, fv_team_fn fn, void *arg, int64_t rows,
                         int64_t grain);

/* field.c: a flow of vh,vw enlarged to h,w, at one pixel. */
void fv_stroke_field_at(const float *v, int64_t vh, int64_t vw, int64_t h, int64_t w, int64_t row,
                        int64_t column, float *to);

/* ---- what all ways agree on */
/* The flow's windows and weights; sigmas in pixels of the training's size, bounded by a seventh of
 * the shorter side. */
#define FV_FLOW_FINE 2.0
#define FV_FLOW_EPS 2e-4
#define FV_FLOW_WINDOWS 3
extern const double fv_flow_window[FV_FLOW_WINDOWS], fv_flow_weight[FV_FLOW_WINDOWS];
#define FV_FLOW_CELL 96                 /* of the slow random field */

static inline double fv_sigma(double sigma, const fv_stroke_options *o, int64_t h, int64_t w)
{
	double most = (double)fv_min(h, w) / 7;
	return sigma * o->scale < most ? sigma * o->scale : most;
}

/* The taps of a Gaussian on one side of the middle one. */
static inline int64_t fv_radius(double sigma) { return fv_max(1, (int64_t)(3 * sigma + 0.5)); }

/* The largest power of two n for which means of n pixels leave at least `least` of sigma. */
static inline int64_t fv_halvings(double sigma, double least)
{
	int64_t n = 1;
	while (sigma >= 2 * least * (double)n)
		n *= 2;
	return n;
}

/* Mirrors place i of an axis of n at its first and last pixel, as often as it takes. */
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

/* Weight of a value t away on the slow random field's grid: Keys's cubic with a = -0.75, as PyTorch
 * has it. Its rows or columns for n pixels. */
double fv_stroke_cubic(double t);
int64_t fv_stroke_cells(int64_t n, const fv_stroke_options *o);
#endif
