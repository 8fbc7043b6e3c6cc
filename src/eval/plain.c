/* SPDX-License-Identifier: Apache-2.0 */
/* Plain places of a photograph. */
#include "base/luma.h"
#include "eval/filter.h"
#include "eval/metric.h"
#include "eval/strokes.h"
#include <math.h>
#include <string.h>

#define WINDOW 25
#define SHARE 0.33

void fv_luma_unit(const uint8_t *rgb, int64_t pixels, float *luma)
{
	for (int64_t i = 0; i < pixels; i++, rgb += 3)
		luma[i] = fv_luma(rgb[0], rgb[1], rgb[2]) / 255;
}

static size_t plane(int64_t height, int64_t width)
{
	return (size_t)fv_div_up(height * width, 16) * 16;
}

size_t fv_plain_room(int threads, int64_t height, int64_t width)
{
	return 3 * plane(height, width) * sizeof(float) + fv_filter_room(threads, width);
}

/* Interpolates the value at a share of n sorted values. */
static float quantile(float *v, float *room, int64_t n, double share)
{
	double at = share * (double)(n - 1);
	int64_t low = (int64_t)at;
	fv_radix_floats(v, room, n);
	return low + 1 < n ? v[low] + (float)(at - (double)low) * (v[low + 1] - v[low]) : v[low];
}

void fv_plain(fv_team *team, const float *luma, int64_t height, int64_t width, uint8_t *mask,
              void *room)
{
	const int64_t n = height * width;
	float *mean = room, *square = mean + plane(height, width),
	      *deviation = square + plane(height, width), *line = deviation + plane(height, width);
	for (int64_t i = 0; i < n; i++)
		mean[i] = luma[i] * luma[i];
	fv_box(team, mean, square, height, width, WINDOW, line);
	fv_box(team, luma, mean, height, width, WINDOW, line);
	for (int64_t i = 0; i < n; i++)
		deviation[i] = sqrtf(fmaxf(square[i] - mean[i] * mean[i], 0));
	memcpy(mean, deviation, (size_t)n * sizeof *mean);
	float limit = fmaxf(0.012f, fminf(0.05f, quantile(mean, square, n, SHARE)));
	for (int64_t i = 0; i < n; i++)
		mask[i] = deviation[i] < limit;
}
