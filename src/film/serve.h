/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the process that reads a film: the file, what goes along, frames. */
#ifndef FV_FILM_SERVE_H
#define FV_FILM_SERVE_H
#include "film/wire.h"

typedef struct {
	fv_film_request q;
	AVFormatContext *f;
	const AVOutputFormat *container;        /* NULL: OUT is pictures */
	int video;                      /* the stream that is painted */
	int64_t origin;                 /* 1e-6 s: where the film begins, or --from */
	int map[FV_FILM_STREAMS];       /* stream of f > number that main knows; -1: left behind */
} fv_film_source;

/* serve.c: to main. What fails ends the process: nobody listens any more. */
void fv_serve_put(const fv_film_record *head, const void *data, const void *more,
                  size_t more_bytes);
void fv_serve_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fv_serve_fail(fv_status st, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *fv_serve_why(int averror);
extern int fv_serve_faults;             /* errors that FFmpeg told of */
extern char fv_serve_fault[200];        /* the first of them */

/* source.c */
void fv_source_open(fv_film_source *s);
void fv_source_tell(fv_film_source *s);         /* INFO, STREAMs, CHAPTERs */
void fv_source_packets(fv_film_source *s);      /* PACKETs */
void fv_source_seek(fv_film_source *s, double seconds);

/* torn.c: its end is not one that a muxer makes. */
bool fv_source_torn(const fv_film_source *s);

/* frames.c */
void fv_source_frames(fv_film_source *s);       /* SIZE, FRAMEs */
#endif
