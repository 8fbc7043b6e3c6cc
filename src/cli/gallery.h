/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of folders, for eval: read several at a time, painted, put in order. */
#ifndef FV_GALLERY_H
#define FV_GALLERY_H
#include "cli/cli.h"
#include "eval/eval.h"
#include "picture/picture.h"

/* Where pixels are not kept, only the squares stay. */
typedef struct {
	char **path;
	fv_pixels *pixels;
	uint8_t *square;
	fv_names *folder;
	int folders, count;
} fv_gallery;

/* A picture on its way through, the index-th of its folder: for measures that need no more than
 * one look. */
typedef fv_status (*fv_gallery_look)(fv_err *err, void *user, int index, const fv_pixels *p);

/* Lists live in the arena. look: called for each in order, then its pixels go; NULL: pixels are
 * kept. */
fv_status fv_gallery_read(fv_err *err, fv_cli *cli, fv_context *c, fv_arena *a,
                          const char *const *folders, int count, fv_gallery_look look, void *user,
                          fv_gallery *g);
/* Puts the painted ones in the photographs' order: names without endings must be the same, one
 * for one. */
fv_status fv_gallery_match(fv_err *err, fv_arena *a, const fv_gallery *photos, const char *folder,
                           fv_gallery *outs);
fv_status fv_gallery_paint(fv_err *err, fv_cli *cli, fv_arena *a, const fv_model *m, int64_t seed,
                           const fv_gallery *photos, fv_gallery *outs);
void fv_gallery_free(fv_gallery *g);
fv_pictures fv_gallery_view(const fv_gallery *g, bool squares);
#endif
