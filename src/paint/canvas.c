/* SPDX-License-Identifier: Apache-2.0 */
/* The canvas: how large it is, so that strokes are as wide as asked for and the network's brushes
 * about as wide as learnt; what is on it, from the photograph to the painting; and the painting at
 * the picture's own size. */
#include "paint/paint.h"
#include <math.h>

/* Brushes are so many times as wide as learnt at least, or they turn to grain, and at most, or the
 * painter's own marks are too fine for them; else the picture is painted larger or smaller. */
#define LEAST_BROAD 0.8
#define MOST_BROAD 3.2
#define SHARPER 1.25                    /* a painting enlarged by more has its dabs drawn anew */
#define FLOW_WHOLE 2560                 /* the flow of a canvas with a longer side is found */
#define FLOW_SMALL 2048                 /* on a copy of so many pixels */
#define MOST_ENLARGED 4000000           /* pixels that a picture is enlarged to for that */

/* ------------------------------------------------------------------ strokes */
/* How many times as wide as learnt its brushes are; size: times as large as the picture it is. */
static double working_broad(const fv_model *m, int64_t h, int64_t w, double share, double *size)
{
	const double longer = (double)fv_max(w, h);
	const double broad = share * longer / m->family->strokes(m->config).brush[0];
	double wanted = fmin(fmax(broad, LEAST_BROAD), MOST_BROAD), pixels = (double)w * (double)h;
	*size = wanted / broad;
	if (*size > 1)
		*size = fmax(1, fmin(*size, sqrt(MOST_ENLARGED / pixels)));
	return broad * *size;
}

/* An artist's directions as floats, a grey picture where there are none. */
static fv_status drawn_flow(fv_err *err, fv_context *c, const fv_pixels *p, float **out)
{
	fv_status st = fv_pixels_check(err, p, "the flow's", FV_PIXELS_COLOUR);
	if (st)
		return st;
	if (!(*out = fv_alloc(c, (size_t)(3 * p->width * p->height) * sizeof(float))))
		return fv_fail_memory(err, "flow", (size_t)(3 * p->width * p->height) * sizeof(float));
	fv_paint_load(p, *out);
	return FV_OK;
}

/* Pixels of the canvas, or of what its flow is found on, for one of the training's size. What is in
 * a picture is as large as it is, however wide the strokes: the flow goes by its size alone. */
static double scale_of(int64_t h, int64_t w)
{
	return fmax(0.25, (double)fv_max(h, w) / FV_PAINT_LEARNT);
}

fv_stroke_options fv_paint_strokes_of(const fv_model *m, const fv_paint_options *opt,
                                      const fv_paint_work *how, uint64_t picture)
{
	fv_stroke_options o = m->family->strokes(m->config);
	o.scale = fmin(64, how->sh ? scale_of(how->sh, how->sw) : scale_of(how->h, how->w));
	o.broad = how->broad;
	o.detail = opt->detail;
	o.seed = opt->seed ^ picture;
	return o;
}

fv_status fv_paint_flow(fv_err *err, fv_context *c, const fv_pixels *given,
                        const fv_stroke_options *o, const float *x, int64_t h, int64_t w, float *v)
{
	float *drawn = NULL;
	if (!given)
		return fv_stroke_flow(err, c, x, h, w, o, v);
	fv_status st = drawn_flow(err, c, given, &drawn);
	if (!st)
		st = fv_stroke_given(err, c, drawn, given->height, given->width, x, h, w, o, v);
	fv_free(c, drawn);
	return st;
}

/* The flow of a canvas; of a large one it is found on a small copy. */
static fv_status flow_on(fv_err *err, fv_context *c, const fv_pixels *given,
                         const fv_stroke_options *o, const fv_canvas *k, float *v)
{
	const fv_area whole = { 0, 0, k->how.h, k->how.w };
	const size_t bytes = (size_t)(2 * k->how.sh * k->how.sw) * sizeof(float);
	if (!k->seen)
		return fv_paint_flow(err, c, given, o, k->x, whole.h, whole.w, v);
	float *small = fv_alloc(c, bytes);
	if (!small)
		return fv_fail_memory(err, "strokes", bytes);
	fv_status st = fv_paint_flow(err, c, given, o, k->seen, k->how.sh, k->how.sw, small);
	if (!st)
		st = fv_stroke_enlarge(err, c, small, k->how.sh, k->how.sw, whole.h, whole.w,
		                       &whole, v);
	fv_free(c, small);
	return st;
}

/* k->x, the photograph, becomes the underpainting; k->z its marks. */
static fv_status direct(fv_err *err, const fv_model *m, const fv_paint_options *opt,
                        uint64_t picture, fv_canvas *k)
{
	fv_context *c = m->context;
	const fv_stroke_options o = fv_paint_strokes_of(m, opt, &k->how, picture);
	const int64_t h = k->how.h, w = k->how.w;
	float *v = fv_alloc(c, (size_t)(2 * h * w) * sizeof *v);
	fv_status st = v ? flow_on(err, c, opt->flow, &o, k, v)
	                 : fv_fail_memory(err, "strokes", (size_t)(2 * h * w) * sizeof *v);
	/* y is free until the painting is in it. */
	if (!st)
		st = o.medium == FV_MEDIUM_PRINT
		             ? fv_stroke_print(err, c, k->x, v, h, w, &o, k->y, k->z)
		             : fv_stroke_dabs_kept(err, c, k->x, v, h, w, &o, k->y, k->z,
		                                   k->how.sharp ? &k->dabs : NULL);
	if (!st)
		memcpy(k->x, k->y, (size_t)(3 * h * w) * sizeof *k->x);
	fv_free(c, v);
	return st;
}

/* ------------------------------------------------------------------ how large it is */
fv_paint_work fv_paint_work_of(const fv_model *m, int64_t h, int64_t w, const fv_paint_options *opt)
{
	const fv_port *image = fv_paint_image(m);
	fv_paint_work k = { .strokes = fv_paint_marks(m), .broad = 1, .turned = opt->palette != 0.5f };
	double size = 1;
	k.h = fv_port_side(image, m->config, h);
	k.w = fv_port_side(image, m->config, w);
	if (k.strokes)
		k.broad = working_broad(m, h, w, opt->strokes > 0 ? opt->strokes : FV_PAINT_STROKES, &size);
	k.resized = size != 1;
	if (k.resized) {
		const int64_t multiple = fv_port_multiple(image, m->config);
		const double high = size * (double)h, wide = size * (double)w;
		k.h = (int64_t)(high / (double)multiple + 0.5) * multiple;
		k.w = (int64_t)(wide / (double)multiple + 0.5) * multiple;
		k.h = fv_port_side(image, m->config, k.h);
		k.w = fv_port_side(image, m->config, k.w);
	}
	k.floats = (6 + (k.strokes ? FV_STROKE_MARKS : 0)) * k.h * k.w;
	k.sharp = k.strokes && (double)k.h * SHARPER < (double)h &&
	          m->family->strokes(m->config).medium != FV_MEDIUM_PRINT;
	k.floats += k.sharp ? 3 * k.h * k.w : 0;
	if (k.strokes && fv_max(k.h, k.w) > FLOW_WHOLE) {
		const double by = fmin((double)fv_max(k.h, k.w) / FLOW_SMALL,
		                       (double)fv_min(k.h, k.w) / FV_STROKE_SIDE);
		k.sh = fv_max(FV_STROKE_SIDE, (int64_t)((double)k.h / by + 0.5));
		k.sw = fv_max(FV_STROKE_SIDE, (int64_t)((double)k.w / by + 0.5));
		k.floats += 3 * k.sh * k.sw;
	}
	k.bytes = (k.floats + (k.resized ? 3 * h * w : 0)) * (int64_t)sizeof(float) +
	          (k.turned ? fv_palette_bytes(m->context, h, w) : 0);
	if (k.strokes) {
		fv_stroke_options o = m->family->strokes(m->config);
		o.broad = k.broad;
		k.direct = 2 * k.h * k.w * (int64_t)sizeof(float) + fv_stroke_bytes(m->context, k.h, k.w, &o);
		if (opt->flow)
			k.direct += 3 * opt->flow->height * opt->flow->width * (int64_t)sizeof(float);
		if (k.sharp)
			k.bytes += fv_dabs_bytes(m->context, k.h, k.w, &o, w);
	}
	return k;
}

/* ------------------------------------------------------------------ what is on it */
fv_status fv_canvas_new(fv_err *err, const fv_model *m, const fv_paint_work *how, fv_canvas *k)
{
	const int64_t pixels = how->h * how->w;
	*k = (fv_canvas){ .how = *how, .context = m->context };
	if (!(k->x = fv_alloc(m->context, (size_t)how->floats * sizeof *k->x)))
		return fv_fail_memory(err, "picture", (size_t)how->floats * sizeof *k->x);
	k->y = k->x + 3 * pixels;
	k->z = how->strokes ? k->y + 3 * pixels : NULL;
	float *more = k->y + (3 + (how->strokes ? FV_STROKE_MARKS : 0)) * pixels;
	k->under = how->sharp ? more : NULL;
	k->seen = how->sh ? more + (how->sharp ? 3 * pixels : 0) : NULL;
	return FV_OK;
}

void fv_canvas_free(fv_canvas *k)
{
	if (!k->context)
		return;
	fv_dabs_free(k->dabs);
	fv_free(k->context, k->x);
	*k = (fv_canvas){ 0 };
}

fv_status fv_canvas_paint(fv_err *err, fv_painter *painter, const fv_paint_options *opt,
                          uint64_t picture, int64_t most, fv_canvas *k)
{
	const fv_model *m = fv_painter_model(painter);
	const double relief[] = { m->relief[0] * (double)opt->relief,
		                  m->relief[1] * (double)opt->relief };
	const uint64_t seed = opt->seed ^ picture;
	const int64_t values = 3 * k->how.h * k->how.w;
	const fv_network_run on = { .h = k->how.h, .w = k->how.w, .x = k->x, .y = k->y, .z = k->z,
	                    .norm = opt->norm,
	                    .key = { .seed = opt->norm == FV_NORM_PUBLISHED ? seed : 0 } };
	fv_status st = FV_OK;
	if (k->how.strokes)
		st = direct(err, m, opt, picture, k);
	if (!st && k->under)
		memcpy(k->under, k->x, (size_t)values * sizeof *k->x);
	if (!st && k->dabs)
		st = fv_dabs_own(err, k->dabs, k->x);
	if (!st)
		st = fv_painter_run(err, painter, &on, most);
	/* The underpainting is done with. */
	if (!st && m->family->relief)
		st = fv_relief_raise(err, m->context, k->y, on.h, on.w, scale_of(on.h, on.w), relief, k->x);
	for (int64_t i = 0; i < values && !st && k->under; i++)
		k->y[i] -= k->under[i];
	return st;
}

fv_status fv_canvas_enlarge(fv_err *err, const fv_canvas *k, int64_t h, int64_t w, const float *x,
                            const fv_area *seen, const fv_area *part, float *y)
{
	const fv_area whole = { 0, 0, k->how.h, k->how.w };
	return k->dabs ? fv_dabs_draw(err, k->dabs, h, w, x, seen, k->y, part, y)
	               : fv_floats_resize_part(err, k->context, k->y, whole.h, whole.w, &whole, y,
	                                       h, w, part);
}
