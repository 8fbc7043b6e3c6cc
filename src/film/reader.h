/* SPDX-License-Identifier: Apache-2.0 */
/* Main's side of the process that reads a film. What comes from there is foreign data. */
#ifndef FV_FILM_READER_H
#define FV_FILM_READER_H
#include "film/wire.h"

typedef struct {
	AVCodecParameters *codec;
	AVDictionary *texts;
	AVRational time, rate;
	int disposition;
	bool cover;
} fv_film_track;

typedef struct { int64_t start, duration; AVDictionary *texts; } fv_film_chapter;      /* 1e-6 s */

typedef struct {
	const fv_film_options *o;
	fv_context *c;
	pid_t pid;
	int socket, memory;
	double seconds;
	AVDictionary *texts;
	fv_film_track track[FV_FILM_STREAMS];
	int tracks;
	fv_film_chapter *chapter;
	int chapters;
	fv_film_size size;
	uint8_t *slots;
	size_t slot_bytes;
	fv_film_record next;            /* a head that has been read */
	bool waiting, over;
	/* of frames that the caller reads (given.c) */
	int64_t given, step;            /* the next one; how far on the one after it is */
	int64_t width, height;          /* as they are read */
	struct SwsContext *sws;
	void *scaled;
} fv_film_reader;

/* Until the film's size is known, or its packets begin. Closed by fv_reader_close, on failure too.
 */
fv_status fv_reader_open(fv_err *err, fv_context *c, const fv_film_options *o, fv_film_pass pass,
                         const char *container, const char *codec, int64_t skip, int count,
                         fv_film_reader *r);
typedef struct { fv_pixels pixels; int slot; int64_t pts, duration; } fv_reader_frame;
/* *got false: that was the last. */
fv_status fv_reader_frame_next(fv_err *err, fv_film_reader *r, fv_reader_frame *f, bool *got);
void fv_reader_frame_done(fv_film_reader *r, const fv_reader_frame *f);
/* p: unreferenced or blank; its stream_index is of `track`. */
fv_status fv_reader_packet_next(fv_err *err, fv_film_reader *r, AVPacket *p, bool *got);
void fv_reader_close(fv_film_reader *r);

/* The same where o->frame reads them: no process is started, and nothing else goes along. */
fv_status fv_given_open(fv_err *err, fv_film_reader *r, fv_film_pass pass, int64_t skip, int count);
fv_status fv_given_next(fv_err *err, fv_film_reader *r, fv_reader_frame *f, bool *got);
void fv_given_close(fv_film_reader *r);
#endif
