/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/gallery.h"
#include <stdlib.h>
#include <string.h>

void fv_gallery_free(fv_gallery *s)
{
	for (int i = 0; i < s->count && s->pixels; i++)
		free(s->pixels[i].data);
	for (int i = 0; i < s->folders; i++)
		fv_names_free(&s->folder[i]);
}

static fv_status make_room(fv_err *err, fv_arena *a, const char *what, fv_gallery *s)
{
	size_t n = (size_t)s->count;
	s->pixels = fv_arena_get(a, n * sizeof *s->pixels);
	return s->pixels ? FV_OK : fv_fail_memory(err, what, n * sizeof *s->pixels);
}

static fv_status list(fv_err *err, fv_context *c, fv_arena *a, const char *const *folders,
		      int count, fv_gallery *s)
{
	int n = 0;
	fv_status st;
	if (!(s->folder = fv_arena_get(a, (size_t)count * sizeof *s->folder)))
		return fv_fail_memory(err, folders[0], (size_t)count * sizeof *s->folder);
	while (s->folders < count) {
		const char *folder = folders[s->folders];
		fv_names *f = &s->folder[s->folders];
		if ((st = fv_folder_list(err, folder, f)))
			return st;
		s->folders++;
		n += f->count;
		fv_names_tell(c, folder, f);
		if (!f->count)
			return fv_fail(err, FV_E_READ,
				       "%s: this folder holds no pictures (" FV_PICTURES_READ ")",
				       folder);
	}
	if (!(s->path = fv_arena_get(a, (size_t)n * sizeof *s->path)))
		return fv_fail_memory(err, folders[0], (size_t)n * sizeof *s->path);
	for (int i = 0; i < count; i++)
		for (int k = 0; k < s->folder[i].count; k++)
			s->path[s->count++] = s->folder[i].path[k];
	return make_room(err, a, folders[0], s);
}

typedef struct {
	fv_gallery *set;
	int begin;
	fv_err *err;                    /* a thread's first */
	fv_err *warning;                /* of each from begin on */
} reading;

static void read_some(void *arg, int thread, int64_t first, int64_t last)
{
	reading *r = arg;
	for (int64_t i = first; i < last && !r->err[thread].status; i++)
		fv_picture_shrink(&r->err[thread], r->set->path[r->begin + i], 0,
				  &r->set->pixels[r->begin + i], &r->warning[i]);
}

static void show(fv_cli *cli, const char *what, const char *folder, int done, int count)
{
	char text[300];
	snprintf(text, sizeof text, "%s %s: %d of %d", what, folder, done, count);
	fv_progress_show(cli->progress, (double)done / count, text);
}

/* Where a run of pictures from i on ends: at its folder's end, or where the strokes are no longer looked at. */
static int end_of(const fv_gallery *g, int i, const fv_gallery_look *look, bool *strokes)
{
	int folder = 0, end = i, most = look ? look->most : 0;
	for (; i >= g->folder[folder].count; folder++)
		i -= g->folder[folder].count;
	*strokes = i < most;
	return end - i + (*strokes && most < g->folder[folder].count ? most : g->folder[folder].count);
}

fv_status fv_gallery_read(fv_err *err, fv_cli *cli, fv_context *c, fv_arena *a,
                          const char *const *folders, int count, const fv_gallery_look *look, fv_gallery *g)
{
	fv_status st = list(err, c, a, folders, count, g);
	if (st)
		return st;
	const int part = 2 * c->threads;
	reading r = {g, 0, fv_arena_get(a, (size_t)c->threads * sizeof(fv_err)),
		     fv_arena_get(a, (size_t)part * sizeof(fv_err))};
	if (!r.err || !r.warning)
		return fv_fail_memory(err, folders[0], (size_t)c->threads * sizeof(fv_err));
	for (int end; r.begin < g->count; r.begin = end) {
		bool strokes;
		end = (int)fv_min(r.begin + part, end_of(g, r.begin, look, &strokes));
		show(cli, look ? "looking at" : "reading", folders[0], r.begin, g->count);
		if (fv_interrupted())
			return fv_fail(err, FV_E_CANCELLED, "interrupted");
		fv_team_run(c->team, read_some, &r, end - r.begin, 1);
		for (int t = 0; t < c->threads; t++)
			if (r.err[t].status)
				return fv_fail(err, r.err[t].status, "%s", r.err[t].text);
		for (int i = 0; i < end - r.begin; i++)
			if (r.warning[i].status)
				fv_warn(cli, "%s", r.warning[i].text);
		if (look && (st = fv_evaluator_add(err, look->evaluator, look->set, &g->pixels[r.begin], end - r.begin, strokes)))
			return st;
		for (int i = r.begin; i < end && look; i++) {
			free(g->pixels[i].data);
			g->pixels[i].data = NULL;
		}
	}
	return FV_OK;
}

/* Length of the name without folder and ending. */
static int stem(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/'), *dot;
	*name = slash ? slash + 1 : path;
	dot = strrchr(*name, '.');
	return dot && dot != *name ? (int)(dot - *name) : (int)strlen(*name);
}

/* Puts the painted ones in the photographs' order: names without endings must be the same, one
 * for one. */
fv_status fv_gallery_match(fv_err *err, fv_arena *a, const fv_gallery *photos, const char *folder,
                           fv_gallery *outs)
{
	fv_gallery sorted = { .folder = outs->folder,
		              .folders = outs->folders,
		              .count = outs->count };
	fv_status st = FV_OK;
	if (photos->count != outs->count)
		return fv_fail(err, FV_E_ARGUMENT,
		               "%s: %d pictures for %d photographs; every photograph needs one of "
		               "its name",
		               folder, outs->count, photos->count);
	if ((st = make_room(err, a, folder, &sorted)) ||
	    !(sorted.path = fv_arena_get(a, (size_t)outs->count * sizeof *sorted.path)))
		return st ? st
		          : fv_fail_memory(err, folder, (size_t)outs->count * sizeof *sorted.path);
	for (int i = 0; i < photos->count; i++) {
		const char *name, *other;
		int length = stem(photos->path[i], &name), k = 0;
		for (; k < outs->count; k++)
			if (outs->path[k] && stem(outs->path[k], &other) == length &&
			    !memcmp(name, other, (size_t)length))
				break;
		if (k == outs->count)
			return fv_fail(err, FV_E_ARGUMENT,
			               "%s: holds no picture named %.*s, as %s has it", folder,
			               length, name, photos->path[i]);
		const fv_pixels *p = &photos->pixels[i], *q = &outs->pixels[k];
		if (p->width != q->width || p->height != q->height)
			return fv_fail(err, FV_E_SHAPE,
			               "%s: %" PRId64 "x%" PRId64
			               " pixels, but its photograph has %" PRId64 "x%" PRId64,
			               outs->path[k], q->width, q->height, p->width, p->height);
		sorted.path[i] = outs->path[k];
		sorted.pixels[i] = *q;
		outs->path[k] = NULL;
		outs->pixels[k].data = NULL;
	}
	*outs = sorted;
	return FV_OK;
}

fv_status fv_gallery_paint(fv_err *err, fv_cli *cli, fv_arena *a, const fv_model *m, int64_t seed,
                           const fv_gallery *photos, fv_gallery *outs)
{
	fv_paint_options opt = FV_PAINT_DEFAULTS;
	opt.seed = (uint64_t)seed;
	fv_painter *painter = NULL;
	fv_err why;
	outs->count = photos->count;
	fv_status st = make_room(err, a, "paintings", outs);
	if (!st)
		st = fv_painter_new(err, m, &painter);
	for (int i = 0; i < photos->count && !st; i++) {
		fv_pixels *p = &outs->pixels[i];
		char text[100];
		snprintf(text, sizeof text, "painting %d of %d", i + 1, photos->count);
		fv_progress_show(cli->progress, (double)i / photos->count, text);
		*p = photos->pixels[i];
		if (!(p->data = malloc((size_t)(p->height * p->stride_bytes))))
			st = fv_fail_memory(err, photos->path[i],
			                    (size_t)(p->height * p->stride_bytes));
		else if ((st = fv_painter_paint(&why, painter, &photos->pixels[i], &opt, p)))
			fv_fail(err, st, "%s: %s", photos->path[i], why.text);
	}
	fv_painter_free(painter);
	return st;
}

