/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of painting a canvas into a file share: tile_canvas.c goes the way, tile_network.c
 * runs the network in windows, tile_stats.c gathers norms' statistics and keeps what is done. */
#ifndef FV_TILE_CANVAS_H
#define FV_TILE_CANVAS_H
#include "paint/tiles.h"

enum { FV_TILE_PIXEL = 6 };             /* bytes of a pixel in the file: 16 bits a channel */

struct fv_far_canvas {
	fv_context *c;
	int64_t h, w;
	int fd;
	bool raised[FV_RELIEF_BANDS];
	fv_relief_layer layer[FV_RELIEF_BANDS];
};

typedef struct {
	const fv_far_options *o;
	fv_context *c;
	const fv_model *m;
	const fv_paint_work *how;
	fv_far_canvas *far;
	fv_stroke_options strokes;
	float *flow;                    /* of the small copy */
	fv_painting net;                /* of a window; its graph is never compiled */
	int64_t align, margin, side;    /* of windows' places; around a tile; of a tile */
	int64_t wh, ww;                 /* of a window */
	float **stats;                  /* by node: means, then factors; NULL: none yet */
	char *mark;                     /* by tile: 0 to do, 1 done, 2 done and not flushed yet */
	double flushed;
	fv_program *program;
	fv_graph *graph;
} fv_tiling;

/* ---- where tiles lie */
static inline int64_t fv_tile_across(const fv_tiling *p) { return fv_div_up(p->how->w, p->side); }
static inline int64_t fv_tile_count(const fv_tiling *p)
{
	return fv_tile_across(p) * fv_div_up(p->how->h, p->side);
}

static inline fv_area fv_tile_core(const fv_tiling *p, int64_t i)
{
	const int64_t y = i / fv_tile_across(p) * p->side, x = i % fv_tile_across(p) * p->side;
	return (fv_area){ y, x, fv_min(p->side, p->how->h - y), fv_min(p->side, p->how->w - x) };
}

/* All windows are of one size: at the canvas' edges they are shifted inwards. */
static inline fv_area fv_tile_window(const fv_tiling *p, const fv_area *core)
{
	return (fv_area){ fv_max(0, fv_min(core->y - p->margin, p->how->h - p->wh)),
	                  fv_max(0, fv_min(core->x - p->margin, p->how->w - p->ww)), p->wh, p->ww };
}

static inline void fv_tile_tell(const fv_tiling *p, const char *what, double done)
{
	p->o->progress(p->o->user, what, done);
}

static inline fv_status fv_tile_stopped(fv_err *err, const fv_tiling *p)
{
	return fv_cancelled(p->c) ? fv_fail(err, FV_E_CANCELLED, "stopped") : FV_OK;
}

/* Bytes to the file, or from it. */
fv_status fv_tile_file(fv_err *err, int fd, bool put, int64_t at, void *data, size_t bytes);
fv_status fv_tile_flush(fv_err *err, int fd);

/* ---- the network in windows (tile_network.c) */
/* Finds margin and align. FV_E_MEMORY: it cannot be run so. */
fv_status fv_tile_measure(fv_err *err, fv_tiling *p);
/* Underpainting and marks of a window. z NULL: they are not wanted. */
fv_status fv_tile_under(fv_err *err, fv_tiling *p, const fv_area *a, float *y, float *z);
/* p->program makes `goal` in a window; norms before it go by their statistics. */
fv_status fv_tile_program(fv_err *err, fv_tiling *p, const fv_node *goal);
void fv_tile_forget(fv_tiling *p);
/* x is changed; z may be NULL. */
fv_status fv_tile_run(fv_err *err, fv_tiling *p, float *x, const float *z, float *out);

/* ---- statistics, and what is done (tile_stats.c) */
/* x: of a window, for work. */
fv_status fv_tile_statistics(fv_err *err, fv_tiling *p, float *x);
/* What an earlier run left; *measured: its statistics are there. */
fv_status fv_tile_take_up(fv_err *err, fv_tiling *p, bool *measured);
fv_status fv_tile_keep(fv_err *err, fv_tiling *p);
fv_status fv_tile_mark(fv_err *err, fv_tiling *p, int64_t tile);
#endif
