/* SPDX-License-Identifier: Apache-2.0 */
/* The random draws of numpy's default_rng, draw for draw, so that figures equal those of
 * metrics.py: with other draws the same pictures differ by 4 % (SWD) and .03 (AUC), as metrics.py
 * itself does from seed to seed.
 *
 * Philox (base/philox.h) would draw as well and save this file, if metrics.py were given its draws.
 * It would also move every figure that docs and bars state, by as much as is said above; so this is
 * for the day when these are measured anew. */
#ifndef FV_PCG64_H
#define FV_PCG64_H
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	unsigned __int128 state, step;
	bool half;                      /* the upper half of the last 64 bits waits in spare */
	uint32_t spare;
} fv_pcg64;

/* default_rng(seed) */
fv_pcg64 fv_pcg64_seed(uint32_t seed);
/* integers(0, n), one of an array */
uint32_t fv_pcg64_below(fv_pcg64 *g, uint32_t n);
void fv_pcg64_permutation(fv_pcg64 *g, uint32_t *order, int64_t n);             /* permutation(n) */

typedef struct { uint64_t inside[256]; double width[256], height[256]; } fv_ziggurat;
void fv_ziggurat_make(fv_ziggurat *z);
/* standard_normal() */
double fv_pcg64_normal(fv_pcg64 *g, const fv_ziggurat *z);
#endif
