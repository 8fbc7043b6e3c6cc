/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: one picture that is larger than memory. Its pixels are decoded into a file without a
 * name, its painting's tiles go into OUT.fauve-parts, and when all are there they become OUT. Of
 * several styles each has such a folder of its own, OUT.0.fauve-parts the first, and paints over
 * what the one before it left; all of them stay until OUT is whole. */
#include "cli/apply.h"
#include "cli/apply_store.h"
#include "base/memory.h"
#include "paint/tiles.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define USUAL 700e6                     /* bytes that painting by tiles takes where nobody says */
#define PIXELS_A_SECOND 30e6            /* that are written, as a first guess */

typedef struct {
	fv_apply *a;
	fv_picture *p;
	double budget;                  /* bytes: the same for all layers, as tiles go by it */
	int layer;                      /* in work */
	fv_parts **parts;               /* of each layer */
	void *mark;                     /* of what is finished, or NULL */
	const char *what;               /* the step in work */
	double begun;                   /* when it began, and what of it was done then */
	double first;
} desk;

/* ---- what people see */
static void time_left(double seconds, char *text, size_t room)
{
	if (!(seconds >= 0) || seconds > 1e6)
		*text = 0;
	else if (seconds < 90)
		snprintf(text, room, ", %.0f s left", ceil(seconds / 5) * 5);
	else
		snprintf(text, room, ", %.0f min left", ceil(seconds / 60));
}

static void progress(void *user, const char *what, double done)
{
	desk *d = user;
	const double now = fv_now();
	char left[40] = "", line[600];
	if (!d->what || strcmp(d->what, what)) {
		d->what = what;
		d->begun = now;
		d->first = done;
	}
	if (done - d->first > 0.01 && now - d->begun > 2) {
		const fv_pixels *v = d->p ? fv_picture_pixels(d->p) : NULL;
		double more = (now - d->begun) * (1 - done) / (done - d->first);
		if (!strcmp(what, "painting") && v)
			more += (double)v->width * (double)v->height / PIXELS_A_SECOND;
		time_left(more, left, sizeof left);
	}
	snprintf(line, sizeof line, "%s: %s%s", d->a->job->out, what, left);
	fv_progress_show(d->a->cli->progress, done, line);
}

static void reading(void *user, double done) { progress(user, "reading", done); }
static void marked(void *user, int fd, uint64_t hash)
{
	fv_finished_mark(((desk *)user)->mark, fd, hash);
}
static void writing(void *user, double done) { progress(user, "writing", done); }

/* ---- memory and disk */
static double budget(const fv_apply *a)
{
	const double have = fv_apply_allowed(a);
	return fmax(1, a->o->memory ? have : fmin(USUAL, have));
}

static fv_tiles tiles_of(const fv_pixels *v)
{
	return (fv_tiles){ .height = v->height, .width = v->width, .channels = v->channels,
	                   .bits = v->bits };
}

/* The decoded pixels, the painted ones and what they become; canvas: more for a large one's. */
static fv_status room_on_disk(fv_err *err, const fv_apply *a, const fv_pixels *v, double canvas)
{
	struct statvfs s;
	char folder[4096];
	const char *slash = strrchr(a->job->out, '/');
	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - a->job->out) + 1 : 1,
	         slash ? a->job->out : ".");
	if (statvfs(folder, &s))
		return fv_fail_write(err, folder);
	const double need = (2 + a->layers->count) * (double)v->height * (double)v->stride_bytes +
			    canvas,
		     have = (double)s.f_bavail * (double)s.f_frsize;
	return need <= have ? FV_OK
	                    : fv_fail(err, FV_E_WRITE,
	                              "%s: painting %" PRId64 " x %" PRId64
	                              " pixels takes up to %.1f GB of its disk for a while, and "
	                              "%.1f GB are free; make room, or name another --output",
	                              a->job->out, v->width, v->height, need / 1e9, have / 1e9);
}

static fv_status fits(fv_err *err, void *user, const fv_pixels *v, int64_t decoding)
{
	const desk *d = user;
	const fv_apply *a = d->a;
	fv_paint_options how;
	fv_err why = { 0 };
	int64_t need = decoding, least;
	double canvas = 0;
	const fv_tiles t = tiles_of(v);
	fv_status st = fv_apply_how(&why, a, v, &how);
	for (int i = 0; i < a->layers->count && !st; i++) {
		const fv_layer *l = &a->layers->item[i];
		const fv_paint_work work = fv_paint_work_of(l->model, v->height, v->width, &how);
		if ((st = fv_tiles_least(&why, l->painter, &t, &how, &least)))
			break;
		need = fv_max(need, least);
		canvas += work.sh ? 9.0 * (double)work.h * (double)work.w : 0;
	}
	if (st)
		return fv_fail(err, st, "%s: %s", a->job->in, why.text);
	if ((st = fv_apply_fits(err, a, v, (double)need)))
		return st;
	return room_on_disk(err, a, v, canvas);
}

static bool stopped(void *user) { return fv_interrupted(); }

/* ---- what tiles are painted from and into */
static fv_status get(fv_err *err, void *user, const fv_area *part, void *pixels)
{
	const desk *d = user;
	return fv_picture_part(err, d->p, part->x, part->y, part->w, part->h, pixels);
}

/* What the layers below have painted. */
static fv_status below(fv_err *err, void *user, const fv_area *part, void *pixels)
{
	const desk *d = user;
	const fv_pixels *v = fv_picture_pixels(d->p);
	const int64_t pixel = v->channels * v->bits / 8, row = part->w * pixel;
	fv_status st = FV_OK;
	for (int64_t y = 0; y < part->h && !st; y++)
		st = fv_parts_get(err, d->parts[d->layer - 1],
		                  (part->y + y) * v->width * pixel + part->x * pixel,
		                  (char *)pixels + y * row, (size_t)row);
	return st;
}

static fv_status put(fv_err *err, void *user, int64_t tile, const fv_area *part, const void *pixels)
{
	desk *d = user;
	const fv_pixels *v = fv_picture_pixels(d->p);
	const int64_t pixel = v->channels * v->bits / 8, row = part->w * pixel;
	fv_status st = FV_OK;
	for (int64_t y = 0; y < part->h && !st; y++)
		st = fv_parts_put(err, d->parts[d->layer],
		                  (part->y + y) * v->width * pixel + part->x * pixel,
		                  (const char *)pixels + y * row, (size_t)row);
	return st ? st : fv_parts_finish(err, d->parts[d->layer], tile);
}

static bool done(void *user, int64_t tile)
{
	const desk *d = user;
	return fv_parts_done(d->parts[d->layer], tile);
}

static int room(void *user)
{
	const desk *d = user;
	return fv_parts_room(d->parts[d->layer]);
}

static fv_status begin(fv_err *err, void *user, uint64_t look, int64_t tiles)
{
	desk *d = user;
	const fv_pixels *v = fv_picture_pixels(d->p);
	const int64_t size = v->height * v->width * v->channels * v->bits / 8;
	char key[200];
	uint64_t settings;
	fv_status st = fv_apply_settings(err, d->a, &settings);
	if (st)
		return st;
	snprintf(key, sizeof key, "picture %016" PRIx64 "\nsettings %016" PRIx64 "\ntiles %" PRId64 "\n",
	         look, settings, tiles);
	fv_parts *parts = d->parts[d->layer];
	if ((st = fv_parts_begin(err, parts, key, size, tiles)))
		return st;
	if (fv_parts_count(parts))
		fv_say(d->a->cli, "%s: %s%s%" PRId64 " of %" PRId64 " tiles are there already",
		       d->a->job->out, d->layer ? d->a->layers->item[d->layer].name : "",
		       d->layer ? ": " : "", fv_parts_count(parts), tiles);
	return FV_OK;
}

static fv_status open_parts(fv_err *err, desk *d)
{
	char name[4096];
	const int last = d->a->layers->count - 1;
	errno = ENAMETOOLONG;
	if (d->layer < last && snprintf(name, sizeof name, "%s.%d", d->a->job->out, d->layer) >=
	                               (int)sizeof name)
		return fv_fail_write(err, d->a->job->out);
	return fv_parts_open(err, d->layer < last ? name : d->a->job->out, &d->parts[d->layer]);
}

/* One style's tiles. */
static fv_status paint(fv_err *err, desk *d)
{
	fv_apply *a = d->a;
	const fv_layer *l = &a->layers->item[d->layer];
	const fv_pixels *v = fv_picture_pixels(d->p);
	fv_err why = { 0 };
	fv_paint_options all;
	fv_tiles t = tiles_of(v);
	fv_status st = open_parts(err, d);
	if (st)
		return st;
	t.user = d, t.read = get, t.write = put, t.begin = begin, t.done = done,
	t.progress = progress, t.room = room, t.base = d->layer ? below : NULL;
	/* Of its own, so that nothing is held while the next layer is painted. */
	fv_painter *painter = NULL;
	if (!(st = fv_apply_how(&why, a, v, &all)) &&
	    !(st = fv_painter_new(&why, l->model, &painter))) {
		fv_paint_options how = fv_layer_how(l, &all);
		how.max_memory = (int64_t)d->budget;
		st = fv_tiles_paint(&why, painter, &t, &how, (fv_stats)a->o->stats);
	}
	fv_painter_free(painter);
	/* What is finished is kept, also after a failure. */
	fv_err ignored;
	fv_status kept = fv_parts_flush(st ? &ignored : &why, d->parts[d->layer]);
	st = st ? st : kept;
	return st ? fv_fail(err, st, "%s: %s", a->job->in, why.text) : FV_OK;
}

fv_status fv_apply_tiles(fv_err *err, fv_apply *a, const fv_job *j, bool say, void *mark)
{
	const fv_apply_options *o = a->o;
	const int layers = a->layers->count;
	desk d = { .a = a, .mark = mark };
	fv_err warning;
	a->job = j;
	fv_status st = fv_apply_over_itself(err, a, j);
	if (st)
		return st;
	const double begun = fv_now();
	const fv_read_options limits = {
		.max_pixels = fv_apply_most_pixels(o), .keep_private = o->keep_private,
		.max_memory = (int64_t)fmax(1, fv_apply_allowed(a)), .fits = fits,
		.cancelled = stopped, .progress = reading, .user = &d,
	};
	/* A place that cannot be written is found before the work. */
	st = fv_picture_spool(err, j->in, &limits, j->out, &d.p, &warning);
	if (st)
		return st;
	if (warning.status)
		fv_warn(a->cli, "%s", warning.text);
	if (!(d.parts = calloc((size_t)layers, sizeof *d.parts)))
		st = fv_fail_memory(err, j->in, (size_t)layers * sizeof *d.parts);
	if (!st)
		st = fv_picture_fill_spooled(err, d.p);
	d.budget = budget(a);
	for (; d.layer < layers && !st; d.layer++)
		st = paint(err, &d);
	fv_parts *whole = d.parts ? d.parts[layers - 1] : NULL;
	if (!st)
		st = fv_picture_write_large(
			err, a->context, d.p, fv_parts_pixels(whole), j->out,
			&(fv_write_options){ .quality = (int)o->quality, .aside = fv_stop_removes,
		                             .scratch = fv_parts_folder(whole),
		                             .progress = writing, .whole = mark ? marked : NULL,
		                             .user = &d });
	for (int i = 0; i < layers && d.parts; i++)
		fv_parts_close(d.parts[i], !st);
	free(d.parts);
	const fv_pixels *v = fv_picture_pixels(d.p);
	if (!st && (say || a->cli->verbose)) {
		fv_progress_clear(a->cli->progress);
		fv_say(a->cli, "%s: %" PRId64 "x%" PRId64 ", painted in %.1f s", j->out, v->width,
		       v->height, fv_now() - begun);
	}
	fv_picture_free(d.p);
	return st;
}
