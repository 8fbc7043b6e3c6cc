/* SPDX-License-Identifier: Apache-2.0 */
/* Painting in little memory: the same network, run in bands of rows. */
#ifndef FV_BANDS_H
#define FV_BANDS_H
#include "device/cpu/plan.h"

typedef struct { const fv_node *node; const float *data; } fv_bands_input;

/* Runs `whole` (appended, no passes run; one picture; never planned) from its inputs, of one height and width, to y, into `out`, with
 * at most `limit` bytes beside these, as near as can be foreseen. Bits differ from a plan's in the last place only.
 * FV_E_MEMORY: it cannot be done within the limit; says what would be needed. */
fv_status fv_bands_run(fv_err *err, fv_context *c, fv_graph *whole, const fv_bands_input *in, int inputs, const fv_node *y, float *out, fv_key key,
                       int64_t limit);
/* The least limit with which that goes; x: the first input. */
fv_status fv_bands_least(fv_err *err, fv_context *c, fv_graph *whole, const fv_node *x, const fv_node *y, int64_t *bytes);
#endif
