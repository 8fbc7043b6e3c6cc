/* SPDX-License-Identifier: Apache-2.0 */
/* A yardstick that sees strokes: sets of pictures beside paintings, by one or two frozen
 * networks (likeness.h), by their strokes (strokes.h) and by what they keep of the photograph's
 * colours. Pictures come one by one and are not kept: a picture's windows are some 100 KB.
 * docs/yardstick.md says how to read the figures. */
#ifndef FV_YARDSTICK_H
#define FV_YARDSTICK_H
#include "eval/likeness.h"

typedef enum {
	FV_COH2, FV_COH4,               /* coherence by derivatives at 1.5 and 3 pixels of 512 */
	FV_RUN,                         /* length of strokes, pixels of 512 */
	FV_STROKE,                      /* width of strokes, pixels of 512 */
	FV_GRAIN,                       /* finest detail over strokes', at its own size, log2 */
	FV_GREY, FV_SKIN,               /* mean chroma on its greys, distance on its skin; CIELAB */
	FV_FIGURES,
	FV_OF_STROKES = FV_GREY,        /* how many paintings have too */
} fv_stroke_figure;
extern const char *const fv_figure_names[FV_FIGURES];

#define FV_YARD_NETWORKS 2
typedef struct fv_yard fv_yard;

/* What is kept of a set; zeroed: nothing yet. */
typedef struct {
	fv_seen seen[FV_YARD_NETWORKS];
	int count, room;
	double (*figure)[FV_FIGURES];   /* a picture; NAN where there is none */
} fv_yard_set;

typedef struct {
	int count;
	fv_likeness_figures by[FV_YARD_NETWORKS];
	double mean[FV_FIGURES];        /* over the pictures that have one; NAN without */
	/* From the paintings' mean, in their deviations; NAN where they have none: of one painting. */
	double off[FV_OF_STROKES];
} fv_yard_figures;

/* networks: borrowed while the yard is open; 1 or 2 of them. */
fv_status fv_yard_open(fv_err *err, fv_context *c, const fv_model *const *networks, int count,
                       fv_yard **out);
void fv_yard_close(fv_yard *y);                 /* NULL is fine */
/* picture: RGB of 8 bits, any size; photo: its photograph, of any size, or NULL. Works on all of
 * the context's threads in memory of that one picture. FV_E_MEMORY, FV_E_CANCELLED: the set can
 * only be freed. */
fv_status fv_yard_add(fv_err *err, fv_yard *y, fv_yard_set *s, const fv_pixels *picture,
                      const fv_pixels *photo);
void fv_yard_set_free(const fv_yard *y, fv_yard_set *s);
/* The paintings to compare with from now on; out: their own figures (by[] is NAN). */
fv_status fv_yard_art(fv_err *err, fv_yard *y, const fv_yard_set *art, fv_yard_figures *out);
/* photos: the photographs as a set, for `near`; or NULL. */
fv_status fv_yard_measure(fv_err *err, fv_yard *y, const fv_yard_set *s, const fv_yard_set *photos,
                          fv_yard_figures *out);

/* What a style ought to reach against its own painter, with 24 pictures or more: oils; prints
 * and ink, of whose line, flat areas and wash no stroke is asked. */
typedef enum { FV_BARS_OIL, FV_BARS_PRINT } fv_bars;
typedef struct { const char *name; double value, low, high; } fv_bar;
#define FV_BARS_MOST 12
/* Fills list with what falls short; returns how many. */
int fv_yard_short(const fv_yard_figures *f, fv_bars kind, fv_bar list[FV_BARS_MOST]);
#endif
