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
#define SMALL 44e6

/* What painters hold between two pictures, of those that are this thread's. */
static double held_bytes(const fv_apply *a)
{
	double bytes = 0;
	for (int i = 0; i < a->layers->count && (a->painter || !a->admit); i++)
		bytes += (double)fv_painter_bytes(a->painter ? a->painter[i]
		                                             : a->layers->item[i].painter);
	return bytes;
}

double fv_apply_allowed(const fv_apply *a)
{
	if (a->o->memory)
		return (double)a->o->memory - fv_memory("/proc/self/status", "VmRSS") - SMALL -
		       a->others;
	double here = fv_memory_free() + (double)fv_spare_bytes(a->cli->spare) - a->others;
	return here > 0 ? 0.9 * (here + held_bytes(a)) : INFINITY;
}

int64_t fv_apply_most_pixels(const fv_apply_options *o)
{
	return isnan(o->megapixels) ? 0 : (int64_t)(o->megapixels * 1e6);
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

const char *fv_apply_called(const char *name, const char *standard)
{
	return strcmp(name, "-") ? name : standard;
}

static const char *input(const fv_job *j) { return fv_apply_called(j->in, "standard input"); }

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
			input(a->job), v->width, v->height, ceil(need / 1e6),
			floor(fmax(0, have) / 1e6));
	return fv_fail(
		err, FV_E_MEMORY,
		"%s: %" PRId64 " x %" PRId64
		" pixels need %.0f MB to be painted, and --max-memory is %.0f MB; allow more, or "
		"paint a smaller copy",
		input(a->job), v->width, v->height,
		ceil(((double)a->o->memory - have + need) / 1e6 + 1), (double)a->o->memory / 1e6);
}

/* Asked when the header has been read: decoding, painting and writing one after the other, and the
 * pixels all the while. */
static fv_status fits(fv_err *err, void *user, const fv_pixels *v, int64_t decoding)
{
	const fv_apply *a = user;
	fv_paint_options how;
	fv_err why = { 0 };
	const char *ending = fv_apply_ending(a->o, a->job->out), *out = ending ? ending : a->job->out;
	const int64_t pixels = v->height * v->stride_bytes,
		      writing = fv_picture_write_bytes(out, v);
	int64_t painting = 0, least;
	fv_status st = fv_picture_side_check(err, out, v->width, v->height);
	if (st)
		return st;
	st = fv_apply_how(&why, a, v, &how);
	for (int i = 0; i < a->layers->count && !st; i++) {
		st = fv_paint_least(&why, a->layers->item[i].model, v->height, v->width, &how,
		                    &least);
		painting = fv_max(painting, least);
	}
	if (a->layers->count > 1)
		painting += pixels;
	if (st)
		return fv_fail(err, st, "%s: %s", input(a->job), why.text);
	if (a->admit)
		return a->admit(err, a->user, v, (double)(pixels + fv_max(decoding, writing)),
		                (double)(pixels + fv_max(decoding, fv_max(painting, writing))));
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
	fv_read_options limits = { .max_pixels = fv_apply_most_pixels(o),
	                           .keep_private = o->keep_private,
	                           .max_memory = o->memory ? (int64_t)fmax(1, fv_apply_allowed(a)) : 0,
	                           .page = a->page, .fits = fits, .cancelled = fv_apply_stopped,
	                           .user = a, .standard_input = !strcmp(j->in, "-") };
	fv_status st = fv_apply_over_itself(err, a, j);
	/* What cannot be written is not painted first. */
	if (!st && !a->page && strcmp(j->out, "-"))
		st = fv_writer_check(err, a->context, j->out);
	if (st || (st = fv_picture_read(err, input(j), &limits, out, &warning)))
		return st;
	a->width = fv_picture_pixels(*out)->width;
	a->height = fv_picture_pixels(*out)->height;
	if (warning.status && !a->warned)
		fv_warn(a->cli, "%s", warning.text);
	a->warned |= warning.status != 0;
	fv_picture_fill_hidden(*out);
	return FV_OK;
}

fv_status fv_apply_brush(fv_err *err, fv_apply *a, const fv_job *j, fv_picture *p)
{
	fv_pixels *v = fv_picture_pixels(p);
	fv_err why;
	fv_paint_options how;
	fv_status st = fv_apply_how(&why, a, v, &how);
	how.max_memory = fv_apply_allowance(a, v);
	if (!st)
		st = fv_apply_paint(&why, a, v, &how);
	return st ? fv_fail(err, st, "%s: %s", input(j), why.text) : FV_OK;
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
	const fv_write_options how = { .quality = (int)a->o->quality, .keep_time = true,
	                               .aside = fv_stop_removes, .ending = ending_of(a, j, p),
	                               .standard_output = !strcmp(j->out, "-"),
	                               .whole = mark ? fv_finished_mark : NULL, .user = mark };
	return fv_picture_write(err, a->context, p, fv_apply_called(j->out, "standard output"),
	                        &how);
}

bool fv_apply_has_pages(const fv_apply *a, const fv_job *j, const fv_picture *p)
{
	return strcmp(j->in, "-") && strcmp(j->out, "-") && !ending_of(a, j, p) &&
	       fv_pages_kept(p, j->out);
}

bool fv_apply_alone(const fv_job *j) { return fv_deep_zoom_ending(j->out) || j->film; }

fv_status fv_apply_picture(fv_err *err, fv_apply *a, const fv_job *j, bool say, void *mark)
{
	const double begun = fv_now();
	fv_picture *p = NULL;
	a->page = 0;
	a->warned = false;
	if (j->film)
		return fv_apply_film(err, a, j, say, mark);
	if (fv_deep_zoom_ending(j->out))
		return fv_apply_tiles(err, a, j, say, mark);
	fv_status st = fv_apply_read(err, a, j, &p);
	if ((st == FV_E_MEMORY || st == FV_E_LIMIT) && strcmp(j->in, "-") && strcmp(j->out, "-"))
		return fv_apply_tiles(err, a, j, say, mark);
	if (st)
		return st;
	fv_apply_tell(a, j, p);
	if (fv_apply_has_pages(a, j, p))
		return fv_apply_frames(err, a, j, p, say, mark);
	if (!(st = fv_apply_brush(err, a, j, p)))
		st = fv_apply_write(err, a, j, p, mark);
	if (!st && (say || a->cli->verbose))
		fv_say(a->cli, "%s: %" PRId64 "x%" PRId64 ", painted in %.1f s",
		       fv_apply_called(j->out, "standard output"), a->width, a->height,
		       fv_now() - begun);
	fv_picture_free(p);
	return st;
}
