/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_PICTURE_INTERNAL_H
#define FV_PICTURE_INTERNAL_H
#include "picture/picture.h"
#include "base/kinds.h"
#include "picture/bytes.h"
#include "picture/vips.h"

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
	int spool;                      /* a file that holds the pixels, plus 1; 0: none does */
	char *about;                    /* fv_picture_about's JSON from there; free(). NULL: of
	                                 * `facts` */
	fv_bytes texts;                 /* a PNG's, as they may travel: word, 0, text, 0, ... */
	unsigned left;                  /* what the painting will not have (left.c) */
	const char *format;             /* as people call it: "JPEG" */
	int pages;                      /* in the file: frames, or pages */
	bool pages_read;                /* others than the first can be read */
	int loop;                       /* times that a film is shown; 0: for ever */
	fv_bytes delays;                /* of each frame, milliseconds, int32; empty: they are
	                                 * pages */
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
	int page;                       /* which of the file's frames or pages */
	bool all;                       /* metadata that is private too */
	bool facts;                     /* what the file says of itself is asked for */
	bool bare_tried;                /* bare.c has declined */
	bool admitted;                  /* fits() was asked */
	fv_err refusal;                 /* what it said no with to bare.c, which wants least */
	int spool;                      /* the file that pixels go into, plus 1; 0: memory */
	bool believed;                  /* whoever asks named a limit on pixels */
	/* rows..: decoded, and not looked at again. */
	void (*passed)(fv_source *s, fv_picture *p, int64_t rows);
	/* As in fv_read_options. */
	fv_status (*fits)(fv_err *err, void *user, const fv_pixels *size, int64_t decoding);
	bool (*cancelled)(void *user);
	void (*progress)(void *user, double done);
	void *user;
	/* Room for p->pixels, whose size is known: p->pixels.data, and p->mapped where it is
	 * mapped. */
	fv_status (*place)(fv_err *err, fv_source *s, fv_picture *p);
};

/* open.c: room in this process. */
fv_status fv_source_place(fv_err *err, fv_source *s, fv_picture *p);
/* From path, sizes and limits that are set. out: yours. */
fv_status fv_source_read(fv_err *err, fv_source *s, fv_picture **out, fv_err *warning);
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

/* spool.c: what of a mapped file was looked at is given back: it stays in the file. */
void fv_drop_pages(const void *data, size_t bytes);
/* hidden.c: is anything of the row visible? Fills what is not, `above`: from the row above it where
 * nothing is. */
bool fv_row_seen(const fv_pixels *p, int64_t y);
void fv_fill_row(const fv_pixels *p, int64_t y, bool above);
/* write.c: an image on the pixels, in the colours that the file will have. */
VipsImage *fv_picture_dress(const fv_picture *p, fv_format f);

bool fv_sandbox_all(void);
void fv_child_end(void);

/* limits.c: refuses what says more pixels than its limit, or than its bytes can stand for. */
fv_status fv_limits_check(fv_err *err, const fv_source *s, int64_t width, int64_t height);
int64_t fv_format_side(fv_format f);    /* pixels of a side that a file may have */
/* Bytes that a format's decoder takes for a pixel, beside the pixels that come out. */
int64_t fv_limits_decoder(fv_format f);

/* library.c: loads libvips unless it is; before any call of it. err may be NULL. */
fv_status fv_vips_ready(fv_err *err);
/* read.c: what decoders say. */
void fv_vips_hear(const char *domain, GLogLevelFlags level, const char *text, void *user);

/* format.c: the header, pixels come when asked for; shrink is 1, or 2, 4, 8 for JPEG. NULL: vips' error. */
void fv_format_prepare(fv_format f);    /* what opening it would fetch */
VipsImage *fv_format_open(fv_format f, const void *data, size_t bytes, VipsFailOn fail, int shrink,
                          int page);

/* tiff.c: what its colours want done that libvips does not do. Others have nothing of it. FV_E_FORMAT
 * where they would come out wrong. */
typedef struct {
	enum { FV_TIFF_PLAIN, FV_TIFF_INVERTED, FV_TIFF_YCBCR } what;
	bool real;                      /* numbers from 0 to 1 */
	double matrix[9], add[3];
} fv_tiff_colours;
/* The first directory of a BigTIFF as a TIFF, for exif.c; of another nothing. */
void fv_tiff_tags(const fv_source *s, fv_bytes *out);
int fv_tiff_pages(const fv_source *s);
int fv_tiff_number(const fv_source *s, int page);       /* of a page, among all directories */
fv_status fv_tiff_look(fv_err *err, const fv_source *s, fv_tiff_colours *out);
VipsImage *fv_tiff_convert(VipsImage *im, const fv_tiff_colours *c);    /* `im` is given up */

/* whole.c: does the JPEG hold inks of which nothing says whether they stand for light? */
bool fv_jpeg_inks_unknown(const uint8_t *data, size_t bytes);
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
/* The file of a picture or of several, as their options say (write.c): opened, NULL for standard
 * output; and closed, whole where st is FV_OK. made: the hash of what it holds; NULL: of what was
 * put into it. Of options aside, keep_time, whole. */
fv_status fv_write_begin(fv_err *err, fv_context *c, const char *path, const fv_write_options *o,
                         fv_writer **w);
fv_status fv_write_end(fv_err *err, fv_writer *w, const fv_write_options *o, const uint64_t *made,
                       fv_status st);
/* Steps give a new image and give up the old one; failed: NULL. `new` points to what the step fills
 * in: its value as an argument may be read before the step is called. It is NULL afterwards. */
VipsImage *fv_next(VipsImage *old, VipsImage **new, int failed);

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

/* write.c: one picture as a file in memory, with its metadata. Adds to out. */
fv_status fv_picture_encode(fv_err *err, fv_context *c, const fv_picture *p, fv_format f,
                            int quality, const char *path, fv_bytes *out);
/* write.c: an image on the pixels, in the colours that the file will have; NULL: vips' error. */
VipsImage *fv_picture_dress(const fv_picture *p, fv_format f);
/* open.c: RGB of 8 or 16 bits gets an alpha that hides nothing. False: no memory. */
bool fv_picture_add_alpha(fv_picture *p);
/* frames.c: a film's file as GIF or WebP. */
fv_status fv_film_encode(fv_err *err, fv_context *c, fv_picture *const *frame, int count, int quality,
                         const char *path, fv_bytes *out);

/* left.c: what is left out, as bits: of what is private and not kept, and of what stands beside the
 * picture. fv_exif_private is exif.c's, fv_iptc_private packets.c's. */
enum { FV_LEFT_PLACE = 1, FV_LEFT_PERSONS = 2, FV_LEFT_CAMERA = 4, FV_LEFT_TEXTS = 8,
       FV_LEFT_MAKER = 16, FV_LEFT_OTHERS = 32, FV_LEFT_PICTURES = 64, FV_LEFT_FILM = 128,
       FV_LEFT_COMMENT = 256 };
unsigned fv_exif_private(const uint8_t *data, size_t bytes);
unsigned fv_xmp_private(const uint8_t *data, size_t bytes);
unsigned fv_jpeg_beside(const uint8_t *data, size_t bytes);
/* texts.c: a PNG's texts. */
void fv_texts_keep(const uint8_t *png, size_t bytes, bool all, fv_bytes *out, unsigned *left);
bool fv_texts_sound(const fv_bytes *texts);      /* of a process that may lie */
void fv_texts_into_png(const fv_bytes *texts, fv_bytes *to);
/* exif.c: EXIF with what the texts say and it does not. */
uint16_t fv_exif_tag_of(const char *word);
void fv_exif_with_texts(const fv_bytes *exif, const fv_bytes *texts, fv_bytes *out);

/* write.c: pixels a millimetre that every format can say; 72 an inch when the file says nothing, or
 * nonsense. */
void fv_resolution(const fv_picture *p, double resolution[2]);

/* embed.c: a PNG's chunk. */
void fv_png_chunk(fv_bytes *to, const char *type, const uint8_t *data, size_t bytes);
/* apng.c: a film's frames and pace; frame s->page as a PNG, added to out, and the bytes that making
 * it takes. */
void fv_apng_look(const fv_source *s, fv_picture *p);
fv_status fv_apng_page(fv_err *err, const fv_source *s, fv_bytes *out);
int64_t fv_apng_bytes(int64_t area);

/* embed.c: what is too large for the format and so left out, or NULL. */
const char *fv_embed_leaves(fv_format f, const fv_picture *p);
/* The file is head, then the encoded bytes from *skip on, then tail. */
void fv_embed(fv_format f, const uint8_t *encoded, size_t bytes, const fv_picture *p,
              fv_bytes *head, size_t *skip, fv_bytes *tail);
#endif
