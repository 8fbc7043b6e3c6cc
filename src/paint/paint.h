/* SPDX-License-Identifier: Apache-2.0 */
/* A network bound to one picture size, for painting and for looking at its plan. */
#ifndef FV_PAINT_H
#define FV_PAINT_H
#include "graph/plan.h"
#include "model/model.h"

#define FV_PAINT_KEEP (96 << 20)        /* bytes of packed weights at most: all of a StrokeNet's, half of CycleGAN's painter's */

typedef struct {
	fv_graph *graph;
	fv_plan *plan;
	int64_t height, width;          /* of the padded picture */
	fv_node *x, *y;                 /* 1,height,width,3 in [-1,1] */
	fv_node *z;                     /* StrokeNet: 1,height,width,widths: directed noise; else NULL */
} fv_painting;
fv_status fv_paint_plan(fv_err *err, const fv_model *m, int64_t height, int64_t width, const fv_plan_options *opt, fv_painting *out);
void fv_painting_free(fv_painting *p);

/* from: h,w,3; to: oh,ow,3; packed (resize.c). FV_E_MEMORY. */
fv_status fv_floats_resize(fv_err *err, fv_context *c, const float *from, int64_t h, int64_t w, float *to, int64_t oh, int64_t ow);
#endif
