/* SPDX-License-Identifier: Apache-2.0 */
/* fauve eval: metrics of a model's paintings beside their floors. */
#include "cli/eval_print.h"
#include "cli/find.h"
#include "cli/gallery.h"
#include <stdlib.h>

typedef struct {
	const char *outputs, *sheet;
	fv_texts photos, art, more_art;
	int64_t seed, most;
	int kind, bars;
	bool no_floors;
} options;

static const char *const kinds[] = { "vgg16", "vgg19-small", "both", "none", NULL };
enum { KIND_SECOND = 1, KIND_BOTH, KIND_NONE };
static const char *const bars[] = { "oil", "print", NULL };     /* fv_bars */

static const fv_option table[] = {
	{ .name = "photos", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .arg = "DIR", .required = true, .at = offsetof(options, photos),
	  .help = "photographs to paint, not seen in training" },
	{ .name = "art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .arg = "DIR", .required = true, .at = offsetof(options, art),
	  .help = "paintings to compare with, not seen in training" },
	{ .name = "more-art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .arg = "DIR", .at = offsetof(options, more_art),
	  .help = "other real paintings: what the best painter could reach" },
	{ .name = "outputs", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "DIR", .at = offsetof(options, outputs),
	  .help = "judge the painted pictures of this folder, of the photographs' names, in place of a model" },
	{ .name = "sheet", .letter = 'o', .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "FILE", .at = offsetof(options, sheet), .preset = "eval.jpg",
	  .help = "contact sheet: photographs and paintings side by side" },
	{ .name = "seed", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, seed), .preset = "0", .low = 0, .high = 1e15,
	  .help = "of the painter's noise" },
	{ .name = "kind", .type = FV_OPT_ENUM, .arg = "NETWORK", .at = offsetof(options, kind),
	  .preset = "both", .choices = kinds,
	  .help = "frozen network that looks at strokes: of both the first is quoted, the second "
	          "shows what only pleases a teacher; none: no strokes" },
	{ .name = "most", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, most),
	  .preset = "60", .low = 2, .high = 1e6,
	  .help = "pictures of a folder that are looked at for strokes: its first" },
	{ .name = "bars", .type = FV_OPT_ENUM, .arg = "KIND", .at = offsetof(options, bars), .choices = bars,
	  .help = "say which figures of strokes fall short of what a style of that kind ought to "
	          "reach, and end with code 6 if any does" },
	{ .name = "no-floors", .type = FV_OPT_FLAG, .at = offsetof(options, no_floors),
	  .help = "leave out the photographs themselves, colour transfer and band histograms" },
	{ 0 },
};
static const fv_argument arguments[] = { { "MODEL", "a style's name, a model file, or a run's folder", .kind = FV_ARG_STYLE, .optional = true }, { 0 } };
static const fv_example examples[] = {
	{ "fauve eval vangogh --photos test/photos --art test/paintings --more-art train/paintings",
	  "A model beside its floors." },
	{ "fauve eval vangogh --photos test/photos --art train/paintings --kind vgg16 --bars oil",
	  "Is it good enough to hang?" },
	{ "fauve eval --outputs painted/ --photos test/photos --art test/paintings",
	  "Pictures that any program painted." },
	{ 0 },
};

/* Photograph and painting side by side, of the first sixty. */
static fv_status write_sheet(fv_err *err, fv_cli *cli, fv_context *c, const char *path,
                             const fv_gallery *photos, const fv_gallery *outs)
{
	enum { CELLS = 60 };
	fv_pixels cell[2 * CELLS];
	int n = outs->count < CELLS ? outs->count : CELLS;
	for (int i = 0; i < n; i++) {
		cell[2 * i] = photos->pixels[i];
		cell[2 * i + 1] = outs->pixels[i];
	}
	fv_status st = fv_sheet_write(err, c, path, cell, 2 * n, 6);
	if (!st)
		fv_say(cli, "contact sheet: %s", path);
	return st;
}

typedef struct { fv_cli *cli; const char *what; } teller;
static void tell(void *user, double done)
{
	const teller *t = user;
	fv_progress_show(t->cli->progress, done, t->what);
}

/* ---- patches and pixels */

typedef struct { fv_gallery photos, outs, art, more; } galleries;

static fv_status measure(fv_err *err, fv_cli *cli, fv_eval *e, const options *o, const galleries *s,
                         fv_measures *rows)
{
	fv_pictures p = fv_gallery_view(&s->photos, false), q = fv_gallery_view(&s->outs, false),
		    r = fv_gallery_view(&s->more, true);
	fv_status st = fv_eval_set(err, e, &q, &p, tell, &(teller){ cli, "measuring" },
	                           &rows[FV_ROW_PAINTED]);
	if (!st && !o->no_floors)
		st = fv_eval_floors(err, e, &p, tell, &(teller){ cli, "measuring floors" },
		                    &rows[FV_ROW_FLOORS]);
	if (!st && r.count)
		st = fv_eval_set(err, e, &r, NULL, tell,
		                 &(teller){ cli, "measuring real paintings" }, &rows[FV_ROW_REAL]);
	return st;
}

/* ---- strokes */

typedef struct {
	fv_model *model[FV_YARD_NETWORKS];
	fv_yard *yard;                  /* NULL: strokes are not looked at */
	int most;
	fv_yard_set row[FV_ROWS], art;
} strokes;

static fv_status open_strokes(fv_err *err, fv_context *c, const options *o, fv_eval_rows *rows,
                              strokes *s)
{
	char path[FV_PATH_MAX];
	fv_status st = FV_OK;
	s->most = (int)o->most;
	for (int k = 0; k < KIND_BOTH && !st; k++)
		if (o->kind == k || o->kind == KIND_BOTH) {
			if (!(st = fv_features_find(err, kinds[k], path, sizeof path)) &&
			    !(st = fv_model_open(err, c, path, &s->model[rows->networks])))
				rows->network[rows->networks++] = kinds[k];
		}
	if (!st && rows->networks)
		st = fv_yard_open(err, c, (const fv_model *const *)s->model, rows->networks,
		                  &s->yard);
	return st;
}

static void close_strokes(strokes *s)
{
	for (int i = 0; i < FV_ROWS; i++)
		fv_yard_set_free(s->yard, &s->row[i]);
	fv_yard_set_free(s->yard, &s->art);
	fv_yard_close(s->yard);
	for (int i = 0; i < FV_YARD_NETWORKS; i++)
		fv_model_free(s->model[i]);
}

typedef struct { strokes *strokes; fv_yard_set *set; } looking;

static fv_status look(fv_err *err, void *user, int index, const fv_pixels *p)
{
	const looking *l = user;
	return l->strokes->yard && index < l->strokes->most
	               ? fv_yard_add(err, l->strokes->yard, l->set, p, NULL)
	               : FV_OK;
}

/* A photograph in its floors' dress; room: of its size at least, and of a square. */
static fv_status look_floor(fv_err *err, strokes *s, fv_eval *e, fv_floor floor,
                            const fv_pixels *photo, const uint8_t *square, uint8_t *room)
{
	fv_pixels p = { photo->width, photo->height, 3, 8, 3 * photo->width, room };
	/* Only read. */
	fv_pixels whole = { FV_SIDE, FV_SIDE, 3, 8, 3 * FV_SIDE, (void *)(uintptr_t)square };
	if (floor == FV_FLOOR_BANDS)
		p.width = p.height = FV_SIDE, p.stride_bytes = 3 * FV_SIDE;
	fv_status st = fv_eval_floor(err, e, floor, photo, room);
	return st ? st
	          : fv_yard_add(err, s->yard, &s->row[FV_ROW_FLOORS + floor], &p,
	                        floor == FV_FLOOR_BANDS ? &whole : photo);
}

/* All rows of a photograph one after the other: what it shows is looked at once. */
static fv_status look_at_photo(fv_err *err, strokes *s, fv_eval *e, const options *o,
                               const galleries *g, int i)
{
	const fv_pixels *photo = &g->photos.pixels[i];
	fv_status st =
		fv_yard_add(err, s->yard, &s->row[FV_ROW_FLOORS + FV_FLOOR_IDENTITY], photo, photo);
	if (!st)
		st = fv_yard_add(err, s->yard, &s->row[FV_ROW_PAINTED], &g->outs.pixels[i], photo);
	if (st || o->no_floors)
		return st;
	size_t bytes = (size_t)fv_max(photo->width * photo->height * 3, FV_SQUARE_BYTES);
	uint8_t *room = malloc(bytes);
	if (!room)
		return fv_fail_memory(err, g->photos.path[i], bytes);
	for (fv_floor f = FV_FLOOR_REINHARD; f < FV_FLOORS && !st; f++)
		st = look_floor(err, s, e, f, photo, g->photos.square + (size_t)i * FV_SQUARE_BYTES,
		                room);
	free(room);
	return st;
}

static fv_status measure_strokes(fv_err *err, fv_cli *cli, strokes *s, fv_eval *e, const options *o,
                                 const galleries *g, fv_eval_rows *rows)
{
	int count = (int)fv_min(s->most, g->photos.count);
	fv_status st = FV_OK;
	if (!s->yard)
		return FV_OK;
	for (int i = 0; i < count && !st; i++) {
		char text[100];
		snprintf(text, sizeof text, "looking at strokes: %d of %d", i, count);
		fv_progress_show(cli->progress, (double)i / count, text);
		st = look_at_photo(err, s, e, o, g, i);
	}
	if (!st)
		st = fv_yard_art(err, s->yard, &s->art, &rows->art);
	for (int i = 0; i < FV_ROWS && !st; i++)
		if (s->row[i].count && (i != FV_ROW_FLOORS + FV_FLOOR_IDENTITY || !o->no_floors))
			st = fv_yard_measure(err, s->yard, &s->row[i],
			                     &s->row[FV_ROW_FLOORS + FV_FLOOR_IDENTITY],
			                     &rows->strokes[i]);
	if (!st && o->bars >= 0)
		rows->shortfalls = fv_yard_short(&rows->strokes[FV_ROW_PAINTED], (fv_bars)o->bars,
		                                 rows->shortfall);
	return st;
}

/* ---- the command */

static fv_status check(fv_err *err, const options *o, int count)
{
	if (!count == !o->outputs)
		return fv_fail(err, FV_E_ARGUMENT,
		               "give a MODEL, or --outputs with painted pictures");
	if (!fv_picture_ending(o->sheet))
		return fv_fail(err, FV_E_ARGUMENT,
		               "--sheet: %s: unknown ending; pictures are written as .jpg, .png, "
		               ".webp or .tif",
		               o->sheet);
	if (o->bars >= 0 && o->kind == KIND_NONE)
		return fv_fail(err, FV_E_ARGUMENT,
		               "--bars are of strokes, which --kind none leaves out");
	return FV_OK;
}

static fv_status read_all(fv_err *err, fv_cli *cli, fv_context *c, fv_arena *a, const options *o,
                          strokes *s, galleries *g)
{
	looking art = { s, &s->art }, more = { s, &s->row[FV_ROW_REAL] };
	fv_status st = fv_gallery_read(err, cli, c, a, o->photos.item, o->photos.count, NULL, NULL,
	                               &g->photos);
	if (!st)
		st = fv_gallery_read(err, cli, c, a, o->art.item, o->art.count, look, &art,
		                     &g->art);
	if (!st && o->more_art.count)
		st = fv_gallery_read(err, cli, c, a, o->more_art.item, o->more_art.count, look,
		                     &more, &g->more);
	return st;
}

static fv_status evaluate(fv_err *err, fv_cli *cli, fv_context *c, fv_arena *a, const options *o,
                          const fv_model *m, galleries *g, fv_eval_rows *rows)
{
	strokes s = { 0 };
	fv_eval *e = NULL;
	fv_status st = open_strokes(err, c, o, rows, &s);
	if (!st)
		st = read_all(err, cli, c, a, o, &s, g);
	if (!st && m)
		st = fv_gallery_paint(err, cli, a, m, o->seed, &g->photos, &g->outs);
	else if (!st &&
	         !(st = fv_gallery_read(err, cli, c, a, &o->outputs, 1, NULL, NULL, &g->outs)))
		st = fv_gallery_match(err, a, &g->photos, o->outputs, &g->outs);
	if (!st) {
		fv_pictures art = fv_gallery_view(&g->art, true);
		rows->art_count = art.count;
		st = fv_eval_open(err, c, &art, &e);
	}
	if (!st && !(st = measure(err, cli, e, o, g, rows->pixels)))
		st = measure_strokes(err, cli, &s, e, o, g, rows);
	fv_eval_close(e);
	close_strokes(&s);
	fv_progress_clear(cli->progress);
	return st;
}

static fv_status fall_short(fv_err *err, const options *o, const fv_eval_rows *r)
{
	char names[200] = "";
	for (int i = 0; i < r->shortfalls; i++) {
		size_t n = strlen(names);
		snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", r->shortfall[i].name);
	}
	return fv_fail(err, FV_E_PARTIAL,
	               "%d figures of strokes fall short of the bars for %s: %s; docs/yardstick.md "
	               "says what they mean",
	               r->shortfalls, o->bars == FV_BARS_OIL ? "oils" : "prints", names);
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const options *o = given;
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_arena *a = NULL;
	galleries g = { 0 };
	fv_eval_rows rows = { 0 };
	char path[FV_PATH_MAX];
	fv_status st = check(err, o, count);
	if (!st && count)
		st = fv_style_find(err, args[0], path, sizeof path);
	if (st || (st = fv_picture_begin(err, "fauve")))
		return st;
	if ((st = fv_cli_context(err, cli, true, &c)) ||
	    (count && (st = fv_model_open(err, c, path, &m))))
		goto done;
	if (!(a = fv_arena_new(c))) {
		st = fv_fail_memory(err, "eval", 64);
		goto done;
	}
	if ((st = evaluate(err, cli, c, a, o, m, &g, &rows)))
		goto done;
	if (!cli->json)
		fv_eval_print(&rows);
	else if ((st = fv_eval_print_json(err, &rows)))
		goto done;
	if (!(st = write_sheet(err, cli, c, o->sheet, &g.photos, &g.outs)) && rows.shortfalls)
		st = fall_short(err, o, &rows);
done:
	fv_progress_clear(cli->progress);
	fv_gallery_free(&g.photos);
	fv_gallery_free(&g.art);
	fv_gallery_free(&g.more);
	fv_gallery_free(&g.outs);
	fv_model_free(m);
	fv_arena_free(a);
	fv_context_free(c);
	fv_picture_end();
	return st;
}

const fv_command fv_command_eval = {
	.name = "eval",
	.summary = "metrics of a model's paintings beside their floors",
	.description =
		"Paints photographs and measures the strokes: how near they are to real paintings as a "
		"frozen network sees them (hand, look, far, near), how straight, long, wide and grainy "
		"they are (coh, run, stroke, grain), whether the scene is still there (content) and its "
		"colours (grey, skin). Then, of patches and pixels: distance (SWD, AUC), what is kept "
		"(SSIM, corr), whether colours are alive (chroma) and whether a pixel lattice shows. "
		"Every figure stands beside what needs no learning. Compare only figures with the same "
		"n; quote n, 24 at least.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples,
	.json = true, .run = run,
};
