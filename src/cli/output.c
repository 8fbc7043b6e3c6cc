/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to stderr, data to stdout, Ctrl-C, and the context that commands work with. */
#define _GNU_SOURCE
#include "cli/cli.h"
#include "base/spare.h"
#include "base/text.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* microseconds from the first signal to the end, whatever is waited for */
#define PATIENCE 400000

#define WRITERS 64                      /* threads that write files at once, at most */

static volatile sig_atomic_t interrupted, gentle;
/* A place a thread that has ever written one. */
static struct { volatile sig_atomic_t set; char path[4096]; } aside[WRITERS];
static atomic_int writers;
static _Thread_local int writer = -1;
static _Thread_local fv_held *held;

/* The first Ctrl-C asks, the second one ends, and so does time unless there is something to
 * save. */
static void on_signal(int number)
{
	static const char note[] = "\nstopping; press Ctrl-C again to stop at once\n";
	if (interrupted)
		_exit(130);
	interrupted = 1;
	if (!gentle)
		setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = PATIENCE }, NULL);
	if (number == SIGINT && isatty(STDERR_FILENO) &&
	    write(STDERR_FILENO, note, sizeof note - 1) < 0)
		return;
}

static void on_time(int number)
{
	static const char note[] = "fauve: interrupted\n";
	for (int i = 0; i < WRITERS; i++)
		if (aside[i].set)
			unlink(aside[i].path);
	if (write(STDERR_FILENO, note, sizeof note - 1) < 0)
		_exit(130);
	_exit(130);
}

void fv_catch_interrupts(void)
{
	struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigaction late = { .sa_handler = on_time };
	sigemptyset(&a.sa_mask);
	sigemptyset(&late.sa_mask);
	sigaction(SIGALRM, &late, NULL);
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	signal(SIGXFSZ, SIG_IGN);                               /* a file over the shell's limit
	                                                         * is then an error like a full
	                                                         * disk */
}

void fv_stop_gently(void) { gentle = 1; }

void fv_stop_removes(const char *path)
{
	if (writer < 0)
		writer = atomic_fetch_add(&writers, 1);
	if (writer >= WRITERS)
		return;                         /* the next run removes it */
	aside[writer].set = 0;
	if (path && strlen(path) < sizeof aside[writer].path) {
		strcpy(aside[writer].path, path);
		aside[writer].set = 1;
	}
}

bool fv_interrupted(void) { return interrupted; }

static bool print_lines(const char *text)
{
	size_t room = FV_SHOWN * strlen(text) + 1;
	char *shown = malloc(room);
	if (shown)
		fputs(fv_show_keeping(shown, room, text, "\n"), stdout);
	free(shown);
	return shown != NULL;
}

void fv_out(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	char *text = NULL;
	if (vasprintf(&text, format, ap) >= 0)
		print_lines(text);
	va_end(ap);
	free(text);
}

fv_status fv_out_json(fv_err *err, const json_t *j, size_t flags)
{
	char *text = json_dumps(j, flags);
	bool printed = text && print_lines(text);
	free(text);
	if (!printed)
		return fv_fail_memory(err, "JSON", 4096);
	putchar('\n');
	return FV_OK;
}

void fv_hold(fv_held *to) { held = to; }

/* false: no memory, so it is better shown out of order than never. */
static bool hold(const char *line)
{
	size_t n = strlen(line) + 1;
	char *more = realloc(held->text, held->bytes + n);
	if (!more)
		return false;
	memcpy(more + held->bytes, line, n);
	held->text = more;
	held->bytes += n;
	return true;
}

void fv_held_show(fv_cli *cli, fv_held *h)
{
	if (h->bytes)
		fflush(stdout);
	for (size_t i = 0; i < h->bytes; i += strlen(h->text + i) + 1)
		fv_progress_say(cli->progress, h->text + i);
	free(h->text);
	*h = (fv_held){ 0 };
}

static void message(fv_cli *cli, const char *before, const char *format, va_list ap)
{
	char raw[1400], text[1500];
	int n = snprintf(text, sizeof text, "%s", before);
	vsnprintf(raw, sizeof raw, format, ap);
	fv_show(text + n, sizeof text - (size_t)n, raw);
	if (held && hold(text))
		return;
	fflush(stdout);
	fv_progress_say(cli->progress, text);
}

void fv_say(fv_cli *cli, const char *format, ...)
{
	if (cli->quiet)
		return;
	va_list ap;
	va_start(ap, format);
	message(cli, "", format, ap);
	va_end(ap);
}

void fv_warn(fv_cli *cli, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	message(cli, cli->colour ? "fauve: \033[33mwarning:\033[0m " : "fauve: warning: ", format,
	        ap);
	va_end(ap);
}

static void complain(fv_cli *cli, const char *before, ...)
{
	va_list ap;
	va_start(ap, before);
	message(cli, before, "%s", ap);
	va_end(ap);
}

void fv_complain(fv_cli *cli, const fv_err *err)
{
	complain(cli, cli->colour ? "\033[31mfauve:\033[0m " : "fauve: ", err->text);
}

static void on_log(void *user, fv_log_level level, const char *text)
{
	fv_cli *cli = user;
	if (level <= FV_LOG_WARNING)
		fv_warn(cli, "%s", text);
	else if (level == FV_LOG_INFO ? cli->verbose > 0 : cli->verbose > 1)
		fv_say(cli, "%s", text);
}

static bool on_cancelled(void *user) { return interrupted; }

/* Where it is kept which kernel was the fastest; empty: nowhere. */
static void cache_file(char *path, size_t room)
{
	const char *own = getenv("FAUVE_CACHE"), *caches = getenv("XDG_CACHE_HOME"),
		   *home = getenv("HOME");
	*path = 0;
	if (own)
		snprintf(path, room, "%s", own);
	else if (caches && *caches == '/')
		snprintf(path, room, "%s/fauve/kernels", caches);
	else if (home && *home)
		snprintf(path, room, "%s/.cache/fauve/kernels", home);
}

fv_status fv_cli_context(fv_err *err, fv_cli *cli, bool paints, fv_context **out)
{
	char cache[4096];
	cache_file(cache, sizeof cache);
	fv_allocator pool = cli->spare ? fv_spare_allocator(cli->spare) : fv_allocator_plain;
	fv_context_options o = {
		.size = sizeof o, .cache = cache, .threads = (int)cli->threads,
		.isa = cli->isa >= 0 ? fv_isa_choices[cli->isa] : NULL,
		.log = on_log, .log_user = cli, .cancelled = on_cancelled,
		.bf16 = cli->precision == 2 || (cli->precision == 0 && paints),
		.exact = cli->precision == 3, .limits = cli->limit, .allocator = &pool,
	};
	return fv_context_new(err, &o, out);
}
