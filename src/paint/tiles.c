/* SPDX-License-Identifier: Apache-2.0 */
/* A picture that is not in memory, painted.
 *
 *	look	all its rows pass by once: the canvas, the small copy for the flow, the palette's
 *		cells and a number of all pixels come of them
 *	canvas	is painted as a whole, where it fits (with usual strokes it is some thousand pixels
 *		wide, however large the picture), else by tiles into a file (tile_canvas.c)
 *	colours	where they are turned: all rows of the painting pass by the palette
 *	tiles	each is the canvas enlarged, with its dabs drawn anew, and stored
 *
 * Every step has the bits of the same step on a whole picture (paint.c), so tiles have no seams. */
#include "paint/tiles.h"
#include "base/hash.h"
#include <math.h>

enum { STRIP = 64 };                    /* rows that pass by at a time */

typedef struct {
	fv_context *c;
	fv_painter *painter;
	const fv_model *m;
	const fv_tiles *t;
	const fv_paint_options *opt;
	fv_stats stats;
	fv_canvas k;
	fv_far_canvas *far;             /* or NULL: the canvas is in memory */
	fv_palette *palette;
	int64_t side;                   /* of a tile */
	uint64_t picture, look;
	uint8_t looks[FV_PAINT_LOOKS * FV_PAINT_LOOKS * 3 * 2];
} job;

static int64_t pixel(const fv_tiles *t) { return t->channels * t->bits / 8; }

static fv_pixels view(const fv_tiles *t, const fv_area *part, void *data)
{
	return (fv_pixels){ part->w, part->h, t->channels, t->bits, part->w * pixel(t), data };
}

/* Eight bytes at a time, since there may be gigabytes. */
static uint64_t mix(uint64_t h, const void *data, size_t bytes)
{
	size_t i = 0;
	for (uint64_t word; i + sizeof word <= bytes; i += sizeof word) {
		memcpy(&word, (const char *)data + i, sizeof word);
		h = (h ^ word) * UINT64_C(1099511628211);
		h ^= h >> 29;
	}
	return fv_hash_mix(h, (const char *)data + i, bytes - i);
}

/* Rows first.. of the photograph: those of the grid of looks. */
static void keep_looks(job *j, const fv_pixels *rows, int64_t first)
{
	const int64_t n = FV_PAINT_LOOKS, bytes = j->t->bits / 8;
	for (int64_t r = 0; r < n; r++) {
		const int64_t y = r * j->t->height / n - first;
		for (int64_t q = 0; q < n && y >= 0 && y < rows->height; q++)
			memcpy(j->looks + (r * n + q) * 3 * bytes,
			       (char *)rows->data + y * rows->stride_bytes +
			               q * j->t->width / n * pixel(j->t),
			       (size_t)(3 * bytes));
	}
}

/* A canvas that is the photograph, with its last row and column repeated. */
static void pad_rows(const job *j, const float *x, int64_t first, int64_t count)
{
	const int64_t h = j->t->height, w = j->t->width, kh = j->k.how.h, kw = j->k.how.w;
	const int64_t last = first + count == h ? kh : first + count;
	for (int64_t y = first; y < last; y++) {
		float *to = j->k.x + y * 3 * kw;
		memcpy(to, x + (fv_min(y, h - 1) - first) * 3 * w, (size_t)(3 * w) * sizeof *to);
		for (int64_t q = w; q < kw; q++)
			memcpy(to + 3 * q, to + 3 * (w - 1), 3 * sizeof *to);
	}
}

static fv_status look(fv_err *err, job *j)
{
	const fv_tiles *t = j->t;
	const fv_paint_work *how = &j->k.how;
	const size_t floats = (size_t)(STRIP * 3 * t->width) * sizeof(float);
	const size_t bytes = (size_t)(STRIP * t->width * pixel(t));
	fv_shrink *canvas = NULL, *small = NULL;
	float *x = fv_alloc_rough(j->c, floats + bytes);
	fv_status st = x ? FV_OK : fv_fail_memory(err, "picture", floats + bytes);
	if (!st && j->k.x && how->resized)
		st = fv_shrink_new(err, j->c, t->height, t->width, how->h, how->w, j->k.x, &canvas);
	if (!st && j->k.seen)
		st = fv_shrink_new(err, j->c, t->height, t->width, how->sh, how->sw, j->k.seen,
		                   &small);
	j->look = mix(FV_HASH, (int64_t[]){ t->height, t->width, t->channels, t->bits }, 32);
	for (int64_t y = 0; y < t->height && !st; y += STRIP) {
		const fv_area part = { y, 0, fv_min(STRIP, t->height - y), t->width };
		void *raw = x + STRIP * 3 * t->width;
		const fv_pixels rows = view(t, &part, raw);
		t->progress(t->user, "looking", (double)y / (double)t->height);
		if (fv_cancelled(j->c))
			st = fv_fail(err, FV_E_CANCELLED, "stopped");
		if (st || (st = t->read(err, t->user, &part, raw)))
			break;
		j->look = mix(j->look, raw, (size_t)(part.h * rows.stride_bytes));
		keep_looks(j, &rows, y);
		fv_paint_load(&rows, x);
		if (canvas)
			fv_shrink_rows(canvas, x, part.h);
		else if (j->k.x)
			pad_rows(j, x, y, part.h);
		if (small)
			fv_shrink_rows(small, x, part.h);
		if (j->palette)
			st = fv_palette_rows(err, j->palette, false, x, t->width, y, part.h);
	}
	const fv_area grid = { 0, 0, FV_PAINT_LOOKS, FV_PAINT_LOOKS };
	fv_pixels looks = view(t, &grid, j->looks);
	looks.channels = 3;
	looks.stride_bytes = FV_PAINT_LOOKS * 3 * t->bits / 8;
	j->picture = fv_paint_fingerprint(&looks);
	fv_shrink_free(canvas);
	fv_shrink_free(small);
	fv_free(j->c, x);
	return st;
}

/* A part of the photograph as floats, of `part`. */
static fv_status photograph(fv_err *err, const job *j, const fv_area *part, float *x)
{
	const size_t bytes = (size_t)(part->h * part->w * pixel(j->t));
	void *raw = fv_alloc_rough(j->c, bytes);
	if (!raw)
		return fv_fail_memory(err, "picture", bytes);
	const fv_pixels p = view(j->t, part, raw);
	fv_status st = j->t->read(err, j->t->user, part, raw);
	if (!st)
		fv_paint_load(&p, x);
	fv_free(j->c, raw);
	return st;
}

/* The same as large as the canvas. */
static fv_status on_canvas(fv_err *err, void *user, const fv_area *part, float *x)
{
	const job *j = user;
	const fv_paint_work *how = &j->k.how;
	const int64_t h = j->t->height, w = j->t->width;
	fv_area seen = how->resized ? fv_resize_reach(h, w, how->h, how->w, part)
	                            : (fv_area){ fv_min(part->y, h - 1), fv_min(part->x, w - 1),
		                                 0, 0 };
	if (!how->resized) {
		seen.h = fv_max(1, fv_min(h, part->y + part->h) - seen.y);
		seen.w = fv_max(1, fv_min(w, part->x + part->w) - seen.x);
	}
	const size_t bytes = (size_t)(3 * seen.h * seen.w) * sizeof(float);
	float *from = fv_alloc_rough(j->c, bytes);
	fv_status st = from ? photograph(err, j, &seen, from)
	                    : fv_fail_memory(err, "picture", bytes);
	if (!st && how->resized)
		st = fv_floats_resize_part(err, j->c, from, h, w, &seen, x, how->h, how->w, part);
	for (int64_t y = 0; y < part->h && !st && !how->resized; y++) {
		float *to = x + y * 3 * part->w;
		const float *row = from + fv_min(y + part->y - seen.y, seen.h - 1) * 3 * seen.w;
		for (int64_t q = 0; q < part->w; q++)
			memcpy(to + 3 * q, row + 3 * fv_min(q + part->x - seen.x, seen.w - 1),
			       3 * sizeof *to);
	}
	fv_free(j->c, from);
	return st;
}

/* Part of the painting, before its colours are turned. x, of `seen`: the photograph there. */
static fv_status painting(fv_err *err, const job *j, const float *x, const fv_area *seen,
                          const fv_area *part, float *y)
{
	const int64_t h = j->t->height, w = j->t->width, kh = j->k.how.h, kw = j->k.how.w;
	for (int64_t r = 0; r < part->h && j->opt->colour_only; r++)
		memcpy(y + r * 3 * part->w,
		       x + ((part->y - seen->y + r) * seen->w + part->x - seen->x) * 3,
		       (size_t)(3 * part->w) * sizeof *y);
	if (j->opt->colour_only)
		return FV_OK;
	if (!j->far && j->k.how.resized)
		return fv_canvas_enlarge(err, &j->k, h, w, x, seen, part, y);
	for (int64_t r = 0; r < part->h && !j->far; r++)
		memcpy(y + r * 3 * part->w, j->k.y + ((part->y + r) * kw + part->x) * 3,
		       (size_t)(3 * part->w) * sizeof *y);
	if (!j->far || !j->k.how.resized)
		return j->far ? fv_far_canvas_get(err, j->far, part, y) : FV_OK;
	const fv_area reach = fv_resize_reach(kh, kw, h, w, part);
	const size_t bytes = (size_t)(3 * reach.h * reach.w) * sizeof(float);
	float *from = fv_alloc_rough(j->c, bytes);
	fv_status st = from ? fv_far_canvas_get(err, j->far, &reach, from)
	                    : fv_fail_memory(err, "picture", bytes);
	if (!st)
		st = fv_floats_resize_part(err, j->c, from, kh, kw, &reach, y, h, w, part);
	fv_free(j->c, from);
	return st;
}

static fv_area with_border(const fv_area *a, const fv_tiles *t)
{
	const int64_t y = fv_max(0, a->y - 1), x = fv_max(0, a->x - 1);
	return (fv_area){ y, x, fv_min(t->height, a->y + a->h + 1) - y,
	                  fv_min(t->width, a->x + a->w + 1) - x };
}

/* All rows of the painting pass by. */
static fv_status turn(fv_err *err, job *j)
{
	const fv_tiles *t = j->t;
	const size_t bytes = (size_t)((2 * STRIP + 2) * 3 * t->width) * sizeof(float);
	float *x = fv_alloc_rough(j->c, bytes);
	fv_status st = x ? FV_OK : fv_fail_memory(err, "picture", bytes);
	for (int64_t y = 0; y < t->height && !st; y += STRIP) {
		const fv_area part = { y, 0, fv_min(STRIP, t->height - y), t->width };
		const fv_area seen = with_border(&part, t);
		float *to = x + (STRIP + 2) * 3 * t->width;
		t->progress(t->user, "matching colours", (double)y / (double)t->height);
		if (fv_cancelled(j->c))
			st = fv_fail(err, FV_E_CANCELLED, "stopped");
		if (!st && (j->k.dabs || j->opt->colour_only))
			st = photograph(err, j, &seen, x);
		if (!st && !(st = painting(err, j, x, &seen, &part, to)))
			st = fv_palette_rows(err, j->palette, true, to, t->width, y, part.h);
	}
	fv_free(j->c, x);
	return st ? st : fv_palette_solve(err, j->palette);
}

/* ------------------------------------------------------------------ tiles */
static int64_t across(const job *j) { return fv_div_up(j->t->width, j->side); }
static int64_t count(const job *j) { return across(j) * fv_div_up(j->t->height, j->side); }

static fv_area tile_area(const job *j, int64_t i)
{
	const int64_t y = i / across(j) * j->side, x = i % across(j) * j->side;
	return (fv_area){ y, x, fv_min(j->side, j->t->height - y),
	                  fv_min(j->side, j->t->width - x) };
}

/* room: of tile_bytes(). */
static fv_status tile(fv_err *err, job *j, int64_t i, void *room)
{
	const fv_tiles *t = j->t;
	const fv_area part = tile_area(j, i), seen = with_border(&part, t);
	float *x = room, *y = x + 3 * seen.h * seen.w;
	char *wide = (char *)(y + 3 * part.h * part.w), *raw = wide;
	fv_status st = t->read(err, t->user, &seen, wide);
	if (st)
		return st;
	const fv_pixels all = view(t, &seen, wide);
	fv_paint_load(&all, x);
	if ((st = painting(err, j, x, &seen, &part, y)))
		return st;
	if (j->palette && (st = fv_palette_spread(err, j->palette, y, part.w, &part)))
		return st;
	for (int64_t r = 0; r < part.h; r++)
		memmove(raw + r * part.w * pixel(t),
		        wide + ((part.y - seen.y + r) * seen.w + part.x - seen.x) * pixel(t),
		        (size_t)(part.w * pixel(t)));
	fv_pixels p = view(t, &part, raw);
	const fv_pixels base = view(t, &part, wide + seen.h * seen.w * pixel(t));
	fv_paint_options o = *j->opt;
	if (t->base && (st = t->base(err, t->user, &part, base.data)))
		return st;
	o.base = t->base ? &base : NULL;
	st = fv_blend(err, j->c, &p, y, part.w, &o,
	              &(fv_place){ part.y, part.x, t->height, t->width }, &p);
	return st ? st : t->write(err, t->user, i, &part, raw);
}

static int64_t tile_bytes(const fv_tiles *t, int64_t side)
{
	return (side + 2) * (side + 2) *
	       (6 * (int64_t)sizeof(float) + (t->base ? 2 : 1) * pixel(t));
}

static fv_status tiles(fv_err *err, job *j)
{
	const fv_tiles *t = j->t;
	void *room = fv_alloc_rough(j->c, (size_t)tile_bytes(t, j->side));
	fv_status st = room ? FV_OK
	                    : fv_fail_memory(err, "tile", (size_t)tile_bytes(t, j->side));
	for (int64_t i = 0; i < count(j) && !st; i++) {
		t->progress(t->user, "painting", (double)i / (double)count(j));
		if (fv_cancelled(j->c))
			st = fv_fail(err, FV_E_CANCELLED, "stopped");
		else if (!t->done(t->user, i))
			st = tile(err, j, i, room);
	}
	fv_free(j->c, room);
	return st;
}

/* ------------------------------------------------------------------ all of it */
/* Bytes for a canvas in memory beside its network's bands, for rows that pass by, and for tiles. */
static int64_t canvas_bytes(const fv_paint_work *how, const fv_tiles *t)
{
	return how->bytes - (how->resized ? 3 * t->height * t->width * (int64_t)sizeof(float) : 0);
}

static int64_t strip_bytes(const fv_tiles *t)
{
	return (2 * STRIP + 8) * t->width * (3 * (int64_t)sizeof(float) + pixel(t));
}

static int64_t side_of(const fv_tiles *t, int64_t most)
{
	int64_t side = FV_TILE;
	while (most && side > 128 && 3 * tile_bytes(t, side) > most / 3)
		side /= 2;
	return side;
}

/* Does the canvas fit as a whole? least: what that takes, network and all. */
static fv_status whole_least(fv_err *err, const fv_painter *painter, const fv_tiles *t,
                             const fv_paint_options *opt, int64_t *least)
{
	int64_t all;
	const fv_model *m = fv_painter_model(painter);
	const fv_paint_work how = fv_paint_work_of(m, t->height, t->width, opt);
	fv_status st = fv_paint_least(err, m, t->height, t->width, opt, &all);
	if (!st)
		*least = all - how.bytes + canvas_bytes(&how, t) + strip_bytes(t) +
		         2 * tile_bytes(t, 256);
	return st;
}

fv_status fv_tiles_least(fv_err *err, const fv_painter *painter, const fv_tiles *t,
                         const fv_paint_options *opt, int64_t *bytes)
{
	const fv_model *m = fv_painter_model(painter);
	const fv_paint_work how = fv_paint_work_of(m, t->height, t->width, opt);
	fv_status st = whole_least(err, painter, t, opt, bytes);
	if (!st && how.sh)
		*bytes = fv_min(*bytes, fv_far_canvas_least(m, opt, &how) + strip_bytes(t));
	return st;
}

/* Whether the canvas is better painted by tiles: it does not fit, or would need more than makes
 * sense. */
static bool by_tiles(const fv_paint_work *how, int64_t least, int64_t most)
{
	const int64_t much = (int64_t)600 << 20;
	return (how->sh || !how->strokes) && least > (most ? fv_min(most, much) : much);
}

static void tell(void *user, const char *what, double done)
{
	const job *j = user;
	j->t->progress(j->t->user, what, done);
}

fv_status fv_tiles_paint(fv_err *err, fv_painter *painter, const fv_tiles *t,
                         const fv_paint_options *opt, fv_stats stats)
{
	fv_paint_options o;
	int64_t least;
	const fv_model *m = fv_painter_model(painter);
	job j = { .c = m->context, .painter = painter, .m = m, .t = t, .opt = &o, .stats = stats };
	fv_status st = fv_paint_options_of(err, painter, opt, &o);
	if (st || (st = whole_least(err, painter, t, &o, &least)))
		return st;
	if (o.base)
		return fv_fail(err, FV_E_ARGUMENT, "the base of tiles comes by fv_tiles.base");
	if (o.norm == FV_NORM_PUBLISHED)
		return fv_fail(err, FV_E_ARGUMENT, "norm published draws for a whole picture, and "
		               "this one is painted in tiles; use picture or running");
	const fv_paint_work how = fv_paint_work_of(m, t->height, t->width, &o);
	const bool far = by_tiles(&how, least, o.max_memory);
	j.side = side_of(t, o.max_memory);
	if (o.max_memory && !far && least > o.max_memory)
		return fv_fail(err, FV_E_MEMORY, "%" PRId64 "x%" PRId64 " pixels need %.0f MB, and "
		               "%.0f MB are allowed; allow more, or paint a smaller copy",
		               t->width, t->height, (double)least / 1e6,
		               (double)o.max_memory / 1e6);
	if (far) {                              /* of the canvas only the small copy is here */
		j.k = (fv_canvas){ .how = how, .context = m->context };
		if (how.sh && !(j.k.seen = fv_alloc(j.c, (size_t)(3 * how.sh * how.sw) * sizeof(float))))
			return fv_fail_memory(err, "picture", (size_t)(3 * how.sh * how.sw));
	} else if ((st = fv_canvas_new(err, m, &how, &j.k)))
		return st;
	if (how.turned)
		st = fv_palette_new(err, m, o.palette, t->height, t->width, &j.palette);
	if (!st)
		st = look(err, &j);
	if (!st)
		st = t->begin(err, t->user, j.look, count(&j));
	bool all = !st;
	for (int64_t i = 0; i < count(&j) && all; i++)
		all = t->done(t->user, i);
	if (st || all)
		goto done;
	t->progress(t->user, "painting its strokes", 0);
	if (o.colour_only)
		st = FV_OK;
	else if (!far)
		st = fv_canvas_paint(err, painter, &o, j.picture,
		                     o.max_memory ? o.max_memory - canvas_bytes(&how, t) : 0, &j.k);
	else {
		const fv_far_options f = { painter, &o, &j.k, j.picture, stats, o.max_memory,
			                   t->room(t->user), on_canvas, tell, &j };
		st = fv_far_canvas_paint(err, &f, &j.far);
	}
	if (!st && j.palette)
		st = turn(err, &j);
	if (!st)
		st = tiles(err, &j);
done:
	fv_palette_free(j.palette);
	fv_far_canvas_free(j.far);
	if (far)
		fv_free(j.c, j.k.seen);
	fv_canvas_free(&j.k);
	return st;
}
