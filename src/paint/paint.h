/* SPDX-License-Identifier: Apache-2.0 */
/* A network bound to one picture size, for painting and for looking at its plan. */
#ifndef FV_PAINT_H
#define FV_PAINT_H
#include "device/program.h"
#include "model/model.h"

#define FV_PAINT_KEEP (96 << 20)        /* bytes of packed weights at most: all of a StrokeNet's, half of CycleGAN's painter's */

#define FV_PAINT_STROKES 0.034          /* width of the widest brush, in longer sides, where nothing is asked for */
#define FV_PAINT_LEARNT 640             /* pixels of the photographs' longer sides in training */

/* Its ports are the family's, by their names: what it is given and what it makes, 1,height,width,channels. */
typedef struct {
	fv_graph *graph;
	fv_program *program;
	int64_t height, width;          /* of the padded picture */
	fv_norm norm;
} fv_painting;
fv_status fv_paint_plan(fv_err *err, const fv_model *m, int64_t height, int64_t width, const fv_program_options *opt, fv_painting *out);
void fv_painting_free(fv_painting *p);

/* What a picture's own strokes are drawn by, beside the seed: seed ^ fv_paint_own(a) ^ fv_paint_own(b) paints
 * b with the strokes of a, as frames of a film want it. */
uint64_t fv_paint_own(const fv_pixels *p);

/* The least max_memory with which fv_paint() paints a picture of that size; opt: not NULL. */
fv_status fv_paint_least(fv_err *err, const fv_model *m, int64_t height, int64_t width, const fv_paint_options *opt, int64_t *bytes);

/* from: h,w,3; to: oh,ow,3; packed (resize.c). FV_E_MEMORY. */
fv_status fv_floats_resize(fv_err *err, fv_context *c, const float *from, int64_t h, int64_t w, float *to, int64_t oh, int64_t ow);

/* Relief (relief.c): how strongly neighbours differ: threads of paint, and strokes. raise: in place, so many times as strong, in a picture
 * `scale` times as large as the training's; of: what it is in one as large as that, y in [-1,1]. y: h,w,3; room: as large, twice as large
 * for `of`. FV_E_MEMORY. */
fv_status fv_relief_raise(fv_err *err, fv_context *c, float *y, int64_t h, int64_t w, double scale, const double gain[FV_RELIEF_BANDS], float *room);
fv_status fv_relief_of(fv_err *err, fv_context *c, const float *y, int64_t h, int64_t w, float *room, double relief[FV_RELIEF_BANDS]);

/* Value i of row y, 0 to 1, channels counted. */
static inline float fv_pixel(const fv_pixels *p, int64_t y, int64_t i)
{
	const char *row = (const char *)p->data + y * p->stride_bytes;
	return p->bits == 8 ? (float)((const uint8_t *)row)[i] * (1 / 255.0f)
	                    : (float)((const uint16_t *)row)[i] * (1 / 65535.0f);
}

/* The painting y, rows of w pixels in [-1,1], onto opt->base or the photograph, by opt->strength and
 * opt->mask (blend.c). out may be in or base. FV_E_MEMORY. */
fv_status fv_blend(fv_err *err, fv_context *c, const fv_pixels *in, const float *y, int64_t w,
                   const fv_paint_options *opt, fv_pixels *out);
/* Row y of a mask that is stretched over a picture of h rows of w pixels: shares, 0 to 1. */
void fv_mask_row(const fv_pixels *m, int64_t y, int64_t h, int64_t w, float *share);
/* plane, h rows of w shares, blurred about as by a Gaussian of sigma pixels. FV_E_MEMORY. */
fv_status fv_mask_feather(fv_err *err, fv_context *c, float *plane, int64_t h, int64_t w,
                          double sigma);

/* Whose colours a painting has (palette.c): the photograph's, 0, his as the network makes them, 0.5, or his paintings', 1.
 * First it looks at the photograph, then it turns the painting's colours, in place; both are h,w,3 in rows of `stride` pixels.
 * FV_E_ARGUMENT: above 0.5, and the model knows no palette; FV_E_MEMORY; FV_E_CANCELLED. */
typedef struct fv_palette fv_palette;
int64_t fv_palette_bytes(const fv_context *c, int64_t h, int64_t w);
fv_status fv_palette_new(fv_err *err, const fv_model *m, double palette, int64_t h, int64_t w, fv_palette **out);
fv_status fv_palette_look(fv_err *err, fv_palette *p, const float *x, int64_t stride);
fv_status fv_palette_turn(fv_err *err, fv_palette *p, float *y, int64_t stride);
void fv_palette_free(fv_palette *p);
#endif
