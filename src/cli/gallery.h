/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of folders, for eval: read several at a time, painted, put in order. */
#ifndef FV_GALLERY_H
#define FV_GALLERY_H
#include "cli/cli.h"
#include "picture/picture.h"

typedef struct {
	char **path;
	fv_pixels *pixels;
	fv_names *folder;
	int folders, count;
} fv_gallery;

/* Pictures on their way through: an evaluator looks at them, at the strokes of the first `most` of each folder. */
typedef struct { fv_evaluator *evaluator; fv_evaluator_set set; int most; } fv_gallery_look;

/* Lists live in the arena. look: what happens to each, then its pixels go; NULL: pixels are kept. */
fv_status fv_gallery_read(fv_err *err, fv_cli *cli, fv_context *c, fv_arena *a,
                          const char *const *folders, int count, const fv_gallery_look *look, fv_gallery *g);
/* Puts the painted ones in the photographs' order: names without endings must be the same, one
 * for one. */
fv_status fv_gallery_match(fv_err *err, fv_arena *a, const fv_gallery *photos, const char *folder,
                           fv_gallery *outs);
fv_status fv_gallery_paint(fv_err *err, fv_cli *cli, fv_arena *a, const fv_model *m, int64_t seed,
                           const fv_gallery *photos, fv_gallery *outs);
void fv_gallery_free(fv_gallery *g);
#endif
