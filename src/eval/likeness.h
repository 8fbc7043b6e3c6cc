/* SPDX-License-Identifier: Apache-2.0 */
/* How near are pictures to paintings, as a frozen network sees them? What a teacher does not see it
 * cannot teach: patches and pixels (metric.h) know no strokes, deep features do.
 *
 * A picture is brought to 512 pixels on its longer side (a reproduction seen at full view: strokes
 * count as a share of the picture) and cut into windows of 160 pixels at steps of 80. A window is
 * described by mean and deviation of each channel of relu2_1, relu3_1 and relu4_1 [1], less the
 * paintings' mean, over their deviation, cut at 3. Sets of windows are compared by the energy
 * distance [2], as a share of the paintings' own spread, in %: it needs no kernel's width. Three
 * views:
 *
 *	hand	in grey of one mean and spread: brushwork without palette
 *	look	in colour
 *	far	as hand, at 256 pixels, windows of 128 at 64: from across the room
 *
 * Every figure moves with the number of pictures, which is to be said with it: 24 at least.
 *
 * For a preview while training, with photographs and paintings in memory:
 *
 *	fv_likeness_open(&err, c, network, &l);				once
 *	fv_likeness_add(&err, l, &art, &painting, NULL, 1);		each painting, once
 *	fv_likeness_art(&err, l, &art);
 *	fv_likeness_add(&err, l, &seen, painted, photos, n);		each time
 *	fv_likeness_measure(&err, l, &seen, NULL, &figures);
 *	fv_seen_free(l, &seen);
 *
 * [1] Simonyan, Zisserman, arXiv:1409.1556. [2] Szekely, Rizzo: Energy statistics, J. Stat.
 * Plan. Inference 143, 2013. */
#ifndef FV_LIKENESS_H
#define FV_LIKENESS_H
#include "model/model.h"

typedef enum { FV_HAND, FV_LOOK, FV_FAR, FV_VIEWS } fv_view;
typedef struct fv_likeness fv_likeness;

/* What is kept of a set of pictures; zeroed: none yet. */
typedef struct {
	int pictures, with_photo;
	int count[FV_VIEWS], room[FV_VIEWS];    /* windows */
	float *window[FV_VIEWS];        /* fv_likeness_values each */
	double content;                 /* summed */
} fv_seen;

typedef struct {
	double view[FV_VIEWS];          /* energy distance, %; 0 is alike, and below 0 chance */
	/* Share of its far windows whose five nearest, among equal numbers of paintings' and
	 * photographs' windows, are mostly paintings'; NAN without photographs. */
	double near;
	/* Cosine of normalised relu4_1 between photograph and picture: 1 is the same scene; NAN
	 * without photographs. */
	double content;
} fv_likeness_figures;

/* network: of family vgg, opened by c (at full precision); it must outlive l. */
fv_status fv_likeness_open(fv_err *err, fv_context *c, const fv_model *network, fv_likeness **out);
void fv_likeness_close(fv_likeness *l);         /* NULL is fine */
/* Adds pictures, RGB of 8 bits and any size, to a set; photos: theirs, in the same order and of
 * any size, or NULL. FV_E_MEMORY, FV_E_CANCELLED: what was added stays whole. */
fv_status fv_likeness_add(fv_err *err, fv_likeness *l, fv_seen *s, const fv_pixels *pictures,
                          const fv_pixels *photos, int count);
void fv_seen_free(const fv_likeness *l, fv_seen *s);
/* The paintings to compare with from now on; at least two windows. What is needed of them is
 * copied. */
fv_status fv_likeness_art(fv_err *err, fv_likeness *l, const fv_seen *art);
/* photos: a set of photographs, for `near`; or NULL. */
fv_status fv_likeness_measure(fv_err *err, fv_likeness *l, const fv_seen *s, const fv_seen *photos,
                              fv_likeness_figures *out);

/* ---- the parts (views.c, windows.c, energy.c) */

/* A picture made ready: its longer side at 512 and at 256 pixels (Lanczos, as Pillow does it);
 * its photograph at the first's size. Packed RGB. */
#define FV_VIEW_SIDE 512
typedef struct { int64_t height, width; uint8_t *rgb; } fv_small;
typedef struct { fv_small middle, small, photo; } fv_views;     /* photo.rgb: NULL without */
/* In the arena's memory. */
fv_status fv_views_make(fv_err *err, fv_arena *a, const fv_pixels *picture, const fv_pixels *photo,
                        fv_views *out);
fv_status fv_pixels_resize(fv_err *err, fv_arena *a, const fv_pixels *p, int64_t height,
                           int64_t width, fv_small *out);
/* fv_likeness_add, of a picture that is ready. */
fv_status fv_likeness_see(fv_err *err, fv_likeness *l, fv_seen *s, const fv_views *v);

/* Windows' descriptors by a network. */
typedef struct fv_windows fv_windows;
fv_status fv_windows_open(fv_err *err, fv_context *c, const fv_model *network, fv_windows **out);
void fv_windows_close(fv_windows *w);
int fv_windows_values(const fv_windows *w);
int fv_windows_count(const fv_small *p, int win, int step);
/* to: fv_windows_count of fv_windows_values each; relu4_1 (may be NULL): borrowed until the next
 * call, with its shape. */
fv_status fv_windows_of(fv_err *err, fv_windows *w, const fv_small *p, bool grey, int win, int step,
                        float *to, const float **relu4_1, fv_shape *shape);

/* Squared distances between rows of two arrays, by the engine's matmul. */
typedef struct fv_pairs fv_pairs;
typedef void (*fv_pair_fn)(void *arg, int i, int j, double square);
fv_status fv_pairs_open(fv_err *err, fv_context *c, int values, fv_pairs **out);
void fv_pairs_close(fv_pairs *p);
fv_status fv_pairs_run(fv_err *err, fv_pairs *p, const float *a, int a_count, const float *b,
                       int b_count, fv_pair_fn fn, void *arg);
/* Mean distance of two sets' rows; a == b: of different rows. Over sqrt(values). */
fv_status fv_spread(fv_err *err, fv_pairs *p, const float *a, int a_count, const float *b,
                    int b_count, double *out);
/* near, above; art and photos are drawn from in numpy's order. */
fv_status fv_share_near(fv_err *err, fv_context *c, fv_pairs *p, const float *x, int x_count,
                        const float *art, int art_count, const float *photos, int photo_count,
                        double *out);
#endif
