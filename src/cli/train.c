/* SPDX-License-Identifier: Apache-2.0 */
/* fauve train: learn. */
#include "cli/find.h"
#include "base/file.h"
#include "cli/stored.h"
#include "model/safetensors.h"
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
	{ .name = "resume", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "RUN", .at = offsetof(options, resume), .help = "go on with this run, as it was begun; with --photos, --art or --data where those have been moved to" },
	{ .name = "time", .type = FV_OPT_DURATION, .arg = "T", .at = offsetof(options, time), .preset_help = "20m for style", .low = 1, .high = 1e7, .help = "how long to train, turned into steps after a timed warm-up; with --resume how long to go on, at the pace the run has had" },
	{ .name = "steps", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, steps), .preset_help = "10000 for dense", .low = 1, .high = FV_STEPS_MAX, .help = "how many steps to train, those of a resumed run included" },
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

static const char *const stored[] = { "name", "photos", "art", "data", "preset", "time", "steps", "batch", "size", "width", "blocks",
	                              "rate", "adv", "content", "style", "colour", "seed", "features", NULL };
static const char *const precisions[] = { "f32", "bf16", "exact", NULL };

static bool is_one(const char *text, const char *const *of)
{
	while (text && *of && strcmp(*of, text))
		of++;
	return text && *of;
}

/* *text: free it. */
static fv_status begun(fv_err *err, const fv_context *c, const char *recipe, const options *o, char **text)
{
	json_t *j = json_pack("{s:s, s:s}", "recipe", recipe, "precision", c->bf16 ? "bf16" : c->exact ? "exact" : "f32");
	*text = j && fv_stored_write(j, table, stored, o, o->run) ? json_dumps(j, JSON_INDENT(1)) : NULL;
	json_decref(j);
	return *text ? FV_OK : fv_fail(err, FV_E_ARGUMENT, "%s: the run cannot be written down there: a folder's name is no UTF-8 text; rename it, or link to it", o->run);
}

/* Everything in it is a stranger's word. */
static fv_status recall(fv_err *err, fv_context *c, fv_arena *a, options *o, const char **recipe)
{
	char path[4096];
	void *data;
	size_t bytes;
	snprintf(path, sizeof path, "%s/run.json", o->resume);
	fv_status st = fv_file_read(err, c, path, FV_OPEN_MEMBER, 1 << 20, &data, &bytes);
	if (st == FV_E_READ)
		return fv_fail(err, st, "%s: holds no run to go on with (no run.json); begin one with `fauve train RECIPE -o RUN`", o->resume);
	if (st)
		return st;
	json_t *j = fv_json_read(NULL, c, path, data, bytes);
	const char *named = json_string_value(json_object_get(j, "recipe")), *precision = json_string_value(json_object_get(j, "precision"));
	fv_free(c, data);
	if (!is_one(named, recipes) || (json_object_get(j, "precision") && !is_one(precision, precisions))) {
		json_decref(j);
		return fv_fail(err, FV_E_FORMAT, "%s: is damaged, or another program wrote it; give the whole command again", path);
	}
	double more = o->time;
	int64_t steps = o->steps;
	const char *name = o->name;
	o->time = NAN;
	o->run = o->resume;
	st = fv_stored_read(err, a, j, table, stored, path, o->resume, o);
	o->more = more == more ? more : 0;
	o->steps = steps ? steps : o->steps;
	o->name = name;                         /* give_name reads what the run has */
	*recipe = fv_arena_text(a, "%s", named);
	if (precision)
		c->bf16 = !strcmp(precision, "bf16"), c->exact = !strcmp(precision, "exact");
	json_decref(j);
	return st ? st : *recipe ? FV_OK : fv_fail_memory(err, path, strlen(path));
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
	*name = 0;
	snprintf(path, sizeof path, "%s/run.json", run);
	if (fv_file_read(&e, c, path, FV_OPEN_MEMBER, 1 << 20, &data, &bytes))
		return;
	json_t *j = fv_json_read(NULL, c, path, data, bytes);
	const char *had = json_string_value(json_object_get(j, "name"));
	snprintf(name, NAME_ROOM, "%s", had ? had : "");
	json_decref(j);
	fv_free(c, data);
}

/* What a model says of its training, less how far it had come; NULL: nothing. */
static json_t *training_of(fv_context *c, const char *path)
{
	fv_err e;
	fv_safetensors f;
	if (fv_safetensors_open(&e, c, path, &f))
		return NULL;
	const char *text = fv_safetensors_text(&f, "fauve");
	json_t *about = text ? fv_json_read(NULL, c, path, text, strlen(text)) : NULL;
	json_t *training = json_deep_copy(json_object_get(about, "training"));
	json_object_del(training, "step");
	json_object_del(training, "steps");
	json_decref(about);
	fv_safetensors_close(&f);
	return training;
}

/* Was the model made by that run? Its run.json may say so of any name: it may be a stranger's. */
static bool same_training(fv_context *c, const char *place, const char *run)
{
	char path[FV_PATH_MAX];
	snprintf(path, sizeof path, "%s/" FV_RUN_MODEL, run);
	json_t *a = training_of(c, place), *b = training_of(c, path);
	bool same = a && b && json_equal(a, b);
	json_decref(a);
	json_decref(b);
	return same;
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
	if (!access(place, F_OK) && (strcmp(had, o->name) || !same_training(c, place, o->run)))
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
	const options *g = given;
	options o = *g;
	bool by_file = false;
	fv_context *c = NULL;
	fv_names photos = { 0 }, art = { 0 }, pictures = { 0 };
	const char *recipe = count ? args[0] : NULL, *shipped[2] = { NULL };
	fv_arena *a = NULL;
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
	if (!(a = fv_arena_new(c))) {
		st = fv_fail_memory(err, "train", sizeof o);
		goto done;
	}
	if (o.resume && (st = recall(err, c, a, &o, &recipe)))
		goto done;
	bool moved = g->photos.count || g->art.count || g->data;
	by_file = o.resume && !g->name && !moved;
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
	if ((!o.resume || g->name || moved) && (st = begun(err, c, recipe, &o, &text)))
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
	fv_arena_free(a);
	free(text);
	fv_context_free(c);
	if (st == FV_E_ARGUMENT && by_file) {
		/* What is wrong does not stand on the command line. */
		fv_err e = *err;
		st = fv_fail(err, FV_E_FORMAT, "%s/run.json: %s", o.resume, e.text);
	}
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
