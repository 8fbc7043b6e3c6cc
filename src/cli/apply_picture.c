/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: one picture, from file to file, within the memory that it may take. */
#include "cli/apply.h"
#include "base/memory.h"
#include "base/spare.h"
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* bytes for all that is not counted one by one: libraries, stacks, the decoding process'
 * server */
#define SMALL 32e6

/* Bytes that may be taken beside what is taken now: of --max-memory, or of what is free. */
static double allowed(const fv_apply *a)
{
	if (a->o->memory)
		return (double)a->o->memory - fv_memory("/proc/self/status", "VmRSS") - SMALL -
		       a->others;
	double here = fv_memory_free() + (double)fv_spare_bytes(a->cli->spare) - a->others;
	return here > 0 ? 0.9 * (here + (double)fv_painter_bytes(a->painter)) : INFINITY;
}

/* What painting may take: without a limit 900 MB, of which the program itself has some, or what a
 * large picture is as fast with: beyond that, bands are as fast as touching so much memory for the
 * first time; and no more than there is. */
static int64_t allowance(const fv_apply *a, const fv_pixels *v)
{
	double area = (double)v->width * (double)v->height,
	       most = a->o->memory ? INFINITY : fmax(870e6, 220 * area);
	double here = allowed(a);
	return fmin(most, here) < INFINITY ? (int64_t)fmax(1, fmin(most, here)) : 0;
}

/* A name, or what stands for '-'. */
static const char *called(const char *name, const char *standard)
{
	return strcmp(name, "-") ? name : standard;
}

/* Asked when the header has been read: decoding, painting and writing one after the other, and the
 * pixels all the while. */
static fv_status fits(fv_err *err, void *user, const fv_pixels *v, int64_t decoding)
{
	const fv_apply *a = user;
	const char *ending = fv_apply_ending(a->o, a->job->out),
		   *in = called(a->job->in, "standard input");
	fv_paint_options how;
	fv_err why = { 0 };
	int64_t painting, pixels = v->height * v->stride_bytes,
			  writing = fv_picture_write_bytes(ending ? ending : a->job->out, v);
	fv_status st = fv_apply_how(&why, a, v, &how);
	if (!st)
		st = fv_paint_least(&why, a->model, v->height, v->width, &how, &painting);
	if (st)
		return fv_fail(err, st, "%s: %s", in, why.text);
	if (a->admit)
		return a->admit(err, a->user, v, (double)(pixels + fv_max(decoding, writing)),
		                (double)(pixels + fv_max(decoding, fv_max(painting, writing))));
	double need = (double)(pixels + fv_max(decoding, fv_max(painting, writing))),
	       have = allowed(a);
	if (need <= have)
		return FV_OK;
	if (!a->o->memory)
		return fv_fail(
			err, FV_E_MEMORY,
			"%s: %" PRId64 " x %" PRId64
			" pixels need %.0f MB to be painted, and %.0f MB are free; close other "
			"programs, or paint a smaller copy",
			in, v->width, v->height, need / 1e6, fmax(0, have) / 1e6);
	return fv_fail(
		err, FV_E_MEMORY,
		"%s: %" PRId64 " x %" PRId64
		" pixels need %.0f MB to be painted, and --max-memory is %.0f MB; allow more, or "
		"paint a smaller copy",
		in, v->width, v->height, ((double)a->o->memory - have + need) / 1e6,
		(double)a->o->memory / 1e6);
}

bool fv_apply_stopped(void *user) { return fv_interrupted(); }

fv_status fv_apply_read(fv_err *err, fv_apply *a, const fv_job *j, fv_picture **out)
{
	const fv_apply_options *o = a->o;
	fv_err warning;
	a->job = j;
	const double most = isnan(o->megapixels) ? 0 : o->megapixels * 1e6;
	fv_read_options limits = { .max_pixels = (int64_t)most, .keep_private = o->keep_private,
	                           .max_memory = o->memory ? (int64_t)fmax(1, allowed(a)) : 0,
	                           .fits = fits, .cancelled = fv_apply_stopped, .user = a,
	                           .standard_input = !strcmp(j->in, "-") };
	if (!o->force && same_file(j->in, j->out))
		return fv_fail(err, FV_E_ARGUMENT,
		               "%s: would be painted over; name another --output, or say --force",
		               j->in);
	/* What cannot be written is found before the work. */
	fv_status st = strcmp(j->out, "-") ? fv_writer_may(err, j->out) : FV_OK;
	if (!st)
		st = fv_picture_read(err, called(j->in, "standard input"), &limits, out, &warning);
	if (st)
		return st;
	if (warning.status)
		fv_warn(a->cli, "%s", warning.text);
	fv_picture_fill_hidden(*out);
	return FV_OK;
}

fv_status fv_apply_brush(fv_err *err, fv_apply *a, const fv_job *j, fv_picture *p)
{
	fv_pixels *v = fv_picture_pixels(p);
	fv_err why;
	fv_paint_options how;
	fv_status st = fv_apply_how(&why, a, v, &how);
	how.max_memory = allowance(a, v);
	/* Under a limit nothing is held between pictures: reading and writing them wants that
	 * memory. */
	if (!st)
		st = a->o->memory ? fv_paint(&why, a->model, v, &how, v)
		                  : fv_painter_paint(&why, a->painter, v, &how, v);
	return st ? fv_fail(err, st, "%s: %s", called(j->in, "standard input"), why.text) : FV_OK;
}

/* Standard output has the photograph's own format, where that can be written. */
static const char *ending_of(const fv_apply *a, const fv_job *j, const fv_picture *p)
{
	char own[16];
	const char *ending = fv_apply_ending(a->o, j->out);
	static const char *const endings[] = { ".jpeg", ".png", ".webp", ".tiff" };
	snprintf(own, sizeof own, ".%s", fv_picture_format(p));
	for (size_t i = 0; i < FV_COUNT(endings) && a->o->format < 0 && ending; i++)
		if (!strcasecmp(own, endings[i]))
			return endings[i];
	return ending;
}

fv_status fv_apply_write(fv_err *err, const fv_apply *a, const fv_job *j, const fv_picture *p,
                         void *mark)
{
	const fv_write_options how = { .quality = (int)a->o->quality, .aside = fv_stop_removes,
	                               .ending = ending_of(a, j, p),
	                               .standard_output = !strcmp(j->out, "-"),
	                               .whole = mark ? fv_finished_mark : NULL, .user = mark };
	return fv_picture_write(err, a->context, p, called(j->out, "standard output"), &how);
}

fv_status fv_apply_picture(fv_err *err, fv_apply *a, const fv_job *j, bool say)
{
	double begun = fv_now();
	fv_picture *p = NULL;
	fv_status st = fv_apply_read(err, a, j, &p);
	if (!st)
		st = fv_apply_brush(err, a, j, p);
	if (!st)
		st = fv_apply_write(err, a, j, p, NULL);
	if (!st && (say || a->cli->verbose))
		fv_say(a->cli, "%s: %" PRId64 "x%" PRId64 ", painted in %.1f s",
		       called(j->out, "standard output"), fv_picture_pixels(p)->width,
		       fv_picture_pixels(p)->height, fv_now() - begun);
	fv_picture_free(p);
	return st;
}
