/* SPDX-License-Identifier: Apache-2.0 */
/* Strokes themselves, on planes of luma in [0,1] (.299 .587 .114): direction, length, width,
 * grain; and where to look for them: where the photograph is plain, for there all that is drawn
 * is the painter's. */
#ifndef FV_STROKES_H
#define FV_STROKES_H
#include "base/base.h"

void fv_luma_unit(const uint8_t *rgb, int64_t pixels, float *luma);     /* packed RGB to [0,1] */

/* ---- plain.c: where the local deviation of luma (25x25) is in the lowest third and small:
 * below .05, or .012 in any case. */
size_t fv_plain_room(int threads, int64_t height, int64_t width);
void fv_plain(fv_team *team, const float *luma, int64_t height, int64_t width, uint8_t *mask,
              void *room);

/* ---- coherence.c: the structure tensor [1, 2]: derivatives by Gaussians of `sigma` pixels,
 * products averaged by Gaussians of three times that. energy: its trace; coherence: difference of
 * its eigenvalues over their sum, 0 noise, 1 straight strokes; angle: along the stroke.
 *
 * [1] Bigun, Granlund: Optimal orientation detection of linear symmetry, ICCV 1987. [2]
 * Forstner, Gulch: A fast operator for detection and precise location of distinct points,
 * corners and centres of circular features, ISPRS 1987. */
typedef struct { int64_t height, width; float *energy, *coherence, *angle; } fv_tensor_field;
size_t fv_tensor_room(int threads, int64_t height, int64_t width);
void fv_tensor_of(fv_team *team, const float *luma, double sigma, fv_tensor_field *f, void *room);
/* Energy-weighted mean; NAN where nothing is masked in. */
double fv_coherence(const fv_tensor_field *f, const uint8_t *mask);
/* Mean length in pixels along which the stroke's direction holds: turning less than 25 degrees,
 * coherence above .3, both ways from 400 places of the mask (drawn as numpy's default_rng(1)
 * does), 60 pixels each way at most. NAN below 50 places. */
double fv_run(const fv_tensor_field *f, const uint8_t *mask);

/* ---- octaves.c: mean squares of differences of Gaussians of .6, 1.2, 2.4 ... pixels; octave 0,
 * the finest, is the plane less the first. */
#define FV_OCTAVES 5
size_t fv_octaves_room(int threads, int64_t height, int64_t width);
void fv_octaves(fv_team *team, const float *luma, int64_t height, int64_t width,
                const uint8_t *mask, int count, double *power, void *room);
/* Energy-weighted mean wavelength, pixels. */
double fv_stroke_width(const double power[FV_OCTAVES]);
/* log2 of the finest octave's power over the 3rd and 4th octave's, where strokes are. */
double fv_grain(const double power[4]);
#endif
