/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: films of pictures (GIF, WebP, APNG) frame by frame, and TIFFs page by page. All
 * frames have the strokes of the first, so that what stands still in the film does in its painting;
 * pages are pictures of their own. */
#include "cli/apply.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_MAX 10000

void fv_apply_tell(fv_apply *a, const fv_job *j, const fv_picture *p)
{
	const int n = fv_picture_pages(p);
	const bool moves = fv_picture_moves(p);
	char text[300];
	if (fv_picture_private(p, text, sizeof text) && !atomic_exchange(a->private_told, true))
		fv_say(a->cli, "%s: left out as private: %s; --keep-private keeps that", j->in, text);
	if (fv_picture_loses(p, j->out, text, sizeof text))
		fv_warn(a->cli, "%s: %s", j->in, text);
	if (n > 1 && !fv_pages_kept(p, j->out))
		fv_warn(a->cli, "%s: has %d %s, of which only the first is painted%s", j->in, n,
		        moves ? "frames" : "pictures",
		        moves                                         ? "; .gif, .webp and .png keep all"
		        : !strcmp(fv_picture_format(p), "TIFF") ? "; .tif keeps all"
		                                                : "");
}

/* All are held until they are written, twice for a film; and limits are on all of them together. */
static fv_status check(fv_err *err, const fv_apply *a, const fv_job *j, fv_picture *first, int count)
{
	const fv_pixels *v = fv_picture_pixels(first);
	const double area = (double)v->width * (double)v->height * count,
		     most = isnan(a->o->megapixels) ? FV_PIXELS_MAX : a->o->megapixels * 1e6,
		     need = 2.0 * (double)v->height * (double)v->stride_bytes * count,
		     have = fv_apply_allowed(a);
	if (count > FRAMES_MAX)
		return fv_fail(err, FV_E_LIMIT, "%s: has %d pictures, over the limit of %d for a file",
		               j->in, count, FRAMES_MAX);
	if (area > most)
		return fv_fail(err, FV_E_LIMIT,
		               "%s: %d pictures of %" PRId64 " x %" PRId64 " are %.0f megapixels, over "
		               "the limit of %.0f; raise it with --max-megapixels if you trust the file",
		               j->in, count, v->width, v->height, area / 1e6, most / 1e6);
	if (need > have)
		return fv_fail(err, FV_E_MEMORY,
		               "%s: %d pictures of %" PRId64 " x %" PRId64 " need %.0f MB beside "
		               "painting, and %.0f MB are %s; allow more, or take fewer",
		               j->in, count, v->width, v->height, need / 1e6, fmax(0, have) / 1e6,
		               a->o->memory ? "left of --max-memory" : "free");
	return FV_OK;
}

static void show(const fv_apply *a, const char *name, int i, int count)
{
	char text[400];
	snprintf(text, sizeof text, "%s: %d of %d", name, i + 1, count);
	fv_progress_show(a->cli->progress, (double)i / count, text);
}

fv_status fv_apply_frames(fv_err *err, fv_apply *a, const fv_job *j, fv_picture *first, bool say,
                          void *mark)
{
	const double begun = fv_now();
	const int count = fv_picture_pages(first);
	const bool moves = fv_picture_moves(first);
	const uint64_t own = fv_paint_fingerprint(fv_picture_pixels(first));
	fv_picture **page = calloc((size_t)count, sizeof *page);
	fv_status st = page ? check(err, a, j, first, count)
	                    : fv_fail_memory(err, j->in, (size_t)count * sizeof *page);
	if (page)
		page[0] = first;
	else
		fv_picture_free(first);
	for (int i = 0; i < count && !st; i++) {
		fv_paint_options how;
		fv_err why = { 0 };
		a->page = i;
		show(a, j->in, i, count);
		if (fv_interrupted())
			st = fv_fail(err, FV_E_CANCELLED, "%s: stopped", j->in);
		if (st || (i && (st = fv_apply_read(err, a, j, &page[i]))))
			break;
		fv_pixels *v = fv_picture_pixels(page[i]);
		if (!(st = fv_apply_how(&why, a, v, &how))) {
			if (moves)
				how.seed ^= own ^ fv_paint_fingerprint(v);
			how.max_memory = fv_apply_allowance(a, v);
			st = fv_apply_paint(&why, a, v, &how);
		}
		if (st)
			fv_fail(err, st, "%s: %s", j->in, why.text);
	}
	if (!st)
		st = fv_pages_write(err, a->context, page, count, j->out,
		                    &(fv_write_options){ .quality = (int)a->o->quality,
		                                         .keep_time = true,
		                                         .aside = fv_stop_removes,
		                                         .whole = mark ? fv_finished_mark : NULL,
		                                         .user = mark });
	fv_progress_clear(a->cli->progress);
	if (!st && moves && fv_format_of_ending(j->out) == FV_TIFF)
		fv_warn(a->cli, "%s: a TIFF's pages have no pace: how long each frame of %s is shown is "
		        "left out", j->out, j->in);
	if (!st && (say || a->cli->verbose))
		fv_say(a->cli, "%s: %d %s, painted in %.1f s", j->out, count,
		       moves ? "frames" : "pages", fv_now() - begun);
	for (int i = 0; page && i < count; i++)
		fv_picture_free(page[i]);
	free(page);
	a->page = 0;
	return st;
}
