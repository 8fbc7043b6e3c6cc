/* SPDX-License-Identifier: Apache-2.0 */
/* fauve styles: the models that have a name. */
#include "base/text.h"
#include "cli/find.h"
#include "base/json.h"
#include "model/safetensors.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct { bool names; } options;

static const fv_option table[] = {
	{ .name = "names", .type = FV_OPT_FLAG, .at = offsetof(options, names),
	  .help = "print only the names, one a line" },
	{ 0 },
};

static const fv_example examples[] = {
	{ "fauve styles", "Which styles are here." },
	{ "fauve styles --json", "With all of their metadata, for a program." },
	{ 0 },
};

/* A model's metadata, or an object with the reason why there is none. */
static json_t *about(fv_context *c, const fv_style_file *s)
{
	fv_err e = { 0 };
	fv_safetensors f = { 0 };
	json_t *j = NULL;
	if (!fv_safetensors_open(&e, c, s->path, &f)) {
		const char *text = fv_safetensors_text(&f, "fauve");
		j = text ? fv_json_read(&e, c, s->path, text, strlen(text))
		         : json_pack("{s:s}", "error",
		                     "no fauve model: it has no metadata of ours");
		fv_safetensors_close(&f);
	}
	if (!j)
		j = json_pack("{s:o}", "error", fv_json_text(e.text));
	json_object_set_new(j, "name", fv_json_text(s->name));
	json_object_set_new(j, "path", fv_json_text(s->path));
	return j;
}

static const char *word(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));
	return s ? s : "";
}

static void print(const fv_style_file *s, const json_t *j)
{
	char name[FV_SHOWN * sizeof s->name], text[1000], path[1000];
	struct stat st = { 0 };
	stat(s->path, &st);
	fv_show(name, sizeof name, s->name);
	if (*word(j, "error")) {
		fv_out("%-16s unusable: %s\n", name, fv_show(text, sizeof text, word(j, "error")));
		return;
	}
	fv_out("%-16s %-9s %4.1f MB  %s\n", name, fv_show(text, sizeof text, word(j, "family")),
	       (double)st.st_size / 1e6, fv_show(path, sizeof path, s->path));
	if (*word(j, "title"))
		fv_out("%-16s %s\n", "", fv_show(text, sizeof text, word(j, "title")));
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const options *o = given;
	fv_style_list l;
	fv_context *c = NULL;
	json_t *all = NULL;
	fv_status st = fv_style_list_new(err, &l);
	if (st)
		return st;
	if (o->names) {
		for (int i = 0; i < l.count; i++) {
			char name[FV_SHOWN * sizeof l.item->name];
			fv_out("%s\n", fv_show(name, sizeof name, l.item[i].name));
		}
		goto done;
	}
	if ((st = fv_cli_context(err, cli, false, &c)))
		goto done;
	all = json_array();
	for (int i = 0; i < l.count; i++) {
		json_t *j = about(c, &l.item[i]);
		if (!j || !all || json_array_append_new(all, j)) {
			st = fv_fail_memory(err, "list of styles", sizeof l);
			goto done;
		}
		if (!cli->json)
			print(&l.item[i], j);
	}
	if (cli->json)
		st = fv_out_json(err, all, JSON_INDENT(2));
	else if (!l.count)
		fv_say(cli, "no styles were found; `fauve doctor` shows where they are looked for");
done:
	json_decref(all);
	fv_context_free(c);
	fv_style_list_free(&l);
	return st;
}

const fv_command fv_command_styles = {
	.name = "styles", .summary = "the models that have a name",
	.description = "Lists the models in $FAUVE_STYLES, in your own folder of styles, and those "
	               "that came with fauve. `fauve train --name NAME` puts a model there; so "
	               "does copying its file: the file's name without .safetensors is the style's "
	               "name.",
	.options = table, .bytes = sizeof(options), .examples = examples, .json = true, .run = run,
};
