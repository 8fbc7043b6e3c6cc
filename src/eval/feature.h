/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of pictures as points: a frozen network's view of each, and two distances between such sets.
 * They are what KID [1] and the Frechet distance [2] compute, but by the networks of features/ and
 * not by Inception's: no number here can be compared with an FID or a KID of a paper, only with
 * another of the same network, layer and n.
 *
 *	point	relu4_1 of the picture's square (eval.h), each channel's mean over places:
 *		512 numbers by VGG-16, 128 by the small VGG-19
 *	KID	k(x,y) = (x.y / values + 1)^3; unbiased squared MMD
 *		(sum of k(x,x') + sum of k(y,y')) / (m (m-1)) - 2 sum of k(x,y) / m^2, x != x',
 *		of FV_KID_SUBSETS subsets of m of each set, drawn with a fixed seed: mean and
 *		deviation. m is 1000, or half the smaller set where that is less, so that subsets
 *		differ. Its mean does not move with n, its noise does
 *	Frechet	|mean difference|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), S: covariances of n - 1. It
 *		falls with n: below the points' numbers covariances have not full rank, and most
 *		of what it says is n. Beside it belongs the floor: the paintings' one half
 *		against their other
 *
 * LPIPS [3] is of pairs: how unlike a painting and its photograph are to the eye, by the trunk and
 * the weights of a file that the user has.
 *
 * [1] Binkowski et al., Demystifying MMD GANs, arXiv:1801.01401. [2] Heusel et al.,
 * arXiv:1706.08500. [3] Zhang et al., arXiv:1801.03924. */
#ifndef FV_FEATURE_H
#define FV_FEATURE_H
#include "eval/eval.h"
#include "model/model.h"

#define FV_FEATURE_LAYER "relu4_1"
#define FV_KID_SUBSETS 100
#define FV_KID_SUBSET 1000

/* ---- pooled.c */
typedef struct fv_pooled fv_pooled;
/* network: of family vgg; it must outlive the result. FV_E_ARGUMENT, FV_E_MEMORY. */
fv_status fv_pooled_open(fv_err *err, fv_context *c, const fv_model *network, fv_pooled **out);
void fv_pooled_close(fv_pooled *p);             /* NULL is fine */
int fv_pooled_values(const fv_pooled *p);
/* A square's point. */
fv_status fv_pooled_of(fv_err *err, fv_pooled *p, const uint8_t *square, float *to);

/* ---- kid.c, frechet.c: points row by row. NAN where there are too few: 4 of each, 2 of each. */
typedef struct { double mean, deviation; int subset; } fv_kid_figures;
fv_status fv_kid(fv_err *err, fv_context *c, const float *a, int a_count, const float *b,
                 int b_count, int values, fv_kid_figures *out);
fv_status fv_frechet(fv_err *err, fv_context *c, const float *a, int a_count, const float *b,
                     int b_count, int values, double *out);

/* ---- lpips.c: version 0.1, of squares.
 *
 * path: a .safetensors with the arrays of lpips.LPIPS(net="alex") or (net="vgg"), by the names of
 * its state_dict: net.slice1.0.weight ... and lin0.model.1.weight ... lin4.model.1.weight; which
 * trunk it is shows in the first. Others in the file are not read. */
typedef struct fv_lpips fv_lpips;
fv_status fv_lpips_open(fv_err *err, fv_context *c, const char *path, fv_lpips **out);
void fv_lpips_close(fv_lpips *l);               /* NULL is fine */
const char *fv_lpips_trunk(const fv_lpips *l);  /* "alex", "vgg" */
fv_status fv_lpips_of(fv_err *err, fv_lpips *l, const uint8_t *a, const uint8_t *b, double *out);

/* ---- points.c: sets of pictures, as all networks of an evaluator see them */
#define FV_FEATURE_NETWORKS 2
typedef struct fv_points fv_points;

/* What is kept of a set; zeroed: none yet. */
typedef struct {
	int count, room, pairs;
	float *by[FV_FEATURE_NETWORKS]; /* a point a picture */
	double lpips;                   /* summed over pairs */
} fv_point_set;

typedef struct { fv_kid_figures kid; double frechet; } fv_feature_figures;
typedef struct {
	int count, art_count;           /* pictures, and paintings on the other side */
	fv_feature_figures by[FV_FEATURE_NETWORKS];
	int pairs;
	double lpips;                   /* mean over pairs; NAN without */
} fv_feature_row;

/* lpips: a file (fv_lpips_open), or NULL. */
fv_status fv_points_open(fv_err *err, fv_context *c, const fv_model *const *network, int networks,
                         const char *lpips, fv_points **out);
void fv_points_close(fv_points *p);             /* NULL is fine */
int fv_points_values(const fv_points *p, int network);
const char *fv_points_trunk(const fv_points *p);        /* LPIPS', or NULL */
/* square; its photograph's, or NULL. After an error the set can only be freed. */
fv_status fv_points_add(fv_err *err, fv_points *p, fv_point_set *s, const uint8_t *square,
                        const uint8_t *photo);
void fv_point_set_free(const fv_points *p, fv_point_set *s);
fv_status fv_points_measure(fv_err *err, fv_points *p, const fv_point_set *s,
                            const fv_point_set *art, fv_feature_row *out);
/* The floor: half of them, drawn with a fixed seed, against the rest. */
fv_status fv_points_halves(fv_err *err, fv_points *p, const fv_point_set *art, fv_feature_row *out);
#endif
