/* SPDX-License-Identifier: Apache-2.0 */
/* Painting in little memory: the same network, run in bands of rows. */
#ifndef FV_BANDS_H
#define FV_BANDS_H
#include "device/program.h"

typedef struct { const char *port; const float *data; } fv_bands_input;

/* Runs `whole` (appended, no passes run; one picture; never compiled) from its inputs, of one height and width, to its one output,
 * into `out`, with at most `limit` bytes beside these, as near as can be foreseen. Bits differ from a program's in the last place only.
 * FV_E_MEMORY: it cannot be done within the limit; says what would be needed. */
fv_status fv_bands_run(fv_err *err, fv_context *c, fv_graph *whole, const fv_bands_input *in, int inputs, float *out, fv_key key,
                       int64_t limit);
/* The least limit with which that goes; of a network that cannot be run in bands, what it takes
 * whole. x: the first input's port. */
fv_status fv_bands_least(fv_err *err, fv_context *c, fv_graph *whole, const char *x, int64_t *bytes);
#endif
