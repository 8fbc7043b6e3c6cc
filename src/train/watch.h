/* SPDX-License-Identifier: Apache-2.0 */
/* The watch: what goes wrong in training without being NaN, in every recipe. Each is told when it
 * begins and when it ends. In the pictures of each preview:
 *
 *	inverted	what is light in the photograph is dark in the painting
 *	constant	the outputs are one flat colour
 *	collapse	the outputs are much alike: whatever the photograph, or, of samples made
 *			from noise, beside how far the data lie apart, from one to the next or
 *			from the nearest
 *	lattice		a grid of period 2, 4 or 8: power there, against its spectral neighbours
 *			and against the input
 *
 * and in the losses of the last steps (fv_recipe_loss.won_below, won_above):
 *
 *	saturated	the discriminator has won: it is sure of everything and teaches nothing
 *			any more */
#ifndef FV_WATCH_H
#define FV_WATCH_H
#include "train/train.h"

typedef struct {
	double corr;                    /* of luma, input to output, mean over the pictures; NAN without inputs */
	double within, between;         /* luma's deviation over the pixels of a picture; over the pictures at a pixel: of the output */
	double within_input, between_input;     /* NAN without inputs */
	double lattice[3], lattice_input[3];    /* at periods 2, 4, 8; NAN below 256 pixels a side */
	double apart, apart_input;      /* of samples, of data: fv_watch_alike; NAN: not measured */
} fv_watched;
#define FV_WATCHED_NONE \
	{ NAN, 0, 0, NAN, NAN, { NAN, NAN, NAN }, { NAN, NAN, NAN }, NAN, NAN }

/* x, y: count,height,width,3 in [-1,1], the inputs and what became of them; x may be NULL. FV_E_MEMORY. */
fv_status fv_watch_measure(fv_err *err, fv_context *c, const float *x, const float *y, int64_t count, int64_t height, int64_t width, fv_watched *out);

typedef struct { const char *name; char text[240]; } fv_finding;
#define FV_FINDINGS 4
int fv_watch_judge(const fv_watched *w, fv_finding found[FV_FINDINGS]);        /* how many */

/* For previews: measures, says what it found, notes it in times.jsonl. */
fv_status fv_watch_painted(fv_err *err, fv_run *r, const float *x, const float *y, int64_t count, int64_t side);
/* How much samples differ: deviation at a value, mean over values; the median distance (rms) to the
 * nearest other of FV_WATCH_SAMPLES at most, which tells a few that are made again and again. */
#define FV_WATCH_SAMPLES 64
void fv_watch_alike(const float *y, int64_t count, int64_t values, double *between, double *apart);
/* The same for pictures made from noise: count samples of `values` grey values in [0,1]. */
fv_status fv_watch_made(fv_err *err, fv_run *r, const float *y, int64_t count, int64_t values);
/* After each step: has the discriminator won? */
fv_status fv_watch_step(fv_err *err, fv_run *r);
/* A line of times.jsonl of what was seen or done. The text has no quotes. */
fv_status fv_watch_note(fv_err *err, fv_run *r, const char *name, const char *state,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A line of times.jsonl that an earlier start of the run wrote: what has begun and not ended. */
void fv_watch_recall(fv_run *r, const char *line);
#endif
