/* SPDX-License-Identifier: Apache-2.0 */
/* What a picture of a collection is, before anything is learnt from it: is it there twice, has it
 * bars, colour, detail? Everything is cheap beside decoding it. */
#ifndef FV_INSPECT_H
#define FV_INSPECT_H
#include "base/base.h"

#define FV_GREY_SIDE 32
enum { FV_TOP, FV_BOTTOM, FV_LEFT, FV_RIGHT, FV_BORDERS };

typedef struct {
	int64_t height, width;
	uint64_t pixels;                /* equal pictures have equal ones */
	/* Signs of the lowest 63 frequencies of a DCT of 32x32 greys against their median, as
	 * they are and mirrored: what is left when a picture is resized, brightened, saved anew */
	uint64_t hash, mirror;
	uint8_t grey[FV_GREY_SIDE * FV_GREY_SIDE];
	double lightness, a, b, chroma; /* CIELAB: means, and root mean square of a and b */
	double tint;                    /* deviation of a and b about their means: one hue is low */
	int64_t border[FV_BORDERS];     /* rows or columns of one colour at its edges */
	uint8_t colour[FV_BORDERS][3];  /* theirs */
	/* Variance within blocks of 2x2 pixels over that of 2x2 such blocks: .4 to 2, of pictures
	 * that were enlarged twice .2 to .26, softened by a Gaussian of 2 pixels .26 to .33 */
	double detail;
	double deviation;               /* of grey */
} fv_inspection;

/* p: RGB, 8 bits; room: fv_inspect_room bytes. Runs in any thread. */
size_t fv_inspect_room(int64_t height, int64_t width);
void fv_inspect(const fv_pixels *p, fv_inspection *out, void *room);

/* What follows from it. */
bool fv_inspect_blank(const fv_inspection *i);          /* of one colour throughout */
bool fv_inspect_grey(const fv_inspection *i);           /* grey, or of one faint tint */
bool fv_inspect_soft(const fv_inspection *i);           /* enlarged or blurred */
/* Which borders are bars: bits 1 << FV_TOP and so on. */
unsigned fv_inspect_bars(const fv_inspection *i);

typedef enum { FV_TWINS_NONE, FV_TWINS_EXACT, FV_TWINS_NEAR, FV_TWINS_MIRRORED } fv_twins;
fv_twins fv_inspect_twins(const fv_inspection *a, const fv_inspection *b);
#endif
