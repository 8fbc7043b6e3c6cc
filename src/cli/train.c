/* SPDX-License-Identifier: Apache-2.0 */
/* fauve train: learn. */
#include "cli/find.h"
#include "base/file.h"
#include "cli/find.h"
#include "picture/picture.h"
#include "train/train.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	fv_texts photos, art;
	const char *data, *run, *preset, *resume, *features, *name;
	double time, preview, checkpoint, rate, adv, content, style, colour;
	int64_t steps, batch, size, width, blocks, seed, max_memory;
	double more;                            /* no option: --time of --resume */
} options;

#define RECIPE .preset_help = "the recipe's"
static const fv_option table[] = {
	{ .name = "photos", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .arg = "DIR", .at = offsetof(options, photos), .preset_help = "those that come with fauve", .help = "style: a folder of photographs, or one" },
	{ .name = "art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .arg = "DIR", .at = offsetof(options, art), .help = "style: a folder of paintings, or one" },
	{ .name = "data", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "PATH", .at = offsetof(options, data), .help = "dense: MNIST's idx or idx.gz file, its folder, or a folder of pictures" },
	{ .name = "output", .letter = 'o', .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "RUN", .at = offsetof(options, run), .help = "the run's folder; when it holds a run of the same settings, that goes on", .preset_help = "with --name runs/NAME beside your styles" },
	{ .name = "name", .type = FV_OPT_TEXT, .arg = "NAME", .at = offsetof(options, name), .help = "put the model among your styles at every checkpoint, so that `fauve apply NAME` paints with it while it learns and after; -o may then be left out" },
	{ .name = "resume", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "RUN", .at = offsetof(options, resume), .help = "go on with this run, as it was begun" },
	{ .name = "time", .type = FV_OPT_DURATION, .arg = "T", .at = offsetof(options, time), .preset_help = "20m for style", .low = 1, .high = 1e7, .help = "how long to train, turned into steps after a timed warm-up; with --resume how long to go on, at the pace the run has had" },
	{ .name = "steps", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, steps), .preset_help = "10000 for dense", .low = 1, .high = 1e9, .help = "how many steps to train, those of a resumed run included" },
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, batch), RECIPE, .low = 1, .high = 100000, .help = "samples a step" },
	{ .name = "size", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, size), RECIPE, .low = 64, .high = 1024, .help = "style: side of the crops, a multiple of 16" },
	{ .name = "width", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, width), RECIPE, .low = 1, .high = 1024, .help = "style: channels of the painter at full size" },
	{ .name = "blocks", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, blocks), RECIPE, .low = 1, .high = 64, .help = "style: residual blocks of the painter" },
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, rate), RECIPE, .low = 1e-8, .high = 1, .help = "learning rate" },
	{ .name = "adv", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, adv), RECIPE, .low = 0, .high = 1000, .help = "style: weight of the adversary" },
	{ .name = "content", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, content), RECIPE, .low = 0, .high = 1000, .help = "style: weight of what is shown" },
	{ .name = "style", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, style), RECIPE, .low = 0, .high = 1000, .help = "style: weight of brushwork and palette" },
	{ .name = "colour", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, colour), RECIPE, .low = 0, .high = 1000, .help = "style: weight of the photograph's own colours" },
	{ .name = "features", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .arg = "FILE", .at = offsetof(options, features), .preset = "vgg16", .help = "style: the frozen network that teaches: a file, or the name of one that is here" },
	{ .name = "preset", .type = FV_OPT_TEXT, .arg = "NAME", .at = offsetof(options, preset), .help = "style: 'instant', a painter of a twentieth of the work, for previews and films; 'print', lines and flat areas instead of strokes; dense: 'textbook', exactly as printed" },
	{ .name = "seed", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, seed), .preset = "1", .low = 0, .high = 1e15, .help = "of everything that is drawn" },
	{ .name = "preview-every", .type = FV_OPT_DURATION, .arg = "T", .at = offsetof(options, preview), .preset = "4m", .low = 1, .high = 1e7, .help = "between contact sheets" },
	{ .name = "checkpoint-every", .type = FV_OPT_DURATION, .arg = "T", .at = offsetof(options, checkpoint), .preset = "2m", .low = 0.1, .high = 1e7, .help = "between checkpoints" },
	{ .name = "max-memory", .type = FV_OPT_SIZE, .arg = "SIZE", .at = offsetof(options, max_memory), .help = "of a step and what it trains: where it would take more, what is cheap is made again rather than kept, which takes a little longer and gives the same run; with --precision bf16 what is left is kept rounded" },
	{ 0 },
};

static const char *const recipes[] = { "style", "dense", NULL };
static const fv_argument arguments[] = { { "RECIPE", "style or dense", .kind = FV_ARG_RECIPE, .optional = true, .choices = recipes }, { 0 } };
static const fv_example examples[] = {
	{ "fauve train style --art paintings/ --name mine", "Learn a painter's hand; then `fauve apply mine photo.jpg -o painted.png`." },
	{ "fauve train style --photos photos/ --art paintings/ -o runs/mine --time 40m", "From photographs of your own, into a folder." },
	{ "fauve train style --photos photos/ --art wave.jpg -o runs/wave --time 30m", "From one picture." },
	{ "fauve train --resume runs/mine", "Go on after Ctrl-C, a crash or a power cut." },
	{ "fauve train --resume runs/mine --time 1h", "An hour more, whether it had ended or not." },
	{ "fauve train dense --data mnist/ -o runs/digits --time 5m", "The textbook GAN on MNIST." },
	{ 0 },
};

/* ---- what the core asks of the program */
static fv_status decode(void *user, fv_err *err, const char *path, int64_t longest, fv_pixels *out) { return fv_picture_shrink(err, path, longest, out); }

typedef struct { fv_cli *cli; fv_context *context; } host;

static fv_status sheet(void *user, fv_err *err, const char *path, const fv_pixels *pictures, int count, int columns)
{
	host *h = user;
	return fv_sheet_write(err, h->context, path, pictures, count, columns);
}

static void say(void *user, const char *line) { fv_say(((host *)user)->cli, "%s", line); }
static void live(void *user, double done, const char *line) { fv_progress_show(((host *)user)->cli->progress, done, line); }

/* ---- lists of files */

static fv_status gather(fv_err *err, fv_texts folders, const char *option, fv_names *all)
{
	*all = (fv_names){ 0 };
	for (int i = 0; i < folders.count; i++) {
		fv_names n;
		fv_status st = fv_folder_list(err, folders.item[i], &n);
		if (st)
			return st;
		if (!n.count)
			return fv_fail(err, FV_E_READ, "%s %s: holds no .jpg, .png, .webp or .tif to learn from", option, folders.item[i]);
		char **more = realloc(all->path, (size_t)(all->count + n.count) * sizeof *more);
		if (!more) {
			fv_names_free(&n);
			return fv_fail_memory(err, folders.item[i], (size_t)(all->count + n.count) * sizeof *more);
		}
		all->path = more;
		memcpy(all->path + all->count, n.path, (size_t)n.count * sizeof *more);
		all->count += n.count;
		free(n.path);
	}
	return FV_OK;
}

/* ---- run.json: the options that a run was begun with */
/* A run goes on from wherever fauve is called next, so paths are kept whole. */
static json_t *place(const char *path)
{
	char *whole = path ? realpath(path, NULL) : NULL;
	json_t *j = path ? json_string(whole ? whole : path) : json_null();
	free(whole);
	return j;
}

static json_t *places(fv_texts t)
{
	json_t *a = json_array();
	for (int i = 0; i < t.count; i++)
		if (json_array_append_new(a, place(t.item[i]))) {
			json_decref(a);
			return NULL;
		}
	return a;
}

static json_t *number(double v) { return v == v ? json_real(v) : json_null(); }

/* *text: free it. */
static fv_status begun(fv_err *err, const fv_context *c, const char *recipe, const options *o, char **text)
{
	json_t *j = json_pack("{s:s, s:s*, s:o, s:o, s:o, s:s*, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:s, s:s}", "recipe", recipe, "name", o->name, "photos", places(o->photos), "art",
	                      places(o->art), "data", place(o->data), "preset", o->preset, "time", number(o->time), "steps", (json_int_t)o->steps, "batch", (json_int_t)o->batch,
	                      "size", (json_int_t)o->size, "width", (json_int_t)o->width, "blocks", (json_int_t)o->blocks, "rate", number(o->rate), "adv", number(o->adv),
	                      "content", number(o->content), "style", number(o->style), "colour", number(o->colour), "seed", (json_int_t)o->seed, "features", o->features,
	                      "precision", c->bf16 ? "bf16" : c->exact ? "exact" : "f32");
	*text = j ? json_dumps(j, JSON_INDENT(1)) : NULL;
	json_decref(j);
	return *text ? FV_OK : fv_fail(err, FV_E_ARGUMENT, "%s: the run cannot be written down there: a folder's name is no UTF-8 text; rename it, or link to it", o->run);
}

static fv_texts texts_of(json_t *a, const char **item, int room)
{
	fv_texts t = { item, 0 };
	for (; t.count < (int)json_array_size(a) && t.count < room - 1; t.count++)
		item[t.count] = json_string_value(json_array_get(a, (size_t)t.count));
	item[t.count] = NULL;
	return t;
}

static double real(json_t *j, const char *key)
{
	json_t *v = json_object_get(j, key);
	return json_is_number(v) ? json_number_value(v) : NAN;
}

/* *j keeps the texts alive. */
static fv_status recall(fv_err *err, fv_context *c, options *o, const char **recipe, json_t **j, const char *(*item)[64])
{
	char path[4096];
	void *data;
	size_t bytes;
	json_error_t je;
	snprintf(path, sizeof path, "%s/run.json", o->resume);
	fv_status st = fv_file_read(err, c, path, 1 << 20, &data, &bytes);
	if (st)
		return fv_fail(err, st, "%s: holds no run to go on with (no run.json); begin one with `fauve train RECIPE -o RUN`", o->resume);
	*j = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, &je);
	fv_free(c, data);
	*recipe = json_string_value(json_object_get(*j, "recipe"));
	if (!*recipe)
		return fv_fail(err, FV_E_FORMAT, "%s: is damaged; give the whole command again", path);
	o->run = o->resume;
	o->photos = texts_of(json_object_get(*j, "photos"), item[0], 64);
	o->art = texts_of(json_object_get(*j, "art"), item[1], 64);
	o->data = json_string_value(json_object_get(*j, "data"));
	o->preset = json_string_value(json_object_get(*j, "preset"));
	o->more = o->time == o->time ? o->time : 0;
	o->time = real(*j, "time");
	int64_t more = o->steps;
	o->steps = more ? more : json_integer_value(json_object_get(*j, "steps"));
	o->batch = json_integer_value(json_object_get(*j, "batch"));
	o->size = json_integer_value(json_object_get(*j, "size"));
	o->width = json_integer_value(json_object_get(*j, "width"));
	o->blocks = json_integer_value(json_object_get(*j, "blocks"));
	o->rate = real(*j, "rate");
	o->adv = real(*j, "adv");
	o->content = real(*j, "content");
	o->style = real(*j, "style");
	o->colour = real(*j, "colour");
	o->seed = json_integer_value(json_object_get(*j, "seed"));
	if (json_is_string(json_object_get(*j, "features")))
		o->features = json_string_value(json_object_get(*j, "features"));
	const char *precision = json_string_value(json_object_get(*j, "precision"));
	if (precision)
		c->bf16 = !strcmp(precision, "bf16"), c->exact = !strcmp(precision, "exact");
	return FV_OK;
}

/* ---- a style's name */

#define NAME_ROOM 104

/* The name that the run in that folder has; empty: none, or no run. */
static void name_of(fv_context *c, const char *run, char *name)
{
	char path[FV_PATH_MAX];
	void *data;
	size_t bytes;
	fv_err e;
	json_error_t je;
	*name = 0;
	snprintf(path, sizeof path, "%s/run.json", run);
	if (fv_file_read(&e, c, path, 1 << 20, &data, &bytes))
		return;
	json_t *j = json_loadb(data, bytes, 0, &je);
	const char *had = json_string_value(json_object_get(j, "name"));
	snprintf(name, NAME_ROOM, "%s", had ? had : "");
	json_decref(j);
	fv_free(c, data);
}

/* The run's folder when none was given, and where its model is to stand among the user's styles: place is empty for a run without a
 * name. A model that is there is replaced by the run that made it, and by no other. had: NAME_ROOM, what o->name may come from. */
static fv_status give_name(fv_err *err, fv_context *c, options *o, char *had, char *run, char *place, size_t room)
{
	*had = *place = 0;
	if (o->run)
		name_of(c, o->run, had);
	if (!o->name && *had)
		o->name = had;
	if (!o->name)
		return FV_OK;
	fv_status st = fv_style_place(err, o->name, place, room);
	if (st)
		return st;
	if (!o->run) {
		char user[FV_PATH_MAX - 200];
		fv_user_folder(user, sizeof user);
		snprintf(run, room, "%s/runs/%s", user, o->name);
		o->run = run;
		name_of(c, run, had);
	}
	if (!access(place, F_OK) && strcmp(had, o->name))
		return fv_fail(err, FV_E_ARGUMENT, "--name %s: %s is there already, and not from the run in %s; choose another name, or move that file away", o->name, place, o->run);
	char folder[FV_PATH_MAX];
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(place, '/') - place), place);
	return fv_folder_make(err, folder);
}

static fv_status check(fv_err *err, const options *o, const char *recipe)
{
	bool style = !strcmp(recipe, "style");
	if (!o->run)
		return fv_fail(err, FV_E_ARGUMENT, "where to? Name a folder for the run with -o RUN, or the style with --name NAME");
	if (style && !o->art.count)
		return fv_fail(err, FV_E_ARGUMENT, "style learns from photographs and paintings: give --art DIR, a folder of paintings or one");
	if (!style && !o->data)
		return fv_fail(err, FV_E_ARGUMENT, "dense learns from small grey pictures: give --data, for instance MNIST's folder");
	return FV_OK;
}

/* Without --photos, style learns from those that came with fauve: shipped[0], whose room is path. */
static fv_status find_photos(fv_err *err, fv_cli *cli, fv_texts *photos, const char **shipped, char *path, size_t room)
{
	fv_photos_folder(path, room);
	if (!*path)
		return fv_fail(err, FV_E_READ, "the photographs that come with fauve are not beside it; give --photos DIR, a folder of your own");
	shipped[0] = path;
	*photos = (fv_texts){ shipped, 1 };
	fv_say(cli, "photographs: those that come with fauve; %s/CREDITS.md names who took them", path);
	return FV_OK;
}

static double or_default(double v) { return v == v ? v : -1; }

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	options o = *(const options *)given;
	fv_context *c = NULL;
	fv_names photos = { 0 }, art = { 0 }, pictures = { 0 };
	const char *recipe = count ? args[0] : NULL, *item[2][64], *shipped[2] = { NULL };
	json_t *j = NULL;
	char *text = NULL, had[NAME_ROOM], folder[FV_PATH_MAX], place[FV_PATH_MAX], quoted[FV_PATH_MAX], own[FV_PATH_MAX];
	fv_status st = fv_cli_context(err, cli, false, &c);
	if (st)
		return st;
	if (!recipe && !o.resume) {
		st = fv_fail(err, FV_E_ARGUMENT, "which recipe? `fauve train style ...` or `fauve train dense ...`; see `fauve help train`");
		goto done;
	}
	if (o.steps && o.time == o.time) {
		st = fv_fail(err, FV_E_ARGUMENT, "give --time or --steps, not both");
		goto done;
	}
	if (o.resume && (st = recall(err, c, &o, &recipe, &j, item)))
		goto done;
	if ((st = give_name(err, c, &o, had, folder, place, sizeof place)))
		goto done;
	fv_stop_gently();                                       /* a checkpoint is written first */
	if ((st = check(err, &o, recipe)) || (st = fv_picture_begin(err, "fauve")))
		goto done;
	/* Not kept in the run's options: wherever fauve is next time, its photographs are there. */
	fv_texts from = o.photos;
	if (!from.count && !strcmp(recipe, "style") && (st = find_photos(err, cli, &from, shipped, own, sizeof own)))
		goto done;
	if ((st = gather(err, from, "--photos", &photos)) || (st = gather(err, o.art, "--art", &art)))
		goto done;
	/* A folder without an idx file is a folder of pictures. */
	if (o.data && fv_is_folder(o.data)) {
		if ((st = fv_folder_list(err, o.data, &pictures)))
			goto done;
	}
	if ((!o.resume || ((const options *)given)->name) && (st = begun(err, c, recipe, &o, &text)))
		goto done;
	char features[FV_PATH_MAX] = "", critic[FV_PATH_MAX];
	fv_err without;
	if (!strcmp(recipe, "style") && (st = fv_features_find(err, o.features, features, sizeof features)))
		goto done;
	host h = { cli, c };
	fv_train_options t = {
		.recipe = recipe, .preset = o.preset, .photos = { (const char *const *)photos.path, photos.count }, .photos_are = *shipped ? "photographs that come with fauve (photos/CREDITS.md)" : NULL, .art = { (const char *const *)art.path, art.count },
		.data = pictures.count ? NULL : o.data, .pictures = { (const char *const *)pictures.path, pictures.count }, .run = o.run, .place = *place ? place : NULL, .begun = text,
		.seconds = o.time == o.time ? o.time : !o.steps && !strcmp(recipe, "style") ? 1200 : 0, .more_seconds = o.more, .steps = o.steps,
		.batch = (int)o.batch, .size = (int)o.size, .width = (int)o.width, .blocks = (int)o.blocks, .rate = or_default(o.rate), .adv = or_default(o.adv),
		.content = or_default(o.content), .style = or_default(o.style), .colour = or_default(o.colour), .seed = (uint64_t)o.seed, .preview_seconds = o.preview, .checkpoint_seconds = o.checkpoint,
		.max_memory = o.max_memory, .features = features,
		/* Previews go without where the small network is not here, or teaches itself. */
		.critic = fv_features_find(&without, "vgg19-small", critic, sizeof critic) || strstr(features, "vgg19-small") ? NULL : critic,
		.decode = decode, .sheet = sheet, .say = say, .live = live, .user = &h,
	};
	fv_say(cli, "device: cpu, %d threads, %s (no other device is built in)", c->threads, fv_isa_name(c->isa));
	if (o.name)
		fv_say(cli, "style: %s, as far as it has learnt: %s", o.name, place);
	st = fv_train(err, c, &t);
	fv_progress_clear(cli->progress);
	if (!st)
		fv_say(cli, "done: %s/model.safetensors; try: fauve %s %s %s", o.run, strcmp(recipe, "style") ? "generate" : "apply",
		       o.name ? o.name : fv_shell_quote(o.run, quoted, sizeof quoted),
		       strcmp(recipe, "style") ? "-n 64 -o grid.png" : "photo.jpg -o painted.png");
done:
	fv_names_free(&photos);
	fv_names_free(&art);
	fv_names_free(&pictures);
	json_decref(j);
	free(text);
	fv_context_free(c);
	return st;
}

const fv_command fv_command_train = {
	.name = "train",
	.summary = "learn a style, or the textbook's GAN",
	.description = "Trains a generator against a discriminator and keeps everything in one folder: checkpoints, the model, statistics and contact sheets. "
	               "Ctrl-C writes a checkpoint; the same command goes on from there, to the same bytes as if it had never stopped.\n\n"
	               "With --resume, --time T goes on for T from where the run is, --steps N to step N. The learning rate is a function of step/steps: it falls towards "
	               "the end, so a run that had ended and is given more begins again at the rate of that place in the longer run, which is higher, and falls once more. "
	               "A little more time is fine tuning, twice the time is nearly a second training.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples, .run = run,
};
