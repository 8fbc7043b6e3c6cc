/* SPDX-License-Identifier: Apache-2.0 */
/* How good is a set of painted pictures? Each measure beside what it gives for sets that needed no
 * learning.
 *
 * Pictures come twice: at their own scale, and as a *square*: shorter side resized to 256 (Lanczos,
 * as Pillow does it), the middle cut out, 8 bits. Draws are those of metrics.py, so figures equal
 * its figures. They all move with the number of pictures: say it with them. The measures one by
 * one, with their definitions, are in metric.h. */
#ifndef FV_EVAL_H
#define FV_EVAL_H
#include "base/base.h"
#include "fauve/fauve.h"

#define FV_SIDE 256
#define FV_SQUARE_BYTES (FV_SIDE * FV_SIDE * 3)
#define FV_LEVELS 4

size_t fv_square_room(int64_t height, int64_t width);
/* p: RGB, 8 bits; room: fv_square_room bytes */
void fv_square(const fv_pixels *p, uint8_t *square, void *room);

typedef struct {
	int count;
	const fv_pixels *pixels;        /* RGB, 8 bits; NULL: the squares are all there is, and
	                                 * stand for them */
	const uint8_t *square;          /* count squares */
} fv_pictures;

typedef struct {
	int count;
	double swd, level[FV_LEVELS];   /* distance to the paintings, times 1000; lower is nearer */
	double auc;                     /* .5: cannot be told from paintings, 1: always; NAN with
	                                 * fewer than 5 pictures */
	double lattice[3];              /* at periods 2, 4, 8; NAN when no picture has 256 pixels
	                                 * a side */
	double chroma;                  /* of the paintings' */
	double lattice_input[3], ssim, corr;    /* against the photographs; NAN without them */
} fv_measures;

typedef enum { FV_FLOOR_IDENTITY, FV_FLOOR_REINHARD, FV_FLOOR_BANDS, FV_FLOORS } fv_floor;

typedef struct fv_eval fv_eval;
/* art: paintings to compare with, borrowed during the call. */
fv_status fv_eval_open(fv_err *err, fv_context *c, const fv_pictures *art, fv_eval **out);
void fv_eval_close(fv_eval *e);
/* Called now and then with the share done; may be NULL. */
typedef void (*fv_eval_progress)(void *user, double done);
/* outs: painted, or others' paintings; ins: their photographs in the same order and of the same
 * sizes, or NULL. FV_E_SHAPE, FV_E_MEMORY, FV_E_CANCELLED. */
fv_status fv_eval_set(fv_err *err, fv_eval *e, const fv_pictures *outs, const fv_pictures *ins,
                      fv_eval_progress progress, void *user, fv_measures *out);
/* The photographs themselves; with the paintings' colours; with the histograms of their bands. */
fv_status fv_eval_floors(fv_err *err, fv_eval *e, const fv_pictures *ins, fv_eval_progress progress,
                         void *user, fv_measures out[FV_FLOORS]);
/* One photograph as a floor has it, for other measures. out: packed RGB, of the photograph's size
 * (FV_FLOOR_REINHARD; IDENTITY: itself) or of a square (FV_FLOOR_BANDS). FV_E_MEMORY. */
fv_status fv_eval_floor(fv_err *err, fv_eval *e, fv_floor floor, const fv_pixels *in, uint8_t *out);
#endif
