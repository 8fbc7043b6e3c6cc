/* SPDX-License-Identifier: Apache-2.0 */
/* The watch: what goes wrong in training without being NaN, seen in the pictures of each preview.
 *
 *	inverted	what is light in the photograph is dark in the painting
 *	constant	the outputs are one flat colour, or all the same picture
 *	lattice		a grid of period 2, 4 or 8: power there, against its spectral neighbours and against the input
 *	saturated	the discriminator is sure of everything and teaches nothing any more */
#ifndef FV_WATCH_H
#define FV_WATCH_H
#include "train/train.h"

typedef struct {
	double corr;                    /* of luma, input to output, mean over the pictures; NAN without inputs */
	double within, between;         /* luma's deviation over the pixels of a picture; over the pictures at a pixel: of the output */
	double within_input, between_input;     /* NAN without inputs */
	double lattice[3], lattice_input[3];    /* at periods 2, 4, 8; NAN below 256 pixels a side */
} fv_watched;

/* x, y: count,height,width,3 in [-1,1], the inputs and what became of them; x may be NULL. FV_E_MEMORY. */
fv_status fv_watch_measure(fv_err *err, fv_context *c, const float *x, const float *y, int64_t count, int64_t height, int64_t width, fv_watched *out);

typedef struct { const char *name; char text[200]; } fv_finding;
#define FV_FINDINGS 4
int fv_watch_judge(const fv_watched *w, fv_finding found[FV_FINDINGS]);        /* how many */

/* For previews: measures, says what it found, notes it in times.jsonl. */
fv_status fv_watch_painted(fv_err *err, fv_run *r, const float *x, const float *y, int64_t count, int64_t side);
/* The same for pictures made from noise: count samples of `values` grey values in [0,1]. */
fv_status fv_watch_made(fv_err *err, fv_run *r, const float *y, int64_t count, int64_t values);
#endif
