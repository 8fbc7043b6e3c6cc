/* SPDX-License-Identifier: Apache-2.0 */
/* A canvas that is too large for memory, painted by tiles into a file.
 *
 * The network runs in windows: a tile and a margin about it, as wide as the network reaches, so that
 * what it makes of the tile is what it makes of it in the whole canvas. Only norms look at more.
 * Their means and variances are gathered before, norm after norm, over windows whose
 * underpaintings are kept in the file: over all of the canvas, or over a sample of tiles that are
 * spread over it. For each norm the network is run up to it, with the statistics of those before.
 *
 * One set of statistics holds for all tiles, a sample's too: there are no seams.
 *
 * The file has the canvas in 16 bits a channel, behind it the windows in 8, and then what is done:
 * statistics, and a byte for each tile. A run that finds it goes on from there. */
#define _GNU_SOURCE
#include "paint/tile_canvas.h"
#include <errno.h>
#include <math.h>
#include <unistd.h>

#define ROWS 64                         /* that pass by at a time */

/* ------------------------------------------------------------------ the file */
fv_status fv_tile_file(fv_err *err, int fd, bool put, int64_t at, void *data, size_t bytes)
{
	for (size_t n = 0; n < bytes;) {
		ssize_t k = put ? pwrite(fd, (char *)data + n, bytes - n, (off_t)at + (off_t)n)
		                : pread(fd, (char *)data + n, bytes - n, (off_t)at + (off_t)n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return fv_fail(err, FV_E_WRITE, "the file for what does not fit into memory "
			               "cannot be %s: %s; make room on that disk",
			               put ? "written" : "read", k ? strerror(errno) : "it is short");
		n += (size_t)k;
	}
	return FV_OK;
}

fv_status fv_tile_flush(fv_err *err, int fd)
{
	return fdatasync(fd) ? fv_fail(err, FV_E_WRITE, "the file for what does not fit into memory "
	                               "cannot be written: %s; make room on that disk", strerror(errno))
	                     : FV_OK;
}

/* A row of a part: there, and back. */
static fv_status put_rows(fv_err *err, const fv_far_canvas *f, const fv_area *part, const float *y,
                          int64_t stride)
{
	uint16_t *row = fv_alloc_rough(f->c, (size_t)(part->w * FV_TILE_PIXEL));
	fv_status st = row ? FV_OK : fv_fail_memory(err, "tile", (size_t)(part->w * FV_TILE_PIXEL));
	for (int64_t r = 0; r < part->h && !st; r++) {
		for (int64_t i = 0; i < 3 * part->w; i++) {
			const float v = (y[r * stride * 3 + i] + 1) * 32767.5f + 0.5f;
			row[i] = (uint16_t)(v > 0 ? v < 65535 ? v : 65535 : 0);
		}
		st = fv_tile_file(err, f->fd, true, ((part->y + r) * f->w + part->x) * FV_TILE_PIXEL, row,
		          (size_t)(part->w * FV_TILE_PIXEL));
	}
	fv_free(f->c, row);
	return st;
}

static fv_status get_rows(fv_err *err, const fv_far_canvas *f, const fv_area *part, float *y)
{
	uint16_t *row = fv_alloc_rough(f->c, (size_t)(part->w * FV_TILE_PIXEL));
	fv_status st = row ? FV_OK : fv_fail_memory(err, "tile", (size_t)(part->w * FV_TILE_PIXEL));
	for (int64_t r = 0; r < part->h && !st; r++) {
		st = fv_tile_file(err, f->fd, false, ((part->y + r) * f->w + part->x) * FV_TILE_PIXEL, row,
		          (size_t)(part->w * FV_TILE_PIXEL));
		for (int64_t i = 0; i < 3 * part->w && !st; i++)
			y[r * part->w * 3 + i] = (float)row[i] * (1 / 32767.5f) - 1;
	}
	fv_free(f->c, row);
	return st;
}

/* ------------------------------------------------------------------ painting */
static fv_status paint_tiles(fv_err *err, fv_tiling *p, float *x, float *z, float *y)
{
	const fv_graph *g = p->net.graph;
	fv_status st = fv_tile_program(err, p, g->output[0].node);
	for (int64_t i = 0; i < fv_tile_count(p) && !st; i++) {
		const fv_area core = fv_tile_core(p, i), a = fv_tile_window(p, &core);
		fv_tile_tell(p, "painting its strokes", (double)i / (double)fv_tile_count(p));
		if (p->mark[i])
			continue;
		if ((st = fv_tile_stopped(err, p)) || (st = fv_tile_under(err, p, &a, x, z)) ||
		    (st = fv_tile_run(err, p, x, z, y)) ||
		    (st = fv_paint_from_range(err, &p->m->family->out[0], y, p->wh, p->ww)))
			break;
		st = put_rows(err, p->far, &core,
		              y + ((core.y - a.y) * a.w + core.x - a.x) * 3, a.w);
		if (!st)
			st = fv_tile_mark(err, p, i);
	}
	return st;
}

static void raise_layers(fv_err *err, fv_far_canvas *f, const fv_area *part, float *y, int layers,
                         fv_status *st)
{
	const size_t bytes = (size_t)(3 * part->h * part->w) * sizeof(float);
	float *room = NULL;
	for (int k = 0; k < layers && !*st; k++) {
		if (!f->raised[k])
			continue;
		if (!room && !(room = fv_alloc_rough(f->c, bytes)))
			*st = fv_fail_memory(err, "relief", bytes);
		else
			*st = fv_relief_raise_part(err, f->c, y, f->h, f->w, part, &f->layer[k], room);
	}
	fv_free(f->c, room);
}

/* All rows pass by the relief's layers. */
static fv_status relief(fv_err *err, fv_tiling *p)
{
	fv_far_canvas *f = p->far;
	const double gain[] = { p->m->relief[0] * (double)p->o->opt->relief,
		                p->m->relief[1] * (double)p->o->opt->relief };
	const double scale = fmax(0.25, (double)fv_max(f->h, f->w) / FV_PAINT_LEARNT);
	const size_t bytes = (size_t)(ROWS * 3 * f->w) * sizeof(float);
	float *x = fv_alloc_rough(f->c, bytes);
	fv_status st = x ? FV_OK : fv_fail_memory(err, "relief", bytes);
	for (int k = 0; k < FV_RELIEF_BANDS && !st && p->m->family->relief; k++) {
		fv_relief_layer *l = &f->layer[k];
		fv_shrink *s = NULL;
		if (!fv_relief_grid(f->h, f->w, scale, gain, k, l))
			continue;
		const size_t grid = (size_t)(3 * l->h * l->w) * sizeof *l->data;
		if (!(l->data = fv_alloc(f->c, grid)))
			st = fv_fail_memory(err, "relief", grid);
		else
			st = fv_shrink_new(err, f->c, f->h, f->w, l->h, l->w, l->data, &s);
		for (int64_t y = 0; y < f->h && !st; y += ROWS) {
			const fv_area part = { y, 0, fv_min(ROWS, f->h - y), f->w };
			fv_tile_tell(p, "raising its relief", (double)y / (double)f->h);
			if ((st = fv_tile_stopped(err, p)) || (st = get_rows(err, f, &part, x)))
				break;
			raise_layers(err, f, &part, x, k, &st);
			if (!st)
				fv_shrink_rows(s, x, part.h);
		}
		fv_shrink_free(s);
		f->raised[k] = !st;
	}
	fv_free(f->c, x);
	return st;
}

fv_status fv_far_canvas_get(fv_err *err, fv_far_canvas *f, const fv_area *part, float *y)
{
	fv_status st = get_rows(err, f, part, y);
	raise_layers(err, f, part, y, FV_RELIEF_BANDS, &st);
	return st;
}

void fv_far_canvas_free(fv_far_canvas *f)
{
	if (!f)
		return;
	for (int k = 0; k < FV_RELIEF_BANDS; k++)
		fv_free(f->c, f->layer[k].data);
	fv_free(f->c, f);
}

/* Bytes for tiles of that side beside the network's: what strokes look at and are painted on, and
 * windows of photograph, painting, marks and the widest map that a norm is measured on. */
static int64_t bytes_of(const fv_tiling *p, int64_t side, int64_t widest)
{
	const int64_t margin = p->how->strokes ? fv_stroke_margin(&p->strokes) : 0;
	const int64_t window = (side + 2 * p->margin) * (side + 2 * p->margin);
	const int64_t seen = (side + 2 * (p->margin + margin)) * (side + 2 * (p->margin + margin));
	return (int64_t)sizeof(float) * (7 * seen + (6 + FV_STROKE_MARKS + widest) * window);
}

static void forget_network(fv_tiling *p)
{
	fv_tile_forget(p);
	for (int i = 0; p->stats && i < p->net.graph->nodes; i++)
		fv_free(p->c, p->stats[i]);
	fv_free(p->c, p->stats);
	p->stats = NULL;
	fv_painting_free(&p->net);
}

/* Windows of tiles of that side; need: bytes that they take. */
static fv_status windows(fv_err *err, fv_tiling *p, int64_t side, int64_t *need)
{
	int64_t widest = 0;
	forget_network(p);
	p->side = side;
	p->wh = fv_min(p->how->h, side + 2 * p->margin);
	p->ww = fv_min(p->how->w, side + 2 * p->margin);
	fv_status st = fv_paint_graph(err, p->m, p->wh, p->ww, p->o->opt->norm, &p->net);
	if (st)
		return st;
	const fv_graph *g = p->net.graph;
	if (g->err.status)
		return fv_fail(err, g->err.status, "%s", g->err.text);
	if (p->net.height != p->wh || p->net.width != p->ww)
		return fv_fail(err, FV_E_INTERNAL, "tiles: a window of %" PRId64 "x%" PRId64
		               " is no size for this network", p->ww, p->wh);
	if (!(p->stats = fv_alloc(p->c, (size_t)g->nodes * sizeof *p->stats)))
		return fv_fail_memory(err, "network", (size_t)g->nodes * sizeof *p->stats);
	for (int i = 0; i < g->nodes; i++)
		if (g->node[i]->op->by_stats)
			widest = fv_max(widest, fv_elements(g->node[i]->shape) / (p->wh * p->ww));
	if ((st = fv_tile_program(err, p, g->output[0].node)))
		return st;
	*need = bytes_of(p, side, widest) + fv_program_bytes(p->program);
	fv_tile_forget(p);
	return FV_OK;
}

/* Windows as large as memory has room for, their network, and the flow. */
static fv_status begin(fv_err *err, fv_tiling *p)
{
	const int64_t multiple = fv_port_side(fv_paint_image(p->m), p->m->config, 1);
	const size_t flow = (size_t)(2 * p->how->sh * p->how->sw) * sizeof(float);
	fv_status st = fv_paint_graph(err, p->m, fv_max(512, multiple), fv_max(512, multiple),
	                              p->o->opt->norm, &p->net);
	if (!st)
		st = fv_tile_measure(err, p);
	int64_t need = INT64_MAX;
	for (int64_t side = FV_TILE; !st; side /= 2) {
		side = fv_div_up(side, p->align) * p->align;
		if (!(st = windows(err, p, side, &need)) &&
		    (!p->o->most || need <= p->o->most || side <= 128 || side < 4 * p->align))
			break;
	}
	if (st || !p->how->strokes)
		return st;
	if (!(p->flow = fv_alloc(p->c, flow)))
		return fv_fail_memory(err, "strokes", flow);
	return fv_paint_flow(err, p->c, p->o->opt->flow, &p->strokes, p->o->k->seen, p->how->sh,
	                     p->how->sw, p->flow);
}

static void end(fv_tiling *p)
{
	forget_network(p);
	fv_free(p->c, p->mark);
	fv_free(p->c, p->flow);
}

fv_status fv_far_canvas_paint(fv_err *err, const fv_far_options *o, fv_far_canvas **out)
{
	const fv_model *m = fv_painter_model(o->painter);
	fv_tiling p = { .o = o, .c = m->context, .m = m, .how = &o->k->how };
	float *room = NULL;
	fv_status st = FV_OK;
	if (o->fd < 0)
		return fv_fail(err, FV_E_MEMORY, "this canvas of %" PRId64 "x%" PRId64 " does not fit "
		               "into memory, and there is no file for it; allow more memory",
		               p.how->w, p.how->h);
	if (!(p.far = fv_alloc(p.c, sizeof *p.far)))
		return fv_fail_memory(err, "canvas", sizeof *p.far);
	*p.far = (fv_far_canvas){ .c = p.c, .h = p.how->h, .w = p.how->w, .fd = o->fd };
	if (p.how->strokes)
		p.strokes = fv_paint_strokes_of(m, o->opt, p.how, o->picture);
	if (!(st = begin(err, &p))) {
		const int64_t pixels = p.wh * p.ww;
		const size_t bytes = (size_t)((6 + FV_STROKE_MARKS) * pixels) * sizeof *room;
		if (!(room = fv_alloc_rough(p.c, bytes)))
			st = fv_fail_memory(err, "tile", bytes);
		bool measured = false;
		if (!st)
			st = fv_tile_take_up(err, &p, &measured);
		if (!st && !measured && !(st = fv_tile_statistics(err, &p, room)))
			st = fv_tile_keep(err, &p);
		if (!st)
			st = paint_tiles(err, &p, room, p.how->strokes ? room + 6 * pixels : NULL,
			                 room + 3 * pixels);
	}
	fv_free(p.c, room);
	end(&p);
	if (!st)
		st = relief(err, &p);
	if (st)
		fv_far_canvas_free(p.far);
	else
		*out = p.far;
	return st;
}

int64_t fv_far_canvas_least(const fv_model *m, const fv_paint_options *opt,
                            const fv_paint_work *how)
{
	fv_tiling p = { .m = m, .how = how, .margin = 128 };
	if (how->strokes)
		p.strokes = fv_paint_strokes_of(m, opt, how, 0);
	/* Of the network: some 60 numbers a pixel for 8 to 24 channels. */
	return bytes_of(&p, 128, 60) + (5 * how->sh * how->sw + 3 * ROWS * how->w) *
	                                   (int64_t)sizeof(float);
}
