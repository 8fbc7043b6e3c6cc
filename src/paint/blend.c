/* SPDX-License-Identifier: Apache-2.0 */
/* A painting onto what it is painted over: pixels from floats, by strength and mask.
 *
 *	out = base + strength mask (painting - in)
 *
 * base is the photograph itself where none is given. So several styles, each with its share of the
 * pixels, add up to one painting, whatever the order: a mix, or one style for the sky and another
 * for what is under it. */
#include "base/luma.h"
#include "paint/paint.h"
#include <math.h>

enum { ROWS = 16 };                     /* in a unit of work */

/* ---- masks */
static float lightness(const fv_pixels *m, int64_t y, int64_t x)
{
	const int64_t at = x * m->channels;
	const float v = m->channels < 3 ? fv_pixel(m, y, at)
	                                : fv_luma(fv_pixel(m, y, at), fv_pixel(m, y, at + 1),
	                                          fv_pixel(m, y, at + 2));
	return m->channels == 4 ? v * fv_pixel(m, y, at + 3) : v;
}

/* Where pixel i of n lies among `cells`: the one before it, and how far it is from that. */
static int64_t among(int64_t i, int64_t n, int64_t cells, float *part)
{
	const double at = fmax(0, fmin((double)cells - 1, ((double)i + 0.5) * (double)cells /
	                                                          (double)n - 0.5));
	*part = (float)(at - floor(at));
	return (int64_t)at;
}

void fv_mask_row(const fv_pixels *m, const fv_place *place, int64_t n, float *share)
{
	float down, across;
	const int64_t r = among(place->y, place->h, m->height, &down),
		      below = fv_min(r + 1, m->height - 1);
	for (int64_t x = 0; x < n; x++) {
		const int64_t q = among(place->x + x, place->w, m->width, &across);
		const int64_t right = fv_min(q + 1, m->width - 1);
		const float a = lightness(m, r, q), c = lightness(m, below, q);
		const float upper = a + across * (lightness(m, r, right) - a);
		const float lower = c + across * (lightness(m, below, right) - c);
		share[x] = upper + down * (lower - upper);
	}
}

/* One of three boxes, along lines that are `step` floats apart. */
static void box(float *v, int64_t n, int64_t step, int64_t radius, float *line)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		line[i] = v[i * step];
	for (int64_t i = -radius; i <= radius; i++)
		sum += (double)line[fv_max(0, fv_min(n - 1, i))];
	for (int64_t i = 0; i < n; i++) {
		v[i * step] = (float)(sum / (double)(2 * radius + 1));
		sum += (double)line[fv_min(n - 1, i + radius + 1)] -
		       (double)line[fv_max(0, i - radius)];
	}
}

fv_status fv_mask_feather(fv_err *err, fv_context *c, float *plane, int64_t h, int64_t w,
                          double sigma)
{
	/* Three boxes of this radius have the deviation of a Gaussian of sigma. */
	const int64_t radius = (int64_t)(sqrt(sigma * sigma + 0.25) - 0.5 + 0.5);
	float *line = fv_alloc(c, (size_t)fv_max(h, w) * sizeof *line);
	if (!line)
		return fv_fail_memory(err, "mask", (size_t)fv_max(h, w) * sizeof *line);
	for (int pass = 0; pass < 3 && radius > 0; pass++) {
		for (int64_t y = 0; y < h; y++)
			box(plane + y * w, w, 1, radius, line);
		for (int64_t x = 0; x < w; x++)
			box(plane + x, h, w, radius, line);
	}
	fv_free(c, line);
	return FV_OK;
}

/* ---- pixels */
typedef struct {
	const fv_pixels *in, *base, *mask;
	fv_pixels *out;
	const float *y;
	int64_t w;                      /* pixels of a row of y */
	float strength;
	fv_place place;
	float *share;                   /* a row for each thread, where there is a mask */
} blending;

static void blend_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const blending *b = arg;
	const fv_pixels *in = b->in;
	const float top = b->out->bits == 8 ? 255 : 65535;
	const int channels = in->channels;
	float *share = b->mask ? b->share + thread * in->width : NULL;
	for (int64_t r = first; r < last; r++) {
		char *row = (char *)b->out->data + r * b->out->stride_bytes;
		if (share)
			fv_mask_row(b->mask, &(fv_place){ b->place.y + r, b->place.x, b->place.h,
			                                  b->place.w }, in->width, share);
		for (int64_t i = 0; i < in->width * channels; i++) {
			const int64_t q = i / channels, k = i % channels;
			float v = fv_pixel(in, r, i);
			if (k < 3) {
				const float paint = (b->y[(r * b->w + q) * 3 + k] + 1) * 0.5f - v;
				const float much = share ? b->strength * share[q] : b->strength;
				v = b->base ? fv_pixel(b->base, r, i) : v;
				v += much * paint;
			}
			v = v > 0 ? (v < 1 ? v : 1) : 0;
			if (b->out->bits == 8)
				((uint8_t *)row)[i] = (uint8_t)(v * top + 0.5f);
			else
				((uint16_t *)row)[i] = (uint16_t)(v * top + 0.5f);
		}
	}
}

fv_status fv_blend(fv_err *err, fv_context *c, const fv_pixels *in, const float *y, int64_t w,
                   const fv_paint_options *opt, const fv_place *place, fv_pixels *out)
{
	blending b = { in, opt->base, opt->mask, out, y, w, opt->strength,
	               place ? *place : (fv_place){ 0, 0, in->height, in->width }, NULL };
	const size_t bytes = (size_t)(c->threads * in->width) * sizeof *b.share;
	if (b.mask && !(b.share = fv_alloc(c, bytes)))
		return fv_fail_memory(err, "mask", bytes);
	fv_team_run(c->team, blend_rows, &b, in->height, ROWS);
	fv_free(c, b.share);
	return FV_OK;
}
