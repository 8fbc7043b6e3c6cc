/* SPDX-License-Identifier: Apache-2.0 */
/* Training: a recipe names its data and its programs (recipe.h); one loop runs them all. fauve.h has the call.
 *
 * A run is a folder:
 *	checkpoint.safetensors (and .previous)	the whole run: going on from it equals never having stopped (but which of them a
 *						rollback goes back to is the clock's choice)
 *	model.safetensors			what `apply` or `generate` takes, as of the last checkpoint
 *	best.safetensors			the model that was measured as the best (measure.h)
 *	stats.jsonl				losses by step; cut back to the checkpoint's step when resumed
 *	metrics.jsonl				what was measured, by step; the same
 *	times.jsonl				wall times by step, and what the watch (watch.h) saw: they differ from run to run
 *	run.json				the options that the run has; what stopped it
 *	report.html				all of this to look at (report.h)
 *	events.out.tfevents.*			the same for TensorBoard (events.h)
 *	sheets/					contact sheets */
#ifndef FV_TRAIN_H
#define FV_TRAIN_H
#include "train/recipe.h"
#include <stdio.h>

#define FV_STEPS_MAX 1000000000         /* of a run, those of a resumed one included */
#define FV_IN_A_ROW 3                   /* dropped steps before a rollback */
#define FV_ROLLBACKS 8                  /* before giving up */

/* The options that every recipe has. */
typedef struct {
	const char *name, *preset;
	double time, preview, checkpoint;       /* seconds */
	int64_t steps, seed, max_memory;
	const char *init;
	fv_texts freeze;
	const char *until, *measure, *measure_every;
	int64_t patience, set_aside;
	fv_texts held_photos, held_art;
	bool tensorboard;
} fv_train_common;
extern const fv_option fv_train_table[];

typedef struct {
	fv_graph *graph;
	fv_program *program;
	void *room[8];                  /* of each input: a batch */
	fv_variable *history[8];        /* of each input that has one: its pictures */
} fv_run_program;
#define FV_RECIPE_INPUTS 8

/* What is measured while it trains (measure.h), and what came of it: part of the checkpoint. */
typedef struct {
	char metric[40];                /* empty: nothing is */
	bool more;                      /* more of it is better */
	double until;                   /* good enough; NAN: it never is */
	int64_t every;                  /* steps; 0: not known yet */
	int64_t step, best_step;        /* of the last, and of the best; 0: there was none yet */
	double value, best;             /* NAN: none */
	int64_t stale;                  /* measurements since the best */
	int n;                          /* pictures */
	uint64_t pictures;              /* a hash of them: figures of others cannot be compared */
	double seconds;                 /* that one takes */
} fv_measured;

/* What the watch sees now (watch.h). */
#define FV_WATCH_KINDS 5
#define FV_WATCH_SATURATED 4
typedef struct {
	bool begun[FV_WATCH_KINDS];
	double won[FV_LOSSES];  /* of each: the share of late steps at which the judge had won */
	double between;         /* the data's own deviation from sample to sample; 0: not known */
	double apart;           /* and the distance of a sample from the one that is nearest */
} fv_watch;

struct fv_run {
	fv_context *context;
	fv_arena *arena;                /* of options and rooms */
	const fv_recipe *recipe;
	fv_train_options o;
	const char *folder;             /* o.run */
	fv_train_common common;
	void *options, *config, *state; /* the recipe's: its options' struct, what its graphs are built from, its own material */
	uint64_t seed;
	fv_data data[FV_RECIPE_DATA];
	fv_recipe_model model[FV_RECIPE_MODELS];        /* the recipe's, as options have them */
	fv_run_program program[FV_RECIPE_PROGRAMS];
	fv_store *store;
	int64_t batch, size;            /* the options of these names; 1 and 0 without */

	int64_t step, steps;            /* done; in all (0: not known yet) */
	int64_t dropped, attempt;       /* steps dropped by the guard; rollbacks */
	int in_a_row;
	double rate_scale;              /* halved by each rollback */
	const char *loss_name[FV_LOSSES];
	double loss[FV_LOSSES];
	int losses;
	bool finite;
	bool stop;                      /* the caller's progress() said so */
	bool named;                     /* the recipe was named: else the run's own goes on */
	double more_time;               /* given for a run that goes on, else NAN; more_steps likewise, else 0 */
	int64_t more_steps;
	fv_measured measured;
	struct fv_measure *measure;     /* measure.c's own */
	fv_watch watch;
	struct fv_events *events;       /* events.c's own */
	const char *stopped;            /* by what (fv_train_options.stopped); NULL: it has not */
	char stopped_text[200];         /* in a sentence */
	/* run.c's own */
	char found[300];                /* what the data were: a run goes on with the same */
	int lock;
	bool new_folder;                /* the run made it */
	FILE *stats, *times, *metrics;
	double spent;                   /* seconds that earlier starts of this run took */
};

/* fv_train() with a recipe that may be in no list; NULL: the one that o names, or the run's own. */
fv_status fv_train_recipe(fv_err *err, fv_context *c, const fv_recipe *recipe, const fv_train_options *o);
/* A text that the run.json in a folder has under that name; empty: none. FV_E_READ: there is no run.json. */
fv_status fv_train_begun(fv_err *err, fv_context *c, const char *folder, const char *name, char *text, size_t room);

/* ---- settings.c: the options that a run has, and what of them is written where */
/* Recipe, options, config's room: by what is given, over what the run in the folder has. */
fv_status fv_settings_take(fv_err *err, fv_run *r);
/* Was it given now, rather than known from run.json? */
bool fv_settings_given(const fv_run *r, const char *name);
/* Writes run.json. */
fv_status fv_settings_write(fv_err *err, fv_run *r);
/* What run.json says; yours. NULL: a path is no UTF-8, or no memory. */
json_t *fv_settings_all(const fv_run *r);
/* What a run may not change on the way, for the checkpoint; yours. */
json_t *fv_settings_kept(const fv_run *r);
fv_status fv_settings_same(fv_err *err, const fv_run *r, json_t *kept);
/* What a model's metadata say of its training; yours. */
json_t *fv_settings_about(const fv_run *r);

/* ---- step.c */
fv_status fv_run_open_programs(fv_err *err, fv_run *r);         /* says how much memory they take */
void fv_run_close_programs(fv_run *r);
/* One step: fills r->loss and r->finite. Each update in it is left out where its own losses and gradients, or those of an
 * update before it, are not finite. */
fv_status fv_run_step(fv_err *err, fv_run *r);
int64_t fv_run_period(const fv_run *r);                         /* steps after which the work repeats: what a warm-up must time */

/* ---- data.c, preview.c */
fv_status fv_run_open_data(fv_err *err, fv_run *r);             /* says what it found */
void fv_run_close_data(fv_run *r);
fv_status fv_run_preview(fv_err *err, fv_run *r, const char *path);
#endif
