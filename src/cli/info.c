/* SPDX-License-Identifier: Apache-2.0 */
/* fauve info: what a model or a picture is; how a network would run. */
#include "cli/cli.h"
#include "base/file.h"
#include "base/text.h"
#include "paint/paint.h"
#include "picture/picture.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONGEST 500                     /* characters of a text that are shown: a palette has thousands */

typedef struct {
	bool plan;
	const char *size;
} options;

static const fv_option table[] = {
	{ .name = "plan", .type = FV_OPT_FLAG, .at = offsetof(options, plan),
	  .help = "print how a model runs: operations, kernels, memory; with -v, also why kernels declined" },
	{ .name = "size", .type = FV_OPT_TEXT, .arg = "WxH", .at = offsetof(options, size), .preset = "512x512",
	  .help = "the picture's size for --plan" },
	{ 0 },
};

static const fv_argument arguments[] = {
	{ "FILE", "a style's name, a model file, a run's folder, or a picture", .kind = FV_ARG_STYLE },
	{ 0 },
};

static const fv_example examples[] = {
	{ "fauve info vangogh", "What is known about a model: network, training, data, licences." },
	{ "fauve info photo.jpg", "Size, depth, colours, EXIF." },
	{ "fauve info --plan --size 768x512 vangogh", "How it runs on a picture of that size." },
	{ 0 },
};

static void value(const char *key, const json_t *j, int depth)
{
	const char *name;
	json_t *item;
	size_t i;
	if (depth > 8)                  /* a file may nest as it likes */
		return;
	char shown[FV_SHOWN * LONGEST + 1];
	fv_out("%*s%-*s", 2 * depth, "", 14 - 2 * depth, fv_show(shown, 200, key));
	if (json_is_object(j)) {
		fv_out("\n");
		json_object_foreach((json_t *)j, name, item)
			value(name, item, depth + 1);
		return;
	}
	if (json_is_array(j)) {
		fv_out("\n");
		json_array_foreach(j, i, item)
			value("-", item, depth + 1);
		return;
	}
	if (json_is_string(j)) {
		const char *s = json_string_value(j);
		char start[LONGEST + 1];
		size_t n = fv_text_cut(s, LONGEST);
		memcpy(start, s, n);
		start[n] = 0;
		fv_out(" %s", fv_show(shown, sizeof shown, start));
		if (s[n])
			fv_out("... (%d characters; --json has all)", (int)json_string_length(j));
	} else if (json_is_integer(j))
		fv_out(" %" JSON_INTEGER_FORMAT, json_integer_value(j));
	else if (json_is_real(j))
		fv_out(" %.6g", json_real_value(j));
	else
		fv_out(" %s", json_is_true(j) ? "yes" : json_is_false(j) ? "no" : "-");
	fv_out("\n");
}

static void line(void *user, const char *text) { fv_out("%s\n", text); }

static fv_status plan(fv_err *err, const fv_cli *cli, const fv_model *m, const char *size)
{
	fv_painting p;
	int64_t width = 0, height = 0;
	char more;
	if (sscanf(size, "%" SCNd64 "x%" SCNd64 "%c", &width, &height, &more) != 2 || width < 1 || height < 1 || width > 65535 || height > 65535)
		return fv_fail(err, FV_E_ARGUMENT, "--size: '%s' is not a size between 1x1 and 65535x65535; write 768x512", size);
	fv_status st = fv_paint_plan(err, m, height, width, &(fv_program_options){ .timed = true }, &p);
	if (st)
		return st;
	fv_program_print(p.program, cli->verbose > 0, line, NULL);
	fv_painting_free(&p);
	return FV_OK;
}

static fv_status print(fv_err *err, const fv_cli *cli, const char *path, json_t *about)
{
	const char *name;
	json_t *item;
	if (!about)
		return fv_fail_memory(err, path, 1000);
	if (cli->json)
		return fv_out_json(err, about, JSON_INDENT(2));
	char shown[FV_SHOWN * 4096];
	fv_out("%s\n", fv_show(shown, sizeof shown, path));
	json_object_foreach(about, name, item)
		value(name, item, 0);
	return FV_OK;
}

static fv_status model(fv_err *err, fv_cli *cli, fv_context *c, const char *path, const options *o)
{
	fv_model *m = NULL;
	fv_status st = fv_model_open(err, c, path, &m);
	if (st)
		return st;
	fv_description *d = NULL;
	if (o->plan)
		st = plan(err, cli, m, o->size);
	else if (!(st = fv_model_describe(err, m, &d))) {
		json_t *all = json_loads(d->json, 0, NULL);
		st = print(err, cli, path, json_object_get(all, "metadata"));
		json_decref(all);
	}
	fv_description_free(d);
	fv_model_free(m);
	return st;
}

static fv_status picture(fv_err *err, fv_cli *cli, const char *path)
{
	fv_picture *p = NULL;
	fv_err warning;
	fv_status st = fv_picture_begin(err, "fauve");
	if (st)
		return st;
	if (!(st = fv_picture_read(err, path, &(fv_read_options){ .facts = true, .keep_private = true }, &p, &warning))) {
		if (warning.status)
			fv_warn(cli, "%s", warning.text);
		json_t *about = fv_picture_about(p);
		st = print(err, cli, path, about);
		json_decref(about);
		fv_picture_free(p);
	}
	fv_picture_end();
	return st;
}

/* safetensors begins with eight bytes of length and a JSON object. What cannot be opened, and what
 * is no file (a pipe, at which to wait), is left to the model's reader. */
static bool is_model(const char *path)
{
	char head[9] = { 0 };
	int fd;
	if (fv_file_open(NULL, path, 0, &fd, NULL))
		return true;
	bool yes = read(fd, head, sizeof head) == (ssize_t)sizeof head && head[8] == '{';
	close(fd);
	return yes;
}

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const options *o = given;
	char path[4096];
	fv_context *c = NULL;
	fv_status st = fv_style_find(err, args[0], path, sizeof path);
	if (st)
		return st;
	if (!o->plan && !is_model(path))
		return picture(err, cli, path);
	if ((st = fv_cli_context(err, cli, true, &c)))
		return st;
	st = model(err, cli, c, path, o);
	fv_context_free(c);
	return st;
}

const fv_command fv_command_info = {
	.name = "info", .summary = "what a model or a picture is, and how a model would run",
	.description = "Prints what a file says of itself: a model's network, training, data and licences; a picture's size, depth, "
	               "colour and metadata.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples, .json = true, .run = run,
};
