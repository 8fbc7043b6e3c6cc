/* SPDX-License-Identifier: Apache-2.0 */
#include "train/style_relief.h"
#include "paint/paint.h"
#include <math.h>

#define PHOTOS 24
#define ART 96                          /* they differ more from each other, and are looked at but once */

struct fv_style_relief {
	fv_context *context;
	const fv_style_config *config;
	int side;
	int64_t pixels;
	uint8_t *photo;                 /* PHOTOS of side,side,3 */
	float *x, *room;                /* side,side,3; two of these */
	double art[FV_RELIEF_BANDS];    /* mean relief of the paintings */
};

fv_status fv_style_relief_new(fv_err *err, fv_context *c, const fv_style_config *config, int side,
                              fv_feed *photos, fv_feed *art, fv_style_relief **out)
{
	const int64_t pixels = (int64_t)side * side, n = 3 * pixels;
	const size_t bytes = sizeof **out + (size_t)n * (3 * sizeof(float) + PHOTOS);
	fv_style_relief *s = fv_alloc(c, bytes);
	fv_status st = FV_OK;
	if (!s)
		return fv_fail_memory(err, "relief", bytes);
	*s = (fv_style_relief){ .context = c, .config = config, .side = side, .pixels = pixels };
	s->x = (float *)(s + 1);
	s->room = s->x + n;
	s->photo = (uint8_t *)(s->room + 2 * n);
	for (int i = 0; i < PHOTOS; i++) {
		fv_feed_take(photos, i, s->x);
		for (int64_t k = 0; k < n; k++)
			s->photo[i * n + k] = (uint8_t)((s->x[k] + 1) * 127.5f + 0.5f);
	}
	for (int i = 0; i < ART && !st; i++) {
		double r[FV_RELIEF_BANDS];
		fv_feed_take(art, i, s->x);
		st = fv_relief_of(err, c, s->x, side, side, s->room, r);
		for (int k = 0; k < FV_RELIEF_BANDS && !st; k++)
			s->art[k] += r[k] / ART;
	}
	if (st)
		fv_style_relief_free(s);
	else
		*out = s;
	return st;
}

void fv_style_relief_free(fv_style_relief *s)
{
	if (s)
		fv_free(s->context, s);
}

/* s->x, a photograph, becomes its painting. y, z: room for the underpainting and its marks. */
static fv_status paint(fv_err *err, fv_style_relief *s, fv_program *p, float *y, float *z,
                       uint64_t number)
{
	fv_stroke_options o = fv_strokenet_strokes(&s->config->net);
	o.broad = FV_PAINT_STROKES * FV_PAINT_LEARNT / o.brush[0];
	o.detail = ((fv_paint_options)FV_PAINT_DEFAULTS).detail;
	o.seed = number;
	fv_status st = fv_stroke_prepare(err, s->context, s->x, s->side, s->side, &o, NULL, s->room,
	                                 y, z);
	fv_program_put(p, "picture", y);
	fv_program_put(p, "marks", z);
	if (!st)
		st = fv_program_run(err, p, (fv_key){ 1, 0, 0 });
	return st ? st : fv_program_get(err, p, "painting", s->x);
}

fv_status fv_style_relief_now(fv_err *err, fv_style_relief *s, fv_store *store,
                              double relief[FV_RELIEF_BANDS])
{
	const int64_t n = 3 * s->pixels;
	double own[FV_RELIEF_BANDS] = { 0 }, r[FV_RELIEF_BANDS];
	fv_graph *g = NULL;
	fv_program *p = NULL;
	const size_t bytes = (size_t)(s->pixels * (3 + FV_STROKE_MARKS)) * sizeof(float);
	float *under = fv_alloc(s->context, bytes);
	fv_status st = under ? fv_graph_new(err, s->context, &g) : fv_fail_memory(err, "relief", bytes);
	if (st) {
		fv_free(s->context, under);
		return st;
	}
	fv_scope scope = { .g = g, .store = store, .prefix = "E." };
	fv_node *x = fv_input(g, "picture", FV_F32, fv_nhwc(1, s->side, s->side, 3));
	fv_node *z = fv_input(g, "marks", FV_F32, fv_nhwc(1, s->side, s->side, FV_STROKE_MARKS));
	fv_node *y = fv_strokenet_build(&scope, &s->config->net, x, z);
	fv_output(g, y, "painting");
	st = fv_program_new(err, s->context, g, NULL, &p);
	for (int i = 0; i < PHOTOS && !st; i++) {
		for (int64_t k = 0; k < n; k++)
			s->x[k] = (float)s->photo[i * n + k] * (1 / 127.5f) - 1;
		if ((st = paint(err, s, p, under, under + n, (uint64_t)i)) ||
		    (st = fv_relief_of(err, s->context, s->x, s->side, s->side, s->room, r)))
			break;
		for (int k = 0; k < FV_RELIEF_BANDS; k++)
			own[k] += r[k] / PHOTOS;
	}
	fv_program_free(p);
	fv_graph_free(g);
	fv_free(s->context, under);
	/* A painter of the first steps may have none, or numbers that are none. */
	for (int k = 0; k < FV_RELIEF_BANDS; k++)
		relief[k] = own[k] > 0 && s->art[k] > own[k] ? fmin(s->art[k] / own[k], FV_RELIEF_TRAINED)
		                                             : 1;
	return st;
}
