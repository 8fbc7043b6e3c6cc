/* SPDX-License-Identifier: Apache-2.0 */
/* The Laplacian pyramid of Burt and Adelson (1983): what a level has and the next smaller one,
 * enlarged, has not. 5-tap binomial [1 4 6 4 1]/16 along both axes, mirrored without repeating the
 * edge (scipy's "mirror"). */
#include "eval/metric.h"
#include <string.h>

static int64_t mirror(int64_t i, int64_t n) { return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i; }

static void five(const float *const p[5], float *out, int64_t n, float gain)
{
	for (int64_t i = 0; i < n; i++)
		out[i] = gain * (0.0625f * (p[0][i] + p[4][i]) + 0.25f * (p[1][i] + p[3][i]) +
		                 0.375f * p[2][i]);
}

/* Filters side x side x 3 values along both axes, and multiplies by gain after each. */
static void blur(const float *from, float *to, float *between, int64_t side, float gain)
{
	int64_t row = 3 * side;
	for (int64_t y = 0; y < side; y++) {
		const float *p[5];
		for (int k = 0; k < 5; k++)
			p[k] = from + mirror(y + k - 2, side) * row;
		five(p, between + y * row, row, gain);
	}
	for (int64_t y = 0; y < side; y++) {
		float wide[3 * (FV_SIDE + 4)];
		memcpy(wide + 6, between + y * row, (size_t)row * sizeof(float));
		for (int k = 0; k < 2; k++) {
			memcpy(wide + 3 * k, between + y * row + 3 * (2 - k), 3 * sizeof(float));
			memcpy(wide + row + 6 + 3 * k, between + y * row + 3 * (side - 2 - k),
			       3 * sizeof(float));
		}
		five((const float *const[]){ wide, wide + 3, wide + 6, wide + 9, wide + 12 },
		     to + y * row, row, gain);
	}
}

/* to: side x side, from low: half of that. room: 2 squares. */
static void enlarge(const float *low, float *to, float *room, int64_t side)
{
	memset(room, 0, (size_t)(side * side * 3) * sizeof(float));
	for (int64_t y = 0; y < side / 2; y++)
		for (int64_t x = 0; x < side / 2; x++)
			memcpy(room + (2 * y * side + 2 * x) * 3, low + (y * side / 2 + x) * 3,
			       3 * sizeof(float));
	blur(room, to, room + FV_SQUARE_FLOATS, side, 2);
}

void fv_pyramid(const float *square, float *pyramid, void *room)
{
	float *smooth = (float *)room + 2 * FV_SQUARE_FLOATS;
	memcpy(pyramid, square, FV_SQUARE_FLOATS * sizeof(float));
	for (int l = 0; l < FV_LEVELS - 1; l++) {
		int64_t side = fv_level_side(l), half = side / 2;
		float *level = pyramid + fv_level_at(l), *low = pyramid + fv_level_at(l + 1);
		blur(level, smooth, room, side, 1);
		for (int64_t y = 0; y < half; y++)
			for (int64_t x = 0; x < half; x++)
				memcpy(low + (y * half + x) * 3,
				       smooth + (2 * y * side + 2 * x) * 3, 3 * sizeof(float));
		enlarge(low, smooth, room, side);
		for (int64_t i = 0; i < side * side * 3; i++)
			level[i] -= smooth[i];
	}
}

void fv_unpyramid(float *pyramid, void *room)
{
	float *large = (float *)room + 2 * FV_SQUARE_FLOATS;
	for (int l = FV_LEVELS - 2; l >= 0; l--) {
		int64_t side = fv_level_side(l);
		float *level = pyramid + fv_level_at(l);
		enlarge(pyramid + fv_level_at(l + 1), large, room, side);
		for (int64_t i = 0; i < side * side * 3; i++)
			level[i] += large[i];
	}
}
