/* SPDX-License-Identifier: Apache-2.0 */
/* Options: a table says of each what it is named, its type, range and default, and where its value lies in a struct. From one
 * table follow the command line and its help (cli/), what the library is given as "name=value" (fauve.h), and what a run
 * keeps as JSON (train/settings.c). To add one: a line in the table of its command or recipe and a field in its struct. */
#ifndef FV_OPTION_H
#define FV_OPTION_H
#include "base/json.h"

typedef enum {
	FV_OPT_FLAG,            /* bool */
	FV_OPT_TEXT,            /* const char *; NULL when not given */
	FV_OPT_TEXTS,           /* fv_texts; may be given several times */
	FV_OPT_INT,             /* int64_t; 0 when not given and without preset */
	FV_OPT_FLOAT,           /* double; NAN when not given and without preset */
	FV_OPT_DURATION,        /* double, seconds; from "45s", "90m", "2h", "1h30m", "1d"; NAN as above */
	FV_OPT_SIZE,            /* int64_t, bytes; from "500M", "2G" (1024), "4096"; 0 as above */
	FV_OPT_ENUM,            /* int, an index into choices; -1 as above */
} fv_option_type;

/* What a value is, for completion in the shell; of a file or folder also for what a run keeps of it. */
typedef enum { FV_ARG_PLAIN, FV_ARG_FILE, FV_ARG_FOLDER, FV_ARG_STYLE, FV_ARG_COMMAND, FV_ARG_RECIPE } fv_arg_kind;

typedef struct {
	const char *const *item;                /* count entries, then NULL; never NULL itself */
	int count;
} fv_texts;

/* How a recipe's option is kept (train/recipe.h); commands have no use for it. */
enum {
	FV_KEPT_CHANGES = 1,            /* a run that goes on may be given another value */
	FV_KEPT_MOVES = 2,              /* names data, which may lie elsewhere when a run goes on; what is there must be the same */
	FV_KEPT_INNER = 4,              /* no option of people's: only a recipe's presets set it, and their name stands for it */
	FV_KEPT_APART = 8,              /* a model file says it elsewhere, or need not say it */
};

typedef struct {
	const char *name;                       /* long name without dashes; NULL ends a table */
	char letter;                            /* short name or 0 */
	fv_option_type type;
	fv_arg_kind kind;
	bool required;
	uint32_t kept;                          /* FV_KEPT_ bits */
	const char *arg;                        /* the value's name in help: "FILE", "N"; NULL for flags */
	size_t at;                              /* offsetof in the options' struct */
	const char *preset;                     /* default as it would be typed, or NULL */
	const char *preset_help;                /* shown as default when there is no preset: "the recipe's" */
	double low, high;                       /* range of INT, FLOAT, DURATION, SIZE; both 0: any number from 0 on */
	int multiple;                           /* INT: of that; 0: any */
	const char *const *choices;             /* of ENUM, ended by NULL */
	const char *help;                       /* half a sentence, no full stop */
} fv_option;

/* NULL: the table (or NULL) has none of that name. */
const fv_option *fv_option_find(const fv_option *table, const char *name);
bool fv_option_in_range(const fv_option *o, double v);
/* Every default; TEXTS are left empty. FV_E_ARGUMENT: a default that its own option refuses. */
fv_status fv_option_presets(fv_err *err, const fv_option *table, void *values);
/* "1h30m", "90m", "45s", "2.5h"; a bare number is refused: nobody remembers which unit it would
 * be. */
bool fv_duration_parse(const char *text, double *seconds);
/* What was typed. The text must outlive the values; a TEXTS has `room` places. FV_E_ARGUMENT: "batch: 0 is not between ...". */
fv_status fv_option_set(fv_err *err, const fv_option *o, const char *text, void *values, int room);
/* The nearest of names that are near enough for a slip of the finger; begin with { 0 }, name NULL:
 * none was. */
typedef struct { const char *name; int slips; } fv_near;
void fv_nearer(const char *word, const char *name, fv_near *best);
/* The same of a list, ended by NULL. */
const char *fv_nearest(const char *word, const char *const *names);

/* ---- as JSON in a file of the folder `folder`, which is handed on and says nothing of its owner: a path (FV_ARG_FILE, FV_ARG_FOLDER)
 * stands there as seen from the folder ("./x", "../../photos"), as "~/x" where it is at home and the folder is not, and with
 * $USER for a folder of the user's name; so it still holds when the folder and the files are moved together. What is no
 * path (the name of a feature network) stands as it is, as do the whole paths of an early fauve.
 * NULL: a path is no UTF-8, or no memory; null: it has no value. */
json_t *fv_option_json(const fv_option *o, const void *values, const char *folder);
/* A stranger's word: type and range are looked at. Texts live in a. FV_E_FORMAT; file: for the sentence. */
fv_status fv_option_read(fv_err *err, fv_arena *a, const fv_option *o, const json_t *v, const char *file, const char *folder, void *values);
#define FV_PATH_MAX 4096
#endif
