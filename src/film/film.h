/* SPDX-License-Identifier: Apache-2.0 */
/* Films: a stranger's file to frames, painted frames to a file that plays (library fauve-film,
 * which alone is linked with FFmpeg's libraries). With some 150 libraries below them these take
 * half a second to load, so the program loads this one when it is handed a film (fv_film_api).
 *
 *	paint()	> starts the program anew with FV_FILM_WORD: serve(), confined, reads it
 *		> each frame goes to the caller's `paint`, is steadied, encoded
 *		> segments of frames beside OUT, then OUT whole, with all else that the film held
 *
 * It paints nothing itself and knows no model. */
#ifndef FV_FILM_H
#define FV_FILM_H
#include "base/base.h"

#define FV_FILM_WORD "read-film-for-fauve"
#define FV_FILM_MODULE "fauve-film.so"
#define FV_FILM_API "fv_film_api"       /* its one symbol */
enum { FV_FILM_VERSION = 2 };

typedef enum { FV_STEADY_OFF, FV_STEADY_FAST, FV_STEADY_FULL } fv_steady;

/* A frame to be painted. */
typedef struct {
	fv_pixels in, out;              /* of one size, channels, bits; out is to be written */
	uint64_t shot; /* a number of its shot, not 0; 0: frames are painted each by
	                * itself */
} fv_film_frame;

typedef struct {
	const char *in, *out;           /* out: with a `put`, a name that their folder goes by */
	const char *file;               /* where `in` is only what it is called; NULL: `in` is */
	/* Frames that the caller reads, `frames` of them, rate[0] / rate[1] a second; NULL: `in` is
	 * a film. p->data is good until the next call. From the calling thread. */
	fv_status (*frame)(fv_err *err, void *user, int64_t number, fv_pixels *p);
	int64_t frames;
	int rate[2];
	/* Takes a painted frame: OUT is pictures. From another thread. NULL: OUT is a film. */
	fv_status (*put)(fv_err *err, void *user, int64_t number, const fv_pixels *p);
	const char *codec, *preset;     /* in FFmpeg's words; preset NULL: the codec's own */
	double crf;
	int64_t width, height;          /* of the painted film, as displayed; 0: as it is. height
	                                 * 0: width is the longer side */
	double from, to;                /* seconds; NAN: all */
	fv_steady steady;
	bool keep_private;              /* metadata: docs/films.md */
	int sandbox;                    /* an fv_sandbox */
	const char *program;            /* that calls serve() when its only word is FV_FILM_WORD */
	const char *settings;           /* all that decides how a frame is painted: what was painted
	                                 * with other settings is not gone on with */
	/* From the calling thread. */
	fv_status (*paint)(fv_err *err, void *user, const fv_film_frame *f);
	void (*warn)(void *user, const char *text);
	/* All of a film is in the file fd, before it has its name; hash: of its bytes (hash.h).
	 * NULL: nobody is told. */
	void (*whole)(void *user, int fd, uint64_t hash);
	/* Frames that are done, of so many, or 0 if nobody knows; before: done by a run that was
	 * stopped. */
	void (*progress)(void *user, int64_t done, int64_t frames, int64_t before);
	void *user;
} fv_film_options;

typedef struct {
	int64_t width, height;          /* of the painted film */
	int64_t frames;                 /* about; when painted exactly */
	double seconds, rate;           /* rate: frames a second, about */
	const char *codec;
} fv_film_facts;

typedef struct {
	int version;                    /* FV_FILM_VERSION */
	/* The whole of it. FV_E_ARGUMENT, FV_E_READ, FV_E_FORMAT, FV_E_LIMIT, FV_E_WRITE,
	 * FV_E_MEMORY, FV_E_CANCELLED: what is done is kept for the next time. */
	fv_status (*paint)(fv_err *err, fv_context *c, const fv_film_options *o,
	                   fv_film_facts *facts);
	/* `count` frames, spread evenly over the film, unpainted: pixels with data of fv_alloc's,
	 * yours. As large as paint() would hand them out. *got: how many there were. */
	fv_status (*look)(fv_err *err, fv_context *c, const fv_film_options *o, int count,
	                  fv_pixels *frames, int *got, fv_film_facts *facts);
	int (*serve)(void);
	const char *(*library)(void);   /* "libavformat 59.27.100, libavcodec ..." */
	bool (*encodes)(const char *codec);
} fv_film_table;

/* Encoders that docs/films.md names. */
#define FV_FILM_ENCODERS "libx264", "libx265", "libvpx-vp9", "libsvtav1", "libaom-av1", "ffv1", \
	"prores_ks"
#define FV_FILM_ENDINGS ".mp4, .mov, .mkv or .webm"
#endif
