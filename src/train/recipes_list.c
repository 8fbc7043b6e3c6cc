/* SPDX-License-Identifier: Apache-2.0 */
/* Recipes and their options as JSON, for programs that show them. */
#include "train/train.h"
#include <stdlib.h>
#include <string.h>

static json_t *option(const fv_option *o)
{
	static const char *const type[] = {
		[FV_OPT_FLAG] = "flag", [FV_OPT_TEXT] = "text",   [FV_OPT_TEXTS] = "texts",
		[FV_OPT_INT] = "int",   [FV_OPT_FLOAT] = "float", [FV_OPT_DURATION] = "duration",
		[FV_OPT_SIZE] = "size", [FV_OPT_ENUM] = "choice",
	};
	const char *path = o->kind == FV_ARG_FILE ? "file" : o->kind == FV_ARG_FOLDER ? "folder" : NULL;
	json_t *j = json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "name", o->name, "type", type[o->type], "help", o->help,
			      "default", o->preset, "path", path);
	if (o->low < o->high) {
		json_object_set_new(j, "low", json_real(o->low));
		json_object_set_new(j, "high", json_real(o->high));
	}
	json_t *choices = o->choices ? json_array() : NULL;
	for (int i = 0; o->choices && o->choices[i]; i++)
		json_array_append_new(choices, json_string(o->choices[i]));
	if (choices)
		json_object_set_new(j, "choices", choices);
	if (o->required)
		json_object_set_new(j, "needed", json_true());
	if (o->kept & FV_KEPT_CHANGES)
		json_object_set_new(j, "changes", json_true());
	return j;
}

static json_t *options_of(const fv_option *o)
{
	json_t *list = json_array();
	for (; o && o->name; o++)
		if (!(o->kept & FV_KEPT_INNER))
			json_array_append_new(list, option(o));
	return list;
}

fv_status fv_recipes_list(fv_err *err, fv_context *c, char **out)
{
	json_t *all = json_array();
	for (int i = 0; fv_recipes[i]; i++) {
		const fv_recipe *r = fv_recipes[i];
		json_t *presets = json_array();
		for (const fv_recipe_preset *p = r->presets; p->name; p++)
			json_array_append_new(presets, json_pack("{s:s, s:s}", "name", p->name, "help", p->help));
		json_array_append_new(all,
				      json_pack("{s:s, s:s, s:b, s:o, s:o}", "name", r->name, "help", r->help, "paints",
						r->models[0].file && r->models[0].family->use == FV_PAINTS, "presets",
						presets, "options", options_of(r->options)));
	}
	json_t *j = json_pack("{s:o, s:o}", "recipes", all, "options", options_of(fv_train_table));
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	size_t bytes = text ? strlen(text) + 1 : 0;
	char *copy = text ? fv_alloc(c, bytes) : NULL;
	if (copy)
		memcpy(copy, text, bytes);
	json_decref(j);
	free(text);
	*out = copy ? copy : *out;
	return copy ? FV_OK : fv_fail(err, FV_E_MEMORY, "recipes: no memory for their list");
}

void fv_text_free(fv_context *c, char *text) { fv_free(c, text); }
