/* SPDX-License-Identifier: Apache-2.0 */
/* What the discriminant of auc.c sees of a block of 64x64: 54 numbers. Of luminance, R - G and (R +
 * G) / 2 - B: mean and deviation; then, of four bands between ever wider Gaussians: log energy, log
 * kurtosis, skew; and of luminance also the gradients' orientation, coherence and energy. */
#include "eval/filter.h"
#include "eval/metric.h"
#include <math.h>

#define N FV_SIDE
#define BANDS 4

static const double sigmas[BANDS] = { 0.7, 1.4, 2.8, 5.6 };

#define BLOCK 64
static const float *block_at(const float *plane, int b)
{
	return plane + b / (N / BLOCK) * BLOCK * N + b % (N / BLOCK) * BLOCK;
}

/* Means of v, v^2, v^3, v^4. */
static void powers(const float *p, double mean[4])
{
	double sum[4] = { 0 };
	for (int y = 0; y < BLOCK; y++)
		for (int x = 0; x < BLOCK; x++) {
			double v = p[y * N + x], square = v * v;
			sum[0] += v;
			sum[1] += square;
			sum[2] += square * v;
			sum[3] += square * square;
		}
	for (int i = 0; i < 4; i++)
		mean[i] = sum[i] / (BLOCK * BLOCK);
}

/* Central differences, one-sided at the plane's border. */
static void gradients(const float *plane, int b, double *f)
{
	double xx = 0, yy = 0, xy = 0;
	int y0 = b / (N / BLOCK) * BLOCK, x0 = b % (N / BLOCK) * BLOCK;
	for (int y = y0; y < y0 + BLOCK; y++)
		for (int x = x0; x < x0 + BLOCK; x++) {
			int left = x > 0, right = x < N - 1, up = y > 0, down = y < N - 1;
			const float *p = plane + y * N + x;
			double gx = (p[right] - p[-left]) / (left + right),
			       gy = (p[down * N] - p[-up * N]) / (up + down);
			xx += gx * gx;
			yy += gy * gy;
			xy += gx * gy;
		}
	xx = xx / (BLOCK * BLOCK) + 1e-9;
	yy = yy / (BLOCK * BLOCK) + 1e-9;
	xy /= BLOCK * BLOCK;
	f[0] = log(xx / yy);
	f[1] = sqrt((xx - yy) * (xx - yy) + 4 * xy * xy) / (xx + yy);
	f[2] = log(xx + yy);
}

static void split(const float *square, float *plane[3])
{
	fv_luma_floats(square, N * N, plane[0]);
	for (int i = 0; i < N * N; i++) {
		const float *p = square + 3 * i;
		plane[0][i] /= 255;
		plane[1][i] = (p[0] - p[1]) / 255;
		plane[2][i] = ((p[0] + p[1]) / 2 - p[2]) / 255;
	}
}

void fv_texture_of(const float *square, fv_texture *out, void *room)
{
	float *first = room, *plane[3] = { first, first + N * N, first + 2 * N * N },
	      *next = first + 3 * N * N, *band = next + N * N, *line = band + N * N;
	double m[4];
	int at = 0;
	split(square, plane);
	for (int c = 0; c < 3; c++) {
		float *low = plane[c], *wide = next;
		for (int b = 0; b < FV_TEXTURE_BLOCKS; b++) {
			powers(block_at(low, b), m);
			out->block[b][at] = m[0];
			out->block[b][at + 1] = sqrt(fmax(m[1] - m[0] * m[0], 0));
		}
		at += 2;
		for (int s = 0; s < BANDS; s++) {
			fv_gaussian(NULL, low, wide, N, N, sigmas[s], 0, 0, line);
			for (int i = 0; i < N * N; i++)
				band[i] = low[i] - wide[i];
			for (int b = 0; b < FV_TEXTURE_BLOCKS; b++) {
				double *f = &out->block[b][at];
				powers(block_at(band, b), m);
				m[1] += 1e-8;
				f[0] = log(m[1]);
				f[1] = log(m[3] / (m[1] * m[1]) + 1e-8);
				f[2] = m[2] / (m[1] * sqrt(m[1]));
				if (c == 0)
					gradients(wide, b, f + 3);
			}
			at += c == 0 ? 6 : 3;
			float *swap = low;
			low = wide;
			wide = swap;
		}
	}
}
