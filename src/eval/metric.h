/* SPDX-License-Identifier: Apache-2.0 */
/* The measures one by one, on plain arrays. `room` is that many bytes of the caller's: they run in
 * any thread. */
#ifndef FV_METRIC_H
#define FV_METRIC_H
#include "eval/eval.h"

#define FV_SQUARE_FLOATS FV_SQUARE_BYTES                /* RGB in [0,255] */

/* ---- square.c */
void fv_luma_pixels(const fv_pixels *p, float *luma);                   /* .299 .587 .114 */
void fv_luma_floats(const float *rgb, int64_t pixels, float *luma);

/* ---- pyramid.c: Laplacian pyramid of squares: sides 256, 128, 64, 32, one after the other */
#define FV_PYRAMID_FLOATS (3 * (256 * 256 + 128 * 128 + 64 * 64 + 32 * 32))
#define FV_PYRAMID_ROOM ((size_t)3 * FV_SQUARE_FLOATS * sizeof(float))
static inline int64_t fv_level_side(int level) { return FV_SIDE >> level; }
/* where a level begins: 3 * 256^2 * (1 + 1/4 + ...) */
static inline int64_t fv_level_at(int level)
{
	return 4 * (FV_SQUARE_FLOATS - (FV_SQUARE_FLOATS >> 2 * level)) / 3;
}
void fv_pyramid(const float *square, float *pyramid, void *room);
void fv_unpyramid(float *pyramid, void *room);          /* afterwards it begins with the square */

/* ---- swd.c: sliced Wasserstein distance between patch sets, Karras et al., arXiv:1710.10196,
 * appendix B; both sets are normalised with the paintings' mean and deviation a channel, so that
 * palette counts: 128 patches of 7x7 a picture and level, 512 directions, both sets cut to the
 * smaller one's size. */
#define FV_SWD_PATCHES 128
#define FV_SWD_VALUES (7 * 7 * 3)
#define FV_SWD_FLOATS (FV_LEVELS * FV_SWD_PATCHES * FV_SWD_VALUES)
typedef struct {
	uint8_t y[FV_LEVELS][FV_SWD_PATCHES], x[FV_LEVELS][FV_SWD_PATCHES];
} fv_swd_places;
#define FV_SWD_SEED 1
/* paintings: FV_SWD_SEED + 1 */
void fv_swd_draw(uint32_t seed, fv_swd_places *places, int count);
/* FV_SWD_FLOATS */
void fv_swd_cut(const float *pyramid, const fv_swd_places *places, float *patches);
fv_status fv_swd(fv_err *err, fv_context *c, const float *pictures, int count, const float *art,
                 int art_count, double level[FV_LEVELS]);

/* ---- texture.c: of the 16 blocks of 64x64: moments, energy, kurtosis and skew of four bands,
 * orientations, of luminance and two colour differences. auc.c: how well a shrunk linear
 * discriminant tells them apart, in a cross-validation with five folds of whole pictures. */
#define FV_TEXTURE_BLOCKS 16
#define FV_TEXTURE_VALUES 54
#define FV_TEXTURE_ROOM ((size_t)6 * FV_SIDE * FV_SIDE * sizeof(float))
typedef struct { double block[FV_TEXTURE_BLOCKS][FV_TEXTURE_VALUES]; } fv_texture;
void fv_texture_of(const float *square, fv_texture *out, void *room);
fv_status fv_auc(fv_err *err, fv_context *c, const fv_texture *a, int a_count, const fv_texture *b,
                 int b_count, double *out);

/* ---- lattice.c: power at periods 2, 4, 8 against its spectral neighbours, in the geometric mean
 * of the spectra of Hann-windowed 256x256 crops of the middle; 1 is none. Below 30 pictures it is
 * noise. */
#define FV_SPECTRUM (FV_SIDE * FV_SIDE)
#define FV_LATTICE_ROOM ((size_t)4 * FV_SPECTRUM * sizeof(double))
/* Adds log power, as fixed point so that the order of adding does not matter. False, when a side is
 * below 256: it says nothing. */
bool fv_spectrum_add(const float *luma, int64_t height, int64_t width, int64_t *sum, void *room);
/* NAN when count is 0 */
void fv_lattice(const int64_t *sum, int64_t count, void *room, double worst[3]);

/* ---- content.c: Wang et al. 2004: Gaussian 11x11 of sigma 1.5, K1 .01, K2 .03, range 255, the
 * inside only; NAN when a side is below 11. */
size_t fv_ssim_room(int64_t width);
double fv_ssim(const float *a, const float *b, int64_t height, int64_t width, void *room);
double fv_corr(const float *a, const float *b, int64_t n);              /* 0 when one is constant */

/* ---- colour.c: CIELAB, D65 */
/* mean of every fourth pixel of every fourth row */
double fv_chroma(const float *square);
/* Of pictures made small (packed RGB): mean chroma where the photograph is neutral, how much white
 * walls and greys are dyed; mean distance of colours where it has skin's hues, gold faces are far.
 * NAN where it has fewer than three such pixels. */
void fv_colours_kept(const uint8_t *painted, const uint8_t *photo, int64_t pixels, double *grey,
                     double *skin);
typedef struct { double mean[3], deviation[3]; } fv_moments;
fv_moments fv_moments_of(const fv_pixels *p);
/* Mean and deviation a channel become those of `to` (Reinhard et al., Color Transfer between
 * Images, 2001; in CIELAB). out: packed, rounded to 8 bits; luma: of what was not rounded. */
void fv_recolour(const fv_pixels *p, const fv_moments *to, uint8_t *out, float *luma);

/* ---- histograms.c: each band of the pyramid is given the histogram that it has in the
 * paintings. */
#define FV_QUANTILES 512
/* every third value of every third row */
#define FV_POOL_FLOATS (3 * (86 * 86 + 43 * 43 + 22 * 22 + 11 * 11))
#define FV_HISTOGRAMS_ROOM ((size_t)5 * FV_SIDE * FV_SIDE * sizeof(uint32_t))
typedef struct { float value[FV_LEVELS][3][FV_QUANTILES]; } fv_histograms;
void fv_histograms_pool(const float *pyramid, float *pool);
fv_status fv_histograms_learn(fv_err *err, fv_context *c, const float *pools, int count,
                              fv_histograms *out);
/* then fv_unpyramid, then clip */
void fv_histograms_give(const fv_histograms *b, float *pyramid, void *room);

/* ---- radix.c: ascending, stable */
void fv_radix_floats(float *v, float *room, int64_t n);                 /* room: n */
/* room: 3 n */
void fv_radix_order(const float *v, uint32_t *order, uint32_t *room, int64_t n);
#endif
