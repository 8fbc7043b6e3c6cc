/* SPDX-License-Identifier: Apache-2.0 */
/* A recipe is a file of this folder, recipe_NAME.c, that ends in a record: all that the rest of fauve knows of it. Command line, help,
 * run.json, a model's metadata and what may change when a run goes on follow from its option table; opening, stepping,
 * previewing, saving and resuming are written once (loop.c, step.c, preview.c, settings.c, run.c) and go by the record; no
 * recipe's name is compared outside its own file. docs/add-a-recipe.md says how to add one. */
#ifndef FV_RECIPE_H
#define FV_RECIPE_H
#include "base/option.h"
#include "device/program.h"
#include "net/family.h"

typedef struct fv_run fv_run;

/* ---- data. A kind of data is a record too: how it is opened, and what a batch of it is. */
typedef struct fv_data fv_data;
typedef struct fv_data_want fv_data_want;
typedef struct {
	/* Looks whether what the option names is there, before any data are opened. NULL: opening says so. */
	fv_status (*find)(fv_err *err, fv_run *r, const fv_data_want *want, fv_data *d);
	/* Opens it; fills d->own, d->found, and the size of a sample where it has one. */
	fv_status (*open)(fv_err *err, fv_run *r, const fv_data_want *want, fv_data *d);
	/* Batch `index`, a pure function of it and the seed. part: 0 the pictures, 1 what goes with
	 * them (labels, answers; of crops the same with their edges blurred). */
	void (*take)(fv_data *d, int64_t index, int part, float *to);
	void (*close)(fv_data *d);
	/* Of pictures, for previews: n of side x side, 3 in [-1,1], the same at each call. NULL: none
	 * are shown. */
	fv_status (*show)(fv_err *err, fv_run *r, const fv_data *d, int part, int64_t side, int n,
	                  float *to);
	bool paired;                    /* parts 0 and 1 are pictures of the crops' side, and shown so */
	bool sets_aside;                /* opening can set pictures aside (fv_data.aside) */
} fv_data_type;
extern const fv_data_type fv_data_crops;        /* square crops of pictures: of folders, or of one picture (feed.h) */
extern const fv_data_type fv_data_digits;       /* small grey pictures: an idx file, or a folder (mnist.h) */
extern const fv_data_type fv_data_pairs;        /* pictures and what is to become of them (pairs.h) */

struct fv_data_want {
	const char *option;             /* by which it is given, in the recipe's table: TEXTS for crops, else TEXT */
	const fv_data_type *type;
	const char *purpose;            /* of crops: names the draws, and what was found: "photographs" */
	int batch;                      /* samples of a batch; 0: the option `batch` */
	int64_t longest, longer;        /* as in fv_feed_options */
	double zoom_low, zoom_high;
	const char *shipped;            /* NULL, or: some come with the program, for those who give none; this is what they are */
};

struct fv_data {
	const fv_data_want *want;
	fv_context *context;
	void *own;
	uint64_t seed;
	int64_t batch, height, width;   /* samples of a batch; pixels of one, 0: as the option `size` says */
	const char *const *path;        /* of crops: the files */
	int count;
	char found[120];                /* "189 pictures, 320x240 to 640x640, 2 broken" */
	/* Pictures to measure on, not learnt from: RGB, 8 bits, their data from malloc(). */
	int aside;                      /* at most so many are to be set aside; 0: none */
	fv_pixels *held;
	int helds;
	int64_t bytes;                  /* of decoded pictures that it holds */
};

/* ---- programs: graphs over the run's variables, run in the record's order */
typedef struct {
	const char *port;               /* NULL ends the list */
	const char *from;               /* the data's option, or "NAME:PORT": what a program before it made in this step */
	int part;                       /* of the data */
	int history;                    /* of what was made: so many older ones are kept, and half of the time one of those is given
	                                 * (Shrivastava et al., arXiv:1612.07828, section 2.3); 0: none. They are part of the checkpoint */
} fv_recipe_input;

typedef struct {
	const char *port;               /* NULL ends the list */
	double (*at)(const fv_run *r, int64_t update);  /* update: how many of this program's were made, dropped ones not counted */
	bool rate;                      /* a learning rate: halved by each rollback */
} fv_recipe_scalar;

typedef struct {
	const char *name;               /* in stats.jsonl; NULL ends the list */
	const char *port[2];            /* where it is read; of two the mean */
	/* Where it stays below, or above, that, the discriminator has won and teaches little: least
	 * squares' own loss below 0.01, cross-entropy's of the generator above 6. 0 and 0: it says
	 * nothing of that. */
	double won_below, won_above;
} fv_recipe_loss;

typedef struct {
	const char *name;               /* NULL ends the list */
	/* Appends the graph: inputs by their ports' names, updates, outputs; its error is the graph's. */
	void (*build)(fv_graph *g, fv_run *r);
	/* It runs at every so many-th step, the first included; NULL: at each; 0: it is no part of
	 * this run. */
	int64_t (*every)(const fv_run *r);
	int64_t (*times)(const fv_run *r);      /* and then so many times, each with a fresh batch; NULL: once */
	const fv_recipe_input *inputs;
	const fv_recipe_scalar *scalars;
	const fv_recipe_loss *losses;
	const char *ok;                 /* the port of a flag: 0 where something was not finite, and no update was made */
	/* What no list can say: puts further values before the run of this number. NULL: there are none. */
	fv_status (*feed)(fv_err *err, fv_run *r, fv_program *p, int64_t number);
} fv_recipe_program;

/* ---- models: what people get. The first is what previews show, and what a style's name stands for. */
typedef struct {
	const char *file;               /* in the run's folder; NULL ends the list */
	const fv_family *family;
	const char *prefix;             /* of its weights among the run's variables */
	size_t config;                  /* offsetof its family's config in the recipe's */
	const char *shows;              /* of one that paints: the option of the data that previews paint */
	const char *learnt;             /* of one that is an average: the prefix of what it
	                                 * is the average of, which begins as a file's weights
	                                 * (--init); NULL: prefix */
} fv_recipe_model;

typedef struct {
	const char *name, *help;        /* name NULL ends the list */
	const char *values[12];         /* "width=8", over the defaults */
} fv_recipe_preset;

#define FV_RECIPE_DATA 4
#define FV_RECIPE_PRESETS 5
#define FV_RECIPE_PROGRAMS 4
#define FV_RECIPE_MODELS 3              /* with what ends the list */
#define FV_LOSSES 16
typedef struct {
	const char *name, *help;        /* help: what it learns and from what, for a list of recipes */
	const fv_option *options;       /* FV_KEPT_ says how each is kept. A batch's size is `batch`, a crop's side `size`,
	                                 * which of a pair is given `direction` */
	size_t bytes;                   /* of the struct that they lie in */
	fv_recipe_preset presets[FV_RECIPE_PRESETS + 1];
	double seconds;                 /* how long it trains where nothing is said; 0: for so many steps */
	int64_t steps;
	const fv_data_want data[FV_RECIPE_DATA];
	size_t config_bytes;            /* of what its graphs are built from */
	/* Changes r->model, the models below, where options choose a family or a direction: before
	 * any data are looked for. NULL: they are as they stand here. */
	void (*choose)(fv_run *r);
	/* Fills r->config from r->options and the data. FV_E_ARGUMENT: they do not go together. */
	fv_status (*configure)(fv_err *err, fv_run *r);
	fv_recipe_program programs[FV_RECIPE_PROGRAMS];
	fv_recipe_model models[FV_RECIPE_MODELS];
	json_t *(*signature)(void);     /* as it stands in the models' metadata */
	const char *const *smallest;    /* option texts of a run as small as they get, for tests; ended by NULL */

	/* ---- what is a recipe's own beside its graphs; each may be NULL */
	fv_status (*open)(fv_err *err, fv_run *r);              /* after the data, before the programs; r->state is its own */
	void (*close)(fv_run *r);                               /* after a failed open too */
	int64_t (*bytes_of)(const fv_run *r);                   /* that its material takes, weights and optimiser not counted */
	fv_status (*about)(fv_err *err, fv_run *r, json_t *about);      /* further metadata of the models */
	/* What is done to what a preview has painted: side x side, 3 in [-1,1]. room: as many floats. */
	fv_status (*finish)(fv_err *err, fv_run *r, float *painted, int side, float *room);
	/* Looks at a preview: photograph and painting by turns. */
	fv_status (*look)(fv_err *err, fv_run *r, const fv_pixels *cells, int pictures);
} fv_recipe;

/* Those of src/train/meson.build, ended by NULL. */
extern const fv_recipe *const fv_recipes[];
const fv_recipe *fv_recipe_find(const char *name);      /* NULL: unknown */
/* Defaults, and over them the values of a preset (NULL: none), in the recipe's struct. FV_E_ARGUMENT: it has none of that name. */
fv_status fv_recipe_values(fv_err *err, const fv_recipe *recipe, const char *preset, void *values);

/* ---- what a run knows, for a recipe's functions */
fv_data *fv_run_data(const fv_run *r, const char *option);
struct fv_feed *fv_data_feed(const fv_data *d);         /* of crops; feed.h */
int64_t fv_run_room(const fv_run *r);   /* bytes of decoded pictures that a feed may hold; 0: any */
/* Takes down what a feed holds, and says how many pictures it does not. */
void fv_data_count(const fv_run *r, fv_data *d, const struct fv_feed *feed);
/* The same: so many bytes are held, and `others` of the `what` are not. */
void fv_data_held(const fv_run *r, fv_data *d, int64_t bytes, int others, const char *what);
/* Where the value of an option of the recipe's table lies; NULL: it has none of that name. */
const void *fv_run_value(const fv_run *r, const char *option);
int64_t fv_run_integer(const fv_run *r, const char *option, int64_t without);  /* an INT of the recipe's table */
double fv_run_done(const fv_run *r);                    /* 0 to 1; 0 while a warm-up does not know the number of steps yet */
/* Where something is that was named rather than given as a path (fv_train_options.find). name NULL: what comes with the program. */
fv_status fv_run_place(fv_err *err, const fv_run *r, const char *option, const char *name, char *path, size_t room);
void fv_run_preparing(void *run, double done, const char *line);        /* the live line before the first step */

/* ---- schedules */
double fv_schedule_update(const fv_run *r, int64_t update);             /* 1, 2, 3, ...: Adam's step number */
/* 1 up to the share `from` of the steps, then linearly down to 0 at their end. */
double fv_schedule_linear(const fv_run *r, double from);
/* The recipe's option `rate`, as it is for half of the steps, then down to 0 in a line. */
double fv_schedule_rate(const fv_run *r, int64_t update);
#endif
