/* SPDX-License-Identifier: Apache-2.0 */
/* Training: a recipe builds the step and names its data; one loop runs them all.
 *
 * A run is a folder:
 *	checkpoint.safetensors (and .previous)	the whole run: going on from it equals never having stopped (but which of them a
 *						rollback goes back to is the clock's choice)
 *	model.safetensors			what `apply` or `generate` takes, as of the last checkpoint
 *	stats.jsonl				losses by step; cut back to the checkpoint's step when resumed
 *	times.jsonl				wall times by step, and what the watch (watch.h) saw: they differ from run to run
 *	run.json				how the run was begun, in the program's words
 *	sheets/					contact sheets */
#ifndef FV_TRAIN_H
#define FV_TRAIN_H
#include "device/program.h"
#include "train/feed.h"
#include <jansson.h>
#include <stdio.h>

typedef struct { const char *const *path; int count; } fv_paths;

typedef struct {
	const char *recipe;             /* "style", "dense" */
	const char *preset;             /* dense: "textbook"; style: "instant"; or NULL */
	fv_paths photos, art;           /* style: the folders' picture files */
	const char *photos_are;         /* what the photographs are, for the metadata of run and model; may be NULL */
	const char *data;               /* dense: an idx file, or the folder of one; else NULL and pictures */
	fv_paths pictures;              /* dense: picture files */
	const char *run;                /* folder; made when missing */
	const char *place;              /* of one more copy of the model, made with each checkpoint; its folder is there; may be NULL */
	const char *begun;              /* kept there as run.json once the folder is ours and its run has the same settings; may be NULL */
	double seconds;                 /* for the whole run; turned into steps after a timed warm-up. 0: steps counts */
	double more_seconds;            /* a run that is there goes on for so long, at the pace it had; 0: to the end it has */
	int64_t steps;
	/* 0, or below 0 for the weights: the recipe's default */
	int batch, size, width, blocks;
	double rate, adv, content, style, colour;
	const char *features;           /* style: the file of the network that teaches */
	const char *critic;             /* style: of one that does not, by which previews say how near it is; NULL: they do not say */
	uint64_t seed;
	double preview_seconds, checkpoint_seconds;
	int64_t max_memory;             /* bytes; 0: no limit of ours */
	/* What the core cannot do itself. Called from the training thread, decode from feed threads too. */
	fv_decode decode;
	fv_status (*sheet)(void *user, fv_err *err, const char *path, const fv_pixels *pictures, int count, int columns);
	void (*say)(void *user, const char *line);                      /* a line that stays */
	void (*live)(void *user, double done, const char *line);        /* the live line; done in [0,1] */
	void *user;
} fv_train_options;

#define FV_LOSSES 8
#define FV_STEPS_MAX 1000000000         /* of a run, those of a resumed one included */
#define FV_IN_A_ROW 3                   /* dropped steps before a rollback */
#define FV_ROLLBACKS 8                  /* before giving up */
typedef struct fv_run fv_run;
typedef struct {
	const char *name;
	/* Fills in what the options leave open. */
	void (*defaults)(fv_train_options *o);
	/* Looks at the data, says what it found, makes variables, graphs, plans; r->state is the recipe's own. */
	fv_status (*open)(fv_err *err, fv_run *r);
	/* One step: fills r->loss and r->finite. Each update in it is left out where its own losses and gradients, or those
	 * of an update before it, are not finite. */
	fv_status (*step)(fv_err *err, fv_run *r);
	fv_status (*preview)(fv_err *err, fv_run *r, const char *path);
	/* The model as people get it: variables and their names in the file, and the metadata's network part. */
	fv_status (*save)(fv_err *err, fv_run *r, const char *path);
	void (*close)(fv_run *r);
	int period;                     /* steps after which the work repeats: what a warm-up must time */
} fv_recipe;

struct fv_run {
	fv_context *context;
	fv_train_options o;
	const fv_recipe *recipe;
	fv_store *store;
	void *state;
	int64_t step, steps;            /* done; in all (0: not known yet) */
	int64_t dropped, attempt;       /* steps dropped by the guard; rollbacks */
	int in_a_row;
	double rate_scale;              /* halved by each rollback */
	const char *loss_name[FV_LOSSES];
	double loss[FV_LOSSES];
	int losses;
	bool finite;
	/* run.c's own */
	char data[300];                 /* what the data were: a run goes on with the same */
	int lock;
	FILE *stats, *times;
	double spent;                   /* seconds that earlier starts of this run took */
};

extern const fv_recipe fv_recipe_style, fv_recipe_dense;
const fv_recipe *fv_recipe_find(const char *name);              /* NULL: unknown */

/* Trains until the steps are done or the context is cancelled (then FV_E_CANCELLED, after a checkpoint). */
fv_status fv_train(fv_err *err, fv_context *c, const fv_train_options *o);
/* The same with a recipe that is in no list; o->recipe is its name. */
fv_status fv_train_recipe(fv_err *err, fv_context *c, const fv_recipe *recipe, const fv_train_options *o);
#endif
