/* SPDX-License-Identifier: Apache-2.0 */
/* The program: parse, run the command, say what went wrong, exit with its code. */
#include "cli/cli.h"
#include "film/film.h"
#include "picture/picture.h"
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool coloured(const fv_cli *cli)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	if (cli->colour_when > 0)
		return cli->colour_when == 1;
	return isatty(STDERR_FILENO) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

static fv_progress_kind progress_kind(const fv_cli *cli)
{
	const char *term = getenv("TERM");
	if (cli->quiet)
		return FV_PROGRESS_NONE;
	return isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb")) ? FV_PROGRESS_LIVE
	                                                                 : FV_PROGRESS_PLAIN;
}

static fv_status run(fv_err *err, fv_cli *cli, int argc, char **argv)
{
	fv_parsed p;
	fv_status st = fv_parse(err, argc, argv, cli, &p);
	cli->colour = coloured(cli);
	cli->progress = fv_progress_new(STDERR_FILENO, progress_kind(cli));
	if (!cli->progress)
		return fv_fail_memory(err, "progress", 1000);
	if (st)
		return st;
	fv_picture_sandbox((fv_sandbox)cli->sandbox, "/proc/self/exe");
	if (p.version)
		fv_out("fauve %s\n", fv_version());
	else if (p.help && p.command)
		fv_help_command(stdout, p.command, p.count ? fv_variant_find(p.command, p.args[0]) : NULL);
	else if (p.help)
		fv_help_program(stdout);
	else
		st = p.command->run(err, cli, p.options, p.count, p.args);
	fv_parsed_free(&p);
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && !st)
		st = fv_fail(err, FV_E_WRITE, "standard output: %s",
		             errno ? strerror(errno) : "it could not be written");
	return st;
}

int main(int argc, char **argv)
{
	fv_cli cli = { .isa = -1 };
	fv_err err = { 0 };
	if (argc == 2 && !strcmp(argv[1], FV_CHILD_WORD))
		return fv_child_main();
	if (argc == 2 && !strcmp(argv[1], FV_FILM_WORD))
		return fv_film_child();
	setlocale(LC_CTYPE, "");
	fv_catch_interrupts();
	fv_status st = run(&err, &cli, argc, argv);
	if (st) {
		if (cli.progress)
			fv_complain(&cli, &err);
		else
			fprintf(stderr, "fauve: %s\n", err.text);
	}
	fv_progress_free(cli.progress);
	return fv_exit_code(st);
}
