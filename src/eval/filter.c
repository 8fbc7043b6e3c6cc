/* SPDX-License-Identifier: Apache-2.0 */
/* Separable filters: each row of the result is summed down into a line, which is mirrored at its
 * ends and summed across. */
#include "eval/filter.h"
#include <math.h>
#include <string.h>

#define TAPS (2 * FV_FILTER_RADIUS + 1)
#define STRIP 64                        /* columns at a time */

typedef struct {
	const float *from;
	float *to;
	int64_t height, width, line;    /* floats of a thread's line */
	int radius;
	float down[TAPS], across[TAPS];
	float *lines;
} job;

static int64_t line_of(int64_t width) { return fv_div_up(width + 2 * FV_FILTER_RADIUS, 16) * 16; }

size_t fv_filter_room(int threads, int64_t width)
{
	return (size_t)threads * (size_t)line_of(width) * sizeof(float);
}

/* A picture may be narrower than the filter: it is mirrored as often as it takes. */
static int64_t mirror(int64_t i, int64_t n)
{
	i %= 2 * n;
	if (i < 0)
		i += 2 * n;
	return i < n ? i : 2 * n - 1 - i;
}

static void mirror_ends(float *line, int64_t width, int64_t radius)
{
	for (int64_t i = 1; i <= radius; i++) {
		line[-i] = line[mirror(-i, width)];
		line[width - 1 + i] = line[mirror(width - 1 + i, width)];
	}
}

static void gaussian_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const job *j = arg;
	const int64_t w = j->width, r = j->radius;
	float *line = j->lines + thread * j->line, *middle = line + r;
	for (int64_t y = first; y < last; y++) {
		float *out = j->to + y * w;
		memset(middle, 0, (size_t)w * sizeof *middle);
		for (int64_t i = 0; i <= 2 * r; i++) {
			const float *row = j->from + mirror(y + i - r, j->height) * w,
				    k = j->down[i];
			for (int64_t x = 0; x < w; x++)
				middle[x] += k * row[x];
		}
		mirror_ends(middle, w, r);
		memset(out, 0, (size_t)w * sizeof *out);
		for (int64_t i = 0; i <= 2 * r; i++) {
			const float k = j->across[i];
			for (int64_t x = 0; x < w; x++)
				out[x] += k * line[x + i];
		}
	}
}

/* Summed in double: variances are differences of such means. */
static void box_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const job *j = arg;
	const int64_t w = j->width, r = j->radius;
	const double size = (double)(2 * r + 1);
	float *middle = j->lines + thread * j->line + r;
	for (int64_t y = first; y < last; y++) {
		for (int64_t x = 0; x < w; x += STRIP) {
			double sum[STRIP] = { 0 };
			const int64_t n = fv_min(STRIP, w - x);
			for (int64_t i = -r; i <= r; i++) {
				const float *row = j->from + mirror(y + i, j->height) * w + x;
				for (int64_t k = 0; k < n; k++)
					sum[k] += (double)row[k];
			}
			for (int64_t k = 0; k < n; k++)
				middle[x + k] = (float)(sum[k] / size);
		}
		mirror_ends(middle, w, r);
		double sum = 0;
		for (int64_t i = -r; i < r; i++)
			sum += (double)middle[i];
		for (int64_t x = 0; x < w; x++) {
			sum += (double)middle[x + r];
			j->to[y * w + x] = (float)(sum / size);
			sum -= (double)middle[x - r];
		}
	}
}

static void run(fv_team *team, fv_team_fn fn, job *j, void *room)
{
	j->lines = room;
	j->line = line_of(j->width);
	if (team)
		fv_team_run(team, fn, j, j->height, 4);
	else
		fn(j, 0, 0, j->height);
}

/* g(i) = exp(-i^2 / 2 sigma^2) / sum; its derivative's weights are i / sigma^2 g(i). */
static void weights(float *k, int radius, double sigma, int order)
{
	double sum = 0;
	for (int i = -radius; i <= radius; i++)
		sum += exp(-0.5 * i * i / (sigma * sigma));
	for (int i = -radius; i <= radius; i++)
		k[i + radius] = (float)(exp(-0.5 * i * i / (sigma * sigma)) / sum *
		                        (order ? i / (sigma * sigma) : 1));
}

void fv_gaussian(fv_team *team, const float *from, float *to, int64_t height, int64_t width,
                 double sigma, int dy, int dx, void *room)
{
	job j = { .from = from,
		  .to = to,
		  .height = height,
		  .width = width,
		  .radius = (int)(4 * sigma + 0.5) };
	weights(j.down, j.radius, sigma, dy);
	weights(j.across, j.radius, sigma, dx);
	run(team, gaussian_rows, &j, room);
}

void fv_box(fv_team *team, const float *from, float *to, int64_t height, int64_t width, int size,
            void *room)
{
	job j = { .from = from, .to = to, .height = height, .width = width, .radius = size / 2 };
	run(team, box_rows, &j, room);
}
