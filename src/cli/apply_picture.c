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
#define SMALL 44e6

double fv_apply_allowed(const fv_apply *a)
{
	if (a->o->memory)
		return (double)a->o->memory - fv_memory("/proc/self/status", "VmRSS") - SMALL;
	double here = fv_memory_free();
	return here > 0 ? 0.9 * (here + (double)fv_layers_bytes(a->layers)) : INFINITY;
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

fv_status fv_apply_fits(fv_err *err, const fv_apply *a, const fv_pixels *v, double need)
{
	const double have = fv_apply_allowed(a);
	if (need <= have)
		return FV_OK;
	if (!a->o->memory)
		return fv_fail(
			err, FV_E_MEMORY,
			"%s: %" PRId64 " x %" PRId64
			" pixels need %.0f MB to be painted, and %.0f MB are free; close other "
			"programs, or paint a smaller copy",
			a->job->in, v->width, v->height, need / 1e6, fmax(0, have) / 1e6);
	return fv_fail(
		err, FV_E_MEMORY,
		"%s: %" PRId64 " x %" PRId64
		" pixels need %.0f MB to be painted, and --max-memory is %.0f MB; allow more, or "
		"paint a smaller copy",
		a->job->in, v->width, v->height, ((double)a->o->memory - have + need) / 1e6,
		(double)a->o->memory / 1e6);
}

/* Asked when the header has been read: decoding, painting and writing one after the other, and the
 * pixels all the while. */
static fv_status fits(fv_err *err, void *user, const fv_pixels *v, int64_t decoding)
{
	const fv_apply *a = user;
	fv_paint_options how;
	fv_err why = { 0 };
	int64_t painting = 0, least, pixels = v->height * v->stride_bytes,
			  writing = fv_picture_write_bytes(a->job->out, v);
	fv_status st = fv_apply_how(&why, a, v, &how);
	for (int i = 0; i < a->layers->count && !st; i++) {
		st = fv_paint_least(&why, a->layers->item[i].model, v->height, v->width, &how,
		                    &least);
		painting = fv_max(painting, least);
	}
	if (a->layers->count > 1)
		painting += pixels;
	if (st)
		return fv_fail(err, st, "%s: %s", a->job->in, why.text);
	return fv_apply_fits(err, a, v,
	                     (double)(pixels + fv_max(decoding, fv_max(painting, writing))));
}

fv_status fv_apply_over_itself(fv_err *err, const fv_apply *a, const fv_job *j)
{
	return a->o->force || !same_file(j->in, j->out)
	               ? FV_OK
	               : fv_fail(err, FV_E_ARGUMENT,
	                         "%s: would be painted over; name another --output, or say "
	                         "--force", j->in);
}

bool fv_apply_stopped(void *user) { return fv_interrupted(); }

fv_status fv_apply_read(fv_err *err, fv_apply *a, const fv_job *j, fv_picture **out)
{
	const fv_apply_options *o = a->o;
	fv_err warning;
	a->job = j;
	const double most = isnan(o->megapixels) ? 0 : o->megapixels * 1e6;
	fv_read_options limits = { .max_pixels = (int64_t)most, .keep_private = o->keep_private,
	                           .max_memory = o->memory ? (int64_t)fmax(1, fv_apply_allowed(a)) : 0,
	                           .fits = fits, .cancelled = fv_apply_stopped, .user = a };
	fv_status st = fv_apply_over_itself(err, a, j);
	if (st || (st = fv_picture_read(err, j->in, &limits, out, &warning)))
		return st;
	if (warning.status)
		fv_warn(a->cli, "%s", warning.text);
	fv_picture_fill_hidden(*out);
	return FV_OK;
}

fv_status fv_apply_picture(fv_err *err, fv_apply *a, const fv_job *j, bool say)
{
	const double begun = fv_now();
	fv_picture *p = NULL;
	fv_err why;
	fv_paint_options how;
	if (fv_deep_zoom_ending(j->out))
		return fv_apply_tiles(err, a, j, say);
	fv_status st = fv_apply_read(err, a, j, &p);
	if (st == FV_E_MEMORY || st == FV_E_LIMIT)
		return fv_apply_tiles(err, a, j, say);
	if (st)
		return st;
	fv_pixels *v = fv_picture_pixels(p);
	st = fv_apply_how(&why, a, v, &how);
	how.max_memory = fv_apply_allowance(a, v);
	if (!st)
		st = fv_apply_paint(&why, a, v, &how);
	if (st)
		fv_fail(err, st, "%s: %s", j->in, why.text);
	else
		st = fv_picture_write(err, a->context, p, j->out,
		                      &(fv_write_options){ (int)a->o->quality, fv_stop_removes });
	if (!st && (say || a->cli->verbose))
		fv_say(a->cli, "%s: %" PRId64 "x%" PRId64 ", painted in %.1f s", j->out, v->width,
		       v->height, fv_now() - begun);
	fv_picture_free(p);
	return st;
}
