/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: paint pictures. */
#include "cli/find.h"
#include "base/memory.h"
#include "base/file.h"
#include "paint/paint.h"
#include "picture/picture.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
	const char *output, *strokes, *flow;
	double strength, detail, palette, relief, megapixels;
	int64_t seed, quality, memory;
	int norm;
	bool keep_private, force;
} options;

/* Widths of the widest strokes, in longer sides of the picture. */
static const struct { const char *name; double share; } strokes[] = {
	{ "fine", 0.02 }, { "medium", 0.034 }, { "broad", 0.05 },
};

/* In the order of fv_norm, from FV_NORM_PICTURE on. */
static const char *const norms[] = { "picture", "published", "running", NULL };

static const fv_option table[] = {
	{ .name = "output", .letter = 'o', .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "OUT",
	  .required = true, .at = offsetof(options, output),
	  .help = "the painted picture; or a folder, made when missing, for pictures of the same "
	          "names" },
	{ .name = "strength", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, strength),
	  .preset = "1", .low = 0, .high = 1, .help = "0 is the photograph, 1 all paint" },
	{ .name = "strokes", .type = FV_OPT_TEXT, .arg = "WIDTH", .at = offsetof(options, strokes),
	  .preset = "medium",
	  .help = "how wide the widest are: fine, medium, broad; pixels, such as 40; or a share of "
	          "the longer side, such as 3%" },
	{ .name = "detail", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, detail),
	  .preset = "0.75", .low = 0, .high = 1,
	  .help = "how near finer brushes come to the photograph: 0 wide strokes alone, 1 fine "
	          "ones wherever something is fine" },
	{ .name = "palette", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, palette),
	  .preset = "0.5", .low = 0, .high = 1,
	  .help = "whose colours: 0 the photograph's, 0.5 as learnt, 1 those of the painter's own "
	          "paintings, whatever the photograph" },
	{ .name = "relief", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, relief),
	  .preset = "1", .low = 0.25, .high = 4,
	  .help = "how strongly neighbouring strokes differ: below 1 softer than the style has it, "
	          "above 1 bolder" },
	{ .name = "norm", .type = FV_OPT_ENUM, .arg = "WHAT", .at = offsetof(options, norm),
	  .preset_help = "picture, where there is batch norm", .choices = norms,
	  .help = "of a model with batch norm, as pix2pix': picture goes by the picture's own mean and "
	          "variance; published adds dropout, drawn by the seed, as its authors do; running "
	          "goes by what training's pictures had on average" },
	{ .name = "flow", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "FILE",
	  .at = offsetof(options, flow),
	  .help = "a picture whose colours say where strokes run: the hue is twice the angle (red "
	          "level, cyan upright, yellow-green and violet aslant), grey leaves it to the "
	          "photograph" },
	{ .name = "seed", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, seed),
	  .preset = "0", .help = "of where strokes lie; the same seed gives the same picture" },
	{ .name = "quality", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, quality),
	  .preset = "92", .low = 1, .high = 100, .help = "of JPEG and WebP" },
	{ .name = "keep-private", .type = FV_OPT_FLAG, .at = offsetof(options, keep_private),
	  .help = "keep all metadata: place, persons, titles, camera, serial numbers, maker notes, "
	          "names of profiles" },
	{ .name = "max-megapixels", .type = FV_OPT_FLOAT, .arg = "X",
	  .at = offsetof(options, megapixels), .preset_help = "419", .low = 0.000001, .high = 4000,
	  .help = "refuse larger pictures; up to it, files are believed that claim more than their "
	          "bytes are likely to hold (fauve doctor)" },
	{ .name = "max-memory", .type = FV_OPT_SIZE, .arg = "SIZE", .at = offsetof(options, memory),
	  .preset_help = "900M or 220 bytes a pixel, if so much is free",
	  .help = "what fauve may take in all, such as 400M or 2G; what does not fit at once is "
	          "painted in bands, and what does not fit so is refused before work begins" },
	{ .name = "force", .letter = 'f', .type = FV_OPT_FLAG, .at = offsetof(options, force),
	  .help = "paint over the photograph itself when OUT names it" },
	{ 0 },
};

static const fv_argument arguments[] = {
	{ "MODEL", "a style's name (fauve styles), a model file, or a run's folder",
	  .kind = FV_ARG_STYLE },
	{ "FILE", "pictures (JPEG, PNG, WebP, TIFF, GIF), or folders of them", .kind = FV_ARG_FILE,
	  .many = true },
	{ 0 },
};

static const fv_example examples[] = {
	{ "fauve apply vangogh photo.jpg -o painted.png", "One picture." },
	{ "fauve apply vangogh holiday/ more.jpg -o painted/",
	  "All pictures of a folder and one more, into a folder." },
	{ "fauve apply runs/mine photo.jpg -o soft.jpg --strength 0.6",
	  "A model of your own, less of it." },
	{ "fauve apply vangogh photo.jpg -o bold.png --strokes broad", "Wide strokes." },
	{ "fauve apply vangogh photo.jpg -o mine.png --palette 0",
	  "His brush, the photograph's colours." },
	{ 0 },
};

typedef struct { char *in, *out; } job;
typedef struct {
	job *item;
	int count, room;
} jobs;

static void free_jobs(jobs *j)
{
	for (int i = 0; i < j->count; i++) {
		free(j->item[i].in);
		free(j->item[i].out);
	}
	free(j->item);
}

/* The file that IN becomes in a folder: its own name, with the ending .png when pictures cannot be
 * written with its own. */
static char *name_in(const char *folder, const char *in)
{
	const char *slash = strrchr(in, '/'), *name = slash ? slash + 1 : in,
		   *dot = strrchr(name, '.');
	bool writable = fv_picture_ending(name);
	int stem = writable || !dot || dot == name ? (int)strlen(name) : (int)(dot - name);
	size_t room = strlen(folder) + strlen(name) + sizeof "/.png";
	char *path = malloc(room);
	if (path)
		snprintf(path, room, "%s%s%.*s%s", folder,
		         folder[strlen(folder) - 1] == '/' ? "" : "/", stem, name,
		         writable ? "" : ".png");
	return path;
}

/* out: the file, when `folder` is false. */
static fv_status add(fv_err *err, jobs *j, const char *in, const char *out, bool folder)
{
	if (j->count == j->room) {
		int room = j->room ? 2 * j->room : 16;
		job *more = realloc(j->item, (size_t)room * sizeof *more);
		if (!more)
			return fv_fail_memory(err, "list of pictures", (size_t)room * sizeof *more);
		j->item = more;
		j->room = room;
	}
	job *new = &j->item[j->count++];
	*new = (job){ strdup(in), folder ? name_in(out, in) : strdup(out) };
	return new->in && new->out ? FV_OK : fv_fail_memory(err, "list of pictures", strlen(in));
}

static int by_out(const void *a, const void *b)
{
	return strcmp((*(const job *const *)a)->out, (*(const job *const *)b)->out);
}

/* Two pictures must not become one file. */
static fv_status check_names(fv_err *err, const jobs *j)
{
	const job **sorted = malloc((size_t)j->count * sizeof *sorted + 1);
	if (!sorted)
		return fv_fail_memory(err, "list of pictures", (size_t)j->count * sizeof *sorted);
	for (int i = 0; i < j->count; i++)
		sorted[i] = &j->item[i];
	qsort(sorted, (size_t)j->count, sizeof *sorted, by_out);
	fv_status st = FV_OK;
	for (int i = 1; i < j->count && !st; i++)
		if (!strcmp(sorted[i - 1]->out, sorted[i]->out))
			st = fv_fail(
				err, FV_E_ARGUMENT,
				"%s and %s would both become %s; paint them into different folders",
				sorted[i - 1]->in, sorted[i]->in, sorted[i]->out);
	free(sorted);
	return st;
}

static fv_status list_jobs(fv_err *err, const options *o, int count, char **args, jobs *out)
{
	size_t length = strlen(o->output);
	bool many = count > 1 || fv_is_folder(args[0]);
	bool folder = fv_is_folder(o->output) || o->output[length - 1] == '/' || many;
	fv_status st = FV_OK;
	if (folder && many && fv_picture_ending(o->output) && !fv_is_folder(o->output))
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--output: %s is one picture, but several are to be painted; name a folder",
			o->output);
	if (!folder && !fv_picture_ending(o->output))
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--output: %s: unknown ending; pictures are written as .jpg, .png, .webp "
			"or .tif, into a folder when the name ends with /",
			o->output);
	for (int i = 0; i < count && !st; i++) {
		if (!fv_is_folder(args[i])) {
			st = add(err, out, args[i], o->output, folder);
			continue;
		}
		fv_names n = { 0 };
		st = fv_folder_list(err, args[i], &n);
		if (!st && !n.count)
			st = fv_fail(err, FV_E_READ,
			             "%s: this folder holds no pictures (jpg, png, webp, tif)",
			             args[i]);
		for (int k = 0; k < n.count && !st; k++)
			st = add(err, out, n.path[k], o->output, true);
		fv_names_free(&n);
	}
	if (!st)
		st = check_names(err, out);
	if (!st && folder)
		st = fv_folder_make(err, o->output);
	return st;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A picture in work. */
typedef struct {
	fv_cli *cli;
	fv_context *context;
	const fv_model *model;
	fv_painter *painter;
	const options *o;
	const fv_pixels *flow;
	const job *job;
} task;

/* bytes for all that is not counted one by one: libraries, stacks, the decoding process'
 * server */
#define SMALL 32e6

/* Bytes that may be taken beside what is taken now: of --max-memory, or of what is free. */
static double allowed(const task *t)
{
	if (t->o->memory)
		return (double)t->o->memory - fv_memory("/proc/self/status", "VmRSS") - SMALL;
	double here = fv_memory_free();
	return here > 0 ? 0.9 * (here + (double)fv_painter_bytes(t->painter)) : INFINITY;
}

/* What painting may take: without a limit 900 MB, of which the program itself has some, or what a
 * large picture is as fast with: beyond that, bands are as fast as touching so much memory for the
 * first time; and no more than there is. */
static int64_t allowance(const task *t, const fv_pixels *v)
{
	double area = (double)v->width * (double)v->height,
	       most = t->o->memory ? INFINITY : fmax(870e6, 220 * area);
	double here = allowed(t);
	return fmin(most, here) < INFINITY ? (int64_t)fmax(1, fmin(most, here)) : 0;
}

/* A number and its end: "40", "3%". */
static fv_status read_strokes(fv_err *err, const char *text, int64_t longer, float *share)
{
	char *end;
	for (size_t i = 0; i < FV_COUNT(strokes); i++)
		if (!strcmp(text, strokes[i].name)) {
			*share = (float)strokes[i].share;
			return FV_OK;
		}
	double v = strtod(text, &end), part = strcmp(end, "%") ? v / (double)longer : v / 100;
	if (end == text || (*end && strcmp(end, "%")) || !(part > 0))
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--strokes: '%s' is no width; write fine, medium, broad, pixels such as "
			"40, or a share such as 3%%",
			text);
	if (part > 0.5)
		return fv_fail(err, FV_E_ARGUMENT,
		               "--strokes: '%s' is more than half of a picture of %" PRId64
		               " pixels",
		               text, longer);
	*share = (float)part;
	return FV_OK;
}

static fv_status how_of(fv_err *err, const task *t, const fv_pixels *v, fv_paint_options *how)
{
	const options *o = t->o;
	*how = (fv_paint_options)FV_PAINT_DEFAULTS;
	how->strength = (float)o->strength;
	how->detail = (float)o->detail;
	how->palette = (float)o->palette;
	how->relief = (float)o->relief;
	how->seed = (uint64_t)o->seed;
	how->norm = (fv_norm)(o->norm + 1);             /* -1: not given */
	how->flow = t->flow;
	return read_strokes(err, o->strokes, v->width > v->height ? v->width : v->height,
	                    &how->strokes);
}

/* Asked when the header has been read: decoding, painting and writing one after the other, and the
 * pixels all the while. */
static fv_status fits(fv_err *err, void *user, const fv_pixels *v, int64_t decoding)
{
	const task *t = user;
	fv_paint_options how;
	fv_err why = { 0 };
	int64_t painting, pixels = v->height * v->stride_bytes,
			  writing = fv_picture_write_bytes(t->job->out, v);
	fv_status st = how_of(&why, t, v, &how);
	if (!st)
		st = fv_paint_least(&why, t->model, v->height, v->width, &how, &painting);
	if (st)
		return fv_fail(err, st, "%s: %s", t->job->in, why.text);
	double need = (double)(pixels + fv_max(decoding, fv_max(painting, writing))),
	       have = allowed(t);
	if (need <= have)
		return FV_OK;
	if (!t->o->memory)
		return fv_fail(
			err, FV_E_MEMORY,
			"%s: %" PRId64 " x %" PRId64
			" pixels need %.0f MB to be painted, and %.0f MB are free; close other "
			"programs, or paint a smaller copy",
			t->job->in, v->width, v->height, need / 1e6, fmax(0, have) / 1e6);
	return fv_fail(
		err, FV_E_MEMORY,
		"%s: %" PRId64 " x %" PRId64
		" pixels need %.0f MB to be painted, and --max-memory is %.0f MB; allow more, or "
		"paint a smaller copy",
		t->job->in, v->width, v->height, ((double)t->o->memory - have + need) / 1e6,
		(double)t->o->memory / 1e6);
}

static bool interrupted(void *user) { return fv_interrupted(); }

static fv_status paint(fv_err *err, task *t, const job *j, bool alone)
{
	const options *o = t->o;
	fv_picture *p = NULL;
	fv_err warning;
	t->job = j;
	const double most = isnan(o->megapixels) ? 0 : o->megapixels * 1e6;
	fv_read_options limits = { .max_pixels = (int64_t)most, .keep_private = o->keep_private,
	                           .max_memory = o->memory ? (int64_t)fmax(1, allowed(t)) : 0,
	                           .fits = fits, .cancelled = interrupted, .user = t };
	double begun = fv_now();
	if (!o->force && same_file(j->in, j->out))
		return fv_fail(err, FV_E_ARGUMENT,
		               "%s: would be painted over; name another --output, or say --force",
		               j->in);
	fv_status st = fv_picture_read(err, j->in, &limits, &p, &warning);
	if (st)
		return st;
	if (warning.status)
		fv_warn(t->cli, "%s", warning.text);
	fv_pixels *v = fv_picture_pixels(p);
	fv_picture_fill_hidden(p);
	fv_err why;
	fv_paint_options how;
	st = how_of(&why, t, v, &how);
	how.max_memory = allowance(t, v);
	/* Under a limit nothing is held between pictures: reading and writing them wants that
	 * memory. */
	if (!st)
		st = o->memory ? fv_paint(&why, t->model, v, &how, v)
		               : fv_painter_paint(&why, t->painter, v, &how, v);
	if (st)
		fv_fail(err, st, "%s: %s", j->in, why.text);
	else
		st = fv_picture_write(err, t->context, p, j->out,
		                      &(fv_write_options){ (int)o->quality, fv_stop_removes });
	if (!st && (alone || t->cli->verbose))
		fv_say(t->cli, "%s: %" PRId64 "x%" PRId64 ", painted in %.1f s", j->out, v->width,
		       v->height, fv_now() - begun);
	fv_picture_free(p);
	return st;
}

/* One after the other; what fails is said and left out. */
static fv_status paint_all(fv_err *err, task *t, const jobs *j)
{
	fv_cli *cli = t->cli;
	int done = 0, failed = 0;
	double begun = fv_now();
	fv_status st = FV_OK;
	for (int i = 0; i < j->count; i++) {
		char text[400];
		snprintf(text, sizeof text, "%d/%d  %s", i + 1, j->count, j->item[i].in);
		fv_progress_show(cli->progress, (double)i / j->count, text);
		fv_err why;
		fv_status one = fv_interrupted() ? FV_E_CANCELLED
		                                 : paint(&why, t, &j->item[i], false);
		if (one == FV_E_CANCELLED)
			return fv_fail(err, FV_E_CANCELLED,
			               "interrupted; %d of %d pictures are painted", done,
			               j->count);
		if (one) {
			fv_complain(cli, &why);
			failed++;
			st = one;
		} else
			done++;
	}
	fv_progress_clear(cli->progress);
	if (failed && !done)
		return fv_fail(err, st, "none of %d pictures could be painted", j->count);
	if (failed)
		return fv_fail(err, FV_E_PARTIAL,
		               "%d of %d pictures could not be painted; the others are in %s",
		               failed, j->count, t->o->output);
	fv_say(cli, "%d pictures painted in %.1f s: %s", done, fv_now() - begun, t->o->output);
	return FV_OK;
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const options *o = given;
	char path[FV_PATH_MAX];
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_painter *painter = NULL;
	fv_picture *flow = NULL;
	fv_err warning;
	jobs j = { 0 };
	fv_status st = fv_style_find(err, args[0], path, sizeof path);
	if (st)
		return st;
	if ((st = fv_picture_begin(err, "fauve")))
		return st;
	if ((st = fv_cli_context(err, cli, true, &c)))
		goto done;
	if ((st = fv_model_open(err, c, path, &m)))
		goto done;
	if ((st = fv_painter_new(err, m, &painter)))
		goto done;
	if ((st = list_jobs(err, o, count - 1, args + 1, &j)))
		goto done;
	const fv_read_options stoppable = { .cancelled = interrupted };
	if (o->flow && (st = fv_picture_read(err, o->flow, &stoppable, &flow, &warning)))
		goto done;
	task t = { cli, c, m, painter, o, flow ? fv_picture_pixels(flow) : NULL, NULL };
	st = j.count == 1 ? paint(err, &t, &j.item[0], true) : paint_all(err, &t, &j);
done:
	fv_picture_free(flow);
	free_jobs(&j);
	fv_painter_free(painter);
	fv_model_free(m);
	fv_context_free(c);
	fv_picture_end();
	return st;
}

const fv_command fv_command_apply = {
	.name = "apply", .summary = "paint pictures",
	.description = "Paints photographs in a style. A painting has the size, depth and "
	               "transparency of its photograph, which is turned upright; its profile, "
	               "exposure data and credit are kept, what is private is not. OUT's ending "
	               "says the format.\n\n"
	               "A folder as input gives all of its pictures. With several pictures OUT is "
	               "a folder; one that fails is named, the others are painted, and the exit "
	               "code is 6. Files appear whole or not at all; one that is replaced keeps "
	               "its mode and owner, and a link under OUT's name is refused.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples,
	.run = run,
};
