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
	const char *output, *strokes, *flow, *mask, *feather, *mix, *files_from, *watch;
	fv_texts style;                 /* NAME:MASK */
	double strength, detail, palette, relief, megapixels;
	int64_t seed, quality, memory, variations;
	int norm, stats, format;
	bool keep_private, keep_color, only_color, force, again;
	/* of films */
	const char *codec, *preset, *size, *from, *to, *fps;
	double crf;
	int stabilize;
	bool preview;
} fv_apply_options;

extern const fv_option fv_apply_table[];  /* of fv_apply_options (apply_options.c) */

/* ---- what is to be painted (apply_jobs.c) */
typedef struct {
	char *in, *out;                 /* "-": standard input, standard output */
	char *below;                    /* where in a folder OUT its name would stand */
	char *why;                      /* it cannot be read, as was seen before; or NULL */
	bool film;                      /* it is one, or becomes one */
	bool numbered;                  /* its frames are pictures, in a folder or of such names */
} fv_job;
typedef struct {
	fv_job *item;
	int count, room;
	char left[1000];                /* what folders hold and was left out, to be said; or
	                                 * empty */
	bool folder;                    /* OUT is one */
	bool many;                      /* asked for as many, even if only one was found */
	bool watched;                   /* as asked by who lists: a folder may hold no pictures */
} fv_jobs;

/* The jobs of files, folders, patterns and lists named on the command line. OUT, when it is a
 * folder, is made, and may be written to. out: yours, fv_jobs_free, also after a failure. */
fv_status fv_jobs_list(fv_err *err, const fv_apply_options *o, int count, char **args,
                       fv_jobs *out);
void fv_jobs_free(fv_jobs *j);
/* The ending of the format that is asked for, where OUT's own does not say it; or NULL. And that of
 * films, where --format is one of theirs. */
const char *fv_apply_ending(const fv_apply_options *o, const char *out);
const char *fv_apply_film_ending(const fv_apply_options *o);

/* ---- with what they are painted (apply_layers.c) */
/* A style and its share of the picture. The shares of all layers are 1 at most at any place. */
typedef struct {
	char name[FV_PATH_MAX];
	fv_model *model;
	fv_painter *painter;
	double share;                   /* of the strength */
	fv_pixels mask;                 /* data NULL: the same share everywhere */
} fv_layer;
typedef struct {
	fv_layer *item;
	int count;
} fv_layers;

/* MODEL, --mix, --style, --mask. out: yours, fv_layers_free, also after a failure. */
fv_status fv_layers_open(fv_err *err, fv_context *c, const fv_apply_options *o, const char *model,
                         fv_layers *out);
void fv_layers_free(fv_context *c, fv_layers *l);
/* How one of them is painted, of how all are: its strength and its mask. */
fv_paint_options fv_layer_how(const fv_layer *l, const fv_paint_options *all);

/* ---- what paints them */
typedef struct {
	fv_cli *cli;
	fv_context *context;
	const fv_layers *layers;
	const fv_apply_options *o;
	const fv_pixels *flow;          /* NULL: none was named */
	const fv_job *job;              /* in work */
	int page;                       /* of its file's frames or pages, which is read */
	_Atomic bool *private_told;     /* what is private and left out, of a picture before; shared */
	bool warned;                    /* that not all of it could be read */
	int64_t width, height;          /* of what was read last */
	/* With others in work beside it: bytes that those may still take; and who says whether a
	 * picture may be read now, by what it takes beside painting, and in all. NULL: it is alone. */
	double others;
	fv_status (*admit)(fv_err *err, void *user, const fv_pixels *v, double beside, double all);
	void *user;
	fv_painter **painter;           /* of each layer; NULL: the layers' own */
	bool film;                      /* painters are kept from frame to frame */
} fv_apply;

/* How a picture of that size is painted: all but max_memory (apply_options.c). */
fv_status fv_apply_how(fv_err *err, const fv_apply *a, const fv_pixels *size,
                       fv_paint_options *how);
/* Bytes that may be taken beside what is taken now: of --max-memory, or of what is free; those of
 * them that painting may take, 0: any; and whether `need` of them can be had for a picture. */
double fv_apply_allowed(const fv_apply *a);
/* Pixels that a picture may claim, by --max-megapixels; 0: as many as usual. */
int64_t fv_apply_most_pixels(const fv_apply_options *o);
int64_t fv_apply_allowance(const fv_apply *a, const fv_pixels *v);
fv_status fv_apply_fits(fv_err *err, const fv_apply *a, const fv_pixels *v, double need);
/* Painting IN over itself wants --force. */
fv_status fv_apply_over_itself(fv_err *err, const fv_apply *a, const fv_job *j);

/* ---- one, whatever it is (apply_picture.c) */
/* Reads, paints and writes it. say: that it is done is said; mark: of what is finished, or NULL. */
fv_status fv_apply_picture(fv_err *err, fv_apply *a, const fv_job *j, bool say, void *mark);
/* A picture's steps. Reads it, within the memory that it may take, with what alpha hides filled. out:
 * yours. */
fv_status fv_apply_read(fv_err *err, fv_apply *a, const fv_job *j, fv_picture **out);
fv_status fv_apply_brush(fv_err *err, fv_apply *a, const fv_job *j, fv_picture *p);
fv_status fv_apply_write(fv_err *err, const fv_apply *a, const fv_job *j, const fv_picture *p,
                         void *mark);
/* A film, or a Deep Zoom picture: painted by itself, whatever else there is. */
bool fv_apply_alone(const fv_job *j);
/* Whether it has frames or pages that OUT holds too. */
bool fv_apply_has_pages(const fv_apply *a, const fv_job *j, const fv_picture *p);
/* A name, or what stands for '-'. */
const char *fv_apply_called(const char *name, const char *standard);

/* Paints v in place, in all layers. how: as fv_apply_how says, and what memory it may take
 * (apply_layers.c). */
fv_status fv_apply_paint(fv_err *err, const fv_apply *a, fv_pixels *v, const fv_paint_options *how);
/* All frames or pages of a file of which `first`, given up, has been read (apply_frames.c). */
fv_status fv_apply_frames(fv_err *err, fv_apply *a, const fv_job *j, fv_picture *first, bool say,
                          void *mark);
/* Says what the file holds and its painting does not. */
void fv_apply_tell(fv_apply *a, const fv_job *j, const fv_picture *p);
/* A picture that is larger than memory, or becomes a Deep Zoom picture (apply_tiles.c). */
fv_status fv_apply_tiles(fv_err *err, fv_apply *a, const fv_job *j, bool say, void *mark);
/* A film (apply_film.c). */
fv_status fv_apply_film(fv_err *err, fv_apply *a, const fv_job *j, bool say, void *mark);
/* Is it a film by its first bytes; can one be written under that name? */
bool fv_is_film(const char *path);
bool fv_film_ending(const char *path);
/* Is it a name of numbered pictures, such as frames/%05d.png (apply_numbered.c)? */
bool fv_numbered(const char *path);
/* One picture with several seeds, as a sheet (apply_variations.c). */
fv_status fv_apply_variations(fv_err *err, fv_apply *a, const fv_job *j);
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
