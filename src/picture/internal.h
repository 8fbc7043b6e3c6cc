/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_PICTURE_INTERNAL_H
#define FV_PICTURE_INTERNAL_H
#include "picture/picture.h"
#include "picture/bytes.h"
#include "picture/vips.h"

typedef enum { FV_JPEG, FV_PNG, FV_WEBP, FV_TIFF, FV_GIF, FV_HEIF, FV_FORMAT_UNKNOWN } fv_format;

struct fv_picture {
	fv_pixels pixels;               /* data: free(), which GLib's memory is too */
	VipsImage *facts;               /* one pixel with the file's fields, for people to read
	                                 * (about.c); NULL when nobody asked */
	/* What the file carried and the painting may: already without what is private, ready to be
	 * written. */
	fv_bytes profile, exif, xmp, iptc;
	bool into_profile;              /* pixels go back into the profile; else they are right
	                                 * as they are */
	size_t mapped;                  /* bytes of pixels.data when a child process made them:
	                                 * munmap(), not free() */
	char *about;                    /* fv_picture_about's JSON from there; free(). NULL: of
	                                 * `facts` */
	const char *format;             /* as people call it: "JPEG" */
	double resolution[2];           /* pixels a millimetre, across and down */
};

/* A file on its way to pixels, in this process or in a child. */
typedef struct fv_source fv_source;
struct fv_source {
	const char *path;               /* as messages name it */
	bool standard_input;            /* it is no path */
	int fd;                         /* a regular file, open */
	size_t bytes;                   /* its size */
	const uint8_t *data;            /* its bytes, when they are here */
	fv_format format;
	const char *format_name;
	int64_t max_pixels, flat_pixels;        /* limits.c */
	int64_t memory;                 /* bytes that decoding may take */
	int64_t longest;                /* longest side that is wanted; 0: all pixels */
	bool all;                       /* metadata that is private too */
	bool facts;                     /* what the file says of itself is asked for */
	bool bare_tried;                /* bare.c has declined */
	bool admitted;                  /* fits() was asked */
	/* As in fv_read_options. */
	fv_status (*fits)(fv_err *err, void *user, const fv_pixels *size, int64_t decoding);
	bool (*cancelled)(void *user);
	void *user;
	/* Room for p->pixels, whose size is known: p->pixels.data, and p->mapped where it is
	 * mapped. */
	fv_status (*place)(fv_err *err, fv_source *s, fv_picture *p);
};

/* open.c: room in this process. */
fv_status fv_source_place(fv_err *err, fv_source *s, fv_picture *p);
bool fv_source_cancelled(const fv_source *s);
/* read.c: pixels and all that belongs to them from s->data; p is all zero, and to be forgotten on
 * failure. warning: as fv_picture_read's. */
fv_status fv_decode(fv_err *err, fv_source *s, fv_picture *p, fv_err *warning);
/* To RGB of 8 bits, the longer side s->longest at most, pixels for free(). In this process: libvips
 * makes machine code for it. */
fv_status fv_picture_reduce(fv_err *err, fv_source *s, fv_picture *p);
void fv_picture_forget(fv_picture *p);
/* child.c: the same in a process that can do nothing else; *ran: it could be had, and err or p is
 * what came of it. */
fv_status fv_child_decode(fv_err *err, fv_source *s, fv_picture *p, fv_err *warning, bool *ran);

bool fv_sandbox_all(void);
void fv_child_end(void);

/* limits.c: refuses what says more pixels than its limit, or than its bytes can stand for. */
fv_status fv_limits_check(fv_err *err, const fv_source *s, int64_t width, int64_t height);
/* Bytes that a format's decoder takes for a pixel, beside the pixels that come out. */
int64_t fv_limits_decoder(fv_format f);

/* library.c: loads libvips unless it is; before any call of it. err may be NULL. */
fv_status fv_vips_ready(fv_err *err);
/* read.c: what decoders say. */
void fv_vips_hear(const char *domain, GLogLevelFlags level, const char *text, void *user);

/* format.c: what the first bytes are; *name is of the format, or of what else it looks like, or
 * NULL. */
fv_format fv_format_of_bytes(const uint8_t *data, size_t bytes, const char **name);
fv_format fv_format_of_ending(const char *path);
/* The header, pixels come when asked for; shrink is 1, or 2, 4, 8 for JPEG. NULL: vips' error. */
void fv_format_prepare(fv_format f);    /* what opening it would fetch */
VipsImage *fv_format_open(fv_format f, const void *data, size_t bytes, VipsFailOn fail, int shrink);

/* whole.c: NULL when a JPEG's or PNG's bytes end as they should, or for another format; else what
 * is wrong. */
const char *fv_not_whole(fv_format f, const uint8_t *data, size_t bytes);
/* peek.c: channels, width and height by a WebP's first bytes. */
#define FV_WEBP_HEAD 30
int fv_webp_size(const uint8_t head[FV_WEBP_HEAD], int64_t *width, int64_t *height);
/* Bytes that a decoder may be shown: of a PNG those before a chunk without pixels that claims more
 * than there are; memory for it would be taken before its end is missed. */
size_t fv_believed(fv_format f, const uint8_t *data, size_t bytes);
/* The exponent that a PNG's gAMA asks for, 1 when it asks for none or a profile says more. */
double fv_png_exponent(const uint8_t *data, size_t bytes);

/* colour.c: any colours to sRGB of 8 or 16 bits; `im` is given up, NULL is passed on. Fills
 * p->profile. */
VipsImage *fv_colour_in(VipsImage *im, fv_picture *p, double exponent, fv_err *warning,
                        const char *path);
/* Back into p's profile; `im` is given up; as it was when that does not work. */
VipsImage *fv_colour_out(VipsImage *im, const fv_picture *p);
/* Steps give a new image and give up the old one; failed: NULL. */
VipsImage *fv_next(VipsImage *old, VipsImage *new, int failed);

/* of deflate: with rows less the row above 15 % smaller than level 4 without, and as soon */
#define FV_PNG_LEVEL 3
/* bare.c: a picture and nothing else, without libvips; p, all zero, is filled. false: libvips has
 * to. */
bool fv_bare_read(fv_source *s, fv_picture *p);
/* false: libvips has to, or c was cancelled. c may be NULL. */
bool fv_bare_write(fv_format f, const fv_context *c, const fv_picture *p, int quality,
                   fv_bytes *out);

/* What may travel with a painting of what a file says of itself: by lists of what is kept, `all`:
 * nearly everything (docs/security.md). Empty when nothing is left or it is damaged.
 *
 * exif.c: a copy of EXIF (with or without "Exif\0\0", or a whole TIFF) without thumbnail and
 * orientation. It is never larger than what came in and some 100 bytes. */
void fv_exif_keep(const uint8_t *data, size_t bytes, bool all, int64_t width, int64_t height,
                  fv_bytes *out);
/* A TIFF with the picture's EXIF, XMP and IPTC, as fv_embed gives it: its directory anew behind all
 * of it. */
void fv_exif_into_tiff(const uint8_t *encoded, size_t bytes, const fv_picture *p, fv_bytes *head,
                       size_t *skip, fv_bytes *tail);
void fv_xmp_keep(const uint8_t *data, size_t bytes, bool all, fv_bytes *out);           /* xmp.c */
/* packets.c: a Photoshop block or bare */
void fv_iptc_keep(const uint8_t *data, size_t bytes, bool all, fv_bytes *out);
void fv_profile_keep(fv_bytes *profile);        /* profile.c: an ICC profile without its free
                                                 * texts, in place */

/* write.c: pixels a millimetre that every format can say; 72 an inch when the file says nothing, or
 * nonsense. */
void fv_resolution(const fv_picture *p, double resolution[2]);

/* embed.c: what is too large for the format and so left out, or NULL. */
const char *fv_embed_leaves(fv_format f, const fv_picture *p);
/* The file is head, then the encoded bytes from *skip on, then tail. */
void fv_embed(fv_format f, const uint8_t *encoded, size_t bytes, const fv_picture *p,
              fv_bytes *head, size_t *skip, fv_bytes *tail);
#endif
