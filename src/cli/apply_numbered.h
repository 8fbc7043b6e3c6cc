/* SPDX-License-Identifier: Apache-2.0 */
/* Films whose frames are numbered pictures. */
#ifndef FV_APPLY_NUMBERED_H
#define FV_APPLY_NUMBERED_H
#include "cli/apply.h"
#include "film/film.h"

/* The library that is loaded for films (apply_film.c); NULL, and why. */
const fv_film_table *fv_film_load(char *why, size_t room);

/* Frames in the order of their numbers: all pictures of a folder, or those with such names. A gap
 * in the numbers is said. f: yours, fv_names_free, also after a failure. FV_E_READ. */
fv_status fv_numbered_open(fv_err *err, const fv_apply *a, const char *in, fv_names *f);
/* Of their names, sizes and times. */
uint64_t fv_numbered_hash(const fv_names *f);
fv_status fv_numbered_read(fv_err *err, fv_apply *a, const char *path, fv_picture **out);

/* Makes OUT's folder, which may not be the one that j->in's frames are in (in; NULL: a film). */
fv_status fv_numbered_prepare(fv_err *err, const fv_job *j, const fv_names *in);
/* Any thread. */
fv_status fv_numbered_write(fv_err *err, const fv_apply *a, const char *out, int64_t number,
                            const fv_pixels *p);
#endif
