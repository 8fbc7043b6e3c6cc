/* SPDX-License-Identifier: Apache-2.0 */
/* The command line by the tables: GNU long options, short ones, `--`, values of every type. */
#include "cli/cli.h"
#include "base/limits.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 96

const fv_command *fv_command_find(const char *name)
{
	for (int i = 0; fv_commands[i]; i++)
		if (!strcmp(fv_commands[i]->name, name))
			return fv_commands[i];
	return NULL;
}

/* ---- suggestions: edit distance where swapping two neighbours counts as one (Damerau, "optimal string alignment") */

#define WORD 32

static int distance(const char *a, const char *b)
{
	int n = (int)strlen(a), m = (int)strlen(b), d[WORD + 1][WORD + 1];
	if (n > WORD || m > WORD)
		return WORD;
	for (int i = 0; i <= n; i++)
		for (int j = 0; j <= m; j++) {
			if (!i || !j) {
				d[i][j] = i + j;
				continue;
			}
			int change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			int one = (d[i - 1][j] < d[i][j - 1] ? d[i - 1][j] : d[i][j - 1]) + 1;
			d[i][j] = change < one ? change : one;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[n][m];
}

void fv_nearer(const char *word, const char *name, fv_near *best)
{
	size_t length = strlen(word);
	/* A beginning of three letters or more is as good as one slip. */
	bool begins = length >= 3 && !strncmp(word, name, length);
	int d = begins ? 1 : distance(word, name);
	if (d < (best->name ? best->slips : WORD) && d <= (length < 4 ? 1 : (int)length / 3 + 1))
		*best = (fv_near){ name, d };
}

const char *fv_nearest(const char *word, const char *const *names)
{
	fv_near best = { 0 };
	for (int i = 0; names[i]; i++)
		fv_nearer(word, names[i], &best);
	return best.name;
}

/* ---- values */

static fv_status wrong(fv_err *err, const fv_option *o, const char *value, const char *want)
{
	return fv_fail(err, FV_E_ARGUMENT, "--%s: '%s' is not %s", o->name, value, want);
}

bool fv_option_in_range(const fv_option *o, double v)
{
	return o->low < o->high ? v >= o->low && v <= o->high : v >= 0;
}

static fv_status check_range(fv_err *err, const fv_option *o, const char *value, double v)
{
	if (fv_option_in_range(o, v))
		return FV_OK;
	if (o->low < o->high)
		return fv_fail(err, FV_E_ARGUMENT, "--%s: %s is not between %g and %g", o->name, value, o->low, o->high);
	return fv_fail(err, FV_E_ARGUMENT, "--%s: %s is below 0", o->name, value);
}

/* "1h30m", "90m", "45s", "2.5h"; a bare number is refused: nobody remembers which unit it would be. */
static bool parse_duration(const char *text, double *out)
{
	static const struct { const char *name; double seconds; } units[] = {
		{ "ms", 1e-3 }, { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 },
	};
	double sum = 0;
	if (!*text)
		return false;
	while (*text) {
		char *end;
		if (!isdigit((unsigned char)*text) && *text != '.')
			return false;
		double v = strtod(text, &end);
		if (end == text || !isfinite(v))
			return false;
		size_t n = 0, u;
		while (isalpha((unsigned char)end[n]))
			n++;
		for (u = 0; u < FV_COUNT(units); u++)
			if (strlen(units[u].name) == n && !strncmp(units[u].name, end, n))
				break;
		if (u == FV_COUNT(units))
			return false;
		sum += v * units[u].seconds;
		text = end + n;
	}
	*out = sum;
	return true;
}

static fv_status set(fv_err *err, const fv_option *o, const char *value, void *to, int room)
{
	void *at = (char *)to + o->at;
	char *end;
	double v;
	switch (o->type) {
	case FV_OPT_FLAG:
		*(bool *)at = true;
		return FV_OK;
	case FV_OPT_TEXT:
		if (!*value)
			return fv_fail(err, FV_E_ARGUMENT, "--%s: the value is empty; %s is wanted", o->name, o->arg);
		*(const char **)at = value;
		return FV_OK;
	case FV_OPT_TEXTS: {
		fv_texts *t = at;
		if (!*value)
			return fv_fail(err, FV_E_ARGUMENT, "--%s: the value is empty; %s is wanted", o->name, o->arg);
		if (t->count >= room)
			return fv_fail(err, FV_E_INTERNAL, "--%s: more values than words", o->name);
		((const char **)t->item)[t->count++] = value;
		return FV_OK;
	}
	case FV_OPT_INT: {
		errno = 0;
		long long n = strtoll(value, &end, 10);
		if (end == value || *end || isspace((unsigned char)*value))
			return wrong(err, o, value, "a whole number");
		if (errno)
			return fv_fail(err, FV_E_ARGUMENT, "--%s: %s is too large", o->name, value);
		*(int64_t *)at = n;
		return check_range(err, o, value, (double)n);
	}
	case FV_OPT_FLOAT:
		v = strtod(value, &end);
		if (end == value || *end || !isfinite(v) || isspace((unsigned char)*value))
			return wrong(err, o, value, "a number");
		*(double *)at = v;
		return check_range(err, o, value, v);
	case FV_OPT_DURATION:
		if (!parse_duration(value, &v))
			return wrong(err, o, value, "a time; write 45s, 90m, 2h or 1h30m");
		*(double *)at = v;
		return check_range(err, o, value, v);
	case FV_OPT_SIZE:
		if (!fv_size_parse(value, &v) || v > 9e18)
			return wrong(err, o, value, "a size; write 500M or 2G");
		*(int64_t *)at = (int64_t)v;
		return check_range(err, o, value, v);
	case FV_OPT_ENUM:
		for (int i = 0; o->choices[i]; i++)
			if (!strcmp(o->choices[i], value)) {
				*(int *)at = i;
				return FV_OK;
			}
		const char *near = fv_nearest(value, o->choices);
		char all[300] = "";
		for (int i = 0, n = 0; o->choices[i] && n < (int)sizeof all; i++)
			n += snprintf(all + n, sizeof all - (size_t)n, "%s%s", i ? ", " : "", o->choices[i]);
		if (near)
			return fv_fail(err, FV_E_ARGUMENT, "--%s: '%s' is none of %s; did you mean '%s'?", o->name, value, all, near);
		return fv_fail(err, FV_E_ARGUMENT, "--%s: '%s' is none of %s", o->name, value, all);
	}
	return fv_fail(err, FV_E_INTERNAL, "--%s: an option of unknown type", o->name);
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
	const fv_option *tables[] = { w->out->command ? w->out->command->options : NULL, fv_global_options };
	snprintf(name, sizeof name, "%.*s", (int)length, word);
	for (size_t t = 0; t < FV_COUNT(tables); t++)
		for (const fv_option *o = tables[t]; o && o->name; o++)
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
	return set(err, o, value, to, w->argc);
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
	const char **next = p->lists = calloc(each * (size_t)lists + 1, sizeof(char *));
	if (!p->options || !p->lists)
		return fv_fail_memory(err, "command line", p->command->bytes);
	for (o = p->command->options; o && o->name; o++) {
		void *at = (char *)p->options + o->at;
		if (o->type == FV_OPT_TEXTS) {
			((fv_texts *)at)->item = next;
			next += each;
		} else if (o->preset) {
			fv_status st = set(err, o, o->preset, p->options, 0);
			if (st)
				return st;
		} else if (o->type == FV_OPT_FLOAT || o->type == FV_OPT_DURATION)
			*(double *)at = NAN;
		else if (o->type == FV_OPT_ENUM)
			*(int *)at = -1;
	}
	return FV_OK;
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
		if (a->choices && given < p->count) {
			int i = 0;
			while (a->choices[i] && strcmp(a->choices[i], p->args[given]))
				i++;
			if (!a->choices[i]) {
				const char *near = fv_nearest(p->args[given], a->choices);
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
	return FV_OK;
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
	free(p->options);
	free(p->lists);
	p->options = p->lists = NULL;
}
