/* SPDX-License-Identifier: Apache-2.0 */
/* Strokes: where a brush would go on a photograph. Four fields, all on plain float buffers, packed,
 * channels last:
 *
 *	flow	h,w,2	unit vectors along the strokes, (x, y), y downwards; a direction has no
 *			sign, and x >= 0
 *	hold	h,w	in (0, 1]: how far the smear may reach; small at eyes, mouths, letters
 *	smear	h,w,3	the photograph smeared along its flow: what a painter is shown
 *	noise	h,w,n	white noise of n widths smeared along the flow, each channel of
 *			spread 1: the painter's bristles
 *
 * For all functions: pictures are h,w,3 in [-1,1]; h and w are 16 at least; `o` NULL means
 * fv_stroke_default(). Buffers are the caller's, borrowed for the call; outputs do not overlap
 * inputs, and what is in them after a failure is undefined. Work goes to the context's team, so one
 * call at a time for a context. The same bits at any number of threads.
 *
 *	FV_E_SHAPE	a side under 16, or too large for memory's addresses
 *	FV_E_ARGUMENT	an option out of its range
 *	FV_E_MEMORY	some 16 bytes a pixel are needed beside the buffers
 *	FV_E_CANCELLED	the context's `cancelled` said so; it is asked between rows
 *
 * docs/strokes.md has the formulas and their sources. */
#ifndef FV_STROKE_H
#define FV_STROKE_H
#include "base/base.h"

#define FV_STROKE_WIDTHS 4
#define FV_STROKE_SIDE 16               /* pixels, the least */

typedef struct {
	double scale;                   /* pixels here for one of the training's size: all windows,
	                                 * widths, reaches; 1/16 to 64 */
	double detail;                  /* 0..1: how much of faces and fine things is kept; 0: none,
	                                 * all is smeared */
	double wander;                  /* weight of the slow random field under the flow; 0
	                                 * leaves it out */
	double width[FV_STROKE_WIDTHS]; /* of streaks, in pixels of the training's size;
	                                 * 0.5 to 64 */
	int widths;                     /* how many of them: the noise's channels; 1 to 4 */
	double length;                  /* of streaks each way, in widths; 0.5 to 32 */
	uint64_t seed;                  /* of the noise and of the slow random field */
} fv_stroke_options;

/** scale 1, detail 0.5, wander 0.12, widths 1.5, 3, 6 and 12, length 6, seed 0. */
fv_stroke_options fv_stroke_default(void);

/** The flow: the minor direction of the smoothed structure tensor (Bigun, Granlund 1987), at three
 *  windows; plain places take the direction of their surroundings, or of a slow random field.
 *  @param x  h,w,3		@param v  h,w,2, written */
fv_status fv_stroke_flow(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                         const fv_stroke_options *o, float *v);

/** Holdfast: 1 where a smear may run, less where detail with two directions stands out of its
 *  surroundings. With detail 0 it is 1 everywhere.
 *  @param x  h,w,3		@param m  h,w, written */
fv_status fv_stroke_hold(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                         const fv_stroke_options *o, float *m);

/** The photograph smeared along the flow, 15 pixels (of the training's size) each way under a
 *  cosine window: line integral convolution (Cabral, Leedom 1993).
 *  @param m  h,w: the reach is multiplied by it; NULL: 1 everywhere
 *  @param y  h,w,3, written */
fv_status fv_stroke_smear(fv_err *err, fv_context *c, const float *x, const float *v,
                          const float *m, int64_t h, int64_t w, const fv_stroke_options *o,
                          float *y);

/** Directed noise: normal white noise of each width, smeared along the flow, mean as it falls,
 *  standard deviation 1 over the picture. A value of the white noise depends on seed, width's
 *  number and place, counted in widths, alone: an enlarged picture with `scale` enlarged has the
 *  same noise enlarged.
 *  @param z  h,w,o->widths, written */
fv_status fv_stroke_noise(fv_err *err, fv_context *c, const float *v, int64_t h, int64_t w,
                          const fv_stroke_options *o, float *z);

/** The same from white noise of one's own: white[i] is rows x columns as fv_stroke_grid() says for
 *  width[i]. */
fv_status fv_stroke_noise_of(fv_err *err, fv_context *c, const float *v, int64_t h, int64_t w,
                             const fv_stroke_options *o, const float *const *white, float *z);
/** The white noise's rows (or columns) for a picture of n rows (columns) and a width in pixels
 *  here: two a width. */
int64_t fv_stroke_grid(int64_t n, double width);

/** The flow as an artist draws it: a picture of any size, stretched over the photograph. Its colour
 *  tells the strokes' direction: the hue is twice the angle, counted against the clock from the
 *  horizontal: red 0 degrees, yellow-green 45, cyan 90 (upright), violet 135. The stronger the
 *  colour, the more it counts; where the picture is grey the photograph's own flow stands.
 *  @param drawn  dh,dw,3 in [-1,1], any size from 1
 *  @param x      h,w,3, the photograph		@param v  h,w,2, written */
fv_status fv_stroke_given(fv_err *err, fv_context *c, const float *drawn, int64_t dh, int64_t dw,
                          const float *x, int64_t h, int64_t w, const fv_stroke_options *o,
                          float *v);

typedef struct { const float *x; int64_t h, w; } fv_stroke_drawing;    /* as in fv_stroke_given */

/** All for one picture: flow, hold, smear, noise.
 *  @param drawn  an artist's flow, or NULL
 *  @param v      h,w,2, written		@param m  h,w, written; NULL: not wanted
 *  @param y      h,w,3, written; NULL: not wanted
 *  @param z      h,w,o->widths, written; NULL: not wanted */
fv_status fv_stroke_prepare(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                            const fv_stroke_options *o, const fv_stroke_drawing *drawn, float *v,
                            float *m, float *y, float *z);

/* ---- for prints; not in fv_stroke_prepare */
/** The photograph without texture, edges kept: bilateral smoothing along the flow and across it by
 *  turns (Kang, Lee, Chui 2009).
 *  @param rounds     1 to 16; 3 is usual
 *  @param tolerance  of colours that run together, in units of x; 0.22 is usual
 *  @param y          h,w,3, written */
fv_status fv_stroke_flat(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                         int64_t w, const fv_stroke_options *o, int rounds, double tolerance,
                         float *y);

/** Lines as one would ink them: 0 none to 1 (Kang, Lee, Chui 2007).
 *  @param lines  h,w, written */
fv_status fv_stroke_lines(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                          int64_t w, const fv_stroke_options *o, float *lines);
#endif
