/* SPDX-License-Identifier: Apache-2.0 */
/* The command line by the tables: GNU long options, short ones, `--`, values of every type. */
#include "cli/cli.h"
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 96
#define VARIANTS_MAX 64

const fv_command *fv_command_find(const char *name)
{
	for (int i = 0; fv_commands[i]; i++)
		if (!strcmp(fv_commands[i]->name, name))
			return fv_commands[i];
	return NULL;
}

#define WORD 32                         /* letters of a name that is looked for */

/* ---- variants: what the first argument names, and options that are handed on */
const fv_variant *fv_variant_find(const fv_command *c, const char *name)
{
	const fv_variant *v;
	for (int i = 0; c->variant && (v = c->variant(i)); i++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

const char *const *fv_variant_names(const fv_command *c)
{
	static const char *names[VARIANTS_MAX + 1];
	const fv_variant *v;
	int n = 0;
	while (n < VARIANTS_MAX && c->variant && (v = c->variant(n)))
		names[n++] = v->name;
	names[n] = NULL;
	return names;
}

static const fv_option *shown(const fv_option *o) { return o && fv_option_shown(o) ? o : NULL; }

/* An option that the command hands on: of every variant's, or of one variant's. */
static const fv_option *handed(const fv_command *c, const fv_variant *only, const char *name)
{
	const fv_option *o = fv_option_find(c->handed, name);
	const fv_variant *v;
	if (!o && only)
		return shown(fv_option_find(only->options, name));
	for (int i = 0; !o && c->variant && (v = c->variant(i)); i++)
		o = shown(fv_option_find(v->options, name));
	return o;
}

static fv_status not_its_own(fv_err *err, const fv_command *c, const fv_variant *v, const char *name)
{
	const fv_variant *other;
	char all[200] = "";
	size_t n = 0;
	for (int i = 0; c->variant && (other = c->variant(i)) && n < sizeof all; i++)
		if (shown(fv_option_find(other->options, name)))
			n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n ? ", " : "", other->name);
	return fv_fail(err, FV_E_ARGUMENT, "--%s is no option of `fauve %s %s`; it belongs to %s; see fauve help %s %s", name, c->name, v->name, all, c->name, v->name);
}

fv_status fv_variant_check(fv_err *err, const fv_command *c, const fv_variant *v, const char *const *texts)
{
	for (; *texts; texts++) {
		const char *value = strchr(*texts, '=') + 1, *item[2];
		char name[WORD + 1];
		union { fv_texts texts; char room[64]; } to = { { item, 0 } };
		fv_err e;
		snprintf(name, sizeof name, "%.*s", (int)(value - 1 - *texts), *texts);
		const fv_option *known = handed(c, v, name);
		if (!known)
			return not_its_own(err, c, v, name);
		fv_option o = *known;
		o.at = 0;
		fv_status st = fv_option_set(&e, &o, value, &to, 1);
		if (st)
			return fv_fail(err, st, "--%s", e.text);
	}
	return FV_OK;
}

/* ---- the words */

typedef struct {
	fv_parsed *out;
	int argc, at;
	char **argv;
	bool seen[OPTIONS_MAX];         /* of the command's table */
} words;

static const fv_option *by_name(const fv_option *table, const char *name, size_t length)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == length && !strncmp(table->name, name, length))
			return table;
	return NULL;
}

static const fv_option *by_letter(const fv_option *table, char letter)
{
	for (; table && table->name; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

/* Where the user reads on. */
static const char *help_of(const words *w)
{
	static char text[80];
	snprintf(text, sizeof text, "fauve%s%s --help", w->out->command ? " " : "", w->out->command ? w->out->command->name : "");
	return text;
}

static fv_status unknown(fv_err *err, const words *w, const char *word, size_t length)
{
	char name[WORD + 1];
	fv_near best = { 0 };
	const fv_command *c = w->out->command;
	const fv_option *tables[] = { c ? c->options : NULL, fv_global_options, c ? c->handed : NULL };
	const fv_variant *v;
	snprintf(name, sizeof name, "%.*s", (int)length, word);
	for (size_t t = 0; t < FV_COUNT(tables); t++)
		for (const fv_option *o = tables[t]; o && o->name; o++)
			fv_nearer(name, o->name, &best);
	for (int i = 0; c && c->variant && (v = c->variant(i)); i++)
		for (const fv_option *o = v->options; o && o->name; o++)
			if (fv_option_shown(o))
				fv_nearer(name, o->name, &best);
	fv_nearer(name, "help", &best);
	if (best.name)
		return fv_fail(err, FV_E_ARGUMENT, "option --%s is unknown; did you mean --%s? See %s", name, best.name, help_of(w));
	return fv_fail(err, FV_E_ARGUMENT, "option --%s is unknown; see %s", name, help_of(w));
}

static fv_status found(fv_err *err, words *w, const fv_option *o, bool global, const char *value)
{
	void *to = global ? (void *)w->out->cli : w->out->options;
	if (global && !strcmp(o->name, "json") && w->out->command && !w->out->command->json)
		return fv_fail(err, FV_E_ARGUMENT, "--json: `fauve %s` prints nothing that a program would read", w->out->command->name);
	if (global && !strcmp(o->name, "verbose")) {
		w->out->cli->verbose++;
		return FV_OK;
	}
	if (o->type != FV_OPT_FLAG && !value) {
		if (w->at + 1 >= w->argc)
			return fv_fail(err, FV_E_ARGUMENT, "--%s: the value %s is missing; see %s", o->name, o->arg, help_of(w));
		value = w->argv[++w->at];
	} else if (o->type == FV_OPT_FLAG && value)
		return fv_fail(err, FV_E_ARGUMENT, "--%s takes no value", o->name);
	bool *seen = global ? NULL : &w->seen[o - w->out->command->options];
	/* Of numbers and words the last counts, as an alias with defaults wants; files are meant. */
	if (seen && *seen && o->type == FV_OPT_TEXT)
		return fv_fail(err, FV_E_ARGUMENT, "--%s is given twice; once is understood", o->name);
	if (seen)
		*seen = true;
	fv_err e;
	fv_status st = fv_option_set(&e, o, value, to, w->argc);
	return st ? fv_fail(err, st, "--%s", e.text) : FV_OK;
}

static fv_status hand_on(fv_err *err, words *w, const fv_option *o, const char *value)
{
	fv_parsed *p = w->out;
	fv_texts *all = (fv_texts *)((char *)p->options + p->command->handed_at);
	size_t length = strlen(o->name);
	if (!value && o->type == FV_OPT_FLAG)
		value = "on";
	if (!value && w->at + 1 >= w->argc)
		return fv_fail(err, FV_E_ARGUMENT, "--%s: the value %s is missing; see %s", o->name, o->arg, help_of(w));
	if (!value)
		value = w->argv[++w->at];
	for (int i = 0; i < all->count; i++)
		if (o->type == FV_OPT_TEXT && !strncmp(p->handed[i], o->name, length) && p->handed[i][length] == '=')
			return fv_fail(err, FV_E_ARGUMENT, "--%s is given twice; once is understood", o->name);
	char *text = malloc(length + strlen(value) + 2);
	if (!text)
		return fv_fail_memory(err, "command line", strlen(value));
	sprintf(text, "%s=%s", o->name, value);
	p->handed[all->count++] = text;
	return FV_OK;
}

static fv_status long_option(fv_err *err, words *w, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);
	if (length == 4 && !strncmp(word, "help", 4)) {
		w->out->help = true;
		return FV_OK;
	}
	if (length == 7 && !strncmp(word, "version", 7)) {
		w->out->version = true;
		return FV_OK;
	}
	const fv_option *o = w->out->command ? by_name(w->out->command->options, word, length) : NULL;
	if (o)
		return found(err, w, o, false, equals ? equals + 1 : NULL);
	char name[WORD + 1];
	snprintf(name, sizeof name, "%.*s", (int)length, word);
	if (w->out->command && w->out->command->handed && length <= WORD && (o = handed(w->out->command, NULL, name)))
		return hand_on(err, w, o, equals ? equals + 1 : NULL);
	o = by_name(fv_global_options, word, length);
	if (o)
		return found(err, w, o, true, equals ? equals + 1 : NULL);
	return unknown(err, w, word, length);
}

/* -v, -vq, -o FILE, -oFILE */
static fv_status short_options(fv_err *err, words *w, const char *word)
{
	for (; *word; word++) {
		if (*word == 'h') {
			w->out->help = true;
			continue;
		}
		bool global = false;
		const fv_option *o = w->out->command ? by_letter(w->out->command->options, *word) : NULL;
		if (!o) {
			o = by_letter(fv_global_options, *word);
			global = true;
		}
		if (!o)
			return fv_fail(err, FV_E_ARGUMENT, "option -%c is unknown; see %s", *word, help_of(w));
		const char *value = o->type != FV_OPT_FLAG && word[1] ? word + 1 : NULL;
		fv_status st = found(err, w, o, global, value);
		if (st || value)
			return st;
		if (o->type != FV_OPT_FLAG)
			return FV_OK;
	}
	return FV_OK;
}

static fv_status find_command(fv_err *err, words *w, const char *word)
{
	fv_parsed *p = w->out;
	p->command = fv_command_find(word);
	if (!p->command) {
		fv_near best = { 0 };
		for (int i = 0; fv_commands[i]; i++)
			fv_nearer(word, fv_commands[i]->name, &best);
		if (best.name)
			return fv_fail(err, FV_E_ARGUMENT, "command '%s' is unknown; did you mean '%s'? See fauve --help", word, best.name);
		return fv_fail(err, FV_E_ARGUMENT, "command '%s' is unknown; see fauve --help", word);
	}
	if (p->cli->json && !p->command->json)
		return fv_fail(err, FV_E_ARGUMENT, "--json: `fauve %s` prints nothing that a program would read", word);
	/* Presets; room for every list: no list can be longer than the command line. */
	int lists = 0, all = 0;
	const fv_option *o = p->command->options;
	for (; o && o->name; o++, all++)
		lists += o->type == FV_OPT_TEXTS;
	if (all > OPTIONS_MAX)
		return fv_fail(err, FV_E_INTERNAL, "%s: more options than the parser has room for", word);
	size_t each = (size_t)w->argc + 1;
	p->options = calloc(1, p->command->bytes + 1);
	p->handed = calloc(each, sizeof *p->handed);
	const char **next = p->lists = calloc(each * (size_t)lists + 1, sizeof(char *));
	if (!p->options || !p->lists || !p->handed)
		return fv_fail_memory(err, "command line", p->command->bytes);
	for (o = p->command->options; o && o->name; o++)
		if (o->type == FV_OPT_TEXTS) {
			((fv_texts *)((char *)p->options + o->at))->item = next;
			next += each;
		}
	if (p->command->handed)
		((fv_texts *)((char *)p->options + p->command->handed_at))->item = (const char *const *)p->handed;
	return fv_option_presets(err, p->command->options, p->options);
}

/* After the last word: what is missing, and what is too much. */
static fv_status check(fv_err *err, const words *w)
{
	const fv_parsed *p = w->out;
	const fv_command *c = p->command;
	int given = 0;
	const fv_argument *a = c->arguments;
	for (; a && a->name; a++) {
		if (given >= p->count && !a->optional)
			return fv_fail(err, FV_E_ARGUMENT, "%s: %s is missing (%s); see %s", c->name, a->name, a->help, help_of(w));
		const char *const *choices = a->kind == FV_ARG_RECIPE && c->variant ? fv_variant_names(c) : a->choices;
		if (choices && given < p->count) {
			int i = 0;
			while (choices[i] && strcmp(choices[i], p->args[given]))
				i++;
			if (!choices[i]) {
				const char *near = fv_nearest(p->args[given], choices);
				return fv_fail(err, FV_E_ARGUMENT, "%s: %s '%s' is unknown%s%s%s; see %s", c->name, a->name, p->args[given],
				               near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", help_of(w));
			}
		}
		given = a->many ? p->count : given + 1;
	}
	if (given < p->count)
		return fv_fail(err, FV_E_ARGUMENT, "%s: '%s' is one argument too many; see %s", c->name, p->args[given], help_of(w));
	for (const fv_option *o = c->options; o && o->name; o++)
		if (o->required && !w->seen[o - c->options])
			return fv_fail(err, FV_E_ARGUMENT, "%s: --%s %s is missing (%s); see %s", c->name, o->name, o->arg, o->help, help_of(w));
	const fv_variant *v = p->count ? fv_variant_find(c, p->args[0]) : NULL;
	return v ? fv_variant_check(err, c, v, (const char *const *)p->handed) : FV_OK;
}

fv_status fv_parse(fv_err *err, int argc, char **argv, fv_cli *cli, fv_parsed *out)
{
	*out = (fv_parsed){ .cli = cli };
	words w = { .out = out, .argc = argc, .argv = argv };
	fv_status st = FV_OK;
	bool only_arguments = false;
	/* The positional arguments are moved to the front, in their order. */
	out->args = argv + (argc > 0);
	for (w.at = 1; w.at < argc && !st; w.at++) {
		char *word = argv[w.at];
		if (!only_arguments && !strcmp(word, "--"))
			only_arguments = true;
		else if (!only_arguments && word[0] == '-' && word[1] == '-')
			st = long_option(err, &w, word + 2);
		else if (!only_arguments && word[0] == '-' && word[1])
			st = short_options(err, &w, word + 1);
		else if (!out->command)
			st = find_command(err, &w, word);
		else
			out->args[out->count++] = word;
	}
	if (!st && out->command && !out->help && !out->version)
		st = check(err, &w);
	if (!st && !out->command && !out->help && !out->version)
		st = fv_fail(err, FV_E_ARGUMENT, "no command was given; `fauve --help` lists them");
	if (st)
		fv_parsed_free(out);
	return st;
}

void fv_parsed_free(fv_parsed *p)
{
	for (int i = 0; p->handed && p->handed[i]; i++)
		free(p->handed[i]);
	free(p->handed);
	free(p->options);
	free(p->lists);
	p->options = p->lists = NULL;
	p->handed = NULL;
}
