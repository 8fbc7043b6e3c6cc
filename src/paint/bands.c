/* SPDX-License-Identifier: Apache-2.0 */
/* A network in bands of rows: what is large is not stored but made again, band by band, from what is.
 *
 * Every operation of a painter but the norm needs a few rows around those that it makes. So a value can be made in bands,
 * each by a small graph that reaches back to values that are stored. A norm needs its whole input's mean and variance first:
 * they are gathered over the bands of that input, which then may be forgotten.
 *
 * What depends on a mean over the picture (palette.c: of small maps) is made whole, from inputs that are stored, up to where it is enlarged.
 *
 * The program is a list of targets: a value to store, or a norm's statistics. Stored are values that an operation reads whose
 * bands overlap, up to a size: of the sizes with which all fits into the limit, the one that is done first. What is above it costs the
 * operations between it and stored values once for each target that needs it. */
#include "paint/bands.h"
#include "op/moments.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, BAND = 64 };         /* rows of the picture: bands begin at multiples, so that all in the middle are alike; at most */

typedef fv_span range;
typedef struct { const fv_node *n; bool stats; } target;

typedef struct {
	fv_context *c;
	fv_arena *arena;                /* of the lists */
	fv_graph *whole;
	const fv_bands_input *in;
	int inputs;
	const fv_node *x, *y;           /* x: the first input */
	float *out;
	fv_key key;
	int64_t limit, spare;           /* bytes: in all; what stored values leave for the band in work */
	bool *stored;                   /* by node */
	bool *of_weights;               /* by node: no input and no draw has a part in it */
	const fv_node *odd;             /* cannot be made in bands; NULL: all can */
	bool *whole_only;               /* by node: it depends on means over the picture and is small */
	float **data, **stats;          /* stats: mean of each channel, then factors */
	int *last;                      /* the last target that reads it */
	target *list;
	int count;
	range *rows;                    /* of the band in work, by node; lo = hi: none */
	fv_node **built;
} bands;

static int64_t bytes_of(const fv_node *n) { return fv_div_up(fv_tensor_bytes(n->type, n->shape), FV_ALIGN) * FV_ALIGN; }
/* What no picture has a part in: weights, and what is made of them alone. A band takes it whole. */
static bool atom(const bands *b, const fv_node *n) { return b->of_weights[n->id]; }

static bool is_port(const fv_node *n, const char *port) { return n->op == &fv_op_input && !strcmp(n->attr.input.name, port); }

/* Leaves, which a band takes as they are. */
static bool leaf(const bands *b, const fv_node *n) { return atom(b, n) || n->op == &fv_op_input || n->op == &fv_op_random; }

/* ------------------------------------------------------------------ which rows of its inputs an operation needs */
static bool understood(const bands *b, const fv_node *n) { return leaf(b, n) || (n->op->rows && n->op->rows(n, (range){ 0, n->shape.h }, &(range){ 0 })); }

/* Before they are cut off at the picture's edge. */
static range wanted(const bands *b, const fv_node *n, range r)
{
	if (!leaf(b, n))
		n->op->rows(n, r, &r);
	return r;
}

static range cut(range r, int64_t h) { return (range){ fv_max(0, r.lo), fv_min(h, r.hi) }; }

static const fv_node *value_of(const target *t) { return t->stats ? t->n->in[0] : t->n; }
/* Given, or made before: nothing reaches further back. What is to be stored is made now; a norm's input may be stored already. */
static bool given(const bands *b, const target *t, const fv_node *v)
{
	return v->op == &fv_op_input || (b->stored[v->id] && (t->stats || v != t->n));
}

/* Rows of every node for rows r of a target (or only which nodes there are); true when no edge was met. */
static bool reach(bands *b, const target *t, range r)
{
	bool middle = true;
	memset(b->rows, 0, (size_t)b->whole->nodes * sizeof *b->rows);
	b->rows[value_of(t)->id] = r;
	for (int i = value_of(t)->id; i >= 0; i--) {
		const fv_node *v = b->whole->node[i];
		if (b->rows[i].lo == b->rows[i].hi || v->op == &fv_op_random || given(b, t, v))
			continue;
		for (int j = 0; j < v->inputs && atom(b, v); j++)
			if (v->in[j])
				b->rows[v->in[j]->id] = (range){ 0, v->in[j]->shape.h };
		if (atom(b, v))
			continue;
		range want = wanted(b, v, b->rows[i]), have = cut(want, v->in[0]->shape.h);
		middle &= want.lo == have.lo && want.hi == have.hi;
		for (int j = 0; j < v->inputs; j++) {
			const fv_node *in = v->in[j];
			if (!in)
				continue;
			range *all = &b->rows[in->id], piece = atom(b, in) || (j && in->shape.h == 1) ? (range){ 0, in->shape.h } : have;
			if (all->lo == all->hi)
				*all = piece;
			else
				*all = (range){ fv_min(all->lo, piece.lo), fv_max(all->hi, piece.hi) };
		}
	}
	return middle;
}

/* ------------------------------------------------------------------ a band as a graph */
/* Rows r of v, of which rows[] are built. */
static fv_node *piece(bands *b, fv_graph *g, const fv_node *v, range r)
{
	fv_node *n = b->built[v->id];
	range all = b->rows[v->id];
	if (!n || (all.lo == r.lo && all.hi == r.hi))
		return n;
	fv_shape s = n->shape;
	s.h = r.hi - r.lo;
	return fv_slice(g, n, (int64_t[FV_RANK]){ [3] = r.lo - all.lo }, s);
}

static fv_node *build(bands *b, fv_graph *g, const fv_node *v)
{
	range r = b->rows[v->id], want = wanted(b, v, r), have = v->inputs && v->in[0] ? cut(want, v->in[0]->shape.h) : want;
	fv_node *in[FV_INPUTS] = { 0 };
	fv_attr a = v->attr;
	if (v->op == &fv_op_read)
		return fv_read(g, v->attr.variable.p);
	if (v->op == &fv_op_constant)
		return fv_constant(g, v->type, v->shape, v->attr.constant.data);
	for (int j = 0; j < v->inputs; j++)
		if (v->in[j])
			in[j] = atom(b, v->in[j]) || (j && v->in[j]->shape.h == 1) ? b->built[v->in[j]->id] : piece(b, g, v->in[j], have);
	if (!in[0])
		return NULL;
	if (atom(b, v))
		return fv_append(g, v->op, v->inputs, in, ~0u, &a);
	if (v->op->by_stats)
		return v->op->by_stats(g, v, in[0], b->stats[v->id], b->stats[v->id] + v->shape.c);
	int64_t first = v->op->band ? v->op->band(v, want, have, &a) : r.lo;    /* the row that the operation's first is */
	fv_node *n = fv_append(g, v->op, v->inputs, in, ~0u, &a);
	if (!n || n->shape.h == r.hi - r.lo)
		return n;
	fv_shape s = n->shape;
	s.h = r.hi - r.lo;
	return fv_slice(g, n, (int64_t[FV_RANK]){ [3] = r.lo - first }, s);
}

typedef struct {
	fv_graph *g;
	fv_program *program;            /* in: "rows N", of node N of the whole; out: "made", the rows or their means, and "spread" */
	int64_t lo;                     /* where the band begins that it was built for */
	range *rows;                    /* of its sources then */
	bool *source;                   /* by node of the whole */
} band;

typedef struct { char s[24]; } port_name;
static port_name rows_of(int node)
{
	port_name name;
	snprintf(name.s, sizeof name.s, "rows %d", node);
	return name;
}

static void band_free(band *d)
{
	fv_program_free(d->program);
	fv_graph_free(d->g);
	*d = (band){ 0 };
}

static fv_status band_new(fv_err *err, bands *b, const target *t, int64_t lo, band *d)
{
	const fv_node *v = value_of(t);
	size_t nodes = (size_t)b->whole->nodes;
	fv_status st = fv_graph_new(err, b->c, &d->g);
	if (st)
		return st;
	d->lo = lo;
	d->rows = fv_arena_get(d->g->arena, nodes * sizeof *d->rows);
	d->source = fv_arena_get(d->g->arena, nodes * sizeof *d->source);
	if (!d->rows || !d->source)
		return fv_fail_memory(err, "band", nodes * sizeof *d->rows);
	memcpy(d->rows, b->rows, nodes * sizeof *d->rows);
	memset(b->built, 0, nodes * sizeof *b->built);
	for (int i = 0; i <= v->id; i++) {
		const fv_node *n = b->whole->node[i];
		if (b->rows[i].lo == b->rows[i].hi)
			continue;
		if (given(b, t, n)) {
			fv_shape s = n->shape;
			s.h = b->rows[i].hi - b->rows[i].lo;
			b->built[i] = fv_input(d->g, rows_of(i).s, FV_F32, s);
			d->source[i] = true;
		} else
			b->built[i] = build(b, d->g, n);
	}
	fv_node *y = b->built[v->id];
	fv_node *made = t->stats ? fv_mean(d->g, y, FV_HW) : y;
	fv_output(d->g, made, "made");
	if (t->stats)
		fv_output(d->g, fv_mean(d->g, fv_unary(d->g, FV_SQUARE, fv_sub(d->g, y, made), 0, 0), FV_HW), "spread");
	return fv_program_new(err, b->c, d->g, NULL, &d->program);
}

static const float *data_of(const bands *b, int node)
{
	for (int i = 0; i < b->inputs; i++)
		if (is_port(b->whole->node[node], b->in[i].port))
			return b->in[i].data;
	return b->data[node];
}

/* Rows r of the target by a program that may have been built for rows further up. */
static fv_status band_run(fv_err *err, bands *b, const target *t, const band *d, range r, double *sums)
{
	const fv_node *v = value_of(t);
	for (int i = 0; i <= v->id; i++) {
		if (!d->source[i])
			continue;
		const fv_node *n = b->whole->node[i];
		int64_t line = n->shape.w * n->shape.c, lo = d->rows[i].lo + (r.lo - d->lo) * n->shape.h / v->shape.h;
		fv_program_put(d->program, rows_of(i).s, data_of(b, i) + lo * line);
	}
	float *got = t->stats ? b->stats[t->n->id] : b->data[v->id] + r.lo * v->shape.w * v->shape.c, *spread = got + v->shape.c;
	fv_status st = fv_program_run(err, d->program, b->key);
	if (st || (st = fv_program_get(err, d->program, "made", got)) || !t->stats)
		return st;
	if ((st = fv_program_get(err, d->program, "spread", spread)))
		return st;
	/* Bands are merged in order: a count, then a mean and a sum of squares of each channel. */
	double here = (double)((r.hi - r.lo) * v->shape.w), before = sums[0];
	for (int64_t k = 0; k < v->shape.c; k++)
		fv_moments_join(&(double){ before }, sums + 1 + 2 * k, sums + 2 + 2 * k, here, (double)got[k], (double)spread[k] * here);
	sums[0] += here;
	return FV_OK;
}

/* Bytes of all values behind a row of a target; a band's program takes less, since they do not live at once. */
static double row_bytes(bands *b, const target *t)
{
	const fv_node *v = value_of(t);
	double row = 0;
	reach(b, t, (range){ 0, v->shape.h });
	for (int i = 0; i <= v->id; i++)
		if (b->rows[i].hi > b->rows[i].lo && !atom(b, b->whole->node[i]))
			row += (double)bytes_of(b->whole->node[i]) / (double)v->shape.h;
	return row;
}

/* Rows of a target's value, at least, that are made at a time. */
static int64_t fewest(const bands *b, const target *t)
{
	int64_t h = value_of(t)->shape.h;
	return b->whole_only[value_of(t)->id] ? h : fv_max(1, ALIGN * h / b->x->shape.h);
}

static int64_t height(bands *b, const target *t)
{
	int64_t align = fewest(b, t), most = (int64_t)((double)b->spare / row_bytes(b, t)), band = BAND / ALIGN * align;
	return b->whole_only[value_of(t)->id] ? align : fv_max(1, fv_min(band, most) / align) * align;
}

/* A norm over all channels: each gets the mean and the mean sum of squares of them all. */
static void join_channels(double *sums, int64_t channels)
{
	double count = 0, mean = 0, squares = 0;
	for (int64_t k = 0; k < channels; k++)
		fv_moments_join(&count, &mean, &squares, sums[0], sums[1 + 2 * k], sums[2 + 2 * k]);
	for (int64_t k = 0; k < channels; k++) {
		sums[1 + 2 * k] = mean;
		sums[2 + 2 * k] = squares / (double)channels;
	}
}

/* Whether rows of every node that is reached are as many further down as those of the value are. A
 * network that halves more often than bands are aligned to needs another program where not. */
static bool moves_alike(const bands *b, const fv_node *v, int64_t by)
{
	for (int i = 0; i <= v->id; i++) {
		const int64_t h = b->whole->node[i]->shape.h;
		if (b->rows[i].lo < b->rows[i].hi && h > 1 && !b->whole_only[i] && by * h % v->shape.h)
			return false;
	}
	return true;
}

static fv_status run_target(fv_err *err, bands *b, const target *t)
{
	const fv_node *v = value_of(t);
	band d = { 0 };
	int64_t h = v->shape.h, rows = height(b, t), c = v->shape.c;
	double *sums = t->stats ? fv_alloc(b->c, (size_t)(1 + 2 * c) * sizeof *sums) : NULL;
	bool middle = false;            /* d is of a band that met no edge */
	fv_status st = t->stats && !sums ? fv_fail_memory(err, "statistics", (size_t)c * sizeof *sums) : FV_OK;
	for (int64_t lo = 0; lo < h && !st; lo += rows) {
		range r = { lo, fv_min(h, lo + rows) };
		bool same = reach(b, t, r) && r.hi - r.lo == rows;
		if (!(same && middle && moves_alike(b, v, lo - d.lo))) {
			band_free(&d);
			st = band_new(err, b, t, lo, &d);
			middle = same;
		}
		if (!st)
			st = band_run(err, b, t, &d, r, sums);
	}
	if (t->stats && !st && t->n->attr.normalise.axes & FV_AXIS_C)
		join_channels(sums, c);
	for (int64_t k = 0; k < c && t->stats && !st; k++) {
		b->stats[t->n->id][k] = (float)sums[1 + 2 * k];
		b->stats[t->n->id][c + k] = (float)(1 / sqrt(sums[2 + 2 * k] / sums[0] + t->n->attr.normalise.eps));
	}
	band_free(&d);
	fv_free(b->c, sums);
	return st;
}

/* ------------------------------------------------------------------ what to store */
/* Bands of it are where the picture's are: so it is made in bands of its own. */
static bool even(const bands *b, const fv_node *n)
{
	return n->shape.h % b->x->shape.h == 0 || b->x->shape.h % n->shape.h == 0;
}

/* Targets when values of up to `size` bytes are stored, and when each is read last. Returns the bytes alive at once. */
static int64_t arrange(bands *b, int64_t size)
{
	fv_graph *g = b->whole;
	int64_t alive = 0, most = 0;
	b->count = 0;
	memset(b->stored, 0, (size_t)g->nodes);
	for (int i = 0; i < g->nodes; i++)
		for (int j = 0; g->node[i]->op->rereads && j < g->node[i]->inputs; j++) {
			const fv_node *in = g->node[i]->in[j];
			if (in && !atom(b, in) && even(b, in) && in->op->stored && in->op->stored(in))
				b->stored[in->id] |= bytes_of(in) <= size;
		}
	b->stored[b->y->id] = true;
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		for (int j = 0; j < n->inputs; j++)
			if (n->in[j] && n->in[j]->op != &fv_op_input && !atom(b, n->in[j]) && b->whole_only[n->in[j]->id] != b->whole_only[i])
				b->stored[n->in[j]->id] = true;
	}
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		b->stored[i] |= n->op == &fv_op_random;                 /* drawn whole, so that the numbers are the same */
		if (n->op->by_stats)
			b->list[b->count++] = (target){ n, true };
		if (b->stored[i])
			b->list[b->count++] = (target){ n, false };
	}
	for (int k = 0; k < b->count; k++) {
		const target *t = &b->list[k];
		const fv_node *v = value_of(t);
		reach(b, t, (range){ 0, v->shape.h });
		for (int i = 0; i <= v->id; i++)
			if (b->rows[i].hi > b->rows[i].lo && b->stored[i])
				b->last[i] = k;
	}
	for (int k = 0; k < b->count; k++) {
		const fv_node *n = b->list[k].n;
		if (!b->list[k].stats && n != b->y)
			alive += bytes_of(n);
		most = fv_max(most, alive);
		for (int i = 0; i < g->nodes; i++)
			if (b->stored[i] && b->last[i] == k && b->whole->node[i] != b->y)
				alive -= bytes_of(g->node[i]);
	}
	return most;
}

static int down(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x < y) - (x > y);
}

/* Roughly, the seconds that the targets take: sums, bytes passed, and memory touched for the first time, which is slow. */
static double seconds(bands *b, int64_t most)
{
	double s = (double)most / 2e9;
	for (int k = 0; k < b->count; k++) {
		reach(b, &b->list[k], (range){ 0, value_of(&b->list[k])->shape.h });
		for (int i = 0; i < b->whole->nodes; i++) {
			const fv_node *n = b->whole->node[i];
			if (b->rows[i].lo == b->rows[i].hi || atom(b, n) || given(b, &b->list[k], n))
				continue;
			fv_cost c = fv_node_cost(n);
			s += c.flops / 200e9 / b->c->threads + c.bytes / 20e9;
		}
	}
	return s;
}

/* The largest size of what is stored is tried first, then less and less. best: of those that fit into the limit, the one done first, or -1;
 * least: bytes of the one that takes the fewest. */
static fv_status look_at_sizes(fv_err *err, bands *b, int64_t *best, int64_t *least)
{
	int64_t *size = fv_arena_get(b->arena, ((size_t)b->whole->nodes + 1) * sizeof *size);
	double soonest = 0;
	*best = -1;
	*least = INT64_MAX;
	if (!size)
		return fv_fail_memory(err, "bands", (size_t)b->whole->nodes * sizeof *size);
	for (int i = 0; i < b->whole->nodes; i++)
		size[i] = bytes_of(b->whole->node[i]);
	qsort(size, (size_t)b->whole->nodes, sizeof *size, down);
	for (int i = 0; i <= b->whole->nodes; i++) {            /* the last: 0 */
		if (i && size[i] == size[i - 1])
			continue;
		int64_t most = arrange(b, size[i]);
		double band = 0, s = b->limit ? seconds(b, most) : 0;
		for (int k = 0; k < b->count; k++)
			band = fmax(band, (double)fewest(b, &b->list[k]) * row_bytes(b, &b->list[k]));
		most += (int64_t)band;
		*least = fv_min(*least, most);
		if (most <= b->limit && (*best < 0 || s < soonest))
			*best = size[i], soonest = s;
	}
	return FV_OK;
}

static fv_status choose(fv_err *err, bands *b)
{
	int64_t best, least;
	fv_status st = look_at_sizes(err, b, &best, &least);
	if (st)
		return st;
	if (best < 0)
		return fv_fail(err, FV_E_MEMORY, "a picture of %" PRId64 "x%" PRId64 " needs at least %.1f MB for its painting, in bands too, and %.1f MB are allowed; "
		               "allow more, or paint a smaller copy", b->x->shape.w, b->x->shape.h, (double)least / 1e6 + 0.1, (double)b->limit / 1e6);
	int64_t most = arrange(b, best);
	b->spare = b->limit - most;
	fv_log(b->c, FV_LOG_DEBUG, "in bands: values above %.1f MB are made again, %.1f MB are stored at most", (double)best / 1e6, (double)most / 1e6);
	return FV_OK;
}

static fv_status draw(fv_err *err, bands *b, const fv_node *n)
{
	fv_graph *g;
	fv_program *p = NULL;
	fv_status st = fv_graph_new(err, b->c, &g);
	if (st)
		return st;
	fv_output(g, fv_append(g, n->op, 0, NULL, 0, &n->attr), "drawn");
	if (!(st = fv_program_new(err, b->c, g, NULL, &p)) && !(st = fv_program_run(err, p, b->key)))
		st = fv_program_get(err, p, "drawn", b->data[n->id]);
	fv_program_free(p);
	fv_graph_free(g);
	return st;
}

static fv_status run(fv_err *err, bands *b)
{
	fv_graph *g = b->whole;
	fv_status st = FV_OK;
	for (int k = 0; k < b->count && !st; k++) {
		const target *t = &b->list[k];
		int id = t->n->id;
		float **room = t->stats ? &b->stats[id] : &b->data[id];
		size_t bytes = t->stats ? 2 * (size_t)t->n->shape.c * sizeof(float) : (size_t)bytes_of(t->n);
		if (t->n == b->y)
			b->data[id] = b->out;
		else if (!(*room = fv_alloc(b->c, bytes)))
			return fv_fail_memory(err, "a band's values", bytes);
		st = t->n->op == &fv_op_random ? draw(err, b, t->n) : run_target(err, b, t);
		for (int i = 0; i < g->nodes; i++)
			if (b->stored[i] && b->last[i] == k && g->node[i] != b->y) {
				fv_free(b->c, b->data[i]);
				b->data[i] = NULL;
			}
	}
	return st;
}

/* Checks the network, and makes the lists. */
static fv_status begin(fv_err *err, bands *b, const char *x)
{
	fv_graph *whole = b->whole;
	if (whole->err.status)
		return fv_fail(err, whole->err.status, "%s", whole->err.text);
	for (int i = 0; i < whole->nodes; i++)
		if (is_port(whole->node[i], x))
			b->x = whole->node[i];
	if (!b->x || !whole->outputs)
		return fv_fail(err, FV_E_INTERNAL, "bands: the network has no port '%s', or no output", x);
	b->y = whole->output[0].node;
	size_t n = (size_t)whole->nodes;
	fv_arena *a = b->arena = fv_arena_new(b->c);
	if (a) {
		b->stored = fv_arena_get(a, n);
		b->of_weights = fv_arena_get(a, n);
		b->whole_only = fv_arena_get(a, n);
		b->data = fv_arena_get(a, n * sizeof *b->data);
		b->stats = fv_arena_get(a, n * sizeof *b->stats);
		b->last = fv_arena_get(a, n * sizeof *b->last);
		b->list = fv_arena_get(a, 2 * n * sizeof *b->list);
		b->rows = fv_arena_get(a, n * sizeof *b->rows);
		b->built = fv_arena_get(a, n * sizeof *b->built);
	}
	if (!(b->stored && b->of_weights && b->whole_only && b->data && b->stats && b->last && b->list && b->rows && b->built))
		return fv_fail_memory(err, "bands", n * 64);
	for (size_t i = 0; i < n; i++) {
		const fv_node *v = whole->node[i];
		b->of_weights[i] = v->op != &fv_op_input && v->op != &fv_op_random;
		for (int j = 0; j < v->inputs; j++)
			b->of_weights[i] &= !v->in[j] || b->of_weights[v->in[j]->id];
	}
	for (int i = 0; i < whole->nodes && !b->odd; i++)
		b->odd = understood(b, whole->node[i]) ? NULL : whole->node[i];
	if (b->odd)
		return fv_fail(err, FV_E_MEMORY,
		               "this network cannot be run in bands (%s): allow more memory",
		               b->odd->op->name);
	for (size_t i = 0; i < n; i++) {
		const fv_node *v = whole->node[i];
		bool enlarges = v->inputs && v->in[0] && v->shape.h > v->in[0]->shape.h;
		b->whole_only[i] = v->op->whole && !b->of_weights[i];
		for (int j = 0; j < v->inputs && !enlarges; j++)
			b->whole_only[i] |= v->in[j] && b->whole_only[v->in[j]->id];
	}
	return FV_OK;
}

fv_status fv_bands_least(fv_err *err, fv_context *c, fv_graph *whole, const char *x, int64_t *bytes)
{
	bands b = { .c = c, .whole = whole };
	int64_t best;
	fv_program *program = NULL;
	fv_status st;
	if (!(st = begin(err, &b, x)))
		st = look_at_sizes(err, &b, &best, bytes);
	fv_arena_free(b.arena);
	if (b.odd) {                                    /* then it is painted whole */
		if (!(st = fv_program_new(err, c, whole, NULL, &program)))
			*bytes = fv_program_bytes(program);
		fv_program_free(program);
	}
	return st;
}

fv_status fv_bands_run(fv_err *err, fv_context *c, fv_graph *whole, const fv_bands_input *in, int inputs, float *out, fv_key key,
                       int64_t limit)
{
	bands b = { .c = c, .whole = whole, .in = in, .inputs = inputs, .out = out, .key = key, .limit = limit };
	fv_status st = begin(err, &b, in[0].port);
	if (!st)
		st = choose(err, &b);
	if (!st)
		st = run(err, &b);
	for (int i = 0; i < whole->nodes && b.data && b.stats; i++) {
		if (b.data[i] != out)
			fv_free(c, b.data[i]);
		fv_free(c, b.stats[i]);
	}
	fv_arena_free(b.arena);
	return st;
}
