/* SPDX-License-Identifier: Apache-2.0 */
/* A recipe that is in no list, made of all that a record can say: three programs, of which one runs at every third step and then
 * twice, pictures that go from one to the next by way of a history, a schedule, presets. Trained straight, stopped, killed and
 * resumed: the same bytes. Its options are checked by its table. */
#define _GNU_SOURCE
#include "model/safetensors.h"
#include "op/op.h"
#include "test.h"
#include "train/gradients.h"
#include "train/train.h"
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIDE 4

typedef struct {
	const char *data;
	int64_t batch, twice, noise;
	double rate;
	int kind;
} options;

static const char *const kinds[] = { "plain", "odd", NULL };
static const fv_option table[] = {
	{ .name = "data", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .kept = FV_KEPT_MOVES, .required = true, .arg = "PATH", .at = offsetof(options, data), .help = "an idx file" },
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, batch), .preset = "3", .low = 1, .high = 100, .help = "samples a step" },
	{ .name = "twice", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, twice), .preset = "2", .low = 1, .high = 9, .help = "runs of the slow program" },
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, rate), .preset = "0.1", .low = 1e-8, .high = 1, .help = "learning rate" },
	{ .name = "kind", .type = FV_OPT_ENUM, .arg = "KIND", .at = offsetof(options, kind), .preset = "plain", .choices = kinds, .help = "of two" },
	{ .name = "noise", .type = FV_OPT_INT, .kept = FV_KEPT_INNER, .at = offsetof(options, noise), .preset = "2" },
	{ 0 },
};

static int64_t values_of(const fv_run *r) { return r->data[0].height * r->data[0].width; }

/* Learns one vector by Adam: whatever is added to it is to be like `to`. */
static void learn(fv_graph *g, fv_run *r, const char *prefix, fv_node *from, fv_node *to, const char *more)
{
	fv_scope s = { g, r->store, prefix, true, r->seed };
	fv_node *made = fv_add(g, fv_mul(g, from, fv_param(&s, FV_SHAPE(values_of(r)), FV_INIT_ONE, 0, "w")), fv_param(&s, FV_SHAPE(values_of(r)), FV_INIT_ZERO, 0, "b"));
	fv_node *off = fv_sub(g, made, to), *loss = fv_mean(g, fv_mul(g, off, off), FV_ALL);
	fv_gradients d = fv_gradients_of(g, r->store, &prefix, 1);
	if (g->err.status)
		return;
	fv_gradients_add(g, loss, 1, &d, 0, d.count);
	fv_node *ok = fv_gradients_finite(g, loss, &d, NULL);
	fv_gradients_update(g, r->store, (fv_adam_attr){ .beta1 = 0.5, .beta2 = 0.9, .eps = 1e-8 }, &d, fv_input(g, "rate", FV_F32, fv_scalar()),
	                    fv_input(g, "step", FV_F32, fv_scalar()), ok);
	fv_output(g, loss, "loss");
	fv_output(g, ok, "ok");
	fv_output(g, made, "%s", more);
}

static fv_node *pictures(fv_graph *g, fv_run *r, const char *port) { return fv_input(g, port, FV_F32, FV_SHAPE(r->batch, values_of(r))); }

static void build_maker(fv_graph *g, fv_run *r)
{
	learn(g, r, "G.", fv_random(g, FV_NORMAL, "noise", FV_F32, FV_SHAPE(r->batch, values_of(r)), 0, (double)((options *)r->options)->noise), pictures(g, r, "real"), "made");
}
static void build_judge(fv_graph *g, fv_run *r) { learn(g, r, "D.", pictures(g, r, "fake"), pictures(g, r, "real"), "judged"); }

static void build_slow(fv_graph *g, fv_run *r)
{
	fv_variable *n = fv_variable_new(r->store, FV_F32, fv_scalar(), "runs");
	learn(g, r, "S.", pictures(g, r, "real"), pictures(g, r, "real again"), "seen");
	fv_assign(g, n, fv_scale(g, fv_read(g, n), 1, 1), NULL);
}

static int64_t every(const fv_run *r) { return 3; }
static int64_t twice(const fv_run *r) { return ((const options *)r->options)->twice; }
static double rate(const fv_run *r, int64_t update) { return ((const options *)r->options)->rate * fv_schedule_linear(r, 0.5); }

static const fv_recipe_scalar scalars[] = { { "rate", rate, true }, { "step", fv_schedule_update }, { 0 } };
#define LOSS(name) (const fv_recipe_loss[]){ { name, { "loss" } }, { 0 } }
static const char *const smallest[] = { "batch=2", NULL };
static const fv_recipe recipe = {
	.name = "toy", .help = "a toy", .options = table, .bytes = sizeof(options), .steps = 5,
	.presets = { { "loud", "with more noise", { "noise=5", "rate=0.2" } } },
	.data = { { .option = "data", .type = &fv_data_digits } },
	.programs = {
		{ .name = "maker", .build = build_maker, .scalars = scalars, .losses = LOSS("g"), .ok = "ok", .inputs = (const fv_recipe_input[]){ { "real", "data" }, { 0 } } },
		{ .name = "judge", .build = build_judge, .scalars = scalars, .losses = LOSS("d"), .ok = "ok",
		  .inputs = (const fv_recipe_input[]){ { "real", "data" }, { "fake", "maker:made", .history = 5 }, { 0 } } },
		{ .name = "slow", .build = build_slow, .scalars = scalars, .losses = LOSS("s"), .ok = "ok", .every = every, .times = twice,
		  .inputs = (const fv_recipe_input[]){ { "real", "data" }, { "real again", "data" }, { 0 } } },
	},
	.smallest = smallest,
};

/* ---- runs */
static fv_err err;
static int64_t stop_at, kill_at, seen;
static char said[2000];

static bool progress(void *user, const fv_train_progress *p)
{
	seen = p->step;
	if (kill_at && p->step == kill_at)
		raise(SIGKILL);
	return !stop_at || p->step != stop_at;
}

static void line(void *user, const char *text) { snprintf(said, sizeof said, "%s", text); }

static fv_status train(const char *run, const char *name, const char *a, const char *b, const char *d)
{
	fv_context *c = NULL;
	fv_train_options o = { .size = sizeof o, .recipe = name, .run = run, .progress = progress, .line = line, .options = (const char *const[]){ a, b, d, NULL } };
	if (fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2 }, &c))
		return FV_E_INTERNAL;
	fv_status st = fv_train_recipe(&err, c, &recipe, &o);
	fv_context_free(c);
	return st;
}

static bool same(const char *a, const char *b, const char *file)
{
	char command[200];
	snprintf(command, sizeof command, "cmp -s %s/%s %s/%s", a, file, b, file);
	return !system(command);
}

static void check_same(const char *what, const char *b)
{
	check(same("straight", b, "checkpoint.safetensors") && same("straight", b, "stats.jsonl"), "%s: other bytes than one that never stopped; %s", what, err.text);
}

static double variable(const char *run, const char *name, int64_t at)
{
	char path[100];
	fv_context *c = NULL;
	fv_safetensors f;
	double v = NAN;
	snprintf(path, sizeof path, "%s/checkpoint.safetensors", run);
	if (fv_context_new(&err, NULL, &c) || fv_safetensors_open(&err, c, path, &f))
		return v;
	for (int i = 0; i < f.count; i++)
		if (!strcmp(f.entry[i].name, name))
			v = fv_get(f.entry[i].tensor, at);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return v;
}

int main(void)
{
	char folder[] = "/tmp/fauve-recipe-XXXXXX", command[100];
	if (!check(mkdtemp(folder) && !chdir(folder), "a folder"))
		return finish("recipe");
	FILE *f = fopen("idx", "wb");
	fwrite("\0\0\10\3\0\0\0\24\0\0\0\4\0\0\0\4", 1, 16, f);
	for (int i = 0; i < 20 * SIDE * SIDE; i++)
		fputc(i * 37 % 251, f);
	fclose(f);

	check(!train("straight", "toy", "data=idx", "steps=40", NULL), "straight: %s", err.text);
	check(variable("straight", "runs", 0) == 28, "the slow program ran %g times in 40 steps", variable("straight", "runs", 0));
	check(variable("straight", "history.judge.fake", 4 * 17 + 16) == 1, "the history is full: %g", variable("straight", "history.judge.fake", 4 * 17 + 16));
	check(strstr(said, "40 steps") != NULL, "it says '%s'", said);

	for (int i = 0; i < 3; i++) {
		static const int64_t at[] = { 7, 16, 0 };
		stop_at = at[i];
		fv_status st = train("stopped", i ? NULL : "toy", i ? NULL : "data=idx", i ? NULL : "steps=40", NULL);
		check(st == (stop_at ? FV_E_CANCELLED : FV_OK) && seen == (stop_at ? stop_at : 40), "stopped at %d: %s", (int)stop_at, err.text);
	}
	check_same("stopped twice", "stopped");

	for (int i = 0; i < 2; i++) {
		pid_t child = fork();
		if (!child) {
			kill_at = 15 + 10 * i;
			if (!i) {
				/* A checkpoint at step 9, so that there is something to lose. */
				stop_at = 9;
				train("killed", "toy", "data=idx", "steps=40", NULL);
				stop_at = 0;
			}
			train("killed", "toy", "data=idx", "steps=40", NULL);
			_exit(0);
		}
		int status;
		waitpid(child, &status, 0);
		check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child is killed: %d", status);
	}
	check(!train("killed", NULL, NULL, NULL, NULL), "resumed: %s", err.text);
	check_same("killed twice", "killed");

	/* Options by the table. */
	static const struct { const char *text, *says; } wrong[] = {
		{ "size=64", "is no option of the recipe 'toy'; style" }, { "batsch=3", "did you mean 'batch'" }, { "batch=x", "batch: 'x' is not a whole number" },
		{ "batch=101", "batch: 101 is not between 1 and 100" }, { "kind=even", "none of plain, odd" }, { "noise=3", "is no option of" }, { "preset=quiet", "toy has 'loud'" },
		{ "batch", "NAME=VALUE" }, { "time=3s", "not both" },
	};
	for (size_t i = 0; i < FV_COUNT(wrong); i++) {
		fv_status st = train("wrong", "toy", "data=idx", "steps=4", wrong[i].text);
		check(st == FV_E_ARGUMENT && strstr(err.text, wrong[i].says), "%s: %d, '%s'", wrong[i].text, st, err.text);
	}
	check(train("wrong", "toy", "steps=4", NULL, NULL) == FV_E_ARGUMENT && strstr(err.text, "data is missing"), "no data: '%s'", err.text);
	check(access("wrong", F_OK), "nothing is made");
	check(train("none", NULL, NULL, NULL, NULL) == FV_E_READ && strstr(err.text, "holds no run"), "no run: '%s'", err.text);

	/* A preset's values, what is given beside it, and that they are kept. */
	check(!train("loud", "toy", "data=idx", "preset=loud", "rate=0.05") && seen == 5, "a preset, and the recipe's own number of steps: %s", err.text);
	check(!train("loud", NULL, "steps=9", NULL, NULL) && seen == 9, "goes on: %s", err.text);
	check(train("loud", NULL, "rate=0.2", NULL, NULL) == FV_E_ARGUMENT && strstr(err.text, "begun with rate 0.05, not 0.2"), "'%s'", err.text);
	check(train("loud", NULL, "preset=none", NULL, NULL) == FV_E_ARGUMENT && strstr(err.text, "begun with preset \"loud\", not \"none\""), "'%s'", err.text);
	check(train("loud", "toy", "kind=odd", NULL, NULL) == FV_E_ARGUMENT && strstr(err.text, "begun with kind \"plain\", not \"odd\""), "'%s'", err.text);
	check(train("loud", NULL, "steps=8", NULL, NULL) == FV_E_ARGUMENT && strstr(err.text, "at step 9 already"), "'%s'", err.text);
	check(!train("loud", NULL, "steps=12", "rate=0.05", "kind=plain") && seen == 12, "given and equal: %s", err.text);

	/* Without a run.json the checkpoint says what may not change, and steps take effect all the same. */
	check(!unlink("loud/run.json") && train("loud", "toy", "data=idx", "preset=loud", "steps=15") == FV_E_ARGUMENT && strstr(err.text, "begun with rate 0.05, not 0.2"),
	      "no run.json: '%s'", err.text);
	check(!unlink("straight/run.json") && !train("straight", "toy", "data=idx", "steps=43", NULL) && seen == 43, "no run.json: step %d, %s", (int)seen, err.text);

	/* What there is, for programs that show it. */
	fv_context *c = NULL;
	char *text = NULL;
	check(!fv_context_new(&err, NULL, &c) && !fv_recipes_list(&err, c, &text), "%s", err.text);
	json_t *j = json_loads(text, 0, NULL), *first = json_array_get(json_object_get(j, "recipes"), 0);
	check(!strcmp(json_string_value(json_object_get(first, "name")), fv_recipes[0]->name) && json_array_size(json_object_get(first, "options")) > 2 &&
	      json_array_size(json_object_get(j, "options")) > 6, "the list: %.100s", text);
	check(!strstr(text, "\"medium\"") && strstr(text, "\"needed\":true"), "what presets set is nobody's option: %s", text);
	json_decref(j);
	fv_text_free(c, text);
	fv_context_free(c);

	/* Time, of a recipe that is named: the same is no more, another is that of the whole run. */
	check(!train("timed", "toy", "data=idx", "time=1s", NULL), "timed: %s", err.text);
	int64_t steps = seen;
	check(!train("timed", "toy", "time=1s", NULL, NULL) && steps > 100, "the same time: %s", err.text);
	check(!system("grep -q '\"step\":' timed/times.jsonl && echo '{\"step\":9,\"seconds\":5.0}' >>timed/times.jsonl"), "times");
	check(train("timed", "toy", "time=4s", NULL, NULL) == FV_E_ARGUMENT && strstr(err.text, "has taken 5 s already"), "less time: '%s'", err.text);
	check(!train("timed", "toy", "time=6s", NULL, NULL) && seen > steps, "more time: %d steps, %d before; %s", (int)seen, (int)steps, err.text);

	check(!chdir("/"), "back");
	snprintf(command, sizeof command, "rm -rf %s", folder);
	check(!system(command), "%s stays", folder);
	return finish("recipe");
}
