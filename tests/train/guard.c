/* SPDX-License-Identifier: Apache-2.0 */
/* Guards: what is not finite reaches no variable; the loop drops, counts, rolls back, halves, gives up. */
#define _GNU_SOURCE
#include "device/cpu/plan.h"
#include "model/safetensors.h"
#include "op/op.h"
#include "base/file.h"
#include "test.h"
#include "values.h"
#include "train/dense_graph.h"
#include "train/style_graph.h"
#include "train/train.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static fv_context *c;
static fv_err err;

/* ---- the steps themselves */
static char *copy_of(const fv_store *s)
{
	size_t bytes = 0;
	for (fv_variable *v = s->first; v; v = v->next)
		bytes += (size_t)fv_variable_bytes(v);
	char *all = malloc(bytes), *to = all;
	for (fv_variable *v = s->first; v; v = v->next) {
		fv_variable_get(NULL, v, to);
		to += fv_variable_bytes(v);
	}
	return all;
}

/* Variables that differ from the copy: of those whose names begin with `prefix`, and of the others; and values not finite. */
typedef struct { int inside, outside, broken; } changes;
static changes compare(const fv_store *s, const char *before, const char *prefix)
{
	changes r = { 0 };
	for (fv_variable *v = s->first; v; v = v->next) {
		fv_tensor t = variable_values(v);
		size_t n = (size_t)fv_variable_bytes(v);
		bool in = *prefix && (!strncmp(v->name, prefix, strlen(prefix)) || (v->name[1] == '.' && !strncmp(v->name + 2, prefix, strlen(prefix))));
		*(in ? &r.inside : &r.outside) += memcmp(before, t.data, n) != 0;
		before += n;
		for (int64_t i = 0; i < fv_elements(t.shape); i++)
			r.broken += !isfinite(fv_get(t, i));
		free(t.data);
	}
	return r;
}

static void check_dense(void)
{
	fv_store *store = NULL;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_dense_config config = { .net = { .noise = 4, .hidden = { 8 }, .layers = 1, .out = 16, .slope = 0.2 }, .batch = 4, .beta1 = 0.5, .beta2 = 0.999,
	                           .eps = 1e-7 };
	float x[64];
	if (!check(!fv_store_new(&err, c, &store) && !fv_graph_new(&err, c, &g), "%s", err.text))
		return;
	fv_dense_graph_build(g, store, 1, &config);
	if (!check(!fv_program_new(&err, c, g, NULL, &p), "%s", err.text))
		return;
	static const float values[] = { 0.5f, NAN, INFINITY, -INFINITY, 0.5f };
	for (size_t i = 0; i < FV_COUNT(values); i++) {
		for (int k = 0; k < 64; k++)
			x[k] = k == 37 ? values[i] : (float)(k % 7) / 7;
		char *before = copy_of(store);
		fv_program_put(p, "pictures", x);
		fv_program_put_number(p, "rate", 1e-3);
		fv_program_put_number(p, "step.real", 1);
		fv_program_put_number(p, "step.fake", 2);
		fv_program_put_number(p, "step.g", 1);
		check(!fv_program_run(&err, p, (fv_key){ 1, i, 0 }), "%s", err.text);
		double ok = fv_program_number(p, "ok");
		changes d = compare(store, before, "");
		bool good = values[i] == 0.5f;
		check(ok == good && !d.broken && (good ? d.outside > 10 : !d.outside), "dense with %g: flag %g, %d variables changed, %d values not finite",
		      values[i], ok, d.outside, d.broken);
		free(before);
	}
	fv_program_free(p);
	fv_graph_free(g);
	fv_store_free(store);
}

static fv_store *teacher_new(const fv_style_config *k)
{
	fv_store *s;
	fv_graph *g;
	fv_node *map[FV_VGG_LAYERS];
	if (fv_store_new(&err, c, &s) || fv_graph_new(&err, c, &g))
		return NULL;
	fv_vgg_build(&(fv_scope){ .g = g, .store = s, .prefix = "", .create = true }, &k->teacher, fv_input(g, "x", FV_F32, fv_nhwc(1, 32, 32, 3)), FV_VGG_LAYERS - 1, map);
	fv_graph_free(g);
	return fv_teacher_variables(&err, s, k) ? NULL : s;
}

static void check_style(void)
{
	fv_store *store = NULL, *teacher;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_style_config config = {
		.net = { .width = 8, .blocks = 1, .marks = 4, .stem = 5 }, .teacher = { 19, 16, FV_POOL_AVERAGE }, .pixels = { .width = 8, .scales = 2, .layers = 3 },
		.judge = 8, .batch = 1, .size = 32, .directions = 8, .drawn = 4, .style = 16, .sizes = 2, .coarse = 1, .content = 2, .content3 = 0.1, .colour = 4, .adv = 0.3, .adv_pixels = 0.1,
		.judge_rate = 0.5, .beta1 = 0.5, .beta2 = 0.99, .eps = 1e-8,
	};
	static float x[32 * 32 * 3], art[32 * 32 * 3];
	teacher = teacher_new(&config);
	if (!check(teacher && !fv_store_new(&err, c, &store) && !fv_graph_new(&err, c, &g), "%s", err.text))
		return;
	fv_style_graph_build(g, store, teacher, 1, &config, false);
	if (!check(!fv_program_new(&err, c, g, NULL, &p), "%s", err.text))
		return;
	for (int i = 0; i < 8; i++) {
		/* 1 to 3: a photograph's value; 4, 5: the painting that the discriminators see; 6: quantiles that only the brushwork sees */
		static const float values[] = { 0, NAN, INFINITY, -INFINITY, NAN, INFINITY, NAN, 0 };
		for (int k = 0; k < (int)FV_COUNT(x); k++)
			x[k] = (float)sin(k + i);
		for (int k = 0; k < (int)FV_COUNT(art); k++)
			art[k] = (float)cos(0.7 * k + i);
		if (i >= 1 && i <= 3)
			x[1700] = values[i];
		else if (i == 4 || i == 5)
			art[1700] = values[i];
		fv_tensor target = port_values(p, "target.0");
		for (int64_t k = 0; k < fv_elements(target.shape); k++)
			fv_f32(target)[k] = i == 6 ? NAN : (float)sin(0.3 * (double)k);
		port_take(p, "target.0", target);
		char *before = copy_of(store);
		fv_program_put(p, "pictures", x);
		fv_program_put(p, "art", art);
		fv_program_put_number(p, "rate", 1e-3);
		fv_program_put_number(p, "step.d", 1);
		fv_program_put_number(p, "step.g", 1);
		fv_program_put_number(p, "ramp", 1);
		fv_program_put_number(p, "decay", 0.5);
		check(!fv_program_run(&err, p, (fv_key){ 1, (uint64_t)i, 0 }), "%s", err.text);
		double ok_d = fv_program_number(p, "ok.d"), ok_g = fv_program_number(p, "ok");
		changes d = compare(store, before, "D.d.");
		bool good = i == 0 || i == 7;
		check(ok_g == good && ok_d == (good || i == 6), "style, case %d: flags %g and %g", i, ok_d, ok_g);
		check(!d.broken, "style, case %d: %d values are not finite", i, d.broken);
		check(good ? d.inside && d.outside : !d.outside && (i == 6 || !d.inside),
		      "style, case %d: %d variables of the discriminator changed and %d others", i, d.inside, d.outside);
		free(before);
	}
	fv_program_free(p);
	fv_graph_free(g);
	fv_store_free(teacher);
	fv_store_free(store);
}

/* ---- the loop, around a recipe of one number. x counts the finite steps; a step is not finite as the script says. */
static char folder[] = "/tmp/fauve-guard-XXXXXX", path[200];
static bool (*broken)(const fv_run *r);
static bool slow;
static double rates;                    /* sum of rate_scale over the steps made */
static char said[4000];

static void build(fv_graph *g, fv_run *r)
{
	fv_variable *x = fv_variable_new(r->store, FV_F32, fv_scalar(), "x");
	fv_node *loss = fv_scale(g, fv_input(g, "value", FV_F32, fv_scalar()), 2, 0), *ok = fv_finite(g, loss, NULL);
	fv_assign(g, x, fv_scale(g, fv_read(g, x), 1, 1), ok);
	fv_output(g, loss, "loss");
	fv_output(g, ok, "ok");
}

static double value(const fv_run *r, int64_t update)
{
	if (broken(r))
		return NAN;
	rates += r->rate_scale;
	if (slow && r->step == 39)
		usleep(150000);                 /* a checkpoint is due then */
	return 0.5;
}

static const fv_recipe recipe = {
	.name = "one", .programs = { { .name = "step", .build = build, .ok = "ok", .scalars = (const fv_recipe_scalar[]){ { "value", value }, { 0 } },
	                               .losses = (const fv_recipe_loss[]){ { "loss", { "loss" } }, { 0 } } } },
};

static void say(void *user, const char *line) { snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", line); }

static fv_status train(const char *name, bool (*when)(const fv_run *r), double checkpoint)
{
	const char *every = checkpoint > 1 ? "checkpoint-every=10000s" : "checkpoint-every=0.1s";
	fv_train_options o = { .size = sizeof o, .recipe = "one", .run = path, .options = (const char *const[]){ "steps=100", every, NULL }, .line = say };
	slow = checkpoint < 1;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	broken = when;
	rates = 0;
	*said = 0;
	err = (fv_err){ 0 };
	return fv_train_recipe(&err, c, &recipe, &o);
}

/* The variable and a counter in the checkpoint. */
static double kept(const char *key)
{
	char file[300];
	fv_safetensors f;
	snprintf(file, sizeof file, "%s/checkpoint.safetensors", path);
	if (fv_safetensors_open(&err, c, file, &f))
		return NAN;
	json_t *about = json_loads(fv_safetensors_text(&f, "fauve.run"), 0, NULL);
	double v = key ? json_number_value(json_object_get(about, key)) : fv_get(f.entry[0].tensor, 0);
	json_decref(about);
	fv_safetensors_close(&f);
	return v;
}

static int lines(const char *text)
{
	char file[300], line[300];
	int n = 0;
	snprintf(file, sizeof file, "%s/stats.jsonl", path);
	FILE *f = fopen(file, "r");
	while (f && fgets(line, sizeof line, f))
		n += strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return n;
}

static bool never(const fv_run *r) { return false; }
static bool always(const fv_run *r) { return true; }
static bool now_and_then(const fv_run *r) { return r->step == 20 || r->step == 50 || r->step == 51; }
static bool three_once(const fv_run *r) { return r->step >= 40 && r->step < 43 && r->attempt == 0; }
static bool until_an_eighth(const fv_run *r) { return r->step >= 40 && r->rate_scale > 0.126; }

static void check_loop(void)
{
	check(!train("never", never, 1e9) && kept(NULL) == 100 && kept("dropped") == 0, "a plain run: %g steps kept; %s", kept(NULL), err.text);
	check(lines("\"loss\":1,") == 10, "a plain run: %d lines of statistics", lines("\"loss\":1,"));

	check(!train("now", now_and_then, 1e9) && kept(NULL) == 97 && kept("dropped") == 3 && kept("attempt") == 0,
	      "three steps dropped here and there: %g made, %g dropped, %g rollbacks; %s", kept(NULL), kept("dropped"), kept("attempt"), err.text);
	check(lines("null") == 3 && lines("\"dropped\":3}") == 6, "dropped steps are noted: %d lines", lines("null"));

	/* Back to the checkpoint of step 0, so all hundred are made at half the rate. */
	check(!train("three", three_once, 1e9) && kept(NULL) == 100 && kept("attempt") == 1 && kept("rate_scale") == 0.5 && kept("dropped") == 0,
	      "three in a row: %g made, %g rollbacks, rate times %g; %s", kept(NULL), kept("attempt"), kept("rate_scale"), err.text);
	check(rates == 2 + 40 + 100 * 0.5, "three in a row: the sum of rates is %g", rates);      /* two in the warm-up */
	check(strstr(said, "back to step 0 with the rate at 0.5") != NULL, "three in a row: it says '%s'", said);
	check(lines("null") == 0 && lines("\"loss\":1,") == 10, "three in a row: statistics are cut back");

	/* A checkpoint at step 40: back to step 40, three times, an eighth of the rate. */
	check(!train("eighth", until_an_eighth, 0) && kept(NULL) == 100 && kept("attempt") == 3 && kept("rate_scale") == 0.125,
	      "until an eighth: %g made, %g rollbacks, rate times %g; %s", kept(NULL), kept("attempt"), kept("rate_scale"), err.text);
	check(strstr(said, "back to step 40 with the rate at 0.125") != NULL, "until an eighth: it says '%s'", said);

	/* Nothing helps: it says so and keeps the good checkpoint. */
	check(!train("hopeless", never, 0) && kept("step") == 100, "%s", err.text);
	fv_train_options more = { .size = sizeof more, .recipe = "one", .run = path, .options = (const char *const[]){ "steps=200", NULL } };
	broken = always;
	check(fv_train_recipe(&err, c, &recipe, &more) == FV_E_INTERNAL && strstr(err.text, "smaller rate"), "hopeless: '%s'", err.text);
	check(kept("step") == 100 && kept(NULL) == 100, "hopeless: the checkpoint is of step %g with %g made", kept("step"), kept(NULL));
	broken = never;
	check(!fv_train_recipe(&err, c, &recipe, &more) && kept("step") == 200 && kept(NULL) == 200, "and it can be gone on from: step %g; %s", kept("step"),
	      err.text);
}

int main(void)
{
	if (fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2 }, &c) || !mkdtemp(folder))
		return 1;
	check_dense();
	check_style();
	check_loop();
	fv_folder_remove(folder);
	fv_context_free(c);
	return finish("guard");
}
