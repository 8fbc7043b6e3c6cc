/* SPDX-License-Identifier: Apache-2.0 */
/* A run's folder from a stranger. Parts: what the checkpoint says of itself, as JSON that is put over what a sound one says (what is
 * no JSON: the checkpoint itself); stats.jsonl; times.jsonl; run.json. */
#define _GNU_SOURCE
#include "cli/cli.h"
#include "fuzz.h"
#include "model/safetensors.h"
#include "op/op.h"
#include "train/train.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHECKPOINT, STATS, TIMES, BEGUN, PARTS };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed)
{
	return fuzz_mutate_part(data, bytes, most, seed, PARTS, 1 << CHECKPOINT | 1 << BEGUN);
}

/* ---- a recipe of two variables, whose step does nothing */
static void build(fv_graph *g, fv_run *r)
{
	fv_variable_new(r->store, FV_F32, FV_SHAPE(2, 3), "w");
	fv_variable_new(r->store, FV_F32, FV_SHAPE(1), "b");
	fv_output(g, fv_scale(g, fv_input(g, "value", FV_F32, fv_scalar()), 2, 0), "loss");
}

static fv_status look(fv_err *err, fv_run *r, fv_program *p, int64_t number)
{
	fuzz_must(r->step >= 0 && r->steps >= 1 && r->step < r->steps, "steps are within the run");
	fuzz_must(r->dropped >= 0 && r->attempt >= 0 && r->in_a_row >= 0, "counts are counts");
	fuzz_must(r->rate_scale > 0 && r->rate_scale <= 1, "rollbacks only ever slow down");
	return FV_OK;
}

static const fv_recipe recipe = {
	.name = "nothing", .programs = { { .name = "step", .build = build, .feed = look, .losses = (const fv_recipe_loss[]){ { "d", { "loss" } }, { 0 } } } },
};

/* A checkpoint may claim any number of steps: some are enough. */
static int left;
static bool cancelled(void *user) { return left-- <= 0; }

static fv_status train(fv_err *err, const char *folder, const char *const *options, int steps)
{
	static fv_context *c;
	if (!c)
		fuzz_must(!fv_context_new(NULL, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 1, .cancelled = cancelled }, &c), "a context");
	fv_train_options o = { .size = sizeof o, .recipe = "nothing", .run = folder, .options = options };
	left = steps;
	return fv_train_recipe(err, c, &recipe, &o);
}

/* ---- the folder */
static char folder[300];

static void put(const char *name, const void *data, size_t bytes)
{
	char path[400];
	snprintf(path, sizeof path, "run/%s", name);
	fuzz_file(path, data, bytes);
}

static void drop(const char *name)
{
	char path[400];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	unlink(path);
}

/* The checkpoint of a sound run: its header and what stands there of it. */
static fv_safetensors sound;

static void put_checkpoint(fuzz_part p)
{
	json_t *about = json_loads(fv_safetensors_text(&sound, "fauve.run"), 0, NULL), *with = json_loadb((const char *)p.data, p.bytes, 0, NULL);
	put("checkpoint.safetensors", p.data, p.bytes);
	if (json_is_object(with) && !json_object_update_recursive(about, with)) {
		char *text = json_dumps(about, JSON_COMPACT);
		json_t *metadata = json_pack("{s:s}", "fauve.run", text);
		char path[400];
		snprintf(path, sizeof path, "%s/checkpoint.safetensors", folder);
		fuzz_must(metadata && !fv_safetensors_write(NULL, fuzz_context(), path, sound.entry, sound.count, metadata, NULL, NULL), "a checkpoint is written");
		json_decref(metadata);
		free(text);
	}
	json_decref(with);
	json_decref(about);
}

static void begin_once(void)
{
	char path[400];
	fv_err err = { 0 };
	snprintf(folder, sizeof folder, "%s/run", fuzz_folder());
	/* What a stranger names is looked for there, not among the photographs of the tree. */
	fuzz_must(!chdir(fuzz_folder()), "its folder can be entered");
	setenv("XDG_DATA_HOME", fuzz_folder(), 1);
	setenv("FAUVE_CACHE", "", 1);
	fuzz_must(!train(&err, folder, (const char *const[]){ "steps=3", NULL }, 100), "a sound run ends");
	snprintf(path, sizeof path, "%s/checkpoint.safetensors", folder);
	fuzz_must(!fv_safetensors_open(&err, fuzz_context(), path, &sound), "and can be read");
}

/* fauve train --resume: its run.json. */
static void resume(void)
{
	char *argv[] = { "fauve", "train", "--resume", folder, "-q", "--threads", "1", NULL };
	fv_cli cli = { .isa = -1, .progress = fv_progress_new(STDERR_FILENO, FV_PROGRESS_NONE) };
	fv_parsed p;
	fv_err err = { 0 };
	fuzz_must(!fv_parse(&err, (int)FV_COUNT(argv) - 1, argv, &cli, &p), "the line is right");
	if (p.command->run(&err, &cli, p.options, p.count, p.args))
		fuzz_sentence(&err);
	fv_parsed_free(&p);
	fv_progress_free(cli.progress);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	fuzz_part part[PARTS];
	fv_err err = { 0 };
	if (!*folder)
		begin_once();
	fuzz_split(data, bytes, part, PARTS);
	drop("checkpoint.previous.safetensors");
	drop("run.json");
	put_checkpoint(part[CHECKPOINT]);
	put("stats.jsonl", part[STATS].data, part[STATS].bytes);
	put("times.jsonl", part[TIMES].data, part[TIMES].bytes);
	fv_status st = train(&err, folder, NULL, 3);
	if (st)
		fuzz_sentence(&err);
	if (!st || st == FV_E_CANCELLED) {
		fv_safetensors f;
		char path[400];
		snprintf(path, sizeof path, "%s/checkpoint.safetensors", folder);
		fuzz_must(!fv_safetensors_open(&err, fuzz_context(), path, &f), "a run that was trained has a checkpoint");
		fv_safetensors_close(&f);
	}
	if (part[BEGUN].bytes) {
		put("run.json", part[BEGUN].data, part[BEGUN].bytes);
		resume();
	}
	return 0;
}
