/* SPDX-License-Identifier: Apache-2.0 */
/* Finished tiles of a painting, in a folder OUT.fauve-parts until it is whole: `pixels`, as they
 * follow each other in the picture; `done`, a byte for each tile; `key`, what it is a painting of;
 * `room`, whatever else who paints wants to keep. */
#ifndef FV_APPLY_STORE_H
#define FV_APPLY_STORE_H
#include "base/base.h"

typedef struct fv_parts fv_parts;
/* Makes the folder, or takes up the one that is there; it is locked. out: yours, fv_parts_close. */
fv_status fv_parts_open(fv_err *err, const char *out, fv_parts **parts);
/* The tiles of what `key` says; those of anything else are forgotten. size: of all pixels. */
fv_status fv_parts_begin(fv_err *err, fv_parts *p, const char *key, int64_t size, int64_t tiles);
bool fv_parts_done(const fv_parts *p, int64_t tile);
int64_t fv_parts_count(const fv_parts *p);              /* of tiles that are done */
/* Bytes from a place on; for as many pieces as a tile has, then it is done. */
fv_status fv_parts_put(fv_err *err, fv_parts *p, int64_t at, const void *data, size_t bytes);
fv_status fv_parts_get(fv_err *err, fv_parts *p, int64_t at, void *data, size_t bytes);
fv_status fv_parts_finish(fv_err *err, fv_parts *p, int64_t tile);
fv_status fv_parts_flush(fv_err *err, fv_parts *p);     /* finished tiles are kept from now on */
int fv_parts_pixels(const fv_parts *p);                 /* the open file; borrowed */
const char *fv_parts_folder(const fv_parts *p);
/* One more file of the folder, `room`, as an earlier run for the same key left it, or empty; -1: it
 * cannot be had. It is closed with the parts. */
int fv_parts_room(fv_parts *p);
/* whole: nothing of it is needed any more. */
void fv_parts_close(fv_parts *p, bool whole);
#endif
