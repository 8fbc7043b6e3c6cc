/* SPDX-License-Identifier: Apache-2.0 */
/* One live line and lines that stay, on a file descriptor that the program names. May be called
 * from several threads. */
#ifndef FV_PROGRESS_H
#define FV_PROGRESS_H
#include <stdbool.h>

typedef enum {
	FV_PROGRESS_NONE,               /* shows nothing but what fv_progress_say is given */
	FV_PROGRESS_PLAIN,              /* a line now and then: pipes, log files */
	FV_PROGRESS_LIVE,               /* one line, redrawn in place */
} fv_progress_kind;

typedef struct fv_progress fv_progress;

fv_progress *fv_progress_new(int fd, fv_progress_kind kind);    /* NULL: out of memory */
void fv_progress_free(fv_progress *p);                          /* clears the live line; NULL is
                                                                 * fine */
/* done in [0,1], below 0 when unknown. Cheap when called often: drawn at most ten times a second
 * (live), after 1, 2, 4, 8 ... up to 60 seconds (plain). Cut to the terminal's width. */
void fv_progress_show(fv_progress *p, double done, const char *line);
/* A line that stays; the live line goes on below it. */
void fv_progress_say(fv_progress *p, const char *line);
void fv_progress_clear(fv_progress *p);                         /* takes the live line away until
                                                                 * the next show */
#endif
