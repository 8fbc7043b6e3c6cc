/* SPDX-License-Identifier: Apache-2.0 */
/* Squares and luminance. */
#include "eval/metric.h"
#include "base/luma.h"
#include "base/resample.h"
#include <math.h>
#include <string.h>

/* Of a strip only so many times its shorter side about the middle is looked at: all of it, as wide
 * as a square is high, would take gigabytes. */
#define LONGEST 16
static int64_t looked_at(int64_t side, int64_t other)
{
	return fv_min(side, LONGEST * other);
}

static void scaled(int64_t height, int64_t width, int64_t *h, int64_t *w)
{
	double s = (double)FV_SIDE / (double)fv_min(width, height);
	*w = fv_max(FV_SIDE, (int64_t)nearbyint((double)width * s));
	*h = fv_max(FV_SIDE, (int64_t)nearbyint((double)height * s));
}

size_t fv_square_room(int64_t height, int64_t width)
{
	int64_t h, w, tall = looked_at(height, width);
	width = looked_at(width, height);
	height = tall;
	scaled(height, width, &h, &w);
	return (size_t)(h * w * 3) + 64 + fv_resample_room(height, width, h, w);
}

void fv_square(const fv_pixels *p, uint8_t *square, void *room)
{
	int64_t h, w, height = looked_at(p->height, p->width),
		      width = looked_at(p->width, p->height);
	const uint8_t *from = (const uint8_t *)p->data +
			      (p->height - height) / 2 * p->stride_bytes +
			      (p->width - width) / 2 * 3;
	scaled(height, width, &h, &w);
	uint8_t *small = room;
	fv_resample(from, height, width, p->stride_bytes, small, h, w, FV_FILTER_LANCZOS,
		    small + fv_div_up(h * w * 3, 64) * 64);
	const uint8_t *middle = small + ((h - FV_SIDE) / 2 * w + (w - FV_SIDE) / 2) * 3;
	for (int64_t y = 0; y < FV_SIDE; y++)
		memcpy(square + y * FV_SIDE * 3, middle + y * w * 3, FV_SIDE * 3);
}

void fv_luma_pixels(const fv_pixels *p, float *luma)
{
	for (int64_t y = 0; y < p->height; y++, luma += p->width) {
		const uint8_t *row = (const uint8_t *)p->data + y * p->stride_bytes;
		for (int64_t x = 0; x < p->width; x++)
			luma[x] = fv_luma(row[3 * x], row[3 * x + 1], row[3 * x + 2]);
	}
}

void fv_luma_floats(const float *rgb, int64_t pixels, float *luma)
{
	for (int64_t i = 0; i < pixels; i++)
		luma[i] = fv_luma(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]);
}
