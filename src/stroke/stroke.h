/* SPDX-License-Identifier: Apache-2.0 */
/* Strokes: where a brush would go on a photograph. Three fields, all on plain float buffers,
 * packed, channels last:
 *
 *	flow	h,w,2	unit vectors along the strokes, (x, y), y downwards; a direction has no
 *			sign, and x >= 0
 *	under	h,w,3	the underpainting: the photograph in dabs of paint along its flow, each of
 *			one colour; what a painter is shown
 *	marks	h,w,4	what tells dabs apart: three numbers of each dab, the same all over it,
 *			and its bristles
 *
 * For all functions: pictures are h,w,3 in [-1,1]; h and w are 16 at least; `o` NULL means
 * fv_stroke_default(). Buffers are the caller's, borrowed for the call; outputs do not overlap
 * inputs, and what is in them after a failure is undefined. Work goes to the context's team, so one
 * call at a time for a context. The same bits at any number of threads.
 *
 *	FV_E_SHAPE	a side under 16, or too large for memory's addresses
 *	FV_E_ARGUMENT	an option out of its range
 *	FV_E_MEMORY	some 12 bytes a pixel are needed beside the buffers, and 44 a dab, of which
 *			there is one in a square of the finest brush's width; 44 a pixel for a print
 *	FV_E_CANCELLED	the context's `cancelled` said so; it is asked between rows
 *
 * docs/strokes.md has the formulas and their sources. */
#ifndef FV_STROKE_H
#define FV_STROKE_H
#include "base/base.h"

/* A part of a picture: h,w pixels from row y and column x on. */
typedef struct { int64_t y, x, h, w; } fv_area;

#define FV_STROKE_BRUSHES 4
#define FV_STROKE_MARKS 4               /* channels of the marks */
#define FV_STROKE_SIDE 16               /* pixels, the least */

/* What the photograph is turned into before it is painted. */
typedef enum { FV_MEDIUM_OIL, FV_MEDIUM_PRINT, FV_MEDIA } fv_medium;
/* "oil", "print", NULL. */
extern const char *const fv_medium_name[FV_MEDIA + 1];

typedef struct {
	double scale;                   /* pixels here for one of the training's size: the flow's
	                                 * windows; 1/16 to 64 */
	double wander;                  /* weight of the slow random field under the flow; 0
	                                 * leaves it out */
	double brush[FV_STROKE_BRUSHES];        /* widths in pixels of the training's size, the
	                                 * widest first; 0.5 to 64 */
	int brushes;                    /* how many of them, 1 to 4 */
	double broad;                   /* brushes here are so many times as wide; 1/16 to 64 */
	double length;                  /* of a dab, in its brush's widths; 1 to 32 */
	double bristle;                 /* width in pixels of the training's size, `broad` times as
	                                 * wide here but a pixel at least; 0.25 to 64 */
	double detail;                  /* 0..1: how near finer brushes come to the photograph */
	uint64_t seed;                  /* of dabs and of the slow random field */
	fv_medium medium;               /* what fv_stroke_prepare makes: dabs, or a print */
} fv_stroke_options;

/** scale 1, wander 0.12, brushes 12, 6, 3 and 1.5, broad 1, length 4, bristles 1.5, detail 0.5,
 *  seed 0. */
fv_stroke_options fv_stroke_default(void);

/** The flow: the minor direction of the smoothed structure tensor (Bigun, Granlund 1987), at three
 *  windows; plain places take the direction of their surroundings, or of a slow random field.
 *  @param x  h,w,3		@param v  h,w,2, written */
fv_status fv_stroke_flow(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                         const fv_stroke_options *o, float *v);

/** A flow found on a small copy, enlarged to part of a picture.
 *  @param v  vh,vw,2		@param to  of the part of h,w, 2 channels, written */
fv_status fv_stroke_enlarge(fv_err *err, fv_context *c, const float *v, int64_t vh, int64_t vw,
                            int64_t h, int64_t w, const fv_area *part, float *to);

/** The photograph in dabs of paint: painterly rendering with brushes of several sizes (Hertzmann
 *  1998), along the flow (Litwinowicz 1997). The widest brush covers all but specks; a finer one goes where
 *  what is painted is off the photograph by more than `detail` allows, and here and there by chance.
 *  Of dabs that overlap one drawn by chance is on top. Where a dab lies and what is drawn for it
 *  depends on seed, brush and place, counted in the brush's widths, alone: an enlarged picture with
 *  `broad` enlarged has the same dabs enlarged.
 *  @param x  h,w,3, the photograph
 *  @param v  h,w,2, its flow
 *  @param y  h,w,3, written: the underpainting
 *  @param z  h,w,FV_STROKE_MARKS, written: three numbers of the dab on top, even in +-sqrt(3), so of
 *            spread 1, and one of spread 0.8 that is constant along the dab and changes with each bristle */
fv_status fv_stroke_dabs(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                         int64_t w, const fv_stroke_options *o, float *y, float *z);

/** A part of a picture: what fv_stroke_dabs() makes of the whole, bit for bit.
 *  @param x     of `seen`, 3 channels
 *  @param v     vh,vw,2: a flow of a copy of the picture, as fv_stroke_enlarge() enlarges it
 *  @param h, w  the whole picture
 *  @param seen  the part and fv_stroke_margin() pixels more on each side, less what lies beyond the
 *               picture
 *  @param y, z  of `part`, written */
fv_status fv_stroke_dabs_part(fv_err *err, fv_context *c, const float *x, const float *v,
                              int64_t vh, int64_t vw, int64_t h, int64_t w, const fv_area *seen,
                              const fv_area *part, const fv_stroke_options *o, float *y,
                              float *z);
int64_t fv_stroke_margin(const fv_stroke_options *o);

/** All dabs of a picture, kept when they were laid, and drawn once more on a larger one, on any part
 *  of it: with sharp edges, which an enlarged underpainting has not.
 *  @param kept  yours, fv_dabs_free(); NULL: none is kept */
typedef struct fv_dabs fv_dabs;
fv_status fv_stroke_dabs_kept(fv_err *err, fv_context *c, const float *x, const float *v,
                              int64_t h, int64_t w, const fv_stroke_options *o, float *y, float *z,
                              fv_dabs **kept);
/** Finds which dab is on top where; before the first fv_dabs_draw() with `more`. x: as laid from. */
fv_status fv_dabs_own(fv_err *err, fv_dabs *d, const float *x);
/** @param h, w  of the larger picture
 *  @param x     of `seen`, 3 channels: what shows where no dab is
 *  @param seen  the part and a pixel more on each side, less what lies beyond the picture
 *  @param more  NULL, or what is added to the dabs, as large as the picture that they were laid
 *               for: it is enlarged within each dab, so that none of it runs over an edge
 *  @param y     of `part`, written */
fv_status fv_dabs_draw(fv_err *err, const fv_dabs *d, int64_t h, int64_t w, const float *x,
                       const fv_area *seen, const float *more, const fv_area *part, float *y);
void fv_dabs_free(fv_dabs *d);
/** Bytes that kept dabs take, and drawing a part `wide` pixels wide. */
int64_t fv_dabs_bytes(const fv_context *c, int64_t h, int64_t w, const fv_stroke_options *o,
                      int64_t wide);

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

/** All for one picture: flow, then dabs.
 *  @param drawn  an artist's flow, or NULL
 *  @param v      h,w,2, written: the flow
 *  @param y, z   as in fv_stroke_dabs */
fv_status fv_stroke_prepare(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                            const fv_stroke_options *o, const fv_stroke_drawing *drawn, float *v,
                            float *y, float *z);

/** Bytes that fv_stroke_prepare() takes beside what it is given, at most. */
int64_t fv_stroke_bytes(const fv_context *c, int64_t h, int64_t w, const fv_stroke_options *o);

/* ---- for prints */
/** The photograph as a print: flat areas, lines in ink.
 *  @param y  h,w,3, written: flat areas with their lines
 *  @param z  h,w,FV_STROKE_MARKS, written, in [-1,1]: fine lines, wide ones, heavy ones; the texture
 *            that was flattened */
fv_status fv_stroke_print(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                          int64_t w, const fv_stroke_options *o, float *y, float *z);

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
