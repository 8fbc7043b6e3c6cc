/* SPDX-License-Identifier: Apache-2.0 */
/* Completions for bash, zsh and fish, from the tables. */
#include "cli/cli.h"
#include <string.h>

#define STYLES "fauve styles --names 2>/dev/null"

/* help in single quotes: the quote itself, and what the shell's description syntax gives a meaning, are escaped. */
static void quoted(FILE *to, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", to);
		else {
			if (strchr(special, *text))
				fputc('\\', to);
			fputc(*text, to);
		}
	}
}

static void words(FILE *to, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		fprintf(to, "%s%s", i ? " " : "", list[i]);
}

static void command_names(FILE *to)
{
	for (int i = 0; fv_commands[i]; i++)
		fprintf(to, "%s%s", i ? " " : "", fv_commands[i]->name);
}

/* ---- bash */

/* What a command's argument may be. */
static const char *const *choices_of(const fv_command *c, const fv_argument *a)
{
	return a->kind == FV_ARG_RECIPE ? fv_variant_names(c) : a->choices;
}

static void bash_value(FILE *to, fv_arg_kind kind, const char *const *choices)
{
	if (choices) {
		fputs("COMPREPLY=($(compgen -W '", to);
		words(to, choices);
		fputs("' -- \"$cur\"))", to);
	} else if (kind == FV_ARG_COMMAND) {
		fputs("COMPREPLY=($(compgen -W '", to);
		command_names(to);
		fputs("' -- \"$cur\"))", to);
	} else if (kind == FV_ARG_STYLE)
		fputs("COMPREPLY=($(compgen -W \"$(" STYLES ")\" -- \"$cur\") $(compgen -f -- \"$cur\"))", to);
	else if (kind == FV_ARG_FILE)
		fputs("COMPREPLY=($(compgen -f -- \"$cur\"))", to);
	else if (kind == FV_ARG_FOLDER)
		fputs("COMPREPLY=($(compgen -d -- \"$cur\"))", to);
	else
		fputs("COMPREPLY=()", to);
}

static void bash_options(FILE *to, const char *command, const fv_option *o)
{
	for (; o && o->name; o++) {
		if (o->type == FV_OPT_FLAG || !fv_option_shown(o))
			continue;
		fprintf(to, "\t%s:--%s", command, o->name);
		if (o->letter)
			fprintf(to, "|%s:-%c", command, o->letter);
		fputs(") ", to);
		bash_value(to, o->kind, o->choices);
		fputs("; return ;;\n", to);
	}
}

static void option_names(FILE *to, const fv_option *o)
{
	for (; o && o->name; o++)
		if (fv_option_shown(o))
			fprintf(to, "--%s ", o->name);
}

static void bash(FILE *to)
{
	fputs("# bash completion for fauve\n"
	      "_fauve()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= sub= i n=0\n"
	      "\tcompopt -o filenames 2>/dev/null\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in -*) ;; *) if [ -z \"$cmd\" ]; then cmd=${COMP_WORDS[i]}; else n=$((n + 1)); sub=${sub:-${COMP_WORDS[i]}}; fi ;; esac\n"
	      "\tdone\n"
	      "\tcase $cmd:$prev in\n", to);
	const fv_variant *v;
	for (int i = 0; fv_commands[i]; i++) {
		const fv_command *c = fv_commands[i];
		bash_options(to, c->name, c->options);
		bash_options(to, c->name, c->handed);
		for (int k = 0; c->variant && (v = c->variant(k)); k++)
			bash_options(to, c->name, v->options);
	}
	bash_options(to, "*", fv_global_options);
	fputs("\tesac\n\tcase $cmd:$cur in\n\t:-*) COMPREPLY=($(compgen -W '", to);
	option_names(to, fv_global_options);
	fputs("--help --version' -- \"$cur\")) ;;\n\t:*) COMPREPLY=($(compgen -W '", to);
	command_names(to);
	fputs("' -- \"$cur\")) ;;\n", to);
	for (int i = 0; fv_commands[i]; i++) {
		const fv_command *c = fv_commands[i];
		fprintf(to, "\t%s:-*) ", c->name);
		if (c->variant)
			fputs("local own=; case $sub in ", to);
		for (int k = 0; c->variant && (v = c->variant(k)); k++) {
			fprintf(to, "%s) own='", v->name);
			option_names(to, v->options);
			fputs("' ;; ", to);
		}
		fprintf(to, "%sCOMPREPLY=($(compgen -W %s", c->variant ? "esac; " : "", c->variant ? "\"$own\"'" : "'");
		option_names(to, c->options);
		option_names(to, c->handed);
		option_names(to, fv_global_options);
		fputs("--help' -- \"$cur\")) ;;\n", to);
		/* Values of options are counted as arguments too; so only the first argument is told apart. */
		const fv_argument *a = c->arguments;
		if (a && a->name) {
			if (a[1].name) {
				fprintf(to, "\t%s:*) if [ $n = 0 ]; then ", c->name);
				bash_value(to, a->kind, choices_of(c, a));
				fputs("; else ", to);
				bash_value(to, a[1].kind, choices_of(c, a + 1));
				fputs("; fi ;;\n", to);
			} else {
				fprintf(to, "\t%s:*) ", c->name);
				bash_value(to, a->kind, choices_of(c, a));
				fputs(" ;;\n", to);
			}
		}
	}
	fputs("\tesac\n}\ncomplete -F _fauve fauve\n", to);
}

/* ---- zsh */

static void zsh_action(FILE *to, fv_arg_kind kind, const char *const *choices)
{
	if (choices) {
		fputc('(', to);
		words(to, choices);
		fputc(')', to);
	} else if (kind == FV_ARG_COMMAND) {
		fputc('(', to);
		command_names(to);
		fputc(')', to);
	} else if (kind == FV_ARG_STYLE)
		fputs("_fauve_styles", to);
	else if (kind == FV_ARG_FILE)
		fputs("_files", to);
	else if (kind == FV_ARG_FOLDER)
		fputs("_files -/", to);
}

static void zsh_options(FILE *to, const fv_option *o)
{
	for (; o && o->name; o++) {
		if (!fv_option_shown(o))
			continue;
		const char *many = o->type == FV_OPT_TEXTS ? "*" : "";
		for (int letter = 0; letter <= (o->letter != 0); letter++) {
			if (letter)
				fprintf(to, " \\\n\t\t'%s-%c[", many, o->letter);
			else
				fprintf(to, " \\\n\t\t'%s--%s%s[", many, o->name, o->arg ? "=" : "");
			quoted(to, o->help, "[]:");
			fputc(']', to);
			if (o->arg) {
				fprintf(to, ":%s:", o->arg);
				zsh_action(to, o->kind, o->choices);
			}
			fputc('\'', to);
		}
	}
}

static void zsh_arguments(FILE *to, const fv_command *c, const fv_variant *v)
{
	fputs("_arguments", to);
	zsh_options(to, c->options);
	zsh_options(to, c->handed);
	zsh_options(to, v ? v->options : NULL);
	zsh_options(to, fv_global_options);
	for (const fv_argument *a = c->arguments; a && a->name; a++) {
		fprintf(to, " \\\n\t\t'%s:%s:", a->many ? "*" : "", a->name);
		zsh_action(to, a->kind, choices_of(c, a));
		fputc('\'', to);
	}
}

static void zsh(FILE *to)
{
	fputs("#compdef fauve\n"
	      "_fauve_styles() { local -a names; names=(${(f)\"$(" STYLES ")\"}); compadd -a names; _files }\n"
	      "_fauve() {\n\tlocal context state state_descr line; typeset -A opt_args\n"
	      "\t_arguments -C '1:command:->command' '*::argument:->argument'\n\tcase $state in\n\tcommand)\n\t\tlocal -a commands; commands=(", to);
	for (int i = 0; fv_commands[i]; i++) {
		fprintf(to, "\n\t\t\t'%s:", fv_commands[i]->name);
		quoted(to, fv_commands[i]->summary, ":");
		fputc('\'', to);
	}
	fputs(")\n\t\t_describe command commands ;;\n\targument)\n\t\tcase $line[1] in\n", to);
	for (int i = 0; fv_commands[i]; i++) {
		const fv_command *c = fv_commands[i];
		const fv_variant *v;
		fprintf(to, "\t\t%s) ", c->name);
		if (c->variant)
			fputs("case $words[2] in\n", to);
		for (int k = 0; c->variant && (v = c->variant(k)); k++) {
			fprintf(to, "\t\t\t%s) ", v->name);
			zsh_arguments(to, c, v);
			fputs(" ;;\n", to);
		}
		if (c->variant)
			fputs("\t\t\t*) ", to);
		zsh_arguments(to, c, NULL);
		fputs(c->variant ? " ;;\n\t\t\tesac ;;\n" : " ;;\n", to);
	}
	fputs("\t\tesac ;;\n\tesac\n}\n_fauve \"$@\"\n", to);
}

/* ---- fish */

static void fish_value(FILE *to, fv_arg_kind kind, const char *const *choices)
{
	if (choices || kind == FV_ARG_COMMAND) {
		fputs(" -x -a '", to);
		if (choices)
			words(to, choices);
		else
			command_names(to);
		fputc('\'', to);
	} else if (kind == FV_ARG_STYLE)
		fputs(" -a '(" STYLES ")'", to);
	else if (kind == FV_ARG_FOLDER)
		fputs(" -x -a '(__fish_complete_directories)'", to);
	else if (kind == FV_ARG_PLAIN)
		fputs(" -x", to);
	else
		fputs(" -r", to);
}

static void fish_options(FILE *to, const char *command, const char *variant, const fv_option *o)
{
	for (; o && o->name; o++) {
		if (!fv_option_shown(o))
			continue;
		fputs("complete -c fauve", to);
		if (command)
			fprintf(to, " -n '__fish_seen_subcommand_from %s%s%s'", command, variant ? "; and __fish_seen_subcommand_from " : "", variant ? variant : "");
		fprintf(to, " -l %s", o->name);
		if (o->letter)
			fprintf(to, " -s %c", o->letter);
		if (o->arg)
			fish_value(to, o->kind, o->choices);
		fputs(" -d '", to);
		quoted(to, o->help, "");
		fputs("'\n", to);
	}
}

static void fish(FILE *to)
{
	fputs("# fish completion for fauve\n", to);
	for (int i = 0; fv_commands[i]; i++) {
		const fv_command *c = fv_commands[i];
		fprintf(to, "complete -c fauve -n __fish_use_subcommand -x -a %s -d '", c->name);
		quoted(to, c->summary, "");
		fputs("'\n", to);
		const fv_variant *v;
		fish_options(to, c->name, NULL, c->options);
		fish_options(to, c->name, NULL, c->handed);
		for (int k = 0; c->variant && (v = c->variant(k)); k++)
			fish_options(to, c->name, v->name, v->options);
		for (const fv_argument *a = c->arguments; a && a->name; a++)
			if (a->choices || a->kind == FV_ARG_STYLE || a->kind == FV_ARG_COMMAND || a->kind == FV_ARG_RECIPE) {
				fprintf(to, "complete -c fauve -n '__fish_seen_subcommand_from %s'", c->name);
				fish_value(to, a->kind, choices_of(c, a));
				fputc('\n', to);
			}
	}
	fish_options(to, NULL, NULL, fv_global_options);
}

bool fv_help_completion(FILE *to, const char *shell)
{
	static const struct { const char *name; void (*write)(FILE *to); } shells[] = {
		{ "bash", bash }, { "zsh", zsh }, { "fish", fish },
	};
	for (size_t i = 0; i < FV_COUNT(shells); i++)
		if (!strcmp(shells[i].name, shell)) {
			shells[i].write(to);
			return true;
		}
	return false;
}
