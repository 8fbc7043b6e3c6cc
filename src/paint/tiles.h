/* SPDX-License-Identifier: Apache-2.0 */
/* Painting a picture that is not in memory: it is read part by part and given back tile by tile. */
#ifndef FV_TILES_H
#define FV_TILES_H
#include "paint/paint.h"

typedef struct {
	int64_t height, width;
	int channels, bits;
	void *user;
	/* Pixels of a part, packed. Any thread of the caller's own, one at a time. */
	fv_status (*read)(fv_err *err, void *user, const fv_area *part, void *pixels);
	/* The same of what is painted over instead of the photograph (fv_paint_options.base); NULL:
	 * there is none. */
	fv_status (*base)(fv_err *err, void *user, const fv_area *part, void *pixels);
	fv_status (*write)(fv_err *err, void *user, int64_t tile, const fv_area *part,
	                   const void *pixels);
	/* The picture has been seen, and `look` is a number of all its pixels: what an earlier run
	 * made of the same one may be taken up. */
	fv_status (*begin)(fv_err *err, void *user, uint64_t look, int64_t tiles);
	bool (*done)(void *user, int64_t tile);         /* by an earlier run */
	/* done: a share of what `what` is about. */
	void (*progress)(void *user, const char *what, double done);
	/* A file for what does not fit into memory, for reading and writing, that nobody else uses:
	 * empty, or as an earlier run for the same picture and options left it, to go on from; -1:
	 * there is none. Asked for once; it stays the user's. */
	int (*room)(void *user);
} fv_tiles;

/* Statistics of a large canvas' norms: of all of it, or of a sample of tiles. */
typedef enum { FV_STATS_FAST, FV_STATS_EXACT } fv_stats;

#define FV_TILE 1024                    /* pixels of a tile's side, at most */

/* What fv_painter_paint() makes of it, up to rounding: within 1/255 with exact statistics.
 * opt->max_memory: bytes for all of it. FV_E_MEMORY: too few; FV_E_CANCELLED; and what the calls
 * return. Dropout (FV_NORM_PUBLISHED) is refused. */
fv_status fv_tiles_paint(fv_err *err, fv_painter *painter, const fv_tiles *t,
                         const fv_paint_options *opt, fv_stats stats);
/* The least max_memory with which that goes, about. */
fv_status fv_tiles_least(fv_err *err, const fv_painter *painter, const fv_tiles *t,
                         const fv_paint_options *opt, int64_t *bytes);

/* ---- a canvas too large for memory (tile_canvas.c) */
typedef struct fv_far_canvas fv_far_canvas;
/* x of a part of the photograph as large as the canvas. */
typedef fv_status (*fv_far_read)(fv_err *err, void *user, const fv_area *part, float *x);
typedef struct {
	fv_painter *painter;
	const fv_paint_options *opt;
	const fv_canvas *k;             /* how, seen; nothing else of it */
	uint64_t picture;
	fv_stats stats;
	int64_t most;                   /* bytes */
	int fd;                         /* fv_tiles.room */
	fv_far_read read;
	void (*progress)(void *user, const char *what, double done);
	void *user;
} fv_far_options;
/* Paints it into the file. */
fv_status fv_far_canvas_paint(fv_err *err, const fv_far_options *o, fv_far_canvas **out);
/* What is painted there, with its relief. y: of the part. */
fv_status fv_far_canvas_get(fv_err *err, fv_far_canvas *f, const fv_area *part, float *y);
void fv_far_canvas_free(fv_far_canvas *f);
int64_t fv_far_canvas_least(const fv_model *m, const fv_paint_options *opt,
                            const fv_paint_work *how);
#endif
