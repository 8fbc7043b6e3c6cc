/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: many pictures. While one is painted the next are decoded and the last encoded and
 * written, so that no core waits for a file. A few threads take what is to be done, the end of the
 * line first: write what is painted, paint what is read, read the next. The main thread tells, in
 * the pictures' order, what came of them.
 *
 *	WAITS > read > IS_READ > paint > IS_PAINTED > write > ENDED > told
 *
 * Pictures on their way are counted in bytes. One that is too large to have others beside it waits
 * until it is alone. */
#include "cli/apply.h"
#include "base/memory.h"
#include "base/spare.h"
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEPT 870e6                      /* bytes that painting keeps from picture to picture */
#define LEAST_ROOM 256e6                /* for pictures on their way, if so much is free */
#define PATIENCE 60                     /* seconds that a picture waits for room */
#define LOOK 100                        /* ms: how often Ctrl-C is looked for */

typedef enum { WAITS, IN_WORK, IS_READ, IS_PAINTED, ENDED } stage;
typedef enum { NOTHING, READ, PAINT, WRITE, ALL } step;

typedef struct {
	stage at;
	bool alone, skipped;
	fv_picture *p;
	int64_t width, height;
	double pixels;                  /* by its header; 0: unknown */
	double held, seconds;           /* bytes that it is counted with; in work */
	fv_mark mark;
	fv_status status;               /* FV_OK: it is painted, or was before */
	char *why;                      /* or why not; NULL: no memory for it */
	fv_held said;
} item;

typedef struct {
	fv_apply *a;
	const fv_jobs *jobs;
	item *item;
	fv_painter ***painter;          /* sets, one of each layer; those not in use are not NULL */
	int painters, threads;
	int next, told;                 /* the first that was never read; that was not told */
	int working, reading, painting;
	double held, room;              /* bytes of pictures on their way */
	bool alone;                     /* one of them wants to be alone: no more are read */
	bool stop;
	uint64_t settings;
	pthread_mutex_t lock;
	pthread_cond_t changed;
} line;

typedef struct {
	line *line;
	fv_apply apply;                 /* of its own, since what is in work is in it */
	item *item;
	fv_err err;
	pthread_t thread;
} worker;

/* ---- what a thread does next; the lock is held */

/* All others stand still. */
static bool may_be_alone(const line *l) { return l->working == 0; }

static step choose(const line *l, int *which)
{
	int first_read = -1;
	for (int i = l->told; i < l->next; i++) {
		*which = i;
		if (l->item[i].at == IS_PAINTED)
			return WRITE;
		if (l->item[i].at == IS_READ && first_read < 0)
			first_read = i;
	}
	*which = first_read;
	if (first_read >= 0 && l->item[first_read].alone)
		return may_be_alone(l) ? ALL : NOTHING;
	if (first_read >= 0 && l->painting < l->painters)
		return PAINT;
	*which = l->next;
	/* One thread at least is left to make room. */
	bool more = l->next < l->jobs->count && l->next < l->told + 4 * l->threads && !l->alone &&
	            l->held < l->room && l->reading < l->threads - 1;
	return more ? READ : NOTHING;
}

static void let_go(line *l, item *t)
{
	fv_picture_free(t->p);
	t->p = NULL;
	l->held -= t->held;
	t->held = 0;
}

/* It could not be read, or painted, beside others. */
static void wait_to_be_alone(line *l, item *t)
{
	let_go(l, t);
	t->alone = l->alone = true;
	t->status = FV_OK;
	t->at = IS_READ;
}

/* ---- the steps */

static fv_status admit(fv_err *err, void *user, const fv_pixels *v, double beside, double all)
{
	worker *w = user;
	line *l = w->line;
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	pthread_mutex_lock(&l->lock);
	while (beside <= l->room && l->held + beside > l->room && !l->stop && !w->item->alone)
		w->item->alone = pthread_cond_timedwait(&l->changed, &l->lock, &until);
	w->item->alone = w->item->alone || beside > l->room;
	if (!w->item->alone) {
		l->held += beside;
		w->item->held = beside;
	}
	pthread_mutex_unlock(&l->lock);
	return w->item->alone ? fv_fail(err, FV_E_MEMORY, "%s: waits", w->apply.job->in) : FV_OK;
}

/* Is it finished? Else what is painted now will be known. */
static bool finished(worker *w, const fv_job *j)
{
	line *l = w->line;
	if (!l->jobs->folder)
		return false;
	fv_finished was = fv_finished_look(j, l->settings, &w->item->mark);
	if (was == FV_CHANGED && !l->a->o->again)
		fv_say(l->a->cli, "%s: was changed since it was painted, and is painted again",
		       j->out);
	return was == FV_FINISHED && !l->a->o->again;
}

static fv_status make_folder(fv_err *err, const fv_job *j)
{
	char folder[FV_PATH_MAX];
	const char *slash = strrchr(j->out, '/');
	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - j->out) : 0, j->out);
	return strchr(j->below, '/') ? fv_folder_make(err, folder) : FV_OK;
}

static fv_status read_step(worker *w, const fv_job *j)
{
	item *t = w->item;
	w->err = (fv_err){ 0 };
	if (j->why)
		return fv_fail(&w->err, FV_E_READ, "%s", j->why);
	if ((t->skipped = finished(w, j)))
		return FV_OK;
	fv_status st = make_folder(&w->err, j);
	/* Tiles take all the memory there is, films all the cores. */
	if (!st && fv_apply_alone(j))
		return fv_fail(&w->err, FV_E_MEMORY, "%s: waits", j->in);
	if (st || (st = fv_apply_read(&w->err, &w->apply, j, &t->p)))
		return st;
	if (fv_apply_has_pages(&w->apply, j, t->p))
		return fv_fail(&w->err, FV_E_MEMORY, "%s: waits", j->in);
	fv_apply_tell(&w->apply, j, t->p);
	return FV_OK;
}

static fv_status work(worker *w, step what, const fv_job *j)
{
	item *t = w->item;
	fv_apply alone = *w->line->a;           /* with the layers' own painters */
	fv_status st;
	switch (what) {
	case READ: return read_step(w, j);
	case PAINT: return fv_apply_brush(&w->err, &w->apply, j, t->p);
	case WRITE: return fv_apply_write(&w->err, &w->apply, j, t->p, &t->mark);
	default: break;
	}
	/* What other threads freed is in the way of a picture that needs all there is. */
	malloc_trim(0);
	st = fv_apply_picture(&w->err, &alone, j, false, &t->mark);
	t->width = alone.width;
	t->height = alone.height;
	return st;
}

/* What it takes part in is counted before and after; the lock is held. */
static void count(line *l, step what, int by)
{
	l->working += by;
	l->reading += what == READ ? by : 0;
	l->painting += what == PAINT ? by : 0;
}

static void begin(worker *w, step what, int which)
{
	line *l = w->line;
	w->item = &l->item[which];
	w->item->at = IN_WORK;
	w->apply.others = fmax(0, l->room - l->held);
	count(l, what, 1);
	if (what == READ)
		l->next = which + 1;
	for (int i = 0; what == PAINT && i < l->painters && !w->apply.painter; i++) {
		w->apply.painter = l->painter[i];
		l->painter[i] = NULL;
	}
	/* What was read behind one that wants all of the memory is in its way, and read again. */
	for (int i = which + 1; what == ALL && i < l->next; i++)
		if (l->item[i].at == IS_READ) {
			let_go(l, &l->item[i]);
			l->item[i].at = WAITS;
		}
	while (what == ALL && l->next > which + 1 && l->item[l->next - 1].at == WAITS)
		l->next--;
}

static void end(worker *w, step what, fv_status st)
{
	line *l = w->line;
	item *t = w->item;
	count(l, what, -1);
	t->status = st;
	for (int i = 0; i < l->painters && w->apply.painter; i++)
		if (!l->painter[i]) {
			l->painter[i] = w->apply.painter;
			w->apply.painter = NULL;
		}
	if (t->p) {
		t->width = fv_picture_pixels(t->p)->width;
		t->height = fv_picture_pixels(t->p)->height;
	}
	if (what == ALL)
		l->alone = false;
	/* What is too large to be painted at once, or has pages, is painted by itself. */
	if ((st == FV_E_MEMORY && (what == PAINT || what == READ)) ||
	    (st == FV_E_LIMIT && what == READ))
		wait_to_be_alone(l, t);
	else if (st || t->skipped || what == WRITE || what == ALL) {
		let_go(l, t);
		t->why = st ? strdup(w->err.text) : NULL;
		t->at = ENDED;
	} else
		t->at = what == READ ? IS_READ : IS_PAINTED;
}

static void *run(void *p)
{
	worker *w = p;
	line *l = w->line;
	int which;
	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		step what = choose(l, &which);
		if (what == NOTHING) {
			pthread_cond_wait(&l->changed, &l->lock);
			continue;
		}
		begin(w, what, which);
		pthread_mutex_unlock(&l->lock);
		double begun = fv_now();
		fv_hold(&w->item->said);
		fv_status st = work(w, what, &l->jobs->item[which]);
		fv_hold(NULL);
		w->item->seconds += fv_now() - begun;
		pthread_mutex_lock(&l->lock);
		end(w, what, st);
		pthread_cond_broadcast(&l->changed);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* ---- what is told, in order */

static const char *status_of(const item *t)
{
	return t->status ? "failed" : t->skipped ? "skipped" : "painted";
}

static const char *why_of(const item *t) { return t->why ? t->why : "out of memory"; }

static json_t *lines_of(const fv_held *said)
{
	json_t *lines = json_array();
	for (size_t i = 0; i < said->bytes; i += strlen(said->text + i) + 1)
		json_array_append_new(lines, fv_json_text(said->text + i));
	return lines;
}

/* A record a picture: a line of JSON. */
static void record(const fv_job *j, const item *t)
{
	json_t *r = json_object();
	fv_err ignored;
	json_object_set_new(r, "in", fv_json_text(j->in));
	json_object_set_new(r, "out", fv_json_text(j->out));
	json_object_set_new(r, "status", json_string(status_of(t)));
	json_object_set_new(r, "width", t->width ? json_integer(t->width) : json_null());
	json_object_set_new(r, "height", t->height ? json_integer(t->height) : json_null());
	json_object_set_new(r, "seconds", json_real(round(t->seconds * 1000) / 1000));
	json_object_set_new(r, "skipped", json_boolean(t->skipped));
	json_object_set_new(r, "error", t->status ? fv_json_text(why_of(t)) : json_null());
	json_object_set_new(r, "said", lines_of(&t->said));
	fv_out_json(&ignored, r, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fflush(stdout);
	json_decref(r);
}

static void tell(line *l, int i, fv_tally *sum)
{
	item *t = &l->item[i];
	fv_cli *cli = l->a->cli;
	const fv_job *j = &l->jobs->item[i];
	if (cli->json)
		record(j, t);
	fv_held_show(cli, &t->said);
	if (t->status) {
		fv_err why;
		fv_fail(&why, t->status, "%s", why_of(t));
		fv_complain(cli, &why);
		sum->failed++;
		sum->status = t->status;
	} else if (t->skipped)
		sum->skipped++;
	else
		sum->painted++;
	if (cli->verbose && t->skipped)
		fv_say(cli, "%s: is finished", j->out);
	else if (cli->verbose && !t->status)
		fv_say(cli, "%s: %" PRId64 "x%" PRId64 ", painted in %.1f s", j->out, t->width,
		       t->height, t->seconds);
}

/* ---- progress: by pixels */
typedef struct {
	double begun;
	int peeked, sizes;              /* headers that were looked at; that said a size */
	double known, painted, told;    /* pixels: of those; of those that were painted; told */
} meter;

/* Those that do not say it, or were not looked at yet, are taken to be as the others. */
static double mean_of(const meter *m) { return m->sizes ? m->known / m->sizes : 1; }
static double pixels_of(const meter *m, const item *t)
{
	return t->pixels > 0 ? t->pixels : mean_of(m);
}

static void peek(line *l, meter *m)
{
	int64_t w, h;
	const fv_job *j = &l->jobs->item[m->peeked];
	item *t = &l->item[m->peeked++];
	if (!j->why && strcmp(j->in, "-") && fv_picture_peek(j->in, &w, &h))
		t->pixels = (double)w * (double)h;
	m->known += t->pixels;
	m->sizes += t->pixels > 0;
}

static void time_left(char *text, size_t room, double seconds)
{
	*text = 0;
	if (seconds >= 5400)
		snprintf(text, room, ", %.1f h left", seconds / 3600);
	else if (seconds >= 90)
		snprintf(text, room, ", %.0f min left", seconds / 60);
	else if (seconds >= 0)
		snprintf(text, room, ", %.0f s left", ceil(seconds));
}

static void show(line *l, const meter *m)
{
	char left[40], text[400];
	int n = l->jobs->count;
	double all = mean_of(m) * n, took = fv_now() - m->begun;
	double rest = m->painted > 0 ? took * (all - m->told) / m->painted : -1;
	time_left(left, sizeof left, rest);
	snprintf(text, sizeof text, "%d/%d%s  %s", l->told + 1, n, left, l->jobs->item[l->told].in);
	fv_progress_show(l->a->cli->progress, m->told / all, text);
}

static void follow(line *l, fv_tally *sum)
{
	meter m = { .begun = fv_now() };
	pthread_mutex_lock(&l->lock);
	while (l->told < l->jobs->count && !fv_interrupted()) {
		item *t = &l->item[l->told];
		if (t->at == ENDED) {
			pthread_mutex_unlock(&l->lock);
			tell(l, l->told, sum);
			m.told += pixels_of(&m, t);
			m.painted += t->status || t->skipped ? 0 : pixels_of(&m, t);
			pthread_mutex_lock(&l->lock);
			l->told++;
			pthread_cond_broadcast(&l->changed);
			continue;
		}
		pthread_mutex_unlock(&l->lock);
		show(l, &m);
		if (m.peeked < l->jobs->count)
			peek(l, &m);
		pthread_mutex_lock(&l->lock);
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (m.peeked == l->jobs->count && t->at != ENDED)
			pthread_cond_timedwait(&l->changed, &l->lock, &until);
	}
	l->stop = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

/* ---- all of it */

/* A quarter of what may be taken is for pictures on their way. */
static double room_for(const fv_apply *a)
{
	double here = fv_memory_free();
	if (a->o->memory)
		return fmax(0, (double)a->o->memory - fv_memory("/proc/self/status", "VmRSS")) / 4;
	return here > 0 ? fmin(fmax(LEAST_ROOM, 64e6 * a->context->threads), here / 4) : LEAST_ROOM;
}

static void free_set(const fv_layers *layers, fv_painter **set)
{
	for (int i = 0; set && i < layers->count; i++)
		fv_painter_free(set[i]);
	free(set);
}

static fv_status new_set(fv_err *err, const fv_layers *layers, fv_painter ***out)
{
	fv_status st = FV_OK;
	if (!(*out = calloc((size_t)layers->count, sizeof **out)))
		return fv_fail_memory(err, "painters", (size_t)layers->count * sizeof **out);
	for (int i = 0; i < layers->count && !st; i++)
		st = fv_painter_new(err, layers->item[i].model, &(*out)[i]);
	return st;
}

static fv_status set_out(fv_err *err, line *l)
{
	const fv_apply *a = l->a;
	const size_t items = (size_t)l->jobs->count + 1;
	fv_status st = FV_OK;
	/* Under a limit one picture is painted at a time. */
	l->painters = a->o->memory ? 1 : 1 + a->context->threads / 8;
	l->threads = a->context->threads + 1;
	l->room = room_for(a);
	if (!(l->item = calloc(items, sizeof *l->item)) ||
	    !(l->painter = calloc((size_t)l->painters, sizeof *l->painter)))
		return fv_fail_memory(err, "list of pictures", items * sizeof *l->item);
	for (int i = 0; i < l->painters && !st; i++)
		st = new_set(err, a->layers, &l->painter[i]);
	if (!st && l->jobs->folder)
		st = fv_apply_settings(err, a, &l->settings);
	if (a->o->memory)
		mallopt(M_ARENA_MAX, 1);        /* each thread's own would keep what it freed */
	else if (a->cli->spare)
		fv_spare_keep(a->cli->spare, (size_t)(KEPT * l->painters));
	return st;
}

/* What killed runs left beside paintings that are not painted again. */
static void sweep(const fv_jobs *j)
{
	char last[FV_PATH_MAX] = "";
	for (int i = 0; i < j->count && j->folder; i++) {
		char folder[FV_PATH_MAX];
		snprintf(folder, sizeof folder, "%.*s",
		         (int)(strrchr(j->item[i].out, '/') - j->item[i].out), j->item[i].out);
		if (strcmp(folder, last))
			fv_writer_sweep(*folder ? folder : "/");
		strcpy(last, folder);
	}
}

static void clear_away(line *l)
{
	for (int i = 0; i < l->jobs->count && l->item; i++) {
		fv_picture_free(l->item[i].p);
		free(l->item[i].said.text);
		free(l->item[i].why);
	}
	for (int i = 0; i < l->painters && l->painter; i++)
		free_set(l->a->layers, l->painter[i]);
	free(l->painter);
	free(l->item);
}

fv_status fv_apply_many(fv_err *err, fv_apply *a, const fv_jobs *j, fv_tally *t)
{
	line l = { .a = a, .jobs = j };
	int started = 0;
	sweep(j);
	pthread_mutex_init(&l.lock, NULL);
	pthread_cond_init(&l.changed, NULL);
	fv_status st = set_out(err, &l);
	worker *w = st ? NULL : calloc((size_t)l.threads, sizeof *w);
	for (; w && started < l.threads; started++) {
		w[started] = (worker){ .line = &l, .apply = *a };
		w[started].apply.painter = NULL;
		w[started].apply.admit = admit;
		w[started].apply.user = &w[started];
		if (pthread_create(&w[started].thread, NULL, run, &w[started]))
			break;
	}
	if (!st && started < 2)
		st = fv_fail_memory(err, "threads", sizeof *w);
	if (st)
		l.stop = true;
	else
		follow(&l, t);
	pthread_mutex_lock(&l.lock);
	pthread_cond_broadcast(&l.changed);
	pthread_mutex_unlock(&l.lock);
	for (int i = 0; i < started; i++)
		pthread_join(w[i].thread, NULL);
	/* What was painted by then is, though nobody has been told. */
	for (int i = l.told; i < j->count && !st; i++)
		if (l.item[i].at == ENDED && !l.item[i].status)
			tell(&l, i, t);
	fv_progress_clear(a->cli->progress);
	if (!st && fv_interrupted())
		st = fv_fail(err, FV_E_CANCELLED, "interrupted; %d of %d pictures are painted",
		             t->painted + t->skipped, j->count);
	clear_away(&l);
	free(w);
	pthread_cond_destroy(&l.changed);
	pthread_mutex_destroy(&l.lock);
	return st;
}

fv_status fv_apply_sum(fv_err *err, fv_apply *a, const fv_tally *t)
{
	const int all = t->painted + t->skipped + t->failed;
	char finished[80] = "";
	if (t->failed && t->failed == all)
		return fv_fail(err, t->status, "none of %d pictures could be painted", all);
	if (t->failed)
		return fv_fail(err, FV_E_PARTIAL,
		               "%d of %d pictures could not be painted; the others are in %s",
		               t->failed, all, a->o->output);
	if (t->skipped)
		snprintf(finished, sizeof finished, ", %d %s finished before (--again paints "
		         "them too)", t->skipped, t->skipped == 1 ? "was" : "were");
	fv_say(a->cli, "%d picture%s painted in %.1f s%s: %s", t->painted,
	       t->painted == 1 ? "" : "s", fv_now() - t->begun, finished, a->o->output);
	return FV_OK;
}
