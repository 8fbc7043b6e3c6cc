/* SPDX-License-Identifier: Apache-2.0 */
/* A picture whose edges are blurred and whose rest is as it was: what a judge of clear lines is
 * shown as an example of what it does not want. */
#ifndef FV_EDGE_SMOOTH_H
#define FV_EDGE_SMOOTH_H
#include "base/base.h"

size_t fv_edge_smooth_room(int64_t height, int64_t width);      /* bytes that it works in */
/* from, to: height,width,3 in [-1,1], at least 3 pixels a side; not the same memory. */
void fv_edge_smooth(const float *from, float *to, int64_t height, int64_t width, void *room);
#endif
