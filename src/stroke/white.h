/* SPDX-License-Identifier: Apache-2.0 */
/* White noise as a function of seed, number and place: Philox blocks (base/philox.h) of four normal
 * values (op/draw.h). */
#ifndef FV_STROKE_WHITE_H
#define FV_STROKE_WHITE_H
#include "op/draw.h"

/* the slow random field's number, and the next for its other axis */
#define FV_WHITE_WANDER 64

/* A row of number `number`; its value at column i is fv_draw_normal(&row, i). */
static inline fv_draw fv_white_row(uint64_t seed, int number, int64_t row)
{
	return (fv_draw){ seed ^ fv_purpose("strokes"), (uint64_t)number << 48 | (uint64_t)row };
}
#endif
