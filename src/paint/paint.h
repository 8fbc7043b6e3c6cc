/* SPDX-License-Identifier: Apache-2.0 */
/* A network bound to one picture size, for painting and for looking at its plan. */
#ifndef FV_PAINT_H
#define FV_PAINT_H
#include "device/program.h"
#include "model/model.h"
#include "stroke/stroke.h"

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

/* ---- the network on floats (paint.c) */
/* What it is given and what it makes, of a size that it takes. */
typedef struct {
	int64_t h, w;
	float *x, *z, *y;               /* h,w,3; h,w,FV_STROKE_MARKS or NULL; h,w,3; in [-1,1] */
	fv_norm norm;
	fv_key key;                     /* of dropout's draws */
} fv_network_run;
/* Fills y; x is changed. most: bytes beside these, 0: any. */
fv_status fv_painter_run(fv_err *err, fv_painter *painter, const fv_network_run *k, int64_t most);
/* From [-1,1] to what the port wants; and back, where what is not finite is FV_E_FORMAT. */
void fv_paint_to_range(const fv_port *p, float *x, int64_t n);
fv_status fv_paint_from_range(fv_err *err, const fv_port *p, float *y, int64_t h, int64_t w);
/* A painter's input of pixels. */
static inline const fv_port *fv_paint_image(const fv_model *m)
{
	return &m->family->in[fv_port_find(m->family->in, FV_PORT_IMAGE)];
}
/* What tells strokes apart, of a painter of strokes; else NULL. */
static inline const fv_port *fv_paint_marks(const fv_model *m)
{
	const int at = fv_port_find(m->family->in, FV_PORT_MARKS);
	return at < 0 ? NULL : &m->family->in[at];
}

/* ---- what a picture is painted on: a canvas whose size its brushes decide (canvas.c) */
/* How a picture will be painted, and what that takes. */
typedef struct {
	bool strokes, resized, turned;
	bool sharp;                     /* its dabs are drawn anew at the picture's size */
	double broad;                   /* brushes, times as wide as learnt */
	int64_t sh, sw;                 /* of the small copy that its flow is found on; 0: none */
	int64_t h, w;                   /* of the canvas */
	int64_t floats;                 /* of the canvas: x, y, marks, underpainting */
	int64_t bytes;                  /* from the beginning to the end */
	int64_t direct;                 /* beside them, until the network begins */
} fv_paint_work;
fv_paint_work fv_paint_work_of(const fv_model *m, int64_t h, int64_t w, const fv_paint_options *opt);

/* ---- steps, for who goes them part by part (tiles.c) */
const fv_model *fv_painter_model(const fv_painter *p);
fv_status fv_paint_options_of(fv_err *err, const fv_painter *painter, const fv_paint_options *opt,
                              fv_paint_options *whole);
/* A number of what the picture shows: a hash over a grid of FV_PAINT_LOOKS x FV_PAINT_LOOKS pixels.
 * Its strokes are drawn by that beside the seed: seed ^ fv_paint_fingerprint(a) ^
 * fv_paint_fingerprint(b) paints b with the strokes of a, as frames of a film want it. */
#define FV_PAINT_LOOKS 64
uint64_t fv_paint_fingerprint(const fv_pixels *p);
void fv_paint_load(const fv_pixels *p, float *x);       /* to floats in [-1,1], packed, no alpha */
fv_status fv_paint_graph(fv_err *err, const fv_model *m, int64_t height, int64_t width,
                         fv_norm norm, fv_painting *p);
fv_stroke_options fv_paint_strokes_of(const fv_model *m, const fv_paint_options *opt,
                                      const fv_paint_work *how, uint64_t picture);
/* given: an artist's flow, or NULL. x: h,w,3; v: h,w,2. */
fv_status fv_paint_flow(fv_err *err, fv_context *c, const fv_pixels *given,
                        const fv_stroke_options *o, const float *x, int64_t h, int64_t w, float *v);

/* x: the photograph made as large as the canvas; y: what is painted, or with `dabs` what that is
 * beside them. */
typedef struct {
	fv_paint_work how;
	fv_context *context;
	float *x, *y, *z, *under;
	float *seen;                    /* how.sh,how.sw: the photograph as small; NULL: not needed */
	fv_dabs *dabs;                  /* NULL: y is all */
} fv_canvas;
fv_status fv_canvas_new(fv_err *err, const fv_model *m, const fv_paint_work *how, fv_canvas *k);
void fv_canvas_free(fv_canvas *k);
/* Fills y. picture: a number of what the picture shows; most: bytes beside the canvas, 0: any. */
fv_status fv_canvas_paint(fv_err *err, fv_painter *painter, const fv_paint_options *opt,
                          uint64_t picture, int64_t most, fv_canvas *k);
/* Part of the painting at the picture's size, h,w. x: the photograph there, of `seen`, which has a
 * pixel more on each side. Without dabs it may be NULL. */
#define FV_ENLARGE_ROWS 64              /* of a whole picture at a time */
fv_status fv_canvas_enlarge(fv_err *err, const fv_canvas *k, int64_t h, int64_t w, const float *x,
                            const fv_area *seen, const fv_area *part, float *y);

/* from: h,w,3; to: oh,ow,3; packed (resize.c). FV_E_MEMORY. */
fv_status fv_floats_resize(fv_err *err, fv_context *c, const float *from, int64_t h, int64_t w, float *to, int64_t oh, int64_t ow);

/* `part` of that from `seen`, which holds fv_resize_reach() of it: the same bits. */
fv_status fv_floats_resize_part(fv_err *err, fv_context *c, const float *from, int64_t h, int64_t w,
                                const fv_area *seen, float *to, int64_t oh, int64_t ow,
                                const fv_area *part);
fv_area fv_resize_reach(int64_t h, int64_t w, int64_t oh, int64_t ow, const fv_area *part);
/* The whole from rows that pass by, in order, and are not kept: the same bits. `to` is borrowed. */
typedef struct fv_shrink fv_shrink;
fv_status fv_shrink_new(fv_err *err, fv_context *c, int64_t h, int64_t w, int64_t oh, int64_t ow,
                        float *to, fv_shrink **out);
void fv_shrink_rows(fv_shrink *s, const float *rows, int64_t count);
void fv_shrink_free(fv_shrink *s);

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

/* The first pixel of a part, and the size of the whole. */
typedef struct { int64_t y, x, h, w; } fv_place;
/* The painting y, rows of w pixels in [-1,1], onto opt->base or the photograph, by opt->strength and
 * opt->mask (blend.c). place: of in, base and out in the picture over which the mask is stretched;
 * NULL: they are the whole. out may be in or base. FV_E_MEMORY. */
fv_status fv_blend(fv_err *err, fv_context *c, const fv_pixels *in, const float *y, int64_t w,
                   const fv_paint_options *opt, const fv_place *place, fv_pixels *out);
/* n shares, 0 to 1, from a place on in one row of a picture over which a mask is stretched. */
void fv_mask_row(const fv_pixels *m, const fv_place *place, int64_t n, float *share);
/* plane, h rows of w shares, blurred about as by a Gaussian of sigma pixels. FV_E_MEMORY. */
fv_status fv_mask_feather(fv_err *err, fv_context *c, float *plane, int64_t h, int64_t w,
                          double sigma);

/* The same for a part, band by band: 0 is raised first, and what it made is what 1 begins with. The
 * band's grid holds y made as large as it (fv_floats_resize); false: it stays as it is. */
typedef struct { int64_t h, w; double gain; float *data; } fv_relief_layer;
bool fv_relief_grid(int64_t h, int64_t w, double scale, const double gain[FV_RELIEF_BANDS], int band,
                    fv_relief_layer *g);
/* y and room: of `part`. */
fv_status fv_relief_raise_part(fv_err *err, fv_context *c, float *y, int64_t h, int64_t w,
                               const fv_area *part, const fv_relief_layer *g, float *room);

/* Whose colours a painting has (palette.c): the photograph's, 0, his as the network makes them, 0.5, or his paintings', 1.
 * First it looks at the photograph, then it turns the painting's colours, in place; both are h,w,3 in rows of `stride` pixels.
 * FV_E_ARGUMENT: above 0.5, and the model knows no palette; FV_E_MEMORY; FV_E_CANCELLED. */
typedef struct fv_palette fv_palette;
int64_t fv_palette_bytes(const fv_context *c, int64_t h, int64_t w);
fv_status fv_palette_new(fv_err *err, const fv_model *m, double palette, int64_t h, int64_t w, fv_palette **out);
fv_status fv_palette_look(fv_err *err, fv_palette *p, const float *x, int64_t stride);
fv_status fv_palette_turn(fv_err *err, fv_palette *p, float *y, int64_t stride);
/* The same piece by piece: it looks at all rows in order, of the photograph or of the painting, then
 * solves, then turns any parts. */
fv_status fv_palette_rows(fv_err *err, fv_palette *p, bool painted, const float *x, int64_t stride,
                          int64_t first, int64_t count);
fv_status fv_palette_solve(fv_err *err, fv_palette *p);
fv_status fv_palette_spread(fv_err *err, fv_palette *p, float *y, int64_t stride,
                            const fv_area *part);
void fv_palette_free(fv_palette *p);
#endif
