/* SPDX-License-Identifier: Apache-2.0 */
/* A run's folder from a stranger: counters of a checkpoint that lie, values that are not finite, lines
 * that are none. Each is refused as no checkpoint, in one sentence. */
#define _GNU_SOURCE
#include "model/safetensors.h"
#include "model/weights.h"
#include "net/net.h"
#include "test.h"
#include "train/run.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static fv_context *c;
static fv_err err;
static const fv_recipe recipe = { .name = "none" };

static fv_run begin(void)
{
	fv_run r = { .context = c, .folder = "run", .batch = 1, .recipe = &recipe, .lock = -1,
		     .rate_scale = 1, .step = 5, .steps = 8, .found = "d" };
	check(!fv_store_new(&err, c, &r.store), "%s", err.text);
	fv_variable_put(&err, fv_variable_new(r.store, FV_F32, FV_SHAPE(2, 3), "w"), (float[]){ 0, 1, 2, 3, 4, 5 });
	return r;
}

static void end(fv_run *r)
{
	fv_store_free(r->store);
	fv_run_close(r);
}

static fv_status find(fv_run *r)
{
	bool found;
	*r = begin();
	r->step = r->steps = 0;
	fv_status st = fv_run_open(&err, r);
	return st ? st : fv_run_find(&err, r, &found);
}

/* A checkpoint that says of `key` what `value` is, in JSON; NULL: nothing. value: of the weights' first. */
static void write_checkpoint(const char *key, const char *value, float first)
{
	fv_run r = begin();
	fv_variable_put(&err, r.store->first, (float[]){ first, 1, 2, 3, 4, 5 });
	check(!fv_run_open(&err, &r) && !fv_run_save(&err, &r), "%s", err.text);
	fv_safetensors f;
	check(!fv_safetensors_open(&err, c, "run/checkpoint.safetensors", &f), "%s", err.text);
	json_t *about = json_loads(fv_safetensors_text(&f, "fauve.run"), 0, NULL);
	if (value)
		json_object_set_new(about, key, json_loads(value, JSON_DECODE_ANY, NULL));
	else if (key)
		json_object_del(about, key);
	char *text = json_dumps(about, 0);
	json_t *metadata = json_pack("{s:s}", "fauve.run", text);
	check(!fv_safetensors_write(&err, c, "run/checkpoint.safetensors", f.entry, f.count, metadata, NULL, NULL), "%s", err.text);
	json_decref(metadata);
	json_decref(about);
	free(text);
	fv_safetensors_close(&f);
	unlink("run/checkpoint.previous.safetensors");
	end(&r);
}

int main(void)
{
	static const struct { const char *key, *value; } lies[] = {
		{ "step", "9223372036854775807" }, { "step", "9" }, { "step", "-1" }, { "step", "5.5" }, { "step", NULL },
		{ "steps", "9223372036854775807" }, { "steps", "1000000001" }, { "steps", "0" }, { "steps", "\"8\"" }, { "steps", NULL },
		{ "dropped", "-9223372036854775808" }, { "dropped", "-100" }, { "dropped", "6" }, { "dropped", NULL },
		{ "attempt", "-9223372036854775808" }, { "attempt", "9" }, { "attempt", "true" }, { "in_a_row", "2147483647" },
		{ "in_a_row", "3" }, { "in_a_row", "-1" }, { "rate_scale", "1e308" }, { "rate_scale", "-1" }, { "rate_scale", "\"x\"" },
		{ "rate_scale", "0" }, { "rate_scale", "1e-9" }, { "rate_scale", NULL },
	};
	char folder[] = "/tmp/fauve-lies-XXXXXX", command[100];
	fv_run r;
	if (!check(mkdtemp(folder) && !chdir(folder) && !fv_context_new(&err, NULL, &c), "%s", err.text))
		return finish("lies");
	write_checkpoint(NULL, NULL, 0);
	check(!find(&r) && r.step == 5 && r.steps == 8 && r.rate_scale == 1, "an honest one: %s", err.text);
	end(&r);
	for (size_t i = 0; i < FV_COUNT(lies); i++) {
		const char *value = lies[i].value ? lies[i].value : "missing";
		write_checkpoint(lies[i].key, lies[i].value, 0);
		check(find(&r) == FV_E_FORMAT && strstr(err.text, "is no checkpoint of a run: it"), "%s %s: %s", lies[i].key, value, err.text);
		check(r.step == 0 && r.steps == 0, "%s %s is taken", lies[i].key, value);
		end(&r);
	}
	const float odd[] = { NAN, INFINITY, -INFINITY };
	for (size_t i = 0; i < FV_COUNT(odd); i++) {
		write_checkpoint(NULL, NULL, odd[i]);
		check(find(&r) == FV_E_FORMAT && strstr(err.text, ": w holds NaN"), "%g is taken: %s", odd[i], err.text);
		end(&r);
	}
	write_checkpoint("settings", "7", 0);
	check(find(&r) == FV_E_ARGUMENT, "settings that are none: %s", err.text);
	end(&r);

	/* Lines: what a lie says of the time is not believed. */
	static const char *const times[] = { "-1", "nan", "inf", "1e300", "x" };
	write_checkpoint(NULL, NULL, 0);
	for (size_t i = 0; i < FV_COUNT(times); i++) {
		FILE *f = fopen("run/times.jsonl", "w");
		fprintf(f, "{\"step\":1,\"seconds\":3}\n{\"step\":2,\"seconds\":%s}\n", times[i]);
		fclose(f);
		check(!find(&r) && r.spent == 3, "seconds %s: %g, %s", times[i], r.spent, err.text);
		end(&r);
	}
	fv_context_free(c);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	check(!chdir("/") && !system(command), "%s stays", folder);
	return finish("lies");
}
