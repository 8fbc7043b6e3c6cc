/* SPDX-License-Identifier: Apache-2.0 */
/* An evaluator: paintings to compare with, then pictures beside them and beside what needs no
 * learning. */
#include "eval/evaluator.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SETS 2                          /* fv_evaluator_set */

typedef struct {
	int count, room;
	uint8_t *square;
	fv_yard_set strokes;
	fv_point_set points;            /* of the first so many squares: they are looked at when
	                                 * they are needed */
} set;

struct fv_evaluator {
	fv_context *context;
	fv_evaluator_options o;
	fv_yard *yard;                  /* NULL: strokes are not looked at */
	fv_points *points;              /* NULL: neither networks nor LPIPS look at squares */
	set set[SETS];
	fv_yard_set row[FV_ROWS];       /* of what is being measured */
	fv_point_set seen[FV_ROWS];
};

_Static_assert(FV_FEATURE_NETWORKS == FV_YARD_NETWORKS, "both look through the same");

const char *const fv_row_names[FV_ROWS] = { "painted", "identity", "reinhard", "bands", "real" };

fv_status fv_evaluator_new(fv_err *err, fv_context *c, const fv_evaluator_options *opt,
                           fv_evaluator **out)
{
	fv_evaluator_options o = FV_EVALUATOR_DEFAULTS;
	fv_status st = FV_OK;
	if (opt)
		memcpy(&o, opt, opt->size < sizeof o ? opt->size : sizeof o);
	if (o.networks < 0 || o.networks > FV_YARD_NETWORKS || o.most < 0)
		return fv_fail(err, FV_E_ARGUMENT,
		               "%d networks, the first %d pictures: up to %d networks look at strokes",
		               o.networks, o.most, FV_YARD_NETWORKS);
	fv_evaluator *e = fv_alloc(c, sizeof *e);
	if (!e)
		return fv_fail_memory(err, "measuring", sizeof *e);
	*e = (fv_evaluator){ .context = c, .o = o };
	const int networks = o.features ? o.networks : 0;
	if (o.networks && o.strokes)
		st = fv_yard_open(err, c, o.network, o.networks, &e->yard);
	if (!st && (networks || o.lpips))
		st = fv_points_open(err, c, o.network, networks, o.lpips, &e->points);
	if (st)
		fv_evaluator_free(e);
	else
		*out = e;
	return st;
}

static void forget(fv_evaluator *e)
{
	for (int i = 0; i < FV_ROWS; i++) {
		if (i == FV_ROW_REAL)           /* lives in its set */
			continue;
		if (e->yard)
			fv_yard_set_free(e->yard, &e->row[i]);
		fv_point_set_free(e->points, &e->seen[i]);
	}
}

void fv_evaluator_free(fv_evaluator *e)
{
	if (!e)
		return;
	forget(e);
	for (int i = 0; i < SETS; i++) {
		if (e->yard)
			fv_yard_set_free(e->yard, &e->set[i].strokes);
		fv_point_set_free(e->points, &e->set[i].points);
		fv_free(e->context, e->set[i].square);
	}
	fv_points_close(e->points);
	fv_yard_close(e->yard);
	fv_free(e->context, e);
}

/* ---- squares, on all threads */

typedef struct { const fv_pixels *from; uint8_t *to; char *room; size_t bytes; } squaring;

static void square_some(void *arg, int thread, int64_t first, int64_t last)
{
	const squaring *s = arg;
	for (int64_t i = first; i < last; i++)
		fv_square(&s->from[i], s->to + i * FV_SQUARE_BYTES,
		          s->room + (size_t)thread * s->bytes);
}

static fv_status squares_of(fv_err *err, fv_context *c, const fv_pixels *p, int count, uint8_t *to)
{
	squaring s = { .from = p, .to = to };
	for (int i = 0; i < count; i++) {
		fv_status st = fv_pixels_check(err, &p[i], "a measured", FV_PIXELS_RGB);
		if (st)
			return st;
		s.bytes = (size_t)fv_max((int64_t)s.bytes,
		                         fv_div_up((int64_t)fv_square_room(p[i].height, p[i].width),
		                                   FV_ALIGN) * FV_ALIGN);
	}
	if (!(s.room = fv_alloc_rough(c, s.bytes * (size_t)c->threads)))
		return fv_fail_memory(err, "measuring", s.bytes * (size_t)c->threads);
	fv_team_run(c->team, square_some, &s, count, 1);
	fv_free(c, s.room);
	return FV_OK;
}

fv_status fv_evaluator_add(fv_err *err, fv_evaluator *e, fv_evaluator_set which,
                           const fv_pixels *pictures, int count, bool strokes)
{
	if (which < 0 || which >= SETS || count < 1)
		return fv_fail(err, FV_E_ARGUMENT,
		               "set %d of an evaluator, %d pictures: there is none such", (int)which,
		               count);
	set *s = &e->set[which];
	if (s->count + count > s->room) {
		int room = (int)fv_max(s->count + count, 2 * (int64_t)s->room);
		size_t bytes = (size_t)room * FV_SQUARE_BYTES;
		uint8_t *larger = fv_alloc_rough(e->context, bytes);
		if (!larger)
			return fv_fail_memory(err, "measuring", bytes);
		if (s->count)
			memcpy(larger, s->square, (size_t)s->count * FV_SQUARE_BYTES);
		fv_free(e->context, s->square);
		s->square = larger;
		s->room = room;
	}
	fv_status st = squares_of(err, e->context, pictures, count,
	                          s->square + (size_t)s->count * FV_SQUARE_BYTES);
	s->count += st ? 0 : count;
	for (int i = 0; i < count && e->yard && strokes && !st; i++)
		st = fv_yard_add(err, e->yard, &s->strokes, &pictures[i], NULL);
	return st;
}

/* ---- measuring */

typedef struct { const fv_evaluator *e; const char *what; } teller;

static void tell(void *user, double done)
{
	const teller *t = user;
	if (t->e->o.progress)
		t->e->o.progress(t->e->o.user, t->what, done);
}

/* A photograph in its floors' dress; room: of its size at least, and of a square. */
static fv_status look_floor(fv_err *err, fv_evaluator *e, fv_eval *v, fv_floor floor,
                            const fv_pixels *photo, const uint8_t *square, uint8_t *room)
{
	fv_pixels p = { photo->width, photo->height, 3, 8, 3 * photo->width, room };
	/* Only read. */
	fv_pixels whole = { FV_SIDE, FV_SIDE, 3, 8, 3 * FV_SIDE, (void *)(uintptr_t)square };
	if (floor == FV_FLOOR_BANDS)
		p.width = p.height = FV_SIDE, p.stride_bytes = 3 * FV_SIDE;
	fv_status st = fv_eval_floor(err, v, floor, photo, room);
	return st ? st : fv_yard_add(err, e->yard, &e->row[FV_ROW_FLOORS + floor], &p,
	                             floor == FV_FLOOR_BANDS ? &whole : photo);
}

/* All rows of a photograph one after the other: what it shows is looked at once. Without one there
 * is only what was painted. */
static fv_status look_at_photo(fv_err *err, fv_evaluator *e, fv_eval *v, const fv_pixels *photo,
                               const fv_pixels *painted, const uint8_t *square)
{
	fv_status st = FV_OK;
	if (photo)
		st = fv_yard_add(err, e->yard, &e->row[FV_ROW_FLOORS + FV_FLOOR_IDENTITY], photo,
		                 photo);
	if (!st)
		st = fv_yard_add(err, e->yard, &e->row[FV_ROW_PAINTED], painted, photo);
	if (st || !photo || !e->o.floors)
		return st;
	size_t bytes = (size_t)fv_max(photo->width * photo->height * 3, FV_SQUARE_BYTES);
	uint8_t *room = fv_alloc_rough(e->context, bytes);
	if (!room)
		return fv_fail_memory(err, "measuring", bytes);
	for (fv_floor f = FV_FLOOR_REINHARD; f < FV_FLOORS && !st; f++)
		st = look_floor(err, e, v, f, photo, square, room);
	fv_free(e->context, room);
	return st;
}

static fv_status measure_strokes(fv_err *err, fv_evaluator *e, fv_eval *v,
                                 const fv_pictures *photos, const fv_pixels *painted,
                                 fv_eval_rows *rows)
{
	int count = e->o.most ? (int)fv_min(e->o.most, photos->count) : photos->count;
	const fv_yard_set *beside = &e->row[FV_ROW_FLOORS + FV_FLOOR_IDENTITY];
	fv_status st = FV_OK;
	for (int i = 0; i < count && !st; i++) {
		char text[100];
		snprintf(text, sizeof text, "looking at strokes: %d of %d", i, count);
		tell(&(teller){ e, text }, (double)i / count);
		st = look_at_photo(err, e, v, photos->pixels ? &photos->pixels[i] : NULL,
		                   &painted[i], photos->square + (size_t)i * FV_SQUARE_BYTES);
	}
	e->row[FV_ROW_REAL] = e->set[FV_SET_REAL].strokes;
	if (!st)
		st = fv_yard_art(err, e->yard, &e->set[FV_SET_PAINTINGS].strokes, &rows->art);
	for (int i = 0; i < FV_ROWS && !st; i++)
		if (e->row[i].count && (i != FV_ROW_FLOORS + FV_FLOOR_IDENTITY || e->o.floors))
			st = fv_yard_measure(err, e->yard, &e->row[i],
			                     beside->count ? beside : NULL, &rows->strokes[i]);
	return st;
}

static fv_status measure_pixels(fv_err *err, fv_evaluator *e, fv_eval *v, const fv_pictures *photos,
                                const fv_pictures *painted, fv_measures *rows)
{
	const fv_pictures real = { e->set[FV_SET_REAL].count, NULL, e->set[FV_SET_REAL].square };
	fv_status st = fv_eval_set(err, v, painted, photos->pixels ? photos : NULL, tell,
	                           &(teller){ e, "measuring" }, &rows[FV_ROW_PAINTED]);
	if (!st && photos->pixels && e->o.floors)
		st = fv_eval_floors(err, v, photos, tell, &(teller){ e, "measuring floors" },
		                    &rows[FV_ROW_FLOORS]);
	if (!st && real.count)
		st = fv_eval_set(err, v, &real, NULL, tell,
		                 &(teller){ e, "measuring real paintings" }, &rows[FV_ROW_REAL]);
	return st;
}

/* ---- points */

static void tell_seen(const fv_evaluator *e, int i, int count)
{
	char text[100];
	snprintf(text, sizeof text, "looking at pictures: %d of %d", i, count);
	tell(&(teller){ e, text }, (double)i / count);
}

static fv_status see_set(fv_err *err, fv_evaluator *e, set *s)
{
	fv_status st = FV_OK;
	while (s->points.count < s->count && !st) {
		tell_seen(e, s->points.count, s->count);
		st = fv_points_add(err, e->points, &s->points,
		                   s->square + (size_t)s->points.count * FV_SQUARE_BYTES, NULL);
	}
	return st;
}

/* square: of the photograph. */
static fv_status see_floors(fv_err *err, fv_evaluator *e, fv_eval *v, const fv_pixels *photo,
                            const uint8_t *square)
{
	const int64_t area = photo->width * photo->height * 3;
	const size_t dressed =
		(size_t)fv_div_up(fv_max(area, FV_SQUARE_BYTES), FV_ALIGN) * FV_ALIGN;
	const size_t bytes =
		dressed + FV_SQUARE_BYTES + fv_square_room(photo->height, photo->width);
	fv_pixels p = { photo->width, photo->height, 3, 8, 3 * photo->width, NULL };
	uint8_t *room = fv_alloc_rough(e->context, bytes), *own;
	if (!room)
		return fv_fail_memory(err, "measuring", bytes);
	p.data = room, own = room + dressed;
	fv_status st = fv_points_add(err, e->points, &e->seen[FV_ROW_FLOORS + FV_FLOOR_IDENTITY],
	                             square, square);
	if (!st && !(st = fv_eval_floor(err, v, FV_FLOOR_REINHARD, photo, room))) {
		fv_square(&p, own, own + FV_SQUARE_BYTES);
		st = fv_points_add(err, e->points, &e->seen[FV_ROW_FLOORS + FV_FLOOR_REINHARD], own,
		                   square);
	}
	if (!st && !(st = fv_eval_floor(err, v, FV_FLOOR_BANDS, photo, room)))
		st = fv_points_add(err, e->points, &e->seen[FV_ROW_FLOORS + FV_FLOOR_BANDS], room,
		                   square);
	fv_free(e->context, room);
	return st;
}

static fv_status measure_points(fv_err *err, fv_evaluator *e, fv_eval *v, const fv_pictures *photos,
                                const fv_pictures *painted, fv_eval_rows *rows)
{
	const fv_point_set *art = &e->set[FV_SET_PAINTINGS].points;
	fv_status st = FV_OK;
	for (int i = 0; i < SETS && !st; i++)
		st = see_set(err, e, &e->set[i]);
	for (int i = 0; i < painted->count && !st; i++) {
		const size_t at = (size_t)i * FV_SQUARE_BYTES;
		const uint8_t *photo = photos->pixels ? photos->square + at : NULL;
		tell_seen(e, i, painted->count);
		st = fv_points_add(err, e->points, &e->seen[FV_ROW_PAINTED], painted->square + at,
		                   photo);
		if (!st && photo && e->o.floors)
			st = see_floors(err, e, v, &photos->pixels[i], photo);
	}
	e->seen[FV_ROW_REAL] = e->set[FV_SET_REAL].points;
	for (int i = 0; i < FV_ROWS && !st; i++)
		if (e->seen[i].count)
			st = fv_points_measure(err, e->points, &e->seen[i], art,
			                       &rows->features[i]);
	if (!st)
		st = fv_points_halves(err, e->points, art, &rows->halves);
	for (int i = 0; i < e->o.networks && e->o.features; i++)
		rows->values[i] = fv_points_values(e->points, i);
	rows->trunk = fv_points_trunk(e->points);
	return st;
}

fv_status fv_evaluator_rows(fv_err *err, fv_evaluator *e, const fv_pixels *photos,
                            const fv_pixels *painted, int count, fv_eval_rows *out)
{
	const fv_pictures art = { e->set[FV_SET_PAINTINGS].count, NULL,
	                          e->set[FV_SET_PAINTINGS].square };
	fv_eval_rows rows = { .networks = e->o.networks, .art_count = art.count };
	fv_eval *v = NULL;
	if (count < 1)
		return fv_fail(err, FV_E_ARGUMENT, "measuring needs a picture at least");
	size_t half = (size_t)count * FV_SQUARE_BYTES;
	uint8_t *square = fv_alloc_rough(e->context, 2 * half);
	if (!square)
		return fv_fail_memory(err, "measuring", 2 * half);
	const fv_pictures in = { count, photos, square }, made = { count, painted, square + half };
	fv_status st = photos ? squares_of(err, e->context, photos, count, square) : FV_OK;
	if (!st)
		st = squares_of(err, e->context, painted, count, square + half);
	if (!st)
		st = fv_eval_open(err, e->context, &art, &v);
	if (!st && !(st = measure_pixels(err, e, v, &in, &made, rows.pixels)) && e->points)
		st = measure_points(err, e, v, &in, &made, &rows);
	if (!st && e->yard)
		st = measure_strokes(err, e, v, &in, painted, &rows);
	fv_eval_close(v);
	forget(e);
	fv_free(e->context, square);
	if (!st)
		*out = rows;
	return st;
}

/* ---- as a list. To add a figure: a line. */

typedef struct { const char *name; size_t at; } entry;
#define AT(field) offsetof(fv_measures, field)
static const entry of_pixels[] = {
	{ "swd", AT(swd) }, { "swd_level_1", AT(level[0]) }, { "swd_level_2", AT(level[1]) },
	{ "swd_level_3", AT(level[2]) }, { "swd_level_4", AT(level[3]) }, { "auc", AT(auc) },
	{ "lattice_2", AT(lattice[0]) }, { "lattice_4", AT(lattice[1]) },
	{ "lattice_8", AT(lattice[2]) }, { "lattice_input_2", AT(lattice_input[0]) },
	{ "lattice_input_4", AT(lattice_input[1]) }, { "lattice_input_8", AT(lattice_input[2]) },
	{ "chroma", AT(chroma) }, { "ssim", AT(ssim) }, { "corr", AT(corr) },
};
#undef AT
#define AT(field) offsetof(fv_yard_figures, field)
#define SEEN(prefix, i) \
	{ prefix "hand", AT(by[i].view[FV_HAND]) }, { prefix "look", AT(by[i].view[FV_LOOK]) }, \
	{ prefix "far", AT(by[i].view[FV_FAR]) }, { prefix "near", AT(by[i].near) }, \
	{ prefix "content", AT(by[i].content) }
static const entry of_strokes[] = {
	SEEN("", 0), SEEN("second_", 1),
	{ "coh2", AT(mean[FV_COH2]) }, { "coh4", AT(mean[FV_COH4]) }, { "run", AT(mean[FV_RUN]) },
	{ "stroke", AT(mean[FV_STROKE]) }, { "grain", AT(mean[FV_GRAIN]) },
	{ "grey", AT(mean[FV_GREY]) }, { "skin", AT(mean[FV_SKIN]) },
	{ "coh2_off", AT(off[FV_COH2]) }, { "coh4_off", AT(off[FV_COH4]) },
	{ "run_off", AT(off[FV_RUN]) },
	{ "stroke_off", AT(off[FV_STROKE]) }, { "grain_off", AT(off[FV_GRAIN]) },
};
#undef AT
#define AT(field) offsetof(fv_feature_row, field)
static const entry of_features[] = {
	{ "feature_kid", AT(by[0].kid.mean) }, { "feature_kid_deviation", AT(by[0].kid.deviation) },
	{ "feature_frechet", AT(by[0].frechet) }, { "second_feature_kid", AT(by[1].kid.mean) },
	{ "second_feature_kid_deviation", AT(by[1].kid.deviation) },
	{ "second_feature_frechet", AT(by[1].frechet) },
};
static const entry of_pairs[] = { { "lpips", AT(lpips) } };

#define FIGURES ((FV_ROWS + 1) * (FV_COUNT(of_pixels) + FV_COUNT(of_strokes) + \
	                          FV_COUNT(of_features) + FV_COUNT(of_pairs) + 1))
typedef struct { fv_evaluation e; fv_arena *arena; fv_figure figure[FIGURES]; } evaluation;

static void append(evaluation *v, const char *row, const void *values, int n, const entry *list,
                   size_t count)
{
	for (size_t i = 0; i < count && n; i++) {
		double value = *(const double *)((const char *)values + list[i].at);
		v->figure[v->e.count++] = (fv_figure){ row, list[i].name, value, n };
	}
}

/* How many paintings stood on the other side is a figure too: these move with both. */
static void append_features(evaluation *v, const char *row, const fv_feature_row *r)
{
	append(v, row, r, r->count, of_features, FV_COUNT(of_features));
	if (r->count)
		v->figure[v->e.count++] = (fv_figure){ row, "feature_paintings", r->art_count,
			                               r->count };
	append(v, row, r, r->pairs, of_pairs, FV_COUNT(of_pairs));
}

fv_status fv_evaluator_measure(fv_err *err, fv_evaluator *e, const fv_pixels *photos,
                               const fv_pixels *painted, int count, fv_evaluation **out)
{
	fv_eval_rows rows;
	fv_status st = fv_evaluator_rows(err, e, photos, painted, count, &rows);
	fv_arena *a = st ? NULL : fv_arena_new(e->context);
	evaluation *v = a ? fv_arena_get(a, sizeof *v) : NULL;
	if (!v) {
		fv_arena_free(a);
		return st ? st : fv_fail_memory(err, "figures", sizeof *v);
	}
	v->arena = a;
	v->e.figure = v->figure;
	for (int i = 0; i < FV_ROWS; i++) {
		append(v, fv_row_names[i], &rows.pixels[i], rows.pixels[i].count, of_pixels,
		       FV_COUNT(of_pixels));
		append(v, fv_row_names[i], &rows.strokes[i], rows.strokes[i].count, of_strokes,
		       FV_COUNT(of_strokes));
		append_features(v, fv_row_names[i], &rows.features[i]);
	}
	append_features(v, "paintings", &rows.halves);
	append(v, "paintings", &rows.art, rows.art.count, of_strokes, FV_COUNT(of_strokes));
	*out = &v->e;
	return FV_OK;
}

void fv_evaluation_free(fv_evaluation *v)
{
	if (v)
		fv_arena_free(((evaluation *)v)->arena);
}

const char *fv_evaluator_name(int i, int *networks)
{
	static const struct { const entry *list; int count; } lists[] = {
		{ of_pixels, FV_COUNT(of_pixels) },
		{ of_strokes, FV_COUNT(of_strokes) },
		{ of_features, FV_COUNT(of_features) },
	};
	size_t k = 0;
	while (k < FV_COUNT(lists) && i >= lists[k].count)
		i -= lists[k++].count;
	const char *name = k < FV_COUNT(lists) ? lists[k].list[i].name : NULL;
	*networks = k == 0 ? 0 : name && !strncmp(name, "second_", 7) ? 2 : 1;
	return name;
}
