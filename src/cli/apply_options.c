/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: its options, and what they mean for a picture of some size. */
#include "cli/apply.h"
#include <stdlib.h>
#include <string.h>

/* Widths of the widest strokes, in longer sides of the picture. */
static const struct { const char *name; double share; } strokes[] = {
	{ "fine", 0.02 }, { "medium", 0.034 }, { "broad", 0.05 },
};

/* In the order of fv_norm, from FV_NORM_PICTURE on. */
static const char *const norms[] = { "picture", "published", "running", NULL };

/* In the order of fv_stats. */
static const char *const stats[] = { "fast", "exact", NULL };
/* In the order of fv_apply_ending's. */
static const char *const formats[] = { "jpg", "png", "webp", "tif",
                                       "mkv", "mp4", "mov", "webm", NULL };
/* In the order of fv_steady. */
static const char *const steadies[] = { "off", "fast", "full", NULL };

#define AT(field) offsetof(fv_apply_options, field)

const fv_option fv_apply_table[] = {
	{ .name = "output", .letter = 'o', .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "OUT",
	  .required = true, .at = AT(output),
	  .help = "the painted picture; or a folder, made when missing, for pictures of the same "
	          "names; or -, standard output" },
	{ .name = "files-from", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "LIST",
	  .at = AT(files_from),
	  .help = "a list of files and folders to be painted, one a line, or with zeros between "
	          "(find -print0); - is standard input" },
	{ .name = "watch", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "DIR",
	  .at = AT(watch),
	  .help = "paint what is in a folder, and what comes into it, until Ctrl-C" },
	{ .name = "format", .type = FV_OPT_ENUM, .arg = "FORMAT", .at = AT(format),
	  .choices = formats, .preset_help = "by the name's ending",
	  .help = "of what is written into a folder, or to standard output" },
	{ .name = "again", .type = FV_OPT_FLAG, .at = AT(again),
	  .help = "paint also what is finished: in a folder, of the same photograph, model and "
	          "options" },
	{ .name = "strength", .type = FV_OPT_FLOAT, .arg = "X", .at = AT(strength),
	  .preset = "1", .low = 0, .high = 1.3,
	  .help = "0 is the photograph, 1 all paint; above 1 what painting changes is overdone" },
	{ .name = "strokes", .type = FV_OPT_TEXT, .arg = "WIDTH", .at = AT(strokes),
	  .preset = "medium",
	  .help = "how wide the widest are: fine, medium, broad; pixels, such as 40; or a share of "
	          "the longer side, such as 3%" },
	{ .name = "detail", .type = FV_OPT_FLOAT, .arg = "X", .at = AT(detail),
	  .preset = "0.75", .low = 0, .high = 1,
	  .help = "how near finer brushes come to the photograph: 0 wide strokes alone, 1 fine "
	          "ones wherever something is fine" },
	{ .name = "keep-color", .type = FV_OPT_FLAG, .at = AT(keep_color),
	  .help = "his brush, the photograph's colours: --palette 0" },
	{ .name = "only-color", .type = FV_OPT_FLAG, .at = AT(only_color),
	  .help = "the opposite: the photograph in the painter's colours, without his brush" },
	{ .name = "mask", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "FILE", .at = AT(mask),
	  .help = "a picture, stretched over the photograph: what is white in it is painted, what "
	          "is black stays as it is" },
	{ .name = "style", .type = FV_OPT_TEXTS, .arg = "NAME:MASK", .at = AT(style),
	  .help = "another style where a mask is white, over MODEL and those named before it" },
	{ .name = "feather", .type = FV_OPT_TEXT, .arg = "WIDTH", .at = AT(feather), .preset = "1%",
	  .help = "how softly masks end: a share of the longer side, or pixels of the mask; 0 as "
	          "they are" },
	{ .name = "mix", .type = FV_OPT_TEXT, .arg = "NAME=X,...", .at = AT(mix),
	  .help = "other styles at once, each with its share; MODEL has the rest" },
	{ .name = "palette", .type = FV_OPT_FLOAT, .arg = "X", .at = AT(palette),
	  .preset_help = "0.5", .low = 0, .high = 1,
	  .help = "whose colours: 0 the photograph's, 0.5 as learnt, 1 those of the painter's own "
	          "paintings, whatever the photograph" },
	{ .name = "relief", .type = FV_OPT_FLOAT, .arg = "X", .at = AT(relief),
	  .preset = "1", .low = 0.25, .high = 4,
	  .help = "how strongly neighbouring strokes differ: below 1 softer than the style has it, "
	          "above 1 bolder" },
	{ .name = "norm", .type = FV_OPT_ENUM, .arg = "WHAT", .at = AT(norm),
	  .preset_help = "picture, where there is batch norm", .choices = norms,
	  .help = "of a model with batch norm, as pix2pix': picture goes by the picture's own mean and "
	          "variance; published adds dropout, drawn by the seed, as its authors do; running "
	          "goes by what training's pictures had on average" },
	{ .name = "flow", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "FILE",
	  .at = AT(flow),
	  .help = "a picture whose colours say where strokes run: the hue is twice the angle (red "
	          "level, cyan upright, yellow-green and violet aslant), grey leaves it to the "
	          "photograph" },
	{ .name = "seed", .type = FV_OPT_INT, .arg = "N", .at = AT(seed),
	  .preset = "0", .help = "of where strokes lie; the same seed gives the same picture" },
	{ .name = "variations", .type = FV_OPT_INT, .arg = "N", .at = AT(variations),
	  .low = 1, .high = 100,
	  .help = "OUT is a sheet of N paintings, to choose from: of --seed and the next ones" },
	{ .name = "quality", .type = FV_OPT_INT, .arg = "N", .at = AT(quality),
	  .preset = "92", .low = 1, .high = 100, .help = "of JPEG and WebP" },
	{ .name = "keep-private", .type = FV_OPT_FLAG, .at = AT(keep_private),
	  .help = "keep all metadata: place, persons, titles, camera, serial numbers, maker notes, "
	          "names of profiles" },
	{ .name = "max-megapixels", .type = FV_OPT_FLOAT, .arg = "X",
	  .at = AT(megapixels), .preset_help = "419, or 64 a byte of the file", .low = 0.000001,
	  .high = 4000,
	  .help = "refuse larger pictures; up to it, files are believed that claim more than their "
	          "bytes are likely to hold (fauve doctor)" },
	{ .name = "max-memory", .type = FV_OPT_SIZE, .arg = "SIZE", .at = AT(memory),
	  .preset_help = "900M or 220 bytes a pixel, if so much is free",
	  .help = "what fauve may take in all, such as 400M or 2G; what does not fit at once is "
	          "painted in bands, or in tiles by way of the output's disk; what does not fit so "
	          "is refused before work begins" },
	{ .name = "stats", .type = FV_OPT_ENUM, .arg = "WHICH", .at = AT(stats),
	  .preset = "fast", .choices = stats,
	  .help = "of a picture larger than memory with fine strokes, what its statistics are of: "
	          "fast, a sample of tiles; exact, all of them, which takes up to twice as long" },
	{ .name = "force", .letter = 'f', .type = FV_OPT_FLAG, .at = AT(force),
	  .help = "paint over the photograph itself when OUT names it" },
	{ .name = "crf", .type = FV_OPT_FLOAT, .arg = "X", .at = AT(crf),
	  .preset_help = "18, which VP9 and AV1 call 24", .low = 0, .high = 63,
	  .help = "of a film: how much its encoder may lose; more is smaller and worse" },
	{ .name = "codec", .type = FV_OPT_TEXT, .arg = "NAME", .at = AT(codec),
	  .preset_help = "libx264; libvpx-vp9 in .webm",
	  .help = "of a film: its encoder, as FFmpeg calls it: libx264, libx265, libvpx-vp9, "
	          "libsvtav1, libaom-av1, ffv1, prores_ks" },
	{ .name = "preset", .type = FV_OPT_TEXT, .arg = "NAME", .at = AT(preset),
	  .preset_help = "the encoder's own",
	  .help = "of a film: how long its encoder may take, such as fast or slow, or a number "
	          "where it has numbers" },
	{ .name = "fps", .type = FV_OPT_TEXT, .arg = "RATE", .at = AT(fps), .preset_help = "25",
	  .help = "of a film whose frames are pictures in a folder: how many a second, such as 24, "
	          "23.976 or 30000/1001" },
	{ .name = "size", .type = FV_OPT_TEXT, .arg = "SIZE", .at = AT(size),
	  .preset_help = "the film's",
	  .help = "of a film: WxH, or pixels of the longer side; it is painted at that size" },
	{ .name = "from", .type = FV_OPT_TEXT, .arg = "TIME", .at = AT(from),
	  .help = "of a film: where to begin, in seconds or as 1:02:03.5" },
	{ .name = "to", .type = FV_OPT_TEXT, .arg = "TIME", .at = AT(to),
	  .help = "of a film: where to end" },
	{ .name = "stabilize", .type = FV_OPT_ENUM, .arg = "HOW", .at = AT(stabilize),
	  .preset = "full", .choices = steadies,
	  .help = "of a film: full lets strokes move along with what they show; fast looks at "
	          "half the pixels; off paints each frame by itself, which flickers" },
	{ .name = "preview", .type = FV_OPT_FLAG, .at = AT(preview),
	  .help = "of a film: three of its frames, painted, into OUT.preview.png, and how long all "
	          "of them would take; nothing else is done" },
	{ 0 },
};

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

fv_status fv_apply_how(fv_err *err, const fv_apply *a, const fv_pixels *v, fv_paint_options *how)
{
	const fv_apply_options *o = a->o;
	*how = (fv_paint_options)FV_PAINT_DEFAULTS;
	how->strength = (float)o->strength;
	how->detail = (float)o->detail;
	if ((o->keep_color || o->only_color) && !isnan(o->palette))
		return fv_fail(err, FV_E_ARGUMENT, "--palette: --%s-color says already whose colours",
		               o->keep_color ? "keep" : "only");
	if (o->keep_color && o->only_color)
		return fv_fail(err, FV_E_ARGUMENT, "--keep-color and --only-color leave nothing of the "
		               "painter; say one of them");
	how->palette = !isnan(o->palette) ? (float)o->palette : o->keep_color ? 0
	               : o->only_color ? 1 : 0.5f;
	how->colour_only = o->only_color;
	how->relief = (float)o->relief;
	how->seed = (uint64_t)o->seed;
	how->norm = (fv_norm)(o->norm + 1);             /* -1: not given */
	how->flow = a->flow;
	return read_strokes(err, o->strokes, v->width > v->height ? v->width : v->height,
	                    &how->strokes);
}
