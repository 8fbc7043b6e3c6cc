/* SPDX-License-Identifier: Apache-2.0 */
/* What fauve and the process that reads a film for it say to each other.
 *
 *	main					reader (serve.c)
 *	starts it with request >		opens the film, confines itself
 *		INFO, STREAM..., CHAPTER..., SIZE <
 *	memory for slots of that size, answer >
 *		FRAME with the number of its slot <	decodes ahead while slots are free
 *	the slot's number again, painted >
 *		PACKET of sound, titles, ... <		(the other pass)
 *		WARNING <
 *		END, or FAIL <
 *
 * A record is a head and `bytes` more. Main believes nothing of it: every number is checked. */
#ifndef FV_FILM_WIRE_H
#define FV_FILM_WIRE_H
#include "film/film.h"
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

enum { FV_FILM_SOCKET = 3, FV_FILM_FILE, FV_FILM_MEMORY };
enum { FV_FILM_MAGIC = 0x66766631, FV_FILM_SLOTS = 4, FV_FILM_STREAMS = 64 };
#define FV_FILM_PIXELS ((int64_t)36 << 20)      /* of a frame: 8K and a little */
#define FV_FILM_BYTES_MAX ((uint32_t)256 << 20) /* of a record */

typedef enum { FV_FILM_FRAMES, FV_FILM_PACKETS, FV_FILM_LOOK } fv_film_pass;

typedef struct {
	uint32_t magic;
	int32_t pass, threads, keep_private, count, sandbox;
	int64_t width, height, skip;            /* skip: frames that are there already */
	int64_t file_bytes;
	double from, to;
	char container[16];             /* FFmpeg's name of OUT's; "": pictures */
	char codec[32];                 /* that the frames are encoded with */
} fv_film_request;

typedef enum {
	FV_FILM_INFO = 1, FV_FILM_STREAM, FV_FILM_CHAPTER, FV_FILM_SIZE, FV_FILM_FRAME,
	FV_FILM_PACKET, FV_FILM_WARNING, FV_FILM_END, FV_FILM_FAIL,
} fv_film_kind;

typedef struct {
	uint32_t magic, kind, bytes;
	int32_t n;                      /* stream, slot, status */
	int64_t pts, dts, duration;     /* in the stream's time base */
	int64_t a, b;
} fv_film_record;

/* INFO: texts follow, each a name and a value, both ended by 0. pts: seconds * 1e6; a: frames,
 * about */
/* STREAM: this, extradata, texts. */
typedef struct {
	int32_t type, codec, format, profile, level, width, height, field_order, range, primaries,
	        transfer, matrix, location, channels, sample_rate, block_align, frame_size, padding,
	        trailing, preroll, disposition, coded_bits, raw_bits, cover;
	uint32_t tag, extradata, texts;
	uint64_t layout;
	int64_t bit_rate;
	AVRational shape, time, rate;
} fv_film_stream;

/* SIZE: this. */
typedef struct {
	int64_t width, height, frames;
	int32_t channels, bits, slots, known;   /* known: source is YUV, so its format counts */
	int32_t format, range, primaries, transfer, matrix, location;
	AVRational shape, time, rate;
} fv_film_size;

/* PACKET: side data (type, bytes, data)... behind `a` bytes of data; b: flags. */

/* The size that is asked for, of a film of w x h: asked_h 0: asked_w is the longer side. */
static inline void fv_film_size_asked(int64_t asked_w, int64_t asked_h, int64_t w, int64_t h,
                                      int64_t *to_w, int64_t *to_h)
{
	const double by = (double)asked_w / (double)fv_max(w, h) / 2;
	const bool longer = asked_w && !asked_h;
	*to_w = longer ? fv_max(2, 2 * (int64_t)((double)w * by + 0.5)) : asked_w ? asked_w : w;
	*to_h = longer ? fv_max(2, 2 * (int64_t)((double)h * by + 0.5)) : asked_w ? asked_h : h;
}

int fv_film_serve(void);                        /* serve.c: the process' exit code */
bool fv_wire_put(int fd, const void *data, size_t bytes);
#endif
