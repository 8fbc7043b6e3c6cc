/* SPDX-License-Identifier: Apache-2.0 */
/* fauve generate: pictures from noise. */
#include "cli/find.h"
#include "picture/picture.h"
#include <stdlib.h>

typedef struct {
	const char *output;
	int64_t count, seed, columns;
} options;

static const fv_option table[] = {
	{ .name = "output", .letter = 'o', .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "FILE", .required = true, .at = offsetof(options, output),
	  .help = "the picture of them all, side by side" },
	{ .name = "count", .letter = 'n', .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, count), .preset = "64", .low = 1, .high = 100000,
	  .help = "how many pictures" },
	{ .name = "seed", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, seed), .preset = "0", .help = "the same seed gives the same pictures" },
	{ .name = "columns", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, columns), .preset_help = "as many as make a square", .low = 0, .high = 10000,
	  .help = "pictures in a row" },
	{ 0 },
};

static const fv_argument arguments[] = {
	{ "MODEL", "a model that makes pictures from noise: a style's name, a file, or a run's folder", .kind = FV_ARG_STYLE },
	{ 0 },
};

static const fv_example examples[] = {
	{ "fauve generate runs/digits -n 64 --seed 7 -o grid.png", "Eight rows of eight." },
	{ 0 },
};

static fv_status make(fv_err *err, fv_context *c, const fv_model *m, const options *o, const fv_pixels *each)
{
	fv_generate_options how = FV_GENERATE_DEFAULTS;
	const size_t size = (size_t)(each->height * each->stride_bytes), n = (size_t)o->count;
	fv_pixels *p = calloc(n, sizeof *p);
	char *data = malloc(n * size);
	fv_status st = p && data ? FV_OK : fv_fail_memory(err, o->output, n * (size + sizeof *p));
	for (size_t i = 0; i < n && !st; i++) {
		p[i] = *each;
		p[i].data = data + i * size;
	}
	how.seed = (uint64_t)o->seed;
	if (!st && !(st = fv_generate(err, m, &how, o->count, p)))
		st = fv_sheet_write(err, c, o->output, p, (int)o->count, (int)fv_min(o->columns, o->count));
	free(data);
	free(p);
	return st;
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
	if (!fv_picture_ending(o->output))
		return fv_fail(err, FV_E_ARGUMENT, "--output: %s: unknown ending; pictures are written as .jpg, .png, .webp or .tif", o->output);
	if ((st = fv_picture_begin(err, "fauve")))
		return st;
	if ((st = fv_cli_context(err, cli, false, &c)))
		goto done;
	if ((st = fv_model_open(err, c, path, &m)))
		goto done;
	fv_pixels each = { 0 };
	if ((st = fv_generate_size(err, m, &each)) == FV_E_ARGUMENT)
		fv_fail(err, st, "%s: makes no square pictures from noise; `fauve info` says what it is for", path);
	if (st)
		goto done;
	int64_t pixels = o->count * each.width * each.height;
	if (pixels > FV_PIXELS_MAX) {
		st = fv_fail(err, FV_E_LIMIT, "--count: %" PRId64 " pictures of %dx%d are %.0f megapixels, "
		             "over the limit of %.0f; make fewer", o->count, (int)each.width, (int)each.height,
		             (double)pixels / 1e6, (double)FV_PIXELS_MAX / 1e6);
		goto done;
	}
	if (!(st = make(err, c, m, o, &each)))
		fv_say(cli, "%s: %" PRId64 " picture%s", o->output, o->count, o->count == 1 ? "" : "s");
done:
	fv_model_free(m);
	fv_context_free(c);
	fv_picture_end();
	return st;
}

const fv_command fv_command_generate = {
	.name = "generate", .summary = "pictures from noise",
	.description = "Makes pictures from noise with a model that was trained to (recipe dense), and writes them side by side as one picture.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples, .run = run,
};
