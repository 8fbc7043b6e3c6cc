/* SPDX-License-Identifier: Apache-2.0 */
/* Separable linear maps of pictures: each output row (column) is a few weighted input rows (columns). Resizing and
 * blurring are such maps; their adjoints run the same list the other way. */
#ifndef FV_TAPS_H
#define FV_TAPS_H
#include "op/conv.h"

#define FV_TAPS 6
typedef struct { int count; int64_t at[FV_TAPS]; double weight[FV_TAPS]; } fv_taps;

/* The taps of output index i: axis of `from` values to one of `to`. */
typedef fv_taps (*fv_taps_of)(const fv_node *n, int64_t i, int64_t from, int64_t to);

/* Both references: x is the larger end of the map when adjoint. */
void fv_taps_forward(const fv_call *c, fv_taps_of f);
void fv_taps_adjoint(const fv_call *c, fv_taps_of f);
fv_taps fv_resize_taps(const fv_node *n, int64_t i, int64_t from, int64_t to);
fv_taps fv_blur_taps(const fv_node *n, int64_t i, int64_t from, int64_t to);
int64_t fv_blur_half(int taps, int64_t n);      /* the axis after blurring */
#endif
