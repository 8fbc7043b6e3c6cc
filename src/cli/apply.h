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
	const char *output, *strokes, *flow;
	double strength, detail, palette, relief, megapixels;
	int64_t seed, quality, memory;
	int norm;
	bool keep_private, force;
	/* of films */
	const char *codec, *preset, *size, *from, *to;
	double crf;
	int stabilize;
	bool preview;
} fv_apply_options;

extern const fv_option fv_apply_table[];  /* of fv_apply_options (apply_options.c) */

/* ---- what is to be painted (apply_jobs.c) */
typedef struct { char *in, *out; } fv_job;
typedef struct {
	fv_job *item;
	int count, room;
} fv_jobs;

/* The jobs of files and folders named on the command line. out: yours, fv_jobs_free, also after a
 * failure. */
fv_status fv_jobs_list(fv_err *err, const fv_apply_options *o, int count, char **args,
                       fv_jobs *out);
void fv_jobs_free(fv_jobs *j);

/* ---- what paints them */
typedef struct {
	fv_cli *cli;
	fv_context *context;
	const fv_model *model;
	fv_painter *painter;
	const fv_apply_options *o;
	const fv_pixels *flow;          /* NULL: none was named */
	const fv_job *job;              /* in work */
} fv_apply;

/* How a picture of that size is painted: all but max_memory (apply_options.c). */
fv_status fv_apply_how(fv_err *err, const fv_apply *a, const fv_pixels *size,
                       fv_paint_options *how);
/* Reads, paints and writes one picture. say: that it is done is said (apply_picture.c). */
fv_status fv_apply_picture(fv_err *err, fv_apply *a, const fv_job *j, bool say);
/* The same for a film (apply_film.c), */
fv_status fv_apply_film(fv_err *err, fv_apply *a, const fv_job *j, bool say);
/* and for either, by what the job's file is. */
fv_status fv_apply_file(fv_err *err, fv_apply *a, const fv_job *j, bool say);
/* Is it a film by its first bytes; can one be written under that name? */
bool fv_is_film(const char *path);
bool fv_film_ending(const char *path);
/* The same for many, one after the other; what fails is said and left out (apply_many.c). */
fv_status fv_apply_many(fv_err *err, fv_apply *a, const fv_jobs *j);
/* Ctrl-C was pressed: for what wants a function of it. */
bool fv_apply_stopped(void *user);
#endif
