/* SPDX-License-Identifier: Apache-2.0 */
/* A photograph without its texture, for prints: flow-based bilateral smoothing, some steps along
 * the flow, then across it, by turns [1]. Colours that are alike run together, edges stay, and what is along an edge becomes smooth.
 *
 *	y = sum of w s / sum of w	s: x at the line's places, and x itself with weight 1
 *	w = exp(-|s - x|^2 / (2 tolerance^2)) exp(-1.5 (i / steps)^2)
 *
 * [1] Kang, Lee, Chui: Flow-Based Image Abstraction, TVCG 2009 */
#include "stroke/line.h"
#include "stroke/way.h"

#define STEPS 5                         /* along the flow; across it half of that, rounded down */
#define STEP 1.5                        /* pixels of the training's size */

typedef struct {
	const float *x, *v;
	float *y;
	int64_t h, w;
	int steps;
	float step, tolerance;
} flattening;

static void flat_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const flattening *f = arg;
	const float by = 1 / (2 * f->tolerance * f->tolerance);
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < f->w; x++) {
			const float *here = f->x + (y * f->w + x) * 3;
			float sum[3] = { here[0], here[1], here[2] }, weight = 1;
			for (int sign = 1; sign >= -1; sign -= 2) {
				line l = line_from(f->v, f->h, f->w, y, x, sign);
				for (int i = 1; i <= f->steps; i++) {
					float s[3], far = 0, part = (float)i / (float)f->steps;
					line_step(&l, f->step);
					between(f->x, f->h, f->w, 3, mirrored(l.x, f->w),
					        mirrored(l.y, f->h), s);
					for (int k = 0; k < 3; k++)
						far += (s[k] - here[k]) * (s[k] - here[k]);
					float share = expf(-far * by - 1.5f * part * part);
					for (int k = 0; k < 3; k++)
						sum[k] += share * s[k];
					weight += share;
					line_turn(&l);
				}
			}
			for (int k = 0; k < 3; k++)
				f->y[(y * f->w + x) * 3 + k] = sum[k] / weight;
		}
}

fv_status fv_stroke_flat(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                         int64_t w, const fv_stroke_options *o, int rounds, double tolerance,
                         float *y)
{
	const fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	if (st)
		return st;
	if (rounds < 1 || rounds > 16 || !(tolerance >= 1e-3 && tolerance <= 100))
		return fv_fail(err, FV_E_ARGUMENT,
		               "flat: %d rounds with tolerance %g; give 1 to 16, and 0.001 to 100",
		               rounds, tolerance);
	const size_t bytes = (size_t)(5 * h * w) * sizeof(float);
	float *across = fv_alloc_rough(c, bytes), *half = across + 2 * h * w;
	if (!across)
		return fv_fail_memory(err, "flat", bytes);
	for (int64_t i = 0; i < h * w; i++)
		across[2 * i] = -v[2 * i + 1], across[2 * i + 1] = v[2 * i];
	for (int i = 0; i < 2 * rounds && !st; i++) {
		flattening f = { .x = i == 0 ? x : i % 2 ? half : y, .v = i % 2 ? across : v,
		                 .y = i % 2 ? y : half, .h = h, .w = w,
		                 .steps = i % 2 ? STEPS / 2 : STEPS, .step = (float)(STEP * k.scale),
		                 .tolerance = (float)tolerance };
		st = fv_stroke_rows(err, c, flat_rows, &f, h, 4);
	}
	fv_free(c, across);
	return st;
}
