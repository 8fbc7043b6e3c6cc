/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_GENERATE_H
#define FV_GENERATE_H
#include "model/model.h"

/* count grey pictures of m->dense.out values (28x28) each, one after the other; out is yours, count * out bytes.
 * Same model, count and seed: same pictures. */
fv_status fv_generate(fv_err *err, const fv_model *m, int64_t count, uint64_t seed, uint8_t *out);
#endif
