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
#include "op/moments.h"
#include "paint/tiles.h"
#include <errno.h>
#include <math.h>
#include <unistd.h>

#define FLUSH 5.0                       /* seconds between flushes */
#define MAGIC UINT64_C(0x6661757665303166)
#define SAMPLE 12                       /* tiles that fast statistics look at */
#define ROWS 64

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
} painting;

/* ------------------------------------------------------------------ the file */
static fv_status file(fv_err *err, int fd, bool put, int64_t at, void *data, size_t bytes)
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

enum { PIXEL = 6 };                     /* bytes */

/* A row of a part: there, and back. */
static fv_status put_rows(fv_err *err, const fv_far_canvas *f, const fv_area *part, const float *y,
                          int64_t stride)
{
	uint16_t *row = fv_alloc_rough(f->c, (size_t)(part->w * PIXEL));
	fv_status st = row ? FV_OK : fv_fail_memory(err, "tile", (size_t)(part->w * PIXEL));
	for (int64_t r = 0; r < part->h && !st; r++) {
		for (int64_t i = 0; i < 3 * part->w; i++) {
			const float v = (y[r * stride * 3 + i] + 1) * 32767.5f + 0.5f;
			row[i] = (uint16_t)(v > 0 ? v < 65535 ? v : 65535 : 0);
		}
		st = file(err, f->fd, true, ((part->y + r) * f->w + part->x) * PIXEL, row,
		          (size_t)(part->w * PIXEL));
	}
	fv_free(f->c, row);
	return st;
}

static fv_status get_rows(fv_err *err, const fv_far_canvas *f, const fv_area *part, float *y)
{
	uint16_t *row = fv_alloc_rough(f->c, (size_t)(part->w * PIXEL));
	fv_status st = row ? FV_OK : fv_fail_memory(err, "tile", (size_t)(part->w * PIXEL));
	for (int64_t r = 0; r < part->h && !st; r++) {
		st = file(err, f->fd, false, ((part->y + r) * f->w + part->x) * PIXEL, row,
		          (size_t)(part->w * PIXEL));
		for (int64_t i = 0; i < 3 * part->w && !st; i++)
			y[r * part->w * 3 + i] = (float)row[i] * (1 / 32767.5f) - 1;
	}
	fv_free(f->c, row);
	return st;
}

/* ------------------------------------------------------------------ windows */
static bool is_leaf(const fv_node *n)
{
	return n->op == &fv_op_read || n->op == &fv_op_constant || n->op == &fv_op_input;
}

/* Means over pixels and what else needs all of them at once cannot be had in windows. */
static bool understood(const fv_graph *g, const bool *pictures, const fv_node *n)
{
	return is_leaf(n) || !pictures[n->id] ||
	       (n->op != &fv_op_random && !n->op->whole && n->op->rows &&
	        n->op->rows(n, (fv_span){ 0, n->shape.h }, &(fv_span){ 0 }));
}

/* Which nodes the picture has a part in. */
static void find_pictures(const fv_graph *g, bool *pictures)
{
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		pictures[i] = n->op == &fv_op_input || n->op == &fv_op_random;
		for (int k = 0; k < n->inputs; k++)
			pictures[i] |= n->in[k] && pictures[n->in[k]->id];
	}
}

/* How far rows of the output reach, in the network's pixels; align: of its deepest maps. */
static fv_status measure(fv_err *err, painting *p)
{
	const fv_graph *g = p->net.graph;
	const fv_node *y = g->output[0].node;
	const int64_t h = p->net.height;
	const size_t nodes = (size_t)g->nodes;
	bool *pictures = fv_alloc(p->c, nodes);
	fv_span *rows = fv_alloc(p->c, nodes * sizeof *rows), at = { h / 2, h / 2 + 1 };
	fv_status st = pictures && rows ? FV_OK : fv_fail_memory(err, "network", nodes);
	p->align = 1;
	if (!st) {
		find_pictures(g, pictures);
		rows[y->id] = at;
	}
	for (int i = 0; i < g->nodes && !st; i++) {
		const fv_node *n = g->node[i];
		if (!understood(g, pictures, n))
			st = fv_fail(err, FV_E_MEMORY, "this network cannot be run in tiles (%s), and "
			             "its picture is too large to be painted as a whole; paint a "
			             "smaller copy, or with wider strokes", n->op->name);
		else if (pictures[i] && n->shape.h > 1)
			p->align = fv_max(p->align, h / n->shape.h);
	}
	for (int i = y->id; i >= 0 && !st; i--) {
		const fv_node *n = g->node[i];
		fv_span need = rows[i];
		if (!pictures[i] || need.lo == need.hi)
			continue;
		if (n->op == &fv_op_input) {
			at.lo = fv_min(at.lo, need.lo);
			at.hi = fv_max(at.hi, need.hi);
			continue;
		}
		n->op->rows(n, need, &need);
		for (int k = 0; k < n->inputs; k++) {
			const fv_node *in = n->in[k];
			if (!in || !pictures[in->id])
				continue;
			fv_span *s = &rows[in->id];
			*s = s->lo == s->hi ? need
			                    : (fv_span){ fv_min(s->lo, need.lo), fv_max(s->hi, need.hi) };
		}
	}
	p->margin = fv_div_up(fv_max(h / 2 - at.lo, at.hi - h / 2) + p->align, p->align) * p->align;
	fv_free(p->c, pictures);
	fv_free(p->c, rows);
	return st;
}

static int64_t across(const painting *p) { return fv_div_up(p->how->w, p->side); }
static int64_t tiles(const painting *p) { return across(p) * fv_div_up(p->how->h, p->side); }

static fv_area core_of(const painting *p, int64_t i)
{
	const int64_t y = i / across(p) * p->side, x = i % across(p) * p->side;
	return (fv_area){ y, x, fv_min(p->side, p->how->h - y), fv_min(p->side, p->how->w - x) };
}

/* All windows are of one size: at the canvas' edges they are shifted inwards. */
static fv_area window_of(const painting *p, const fv_area *core)
{
	return (fv_area){ fv_max(0, fv_min(core->y - p->margin, p->how->h - p->wh)),
	                  fv_max(0, fv_min(core->x - p->margin, p->how->w - p->ww)), p->wh, p->ww };
}

/* Underpainting and marks of a window. z NULL: they are not wanted. */
static fv_status under(fv_err *err, painting *p, const fv_area *a, float *y, float *z)
{
	const int64_t h = p->how->h, w = p->how->w;
	if (!p->how->strokes)
		return p->o->read(err, p->o->user, a, y);
	const bool print = p->strokes.medium == FV_MEDIUM_PRINT;
	const int64_t more = print ? (int64_t)(96 * p->how->broad) / 64 * 64 + 64
	                           : fv_stroke_margin(&p->strokes);
	const int64_t y0 = fv_max(0, a->y - more), x0 = fv_max(0, a->x - more);
	const fv_area seen = { y0, x0, fv_min(h, a->y + a->h + more) - y0,
	                       fv_min(w, a->x + a->w + more) - x0 };
	const int64_t pixels = seen.h * seen.w, each = print ? 5 + 3 + FV_STROKE_MARKS : 3;
	const size_t bytes = (size_t)(each * pixels + (z ? 0 : FV_STROKE_MARKS * a->h * a->w)) *
	                     sizeof(float);
	float *x = fv_alloc_rough(p->c, bytes), *v = x + 3 * pixels;
	fv_status st = x ? p->o->read(err, p->o->user, &seen, x)
	                 : fv_fail_memory(err, "strokes", bytes);
	if (!st && print)
		st = fv_stroke_enlarge(err, p->c, p->flow, p->how->sh, p->how->sw, h, w, &seen, v);
	if (!st && !print)
		st = fv_stroke_dabs_part(err, p->c, x, p->flow, p->how->sh, p->how->sw, h, w, &seen,
		                         a, &p->strokes, y, z ? z : x + each * pixels);
	if (!st && print) {
		float *all = v + 2 * pixels, *marks = all + 3 * pixels;
		st = fv_stroke_print(err, p->c, x, v, seen.h, seen.w, &p->strokes, all, marks);
		for (int64_t r = 0; r < a->h && !st; r++) {
			const int64_t at = (a->y - y0 + r) * seen.w + a->x - x0;
			memcpy(y + r * 3 * a->w, all + 3 * at, (size_t)(3 * a->w) * sizeof *y);
			if (z)
				memcpy(z + r * FV_STROKE_MARKS * a->w, marks + FV_STROKE_MARKS * at,
				       (size_t)(FV_STROKE_MARKS * a->w) * sizeof *z);
		}
	}
	fv_free(p->c, x);
	return st;
}

static const fv_port *port_of(const painting *p, fv_port_kind kind)
{
	const int at = fv_port_find(p->m->family->in, kind);
	return at < 0 ? NULL : &p->m->family->in[at];
}

static void forget_program(painting *p)
{
	fv_program_free(p->program);
	fv_graph_free(p->graph);
	p->program = NULL;
	p->graph = NULL;
}

/* A program that makes `goal` in a window; norms before it go by their statistics. */
static fv_status program(fv_err *err, painting *p, const fv_node *goal)
{
	const fv_graph *g = p->net.graph;
	bool *need = fv_alloc(p->c, (size_t)g->nodes);
	fv_node **built = fv_alloc(p->c, (size_t)g->nodes * sizeof *built);
	forget_program(p);
	fv_status st = need && built ? fv_graph_new(err, p->c, &p->graph)
	                             : fv_fail_memory(err, "network", (size_t)g->nodes);
	if (!st)
		need[goal->id] = true;
	for (int i = goal->id; i >= 0 && !st; i--)
		for (int k = 0; k < g->node[i]->inputs && need[i]; k++)
			if (g->node[i]->in[k])
				need[g->node[i]->in[k]->id] = true;
	for (int i = 0; i <= goal->id && !st; i++) {
		const fv_node *n = g->node[i];
		fv_node *in[FV_INPUTS] = { 0 };
		fv_attr a = n->attr;
		if (!need[i])
			continue;
		for (int k = 0; k < n->inputs; k++)
			in[k] = n->in[k] ? built[n->in[k]->id] : NULL;
		if (n->op == &fv_op_read)
			built[i] = fv_read(p->graph, n->attr.variable.p);
		else if (n->op == &fv_op_constant)
			built[i] = fv_constant(p->graph, n->type, n->shape, n->attr.constant.data);
		else if (n->op == &fv_op_input)
			built[i] = fv_input(p->graph, n->attr.input.name, n->type, n->shape);
		else if (n->op->by_stats && p->stats[i])
			built[i] = n->op->by_stats(p->graph, n, in[0], p->stats[i],
			                           p->stats[i] + n->shape.c);
		else
			built[i] = fv_append(p->graph, n->op, n->inputs, in, ~0u, &a);
	}
	if (!st) {
		fv_output(p->graph, built[goal->id], "made");
		st = fv_program_new(err, p->c, p->graph, &(fv_program_options){ 0 }, &p->program);
	}
	if (!st) {
		fv_err ignored;                 /* without that memory all goes on as it did */
		fv_program_prepack(&ignored, p->program, FV_PAINT_KEEP);
	}
	fv_free(p->c, need);
	fv_free(p->c, built);
	return st;
}

static fv_status run(fv_err *err, painting *p, float *x, const float *z, float *out)
{
	const fv_port *image = port_of(p, FV_PORT_IMAGE), *marks = port_of(p, FV_PORT_MARKS);
	const float low = (float)image->low, half = (float)(image->high - image->low) / 2;
	for (int64_t i = 0; i < 3 * p->wh * p->ww && (low != -1 || half != 1); i++)
		x[i] = low + half * (x[i] + 1);
	if (fv_program_values(p->program, image->name))
		fv_program_put(p->program, image->name, x);
	if (z && fv_program_values(p->program, marks->name))
		fv_program_put(p->program, marks->name, z);
	fv_status st = fv_program_run(err, p->program, (fv_key){ 0 });
	return st ? st : fv_program_get(err, p->program, "made", out);
}

/* ------------------------------------------------------------------ statistics */
/* Which tiles are looked at: all, or some of every part of the canvas. */
typedef struct { int64_t count, *tile; } sample;

static fv_status choose(fv_err *err, const painting *p, sample *s)
{
	const int64_t all = tiles(p);
	const bool exact = p->o->stats == FV_STATS_EXACT;
	s->count = exact ? all : fv_min(all, SAMPLE);
	if (!(s->tile = fv_alloc(p->c, (size_t)s->count * sizeof *s->tile)))
		return fv_fail_memory(err, "statistics", (size_t)s->count * sizeof *s->tile);
	/* An even grid as square as the canvas; what it gives too many is left out. */
	const int64_t down = fv_div_up(p->how->h, p->side), right = across(p);
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

static int64_t slot(const painting *p, int64_t i)
{
	return p->how->h * p->how->w * PIXEL + i * p->wh * p->ww * 3;
}

static void tell(const painting *p, const char *what, double done)
{
	p->o->progress(p->o->user, what, done);
}

static fv_status stopped(fv_err *err, const painting *p)
{
	return fv_cancelled(p->c) ? fv_fail(err, FV_E_CANCELLED, "stopped") : FV_OK;
}

/* Underpaintings of the sample go into the file. */
static fv_status keep_windows(fv_err *err, painting *p, const sample *s, float *x)
{
	const int64_t values = 3 * p->wh * p->ww;
	uint8_t *bytes = fv_alloc_rough(p->c, (size_t)values);
	fv_status st = bytes ? FV_OK : fv_fail_memory(err, "statistics", (size_t)values);
	for (int64_t i = 0; i < s->count && !st; i++) {
		const fv_area core = core_of(p, s->tile[i]), a = window_of(p, &core);
		tell(p, "looking at strokes", (double)i / (double)s->count);
		if ((st = stopped(err, p)) || (st = under(err, p, &a, x, NULL)))
			break;
		for (int64_t k = 0; k < values; k++)
			bytes[k] = (uint8_t)fmaxf(0, fminf(255, (x[k] + 1) * 127.5f + 0.5f));
		st = file(err, p->far->fd, true, slot(p, i), bytes, (size_t)values);
	}
	fv_free(p->c, bytes);
	return st;
}

static fv_status get_window(fv_err *err, const painting *p, int64_t i, float *x)
{
	const int64_t values = 3 * p->wh * p->ww;
	uint8_t *bytes = (uint8_t *)(x + values) - values;      /* read from behind, in order */
	fv_status st = file(err, p->far->fd, false, slot(p, i), bytes, (size_t)values);
	for (int64_t k = 0; k < values && !st; k++)
		x[k] = (float)bytes[k] * (1 / 127.5f) - 1;
	return st;
}

typedef struct { double n, mean, square; } moments;

/* The core of what was made of a window, of channels c, joins the moments. */
static void count(const painting *p, const fv_node *v, const fv_area *window, const fv_area *core,
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

static fv_status gather(fv_err *err, painting *p, const fv_node *norm, const sample *s, float *x,
                        double begun, double share)
{
	const fv_node *v = norm->in[0];
	const int64_t c = v->shape.c;
	const size_t values = (size_t)(v->shape.h * v->shape.w * c);
	float *made = fv_alloc_rough(p->c, values * sizeof *made);
	moments *sum = fv_alloc(p->c, (size_t)c * (sizeof *sum + 2 * sizeof(double)));
	double *row = (double *)(sum + c);
	fv_status st = made && sum ? program(err, p, v)
	                           : fv_fail_memory(err, "statistics", values * sizeof *made);
	for (int64_t i = 0; i < s->count && !st; i++) {
		const fv_area core = core_of(p, s->tile[i]), a = window_of(p, &core);
		tell(p, "measuring", begun + share * (double)i / (double)s->count);
		if ((st = stopped(err, p)) || (st = get_window(err, p, i, x)) ||
		    (st = run(err, p, x, NULL, made)))
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

static fv_status statistics(fv_err *err, painting *p, float *x)
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

static int64_t state_at(const painting *p)
{
	return slot(p, p->o->stats == FV_STATS_EXACT ? tiles(p) : fv_min(tiles(p), SAMPLE));
}

static state state_of(const painting *p)
{
	state s = { MAGIC, p->how->h, p->how->w, p->side, p->wh, p->ww, 0, tiles(p) };
	for (int i = 0; i < p->net.graph->nodes; i++)
		if (p->net.graph->node[i]->op->by_stats)
			s.numbers += 2 * p->net.graph->node[i]->shape.c;
	return s;
}

static int64_t marks_at(const painting *p)
{
	return state_at(p) + (int64_t)sizeof(state) +
	       state_of(p).numbers * (int64_t)sizeof(float);
}

/* Statistics to the file, or from it. */
static fv_status pass_statistics(fv_err *err, painting *p, bool put)
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
		st = file(err, p->far->fd, put, at, p->stats[i], bytes);
		at += (int64_t)bytes;
	}
	return st;
}

/* What an earlier run left; *measured: its statistics are there. */
static fv_status take_up(fv_err *err, painting *p, bool *measured)
{
	state here = state_of(p), there = { 0 };
	fv_err none;
	p->flushed = fv_now();
	if (!(p->mark = fv_alloc(p->c, (size_t)here.tiles)))
		return fv_fail_memory(err, "tiles", (size_t)here.tiles);
	*measured = !file(&none, p->far->fd, false, state_at(p), &there, sizeof there) &&
	            !memcmp(&here, &there, sizeof here) &&
	            !file(&none, p->far->fd, false, marks_at(p), p->mark, (size_t)here.tiles);
	for (int64_t i = 0; i < here.tiles; i++)
		p->mark[i] = *measured && p->mark[i] == 1;
	return *measured ? pass_statistics(err, p, false) : FV_OK;
}

/* The state is written last. */
static fv_status keep_statistics(fv_err *err, painting *p)
{
	state s = state_of(p);
	fv_status st = pass_statistics(err, p, true);
	if (!st)
		st = file(err, p->far->fd, true, marks_at(p), p->mark, (size_t)s.tiles);
	if (!st && fdatasync(p->far->fd))
		st = fv_fail(err, FV_E_WRITE, "the file for what does not fit into memory cannot be "
		             "written: %s; make room on that disk", strerror(errno));
	return st ? st : file(err, p->far->fd, true, state_at(p), &s, sizeof s);
}

static fv_status mark(fv_err *err, painting *p, int64_t tile)
{
	fv_status st = FV_OK;
	p->mark[tile] = 2;
	if (fv_now() - p->flushed < FLUSH)
		return FV_OK;
	if (fdatasync(p->far->fd))
		return FV_OK;                   /* then a later run does it again */
	for (int64_t i = 0; i < tiles(p) && !st; i++)
		if (p->mark[i] == 2) {
			p->mark[i] = 1;
			st = file(err, p->far->fd, true, marks_at(p) + i, &p->mark[i], 1);
		}
	p->flushed = fv_now();
	return st;
}

/* ------------------------------------------------------------------ painting */
static fv_status paint_tiles(fv_err *err, painting *p, float *x, float *z, float *y)
{
	const fv_graph *g = p->net.graph;
	const fv_port *out = &p->m->family->out[0];
	const float low = (float)out->low, half = (float)(out->high - out->low) / 2;
	const int64_t values = 3 * p->wh * p->ww;
	fv_status st = program(err, p, g->output[0].node);
	for (int64_t i = 0; i < tiles(p) && !st; i++) {
		const fv_area core = core_of(p, i), a = window_of(p, &core);
		tell(p, "painting its strokes", (double)i / (double)tiles(p));
		if (p->mark[i])
			continue;
		if ((st = stopped(err, p)) || (st = under(err, p, &a, x, z)) ||
		    (st = run(err, p, x, z, y)))
			break;
		for (int64_t k = 0; k < values && (low != -1 || half != 1); k++)
			y[k] = (y[k] - low) / half - 1;
		if (!fv_all_finite((fv_tensor){ FV_F32, fv_nhwc(1, p->wh, p->ww, 3), y }))
			st = fv_fail(err, FV_E_FORMAT, "the model paints NaN: its weights are too "
			             "large or damaged; fetch or train it again");
		else
			st = put_rows(err, p->far, &core,
			              y + ((core.y - a.y) * a.w + core.x - a.x) * 3, a.w);
		if (!st)
			st = mark(err, p, i);
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
static fv_status relief(fv_err *err, painting *p)
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
			tell(p, "raising its relief", (double)y / (double)f->h);
			if ((st = stopped(err, p)) || (st = get_rows(err, f, &part, x)))
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
static int64_t bytes_of(const painting *p, int64_t side, int64_t widest)
{
	const int64_t margin = p->how->strokes ? fv_stroke_margin(&p->strokes) : 0;
	const int64_t window = (side + 2 * p->margin) * (side + 2 * p->margin);
	const int64_t seen = (side + 2 * (p->margin + margin)) * (side + 2 * (p->margin + margin));
	return (int64_t)sizeof(float) * (7 * seen + (6 + FV_STROKE_MARKS + widest) * window);
}

static void forget_network(painting *p)
{
	forget_program(p);
	for (int i = 0; p->stats && i < p->net.graph->nodes; i++)
		fv_free(p->c, p->stats[i]);
	fv_free(p->c, p->stats);
	p->stats = NULL;
	fv_painting_free(&p->net);
}

/* Windows of tiles of that side; need: bytes that they take. */
static fv_status windows(fv_err *err, painting *p, int64_t side, int64_t *need)
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
	if ((st = program(err, p, g->output[0].node)))
		return st;
	*need = bytes_of(p, side, widest) + fv_program_bytes(p->program);
	forget_program(p);
	return FV_OK;
}

/* Windows as large as memory has room for, their network, and the flow. */
static fv_status begin(fv_err *err, painting *p)
{
	const int64_t multiple = fv_port_side(port_of(p, FV_PORT_IMAGE), p->m->config, 1);
	const size_t flow = (size_t)(2 * p->how->sh * p->how->sw) * sizeof(float);
	fv_status st = fv_paint_graph(err, p->m, fv_max(512, multiple), fv_max(512, multiple),
	                              p->o->opt->norm, &p->net);
	if (!st)
		st = measure(err, p);
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

static void end(painting *p)
{
	forget_network(p);
	fv_free(p->c, p->mark);
	fv_free(p->c, p->flow);
}

fv_status fv_far_canvas_paint(fv_err *err, const fv_far_options *o, fv_far_canvas **out)
{
	const fv_model *m = fv_painter_model(o->painter);
	painting p = { .o = o, .c = m->context, .m = m, .how = &o->k->how };
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
			st = take_up(err, &p, &measured);
		if (!st && !measured && !(st = statistics(err, &p, room)))
			st = keep_statistics(err, &p);
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
	painting p = { .m = m, .how = how, .margin = 128 };
	if (how->strokes)
		p.strokes = fv_paint_strokes_of(m, opt, how, 0);
	/* Of the network: some 60 numbers a pixel for 8 to 24 channels. */
	return bytes_of(&p, 128, 60) + (5 * how->sh * how->sw + 3 * ROWS * how->w) *
	                                   (int64_t)sizeof(float);
}
