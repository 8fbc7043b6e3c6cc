/* SPDX-License-Identifier: Apache-2.0 */
/* A command is a table and a function. Parser, --help, man page and completions all follow from the
 * table.
 *
 *	typedef struct { double strength; const char *output; fv_texts art; } options;
 *
 *	static const fv_option table[] = {
 *		{ .name = "strength", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, strength), .preset = "1",
 *		  .low = 0, .high = 1, .help = "0 is the photograph, 1 all paint" },
 *		{ .name = "output", .letter = 'o', .type = FV_OPT_TEXT, .arg = "FILE", .kind = FV_ARG_FILE, .required = true,
 *		  .at = offsetof(options, output), .help = "where the picture goes" },
 *		{ .name = "art", .type = FV_OPT_TEXTS, .arg = "DIR", .at = offsetof(options, art), .help = "paintings" },
 *		{ 0 },
 *	};
 *	static const fv_argument arguments[] = { { "MODEL", "a style's name or a model file", .kind = FV_ARG_STYLE }, { 0 } };
 *	static const fv_example examples[] = { { "fauve thing vangogh -o a.png", "What this does." }, { 0 } };
 *	const fv_command fv_command_thing = {
 *		.name = "thing", .summary = "does a thing", .description = "...", .options = table, .bytes = sizeof(options),
 *		.arguments = arguments, .examples = examples, .run = run,
 *	};
 *
 * To add a command: such a file, its name in src/cli/meson.build's list. See README. */
#ifndef FV_CLI_H
#define FV_CLI_H
#include "base/option.h"
#include "cli/progress.h"
#include <math.h>
#include <stdio.h>

typedef struct {
	const char *name;                       /* "MODEL"; NULL ends a table */
	const char *help;
	fv_arg_kind kind;
	bool optional, many;                    /* many: the last one, once or more */
	const char *const *choices;             /* or NULL */
} fv_argument;

typedef struct { const char *line, *what; } fv_example; /* line NULL ends a table */

/* What the first argument of a command may name, where each has options of its own: a recipe. */
typedef struct {
	const char *name, *help;                /* help: what it is */
	const fv_option *options;
	const fv_example *sets;                 /* "preset textbook" and what it is; or NULL */
	const char *note;                       /* a sentence at its page's end; or NULL */
} fv_variant;

/* The program while it runs: global options, and where messages go. */
typedef struct {
	int verbose;                            /* 0, 1 (-v), 2 (-v -v) */
	bool quiet, json;
	int64_t threads;                        /* 0: all */
	int isa;                                /* into fv_isa_choices; -1: FAUVE_ISA, else all
	                                         * that the machine has */
	const char *limit;                      /* NAME=SIZE,...; NULL: the presets
	                                         * (base/limits.h) */
	int precision;                          /* 0 auto, 1 f32, 2 bf16, 3 exact */
	int sandbox;                            /* an fv_sandbox: 0 auto, 1 all, 2 off */
	int colour_when;                        /* 0 on a terminal, 1 always, 2 never */
	bool colour;                            /* of stderr, as it came out */
	fv_progress *progress;                  /* never NULL in run() */
	struct fv_spare *spare;                  /* of contexts made here (base/spare.h), or NULL */
} fv_cli;

typedef struct {
	const char *name, *summary;             /* "apply", "paint pictures" */
	const char *description;                /* paragraphs apart by an empty line; wrapped
	                                         * when shown */
	const fv_option *options;               /* or NULL */
	size_t bytes;                           /* sizeof the options' struct */
	const fv_argument *arguments;           /* or NULL */
	const fv_example *examples;
	bool json;                              /* takes --json */
	const fv_variant *(*variant)(int i);    /* NULL behind the last; or NULL: it has none */
	/* Options beside its own that it hands on as texts: those below and its variants' stand as "name=value" in the fv_texts at
	 * handed_at in the options' struct. */
	const fv_option *handed;
	size_t handed_at;
	/* options: filled in from the command line; args: the positional arguments. On failure err says why; the program
	 * prints that and exits with the status' code. */
	fv_status (*run)(fv_err *err, fv_cli *cli, const void *options, int count, char **args);
} fv_command;

extern const fv_command *const fv_commands[];   /* ended by NULL, in the order of help */
const fv_command *fv_command_find(const char *name);

/* ---- for commands. Data goes to stdout (fv_out, or stdio), messages to stderr. */
/* What would steer a terminal is shown instead (base/text.h); lines end where \n stands, so foreign
 * text that may hold one goes through fv_show first. */
void fv_out(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for JSON, with a line's end behind it. */
fv_status fv_out_json(fv_err *err, const json_t *j, size_t flags);
/* A line for people on stderr; not with -q. */
void fv_say(fv_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line that -q does not silence: `fauve: warning: ...`, `fauve: ...` (an input that failed while
 * others go on). */
void fv_warn(fv_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fv_complain(fv_cli *cli, const fv_err *err);
/* What this thread says is kept from now on, for work that ends out of order; NULL: it is shown
 * again. fv_held_show shows what was kept, and forgets it. */
typedef struct { char *text; size_t bytes; } fv_held;
void fv_hold(fv_held *to);
void fv_held_show(fv_cli *cli, fv_held *h);
/* True once Ctrl-C was pressed; contexts made here ask it themselves. */
bool fv_interrupted(void);
void fv_catch_interrupts(void);                 /* main() calls it first */
/* Ctrl-C is waited for as long as it takes; without this the program ends within a second of it. */
void fv_stop_gently(void);
/* A file that is removed then, while this thread writes it; NULL: none. */
void fv_stop_removes(const char *path);
/* A context by the global options: threads, ISA, log to stderr, Ctrl-C. paints: --precision auto is
 * bf16 then. Yours. */
fv_status fv_cli_context(fv_err *err, fv_cli *cli, bool paints, fv_context **out);

/* A model's file: name as a path (a run's folder gives its model), else NAME.safetensors in the
 * styles' folders in order: $FAUVE_STYLES, the user's ($XDG_DATA_HOME/fauve/styles), those shipped
 * (beside the program, installed). FV_E_READ with the names there are. */
fv_status fv_style_find(fv_err *err, const char *name, char *path, size_t room);

/* What main() does when it was started to read a film (apply_film.c): the exit code. */
int fv_film_child(void);

/* ---- the parser; also for tests */
typedef struct {
	const fv_command *command;              /* NULL: --version or --help alone; see help and
	                                         * version */
	bool help, version;
	fv_cli *cli;                            /* global options are set here */
	void *options;                          /* command->bytes */
	int count;
	char **args;                            /* into argv */
	void *lists;
	char **handed;                          /* "name=value", ended by NULL */
} fv_parsed;
fv_status fv_parse(fv_err *err, int argc, char **argv, fv_cli *cli, fv_parsed *out);
void fv_parsed_free(fv_parsed *p);
const fv_variant *fv_variant_find(const fv_command *c, const char *name);      /* NULL: none */
const char *const *fv_variant_names(const fv_command *c);       /* ended by NULL; until the next call */
/* That texts handed on are options of the variant, with values that they take. FV_E_ARGUMENT. */
fv_status fv_variant_check(fv_err *err, const fv_command *c, const fv_variant *v, const char *const *texts);

/* Help, man page and completions from the tables. */
void fv_help_program(FILE *to);
void fv_help_command(FILE *to, const fv_command *c, const fv_variant *v);       /* v: one of its variants', or NULL */
void fv_help_man(FILE *to);
bool fv_help_completion(FILE *to, const char *shell);   /* "bash", "zsh", "fish"; false: another */
extern const fv_option fv_global_options[];             /* at is into fv_cli */
extern const char *const fv_isa_choices[];
/* "-o, --output FILE"; "where it goes (default: here)". Shared by help and man page. */
void fv_option_syntax(const fv_option *o, char *text, size_t room);
void fv_option_text(const fv_option *o, char *text, size_t room);
static inline bool fv_option_shown(const fv_option *o) { return !(o->kept & FV_KEPT_INNER); }
/* "[OPTIONS] MODEL FILE..." */
void fv_command_syntax(const fv_command *c, char *text, size_t room);
#endif
