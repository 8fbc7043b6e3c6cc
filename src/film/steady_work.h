/* SPDX-License-Identifier: Apache-2.0 */
/* What both halves of a steadier share: steady.c looks at a frame, carry.c brings its painting. */
#ifndef FV_FILM_STEADY_WORK_H
#define FV_FILM_STEADY_WORK_H
#include "film/flow.h"
#include "film/refine.h"
#include "film/steady.h"
#include <math.h>

enum { FV_STEADY_CELL = 8 };            /* pixels of a side of a cell */
enum { FV_STEADY_FADE = 12 };           /* frames in which worn strokes give way to new ones */
enum { FV_STEADY_TAPS = 6, FV_STEADY_PARTS = 256 };

struct fv_steadier {
	fv_context *c;
	int64_t h, w, ch, cw;           /* pixels; cells */
	int channels, bits;
	uint64_t shot, frames;
	bool follows;                   /* the frame in work goes on with the one before */
	fv_flow *flow;
	float *back, *ahead;            /* h,w,2 */
	float *seen, *soft;             /* h,w: 1 where the frame before shows the same */
	uint8_t *was, *is;              /* RGB of both frames, h,w,3 */
	uint8_t *grey;
	uint16_t *room;                 /* of the four that follow, h,w,channels */
	uint16_t *painted, *old;        /* of this frame and of the one before */
	uint16_t *fresh, *fresh_old;    /* strokes that are fading in */
	uint8_t *fade, *fade_old;       /* h,w: frames since they began; 0: none do */
	/* of cells, of three numbers each: */
	float *lighter;                 /* how the film changed, RGB */
	float *strain, *strain_old;     /* xx, xy, yy, since the strokes were laid */
	float *behind, *behind_old;     /* what a new painting has more than this one, RGB */
	float *wear, *wear_old;         /* one number each: how large the strain is around */
	double *sum;                    /* a row */
	float taps[FV_STEADY_PARTS][FV_STEADY_TAPS];
	const fv_pixels *in;
	fv_pixels *out;
};

static inline float fv_steady_within(float x, int64_t n)
{
	return fminf(fmaxf(x, 0), (float)(n - 1));
}

/* Of n numbers a cell, number k, at pixel x, y. */
static inline float fv_steady_cells(const fv_steadier *s, const float *cells, int n, int k, float x,
                                    float y)
{
	return fv_flow_between(cells, s->ch, s->cw, n, k, (x + 0.5f) / FV_STEADY_CELL - 0.5f,
	                       (y + 0.5f) / FV_STEADY_CELL - 0.5f);
}
#endif
