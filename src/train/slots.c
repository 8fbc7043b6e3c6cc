/* SPDX-License-Identifier: Apache-2.0 */
#include "train/slots.h"
#include <math.h>

#define CELL 16
#define FINE 8                          /* detail is what differs from the mean of 8x8 */

/* Means of the picture's squares of `cell` pixels: rows, columns, 3; sums in double. */
static void cell_mean(const float *x, int64_t side, int64_t cell, int64_t row, int64_t column,
                      double mean[3])
{
	mean[0] = mean[1] = mean[2] = 0;
	for (int64_t r = row * cell; r < (row + 1) * cell; r++)
		for (int64_t q = column * cell; q < (column + 1) * cell; q++)
			for (int c = 0; c < 3; c++)
				mean[c] += x[(r * side + q) * 3 + c] / (double)(cell * cell);
}

void fv_describe(const float *x, int64_t side, float out[FV_DESCRIPTION])
{
	double sum[3] = { 0 }, fine = 0, fine_sum = 0, mean[3];
	int64_t cells = side / CELL, n = cells * cells;
	for (int64_t i = 0; i < n; i++) {
		cell_mean(x, side, CELL, i / cells, i % cells, mean);
		sum[0] += (mean[0] + mean[1] + mean[2]) / 3;
		sum[1] += mean[0] - mean[1];
		sum[2] += (mean[0] + mean[1]) / 2 - mean[2];
	}
	for (int64_t i = 0, m = side / FINE; i < m * m; i++) {
		cell_mean(x, side, FINE, i / m, i % m, mean);
		for (int64_t r = i / m * FINE; r < (i / m + 1) * FINE; r++)
			for (int64_t q = i % m * FINE; q < (i % m + 1) * FINE; q++)
				for (int c = 0; c < 3; c++) {
					double d = x[(r * side + q) * 3 + c] - mean[c];
					fine += d * d, fine_sum += d;
				}
	}
	for (int k = 0; k < 3; k++)
		out[k] = (float)(sum[k] / (double)n);
	double all = (double)(side / FINE * FINE) * (double)(side / FINE * FINE) * 3;
	out[3] = (float)sqrt(fmax(0, fine / all - fine_sum / all * fine_sum / all));
}

fv_survey fv_survey_of(float (*description)[FV_DESCRIPTION], int64_t count)
{
	fv_survey s;
	for (int k = 0; k < FV_DESCRIPTION; k++) {
		double sum = 0, square = 0;
		for (int64_t i = 0; i < count; i++)
			sum += description[i][k],
				square += (double)description[i][k] * description[i][k];
		sum /= (double)count;
		s.mean[k] = (float)sum;
		s.spread[k] = (float)(sqrt(fmax(0, square / (double)count - sum * sum)) + 1e-3);
	}
	return s;
}
