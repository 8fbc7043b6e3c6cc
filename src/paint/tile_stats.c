/* SPDX-License-Identifier: Apache-2.0 */
/* A canvas that is painted by tiles: its norms' statistics, and what is done, in the file behind the
 * canvas, for a run that goes on. */
#include "op/moments.h"
#include "paint/tile_canvas.h"
#include <math.h>

#define FLUSH 5.0                       /* seconds between flushes */
#define MAGIC UINT64_C(0x6661757665303166)
#define SAMPLE 12                       /* tiles that fast statistics look at */

/* ------------------------------------------------------------------ statistics */
/* Which tiles are looked at: all, or some of every part of the canvas. */
typedef struct { int64_t count, *tile; } sample;

static fv_status choose(fv_err *err, const fv_tiling *p, sample *s)
{
	const int64_t all = fv_tile_count(p);
	const bool exact = p->o->stats == FV_STATS_EXACT;
	s->count = exact ? all : fv_min(all, SAMPLE);
	if (!(s->tile = fv_alloc(p->c, (size_t)s->count * sizeof *s->tile)))
		return fv_fail_memory(err, "statistics", (size_t)s->count * sizeof *s->tile);
	/* An even grid as square as the canvas; what it gives too many is left out. */
	const int64_t down = fv_div_up(p->how->h, p->side), right = fv_tile_across(p);
	int64_t rows = fv_max(1, fv_min(down, (int64_t)(sqrt((double)SAMPLE * (double)down /
	                                                     (double)right) + 0.5)));
	int64_t columns = fv_max(1, fv_min(right, SAMPLE / rows));
	if (exact)
		rows = down, columns = right;
	s->count = fv_min(s->count, rows * columns);
	for (int64_t i = 0; i < s->count; i++)
		s->tile[i] = (2 * (i / columns) + 1) * down / (2 * rows) * right +
		             (2 * (i % columns) + 1) * right / (2 * columns);
	return FV_OK;
}

static int64_t slot(const fv_tiling *p, int64_t i)
{
	return p->how->h * p->how->w * FV_TILE_PIXEL + i * p->wh * p->ww * 3;
}

/* Underpaintings of the sample go into the file. */
static fv_status keep_windows(fv_err *err, fv_tiling *p, const sample *s, float *x)
{
	const int64_t values = 3 * p->wh * p->ww;
	uint8_t *bytes = fv_alloc_rough(p->c, (size_t)values);
	fv_status st = bytes ? FV_OK : fv_fail_memory(err, "statistics", (size_t)values);
	for (int64_t i = 0; i < s->count && !st; i++) {
		const fv_area core = fv_tile_core(p, s->tile[i]),
			      a = fv_tile_window(p, &core);
		fv_tile_tell(p, "looking at strokes", (double)i / (double)s->count);
		if ((st = fv_tile_stopped(err, p)) || (st = fv_tile_under(err, p, &a, x, NULL)))
			break;
		for (int64_t k = 0; k < values; k++)
			bytes[k] = (uint8_t)fmaxf(0, fminf(255, (x[k] + 1) * 127.5f + 0.5f));
		st = fv_tile_file(err, p->far->fd, true, slot(p, i), bytes, (size_t)values);
	}
	fv_free(p->c, bytes);
	return st;
}

static fv_status get_window(fv_err *err, const fv_tiling *p, int64_t i, float *x)
{
	const int64_t values = 3 * p->wh * p->ww;
	uint8_t *bytes = (uint8_t *)(x + values) - values;      /* read from behind, in order */
	fv_status st = fv_tile_file(err, p->far->fd, false, slot(p, i), bytes, (size_t)values);
	for (int64_t k = 0; k < values && !st; k++)
		x[k] = (float)bytes[k] * (1 / 127.5f) - 1;
	return st;
}

typedef struct { double n, mean, square; } moments;

/* The core of what was made of a window, of channels c, joins the moments. */
static void count(const fv_tiling *p, const fv_node *v, const fv_area *window, const fv_area *core,
                  const float *made, moments *sum, double *row)
{
	const int64_t c = v->shape.c, down = p->wh / v->shape.h, right = p->ww / v->shape.w;
	const int64_t y0 = (core->y - window->y) / down, x0 = (core->x - window->x) / right;
	const int64_t h = fv_div_up(core->h, down), w = fv_div_up(core->w, right);
	for (int64_t y = y0; y < y0 + h; y++) {
		const float *line = made + (y * v->shape.w + x0) * c;
		memset(row, 0, (size_t)(2 * c) * sizeof *row);
		for (int64_t i = 0; i < w; i++)
			for (int64_t k = 0; k < c; k++) {
				const double d = (double)line[i * c + k];
				row[k] += d;
				row[c + k] += d * d;
			}
		for (int64_t k = 0; k < c; k++) {
			const double n = (double)w, mean = row[k] / n;
			fv_moments_join(&sum[k].n, &sum[k].mean, &sum[k].square, n, mean,
			                row[c + k] - n * mean * mean);
		}
	}
}

static fv_status gather(fv_err *err, fv_tiling *p, const fv_node *norm, const sample *s, float *x,
                        double begun, double share)
{
	const fv_node *v = norm->in[0];
	const int64_t c = v->shape.c;
	const size_t values = (size_t)(v->shape.h * v->shape.w * c);
	float *made = fv_alloc_rough(p->c, values * sizeof *made);
	moments *sum = fv_alloc(p->c, (size_t)c * (sizeof *sum + 2 * sizeof(double)));
	double *row = (double *)(sum + c);
	fv_status st = made && sum ? fv_tile_program(err, p, v)
	                           : fv_fail_memory(err, "statistics", values * sizeof *made);
	for (int64_t i = 0; i < s->count && !st; i++) {
		const fv_area core = fv_tile_core(p, s->tile[i]),
			      a = fv_tile_window(p, &core);
		fv_tile_tell(p, "measuring", begun + share * (double)i / (double)s->count);
		if ((st = fv_tile_stopped(err, p)) || (st = get_window(err, p, i, x)) ||
		    (st = fv_tile_run(err, p, x, NULL, made)))
			break;
		count(p, v, &a, &core, made, sum, row);
	}
	float *stats = st ? NULL : fv_alloc(p->c, (size_t)(2 * c) * sizeof *stats);
	if (!st && !stats)
		st = fv_fail_memory(err, "statistics", (size_t)(2 * c) * sizeof *stats);
	moments all = { 0 };
	for (int64_t k = 0; k < c && !st; k++)
		fv_moments_join(&all.n, &all.mean, &all.square, sum[k].n, sum[k].mean, sum[k].square);
	const bool together = norm->attr.normalise.axes & FV_AXIS_C;
	for (int64_t k = 0; k < c && !st; k++) {
		const moments *q = together ? &all : &sum[k];
		stats[k] = (float)q->mean;
		stats[c + k] = (float)(1 / sqrt(q->square / q->n + norm->attr.normalise.eps));
	}
	p->stats[norm->id] = stats;
	fv_free(p->c, made);
	fv_free(p->c, sum);
	return st;
}

fv_status fv_tile_statistics(fv_err *err, fv_tiling *p, float *x)
{
	const fv_graph *g = p->net.graph;
	sample s = { 0 };
	int norms = 0, done = 0;
	for (int i = 0; i < g->nodes; i++)
		norms += g->node[i]->op->by_stats != NULL;
	if (!norms)
		return FV_OK;
	fv_status st = choose(err, p, &s);
	if (!st)
		st = keep_windows(err, p, &s, x);
	for (int i = 0; i < g->nodes && !st; i++)
		if (g->node[i]->op->by_stats)
			st = gather(err, p, g->node[i], &s, x, (double)done++ / norms, 1.0 / norms);
	fv_free(p->c, s.tile);
	return st;
}

/* ------------------------------------------------------------------ what is done */
/* What the rest of the file belongs to; then statistics, then marks. */
typedef struct {
	uint64_t magic;
	int64_t h, w, side, wh, ww, numbers, tiles;
} state;

static int64_t state_at(const fv_tiling *p)
{
	const int64_t all = fv_tile_count(p);
	return slot(p, p->o->stats == FV_STATS_EXACT ? all : fv_min(all, SAMPLE));
}

static state state_of(const fv_tiling *p)
{
	state s = { MAGIC, p->how->h, p->how->w, p->side, p->wh, p->ww, 0, fv_tile_count(p) };
	for (int i = 0; i < p->net.graph->nodes; i++)
		if (p->net.graph->node[i]->op->by_stats)
			s.numbers += 2 * p->net.graph->node[i]->shape.c;
	return s;
}

static int64_t marks_at(const fv_tiling *p)
{
	return state_at(p) + (int64_t)sizeof(state) +
	       state_of(p).numbers * (int64_t)sizeof(float);
}

/* Statistics to the file, or from it. */
static fv_status pass_statistics(fv_err *err, fv_tiling *p, bool put)
{
	const fv_graph *g = p->net.graph;
	int64_t at = state_at(p) + (int64_t)sizeof(state);
	fv_status st = FV_OK;
	for (int i = 0; i < g->nodes && !st; i++) {
		const size_t bytes = (size_t)(2 * g->node[i]->shape.c) * sizeof(float);
		if (!g->node[i]->op->by_stats)
			continue;
		if (!put && !(p->stats[i] = fv_alloc(p->c, bytes)))
			return fv_fail_memory(err, "statistics", bytes);
		st = fv_tile_file(err, p->far->fd, put, at, p->stats[i], bytes);
		at += (int64_t)bytes;
	}
	return st;
}

fv_status fv_tile_take_up(fv_err *err, fv_tiling *p, bool *measured)
{
	state here = state_of(p), there = { 0 };
	fv_err none;
	p->flushed = fv_now();
	if (!(p->mark = fv_alloc(p->c, (size_t)here.tiles)))
		return fv_fail_memory(err, "tiles", (size_t)here.tiles);
	*measured = !fv_tile_file(&none, p->far->fd, false, state_at(p), &there, sizeof there) &&
	            !memcmp(&here, &there, sizeof here) &&
	            !fv_tile_file(&none, p->far->fd, false, marks_at(p), p->mark, (size_t)here.tiles);
	for (int64_t i = 0; i < here.tiles; i++)
		p->mark[i] = *measured && p->mark[i] == 1;
	return *measured ? pass_statistics(err, p, false) : FV_OK;
}

/* The state is written last. */
fv_status fv_tile_keep(fv_err *err, fv_tiling *p)
{
	state s = state_of(p);
	fv_status st = pass_statistics(err, p, true);
	if (!st)
		st = fv_tile_file(err, p->far->fd, true, marks_at(p), p->mark, (size_t)s.tiles);
	if (!st)
		st = fv_tile_flush(err, p->far->fd);
	return st ? st : fv_tile_file(err, p->far->fd, true, state_at(p), &s, sizeof s);
}

fv_status fv_tile_mark(fv_err *err, fv_tiling *p, int64_t tile)
{
	fv_status st = FV_OK;
	p->mark[tile] = 2;
	if (fv_now() - p->flushed < FLUSH)
		return FV_OK;
	if (fv_tile_flush(&(fv_err){ 0 }, p->far->fd))
		return FV_OK;                   /* then a later run does it again */
	for (int64_t i = 0; i < fv_tile_count(p) && !st; i++)
		if (p->mark[i] == 2) {
			p->mark[i] = 1;
			st = fv_tile_file(err, p->far->fd, true, marks_at(p) + i, &p->mark[i], 1);
		}
	p->flushed = fv_now();
	return st;
}
