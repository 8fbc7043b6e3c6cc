/* SPDX-License-Identifier: Apache-2.0 */
/* fauve eval: metrics of a model's paintings beside their floors. */
#include "cli/eval_print.h"
#include "cli/find.h"
#include "cli/gallery.h"
#include <stdlib.h>

typedef struct {
	const char *outputs, *sheet, *lpips;
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
	{ .name = "lpips", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "FILE",
	  .at = offsetof(options, lpips),
	  .help = "a .safetensors with LPIPS' arrays (docs/yardstick.md): how unlike its photograph a "
	          "painting is to the eye" },
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

static void tell(void *user, const char *what, double done)
{
	fv_progress_show(((fv_cli *)user)->progress, done, what);
}

typedef struct { fv_gallery photos, outs, art, more; } galleries;

static fv_status open_networks(fv_err *err, fv_context *c, const options *o, fv_eval_report *r, fv_model **model, int *count)
{
	char path[FV_PATH_MAX];
	fv_status st = FV_OK;
	for (int k = 0; k < KIND_BOTH && !st; k++)
		if (o->kind == k || o->kind == KIND_BOTH) {
			if (!(st = fv_features_find(err, kinds[k], path, sizeof path)) &&
			    !(st = fv_model_open(err, c, path, &model[*count])))
				r->network[(*count)++] = kinds[k];
		}
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
                          fv_evaluator *e, galleries *g)
{
	const fv_gallery_look art = { e, FV_SET_PAINTINGS, (int)o->most }, more = { e, FV_SET_REAL, (int)o->most };
	fv_status st = fv_gallery_read(err, cli, c, a, o->photos.item, o->photos.count, NULL, &g->photos);
	if (!st)
		st = fv_gallery_read(err, cli, c, a, o->art.item, o->art.count, &art, &g->art);
	if (!st && o->more_art.count)
		st = fv_gallery_read(err, cli, c, a, o->more_art.item, o->more_art.count, &more, &g->more);
	return st;
}

static fv_status evaluate(fv_err *err, fv_cli *cli, fv_context *c, fv_arena *a, const options *o,
                          const fv_model *m, galleries *g, fv_eval_report *r)
{
	fv_model *network[FV_YARD_NETWORKS] = { NULL };
	fv_evaluator_options how = FV_EVALUATOR_DEFAULTS;
	fv_evaluator *e = NULL;
	fv_status st = open_networks(err, c, o, r, network, &how.networks);
	how.network = (const fv_model *const *)network;
	how.most = (int)o->most;
	how.floors = !o->no_floors;
	how.lpips = o->lpips;
	how.progress = tell, how.user = cli;
	if (!st)
		st = fv_evaluator_new(err, c, &how, &e);
	if (!st)
		st = read_all(err, cli, c, a, o, e, g);
	if (!st && m)
		st = fv_gallery_paint(err, cli, a, m, o->seed, &g->photos, &g->outs);
	else if (!st && !(st = fv_gallery_read(err, cli, c, a, &o->outputs, 1, NULL, &g->outs)))
		st = fv_gallery_match(err, a, &g->photos, o->outputs, &g->outs);
	if (!st)
		st = fv_evaluator_rows(err, e, g->photos.pixels, g->outs.pixels, g->photos.count, &r->rows);
	if (!st && o->bars >= 0)
		r->shortfalls = fv_yard_short(&r->rows.strokes[FV_ROW_PAINTED], (fv_bars)o->bars, r->shortfall);
	fv_evaluator_free(e);
	for (int i = 0; i < FV_YARD_NETWORKS; i++)
		fv_model_free(network[i]);
	fv_progress_clear(cli->progress);
	return st;
}

static fv_status fall_short(fv_err *err, const options *o, const fv_eval_report *r)
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
	fv_eval_report report = { 0 };
	char path[FV_PATH_MAX];
	fv_status st = check(err, o, count);
	if (!st && count)
		st = fv_style_find(err, args[0], path, sizeof path);
	if (st || (st = fv_picture_begin(err, "fauve")))
		return st;
	if ((st = fv_cli_context(err, cli, true, &c)) ||
	    (count && (st = fv_model_open(err, c, path, &m))))
		goto done;
	if ((st = fv_writer_check(err, c, o->sheet)))
		goto done;
	if (!(a = fv_arena_new(c))) {
		st = fv_fail_memory(err, "eval", 64);
		goto done;
	}
	if ((st = evaluate(err, cli, c, a, o, m, &g, &report)))
		goto done;
	if (!cli->json)
		fv_eval_print(&report);
	else if ((st = fv_eval_print_json(err, &report)))
		goto done;
	if (!(st = write_sheet(err, cli, c, o->sheet, &g.photos, &g.outs)) && report.shortfalls)
		st = fall_short(err, o, &report);
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
		"Then, of whole pictures as points of a frozen network's features: KID and Frechet "
		"distance, which no FID of Inception's compares with. "
		"Every figure stands beside what needs no learning. Compare only figures with the same "
		"n; quote n, 24 at least.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples,
	.json = true, .run = run,
};
