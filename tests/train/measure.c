/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring while it trains: what is asked for, what is set aside, what stops a run, that the best
 * is kept, and that all of it is the same in a run that was stopped or killed and goes on. */
#define _GNU_SOURCE
#include "base/philox.h"
#include "eval/evaluator.h"
#include "model/safetensors.h"
#include "op/op.h"
#include "test.h"
#include "train/gradients.h"
#include "train/train.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a recipe that paints, as small as they get: it learns to make every picture like the
 * paintings' */
typedef struct {
	fv_texts photos, art;
	int64_t batch, size;
} options;
static const fv_option table[] = {
	{ .name = "photos",
	  .type = FV_OPT_TEXTS,
	  .kind = FV_ARG_FOLDER,
	  .kept = FV_KEPT_MOVES,
	  .required = true,
	  .arg = "DIR",
	  .at = offsetof(options, photos),
	  .help = "photographs" },
	{ .name = "art",
	  .type = FV_OPT_TEXTS,
	  .kind = FV_ARG_FOLDER,
	  .kept = FV_KEPT_MOVES,
	  .required = true,
	  .arg = "DIR",
	  .at = offsetof(options, art),
	  .help = "paintings" },
	{ .name = "batch",
	  .type = FV_OPT_INT,
	  .arg = "N",
	  .at = offsetof(options, batch),
	  .preset = "1",
	  .low = 1,
	  .high = 9,
	  .help = "samples" },
	{ .name = "size",
	  .type = FV_OPT_INT,
	  .arg = "N",
	  .at = offsetof(options, size),
	  .preset = "32",
	  .low = 32,
	  .high = 64,
	  .help = "pixels" },
	{ 0 },
};

static fv_status configure(fv_err *err, fv_run *r)
{
	fv_resnet *net = r->config;
	fv_family_preset(&fv_family_resnet, net);
	net->width = 2;
	net->blocks = 1;
	return FV_OK;
}

static void build(fv_graph *g, fv_run *r)
{
	const char *prefix = "G.";
	fv_scope s = { g, r->store, prefix, true, r->seed };
	fv_node *in[FV_PORTS] = { fv_input(g, "photos", FV_F32,
					   fv_nhwc(r->batch, r->size, r->size, 3)) },
		*out[FV_PORTS] = { NULL };
	fv_family_build(&s, &fv_family_resnet, r->config, r->size, r->size, in, out);
	fv_node *off = fv_sub(g, out[0],
			      fv_input(g, "art", FV_F32, fv_nhwc(r->batch, r->size, r->size, 3)));
	fv_node *loss = fv_mean(g, fv_mul(g, off, off), FV_ALL);
	fv_gradients d = fv_gradients_of(g, r->store, &prefix, 1);
	if (g->err.status)
		return;
	fv_gradients_add(g, loss, 1, &d, 0, d.count);
	fv_node *ok = fv_gradients_finite(g, loss, &d, NULL);
	fv_gradients_update(g, r->store,
			    (fv_adam_attr){ .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8 }, &d,
			    fv_input(g, "rate", FV_F32, fv_scalar()),
			    fv_input(g, "step", FV_F32, fv_scalar()), ok);
	fv_output(g, loss, "loss");
	fv_output(g, ok, "ok");
}

static double rate(const fv_run *r, int64_t update)
{
	return 1e-3;
}

static const fv_recipe copy = {
	.name = "copy",
	.help = "a toy",
	.options = table,
	.bytes = sizeof(options),
	.steps = 12,
	.data =
		{
			{.option = "photos",
			 .type = &fv_data_crops,
			 .purpose = "photographs",
			 .batch = 1,
			 .longest = 64,
			 .zoom_low = 1,
			 .zoom_high = 1},
			{.option = "art",
			 .type = &fv_data_crops,
			 .purpose = "paintings",
			 .batch = 1,
			 .longest = 64,
			 .zoom_low = 1,
			 .zoom_high = 1},
		},
	.config_bytes = sizeof(fv_resnet),
	.configure = configure,
	.programs = {{
		.name = "step",
		.build = build,
		.ok = "ok",
		.inputs = (const fv_recipe_input[]){{"photos", "photos"}, {"art", "art"}, {0}},
		.scalars = (const fv_recipe_scalar[]){{"rate", rate, true},
						      {"step", fv_schedule_update},
						      {0}},
		.losses = (const fv_recipe_loss[]){{"l2", {"loss"}}, {0}},
	}},
	.models = {{"model.safetensors", &fv_family_resnet, "G.", 0, .shows = "photos"},
		   {"model-back.safetensors", &fv_family_resnet, "G.", 0, .shows = "art"}},
};

/* ---- runs */
static fv_err err;
static int64_t stop_at, kill_at;
static int kill_measuring;
static char said[20000], by[20];
static int decoded_held;

static bool progress(void *user, const fv_train_progress *p)
{
	bool measuring = !strcmp(p->text, "measuring");
	if ((kill_at && p->step == kill_at) || (measuring && kill_measuring && !--kill_measuring))
		raise(SIGKILL);
	check(!p->metric || (!strcmp(p->metric, "swd") && p->best_step > 0) || *p->metric != 's',
	      "progress tells of '%s'", p->metric);
	return !stop_at || p->step != stop_at || measuring;
}

static void line(void *user, const char *text)
{
	size_t n = strlen(said);
	snprintf(said + n, sizeof said - n, "%s\n", text);
}

static void stopped(void *user, const char *what, const char *why)
{
	snprintf(by, sizeof by, "%s", what);
}

/* A picture that its name says: waves, and grain. */
static fv_status decode(void *user, fv_err *e, const char *path, int64_t longest, fv_pixels *out)
{
	uint64_t name = fv_purpose(strrchr(path, '/'));
	uint8_t *v = malloc(48 * 40 * 3);
	decoded_held += strstr(path, "held") != NULL;
	for (int i = 0; i < 48 * 40 * 3; i++)
		v[i] = (uint8_t)(128 +
				 60 * sin(0.02 * (1 + (double)(name % 7)) * (i / 3 % 48) +
					  0.1 * (i / 144)) +
				 40 * (fv_unit(fv_philox_at(name, 0, (uint64_t)i).v[0]) - 0.5));
	*out = (fv_pixels){ 48, 40, 3, 8, 144, v };
	return FV_OK;
}

static fv_status train(const fv_recipe *recipe, const char *run, const char *const *texts,
		       bool begin, int threads)
{
	fv_context *c = NULL;
	fv_train_options o = { .size = sizeof o,
			       .recipe = begin ? recipe->name : NULL,
			       .run = run,
			       .progress = progress,
			       .line = line,
			       .stopped = stopped,
			       .decode = decode,
			       .options = texts };
	*said = *by = 0;
	if (fv_context_new(
		    &err,
		    &(fv_context_options){ .size = sizeof(fv_context_options), .threads = threads },
		    &c))
		return FV_E_INTERNAL;
	fv_status st = fv_train_recipe(&err, c, recipe, &o);
	fv_context_free(c);
	return st;
}
#define WITH(...)                                                                                  \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define DENSE "data=idx", "batch=4"
#define SWD DENSE, "measure-every=4", "steps=12"

static bool same(const char *a, const char *b, const char *file)
{
	char command[200];
	snprintf(command, sizeof command, "cmp -s %s/%s %s/%s", a, file, b, file);
	return !system(command);
}

static void check_same(const char *what, const char *run, const char *other)
{
	static const char *const files[] = { "checkpoint.safetensors", "model.safetensors",
					     "best.safetensors", "stats.jsonl", "metrics.jsonl" };
	for (size_t i = 0; i < FV_COUNT(files); i++)
		check(same(run, other, files[i]), "%s: another %s; %s", what, files[i], err.text);
}

/* What a model's metadata say under that name; yours. */
static json_t *about(const char *run, const char *file, const char *name)
{
	char path[200];
	fv_context *c = NULL;
	fv_safetensors f;
	json_t *v = NULL;
	snprintf(path, sizeof path, "%s/%s", run, file);
	if (!fv_context_new(&err, NULL, &c) && !fv_safetensors_open(&err, c, path, &f)) {
		json_t *all = json_loads(fv_safetensors_text(&f, "fauve"), 0, NULL);
		v = json_deep_copy(json_object_get(all, name));
		json_decref(all);
		fv_safetensors_close(&f);
	}
	fv_context_free(c);
	return v;
}

static double number_of(json_t *j, const char *name)
{
	return json_number_value(json_object_get(j, name));
}

static int lines_of(const char *run, const char *with)
{
	char path[200], text[4096];
	int n = 0;
	snprintf(path, sizeof path, "%s/metrics.jsonl", run);
	FILE *f = fopen(path, "r");
	while (f && fgets(text, sizeof text, f))
		n += strstr(text, with) != NULL;
	if (f)
		fclose(f);
	return n;
}

static const char *stopped_by(const char *run)
{
	static char text[20];
	char path[200];
	snprintf(path, sizeof path, "%s/run.json", run);
	json_t *j = json_load_file(path, 0, NULL);
	const char *what = json_string_value(json_object_get(json_object_get(j, "stopped"), "by"));
	snprintf(text, sizeof text, "%s", what ? what : "nothing");
	json_decref(j);
	return text;
}

/* ---- wrong use */
static void check_wrong(void)
{
	static const struct {
		const char *a, *b, *says;
	} wrong[] = {
		{ "until=foo<1", NULL,
		  "'foo' is no figure of what this recipe makes; those are swd, " },
		{ "until=swf<1", NULL, "did you mean 'swd'?" },
		{ "until=swd", NULL, "a bound is missing; write 'swd<0.5'" },
		{ "until=swd<x", NULL, "'x' is not a number" },
		{ "until=ssim>0.5", NULL, "'ssim' is no figure of what this recipe makes" },
		{ "measure=swd<3", NULL, "only until has a bound" },
		{ "measure=auc", "until=swd<3", "give one of them" },
		{ "patience=3", NULL,
		  "patience: nothing is measured: say what, with measure or until" },
		{ "measure-every=3", NULL, "nothing is measured" },
		{ "held-art=pictures", NULL, "nothing is measured" },
		{ "set-aside=5", NULL, "nothing is measured" },
		{ "measure=swd", "held-photos=pictures", "paints no photographs" },
		{ "measure=swd", "measure-every=0", "neither a number of steps nor a time" },
		{ "measure=swd", "measure-every=3x", "neither a number of steps nor a time" },
		{ "measure=swd", "data=few", "too few to set some aside" },
		{ "measure=lattice_2", NULL, "lattice_2 cannot be told of 6 pictures" },
		{ "measure=swd", "held-art=empty", "holds no picture to measure on" },
	};
	for (size_t i = 0; i < FV_COUNT(wrong); i++) {
		fv_status st = train(fv_recipe_find("dense"), "wrong",
				     WITH(DENSE, "steps=4", wrong[i].a, wrong[i].b), true, 1);
		check(st == (strstr(wrong[i].says, "holds no") ? FV_E_READ : FV_E_ARGUMENT) &&
			      strstr(err.text, wrong[i].says),
		      "%s %s: %d, '%s'", wrong[i].a, wrong[i].b ? wrong[i].b : "", st, err.text);
	}
}

/* ---- the best, kept; stopped and killed runs */
static void check_best(void)
{
	const fv_recipe *dense = fv_recipe_find("dense");
	check(!train(dense, "straight", WITH(SWD, "measure=swd"), true, 2), "straight: %s",
	      err.text);
	check(strstr(said, "54 pictures, 12x12; 6 more set aside") != NULL, "it says:\n%s", said);
	check(strstr(said, "stopped (steps): its 12 steps are done") &&
		      strstr(said, "the best: straight/best.safetensors, swd "),
	      "it says:\n%s", said);
	check(lines_of("straight", "\"swd\":") == 4 &&
		      lines_of("straight", "{\"step\":8,\"n\":6,") == 1,
	      "%d lines", lines_of("straight", "swd"));
	check(!strcmp(by, "steps") && !strcmp(stopped_by("straight"), "steps"), "stopped by %s, %s",
	      by, stopped_by("straight"));
	json_t *best = about("straight", "best.safetensors", "measured"),
	       *last = about("straight", "model.safetensors", "measured"),
	       *stop = about("straight", "model.safetensors", "stopped");
	char path[] = "straight/metrics.jsonl", text[4096];
	double least = INFINITY, at = 0, step, value;
	FILE *f = fopen(path, "r");
	while (f && fgets(text, sizeof text, f))
		if (sscanf(text, "{\"step\":%lf,\"n\":6,\"swd\":%lf", &step, &value) == 2 &&
		    step > 0 && value < least)
			least = value, at = step;
	if (f)
		fclose(f);
	check(number_of(best, "step") == at &&
		      fabs(number_of(best, "value") - least) < 1e-6 * least &&
		      number_of(best, "best_step") == at,
	      "the best says step %g, %g; it is %g, %g", number_of(best, "step"),
	      number_of(best, "value"), at, least);
	check(number_of(last, "step") == 12 && number_of(last, "best_step") == at &&
		      number_of(last, "n") == 6,
	      "the last says %g", number_of(last, "step"));
	check(json_string_value(json_object_get(stop, "by")) &&
		      !strcmp(json_string_value(json_object_get(stop, "by")), "steps"),
	      "the model says what stopped it");
	json_decref(best);
	json_decref(last);
	json_decref(stop);
	check(!train(dense, "alone", WITH(SWD, "measure=swd"), true, 1), "one thread: %s",
	      err.text);
	check_same("one thread", "straight", "alone");

	/* At a step that is measured, and at others. */
	for (int i = 0; i < 3; i++) {
		static const int64_t at_step[] = { 4, 9, 0 };
		stop_at = at_step[i];
		fv_status st = train(dense, "stopped", i ? NULL : WITH(SWD, "measure=swd"), !i, 2);
		check(st == (stop_at ? FV_E_CANCELLED : FV_OK), "stopped at %d: %s", (int)stop_at,
		      err.text);
		check(!strcmp(by, stop_at ? "user" : "steps") && !strcmp(stopped_by("stopped"), by),
		      "stopped by %s, %s", by, stopped_by("stopped"));
	}
	check_same("stopped", "straight", "stopped");
	for (int i = 0; i < 3; i++) {
		int status;
		pid_t child = fork();
		if (!child) {
			kill_at = i == 0 ? 6 : 0; /* behind a measurement; in one; in the next */
			kill_measuring = i == 1 ? 1 : i == 2 ? 2 : 0;
			train(dense, "killed", i ? NULL : WITH(SWD, "measure=swd"), !i, 2);
			_exit(0);
		}
		waitpid(child, &status, 0);
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child is killed: %d",
		      status);
	}
	check(!train(dense, "killed", NULL, false, 2), "resumed: %s", err.text);
	check_same("killed", "straight", "killed");
}

/* ---- what is set aside is not learnt from: the run is that of the data without it */
static bool same_weights(const char *a, const char *b)
{
	fv_context *c = NULL;
	fv_safetensors f, g;
	bool alike = !fv_context_new(&err, NULL, &c) && !fv_safetensors_open(&err, c, a, &f) &&
		     !fv_safetensors_open(&err, c, b, &g) && f.count == g.count;
	for (int i = 0; i < f.count && alike; i++)
		alike = !memcmp(f.entry[i].tensor.data, g.entry[i].tensor.data,
				(size_t)fv_elements(f.entry[i].tensor.shape) * sizeof(float));
	fv_safetensors_close(&f);
	fv_safetensors_close(&g);
	fv_context_free(c);
	return alike;
}

static void check_aside(void)
{
	const fv_recipe *dense = fv_recipe_find("dense");
	check(!train(dense, "without", WITH("data=rest", "batch=4", "steps=12"), true, 2),
	      "without: %s", err.text);
	check(same_weights("straight/checkpoint.safetensors", "without/checkpoint.safetensors"),
	      "pictures that are set aside are learnt from");
	check(access("without/best.safetensors", F_OK) && access("without/metrics.jsonl", F_OK),
	      "what is not asked for is made");
	/* A folder: nothing is set aside. */
	decoded_held = 0;
	check(!train(dense, "folder", WITH(SWD, "measure=swd", "held-art=held"), true, 2),
	      "a folder: %s", err.text);
	check(strstr(said, "60 pictures, 12x12\n") && strstr(said, "swd on 5 pictures") &&
		      decoded_held == 5,
	      "it says:\n%s", said);
	/* A run that has learnt from all. */
	check(train(dense, "without", WITH("measure=swd", "steps=20"), false, 2) == FV_E_ARGUMENT &&
		      strstr(err.text, "learns from all of its pictures"),
	      "%s", err.text);
	fv_status st = train(dense, "without",
			     WITH("measure=swd", "steps=20", "held-art=held", "measure-every=5"),
			     false, 2);
	check(!st && lines_of("without", "swd") == 3, "%s; %d lines\n%s", st ? err.text : "",
	      lines_of("without", "swd"), said);
	check(train(dense, "without", WITH("set-aside=3"), false, 2) == FV_E_ARGUMENT &&
		      strstr(err.text, "begun with set-aside nothing, not 3"),
	      "%s", err.text);
}

/* ---- what stops it */
static void check_stops(void)
{
	const fv_recipe *dense = fv_recipe_find("dense");
	check(!train(dense, "until", WITH(DENSE, "measure-every=3", "steps=50", "until=swd<1e9"),
		     true, 2),
	      "until: %s", err.text);
	check(!strcmp(by, "until") && !strcmp(stopped_by("until"), "until") &&
		      strstr(said, "below 1e+09, at step 3 (6 pictures)"),
	      "%s, %s:\n%s", by, stopped_by("until"), said);
	json_t *stop = about("until", "model.safetensors", "stopped"),
	       *best = about("until", "best.safetensors", "measured");
	check(number_of(stop, "step") == 3 && number_of(best, "step") == 3, "the models know");
	json_decref(stop);
	json_decref(best);
	check(!train(dense, "until", NULL, false, 2) && !strcmp(by, "until") &&
		      strstr(said, "going on at step 3"),
	      "again: %s, %s", by, err.text);
	check(!train(dense, "until", WITH("until=swd>1e9", "steps=8"), false, 2) &&
		      !strcmp(by, "steps") && lines_of("until", "swd") == 4,
	      "another: %s, %d lines, %s", by, lines_of("until", "swd"), said);
	fv_status st = train(dense, "until", WITH("until=none", "steps=12"), false, 2);
	check(!st && lines_of("until", "swd") == 4, "none: %s, %d lines", st ? err.text : "",
	      lines_of("until", "swd"));
	check(!train(dense, "plateau",
		     WITH(DENSE, "measure-every=1", "steps=400", "measure=swd", "patience=2"), true,
		     2),
	      "plateau: %s", err.text);
	check(!strcmp(by, "plateau") && strstr(said, "2 measurements without a better swd than"),
	      "%s:\n%s", by, said);
	json_t *last = about("plateau", "model.safetensors", "measured");
	check(number_of(last, "step") == number_of(last, "best_step") + 2,
	      "two behind the best: %g, %g", number_of(last, "step"), number_of(last, "best_step"));
	json_decref(last);
}

/* ---- one that paints: two folders, two models */
static void check_paints(void)
{
	char name[40];
	int networks;
	const char *const texts[] = { "photos=pictures", "art=art", "measure=corr",
				      "measure-every=4", "steps=8", NULL };
	check(!train(&copy, "paints", texts, true, 2), "paints: %s", err.text);
	check(strstr(said, "18 photographs") && strstr(said, "10 paintings") &&
		      strstr(said, "2 more set aside") && strstr(said, "corr on 2 pictures"),
	      "it says:\n%s", said);
	check(!access("paints/best.safetensors", F_OK) &&
		      !access("paints/best-back.safetensors", F_OK),
	      "the best of both");
	for (int i = 0; fv_evaluator_name(i, &networks); i++) {
		snprintf(name, sizeof name, "\"%s\":", fv_evaluator_name(i, &networks));
		check(networks || lines_of("paints", name) == 3, "%s: %d lines have it", name,
		      lines_of("paints", name));
	}
	check(fv_evaluator_name(0, &networks) && !networks, "pixels need no network");
	pid_t child = fork();
	int status;
	if (!child) {
		kill_at = 6;
		train(&copy, "paints-killed", texts, true, 2);
		_exit(0);
	}
	waitpid(child, &status, 0);
	check(WIFSIGNALED(status) && !train(&copy, "paints-killed", NULL, false, 2), "resumed: %s",
	      err.text);
	check_same("paints, killed", "paints", "paints-killed");
	check(same("paints", "paints-killed", "best-back.safetensors"),
	      "paints, killed: the second model");
	const char *const high[] = { "photos=pictures", "art=art", "until=corr>-2",
				     "measure-every=4", "steps=8", NULL };
	check(!train(&copy, "high", high, true, 2) && !strcmp(by, "until") &&
		      strstr(said, "above -2, at step 4"),
	      "more is better: %s\n%s", by, said);
	const char *const folders[] = {
		"photos=pictures", "art=few-art", "measure=swd", "held-photos=held",
		"held-art=held",   "steps=1",     NULL
	};
	check(!train(&copy, "folders", folders, true, 2) && strstr(said, "20 photographs") &&
		      strstr(said, "swd on 5 pictures that are not learnt from, beside 5"),
	      "%s\n%s", err.text, said);
	check(train(&copy, "folders2", WITH("photos=pictures", "art=few-art", "measure=swd"), true,
		    2) == FV_E_ARGUMENT &&
		      strstr(err.text, "art: 3 pictures are too few"),
	      "%s", err.text);
	check(train(&copy, "folders2",
		    WITH("photos=pictures", "art=art", "measure=hand", "steps=1"), true,
		    2) == FV_E_READ &&
		      strstr(err.text, "vgg16"),
	      "%s", err.text);
}

/* All of `count` small pictures, or those that are not set aside of them. */
static void write_idx(const char *path, int count, int aside)
{
	FILE *f = fopen(path, "wb");
	fwrite("\0\0\10\3\0\0\0", 1, 7, f);
	fputc(count - aside, f);
	fwrite("\0\0\0\14\0\0\0\14", 1, 8, f);
	for (int i = 0, k = 0; i < count; i++) {
		if (k < aside && i == k * count / aside) {
			k++;
			continue;
		}
		for (int p = 0; p < 144; p++)
			fputc((int)(127 + 120 * sin(0.3 * (p % 12) + i) *
						  sin(0.2 * (i % 7 + 1) * (p / 12))),
			      f);
	}
	fclose(f);
}

int main(void)
{
	char folder[] = "/tmp/fauve-measure-XXXXXX", command[200];
	if (!check(mkdtemp(folder) && !chdir(folder) &&
			   !system("mkdir pictures art held empty few-art; "
				   "for i in 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 "
				   "28 29; do touch pictures/p$i.jpg; done; "
				   "for i in 10 11 12 13 14 15 16 17 18 19 20 21; do touch "
				   "art/a$i.jpg; done; "
				   "for i in 1 2 3 4 5; do touch held/h$i.jpg; done; touch "
				   "few-art/1.jpg few-art/2.jpg few-art/3.jpg"),
		   "a folder"))
		return finish("measure");
	write_idx("idx", 60, 0);
	write_idx("rest", 60, 6);
	write_idx("few", 3, 0);
	check_wrong();
	check_best();
	check_aside();
	check_stops();
	check_paints();
	check(!chdir("/"), "back");
	snprintf(command, sizeof command, "rm -rf %s", folder);
	check(!system(command), "%s stays", folder);
	return finish("measure");
}
