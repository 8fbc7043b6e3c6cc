/* SPDX-License-Identifier: Apache-2.0 */
/* fauve eval: metrics of a model's paintings beside their floors. */
#include "cli/cli.h"
#include "eval/eval.h"
#include "picture/picture.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *photos, *art, *more_art, *outputs, *sheet;
	int64_t seed;
	bool no_floors;
} options;

static const fv_option table[] = {
	{ .name = "photos", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "DIR", .required = true, .at = offsetof(options, photos), .help = "photographs to paint, not seen in training" },
	{ .name = "art", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "DIR", .required = true, .at = offsetof(options, art), .help = "paintings to compare with, not seen in training" },
	{ .name = "more-art", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "DIR", .at = offsetof(options, more_art), .help = "other real paintings: what the best painter could reach" },
	{ .name = "outputs", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "DIR", .at = offsetof(options, outputs), .help = "judge the painted pictures of this folder, of the photographs' names, in place of a model" },
	{ .name = "sheet", .letter = 'o', .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "FILE", .at = offsetof(options, sheet), .preset = "eval.jpg", .help = "contact sheet: photographs and paintings side by side" },
	{ .name = "seed", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, seed), .preset = "0", .low = 0, .high = 1e15, .help = "of the painter's noise" },
	{ .name = "no-floors", .type = FV_OPT_FLAG, .at = offsetof(options, no_floors), .help = "leave out the comparison with identity, colour transfer and histograms" },
	{ 0 },
};
static const fv_argument arguments[] = { { "MODEL", "a style's name or a model file", .kind = FV_ARG_STYLE, .optional = true }, { 0 } };
static const fv_example examples[] = {
	{ "fauve eval vangogh --photos test/photos --art test/paintings --more-art train/paintings", "A model beside its floors." },
	{ "fauve eval --outputs painted/ --photos test/photos --art test/paintings", "Pictures that any program painted." },
	{ 0 },
};

typedef struct {
	fv_names names;
	fv_pixels *pixels;              /* RGB, 8 bits */
	fv_image *native, *square;
	int count;
} set;

static fv_status read_set(fv_err *err, fv_cli *cli, fv_arena *a, const char *folder, set *s)
{
	fv_status st = fv_folder_list(err, folder, &s->names);
	if (st)
		return st;
	size_t n = (size_t)s->names.count;
	if (!n)
		return fv_fail(err, FV_E_READ, "%s: holds no pictures", folder);
	s->pixels = fv_arena_get(a, n * sizeof *s->pixels);
	s->native = fv_arena_get(a, n * sizeof *s->native);
	s->square = fv_arena_get(a, n * sizeof *s->square);
	if (!s->pixels || !s->native || !s->square)
		return fv_fail_memory(err, folder, n * sizeof *s->square);
	for (size_t i = 0; i < n; i++) {
		if ((st = fv_picture_shrink(err, s->names.path[i], 0, &s->pixels[i])))
			return st;
		s->count++;
		s->native[i] = fv_image_of(a, &s->pixels[i]);
		s->square[i] = fv_image_square(a, &s->pixels[i]);
		if (!s->native[i].rgb || !s->square[i].rgb)
			return fv_fail_memory(err, s->names.path[i], (size_t)(s->pixels[i].width * s->pixels[i].height) * 12);
		char text[200];
		snprintf(text, sizeof text, "reading %s: %zu of %zu", folder, i + 1, n);
		fv_progress_show(cli->progress, (double)(i + 1) / (double)n, text);
	}
	return FV_OK;
}

static void free_set(set *s)
{
	for (int i = 0; i < s->count; i++)
		free(s->pixels[i].data);
	fv_names_free(&s->names);
}

/* Names without folder and ending must be the same, one for one. */
static fv_status match_names(fv_err *err, const set *photos, const set *outs, const char *folder)
{
	if (photos->count != outs->count)
		return fv_fail(err, FV_E_ARGUMENT, "%s: %d pictures for %d photographs: every photograph needs one of its name", folder, outs->count, photos->count);
	for (int i = 0; i < photos->count; i++) {
		const char *a = strrchr(photos->names.path[i], '/') + 1, *b = strrchr(outs->names.path[i], '/') + 1;
		size_t na = (size_t)(strrchr(a, '.') - a), nb = (size_t)(strrchr(b, '.') - b);
		if (na != nb || memcmp(a, b, na))
			return fv_fail(err, FV_E_ARGUMENT, "%s: %s has no painted picture of its name", folder, a);
		if (photos->pixels[i].width != outs->pixels[i].width || photos->pixels[i].height != outs->pixels[i].height)
			return fv_fail(err, FV_E_SHAPE, "%s/%s: its size differs from the photograph's", folder, b);
	}
	return FV_OK;
}

static fv_status paint_set(fv_err *err, fv_cli *cli, fv_arena *a, const fv_model *m, int64_t seed, const set *photos, set *outs)
{
	size_t n = (size_t)photos->count;
	outs->pixels = fv_arena_get(a, n * sizeof *outs->pixels);
	outs->native = fv_arena_get(a, n * sizeof *outs->native);
	outs->square = fv_arena_get(a, n * sizeof *outs->square);
	if (!outs->pixels || !outs->native || !outs->square)
		return fv_fail_memory(err, "paintings", n * sizeof *outs->square);
	for (size_t i = 0; i < n; i++) {
		fv_pixels p = photos->pixels[i];
		if (!(p.data = malloc((size_t)(p.height * p.stride_bytes))))
			return fv_fail_memory(err, "a painting", (size_t)(p.height * p.stride_bytes));
		outs->pixels[outs->count++] = p;
		fv_status st = fv_paint(err, m, &photos->pixels[i], &(fv_paint_options){ sizeof(fv_paint_options), 1, (uint64_t)seed }, &p);
		if (st)
			return st;
		outs->native[i] = fv_image_of(a, &p);
		outs->square[i] = fv_image_square(a, &p);
		if (!outs->native[i].rgb || !outs->square[i].rgb)
			return fv_fail_memory(err, "a painting", (size_t)(p.width * p.height) * 12);
		char text[100];
		snprintf(text, sizeof text, "painting %zu of %zu", i + 1, n);
		fv_progress_show(cli->progress, (double)(i + 1) / (double)n, text);
	}
	return FV_OK;
}

/* ---- what is printed */
typedef struct { const char *name; fv_report r; } row;

static json_t *real(double v) { return v == v ? json_real(round(v * 1000) / 1000) : json_null(); }

static json_t *as_json(const fv_report *r)
{
	return json_pack("{s:i, s:{s:o, s:[o,o,o,o]}, s:o, s:{s:o, s:o, s:o}, s:{s:o, s:o, s:o}, s:o, s:o, s:o}", "n", r->n, "swd", "mean", real(r->swd.mean), "levels",
	                 real(r->swd.level[0]), real(r->swd.level[1]), real(r->swd.level[2]), real(r->swd.level[3]), "auc", real(r->auc), "lattice", "2",
	                 real(r->lattice[0]), "4", real(r->lattice[1]), "8", real(r->lattice[2]), "lattice_input", "2", real(r->lattice_input[0]), "4",
	                 real(r->lattice_input[1]), "8", real(r->lattice_input[2]), "chroma", real(r->chroma), "ssim", real(r->ssim), "corr", real(r->corr));
}

static void print(fv_cli *cli, const row *rows, int count)
{
	if (cli->json) {
		json_t *all = json_object();
		for (int i = 0; i < count; i++)
			json_object_set_new(all, rows[i].name, as_json(&rows[i].r));
		char *text = json_dumps(all, JSON_INDENT(1));
		fv_out("%s\n", text ? text : "{}");
		free(text);
		json_decref(all);
		return;
	}
	fv_out("%-16s %4s %7s %6s %6s %6s %7s %18s\n", "", "n", "SWD", "AUC", "SSIM", "corr", "chroma", "lattice at 2, 4, 8");
	for (int i = 0; i < count; i++) {
		const fv_report *r = &rows[i].r;
		char ssim[16] = "-", corr[16] = "-";
		if (r->ssim == r->ssim) {
			snprintf(ssim, sizeof ssim, "%.3f", r->ssim);
			snprintf(corr, sizeof corr, "%.3f", r->corr);
		}
		fv_out("%-16s %4d %7.1f %6.3f %6s %6s %7.3f %6.2f %5.2f %5.2f\n", rows[i].name, r->n, r->swd.mean, r->auc, ssim, corr, r->chroma, r->lattice[0],
		       r->lattice[1], r->lattice[2]);
	}
	fv_out("SWD: lower is nearer to the paintings. AUC: 0.5 cannot be told from them, 1 always. Lattice: judge it by the identity's.\n");
}

/* floors: identity, colour transfer, histograms, real paintings. Pictures are copied: the floors work in place. */
static bool copy_images(fv_arena *a, const fv_image *from, int n, fv_image *to)
{
	for (int i = 0; i < n; i++) {
		to[i] = fv_image_new(a, from[i].h, from[i].w);
		if (!to[i].rgb)
			return false;
		memcpy(to[i].rgb, from[i].rgb, (size_t)(from[i].h * from[i].w * 3) * sizeof(float));
	}
	return true;
}

static fv_status floors(fv_err *err, fv_cli *cli, fv_context *c, fv_arena *a, const set *photos, const set *art, row *rows, int *count)
{
	int n = photos->count;
	fv_image *natives = fv_arena_get(a, (size_t)n * sizeof *natives), *squares = fv_arena_get(a, (size_t)n * sizeof *squares),
	         *matched = fv_arena_get(a, (size_t)n * sizeof *matched);
	if (!natives || !squares || !matched || !copy_images(a, photos->native, n, natives) || !copy_images(a, photos->square, n, matched))
		return fv_fail_memory(err, "floors", (size_t)n * sizeof *natives);
	fv_progress_show(cli->progress, 0.1, "floors: identity");
	rows[*count].name = "identity";
	fv_status st = fv_eval_report(err, c, photos->square, photos->native, photos->square, photos->native, n, art->square, art->count, &rows[(*count)++].r);
	if (st)
		return st;
	fv_progress_show(cli->progress, 0.4, "floors: colour transfer");
	if ((st = fv_floor_reinhard(err, c, art->square, art->count, natives, n)))
		return st;
	for (int i = 0; i < n; i++) {                           /* squares of the transferred pictures, rounded to 8 bits */
		fv_pixels p = photos->pixels[i];
		p.data = fv_arena_get(a, (size_t)(p.height * p.stride_bytes));
		if (!p.data)
			return fv_fail_memory(err, "floors", (size_t)(p.height * p.stride_bytes));
		for (int64_t k = 0; k < p.width * p.height * 3; k++)
			((uint8_t *)p.data)[k] = (uint8_t)(natives[i].rgb[k] + 0.5f);
		squares[i] = fv_image_square(a, &p);
		if (!squares[i].rgb)
			return fv_fail_memory(err, "floors", FV_SQUARE * FV_SQUARE * 12);
	}
	rows[*count].name = "colour transfer";
	if ((st = fv_eval_report(err, c, squares, natives, photos->square, photos->native, n, art->square, art->count, &rows[(*count)++].r)))
		return st;
	fv_progress_show(cli->progress, 0.7, "floors: band histograms");
	if ((st = fv_floor_bands(err, c, art->square, art->count, squares, n)) || (st = fv_floor_bands(err, c, art->square, art->count, matched, n)))
		return st;
	rows[*count].name = "histograms";
	return fv_eval_report(err, c, squares, matched, photos->square, photos->square, n, art->square, art->count, &rows[(*count)++].r);
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const options *o = given;
	fv_context *c = NULL;
	fv_model *m = NULL;
	set photos = { 0 }, art = { 0 }, more = { 0 }, outs = { 0 };
	row rows[6];
	int n = 0;
	char path[4096];
	fv_arena *a = NULL;
	fv_status st = fv_cli_context(err, cli, &c);
	if (st)
		return st;
	if (!count == !o->outputs) {
		st = fv_fail(err, FV_E_ARGUMENT, "give a MODEL, or --outputs with painted pictures");
		goto done;
	}
	if (!(a = fv_arena_new(c))) {
		st = fv_fail_memory(err, "eval", 64);
		goto done;
	}
	if ((st = fv_picture_begin(err, "fauve")))
		goto done;
	if (count && ((st = fv_style_find(err, args[0], path, sizeof path)) || (st = fv_model_open(err, c, path, &m))))
		goto done;
	if ((st = read_set(err, cli, a, o->photos, &photos)) || (st = read_set(err, cli, a, o->art, &art)) ||
	    (o->more_art && (st = read_set(err, cli, a, o->more_art, &more))))
		goto done;
	if (m)
		st = paint_set(err, cli, a, m, o->seed, &photos, &outs);
	else if (!(st = read_set(err, cli, a, o->outputs, &outs)))
		st = match_names(err, &photos, &outs, o->outputs);
	if (st)
		goto done;
	fv_progress_show(cli->progress, 0, "measuring");
	rows[n].name = "painted";
	if ((st = fv_eval_report(err, c, outs.square, outs.native, photos.square, photos.native, outs.count, art.square, art.count, &rows[n++].r)))
		goto done;
	if (!o->no_floors && (st = floors(err, cli, c, a, &photos, &art, rows, &n)))
		goto done;
	if (more.count) {
		rows[n].name = "real paintings";
		if ((st = fv_eval_report(err, c, more.square, more.native, NULL, NULL, more.count, art.square, art.count, &rows[n++].r)))
			goto done;
	}
	fv_progress_clear(cli->progress);
	print(cli, rows, n);
	int cells = outs.count < 60 ? outs.count : 60;
	fv_pixels *cell = fv_arena_get(a, 2 * (size_t)cells * sizeof *cell);
	if (!cell) {
		st = fv_fail_memory(err, o->sheet, 2 * (size_t)cells * sizeof *cell);
		goto done;
	}
	for (int i = 0; i < cells; i++)
		cell[2 * i] = photos.pixels[i], cell[2 * i + 1] = outs.pixels[i];
	if (!(st = fv_sheet_write(err, c, o->sheet, cell, 2 * cells, 6)))
		fv_say(cli, "contact sheet: %s", o->sheet);
done:
	fv_progress_clear(cli->progress);
	free_set(&photos);
	free_set(&art);
	free_set(&more);
	free_set(&outs);
	fv_model_free(m);
	fv_arena_free(a);
	fv_context_free(c);
	return st;
}

const fv_command fv_command_eval = {
	.name = "eval",
	.summary = "metrics of a model's paintings beside their floors",
	.description = "Paints photographs and measures how near the result is to real paintings (SWD, AUC), how much of the scene is kept (SSIM, corr), "
	               "whether colours are alive (chroma) and whether a pixel lattice shows. Every figure stands beside what needs no learning. "
	               "Compare only figures with the same n.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples, .json = true, .run = run,
};
