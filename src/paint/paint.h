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

/* Of a film's frames: one number, not 0, for all frames of a shot; strokes then lie where they lay in
 * the frame before. 0: each picture has its own, as fv_paint() has it. */
void fv_painter_shot(fv_painter *p, uint64_t shot);

/* The least max_memory with which fv_paint() paints a picture of that size; opt: not NULL. */
fv_status fv_paint_least(fv_err *err, const fv_model *m, int64_t height, int64_t width, const fv_paint_options *opt, int64_t *bytes);

/* from: h,w,3; to: oh,ow,3; packed (resize.c). FV_E_MEMORY. */
fv_status fv_floats_resize(fv_err *err, fv_context *c, const float *from, int64_t h, int64_t w, float *to, int64_t oh, int64_t ow);

/* Relief (relief.c): how strongly neighbours differ: threads of paint, and strokes. raise: in place, so many times as strong, in a picture
 * `scale` times as large as the training's; of: what it is in one as large as that, y in [-1,1]. y: h,w,3; room: as large, twice as large
 * for `of`. FV_E_MEMORY. */
fv_status fv_relief_raise(fv_err *err, fv_context *c, float *y, int64_t h, int64_t w, double scale, const double gain[FV_RELIEF_BANDS], float *room);
fv_status fv_relief_of(fv_err *err, fv_context *c, const float *y, int64_t h, int64_t w, float *room, double relief[FV_RELIEF_BANDS]);

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
