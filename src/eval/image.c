/* SPDX-License-Identifier: Apache-2.0 */
/* Images, squares, Gaussians, pyramids. */
#include "eval/eval.h"
#include "base/resample.h"
#include <math.h>
#include <string.h>

fv_image fv_image_new(fv_arena *a, int64_t h, int64_t w)
{
	return (fv_image){ h, w, fv_arena_get(a, (size_t)(h * w * 3) * sizeof(float)) };
}

fv_image fv_image_of(fv_arena *a, const fv_pixels *p)
{
	fv_image m = fv_image_new(a, p->height, p->width);
	for (int64_t y = 0; m.rgb && y < m.h; y++) {
		const char *row = (const char *)p->data + y * p->stride_bytes;
		for (int64_t x = 0; x < m.w; x++)
			for (int k = 0; k < 3; k++)
				m.rgb[(y * m.w + x) * 3 + k] = p->bits == 16 ? (float)((const uint16_t *)row)[x * p->channels + k] / 257
				                                              : ((const uint8_t *)row)[x * p->channels + k];
	}
	return m;
}

fv_image fv_image_square(fv_arena *a, const fv_pixels *p)
{
	fv_image m = fv_image_new(a, FV_SQUARE, FV_SQUARE);
	double s = (double)FV_SQUARE / (double)fv_min(p->width, p->height);
	int64_t w = fv_max(FV_SQUARE, (int64_t)nearbyint((double)p->width * s)), h = fv_max(FV_SQUARE, (int64_t)nearbyint((double)p->height * s));
	uint8_t *small = fv_arena_get(a, (size_t)(w * h * 3));
	void *room = fv_arena_get(a, fv_resample_room(p->height, p->width, h, w));
	if (!m.rgb || !small || !room)
		return (fv_image){ 0 };
	fv_resample(p->data, p->height, p->width, p->stride_bytes, small, h, w, FV_FILTER_LANCZOS, room);
	int64_t x0 = (w - FV_SQUARE) / 2, y0 = (h - FV_SQUARE) / 2;
	for (int64_t y = 0; y < FV_SQUARE; y++)
		for (int64_t x = 0; x < 3 * FV_SQUARE; x++)
			m.rgb[y * 3 * FV_SQUARE + x] = small[((y0 + y) * w + x0) * 3 + x];
	return m;
}

static int64_t mirror(int64_t i, int64_t n)             /* d c b a | a b c d | d c b a */
{
	while (i < 0 || i >= n)
		i = i < 0 ? -1 - i : 2 * n - 1 - i;
	return i;
}

void fv_gaussian(const double *from, double *to, double *room, int64_t h, int64_t w, double sigma, int radius)
{
	double k[64], sum = 0;
	for (int i = -radius; i <= radius; i++)
		sum += k[i + radius] = exp(-0.5 * i * i / (sigma * sigma));
	for (int i = 0; i <= 2 * radius; i++)
		k[i] /= sum;
	for (int64_t y = 0; y < h; y++)
		for (int64_t x = 0; x < w; x++) {
			double v = 0;
			for (int i = -radius; i <= radius; i++)
				v += k[i + radius] * from[mirror(y + i, h) * w + x];
			room[y * w + x] = v;
		}
	for (int64_t y = 0; y < h; y++)
		for (int64_t x = 0; x < w; x++) {
			double v = 0;
			if (x >= radius && x + radius < w)
				for (int i = -radius; i <= radius; i++)
					v += k[i + radius] * room[y * w + x + i];
			else
				for (int i = -radius; i <= radius; i++)
					v += k[i + radius] * room[y * w + mirror(x + i, w)];
			to[y * w + x] = v;
		}
}

/* [1 4 6 4 1]/16 along both axes, borders mirrored without the edge (scipy's "mirror"), times gain. */
static bool binomial(fv_arena *a, fv_image p, fv_image to, float gain)
{
	static const float k[] = { 1 / 16.0f, 4 / 16.0f, 6 / 16.0f, 4 / 16.0f, 1 / 16.0f };
	fv_image t = fv_image_new(a, p.h, p.w);
	if (!t.rgb)
		return false;
	for (int pass = 0; pass < 2; pass++) {
		const float *from = pass ? t.rgb : p.rgb;
		float *out = pass ? to.rgb : t.rgb;
		int64_t n = pass ? p.w : p.h, step = pass ? 3 : 3 * p.w;
		for (int64_t y = 0; y < p.h; y++)
			for (int64_t x = 0; x < p.w; x++)
				for (int c = 0; c < 3; c++) {
					int64_t at = (y * p.w + x) * 3 + c, i = pass ? x : y;
					float v = 0;
					for (int j = -2; j <= 2; j++) {
						int64_t m = i + j < 0 ? -(i + j) : i + j >= n ? 2 * n - 2 - (i + j) : i + j;
						v += k[j + 2] * from[at + (m - i) * step];
					}
					out[at] = v * gain;
				}
	}
	return true;
}

bool fv_pyramid_up(fv_arena *a, fv_image low, fv_image to)
{
	fv_image up = fv_image_new(a, to.h, to.w), smooth = fv_image_new(a, to.h, to.w);
	if (!up.rgb || !smooth.rgb)
		return false;
	for (int64_t y = 0; y < low.h; y++)
		for (int64_t x = 0; x < low.w; x++)
			memcpy(up.rgb + (2 * y * to.w + 2 * x) * 3, low.rgb + (y * low.w + x) * 3, 3 * sizeof(float));
	if (!binomial(a, up, smooth, 2))
		return false;
	for (int64_t i = 0; i < to.h * to.w * 3; i++)
		to.rgb[i] += smooth.rgb[i];
	return true;
}

bool fv_pyramid(fv_arena *a, fv_image p, fv_image *level)
{
	for (int l = 0; l < FV_LEVELS - 1; l++) {
		fv_image smooth = fv_image_new(a, p.h, p.w), low = fv_image_new(a, p.h / 2, p.w / 2), up = fv_image_new(a, p.h, p.w);
		if (!smooth.rgb || !low.rgb || !up.rgb || !binomial(a, p, smooth, 1))
			return false;
		for (int64_t y = 0; y < low.h; y++)
			for (int64_t x = 0; x < low.w; x++)
				memcpy(low.rgb + (y * low.w + x) * 3, smooth.rgb + (2 * y * p.w + 2 * x) * 3, 3 * sizeof(float));
		if (!fv_pyramid_up(a, low, up))
			return false;
		for (int64_t i = 0; i < p.h * p.w * 3; i++)
			up.rgb[i] = p.rgb[i] - up.rgb[i];
		level[l] = up;
		p = low;
	}
	level[FV_LEVELS - 1] = p;
	return true;
}
