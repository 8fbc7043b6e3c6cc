/* SPDX-License-Identifier: Apache-2.0 */
/* The options that a run has: defaults, the preset's values over them, what run.json has, what is given. Everything follows from two
 * tables: the recipe's, and that of what every recipe has. */
#include "base/file.h"
#include "train/measure.h"
#include "train/run.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const fv_recipe *fv_recipe_find(const char *name)
{
	for (int i = 0; fv_recipes[i]; i++)
		if (!strcmp(fv_recipes[i]->name, name))
			return fv_recipes[i];
	return NULL;
}

/* Both structs of options, in turn. */
typedef struct {
	const fv_option *table;
	void *values;
} options;
#define TABLES 2
static void tables_of(const fv_run *r, options t[TABLES])
{
	t[0] = (options){ fv_train_table, (void *)&r->common };
	t[1] = (options){ r->recipe->options, r->options };
}

static const fv_option *find(const fv_run *r, const char *name, int *which)
{
	options t[TABLES];
	tables_of(r, t);
	for (*which = 0; *which < TABLES; ++*which) {
		const fv_option *o = fv_option_find(t[*which].table, name);
		if (o && !(o->kept & FV_KEPT_INNER))
			return o;
	}
	return NULL;
}

static bool is_file(const fv_option *o) { return o->kind == FV_ARG_FILE || o->kind == FV_ARG_FOLDER; }

static const char *precision_of(const fv_context *c) { return c->bf16 ? "bf16" : c->exact ? "exact" : "f32"; }

/* ------------------------------------------------------------------ values */
static size_t value_bytes(const fv_option *o)
{
	switch (o->type) {
	case FV_OPT_FLAG:
		return sizeof(bool);
	case FV_OPT_TEXT:
		return sizeof(char *);
	case FV_OPT_TEXTS:
		return sizeof(fv_texts);
	case FV_OPT_ENUM:
		return sizeof(int);
	default:
		return sizeof(int64_t);
	}
}
_Static_assert(sizeof(double) == sizeof(int64_t), "numbers are copied as eight bytes");

static bool has_value(const fv_option *o, const void *values)
{
	const void *at = (const char *)values + o->at;
	return o->type == FV_OPT_TEXTS ? ((const fv_texts *)at)->count > 0
				       : o->type != FV_OPT_TEXT || *(const char *const *)at;
}

/* The name of a file without its folders and its ending. */
static bool same_file_name(const char *a, const char *b)
{
	const char *slash_a = strrchr(a, '/'), *slash_b = strrchr(b, '/');
	a = slash_a ? slash_a + 1 : a, b = slash_b ? slash_b + 1 : b;
	return strcspn(a, ".") == strcspn(b, ".") && !strncmp(a, b, strcspn(a, "."));
}

static bool same_value(const fv_option *o, const void *was, const void *now)
{
	const char *a = (const char *)was + o->at, *b = (const char *)now + o->at;
	if (o->type == FV_OPT_TEXTS) {
		const fv_texts *s = (const fv_texts *)a, *t = (const fv_texts *)b;
		bool same = s->count == t->count;
		for (int i = 0; i < s->count && same; i++)
			same = !strcmp(s->item[i], t->item[i]);
		return same;
	}
	if (o->type != FV_OPT_TEXT)
		return !memcmp(a, b, value_bytes(o));
	const char *s = *(const char *const *)a, *t = *(const char *const *)b;
	/* A file may lie elsewhere by now: it is known by its name. */
	return s && t ? !strcmp(s, t) || (is_file(o) && same_file_name(s, t)) : s == t;
}

/* In JSON; NULL: there is none. */
static char *value_text(const json_t *v)
{
	bool none = !v || json_is_null(v) || (json_is_array(v) && !json_array_size(v));
	return none ? NULL : json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
}

static fv_status begun_with(fv_err *err, const char *folder, const char *name, const json_t *was, const json_t *now)
{
	char *a = value_text(was), *b = value_text(now);
	fv_status st = fv_fail(err, FV_E_ARGUMENT,
			       "%s: this run was begun with %s %s, not %s; give the same again, or another folder",
			       folder, name, a ? a : "nothing", b ? b : "nothing");
	free(a);
	free(b);
	return st;
}

/* ------------------------------------------------------------------ run.json */
static fv_status read_begun(fv_err *err, fv_context *c, const char *folder, json_t **out)
{
	char path[FV_PATH_MAX];
	void *data;
	size_t bytes;
	snprintf(path, sizeof path, "%s/run.json", folder);
	fv_status st = fv_file_read(err, c, path, FV_OPEN_MEMBER, 1 << 20, &data, &bytes);
	if (st == FV_E_READ)
		return fv_fail(err, st, "%s: holds no run to go on with (no run.json); to begin one, name a recipe",
			       folder);
	if (st)
		return st;
	*out = fv_json_read(NULL, c, path, data, bytes);
	fv_free(c, data);
	static const char *const precisions[] = { "f32", "bf16", "exact" };
	const char *precision = json_string_value(json_object_get(*out, "precision"));
	bool known = !json_object_get(*out, "precision");
	for (size_t i = 0; precision && i < FV_COUNT(precisions); i++)
		known = known || !strcmp(precision, precisions[i]);
	if (known && json_string_value(json_object_get(*out, "recipe")))
		return FV_OK;
	json_decref(*out);
	*out = NULL;
	return fv_fail(err, FV_E_FORMAT, "%s: is damaged, or another program wrote it; give the whole command again",
		       path);
}

fv_status fv_train_begun(fv_err *err, fv_context *c, const char *folder, const char *name, char *text, size_t room)
{
	json_t *j = NULL;
	fv_status st = read_begun(err, c, folder, &j);
	const char *had = json_string_value(json_object_get(j, name));
	snprintf(text, room, "%s", had ? had : "");
	json_decref(j);
	return st;
}

static fv_status recall(fv_err *err, fv_run *r, const json_t *j)
{
	char path[FV_PATH_MAX];
	const char *key;
	json_t *v;
	options t[TABLES];
	int which;
	tables_of(r, t);
	snprintf(path, sizeof path, "%s/run.json", r->folder);
	json_object_foreach((json_t *)j, key, v)
	{
		const fv_option *o = find(r, key, &which);
		/* An early fauve wrote lists without paths, and 0 for what was not given; and `features` for every
		 * recipe. */
		bool nothing = json_is_null(v) || (json_is_array(v) && !json_array_size(v)) ||
			       (json_is_integer(v) && !json_integer_value(v));
		if (!strcmp(key, "recipe") || !strcmp(key, "precision") ||
		    !strcmp(key, "stopped") ||
		    (nothing && !(o && json_is_integer(v) && fv_option_in_range(o, 0))))
			continue;
		if (!o && !strcmp(key, "features") && json_is_string(v))
			continue;
		if (!o)
			return fv_fail(
				err, FV_E_FORMAT,
				"%s: its '%s' is no option of the recipe '%s'; it is damaged, or another program wrote it",
				path, key, r->recipe->name);
		fv_status st = fv_option_read(err, r->arena, o, v, path, r->folder, t[which].values);
		if (st)
			return st;
	}
	return FV_OK;
}

json_t *fv_settings_all(const fv_run *r)
{
	options t[TABLES];
	tables_of(r, t);
	json_t *j = json_pack("{s:s, s:s}", "recipe", r->recipe->name, "precision", precision_of(r->context));
	bool whole = j;
	for (int k = 0; k < TABLES; k++)
		for (const fv_option *o = t[k].table; whole && o && o->name; o++) {
			json_t *v = o->kept & FV_KEPT_INNER ? json_null() : fv_option_json(o, t[k].values, r->folder);
			whole = v;
			if (json_is_null(v) || json_is_false(v) ||
			    (json_is_array(v) && !json_array_size(v)))
				json_decref(v);
			else if (v)
				whole = !json_object_set_new(j, o->name, v);
		}
	if (whole && r->stopped)
		whole = !json_object_set_new(j, "stopped",
		                             json_pack("{s:s, s:I, s:s}", "by", r->stopped, "step",
		                                       (json_int_t)r->step, "text",
		                                       r->stopped_text));
	if (!whole)
		json_decref(j);
	return whole ? j : NULL;
}

fv_status fv_settings_write(fv_err *err, fv_run *r)
{
	char path[FV_PATH_MAX];
	fv_writer *w = NULL;
	json_t *j = fv_settings_all(r);
	char *text = j ? json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) : NULL;
	json_decref(j);
	snprintf(path, sizeof path, "%s/run.json", r->folder);
	fv_status st =
		text ? fv_writer_open(err, r->context, path, &w)
		     : fv_fail(err, FV_E_ARGUMENT,
			       "%s: the run cannot be written down there: a folder's name is no UTF-8 text; rename it, or link to it",
			       r->folder);
	if (!st && (st = fv_writer_put(err, w, text, strlen(text))))
		fv_writer_abort(w);
	else if (!st)
		st = fv_writer_commit(err, w);
	free(text);
	return st;
}

/* ------------------------------------------------------------------ what is given */
static fv_status unknown(fv_err *err, const fv_run *r, const char *name)
{
	char others[200] = "";
	size_t n = 0;
	for (int i = 0; fv_recipes[i]; i++) {
		const fv_option *o = fv_option_find(fv_recipes[i]->options, name);
		if (o && !(o->kept & FV_KEPT_INNER) && n < sizeof others)
			n += (size_t)snprintf(others + n, sizeof others - n, "%s%s", n ? ", " : "",
					      fv_recipes[i]->name);
	}
	if (n)
		return fv_fail(err, FV_E_ARGUMENT,
			       "%s: is no option of the recipe '%s'; it belongs to %s", name,
			       r->recipe->name, others);
	fv_near best = { 0 };
	options t[TABLES];
	tables_of(r, t);
	for (int k = 0; k < TABLES; k++)
		for (const fv_option *o = t[k].table; o && o->name; o++)
			if (!(o->kept & FV_KEPT_INNER))
				fv_nearer(name, o->name, &best);
	const char *near = best.name;
	return fv_fail(err, FV_E_ARGUMENT, "%s: is no option of the recipe '%s'%s%s%s", name, r->recipe->name,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* "name=value" cut in two. */
static fv_status split(fv_err *err, fv_run *r, const char *text, char **name, char **value)
{
	*name = fv_arena_text(r->arena, "%s", text);
	if (!*name)
		return fv_fail_memory(err, "options", strlen(text));
	*value = strchr(*name, '=');
	if (!*value)
		return fv_fail(err, FV_E_ARGUMENT, "option '%s': NAME=VALUE is wanted", text);
	*(*value)++ = 0;
	return FV_OK;
}

/* Lists are empty, with a place for each text. */
static fv_status make_lists(fv_err *err, fv_run *r, const options *t, int places)
{
	for (const fv_option *o = t->table; o && o->name; o++)
		if (o->type == FV_OPT_TEXTS) {
			const char **item = fv_arena_get(r->arena, ((size_t)places + 1) * sizeof *item);
			if (!item)
				return fv_fail_memory(err, "options", (size_t)places * sizeof *item);
			*(fv_texts *)((char *)t->values + o->at) = (fv_texts){ item, 0 };
		}
	return FV_OK;
}

fv_status fv_recipe_values(fv_err *err, const fv_recipe *recipe, const char *preset, void *values)
{
	char all[200] = "", name[40];
	size_t n = 0;
	const fv_recipe_preset *p = recipe->presets;
	fv_status st = fv_option_presets(err, recipe->options, values);
	if (st || !preset || !*preset)
		return st;
	for (; p->name && strcmp(p->name, preset); p++)
		n += n < sizeof all ? (size_t)snprintf(all + n, sizeof all - n, "%s'%s'", n ? " and " : "", p->name)
				    : 0;
	if (!p->name)
		return fv_fail(err, FV_E_ARGUMENT, "preset '%s' is unknown: %s has %s", preset, recipe->name,
			       *all ? all : "none");
	for (int i = 0; p->values[i] && !st; i++) {
		size_t length = strcspn(p->values[i], "=");
		snprintf(name, sizeof name, "%.*s", (int)length, p->values[i]);
		const fv_option *o = fv_option_find(recipe->options, name);
		st = o && p->values[i][length]
			     ? fv_option_set(err, o, p->values[i] + length + 1, values, 0)
			     : fv_fail(err, FV_E_INTERNAL, "%s: preset '%s' sets '%s', which is no option",
				       recipe->name, p->name, name);
	}
	return st;
}

/* What is given, over what the run has. begun: there is one, so that what may not change must be the same. */
static fv_status take_given(fv_err *err, fv_run *r, bool begun)
{
	const char *const *text = r->o.options;
	int count = 0, which;
	while (text && text[count])
		count++;
	fv_train_common common = { 0 };
	options t[TABLES], g[TABLES];
	tables_of(r, t);
	g[0] = (options){ fv_train_table, &common };
	g[1] = (options){ r->recipe->options, fv_arena_get(r->arena, r->recipe->bytes + 1) };
	if (!g[1].values)
		return fv_fail_memory(err, "options", r->recipe->bytes);
	fv_status st = make_lists(err, r, &g[0], count);
	if (!st)
		st = make_lists(err, r, &g[1], count);
	/* All of them first: of a number that is given twice the last counts. */
	for (int i = 0; i < count && !st; i++) {
		char *name, *value;
		if ((st = split(err, r, text[i], &name, &value)))
			break;
		const fv_option *o = find(r, name, &which);
		st = o ? fv_option_set(err, o, value, g[which].values, count) : unknown(err, r, name);
	}
	if (!st && common.steps && common.time > 0)
		st = fv_fail(err, FV_E_ARGUMENT, "give time or steps, not both");
	for (int i = 0; i < count && !st; i++) {
		char *name, *value;
		if ((st = split(err, r, text[i], &name, &value)))
			break;
		const fv_option *o = find(r, name, &which);
		const void *from = (char *)g[which].values + o->at;
		void *to = (char *)t[which].values + o->at;
		if (begun && !(o->kept & (FV_KEPT_CHANGES | FV_KEPT_MOVES)) &&
		    !same_value(o, t[which].values, g[which].values)) {
			json_t *was = fv_option_json(o, t[which].values, r->folder),
			       *now = fv_option_json(o, g[which].values, r->folder);
			st = begun_with(err, r->folder, name, was, now);
			json_decref(was);
			json_decref(now);
		} else if (begun && to == (void *)&r->common.time) {
			/* The same command again goes on to the same end; `go on` for so long is more of it. */
			if (!r->named || !(common.time == r->common.time))
				r->more_time = common.time;
			if (r->named)
				r->common.time = common.time;
		} else {
			memcpy(to, from, value_bytes(o));
			if (to == (void *)&r->common.steps)
				r->more_steps = common.steps;
		}
	}
	if (!begun && common.steps)
		r->common.time = NAN;
	if (!begun && common.time > 0)
		r->common.steps = 0;
	return st;
}

static fv_status check_needed(fv_err *err, const fv_run *r)
{
	for (const fv_option *o = r->recipe->options; o && o->name; o++)
		if (o->required && !has_value(o, r->options))
			return fv_fail(err, FV_E_ARGUMENT, "%s: %s is missing: %s", r->recipe->name, o->name, o->help);
	return FV_OK;
}

bool fv_run_has_checkpoint(const fv_run *r)
{
	static const char *const names[] = { "checkpoint.safetensors", "checkpoint.previous.safetensors" };
	char path[FV_PATH_MAX];
	bool there = false;
	for (size_t i = 0; i < FV_COUNT(names) && !there; i++) {
		snprintf(path, sizeof path, "%s/%s", r->folder, names[i]);
		there = !fv_file_member(NULL, path, false, &there) && there;
	}
	return there;
}

static fv_status find_recipe(fv_err *err, fv_run *r, const json_t *begun)
{
	char all[200] = "";
	size_t n = 0;
	const char *had = json_string_value(json_object_get(begun, "recipe"));
	if (r->recipe && r->o.recipe && strcmp(r->recipe->name, r->o.recipe))
		return fv_fail(err, FV_E_INTERNAL, "recipe '%s' is called '%s'", r->recipe->name, r->o.recipe);
	if (!r->recipe)
		r->recipe = fv_recipe_find(r->o.recipe ? r->o.recipe : had);
	for (int i = 0; fv_recipes[i] && n < sizeof all; i++)
		n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", fv_recipes[i]->name);
	if (!r->recipe && r->o.recipe)
		return fv_fail(err, FV_E_ARGUMENT, "recipe '%s' is unknown: those that are here are %s", r->o.recipe,
			       all);
	if (!r->recipe)
		return fv_fail(err, FV_E_FORMAT,
			       "%s/run.json: is damaged, or another program wrote it: its recipe '%s' is none of %s",
			       r->folder, had, all);
	if (had && strcmp(had, r->recipe->name)) {
		json_t *now = json_string(r->recipe->name);
		fv_status st = begun_with(err, r->folder, "recipe", json_object_get(begun, "recipe"), now);
		json_decref(now);
		return st;
	}
	return FV_OK;
}

/* In the words of run.json's reader, where nothing that was given is at fault. */
static fv_status blame_file(fv_err *err, const fv_run *r, fv_status st)
{
	fv_err e = *err;
	return st == FV_E_ARGUMENT ? fv_fail(err, FV_E_FORMAT, "%s/run.json: %s", r->folder, e.text) : st;
}

bool fv_settings_given(const fv_run *r, const char *name)
{
	size_t n = strlen(name);
	for (const char *const *o = r->o.options; o && *o; o++)
		if (!strncmp(*o, name, n) && (*o)[n] == '=')
			return true;
	return false;
}

/* What is to be measured. The sentence is about run.json where nothing of it was given. */
static fv_status want_measures(fv_err *err, fv_run *r, bool begun)
{
	static const char *const names[] = { "until", "measure", "patience", "measure-every",
		                             "held-photos", "held-art", "set-aside" };
	bool any = false;
	for (size_t i = 0; i < FV_COUNT(names); i++)
		any = any || fv_settings_given(r, names[i]);
	fv_status st = fv_measure_wanted(err, r, begun);
	return st && begun && !any ? blame_file(err, r, st) : st;
}

fv_status fv_settings_take(fv_err *err, fv_run *r)
{
	json_t *j = NULL;
	options t[TABLES];
	fv_err own;
	err = err ? err : &own;
	r->named = r->o.recipe != NULL;
	r->more_time = NAN;
	fv_status st = r->named && !fv_run_has_checkpoint(r) ? FV_OK : read_begun(err, r->context, r->folder, &j);
	if (st == FV_E_READ && r->named)
		st = FV_OK; /* an early one, or a caller's own */
	if (st || (st = find_recipe(err, r, j)))
		goto done;
	if (!(r->options = fv_arena_get(r->arena, r->recipe->bytes + 1)) ||
	    !(r->config = fv_arena_get(r->arena, r->recipe->config_bytes + 1))) {
		st = fv_fail_memory(err, "options", r->recipe->bytes);
		goto done;
	}
	memcpy(r->model, r->recipe->models, sizeof r->model);
	tables_of(r, t);
	if ((st = fv_option_presets(err, fv_train_table, &r->common)) ||
	    (st = make_lists(err, r, &t[0], 0)) ||
	    (st = make_lists(err, r, &t[1], 0)))
		goto done;
	/* The preset lies under everything else that is known. */
	r->common.preset = json_string_value(json_object_get(j, "preset"));
	bool from_file = r->common.preset != NULL;
	for (const char *const *o = r->o.options; o && *o && !j; o++)
		if (!strncmp(*o, "preset=", 7))
			r->common.preset = *o + 7;
	if ((st = fv_recipe_values(err, r->recipe, r->common.preset, r->options))) {
		st = from_file ? blame_file(err, r, st) : st;
		goto done;
	}
	if (r->common.preset && !(r->common.preset = fv_arena_text(r->arena, "%s", r->common.preset)))
		st = fv_fail_memory(err, "options", 1);
	if (st || (j && (st = recall(err, r, j))) || (st = take_given(err, r, j != NULL)))
		goto done;
	if ((st = check_needed(err, r)) && j)
		st = blame_file(err, r, st);
	if (!st && r->recipe->choose)
		r->recipe->choose(r);
	st = st ? st : want_measures(err, r, j != NULL);
	r->seed = (uint64_t)r->common.seed;
	r->batch = fv_run_integer(r, "batch", 1);
	r->size = fv_run_integer(r, "size", 0);
done:
	json_decref(j);
	return st;
}

const void *fv_run_value(const fv_run *r, const char *option)
{
	const fv_option *o = fv_option_find(r->recipe->options, option);
	return o ? (const char *)r->options + o->at : NULL;
}

int64_t fv_run_integer(const fv_run *r, const char *option, int64_t without)
{
	const fv_option *o = fv_option_find(r->recipe->options, option);
	return o && o->type == FV_OPT_INT ? *(const int64_t *)((const char *)r->options + o->at) : without;
}

/* ------------------------------------------------------------------ what a run may not change, and what a model says
 */
/* The recipe's options that are none of `without` and no files, into j. */
static void put_options(const fv_run *r, json_t *j, uint32_t without)
{
	for (const fv_option *o = r->recipe->options; o && o->name; o++)
		if (!(o->kept & (without | FV_KEPT_INNER | FV_KEPT_CHANGES)) && !is_file(o))
			json_object_set_new(j, o->name, fv_option_json(o, r->options, r->folder));
}

json_t *fv_settings_kept(const fv_run *r)
{
	json_t *j = json_pack("{s:s, s:s}", "recipe", r->recipe->name, "preset",
			      r->common.preset ? r->common.preset : "");
	put_options(r, j, 0);
	json_object_set_new(j, "seed", json_integer(r->common.seed));
	json_object_set_new(j, "data", json_string(r->found));
	if (r->common.set_aside)
		json_object_set_new(j, "set-aside", json_integer(r->common.set_aside));
	if (r->context->bf16 || r->context->exact)
		json_object_set_new(j, "precision", json_string(precision_of(r->context)));
	return j;
}

json_t *fv_settings_about(const fv_run *r)
{
	json_t *j = json_pack("{s:s, s:s, s:I, s:I}", "recipe", r->recipe->name, "preset",
			      r->common.preset ? r->common.preset : "", "step", (json_int_t)r->step, "steps",
			      (json_int_t)r->steps);
	put_options(r, j, FV_KEPT_APART);
	json_object_set_new(j, "seed", json_integer(r->common.seed));
	return j;
}

fv_status fv_settings_same(fv_err *err, const fv_run *r, json_t *kept)
{
	/* Settings that an early fauve wrote for every recipe. */
	static const char *const early[] = { "size", "width", "blocks", "adv", "content", "style", "colour" };
	json_t *mine = fv_settings_kept(r), *v, *f32 = json_string("f32");
	const char *key;
	fv_status st = FV_OK;
	json_object_foreach(mine, key, v)
	{
		json_t *was = json_object_get(kept, key);
		bool same = json_is_real(v) ? json_is_number(was) && json_number_value(was) == json_real_value(v)
					    : json_equal(v, was);
		if (!same && !st)
			st = begun_with(err, r->folder, key, !was && !strcmp(key, "precision") ? f32 : was, v);
	}
	json_object_foreach(kept, key, v)
	{
		bool known = json_object_get(mine, key);
		for (size_t i = 0; i < FV_COUNT(early); i++)
			known = known || !strcmp(key, early[i]);
		if (!known && !st)
			st = begun_with(err, r->folder, key, v, !strcmp(key, "precision") ? f32 : NULL);
	}
	json_decref(f32);
	json_decref(mine);
	return st;
}
