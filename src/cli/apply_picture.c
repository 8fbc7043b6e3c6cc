/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: one picture, from file to file, within the memory that it may take. */
#include "cli/apply.h"
#include "base/memory.h"
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
double fv_apply_allowed(const fv_apply *a)
{
	if (a->o->memory)
		return (double)a->o->memory - fv_memory("/proc/self/status", "VmRSS") - SMALL;
	double here = fv_memory_free();
	return here > 0 ? 0.9 * (here + (double)fv_painter_bytes(a->painter)) : INFINITY;
}

/* What painting may take: without a limit 900 MB, of which the program itself has some, or what a
 * large picture is as fast with: beyond that, bands are as fast as touching so much memory for the
 * first time; and no more than there is. */
int64_t fv_apply_allowance(const fv_apply *a, const fv_pixels *v)
{
	double area = (double)v->width * (double)v->height,
	       most = a->o->memory ? INFINITY : fmax(870e6, 220 * area);
	double here = fv_apply_allowed(a);
	return fmin(most, here) < INFINITY ? (int64_t)fmax(1, fmin(most, here)) : 0;
}

/* Asked when the header has been read: decoding, painting and writing one after the other, and the
 * pixels all the while. */
static fv_status fits(fv_err *err, void *user, const fv_pixels *v, int64_t decoding)
{
	const fv_apply *a = user;
	fv_paint_options how;
	fv_err why = { 0 };
	int64_t painting, pixels = v->height * v->stride_bytes,
			  writing = fv_picture_write_bytes(a->job->out, v);
	fv_status st = fv_picture_side_check(err, a->job->out, v->width, v->height);
	if (st)
		return st;
	st = fv_apply_how(&why, a, v, &how);
	if (!st)
		st = fv_paint_least(&why, a->model, v->height, v->width, &how, &painting);
	if (st)
		return fv_fail(err, st, "%s: %s", a->job->in, why.text);
	double need = (double)(pixels + fv_max(decoding, fv_max(painting, writing))),
	       have = fv_apply_allowed(a);
	if (need <= have)
		return FV_OK;
	if (!a->o->memory)
		return fv_fail(
			err, FV_E_MEMORY,
			"%s: %" PRId64 " x %" PRId64
			" pixels need %.0f MB to be painted, and %.0f MB are free; close other "
			"programs, or paint a smaller copy",
			a->job->in, v->width, v->height, ceil(need / 1e6),
			floor(fmax(0, have) / 1e6));
	return fv_fail(
		err, FV_E_MEMORY,
		"%s: %" PRId64 " x %" PRId64
		" pixels need %.0f MB to be painted, and --max-memory is %.0f MB; allow more, or "
		"paint a smaller copy",
		a->job->in, v->width, v->height,
		ceil(((double)a->o->memory - have + need) / 1e6 + 1), (double)a->o->memory / 1e6);
}

bool fv_apply_stopped(void *user) { return fv_interrupted(); }

fv_status fv_apply_read(fv_err *err, fv_apply *a, const fv_job *j, fv_picture **out)
{
	const fv_apply_options *o = a->o;
	fv_err warning;
	a->job = j;
	const double most = isnan(o->megapixels) ? 0 : o->megapixels * 1e6;
	fv_read_options limits = {.max_pixels = (int64_t)most,
				  .keep_private = o->keep_private,
				  .max_memory =
					  o->memory ? (int64_t)fmax(1, fv_apply_allowed(a)) : 0,
				  .page = a->page,
				  .fits = fits,
				  .cancelled = fv_apply_stopped,
				  .user = a};
	if (!o->force && same_file(j->in, j->out))
		return fv_fail(err, FV_E_ARGUMENT,
		               "%s: would be painted over; name another --output, or say --force",
		               j->in);
	/* What cannot be written is not painted first. */
	fv_status st = a->page ? FV_OK : fv_writer_check(err, a->context, j->out);
	if (st || (st = fv_picture_read(err, j->in, &limits, out, &warning)))
		return st;
	if (warning.status && !a->warned)
		fv_warn(a->cli, "%s", warning.text);
	a->warned |= warning.status != 0;
	fv_picture_fill_hidden(*out);
	return FV_OK;
}

fv_status fv_apply_paint(fv_err *err, const fv_apply *a, fv_pixels *v, const fv_paint_options *how)
{
	/* Under a limit nothing is held between pictures: reading and writing them wants that
	 * memory. */
	return a->o->memory ? fv_paint(err, a->model, v, how, v)
			    : fv_painter_paint(err, a->painter, v, how, v);
}

fv_status fv_apply_picture(fv_err *err, fv_apply *a, const fv_job *j, bool say)
{
	const double begun = fv_now();
	fv_picture *p = NULL;
	fv_err why;
	fv_paint_options how;
	a->page = 0;
	a->warned = false;
	fv_status st = fv_apply_read(err, a, j, &p);
	if (st)
		return st;
	fv_apply_tell(a, j, p);
	if (fv_pages_kept(p, j->out))
		return fv_apply_frames(err, a, j, p, say);
	fv_pixels *v = fv_picture_pixels(p);
	st = fv_apply_how(&why, a, v, &how);
	how.max_memory = fv_apply_allowance(a, v);
	if (!st)
		st = fv_apply_paint(&why, a, v, &how);
	if (st)
		fv_fail(err, st, "%s: %s", j->in, why.text);
	else
		st = fv_picture_write(
			err, a->context, p, j->out,
			&(fv_write_options){(int)a->o->quality, true, fv_stop_removes});
	if (!st && (say || a->cli->verbose))
		fv_say(a->cli, "%s: %" PRId64 "x%" PRId64 ", painted in %.1f s", j->out, v->width,
		       v->height, fv_now() - begun);
	fv_picture_free(p);
	return st;
}
