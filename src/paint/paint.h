/* SPDX-License-Identifier: Apache-2.0 */
/* A network bound to one picture size, for painting and for looking at its plan. */
#ifndef FV_PAINT_H
#define FV_PAINT_H
#include "graph/plan.h"
#include "model/model.h"

#define FV_PAINT_KEEP (96 << 20)        /* bytes of packed weights at most: all of a StyleNet's, half of CycleGAN's painter's */

typedef struct {
	fv_graph *graph;
	fv_plan *plan;
	int64_t height, width;          /* of the padded picture */
	fv_node *x, *y;                 /* 1,height,width,3 in [-1,1] */
} fv_painting;
fv_status fv_paint_plan(fv_err *err, const fv_model *m, int64_t height, int64_t width, const fv_plan_options *opt, fv_painting *out);
void fv_painting_free(fv_painting *p);
/* Takes the network's grid out of a painting (grid.c): height, width, 3 in [-1,1]; step: floats from row to row. */
fv_status fv_ungrid(fv_err *err, fv_context *c, float *y, int64_t height, int64_t width, int64_t step);
/* Half of a picture, three channels of as many bits; an odd side is rounded up (strokes.c). */
void fv_strokes_halve(fv_context *c, const fv_pixels *from, const fv_pixels *to);
/* y, a painting as above, gets all but its finest octave from r, a painting of half its size, packed; r is spent. FV_E_MEMORY. */
fv_status fv_strokes_join(fv_err *err, fv_context *c, float *y, int64_t height, int64_t width, int64_t step, float *r);
#endif
