/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: several styles in one painting. MODEL lies at the bottom; styles of --mix share its
 * place by their weights; each --style NAME:MASK lies above what is before it, as in a program for
 * pictures; --mask limits all of them. What comes out is a share of every style at every place,
 * and the painting is the sum of what the styles change, each by its share (paint/blend.c). */
#include "cli/apply.h"
#include "cli/find.h"
#include <stdlib.h>
#include <string.h>

#define MOST_LAYERS 16
#define MOST_PIXELS 16e6                /* of a mask at work; larger ones are made smaller */

/* ---- models */
static fv_status add(fv_err *err, fv_context *c, const char *name, size_t length, fv_layers *l)
{
	char path[FV_PATH_MAX];
	fv_layer *new = &l->item[l->count];
	if (l->count == MOST_LAYERS)
		return fv_fail(err, FV_E_ARGUMENT, "%d styles in one painting are the most",
		               MOST_LAYERS);
	if (length >= sizeof new->name)
		return fv_fail(err, FV_E_ARGUMENT, "%.40s...: too long for a style's name", name);
	memcpy(new->name, name, length);        /* ended by calloc's zero */
	l->count++;
	new->share = 1;
	fv_status st = fv_style_find(err, new->name, path, sizeof path);
	if (!st)
		st = fv_model_open(err, c, path, &new->model);
	return st ? st : fv_painter_new(err, new->model, &new->painter);
}

/* "vangogh=0.7,monet=0.3": weights beside MODEL's, which has what is left, or is named itself. */
static fv_status mix(fv_err *err, fv_context *c, const char *text, fv_layers *l)
{
	double sum = 0;
	bool named = false;
	for (const char *at = text; *at;) {
		const size_t length = strcspn(at, ",");
		const char *equal = memchr(at, '=', length);
		char *end;
		const double share = equal ? strtod(equal + 1, &end) : NAN;
		if (!equal || equal == at || end != at + length || !(share >= 0 && share <= 1))
			return fv_fail(err, FV_E_ARGUMENT,
			               "--mix: '%.*s' is no style with its share; write such as "
			               "monet=0.3", (int)length, at);
		const size_t name = (size_t)(equal - at);
		sum += share;
		if (strlen(l->item[0].name) == name && !memcmp(l->item[0].name, at, name)) {
			l->item[0].share = share;
			named = true;
		} else {
			fv_status st = add(err, c, at, name, l);
			if (st)
				return st;
			l->item[l->count - 1].share = share;
		}
		at += length + (at[length] == ',');
	}
	if (sum > 1 + 1e-6 || (named && sum < 1 - 1e-6))
		return fv_fail(err, FV_E_ARGUMENT,
		               "--mix: the shares add up to %g; together they are %s", sum,
		               named ? "1" : "1 at most, and MODEL has the rest");
	if (!named)
		l->item[0].share = fmax(0, 1 - sum);
	return FV_OK;
}

/* ---- masks */
/* "2%" of the longer side, or pixels of the mask. */
static fv_status read_feather(fv_err *err, const char *text, const fv_pixels *m, double *sigma)
{
	char *end;
	const double v = strtod(text, &end), longer = (double)fv_max(m->width, m->height);
	*sigma = strcmp(end, "%") ? v : v / 100 * longer;
	if (end == text || (*end && strcmp(end, "%")) || !(*sigma >= 0 && *sigma <= longer))
		return fv_fail(err, FV_E_ARGUMENT, "--feather: '%s' is no width; write a share of the "
		               "longer side such as 1%%, or pixels of the mask such as 20", text);
	return FV_OK;
}

/* A mask's shares with soft edges. plane: free(). */
static fv_status read_mask(fv_err *err, fv_context *c, const char *path, const char *feather,
                           float **plane, int64_t *h, int64_t *w)
{
	fv_picture *p = NULL;
	fv_err warning;
	double sigma = 0;
	const fv_read_options stoppable = { .cancelled = fv_apply_stopped };
	fv_status st = fv_picture_read(err, path, &stoppable, &p, &warning);
	if (st)
		return st;
	const fv_pixels *m = fv_picture_pixels(p);
	const double smaller = fmin(1, sqrt(MOST_PIXELS / ((double)m->width * (double)m->height)));
	*h = (int64_t)fmax(1, smaller * (double)m->height);
	*w = (int64_t)fmax(1, smaller * (double)m->width);
	*plane = malloc((size_t)(*h * *w) * sizeof **plane);
	if (!*plane)
		st = fv_fail_memory(err, path, (size_t)(*h * *w) * sizeof **plane);
	if (!st)
		st = read_feather(err, feather, m, &sigma);
	for (int64_t y = 0; y < *h && !st; y++)
		fv_mask_row(m, &(fv_place){ y, 0, *h, *w }, *w, *plane + y * *w);
	if (!st)
		st = fv_mask_feather(err, c, *plane, *h, *w, sigma * smaller);
	fv_picture_free(p);
	return st;
}

/* The layer's shares times those of the plane, or times what the plane leaves; a mask that is the
 * larger of both comes out. */
static fv_status limit(fv_err *err, fv_layer *l, const float *plane, int64_t h, int64_t w,
                       bool rest)
{
	const fv_pixels by = { .width = w, .height = h, .channels = 1, .bits = 16,
	                       .stride_bytes = 2 * w, .data = malloc((size_t)(2 * h * w)) };
	uint16_t *to = by.data;
	if (!to)
		return fv_fail_memory(err, "mask", (size_t)(2 * h * w));
	for (int64_t i = 0; i < h * w; i++)
		to[i] = (uint16_t)lrintf(65535 * (rest ? 1 - plane[i] : plane[i]));
	if (!l->mask.data) {
		l->mask = by;
		return FV_OK;
	}
	/* On the finer of both grids. */
	const bool finer = h * w >= l->mask.width * l->mask.height;
	fv_pixels at = finer ? by : l->mask;
	const fv_pixels other = finer ? l->mask : by;
	float *row = malloc((size_t)at.width * sizeof *row);
	for (int64_t y = 0; y < at.height && row; y++) {
		uint16_t *v = (uint16_t *)((char *)at.data + y * at.stride_bytes);
		fv_mask_row(&other, &(fv_place){ y, 0, at.height, at.width }, at.width, row);
		for (int64_t x = 0; x < at.width; x++)
			v[x] = (uint16_t)lrintf((float)v[x] * row[x]);
	}
	free(other.data);
	l->mask = at;
	free(row);
	return row ? FV_OK : fv_fail_memory(err, "mask", (size_t)at.width * sizeof *row);
}

/* All layers from..count-1, by a mask's file. */
static fv_status limit_all(fv_err *err, fv_context *c, const fv_apply_options *o, const char *path,
                           fv_layers *l, int under)
{
	float *plane = NULL;
	int64_t h, w;
	fv_status st = read_mask(err, c, path, o->feather, &plane, &h, &w);
	for (int i = 0; i < l->count && !st; i++)
		st = limit(err, &l->item[i], plane, h, w, i < under);
	free(plane);
	return st;
}

/* NAME:MASK; a name may be a path with colons, so the last one counts. */
static fv_status over(fv_err *err, fv_context *c, const fv_apply_options *o, const char *text,
                      fv_layers *l)
{
	const char *colon = strrchr(text, ':');
	if (!colon || colon == text || !colon[1])
		return fv_fail(err, FV_E_ARGUMENT, "--style: '%s' is no style with its mask; write such "
		               "as monet:sky.png", text);
	const int under = l->count;
	fv_status st = add(err, c, text, (size_t)(colon - text), l);
	return st ? st : limit_all(err, c, o, colon + 1, l, under);
}

fv_status fv_layers_open(fv_err *err, fv_context *c, const fv_apply_options *o, const char *model,
                         fv_layers *out)
{
	*out = (fv_layers){ .item = calloc(MOST_LAYERS, sizeof *out->item) };
	if (!out->item)
		return fv_fail_memory(err, "styles", MOST_LAYERS * sizeof *out->item);
	fv_status st = add(err, c, model, strlen(model), out);
	if (!st && o->mix)
		st = mix(err, c, o->mix, out);
	for (int i = 0; i < o->style.count && !st; i++)
		st = over(err, c, o, o->style.item[i], out);
	if (!st && o->mask)
		st = limit_all(err, c, o, o->mask, out, 0);
	return st;
}

void fv_layers_free(fv_context *c, fv_layers *l)
{
	for (int i = 0; i < l->count; i++) {
		fv_painter_free(l->item[i].painter);
		fv_model_free(l->item[i].model);
		free(l->item[i].mask.data);
	}
	free(l->item);
	*l = (fv_layers){ 0 };
}

/* ---- painting */
fv_paint_options fv_layer_how(const fv_layer *l, const fv_paint_options *all)
{
	fv_paint_options how = *all;
	how.strength *= (float)l->share;
	how.mask = l->mask.data ? &l->mask : NULL;
	return how;
}

static fv_status layer(fv_err *err, const fv_apply *a, int i, const fv_pixels *in,
                       const fv_paint_options *all, fv_pixels *out)
{
	const fv_layer *l = &a->layers->item[i];
	fv_paint_options how = fv_layer_how(l, all);
	how.base = i ? out : NULL;
	/* Under a limit nothing is held between pictures: reading and writing them wants that
	 * memory. */
	return a->o->memory && !a->film ? fv_paint(err, l->model, in, &how, out)
	                    : fv_painter_paint(err, a->painter ? a->painter[i] : l->painter, in,
		                                       &how, out);
}

fv_status fv_apply_paint(fv_err *err, const fv_apply *a, fv_pixels *v, const fv_paint_options *how)
{
	if (a->layers->count == 1)
		return layer(err, a, 0, v, how, v);
	const size_t bytes = (size_t)(v->height * v->stride_bytes);
	fv_pixels out = *v;
	fv_status st = FV_OK;
	if (!(out.data = malloc(bytes)))
		return fv_fail_memory(err, "painting", bytes);
	for (int i = 0; i < a->layers->count && !st; i++)
		st = layer(err, a, i, v, how, &out);
	if (!st)
		memcpy(v->data, out.data, bytes);
	free(out.data);
	return st;
}
