/* SPDX-License-Identifier: Apache-2.0 */
/* fauve eval: metrics of a model's paintings beside their floors. */
#include "cli/find.h"
#include "eval/eval.h"
#include "picture/picture.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *photos, *outputs, *sheet;
	fv_texts art, more_art;
	int64_t seed;
	bool no_floors;
} options;

static const fv_option table[] = {
	{ .name = "photos", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "DIR", .required = true, .at = offsetof(options, photos),
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
	{ .name = "no-floors", .type = FV_OPT_FLAG, .at = offsetof(options, no_floors),
	  .help = "leave out the photographs themselves, colour transfer and band histograms" },
	{ 0 },
};
static const fv_argument arguments[] = { { "MODEL", "a style's name, a model file, or a run's folder", .kind = FV_ARG_STYLE, .optional = true }, { 0 } };
static const fv_example examples[] = {
	{ "fauve eval vangogh --photos test/photos --art test/paintings --more-art train/paintings", "A model beside its floors." },
	{ "fauve eval --outputs painted/ --photos test/photos --art test/paintings", "Pictures that any program painted." },
	{ 0 },
};

/* The pictures of some folders. Of paintings to compare with, only the squares stay. */
typedef struct {
	char **path;
	fv_pixels *pixels;
	uint8_t *square;
	fv_names *folder;
	int folders, count;
} set;

static fv_pictures view(const set *s, bool squares) { return (fv_pictures){ s->count, squares ? NULL : s->pixels, s->square }; }

static void free_set(set *s)
{
	for (int i = 0; i < s->count && s->pixels; i++)
		free(s->pixels[i].data);
	for (int i = 0; i < s->folders; i++)
		fv_names_free(&s->folder[i]);
}

static fv_status make_room(fv_err *err, fv_arena *a, const char *what, set *s)
{
	size_t n = (size_t)s->count;
	s->pixels = fv_arena_get(a, n * sizeof *s->pixels);
	s->square = fv_arena_get(a, n * FV_SQUARE_BYTES);
	return s->pixels && s->square ? FV_OK : fv_fail_memory(err, what, n * FV_SQUARE_BYTES);
}

static fv_status list(fv_err *err, fv_arena *a, const char *const *folders, int count, set *s)
{
	int n = 0;
	fv_status st;
	if (!(s->folder = fv_arena_get(a, (size_t)count * sizeof *s->folder)))
		return fv_fail_memory(err, folders[0], (size_t)count * sizeof *s->folder);
	for (; s->folders < count; s->folders++) {
		fv_names *f = &s->folder[s->folders];
		if ((st = fv_folder_list(err, folders[s->folders], f)))
			return st;
		n += f->count;
		if (!f->count)
			return fv_fail(err, FV_E_READ, "%s: this folder holds no pictures (jpg, png, webp, tif)", folders[s->folders]);
	}
	if (!(s->path = fv_arena_get(a, (size_t)n * sizeof *s->path)))
		return fv_fail_memory(err, folders[0], (size_t)n * sizeof *s->path);
	for (int i = 0; i < count; i++)
		for (int k = 0; k < s->folder[i].count; k++)
			s->path[s->count++] = s->folder[i].path[k];
	return make_room(err, a, folders[0], s);
}

static fv_status square_of(fv_err *err, const fv_pixels *p, uint8_t *square)
{
	size_t bytes = fv_square_room(p->height, p->width);
	void *room = malloc(bytes);
	if (!room)
		return fv_fail_memory(err, "a picture", bytes);
	fv_square(p, square, room);
	free(room);
	return FV_OK;
}

typedef struct {
	set *set;
	bool squares;
	int begin;
	fv_err *err;                    /* a thread's first */
} reading;

static void read_some(void *arg, int thread, int64_t first, int64_t last)
{
	reading *r = arg;
	for (int64_t i = r->begin + first; i < r->begin + last && !r->err[thread].status; i++) {
		fv_pixels *p = &r->set->pixels[i];
		if (fv_picture_shrink(&r->err[thread], r->set->path[i], 0, p))
			return;
		square_of(&r->err[thread], p, r->set->square + i * FV_SQUARE_BYTES);
		if (r->squares) {
			free(p->data);
			p->data = NULL;
		}
	}
}

static fv_status read_set(fv_err *err, fv_cli *cli, fv_context *c, fv_arena *a, const char *const *folders, int count, bool squares, set *s)
{
	fv_status st = list(err, a, folders, count, s);
	if (st)
		return st;
	reading r = { s, squares, 0, fv_arena_get(a, (size_t)c->threads * sizeof(fv_err)) };
	if (!r.err)
		return fv_fail_memory(err, folders[0], (size_t)c->threads * sizeof(fv_err));
	for (; r.begin < s->count; r.begin += 4 * c->threads) {
		char text[300];
		snprintf(text, sizeof text, "reading %s: %d of %d", folders[0], r.begin, s->count);
		fv_progress_show(cli->progress, (double)r.begin / s->count, text);
		if (fv_interrupted())
			return fv_fail(err, FV_E_CANCELLED, "interrupted");
		fv_team_run(c->team, read_some, &r, fv_min(4 * c->threads, s->count - r.begin), 1);
		for (int t = 0; t < c->threads; t++)
			if (r.err[t].status)
				return fv_fail(err, r.err[t].status, "%s", r.err[t].text);
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

/* Puts the painted ones in the photographs' order: names without endings must be the same, one for one. */
static fv_status match(fv_err *err, fv_arena *a, const set *photos, const char *folder, set *outs)
{
	set sorted = { .folder = outs->folder, .folders = outs->folders, .count = outs->count };
	fv_status st = FV_OK;
	if (photos->count != outs->count)
		return fv_fail(err, FV_E_ARGUMENT, "%s: %d pictures for %d photographs; every photograph needs one of its name", folder, outs->count,
		               photos->count);
	if ((st = make_room(err, a, folder, &sorted)) || !(sorted.path = fv_arena_get(a, (size_t)outs->count * sizeof *sorted.path)))
		return st ? st : fv_fail_memory(err, folder, (size_t)outs->count * sizeof *sorted.path);
	for (int i = 0; i < photos->count; i++) {
		const char *name, *other;
		int length = stem(photos->path[i], &name), k = 0;
		for (; k < outs->count; k++)
			if (outs->path[k] && stem(outs->path[k], &other) == length && !memcmp(name, other, (size_t)length))
				break;
		if (k == outs->count)
			return fv_fail(err, FV_E_ARGUMENT, "%s: holds no picture named %.*s, as %s has it", folder, length, name, photos->path[i]);
		const fv_pixels *p = &photos->pixels[i], *q = &outs->pixels[k];
		if (p->width != q->width || p->height != q->height)
			return fv_fail(err, FV_E_SHAPE, "%s: %" PRId64 "x%" PRId64 " pixels, but its photograph has %" PRId64 "x%" PRId64, outs->path[k], q->width,
			               q->height, p->width, p->height);
		sorted.path[i] = outs->path[k];
		sorted.pixels[i] = *q;
		memcpy(sorted.square + (size_t)i * FV_SQUARE_BYTES, outs->square + (size_t)k * FV_SQUARE_BYTES, FV_SQUARE_BYTES);
		outs->path[k] = NULL;
		outs->pixels[k].data = NULL;
	}
	*outs = sorted;
	return FV_OK;
}

static fv_status paint(fv_err *err, fv_cli *cli, fv_arena *a, const fv_model *m, int64_t seed, const set *photos, set *outs)
{
	fv_paint_options opt = FV_PAINT_DEFAULTS;
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
			st = fv_fail_memory(err, photos->path[i], (size_t)(p->height * p->stride_bytes));
		else if ((st = fv_painter_paint(&why, painter, &photos->pixels[i], &opt, p)))
			fv_fail(err, st, "%s: %s", photos->path[i], why.text);
		else
			st = square_of(err, p, outs->square + (size_t)i * FV_SQUARE_BYTES);
	}
	fv_painter_free(painter);
	return st;
}

/* ---- what is printed. Names: of JSON, as metrics.py has them; of the table. */
static const struct { const char *name, *title; } titles[] = {
	{ "painted", "painted" }, { "identity", "photographs" }, { "reinhard", "colour transfer" }, { "bands", "band histograms" }, { "real", "real paintings" },
};
enum { PAINTED, FLOORS, REAL = FLOORS + FV_FLOORS, ROWS };

static json_t *real(double v) { return v == v ? json_real(v) : json_null(); }

static json_t *as_json(const fv_measures *m)
{
	return json_pack("{s:i, s:{s:o, s:[o,o,o,o]}, s:o, s:{s:o, s:o, s:o}, s:o, s:{s:o, s:o, s:o}, s:o, s:o}", "n", m->count, "swd", "mean", real(m->swd),
	                 "levels", real(m->level[0]), real(m->level[1]), real(m->level[2]), real(m->level[3]), "auc", real(m->auc), "lattice", "2",
	                 real(m->lattice[0]), "4", real(m->lattice[1]), "8", real(m->lattice[2]), "chroma", real(m->chroma), "lattice_input", "2",
	                 real(m->lattice_input[0]), "4", real(m->lattice_input[1]), "8", real(m->lattice_input[2]), "ssim", real(m->ssim), "corr",
	                 real(m->corr));
}

static fv_status print_json(fv_err *err, const fv_measures *rows)
{
	json_t *all = json_object();
	for (int i = 0; i < ROWS; i++)
		if (rows[i].count)
			json_object_set_new(all, titles[i].name, as_json(&rows[i]));
	char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(all);
	if (!text)
		return fv_fail_memory(err, "JSON", 4096);
	fv_out("%s\n", text);
	free(text);
	return FV_OK;
}

/* Right-aligned, "-" for what there is none of. */
static const char *figure(char room[16], double v, int width, int digits)
{
	if (v == v)
		snprintf(room, 16, "%*.*f", width, digits, v);
	else
		snprintf(room, 16, "%*s", width, "-");
	return room;
}

static void print_table(const fv_measures *rows, int art)
{
	fv_out("%-16s %4s %6s %6s %6s %6s %6s   %s\n", "", "n", "SWD", "AUC", "SSIM", "corr", "chroma", "lattice at 2, 4, 8 (input's)");
	for (int i = 0; i < ROWS; i++) {
		const fv_measures *m = &rows[i];
		char t[11][16];
		if (!m->count)
			continue;
		fv_out("%-16s %4d %s %s %s %s %s   %s %s %s", titles[i].title, m->count, figure(t[0], m->swd, 6, 1), figure(t[1], m->auc, 6, 3),
		       figure(t[2], m->ssim, 6, 3), figure(t[3], m->corr, 6, 3), figure(t[4], m->chroma, 6, 3), figure(t[5], m->lattice[0], 4, 2),
		       figure(t[6], m->lattice[1], 4, 2), figure(t[7], m->lattice[2], 4, 2));
		if (m->lattice_input[0] == m->lattice_input[0])
			fv_out(" (%s %s %s)", figure(t[8], m->lattice_input[0], 4, 2), figure(t[9], m->lattice_input[1], 4, 2),
			       figure(t[10], m->lattice_input[2], 4, 2));
		fv_out("\n");
	}
	fv_out("\nCompared with %d paintings. SWD: distance of patches, lower is nearer. AUC: how well a judge tells patches from the\n"
	       "paintings': 0.5 not at all, 1 always. SSIM, corr: what is kept of the photograph. chroma: the paintings' is 1.\n"
	       "lattice: 1 is none; noise below 30 pictures. Every figure moves with n: compare equal n only.\n", art);
}

/* Photograph and painting side by side, of the first sixty. */
static fv_status write_sheet(fv_err *err, fv_cli *cli, fv_context *c, const char *path, const set *photos, const set *outs)
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

static fv_status measure(fv_err *err, fv_cli *cli, fv_context *c, const options *o, const set *photos, const set *outs, const set *art, const set *more,
                         fv_measures *rows)
{
	fv_pictures p = view(photos, false), q = view(outs, false), b = view(art, true), r = view(more, true);
	fv_eval *e = NULL;
	fv_status st = fv_eval_open(err, c, &b, &e);
	if (!st)
		st = fv_eval_set(err, e, &q, &p, tell, &(teller){ cli, "measuring" }, &rows[PAINTED]);
	if (!st && !o->no_floors)
		st = fv_eval_floors(err, e, &p, tell, &(teller){ cli, "measuring floors" }, &rows[FLOORS]);
	if (!st && r.count)
		st = fv_eval_set(err, e, &r, NULL, tell, &(teller){ cli, "measuring real paintings" }, &rows[REAL]);
	fv_eval_close(e);
	fv_progress_clear(cli->progress);
	return st;
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const options *o = given;
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_arena *a = NULL;
	set photos = { 0 }, art = { 0 }, more = { 0 }, outs = { 0 };
	fv_measures rows[ROWS] = { { 0 } };
	char path[FV_PATH_MAX];
	fv_status st;
	if (!count == !o->outputs)
		return fv_fail(err, FV_E_ARGUMENT, "give a MODEL, or --outputs with painted pictures");
	if (!fv_picture_ending(o->sheet))
		return fv_fail(err, FV_E_ARGUMENT, "--sheet: %s: unknown ending; pictures are written as .jpg, .png, .webp or .tif", o->sheet);
	if (count && (st = fv_style_find(err, args[0], path, sizeof path)))
		return st;
	if ((st = fv_picture_begin(err, "fauve")))
		return st;
	if ((st = fv_cli_context(err, cli, true, &c)) || (count && (st = fv_model_open(err, c, path, &m))))
		goto done;
	if (!(a = fv_arena_new(c))) {
		st = fv_fail_memory(err, "eval", 64);
		goto done;
	}
	if ((st = read_set(err, cli, c, a, &o->photos, 1, false, &photos)) || (st = read_set(err, cli, c, a, o->art.item, o->art.count, true, &art)) ||
	    (o->more_art.count && (st = read_set(err, cli, c, a, o->more_art.item, o->more_art.count, true, &more))))
		goto done;
	if (m)
		st = paint(err, cli, a, m, o->seed, &photos, &outs);
	else if (!(st = read_set(err, cli, c, a, &o->outputs, 1, false, &outs)))
		st = match(err, a, &photos, o->outputs, &outs);
	if (st || (st = measure(err, cli, c, o, &photos, &outs, &art, &more, rows)))
		goto done;
	if (!cli->json)
		print_table(rows, art.count);
	else if ((st = print_json(err, rows)))
		goto done;
	st = write_sheet(err, cli, c, o->sheet, &photos, &outs);
done:
	fv_progress_clear(cli->progress);
	free_set(&photos);
	free_set(&art);
	free_set(&more);
	free_set(&outs);
	fv_model_free(m);
	fv_arena_free(a);
	fv_context_free(c);
	fv_picture_end();
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
