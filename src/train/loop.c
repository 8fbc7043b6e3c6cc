/* SPDX-License-Identifier: Apache-2.0 */
/* The loop around every recipe: step, guard, report, preview, checkpoint, resume. */
#include "train/train.h"
#include "base/file.h"
#include "train/events.h"
#include "train/measure.h"
#include "train/report.h"
#include "train/run.h"
#include "train/watch.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATS_EVERY 10                  /* steps a line of stats.jsonl */

static const char *span(double seconds, char *text, size_t room)
{
	long long s = (long long)(fmin(seconds, 1e15) + 0.5);
	if (s >= 3600)
		snprintf(text, room, "%lld h %02lld min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		snprintf(text, room, "%lld min %02lld s", s / 60, s % 60);
	else
		snprintf(text, room, "%lld s", s);
	return text;
}

/* A timed warm-up on weights that are put back afterwards: seconds a step, roughly when only somebody wants to know. */
static fv_status time_steps(fv_err *err, fv_run *r, bool roughly, double *each)
{
	fv_state *before = NULL;
	fv_status st = fv_state_save(err, r, &before);
	if (st)
		return st;
	int64_t period = fv_run_period(r);
	int rounds = 0, least = roughly ? 1 : 3;
	double start = 0, spent = 0;
	/* The first period warms caches and pages; then whole periods: enough to say how long, or for 3 s to count on. */
	for (int i = 0; !st && (rounds < least || (!roughly && spent < 3)) && rounds < 200; i++) {
		if (i == period)
			start = fv_now();
		st = fv_run_step(err, r);
		r->step++;
		if (i >= period && (i + 1) % period == 0)
			rounds++, spent = fv_now() - start;
		if (fv_cancelled(r->context))
			st = fv_fail(err, FV_E_CANCELLED, "stopped before the first step");
	}
	fv_state_restore(r, before);
	if (st)
		return st;
	*each = spent / ((double)(rounds * period));
	return FV_OK;
}

/* The steps that fit into the time asked for, or the time that the steps asked for will take. */
static fv_status count_steps(fv_err *err, fv_run *r)
{
	bool counted = r->common.steps > 0;
	double each;
	char time[40];
	if (counted)
		r->steps = r->common.steps;                  /* what the rates are computed from */
	fv_status st = time_steps(err, r, counted, &each);
	if (st)
		return st;
	double measuring = fv_measure_pace(r, each);
	each += measuring;
	if (counted) {
		fv_run_say(r, "time: %.0f ms a step, so %s for %" PRId64 " steps", 1e3 * each, span(each * (double)r->steps, time, sizeof time), r->steps);
		return FV_OK;
	}
	r->steps = (int64_t)fmin(FV_STEPS_MAX, fmax(1, r->common.time / each));
	fv_run_say(r, "time: %.0f ms a step, so %" PRId64 " steps in %s", 1e3 * each, r->steps, span(r->common.time, time, sizeof time));
	return FV_OK;
}

/* As many steps more as fit into the time asked for. They are counted by the pace that the run has had, sheets and checkpoints
 * included; one that is too young to have any is timed. */
static fv_status add_steps(fv_err *err, fv_run *r)
{
	double each = r->step > 0 ? r->spent / (double)r->step : 0;
	char time[40];
	fv_status st;
	if (!(each > 0)) {
		r->steps = 0;
		if ((st = time_steps(err, r, false, &each)))
			return st;
	}
	int64_t more = (int64_t)fmin((double)(FV_STEPS_MAX - r->step), fmax(1, r->more_time / each));
	r->steps = r->step + more;
	fv_run_say(r, "time: %.0f ms a step, so %" PRId64 " steps more in %s", 1e3 * each, more, span(r->more_time, time, sizeof time));
	return fv_run_save(err, r);                     /* another pace would give another number: this one is kept */
}

static fv_status roll_back(fv_err *err, fv_run *r)
{
	int64_t at = r->step, steps = r->steps, attempt = r->attempt + 1;
	double scale = r->rate_scale / 2;
	if (attempt > FV_ROLLBACKS) {
		fv_run_stop(r, "not finite",
			    "losses were not finite after %d rollbacks, at step %" PRId64,
			    FV_ROLLBACKS, at);
		return fv_fail(err, FV_E_INTERNAL,
			       "%s: losses were not finite after %d rollbacks; the last good "
			       "checkpoint is kept: try a smaller rate",
			       r->folder, FV_ROLLBACKS);
	}
	fv_status st = fv_run_load(err, r);
	if (st)
		return st;
	r->steps = steps;                               /* a resumed run may have been given more than its checkpoint says */
	r->attempt = attempt;
	r->rate_scale = scale;
	r->in_a_row = 0;
	fv_run_say(r, "step %" PRId64 ": three steps in a row were not finite; back to step %" PRId64 " with the rate at %g", at, r->step, scale);
	if ((st = fv_watch_note(err, r, "rollback", "done",
				"three steps in a row up to %" PRId64
				" were not finite: back to step %" PRId64 ", the rate at %g",
				at, r->step, scale)))
		return st;
	if ((st = fv_run_cut_stats(err, r)))
		return st;
	return fv_events_open(err, r);
}

void fv_run_preparing(void *run, double done, const char *line)
{
	fv_run *r = run;
	if (r->o.progress && !r->o.progress(r->o.user, &(fv_train_progress){ .size = sizeof(fv_train_progress), .done = done, .text = line }))
		r->stop = true;
}

static void live(fv_run *r, double begun, int64_t first)
{
	char text[400], time[40];
	if (!r->o.progress)
		return;
	double spent = fv_now() - begun, each = spent / (double)fv_max(1, r->step - first);
	int n = snprintf(text, sizeof text, "%s left  step %" PRId64 "/%" PRId64 "  %.1f samples/s", span(each * (double)(r->steps - r->step), time, sizeof time),
	                 r->step, r->steps, (double)r->batch / each);
	for (int i = 0; i < r->losses && n < (int)sizeof text; i++)
		if (!isnan(r->loss[i]))
			n += snprintf(text + n, sizeof text - (size_t)n, "  %s %.3f", r->loss_name[i], r->loss[i]);
	if (n < (int)sizeof text)
		n += fv_measure_live(r, text + n, sizeof text - (size_t)n);
	if (r->dropped && n < (int)sizeof text)
		snprintf(text + n, sizeof text - (size_t)n, "  dropped %" PRId64, r->dropped);
	const fv_train_progress p = { .size = sizeof p,
				      .step = r->step,
				      .steps = r->steps,
				      .done = (double)r->step / (double)r->steps,
				      .losses = r->losses,
				      .name = r->loss_name,
				      .loss = r->loss,
				      .text = text,
				      .metric = fv_measure_told(r) ? r->measured.metric : NULL,
				      .value = r->measured.value,
				      .best = r->measured.best,
				      .best_step = r->measured.best_step };
	if (!r->o.progress(r->o.user, &p))
		r->stop = true;
}

static fv_status preview(fv_err *err, fv_run *r)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/sheets/sheet_%06" PRId64 ".jpg", r->folder, r->step);
	fv_status st = fv_run_preview(err, r, path);
	return st ? st : fv_events_sheet(err, r, path);
}

/* When the loop last did what it does now and then, by the clock. */
typedef struct {
	double begun, checked, previewed, reported;
	int64_t first, timed;           /* steps */
} pace;
#define REPORT_EVERY 10                 /* seconds at least, where only a checkpoint was made */

static fv_status checkpoint(fv_err *err, fv_run *r, pace *p)
{
	double now = fv_now(),
	       speed = (double)((r->step - p->timed) * r->batch) / fmax(now - p->checked, 1e-6);
	fv_status st = fv_run_save(err, r);
	if (!st)
		st = fv_run_time(err, r, "\"seconds\":%.3f,\"samples_per_second\":%.4g",
				 r->spent + now - p->begun, speed);
	if (!st)
		st = fv_events_speed(err, r, speed);
	p->checked = fv_now();
	p->timed = r->step;
	return st;
}

/* Measures when it is time to. Ctrl-C meanwhile stops the run before it has: it measures when it
 * goes on. */
static fv_status measure(fv_err *err, fv_run *r, bool *done)
{
	*done = !r->stop && !fv_cancelled(r->context) && fv_measure_due(r);
	fv_status st = *done ? fv_measure(err, r) : FV_OK;
	if (st == FV_E_CANCELLED) {
		*done = false;
		r->stop = true;
		return FV_OK;
	}
	return st || !*done ? st : fv_events_metrics(err, r);
}

/* One step, and what is told of it. */
static fv_status step(fv_err *err, fv_run *r, const pace *p)
{
	fv_status st = fv_run_step(err, r);
	if (st)
		return st;
	r->step++;
	r->dropped += !r->finite;
	r->in_a_row = r->finite ? 0 : r->in_a_row + 1;
	if (r->in_a_row >= FV_IN_A_ROW)
		return FV_OK;
	if (r->step % STATS_EVERY == 0 || !r->finite)
		if ((st = fv_run_note(err, r)) || (st = fv_events_step(err, r)))
			return st;
	if ((st = fv_watch_step(err, r)))
		return st;
	live(r, p->begun, p->first);
	return FV_OK;
}

static void stop_at_end(fv_run *r)
{
	if (!r->more_steps && (r->common.time > 0 || (!r->common.steps && r->recipe->seconds > 0)))
		fv_run_stop(r, "time", "its time is up, after %" PRId64 " steps", r->steps);
	else
		fv_run_stop(r, "steps", "its %" PRId64 " steps are done", r->steps);
}

static fv_status run(fv_err *err, fv_run *r)
{
	double now = fv_now();
	pace p = { now, now, now, now, r->step, r->step };
	fv_status st = FV_OK;
	char path[800];
	bool measured = false, last = false, stop = false;
	/* A stop may have come before what was due at its step. */
	if ((st = measure(err, r, &measured)))
		return st;
	if (!fv_measure_stops(r) && r->step == r->steps)
		stop_at_end(r);
	if (measured && (st = checkpoint(err, r, &p)))
		return st;
	while (!r->stopped) {
		if ((st = step(err, r, &p)))
			return st;
		if (r->in_a_row >= FV_IN_A_ROW) {
			if ((st = roll_back(err, r)))
				return st;
			continue;
		}
		if ((st = measure(err, r, &measured)))
			return st;
		stop = r->stop || fv_cancelled(r->context);
		if (fv_measure_stops(r))
			;
		else if (r->step == r->steps)
			stop_at_end(r);
		else if (stop)
			fv_run_stop(r, "user", "it was told to, at step %" PRId64 " of %" PRId64,
				    r->step, r->steps);
		now = fv_now();
		last = r->stopped && strcmp(r->stopped, "user");
		/* A checkpoint is what a rollback goes back to: none is made after a step that was
		 * dropped, if that can wait. */
		bool check = r->stopped || measured ||
			     (r->finite && now - p.checked > r->common.checkpoint);
		if (check && (st = checkpoint(err, r, &p)))
			return st;
		bool show = !stop && (last || now - p.previewed > r->common.preview);
		if (show) {
			st = preview(err, r);
			/* Ctrl-C in between: the next step's checkpoint comes first. */
			if (st && (st != FV_E_CANCELLED || last))
				return st;
			p.previewed = fv_now();
		}
		bool late = now - p.reported > REPORT_EVERY;
		if (!r->stopped && (show || measured || (check && late))) {
			if ((st = fv_report_write(err, r)))
				return st;
			p.reported = fv_now();
		}
	}
	if (!strcmp(r->stopped, "user"))
		return fv_fail(err, FV_E_CANCELLED,
			       "stopped at step %" PRId64 " of %" PRId64
			       "; go on with: fauve train --resume %s",
			       r->step, r->steps, fv_shell_quote(r->folder, path, sizeof path));
	fv_run_say(r, "stopped (%s): %s", r->stopped, r->stopped_text);
	if (r->measured.best_step)
		fv_run_say(r, "the best: %s/best.safetensors, %s %.4g, of step %" PRId64, r->folder,
			   r->measured.metric, r->measured.best, r->measured.best_step);
	return FV_OK;
}

fv_status fv_train(fv_err *err, fv_context *c, const fv_train_options *o) { return fv_train_recipe(err, c, NULL, o); }

/* What was given for a run that was there must leave it something, or nothing, to do. */
static fv_status check_more(fv_err *err, const fv_run *r)
{
	if (r->more_steps && r->more_steps < r->step)
		return fv_fail(err, FV_E_ARGUMENT, "%s: steps %" PRId64 ": this run is at step %" PRId64 " already; give at least that", r->folder, r->more_steps, r->step);
	if (r->named && r->more_time <= r->spent)
		return fv_fail(err, FV_E_ARGUMENT, "%s: time %.0f s: this run has taken %.0f s already; give more", r->folder, r->more_time, r->spent);
	return FV_OK;
}

/* How far it goes: what was given takes effect. A recipe was named: then its time is that of the whole run. */
static fv_status go_on(fv_err *err, fv_run *r)
{
	r->steps = r->more_steps ? r->more_steps : r->steps;
	r->more_time -= r->named ? r->spent : 0;
	fv_status st = r->more_time > 0 ? add_steps(err, r) : FV_OK;
	fv_measure_pace(r, r->step ? r->spent / (double)r->step : 0);
	return st;
}

static fv_status begin(fv_err *err, fv_run *r)
{
	if (r->more_time > 0)
		r->common.time = r->more_time, r->common.steps = 0;
	if (r->more_steps)
		r->common.steps = r->more_steps, r->common.time = NAN;
	/* What the recipe says is not what the run was given: run.json does not have it. */
	const fv_train_common given = r->common;
	if (!r->common.steps && !(r->common.time > 0)) {
		r->common.time = r->recipe->seconds;
		r->common.steps = r->recipe->steps;
	}
	fv_status st = fv_measure_first(err, r);
	if (!st)
		st = count_steps(err, r);
	r->common = given;
	return st ? st : fv_run_save(err, r);           /* something to roll back to, and a disk that can be written */
}

/* What stopped it is written down: whatever became of the run, that is what is said first. */
static fv_status end(fv_err *err, fv_run *r, fv_status st)
{
	fv_err own;
	if (!r->stopped)
		return st;
	fv_status write = fv_settings_write(&own, r);
	if (!write)
		write = fv_report_write(&own, r);
	if (r->o.stopped)
		r->o.stopped(r->o.user, r->stopped, r->stopped_text);
	return st || !write ? st : fv_fail(err, write, "%s", own.text);
}

fv_status fv_train_recipe(fv_err *err, fv_context *c, const fv_recipe *recipe, const fv_train_options *o)
{
	fv_run r = { .context = c, .recipe = recipe, .rate_scale = 1, .lock = -1 };
	bool resumed = false;
	fv_status st = FV_OK;
	if (!o || o->size < sizeof o->size || !o->run)
		return fv_fail(err, FV_E_ARGUMENT, "train: options with their size and a run's folder are wanted");
	memcpy(&r.o, o, o->size < sizeof r.o ? o->size : sizeof r.o);
	r.folder = r.o.run;
	if (!(r.arena = fv_arena_new(c)))
		return fv_fail_memory(err, "train", sizeof r);
	if ((st = fv_settings_take(err, &r)) || (st = fv_run_open(err, &r)) || (st = fv_store_new(err, c, &r.store)) || (st = fv_run_open_data(err, &r)))
		goto done;
	if ((st = fv_measure_open(err, &r)))
		goto done;
	if ((r.recipe->configure && (st = r.recipe->configure(err, &r))) || (r.recipe->open && (st = r.recipe->open(err, &r))) ||
	    (st = fv_run_begin_weights(err, &r)) || (st = fv_run_open_programs(err, &r)) || (st = fv_run_tell_weights(err, &r)))
		goto done;
	if ((st = fv_run_find(err, &r, &resumed)) || (resumed && (st = check_more(err, &r))) || (st = fv_settings_write(err, &r)))
		goto done;
	if ((st = fv_events_open(err, &r)) || (st = resumed ? go_on(err, &r) : begin(err, &r)))
		goto done;
	if (resumed)
		fv_run_say(&r, "going on at step %" PRId64 " of %" PRId64, r.step, r.steps);
	if (!(st = fv_report_write(err, &r)))
		st = run(err, &r);
	st = end(err, &r, st);
done:
	if (r.state && r.recipe->close)
		r.recipe->close(&r);
	fv_events_close(&r);
	fv_measure_close(&r);
	fv_run_close_programs(&r);
	fv_run_close_data(&r);
	if (r.store)
		fv_store_free(r.store->initial);
	fv_store_free(r.store);
	fv_run_close(&r);
	fv_arena_free(r.arena);
	return st;
}
