/* SPDX-License-Identifier: Apache-2.0 */
/* fauve train: learn. The library trains; the command line, names of styles and pictures are here. */
#include "cli/find.h"
#include "base/file.h"
#include "base/hash.h"
#include "model/safetensors.h"
#include "picture/picture.h"
#include "train/train.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	const char *run, *resume;
	fv_texts handed;                        /* "name=value": the recipe's options, and those of every recipe */
} options;

static const fv_option table[] = {
	{ .name = "output", .letter = 'o', .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "RUN", .at = offsetof(options, run), .help = "the run's folder; when it holds a run, that goes on", .preset_help = "with --name runs/NAME beside your styles" },
	{ .name = "resume", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .arg = "RUN", .at = offsetof(options, resume), .help = "go on with this run, as it was begun; with --photos, --art or --data where those have been moved to" },
	{ 0 },
};

extern const fv_command fv_command_train;
static const fv_argument arguments[] = { { "RECIPE", "what to train, and from what", .kind = FV_ARG_RECIPE, .optional = true }, { 0 } };
static const fv_example examples[] = {
	{ "fauve train style --art paintings/ --name mine", "Learn a painter's hand; then `fauve apply mine photo.jpg -o painted.png`." },
	{ "fauve train style --photos photos/ --art paintings/ -o runs/mine --time 40m", "From photographs of your own, into a folder." },
	{ "fauve train style --photos photos/ --art wave.jpg -o runs/wave --time 30m", "From one picture." },
	{ "fauve train --resume runs/mine", "Go on after Ctrl-C, a crash or a power cut." },
	{ "fauve train --resume runs/mine --time 1h", "An hour more, whether it had ended or not." },
	{ "fauve train dense --data mnist/ -o runs/digits --time 5m", "The textbook GAN on MNIST." },
	{ 0 },
};

#define RECIPES_MAX 64

/* ---- recipes as the parser and the help want them */
static const fv_variant *variant(int i)
{
	static struct {
		fv_variant v;
		fv_example sets[FV_RECIPE_PRESETS + 1];
		char names[FV_RECIPE_PRESETS][60], note[100];
	} made[RECIPES_MAX], *m;
	const fv_recipe *r = i < RECIPES_MAX ? fv_recipes[i] : NULL;
	if (!r)
		return NULL;
	m = &made[i];
	for (int k = 0; k < FV_RECIPE_PRESETS && r->presets[k].name; k++) {
		snprintf(m->names[k], sizeof m->names[k], "--preset %s", r->presets[k].name);
		m->sets[k] = (fv_example){ m->names[k], r->presets[k].help };
	}
	if (r->seconds > 0)
		snprintf(m->note, sizeof m->note, "It trains for %.0f minutes where neither --time nor --steps is given.", r->seconds / 60);
	else
		snprintf(m->note, sizeof m->note, "It trains for %" PRId64 " steps where neither --time nor --steps is given.", r->steps);
	m->v = (fv_variant){ r->name, r->help, r->options, m->sets, m->note };
	return &m->v;
}

/* ---- what the library asks of the program */
typedef struct {
	fv_cli *cli;
	fv_context *context;
	pthread_mutex_t lock;
	uint64_t *warned; /* hashes of the paths of which it was said */
	int count;
} host;

/* Once for each picture, however often it is read. */
static void warn_once(host *h, const char *path, const fv_err *warning)
{
	const uint64_t it = fv_hash_mix(FV_HASH, path, strlen(path));
	bool told = false;
	pthread_mutex_lock(&h->lock);
	for (int i = 0; i < h->count; i++)
		told |= h->warned[i] == it;
	uint64_t *more = told ? NULL : realloc(h->warned, (size_t)(h->count + 1) * sizeof *more);
	if (more) {
		h->warned = more;
		h->warned[h->count++] = it;
	}
	if (!told)
		fv_warn(h->cli, "%s", warning->text);
	pthread_mutex_unlock(&h->lock);
}

static fv_status decode(void *user, fv_err *err, const char *path, int64_t longest, fv_pixels *out)
{
	fv_err warning = {0};
	fv_status st = fv_picture_shrink(err, path, longest, out, &warning);
	if (!st && warning.status)
		warn_once(user, path, &warning);
	return st;
}

static fv_status sheet(void *user, fv_err *err, const char *path, const fv_pixels *pictures, int count, int columns)
{
	host *h = user;
	return fv_sheet_write(err, h->context, path, pictures, count, columns);
}

static void line(void *user, const char *text) { fv_say(((host *)user)->cli, "%s", text); }

static bool progress(void *user, const fv_train_progress *p)
{
	fv_progress_show(((host *)user)->cli->progress, p->done, p->text);
	return true;
}

static fv_status find(void *user, fv_err *err, const char *option, const char *name, char *path, size_t room)
{
	if (name)
		return fv_features_find(err, name, path, room);
	fv_photos_folder(path, room);
	if (!*path)
		return fv_fail(err, FV_E_READ, "the photographs that come with fauve are not beside it; give --%s DIR, a folder of your own", option);
	fv_say(((host *)user)->cli, "photographs: those that come with fauve; %s/CREDITS.md names who took them", path);
	return FV_OK;
}

/* ---- a style's name */

#define NAME_ROOM 104

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
	char path[FV_PATH_MAX + 20];
	snprintf(path, sizeof path, "%s/" FV_RUN_MODEL, run);
	json_t *a = training_of(c, place), *b = training_of(c, path);
	bool same = a && b && json_equal(a, b);
	json_decref(a);
	json_decref(b);
	return same;
}

/* The run's folder when none was given, and where its model is to stand among the user's styles: place is empty for a run without a
 * name. A model that is there is replaced by the run that made it, and by no other. had: NAME_ROOM, what *name may come from. */
static fv_status give_name(fv_err *err, fv_context *c, options *o, const char **name, char *had, char *run, char *place, size_t room)
{
	fv_err none;
	*had = *place = 0;
	if (o->run)
		fv_train_begun(&none, c, o->run, "name", had, NAME_ROOM);
	if (!*name && *had)
		*name = had;
	if (!*name)
		return FV_OK;
	fv_status st = fv_style_place(err, *name, place, room);
	if (st)
		return st;
	if (!o->run) {
		char user[FV_PATH_MAX - 200];
		fv_user_folder(user, sizeof user);
		snprintf(run, room, "%s/runs/%s", user, *name);
		o->run = run;
		fv_train_begun(&none, c, run, "name", had, NAME_ROOM);
	}
	if (!access(place, F_OK) && (strcmp(had, *name) || !same_training(c, place, o->run)))
		return fv_fail(err, FV_E_ARGUMENT, "--name %s: %s is there already, and not from the run in %s; choose another name, or move that file away", *name, place, o->run);
	char folder[FV_PATH_MAX];
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(place, '/') - place), place);
	st = fv_folder_make(err, folder);
	return st ? st : fv_writer_check(err, c, place);
}

/* The value handed on under that name; NULL: there is none. */
static const char *handed(const options *o, const char *name)
{
	size_t length = strlen(name);
	for (int i = 0; i < o->handed.count; i++)
		if (!strncmp(o->handed.item[i], name, length) && o->handed.item[i][length] == '=')
			return o->handed.item[i] + length + 1;
	return NULL;
}

/* A run that goes on has a recipe, whose options are checked, and a precision, which is its own unless another is asked for. */
static fv_status recall(fv_err *err, fv_cli *cli, fv_context *c, options *o, char *recipe, size_t room)
{
	char precision[8];
	fv_status st = fv_train_begun(err, c, o->resume, "recipe", recipe, room);
	if (st || (st = fv_train_begun(err, c, o->resume, "precision", precision, sizeof precision)))
		return st;
	o->run = o->resume;
	if (*precision && !cli->precision)
		c->bf16 = !strcmp(precision, "bf16"), c->exact = !strcmp(precision, "exact");
	const fv_variant *v = fv_variant_find(&fv_command_train, recipe);
	return v ? fv_variant_check(err, &fv_command_train, v, o->handed.item) : FV_OK;
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	options o = *(const options *)given;
	fv_context *c = NULL;
	char recipe[40] = "", had[NAME_ROOM], folder[FV_PATH_MAX], place[FV_PATH_MAX], quoted[FV_PATH_MAX];
	const char *name = handed(&o, "name");
	fv_status st = fv_cli_context(err, cli, false, &c);
	if (st)
		return st;
	if (count)
		snprintf(recipe, sizeof recipe, "%s", args[0]);
	if (!count && !o.resume) {
		st = fv_fail(err, FV_E_ARGUMENT, "which recipe? `fauve train style ...` or `fauve train dense ...`; see `fauve help train`");
		goto done;
	}
	if (o.resume && o.run) {
		st = fv_fail(err, FV_E_ARGUMENT, "give --resume or -o, not both: a run goes on in its own folder");
		goto done;
	}
	if (o.resume && (st = recall(err, cli, c, &o, recipe, sizeof recipe)))
		goto done;
	if (count && strcmp(args[0], recipe)) {
		st = fv_fail(err, FV_E_ARGUMENT, "%s: this run was begun with recipe \"%s\", not \"%s\"; leave it out, or begin another with -o", o.resume, recipe, args[0]);
		goto done;
	}
	if ((st = give_name(err, c, &o, &name, had, folder, place, sizeof place))) {
		/* What is wrong does not stand on the command line. */
		fv_err e = *err;
		if (st == FV_E_ARGUMENT && o.resume && !handed(&o, "name"))
			st = fv_fail(err, FV_E_FORMAT, "%s/run.json: %s", o.resume, e.text);
		goto done;
	}
	if (!o.run) {
		st = fv_fail(err, FV_E_ARGUMENT, "where to? Name a folder for the run with -o RUN, or the style with --name NAME");
		goto done;
	}
	fv_stop_gently();                                       /* a checkpoint is written first */
	if ((st = fv_picture_begin(err, "fauve")))
		goto done;
	host h = {.cli = cli, .context = c, .lock = PTHREAD_MUTEX_INITIALIZER};
	fv_train_options t = {
		.size = sizeof t, .recipe = o.resume ? NULL : recipe, .run = o.run, .options = o.handed.item, .copy = *place ? place : NULL,
		.line = line, .progress = progress, .sheet = sheet, .decode = decode, .find = find, .user = &h,
	};
	fv_say(cli, "device: cpu, %d threads, %s (no other device is built in)", c->threads, fv_isa_name(c->isa));
	if (name)
		fv_say(cli, "style: %s, as far as it has learnt: %s", name, place);
	st = fv_train(err, c, &t);
	free(h.warned);
	fv_progress_clear(cli->progress);
	const fv_recipe *r = st ? NULL : fv_recipe_find(recipe);
	if (r) {
		bool paints = r->models[0].family->use == FV_PAINTS;
		fv_say(cli, "done: %s/model.safetensors; try: fauve %s %s %s", o.run, paints ? "apply" : "generate",
		       name ? name : fv_shell_quote(o.run, quoted, sizeof quoted), paints ? "photo.jpg -o painted.png" : "-n 64 -o grid.png");
	}
done:
	fv_context_free(c);
	return st;
}

const fv_command fv_command_train = {
	.name = "train",
	.summary = "learn a style, or another of the recipes",
	.description = "Trains a generator against a discriminator and keeps everything in one folder: checkpoints, the model, statistics and contact sheets. "
	               "Ctrl-C writes a checkpoint; the same command goes on from there, to the same bytes as if it had never stopped.\n\n"
	               "With --resume, --time T goes on for T from where the run is, --steps N to step N. The learning rate is a function of step/steps: it falls towards "
	               "the end, so a run that had ended and is given more begins again at the rate of that place in the longer run, which is higher, and falls once more. "
	               "A little more time is fine tuning, twice the time is nearly a second training.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples, .run = run,
	.variant = variant, .handed = fv_train_table, .handed_at = offsetof(options, handed),
};
