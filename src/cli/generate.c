/* SPDX-License-Identifier: Apache-2.0 */
/* fauve generate: pictures from noise. */
#include "cli/find.h"
#include "picture/picture.h"
#include <stdlib.h>
#include <string.h>

#define FRAME 40                        /* milliseconds of a film's */

typedef struct {
	const char *output, *label;
	int64_t count, seed, columns, walk;
} options;

static const fv_option table[] = {
	{ .name = "output", .letter = 'o', .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "FILE",
	  .required = true, .at = offsetof(options, output),
	  .help = "the picture of them all, side by side; or with %d in its name, or a folder: "
	          "each in a file of its own; or .gif, on a walk also .webp: a film" },
	{ .name = "count", .letter = 'n', .type = FV_OPT_INT, .arg = "N",
	  .at = offsetof(options, count), .preset = "64", .low = 1, .high = 100000,
	  .help = "how many pictures" },
	{ .name = "seed", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, seed),
	  .preset = "0", .help = "the same seed gives the same pictures" },
	{ .name = "columns", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, columns),
	  .preset_help = "as many as make a square", .low = 0, .high = 10000,
	  .help = "pictures in a row" },
	{ .name = "walk", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, walk),
	  .preset_help = "each picture stands alone", .low = 1, .high = 100000,
	  .help = "the pictures lead from the first to the second and on to the Nth that there "
	          "would be, and back to the first" },
	{ .name = "label", .type = FV_OPT_TEXT, .arg = "NAME", .at = offsetof(options, label),
	  .preset_help = "each in its turn",
	  .help = "of a model with labels: what the pictures are to be, by name or by number from "
	          "0" },
	{ 0 },
};

static const fv_argument arguments[] = {
	{ "MODEL",
	  "a model that makes pictures from noise: a style's name, a file, or a run's folder",
	  .kind = FV_ARG_STYLE },
	{ 0 },
};

static const fv_example examples[] = {
	{ "fauve generate runs/digits -n 64 --seed 7 -o grid.png", "Eight rows of eight." },
	{ "fauve generate runs/digits --walk 10 -n 200 -o walk.gif",
	  "A film that changes ten pictures into each other." },
	{ "fauve generate runs/digits -n 500 --label 7 -o sevens/",
	  "500 sevens, each in a file: sevens/000001.png and so on." },
	{ 0 },
};

/* Where the number stands in a name: "%d" or "%06d", in the file's part alone; 0: nowhere. */
static int number_in(const char *path, int *at)
{
	const char *slash = strrchr(path, '/'), *percent = strchr(slash ? slash : path, '%');
	if (!percent)
		return 0;
	const int digits = (int)strspn(percent + 1, "0123456789");
	if (digits > 2 || percent[1 + digits] != 'd')
		return 0;
	*at = (int)(percent - path);
	return digits + 2;
}

static bool in_files(const char *path)
{
	int at;
	const size_t n = strlen(path);
	return number_in(path, &at) || path[n - 1] == '/' || fv_is_folder(path);
}

static fv_status write_files(fv_err *err, fv_context *c, const char *output, const fv_pixels *p,
			     int64_t count)
{
	char path[FV_PATH_MAX];
	int at, length = number_in(output, &at);
	const int digits = length ? atoi(output + at + 1) : 6;
	const size_t n = strlen(output);
	fv_status st = length ? FV_OK : fv_folder_make(err, output);
	for (int64_t i = 0; i < count && !st; i++) {
		if (length)
			snprintf(path, sizeof path, "%.*s%0*" PRId64 "%s", at, output, digits,
				 i + 1, output + at + length);
		else
			snprintf(path, sizeof path, "%s%s%0*" PRId64 ".png", output,
				 output[n - 1] == '/' ? "" : "/", digits, i + 1);
		st = fv_pixels_write(err, c, &p[i], path, NULL);
	}
	return st;
}

static bool as_film(const options *o)
{
	return fv_frames_ending(o->output) && (o->walk || fv_format_of_ending(o->output) == FV_GIF);
}

static fv_status write_all(fv_err *err, fv_context *c, const options *o, const fv_pixels *p)
{
	if (in_files(o->output))
		return write_files(err, c, o->output, p, o->count);
	if (as_film(o))
		return fv_frames_write(err, c, p, (int)o->count, FRAME, o->output);
	return fv_sheet_write(err, c, o->output, p, (int)o->count,
			      (int)fv_min(o->columns, o->count));
}

/* The label that a name means, counted from 1. */
static fv_status label_of(fv_err *err, const fv_model *m, const char *name, int *label)
{
	fv_description *d;
	char names[200] = "", *end;
	fv_status st = fv_model_describe(err, m, &d);
	if (st)
		return st;
	const long number = strtol(name, &end, 10);
	*label = *name && !*end && number >= 0 && number < d->labels ? (int)number + 1 : 0;
	for (int i = 0, n = 0; i < d->labels; i++) {
		if (!strcmp(d->label[i], name))
			*label = i + 1;
		if (n < (int)sizeof names)
			n += snprintf(names + n, sizeof names - (size_t)n, "%s%s", i ? ", " : "",
				      d->label[i]);
	}
	if (!d->labels)
		st = fv_fail(err, FV_E_ARGUMENT,
			     "--label %s: this model knows no labels; one that does is trained on "
			     "labelled pictures with --conditional yes",
			     name);
	else if (!*label)
		st = fv_fail(err, FV_E_ARGUMENT,
			     "--label %s: this model has no such label; it has %s", name, names);
	fv_description_free(d);
	return st;
}

static fv_status make(fv_err *err, fv_context *c, const fv_model *m, const options *o,
		      const fv_pixels *each)
{
	fv_generate_options how = FV_GENERATE_DEFAULTS;
	const size_t size = (size_t)(each->height * each->stride_bytes), n = (size_t)o->count;
	fv_status st = o->label ? label_of(err, m, o->label, &how.label) : FV_OK;
	if (st)
		return st;
	fv_pixels *p = calloc(n, sizeof *p);
	char *data = malloc(n * size);
	st = p && data ? FV_OK : fv_fail_memory(err, o->output, n * (size + sizeof *p));
	for (size_t i = 0; i < n && !st; i++) {
		p[i] = *each;
		p[i].data = data + i * size;
	}
	how.seed = (uint64_t)o->seed;
	how.stops = o->walk;
	if (!st && !(st = fv_generate(err, m, &how, o->count, p)))
		st = write_all(err, c, o, p);
	free(data);
	free(p);
	return st;
}

static fv_status check_output(fv_err *err, const options *o)
{
	int at, length = number_in(o->output, &at);
	const bool named = fv_picture_ending(o->output);
	if (!named && !(in_files(o->output) && !length))
		return fv_fail(
			err, FV_E_ARGUMENT,
			"--output: %s: unknown ending; pictures are written as .jpg, .png, .webp "
			"or .tif, films as .gif or .webp, and into a folder where the name ends in /",
			o->output);
	if (o->walk > o->count)
		return fv_fail(err, FV_E_ARGUMENT,
			       "--walk %" PRId64 ": has at least as many pictures, not %" PRId64
			       "; give more by --count",
			       o->walk, o->count);
	return FV_OK;
}

/* Where files go to is looked at before they are made. */
static fv_status check_place(fv_err *err, fv_context *c, const char *output)
{
	char path[FV_PATH_MAX];
	fv_status st = FV_OK;
	int at;
	if (!in_files(output) || number_in(output, &at))
		return fv_writer_check(err, c, output);
	snprintf(path, sizeof path, "%s/000001.png", output);
	return (st = fv_folder_make(err, output)) ? st : fv_writer_check(err, c, path);
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const options *o = given;
	char path[FV_PATH_MAX];
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_status st = fv_style_find(err, args[0], path, sizeof path);
	if (st)
		return st;
	if ((st = check_output(err, o)))
		return st;
	if ((st = fv_picture_begin(err, "fauve")))
		return st;
	if ((st = fv_cli_context(err, cli, false, &c)))
		goto done;
	if ((st = fv_model_open(err, c, path, &m)))
		goto done;
	fv_pixels each = { 0 };
	fv_err why = {0};
	if ((st = fv_generate_size(&why, m, &each)))
		fv_fail(err, st,
			"%s: makes no pictures from noise: %s; `fauve info` says what it is for",
			path, why.text);
	if (st)
		goto done;
	int64_t pixels = o->count * each.width * each.height;
	if (pixels > FV_PIXELS_MAX) {
		st = fv_fail(err, FV_E_LIMIT,
			     "--count: %" PRId64 " pictures of %dx%d are %.0f megapixels, "
			     "over the limit of %.0f; make fewer",
			     o->count, (int)each.width, (int)each.height, (double)pixels / 1e6,
			     (double)FV_PIXELS_MAX / 1e6);
		goto done;
	}
	if ((st = check_place(err, c, o->output)))
		goto done;
	if (!(st = make(err, c, m, o, &each)))
		fv_say(cli, "%s: %" PRId64 " picture%s", o->output, o->count,
		       o->count == 1 ? "" : "s");
done:
	fv_model_free(m);
	fv_context_free(c);
	fv_picture_end();
	return st;
}

const fv_command fv_command_generate = {
	.name = "generate",
	.summary = "pictures from noise",
	.description = "Makes pictures from noise with a model that was trained to (recipes dense, "
		       "dcgan, wgan, wgan-gp), and writes them side by "
		       "side as one picture, each in a file of its own, or as a film.",
	.options = table,
	.bytes = sizeof(options),
	.arguments = arguments,
	.examples = examples,
	.run = run,
};
