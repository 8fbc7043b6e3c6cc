/* SPDX-License-Identifier: Apache-2.0 */
/* The live line. Nothing is written except to the descriptor that the program gave. */
#define _GNU_SOURCE
#include "cli/progress.h"
#include "base/text.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LIVE_EVERY 0.1                  /* seconds */
#define PLAIN_LONGEST 60.0
#define BAR 16                          /* columns */
#define LINE 600                        /* bytes of one line, colours of the terminal not counted */

struct fv_progress {
	pthread_mutex_t lock;
	int fd;
	fv_progress_kind kind;
	bool drawn;                     /* the live line is on the screen */
	double next, wait;              /* when a plain or live line is due */
	char line[LINE];                /* as drawn last */
};

fv_progress *fv_progress_new(int fd, fv_progress_kind kind)
{
	fv_progress *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	if (pthread_mutex_init(&p->lock, NULL)) {
		free(p);
		return NULL;
	}
	p->fd = fd;
	p->kind = kind;
	p->wait = kind == FV_PROGRESS_PLAIN ? 1 : LIVE_EVERY;
	return p;
}

/* There is nobody to tell when stderr itself cannot be written. */
static void put(const fv_progress *p, const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = write(p->fd, text, bytes);
		if (n <= 0)
			return;
		text += n;
		bytes -= (size_t)n;
	}
}

static int columns(int fd)
{
	struct winsize w;
	if (!ioctl(fd, TIOCGWINSZ, &w) && w.ws_col > 0)
		return w.ws_col;
	return 80;
}

/* Bytes of the longest start of text that takes at most `room` columns, one a code point. */
static size_t fit(const char *text, int room)
{
	size_t i = 0;
	for (int used = 0; text[i]; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80 && used++ == room)
			break;
	return i;
}

static void erase(fv_progress *p)
{
	if (p->drawn)
		put(p, "\r\033[K", 4);
	p->drawn = false;
}

static void draw(fv_progress *p)
{
	char text[LINE + 8];
	/* The last column stays free: some terminals wrap there. */
	int n = snprintf(text, sizeof text, "\r%.*s\033[K", (int)fit(p->line, columns(p->fd) - 1),
	                 p->line);
	put(p, text, (size_t)n);
	p->drawn = true;
}

void fv_progress_show(fv_progress *p, double done, const char *line)
{
	if (p->kind == FV_PROGRESS_NONE)
		return;
	pthread_mutex_lock(&p->lock);
	double now = fv_now();
	if (!(done <= 1))
		done = 1;
	if (p->next == 0 && p->kind == FV_PROGRESS_PLAIN)
		p->next = now + p->wait;
	if (now >= p->next) {
		char bar[BAR + 3] = "";
		if (done >= 0 && p->kind == FV_PROGRESS_LIVE) {
			int full = (int)(done * BAR + 0.5);
			bar[0] = '[';
			memset(bar + 1, '-', BAR);
			memset(bar + 1, '#', (size_t)full);
			bar[BAR + 1] = ']';
		}
		int n = done >= 0 ? snprintf(p->line, sizeof p->line, "%s%s%3d%% ", bar,
		                             *bar ? " " : "", (int)(100 * done))
		                  : 0;
		fv_show(p->line + n, sizeof p->line - (size_t)n, line);
		if (p->kind == FV_PROGRESS_LIVE)
			draw(p);
		else {
			put(p, p->line, strlen(p->line));
			put(p, "\n", 1);
			p->wait = p->wait * 2 < PLAIN_LONGEST ? p->wait * 2 : PLAIN_LONGEST;
		}
		p->next = now + p->wait;
	}
	pthread_mutex_unlock(&p->lock);
}

void fv_progress_say(fv_progress *p, const char *line)
{
	pthread_mutex_lock(&p->lock);
	bool again = p->drawn;
	erase(p);
	put(p, line, strlen(line));
	put(p, "\n", 1);
	if (again)
		draw(p);
	pthread_mutex_unlock(&p->lock);
}

void fv_progress_clear(fv_progress *p)
{
	pthread_mutex_lock(&p->lock);
	erase(p);
	p->next = 0;
	pthread_mutex_unlock(&p->lock);
}

void fv_progress_free(fv_progress *p)
{
	if (!p)
		return;
	erase(p);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
