/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_GENERATE_H
#define FV_GENERATE_H
#include "model/model.h"

/* Values of a picture that the model makes from noise; 0: it makes none. */
int64_t fv_generate_values(const fv_model *m);
/* count grey pictures of so many values (28x28) each, one after the other; out is yours, count * values bytes.
 * Same model, count and seed: same pictures. */
fv_status fv_generate(fv_err *err, const fv_model *m, int64_t count, uint64_t seed, uint8_t *out);
#endif
