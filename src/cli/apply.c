/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: paint pictures. */
#include "cli/apply.h"
#include "cli/find.h"
#include "base/spare.h"
#include <string.h>

static const fv_argument arguments[] = {
	{ "MODEL", "a style's name (fauve styles), a model file, or a run's folder",
	  .kind = FV_ARG_STYLE },
	{ "FILE", "pictures (JPEG, PNG, WebP, TIFF, GIF, HEIF, AVIF), folders of them, patterns such as "
	          "\"*.jpg\", films, or -, standard input",
	  .kind = FV_ARG_FILE, .many = true, .optional = true },
	{ 0 },
};

static const fv_example examples[] = {
	{ "fauve apply vangogh photo.jpg -o painted.png", "One picture." },
	{ "fauve apply vangogh holiday/ more.jpg -o painted/",
	  "All pictures of a folder and one more, into a folder." },
	{ "fauve apply vangogh - -o - --format png <photo.jpg >painted.png",
	  "From standard input to standard output." },
	{ "find ~/photos -newer then.txt -print0 | fauve apply vangogh --files-from - -o painted/",
	  "Those of a list." },
	{ "fauve apply vangogh --watch incoming/ -o painted/",
	  "What comes into a folder, until Ctrl-C." },
	{ "fauve apply runs/mine photo.jpg -o soft.jpg --strength 0.6",
	  "A model of your own, less of it." },
	{ "fauve apply vangogh photo.jpg -o bold.png --strokes broad", "Wide strokes." },
	{ "fauve apply vangogh photo.jpg -o mine.png --keep-color",
	  "His brush, the photograph's colours." },
	{ "fauve apply vangogh photo.jpg -o both.png --style monet:sky.png --feather 2%",
	  "Another style where a mask is white." },
	{ "fauve apply vangogh photo.jpg -o mixed.png --mix monet=0.3", "Two styles at once." },
	{ "fauve apply vangogh photo.jpg -o choose.jpg --variations 9", "Nine, to choose from." },
	{ "fauve apply vangogh scan.tif -o zoom.dzi",
	  "A scan larger than memory, to be zoomed into by a web page." },
	{ "fauve apply vangogh-instant walk.mp4 -o painted.mp4", "A film, with its sound." },
	{ "fauve apply vangogh frames/ -o painted.mp4 --fps 24", "Numbered pictures as a film." },
	{ 0 },
};

static fv_status check_inputs(fv_err *err, const fv_apply_options *o, int count)
{
	if (o->watch && (count || o->files_from))
		return fv_fail(err, FV_E_ARGUMENT, "--watch: paints what is in its folder; leave "
		               "other files out");
	if (!o->watch && !o->files_from && !count)
		return fv_fail(err, FV_E_ARGUMENT, "apply: FILE is missing (%s); see fauve apply "
		               "--help", arguments[1].help);
	return FV_OK;
}

static fv_status paint(fv_err *err, fv_apply *a, const fv_jobs *j)
{
	fv_tally t = { .begun = fv_now() };
	if (a->o->variations && (a->o->watch || j->count != 1 || j->many))
		return fv_fail(err, FV_E_ARGUMENT, "--variations: a sheet is of one picture, and "
		               "several are named");
	if (a->o->variations)
		return fv_apply_variations(err, a, &j->item[0]);
	if (a->o->watch)
		return fv_apply_watch(err, a);
	if (j->count == 1 && !j->many && !a->cli->json)
		return fv_apply_picture(err, a, &j->item[0], true, NULL);
	fv_status st = fv_apply_many(err, a, j, &t);
	return st ? st : fv_apply_sum(err, a, &t);
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const fv_apply_options *o = given;
	fv_context *c = NULL;
	fv_layers layers = { 0 };
	fv_picture *flow = NULL;
	fv_err warning;
	fv_jobs j = { 0 };
	fv_status st = check_inputs(err, o, count - 1);
	if (st)
		return st;
	if (!(cli->spare = fv_spare_new()))
		return fv_fail_memory(err, "memory", sizeof cli->spare);
	if ((st = fv_picture_begin(err, "fauve")))
		goto done;
	if ((st = fv_cli_context(err, cli, true, &c)))
		goto done;
	if ((st = fv_layers_open(err, c, o, args[0], &layers)))
		goto done;
	if (cli->json && !strcmp(o->output, "-")) {
		st = fv_fail(err, FV_E_ARGUMENT, "--json: the picture goes to standard output; "
		             "name a file");
		goto done;
	}
	if (!o->watch && (st = fv_jobs_list(err, o, count - 1, args + 1, &j)))
		goto done;
	if (*j.left)
		fv_warn(cli, "%s", j.left);
	const fv_read_options stoppable = { .cancelled = fv_apply_stopped };
	if (o->flow && (st = fv_picture_read(err, o->flow, &stoppable, &flow, &warning)))
		goto done;
	if (flow && warning.status)
		fv_warn(cli, "%s", warning.text);
	_Atomic bool told = false;
	fv_apply a = { .cli = cli, .context = c, .layers = &layers, .o = o,
	               .private_told = &told,
	               .flow = flow ? fv_picture_pixels(flow) : NULL };
	st = paint(err, &a, &j);
done:
	fv_picture_free(flow);
	fv_jobs_free(&j);
	fv_layers_free(c, &layers);
	fv_context_free(c);
	fv_picture_end();
	fv_spare_free(cli->spare);
	cli->spare = NULL;
	return st;
}

const fv_command fv_command_apply = {
	.name = "apply", .summary = "paint pictures",
	.description = "Paints photographs in a style. A painting has the size, depth and "
	               "transparency of its photograph, which is turned upright; its profile, "
	               "exposure data and credit are kept, what is private is not. OUT's ending "
	               "says the format; what that cannot hold, and what is private, is named.\n\n"
	               "Animated GIF, WebP and PNG are painted frame by frame, with the strokes of the "
	               "first frame, and keep their pace; a TIFF of several pages page by page. Where "
	               "OUT holds one picture only, the first is painted, and that is said.\n\n"
	               "A folder as input gives all of its pictures, and those of its folders, in "
	               "the same structure under OUT; hidden files, and OUT itself, are left out. "
	               "With several pictures OUT is a folder; one that fails is named, the others "
	               "are painted, and the exit code is 6. Files appear whole or not at all; one "
	               "that is replaced keeps its mode, owner and time, and a link under OUT's name "
	               "is refused.\n\n"
	               "Run again, or after it was killed, the same command leaves out what is "
	               "finished: each painting in a folder carries, in an extended attribute, "
	               "hashes of the photograph, of model and options, and of itself. Where files "
	               "have no such attributes (FAT, some network drives) all are painted again. "
	               "With --json a line of JSON tells what came of each file.\n\n"
	               "A picture that is larger than memory is painted in tiles, into the folder "
	               "OUT.fauve-parts until it is whole; stopped, the same command goes on from "
	               "there. It becomes a TIFF with tiles and smaller copies of itself, or the "
	               "tiles of a Deep Zoom picture where OUT ends in .dzi.\n\n"
	               "A film is painted into a film: .mp4, .mov, .mkv or .webm, with its times, "
	               "sound, titles and chapters, without place and persons. Stopped, the same "
	               "command goes on where it was. Where OUT is a film, or numbered pictures "
	               "of its frames (frames/%05d.png), a folder of numbered pictures is a film "
	               "too.",
	.options = fv_apply_table, .bytes = sizeof(fv_apply_options), .arguments = arguments,
	.json = true,
	.examples = examples, .run = run,
};
