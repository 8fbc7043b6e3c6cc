/* SPDX-License-Identifier: Apache-2.0 */
/* Is the scene still there? Structural similarity and correlation of luminance. */
#include "eval/metric.h"
#include <math.h>
#include <string.h>

#define RADIUS 5
#define TAPS (2 * RADIUS + 1)
#define MOMENTS 5                       /* a, b, aa, bb, ab */

size_t fv_ssim_room(int64_t width) { return (size_t)(MOMENTS * width) * sizeof(double); }

double fv_ssim(const float *a, const float *b, int64_t height, int64_t width, void *room)
{
	const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
	double k[TAPS], total = 0, sum = 0, *column[MOMENTS];
	int64_t inside = (height - 2 * RADIUS) * (width - 2 * RADIUS);
	if (height < TAPS || width < TAPS)
		return NAN;
	for (int i = 0; i < TAPS; i++)
		total += k[i] = exp(-0.5 * (i - RADIUS) * (i - RADIUS) / (1.5 * 1.5));
	for (int i = 0; i < TAPS; i++)
		k[i] /= total;
	for (int m = 0; m < MOMENTS; m++)
		column[m] = (double *)room + m * width;
	/* Only the inside counts, where the window never leaves the picture: borders need no
	 * rule. */
	for (int64_t y = 0; y + TAPS <= height; y++) {
		memset(room, 0, fv_ssim_room(width));
		for (int t = 0; t < TAPS; t++)
			for (int64_t x = 0; x < width; x++) {
				double p = a[(y + t) * width + x], q = b[(y + t) * width + x],
				       kp = k[t] * p, kq = k[t] * q;
				column[0][x] += kp;
				column[1][x] += kq;
				column[2][x] += kp * p;
				column[3][x] += kq * q;
				column[4][x] += kp * q;
			}
		for (int64_t x = 0; x + TAPS <= width; x++) {
			double m[MOMENTS] = { 0 };
			for (int i = 0; i < MOMENTS; i++)
				for (int t = 0; t < TAPS; t++)
					m[i] += k[t] * column[i][x + t];
			double aa = m[2] - m[0] * m[0], bb = m[3] - m[1] * m[1],
			       ab = m[4] - m[0] * m[1];
			sum += (2 * m[0] * m[1] + c1) * (2 * ab + c2) /
			       ((m[0] * m[0] + m[1] * m[1] + c1) * (aa + bb + c2));
		}
	}
	return sum / (double)inside;
}

double fv_corr(const float *a, const float *b, int64_t n)
{
	double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
	for (int64_t i = 0; i < n; i++) {
		ma += a[i];
		mb += b[i];
	}
	ma /= (double)n;
	mb /= (double)n;
	for (int64_t i = 0; i < n; i++) {
		double x = a[i] - ma, y = b[i] - mb;
		aa += x * x;
		bb += y * y;
		ab += x * y;
	}
	return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}
