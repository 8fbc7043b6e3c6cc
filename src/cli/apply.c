/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: paint pictures. */
#include "cli/apply.h"
#include "cli/find.h"

static const fv_argument arguments[] = {
	{"MODEL", "a style's name (fauve styles), a model file, or a run's folder",
	 .kind = FV_ARG_STYLE},
	{"FILE", "pictures (JPEG, PNG, WebP, TIFF, GIF, HEIF, AVIF), or folders of them",
	 .kind = FV_ARG_FILE, .many = true},
	{0},
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

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const fv_apply_options *o = given;
	char path[FV_PATH_MAX];
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_painter *painter = NULL;
	fv_picture *flow = NULL;
	fv_err warning;
	fv_jobs j = { 0 };
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
	if ((st = fv_jobs_list(err, o, count - 1, args + 1, &j)))
		goto done;
	if (*j.left)
		fv_warn(cli, "%s", j.left);
	const fv_read_options stoppable = { .cancelled = fv_apply_stopped };
	if (o->flow && (st = fv_picture_read(err, o->flow, &stoppable, &flow, &warning)))
		goto done;
	if (flow && warning.status)
		fv_warn(cli, "%s", warning.text);
	fv_apply a = { cli, c, m, painter, o, flow ? fv_picture_pixels(flow) : NULL, NULL };
	st = j.count == 1 ? fv_apply_picture(err, &a, &j.item[0], true)
	                  : fv_apply_many(err, &a, &j);
done:
	fv_picture_free(flow);
	fv_jobs_free(&j);
	fv_painter_free(painter);
	fv_model_free(m);
	fv_context_free(c);
	fv_picture_end();
	return st;
}

const fv_command fv_command_apply = {
	.name = "apply",
	.summary = "paint pictures",
	.description =
		"Paints photographs in a style. A painting has the size, depth and "
		"transparency of its photograph, which is turned upright; its profile, "
		"exposure data and credit are kept, what is private is not. OUT's ending "
		"says the format; what that cannot hold, and what is private, is named.\n\n"
		"Animated GIF, WebP and PNG are painted frame by frame, with the strokes of the "
		"first frame, and keep their pace; a TIFF of several pages page by page. Where "
		"OUT holds one picture only, the first is painted, and that is said.\n\n"
		"A folder as input gives all of its pictures. With several pictures OUT is "
		"a folder; one that fails is named, the others are painted, and the exit "
		"code is 6. Files appear whole or not at all; one that is replaced keeps "
		"its mode, owner and time, and a link under OUT's name is refused.",
	.options = fv_apply_table,
	.bytes = sizeof(fv_apply_options),
	.arguments = arguments,
	.examples = examples,
	.run = run,
};
