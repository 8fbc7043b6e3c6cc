/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of planes as scipy's: borders mirrored with the edge repeated ("reflect"). `to` is
 * another plane than `from`. The team, when given, shares out the rows; without one all runs in
 * the caller's thread. The same bits either way. */
#ifndef FV_FILTER_H
#define FV_FILTER_H
#include "base/base.h"

/* Bytes that both filters work in, for so many threads and columns. */
size_t fv_filter_room(int threads, int64_t width);
/* Cut at 4 sigma, at most FV_GAUSSIAN_MOST; dy, dx: the order of the derivative down and across,
 * 0 or 1. */
#define FV_GAUSSIAN_MOST 20.0
void fv_gaussian(fv_team *team, const float *from, float *to, int64_t height, int64_t width,
                 double sigma, int dy, int dx, void *room);
/* Mean of the size x size pixels around each; size: odd, at most 2 FV_FILTER_RADIUS + 1. */
#define FV_FILTER_RADIUS 80
void fv_box(fv_team *team, const float *from, float *to, int64_t height, int64_t width, int size,
            void *room);
#endif
