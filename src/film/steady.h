/* SPDX-License-Identifier: Apache-2.0 */
/* No flicker: a painted frame goes on where the one before it has painted what is still in sight.
 */
#ifndef FV_FILM_STEADY_H
#define FV_FILM_STEADY_H
#include "film/film.h"

typedef struct fv_steadier fv_steadier;
/* Of frames of that size. out: yours, fv_steadier_free. FV_E_MEMORY. */
fv_status fv_steadier_new(fv_err *err, fv_context *c, fv_steady how, const fv_pixels *size,
                          fv_steadier **out);
void fv_steadier_free(fv_steadier *s);

/* Looks at a frame before it is painted: how it moved since the one before, and whether another
 * shot begins. shot: its number. FV_E_CANCELLED. */
fv_status fv_steadier_look(fv_err *err, fv_steadier *s, const fv_pixels *in, uint64_t *shot);
/* Then at its painting, which is steadied in place. */
fv_status fv_steadier_blend(fv_err *err, fv_steadier *s, const fv_pixels *in, fv_pixels *painted);

/* All that the next frame goes by. */
size_t fv_steadier_bytes(const fv_steadier *s);
void fv_steadier_save(const fv_steadier *s, void *to);
bool fv_steadier_load(fv_steadier *s, const void *from,
                      size_t bytes); /* false: it is not of this one */
#endif
