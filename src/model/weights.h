/* SPDX-License-Identifier: Apache-2.0 */
/* Stores and files. */
#ifndef FV_WEIGHTS_H
#define FV_WEIGHTS_H
#include "graph/graph.h"
#include "model/safetensors.h"

/* Writes variables under names of their own. torch: convolutions as O,I,KH,KW, PyTorch's layout; else as they lie.
 * as: FV_F32, or FV_F16 for half the size. */
fv_status fv_weights_write(fv_err *err, fv_context *c, const char *path, fv_variable *const *v, const char *const *name, int count,
                           bool torch, fv_type as, json_t *metadata);

/* Makes a variable (f32) for every entry of a file; torch: in PyTorch's layout, else as they lie. */
fv_status fv_weights_make(fv_err *err, const char *path, const fv_safetensors *f, bool torch,
                          fv_store *s);
/* Fills every variable of the store from a file written as they lie; both must hold exactly the same. */
fv_status fv_weights_fill(fv_err *err, const char *path, const fv_safetensors *f, fv_store *s);
#endif
