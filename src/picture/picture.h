/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures from files and to files, through libvips: orientation applied, colours in sRGB, what a
 * file says about itself kept. Core folders do not include this one. */
#ifndef FV_PICTURE_H
#define FV_PICTURE_H
#include "base/file.h"
#include <jansson.h>

typedef struct fv_picture fv_picture;

typedef struct {
	int64_t max_pixels;             /* 0: FV_PIXELS_MAX */
	bool keep_private;              /* all metadata stay, place and persons too:
	                                 * docs/security.md */
	bool facts;                     /* for fv_picture_about */
	int page;                       /* which of the file's frames or pages; 0: the first */
	int64_t max_memory;             /* bytes that decoding may take; 0: what is free */
	/* Asked when the size is known and before memory is taken for it: anything but FV_OK ends
	 * reading. decoding: bytes beside the pixels (a child's own among them). NULL: nobody is
	 * asked. */
	fv_status (*fits)(fv_err *err, void *user, const fv_pixels *size, int64_t decoding);
	bool (*cancelled)(void *user);  /* ends a long wait; NULL: none is ended. From the
	                                 * calling thread */
	void *user;
} fv_read_options;
#define FV_PIXELS_MAX ((int64_t)400 << 20)
/* in a file of any length: a picture of one colour takes a few bytes */
#define FV_PIXELS_FLAT ((int64_t)64 << 20)
#define FV_PICTURE_BYTES_MAX ((int64_t)2 << 30)

typedef struct {
	int quality;                    /* of JPEG and WebP, 1 to 100; 0: 92 */
	bool keep_time;                 /* of a file that is replaced */
	void (*aside)(const char *path);        /* told the name under which the file is written,
	                                         * and NULL when it has its own; may be NULL */
} fv_write_options;

/* Once before anything else; name is argv[0]. libvips is loaded when a picture wants it, and
 * whether that works is said then. */
fv_status fv_picture_begin(fv_err *err, const char *name);
void fv_picture_end(void);
/* Its version; NULL when it cannot be loaded. */
const char *fv_picture_library(void);
/* Where strangers' files are decoded. AUTO: JPEG and PNG that are nothing but a picture here
 * (bare.c), all else in a child process that can do nothing but decode; here too where there is no
 * such process. ALL: everything there, or not at all. OFF, the default: here. program: what the
 * child runs with FV_CHILD_WORD as its only argument, and calls fv_child_main; it must outlive
 * this. */
typedef enum { FV_SANDBOX_AUTO, FV_SANDBOX_ALL, FV_SANDBOX_OFF } fv_sandbox;
#define FV_CHILD_WORD "decode-for-fauve"
void fv_picture_sandbox(fv_sandbox mode, const char *program);
int fv_child_main(void);                                /* the process' exit code */
/* Starts the child: NULL, or why it cannot be had, or that it is not confined. */
const char *fv_sandbox_missing(void);
/* Limits on strangers' pictures (limits.c). Yours. */
json_t *fv_picture_limits(void);
/* Names of the formats that it reads, or of those that it lacks, of those that fauve lets in.
 * Yours. */
json_t *fv_picture_formats(bool here);

/* Reads a picture whole. 3 or 4 channels, 8 or 16 bits, upright, sRGB. warning: set when only a
 * part could be read, or a colour profile was ignored; else empty. FV_E_READ, FV_E_FORMAT,
 * FV_E_LIMIT. out: yours, fv_picture_free. */
fv_status fv_picture_read(fv_err *err, const char *path, const fv_read_options *opt,
                          fv_picture **out, fv_err *warning);
/* What its file is, by its first bytes: "JPEG", "PNG", "WebP", ... */
const char *fv_picture_format(const fv_picture *p);
/* How many frames or pages its file has, 1 at least; and are they frames of a film? */
int fv_picture_pages(const fv_picture *p);
bool fv_picture_moves(const fv_picture *p);
/* What is private in its file and not kept, in words: "place, camera"; false: nothing. And what
 * else a painting of that name will not have of it: "its IPTC left out, which a PNG does not hold".
 */
bool fv_picture_private(const fv_picture *p, char *text, size_t room);
bool fv_picture_loses(const fv_picture *p, const char *path, char *text, size_t room);
/* Its pixels; may be written. Borrowed. */
fv_pixels *fv_picture_pixels(fv_picture *p);
/* What its file says of itself: format, size, profile, EXIF; of a picture that was read with
 * `facts`. Yours; NULL when out of memory. */
json_t *fv_picture_about(const fv_picture *p);
/* What alpha hides is filled from its visible neighbours, so that no hidden colour bleeds into the
 * painting. */
void fv_picture_fill_hidden(fv_picture *p);
/* Writes pixels with the metadata and profile of the picture; format by path's ending: jpg, png,
 * webp, tif. The file is seen whole or not at all. FV_E_ARGUMENT (unknown ending), FV_E_WRITE. */
fv_status fv_picture_write(fv_err *err, fv_context *c, const fv_picture *p, const char *path,
                           const fv_write_options *opt);
void fv_picture_free(fv_picture *p);
/* Has a file of that name room for so many pixels a side? FV_E_WRITE. */
fv_status fv_picture_side_check(fv_err *err, const char *path, int64_t width, int64_t height);
/* Bytes that writing takes beside the pixels, about. */
int64_t fv_picture_write_bytes(const char *path, const fv_pixels *p);

/* Writes bare pixels: sheets, grids. */
fv_status fv_pixels_write(fv_err *err, fv_context *c, const fv_pixels *p, const char *path,
                          const fv_write_options *opt);

/* A film of frames of one size and 8 bits, so many milliseconds each: GIF or WebP by the ending. */
fv_status fv_frames_write(fv_err *err, fv_context *c, const fv_pixels *frame, int count,
                          int milliseconds, const char *path);
bool fv_frames_ending(const char *path);
/* Frames or pages that were read of one file as one file: a film as GIF, WebP or PNG, with the pace
 * of the first, pages as TIFF; both as TIFF, where a film loses its pace. The first's metadata, of
 * TIFF each its own. fv_pages_kept: does a file of that name hold those of that picture? */
fv_status fv_pages_write(fv_err *err, fv_context *c, fv_picture *const *page, int count,
			 const char *path, const fv_write_options *opt);
bool fv_pages_kept(const fv_picture *p, const char *path);

/* For training and measuring: RGB, 8 bits, longest side at most `longest` (0: any), what alpha
 * hides filled. warning: as fv_picture_read's. data is yours: free(). Any thread. */
fv_status fv_picture_shrink(fv_err *err, const char *path, int64_t longest, fv_pixels *out,
			    fv_err *warning);

/* A grid of pictures with white gaps, written as one; columns a row. */
fv_status fv_sheet_write(fv_err *err, fv_context *c, const char *path, const fv_pixels *pictures,
                         int count, int columns);
#endif
