/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_FILM_MUX_H
#define FV_FILM_MUX_H
#include "film/encode.h"
#include "film/segments.h"

/* OUT from painted segments and all else that the film holds; seen whole or not at all. */
fv_status fv_film_mux(fv_err *err, fv_context *c, const fv_film_options *o, const fv_encoder *e,
                      const fv_film_size *z, const fv_segments *s, int64_t *frames,
                      double *seconds);
#endif
