/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: what its parts share. apply.c is the command: it opens what is named once and hands
 * each job to the way of painting that its file wants. */
#ifndef FV_APPLY_H
#define FV_APPLY_H
#include "cli/cli.h"
#include "base/file.h"
#include "paint/paint.h"
#include "picture/picture.h"

typedef struct {
	const char *output, *strokes, *flow, *files_from, *watch;
	double strength, detail, palette, relief, megapixels;
	int64_t seed, quality, memory;
	int norm, format;
	bool keep_private, force, again;
} fv_apply_options;

extern const fv_option fv_apply_table[];  /* of fv_apply_options (apply_options.c) */

/* ---- what is to be painted (apply_jobs.c) */
typedef struct {
	char *in, *out;                 /* "-": standard input, standard output */
	char *below;                    /* where in a folder OUT its name would stand */
	char *why;                      /* it cannot be read, as was seen before; or NULL */
} fv_job;
typedef struct {
	fv_job *item;
	int count, room;
	bool folder;                    /* OUT is one */
	bool many;                      /* asked for as many, even if only one was found */
	bool watched;                   /* as asked by who lists: a folder may hold no pictures */
} fv_jobs;

/* The jobs of files, folders, patterns and lists named on the command line. OUT, when it is a
 * folder, is made, and may be written to. out: yours, fv_jobs_free, also after a failure. */
fv_status fv_jobs_list(fv_err *err, const fv_apply_options *o, int count, char **args,
                       fv_jobs *out);
void fv_jobs_free(fv_jobs *j);
/* The ending of the format that is asked for, where OUT's own does not say it; or NULL. */
const char *fv_apply_ending(const fv_apply_options *o, const char *out);

/* ---- what paints them */
typedef struct {
	fv_cli *cli;
	fv_context *context;
	const fv_model *model;
	fv_painter *painter;
	const fv_apply_options *o;
	const fv_pixels *flow;          /* NULL: none was named */
	const fv_job *job;              /* in work */
	/* With others in work beside it: bytes that those may still take; and who says whether it
	 * may be read now, by what it takes beside painting, and in all. NULL: it is alone. */
	double others;
	fv_status (*admit)(fv_err *err, void *user, const fv_pixels *v, double beside, double all);
	void *user;
} fv_apply;

/* How a picture of that size is painted: all but max_memory (apply_options.c). */
fv_status fv_apply_how(fv_err *err, const fv_apply *a, const fv_pixels *size,
                       fv_paint_options *how);
/* Reads, paints and writes one picture. say: that it is done is said (apply_picture.c). */
fv_status fv_apply_picture(fv_err *err, fv_apply *a, const fv_job *j, bool say);
/* Its steps. out: yours. mark: of what is finished, or NULL. */
fv_status fv_apply_read(fv_err *err, fv_apply *a, const fv_job *j, fv_picture **out);
fv_status fv_apply_brush(fv_err *err, fv_apply *a, const fv_job *j, fv_picture *p);
fv_status fv_apply_write(fv_err *err, const fv_apply *a, const fv_job *j, const fv_picture *p,
                         void *mark);
/* Ctrl-C was pressed: for what wants a function of it. */
bool fv_apply_stopped(void *user);

/* ---- many (apply_many.c): read ahead, painted, and written behind, all at once */
typedef struct {
	int painted, skipped, failed;
	fv_status status;               /* of the last that failed */
	double begun;                   /* fv_now() */
} fv_tally;
/* What fails is said, counted and left out. FV_E_CANCELLED, FV_E_MEMORY. */
fv_status fv_apply_many(fv_err *err, fv_apply *a, const fv_jobs *j, fv_tally *t);
/* What came of them: said, and the command's status. */
fv_status fv_apply_sum(fv_err *err, fv_apply *a, const fv_tally *t);
/* What comes into a folder, until Ctrl-C (apply_watch.c). */
fv_status fv_apply_watch(fv_err *err, fv_apply *a);

/* ---- what is finished (apply_finished.c) */
typedef enum { FV_UNPAINTED, FV_FINISHED, FV_CHANGED /* since it was painted */ } fv_finished;
typedef struct {
	uint64_t in, settings;          /* hashes: of the photograph's bytes; fv_apply_settings */
	bool known;                     /* in is */
} fv_mark;
/* Of all that says how a picture is painted. */
fv_status fv_apply_settings(fv_err *err, const fv_apply *a, uint64_t *hash);
fv_finished fv_finished_look(const fv_job *j, uint64_t settings, fv_mark *mark);
/* Leaves the mark (user) on a painting, as fv_write_options' `whole`. */
void fv_finished_mark(void *user, int fd, uint64_t hash);
#endif
