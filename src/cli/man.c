/* SPDX-License-Identifier: Apache-2.0 */
/* The man page (roff, man macros), from the same tables as --help. */
#include "cli/cli.h"
#include <string.h>

/* Text as roff wants it: backslash and hyphen escaped, no line that begins like a request. */
static void text(FILE *to, const char *s)
{
	for (bool start = true; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			fputs("\\&", to);
		start = false;
		if (*s == '\\')
			fputs("\\e", to);
		else if (*s == '-')
			fputs("\\-", to);
		else if (s[0] == '\n' && s[1] == '\n') {
			fputs("\n.PP\n", to);
			s++;
			start = true;
		} else
			fputc(*s, to);
	}
}

static void item(FILE *to, const char *name, const char *what)
{
	fputs(".TP\n.B ", to);
	text(to, name);
	fputc('\n', to);
	text(to, what);
	fputs("\n", to);
}

static void options(FILE *to, const fv_option *o)
{
	char left[120], right[600];
	for (; o && o->name; o++) {
		if (!fv_option_shown(o))
			continue;
		fv_option_syntax(o, left, sizeof left);
		fv_option_text(o, right, sizeof right);
		item(to, left, right);
	}
}

static void command(FILE *to, const fv_command *c)
{
	char syntax[300], title[400];
	fv_command_syntax(c, syntax, sizeof syntax);
	snprintf(title, sizeof title, "fauve %s %s", c->name, syntax);
	fputs(".SS \"", to);
	text(to, title);
	fputs("\"\n", to);
	text(to, c->description);
	fputc('\n', to);
	for (const fv_argument *a = c->arguments; a && a->name; a++)
		item(to, a->name, a->help);
	options(to, c->options);
	options(to, c->handed);
	const fv_variant *v;
	for (int i = 0; c->variant && (v = c->variant(i)); i++) {
		fputs(".SS \"", to);
		snprintf(title, sizeof title, "fauve %s %s [OPTIONS]", c->name, v->name);
		text(to, title);
		fputs("\"\n", to);
		text(to, v->help);
		if (v->note) {
			fputs("\n.PP\n", to);
			text(to, v->note);
		}
		fputc('\n', to);
		for (const fv_example *e = v->sets; e && e->line; e++)
			item(to, e->line, e->what);
		options(to, v->options);
	}
}

void fv_help_man(FILE *to)
{
	static const struct { const char *code, *what; } codes[] = {
		{ "0", "Done; also with a warning, as for a cut file of which the readable part was painted." },
		{ "1", "A fault of fauve's own." },
		{ "2", "Wrong use." },
		{ "3", "An input cannot be read, is not what it claims to be, or is over a limit." },
		{ "4", "An output cannot be written." },
		{ "5", "Not enough memory." },
		{ "6", "Some of several inputs failed; the others are done." },
		{ "130", "Interrupted." },
	};
	static const struct { const char *name, *what; } variables[] = {
		{ "FAUVE_ISA", "The highest instruction set to use: ref, plain, avx2, avx512, amx." },
		{ "FAUVE_CACHE", "The file that keeps which way to compute was the fastest where that had to be timed; empty: none is, and nothing "
		  "is timed. Default: fauve/kernels in $XDG_CACHE_HOME or ~/.cache." },
		{ "FAUVE_STYLES", "A folder of models that is searched first." },
		{ "XDG_DATA_HOME", "Your models are in its folder fauve/styles; ~/.local/share when unset." },
		{ "NO_COLOR", "When set, messages are not coloured." },
	};
	fprintf(to, ".TH FAUVE 1 \"\" \"fauve %s\" \"User Commands\"\n", fv_version());
	fputs(".SH NAME\nfauve \\- teach a computer to paint\n.SH SYNOPSIS\n.B fauve\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.I ARGUMENTS\n", to);
	fputs(".SH DESCRIPTION\n", to);
	text(to, "Give fauve a folder of paintings and a folder of photographs: it trains a generator against a discriminator "
	     "until the paintings' hand is learned, then paints any photograph with it. Data goes to standard output, messages "
	     "to standard error.");
	fputs("\n.SH COMMANDS\n", to);
	for (int i = 0; fv_commands[i]; i++)
		command(to, fv_commands[i]);
	fputs(".SH OPTIONS EVERYWHERE\n", to);
	options(to, fv_global_options);
	item(to, "-h, --help", "help for a command");
	item(to, "--version", "the version");
	fputs(".SH EXAMPLES\n", to);
	for (int i = 0; fv_commands[i]; i++)
		for (const fv_example *e = fv_commands[i]->examples; e->line; e++)
			item(to, e->line, e->what);
	fputs(".SH EXIT STATUS\n", to);
	for (size_t i = 0; i < FV_COUNT(codes); i++)
		item(to, codes[i].code, codes[i].what);
	fputs(".SH ENVIRONMENT\n", to);
	for (size_t i = 0; i < FV_COUNT(variables); i++)
		item(to, variables[i].name, variables[i].what);
}
