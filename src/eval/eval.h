/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of painted pictures. Definitions: shared/tools/metrics.py's, in docs/metrics.md; each in a file of its own.
 *
 * Pictures are planes of RGB floats 0..255. "Square" ones have their shorter side at 256 (Lanczos, as Pillow does it)
 * and are cut to the centre's 256x256; "native" ones are whole, as painted. */
#ifndef FV_EVAL_H
#define FV_EVAL_H
#include "base/base.h"

#define FV_SQUARE 256
#define FV_LEVELS 4

typedef struct { int64_t h, w; float *rgb; } fv_image;          /* h,w,3 */

/* In the arena; NULL rgb: out of memory. */
fv_image fv_image_new(fv_arena *a, int64_t h, int64_t w);
fv_image fv_image_of(fv_arena *a, const fv_pixels *p);          /* RGB or RGBA, 8 or 16 bits */
fv_image fv_image_square(fv_arena *a, const fv_pixels *rgb8);   /* RGB, 8 bits */
static inline float fv_luma(const float *p) { return 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2]; }
/* Gaussian along both axes, borders mirrored with the edge repeated (scipy's "reflect"); from and to may be the same. */
void fv_gaussian(const double *from, double *to, double *room, int64_t h, int64_t w, double sigma, int radius);
/* Laplacian pyramid, FV_LEVELS bands of a square; the last is what remains. */
bool fv_pyramid(fv_arena *a, fv_image p, fv_image *level);
bool fv_pyramid_up(fv_arena *a, fv_image low, fv_image to);     /* to += the next larger size of low */

typedef struct { double mean, level[FV_LEVELS]; } fv_swd;
fv_status fv_eval_swd(fv_err *err, fv_context *c, const fv_image *a, int na, const fv_image *b, int nb, fv_swd *out);
fv_status fv_eval_auc(fv_err *err, fv_context *c, const fv_image *a, int na, const fv_image *b, int nb, double *out);
/* At periods 2, 4, 8; NAN when no picture is at least 256 on both sides. */
fv_status fv_eval_lattice(fv_err *err, fv_context *c, const fv_image *native, int n, double out[3]);
fv_status fv_eval_ssim(fv_err *err, fv_context *c, fv_image a, fv_image b, double *out);
double fv_eval_corr(fv_image a, fv_image b);
double fv_eval_chroma(const fv_image *p, int n);                /* mean chroma in CIELAB */
void fv_lab(const float *rgb, double *lab);

/* Floors: what needs no learning. */
fv_status fv_floor_reinhard(fv_err *err, fv_context *c, const fv_image *art, int n, fv_image *pictures, int count);    /* in place */
fv_status fv_floor_bands(fv_err *err, fv_context *c, const fv_image *art, int n, fv_image *squares, int count);        /* in place */

typedef struct {
	int n;
	fv_swd swd;
	double auc, lattice[3], lattice_input[3], chroma, ssim, corr;
} fv_report;
/* ins and native_ins may be NULL (real paintings): no ssim, corr, input's lattice. */
fv_status fv_eval_report(fv_err *err, fv_context *c, const fv_image *outs, const fv_image *natives, const fv_image *ins, const fv_image *native_ins,
                         int n, const fv_image *art, int art_count, fv_report *out);
#endif
