/* SPDX-License-Identifier: Apache-2.0 */
/* What of a painting is the network's grid, taken out.
 *
 * A network that halves and doubles sizes knows where in a block of four pixels it stands, and training now and then leaves
 * some of that in all it paints: a faint pattern, half a level of 255 deep, the same in every four by four pixels. Eyes find
 * it on plain grounds, spectra at once. No painter has it, so the mean of each of the sixteen places is taken out. Measured on
 * what is left of the lightness without
 *
 *	[1 2 2 2 1] x [1 2 2 2 1] / 64
 *
 * whose response is 0 at periods of two and four pixels and which leaves a slope where it is. A wall's long edges stand at
 * some places and not at others, so the mean is Huber's (one step from 0): each pixel counts by CUT at most. Sixteen means
 * of few pixels are never quite equal: what chance alone would make stays (James and Stein). No more than DEEPEST is taken: a
 * deeper pattern is the picture's.
 *
 * Huber: Robust Estimation of a Location Parameter, Ann. Math. Statist. 35 (1964) */
#include "paint/paint.h"
#include <math.h>

#define PERIOD 4
#define PLACES (PERIOD * PERIOD)
#define ROWS 64                         /* a unit */
#define CUT 0.08f                       /* of [-1,1]: ten levels */
#define DEEPEST 0.015

typedef struct { double count, inside, sum[PLACES], square[PLACES]; } places;     /* inside: not cut */
typedef struct {
	const float *y;
	int64_t height, width, step;    /* step: floats from row to row */
	places *found;                  /* a unit */
	float *lines;                   /* six of `width` a thread */
} job;

static void lightness(const job *j, int64_t r, float *to)
{
	const float *y = j->y + r * j->step;
	for (int64_t q = 0; q < j->width; q++)
		to[q] = 0.299f * y[3 * q] + 0.587f * y[3 * q + 1] + 0.114f * y[3 * q + 2];
}

static void look(void *arg, int thread, int64_t first, int64_t last)
{
	const job *j = arg;
	float *line[5], *down = j->lines + (thread * 6 + 5) * j->width;
	for (int64_t u = first; u < last; u++) {
		places *f = &j->found[u];
		int64_t from = fv_max(2, u * ROWS), to = fv_min(j->height - 2, (u + 1) * ROWS);
		*f = (places){ 0 };
		for (int64_t r = from; r < to; r++) {
			for (int64_t k = r == from ? -2 : 2; k <= 2; k++)
				lightness(j, r + k, j->lines + (thread * 6 + (r + k) % 5) * j->width);
			for (int64_t k = 0; k < 5; k++)
				line[k] = j->lines + (thread * 6 + (r + k - 2) % 5) * j->width;
			for (int64_t q = 0; q < j->width; q++)
				down[q] = (line[0][q] + line[4][q] + 2 * (line[1][q] + line[2][q] + line[3][q])) / 8;
			double *sum = f->sum + r % PERIOD * PERIOD, *square = f->square + r % PERIOD * PERIOD;
			int64_t inside = 0;
			for (int64_t q = 2; q < j->width - 2; q++) {
				float low = (down[q - 2] + down[q + 2] + 2 * (down[q - 1] + down[q] + down[q + 1])) / 8;
				float v = line[2][q] - low;
				inside += fabsf(v) < CUT;
				v = fminf(fmaxf(v, -CUT), CUT);
				sum[q % PERIOD] += v;
				square[q % PERIOD] += v * v;
			}
			f->inside += (double)inside;
		}
		f->count = (double)(fv_max(0, to - from) * (j->width - 4));
	}
}

fv_status fv_ungrid(fv_err *err, fv_context *c, float *y, int64_t height, int64_t width, int64_t step)
{
	int64_t units = fv_div_up(height, ROWS);
	size_t bytes = (size_t)units * sizeof(places) + (size_t)(c->threads * 6 * width) * sizeof(float);
	places *found = fv_alloc(c, bytes), all = { 0 };
	if (!found)
		return fv_fail_memory(err, "picture", bytes);
	if (height > 4 && width > 4)
		fv_team_run(c->team, look, &(job){ y, height, width, step, found, (float *)(found + units) }, units, 1);
	else
		units = 0;
	for (int64_t u = 0; u < units; u++) {
		all.count += found[u].count;
		all.inside += found[u].inside;
		for (int i = 0; i < PLACES; i++)
			all.sum[i] += found[u].sum[i], all.square[i] += found[u].square[i];
	}
	fv_free(c, found);
	double n = all.count / PLACES, share = all.count > 0 ? all.inside / all.count : 0, mean = 0, energy = 0, chance = 0;
	if (n < 2 || share < 0.02)
		return FV_OK;
	for (int i = 0; i < PLACES; i++)
		mean += all.sum[i] / all.count;
	for (int i = 0; i < PLACES; i++) {
		double m = all.sum[i] / n;
		chance += (all.square[i] / n - m * m) / (n * share * share);
		all.sum[i] = (m - mean) / share;
		energy += all.sum[i] * all.sum[i];
	}
	double part = energy > chance ? 1 - chance / energy : 0;
	for (int i = 0; i < PLACES; i++)
		all.sum[i] = fmin(fmax(part * all.sum[i], -DEEPEST), DEEPEST);
	for (int64_t r = 0; r < height && part > 0; r++)
		for (int64_t q = 0; q < width; q++)
			for (int k = 0; k < 3; k++)
				y[r * step + 3 * q + k] -= (float)all.sum[r % PERIOD * PERIOD + q % PERIOD];
	return FV_OK;
}
