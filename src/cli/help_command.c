/* SPDX-License-Identifier: Apache-2.0 */
/* fauve help: a command's page, the man page, completions. */
#include "cli/cli.h"

typedef struct {
	bool man;
	int shell;
} options;

static const char *const shells[] = { "bash", "zsh", "fish", NULL };

static const fv_option table[] = {
	{ .name = "man", .type = FV_OPT_FLAG, .at = offsetof(options, man), .help = "print the man page (roff)" },
	{ .name = "completion", .type = FV_OPT_ENUM, .arg = "SHELL", .at = offsetof(options, shell), .choices = shells,
	  .help = "print the completions for a shell" },
	{ 0 },
};

static const fv_argument arguments[] = {
	{ "COMMAND", "which command's page; without one, the list of commands", .kind = FV_ARG_COMMAND, .optional = true },
	{ "NAME", "of `train`: which recipe's page, with the options that are its own", .optional = true },
	{ 0 },
};

static const fv_example examples[] = {
	{ "fauve help apply", "The page of a command." },
	{ "fauve help train dense", "The page of a recipe." },
	{ "fauve help --man | man -l -", "The man page." },
	{ "fauve help --completion bash > ~/.local/share/bash-completion/completions/fauve", "Completions for your own bash." },
	{ 0 },
};

static fv_status run(fv_err *err, fv_cli *cli, const void *given, int count, char **args)
{
	const options *o = given;
	if (o->man)
		fv_help_man(stdout);
	else if (o->shell >= 0)
		fv_help_completion(stdout, shells[o->shell]);
	else if (!count)
		fv_help_program(stdout);
	else {
		const fv_command *c = fv_command_find(args[0]);
		if (!c)
			return fv_fail(err, FV_E_ARGUMENT, "help: command '%s' is unknown; see fauve --help", args[0]);
		const fv_variant *v = count > 1 ? fv_variant_find(c, args[1]) : NULL;
		if (count > 1 && !v) {
			const char *near = fv_nearest(args[1], fv_variant_names(c));
			return fv_fail(err, FV_E_ARGUMENT, "help: `fauve %s` has no '%s'%s%s%s; see fauve help %s", args[0], args[1], near ? "; did you mean '" : "",
			               near ? near : "", near ? "'?" : "", args[0]);
		}
		fv_help_command(stdout, c, v);
	}
	return FV_OK;
}

const fv_command fv_command_help = {
	.name = "help", .summary = "this help, the man page, completions for the shell",
	.description = "Prints the page of a command, or the list of commands.",
	.options = table, .bytes = sizeof(options), .arguments = arguments, .examples = examples, .run = run,
};
