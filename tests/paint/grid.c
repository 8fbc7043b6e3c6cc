/* SPDX-License-Identifier: Apache-2.0 */
/* grid: a pattern that repeats every four pixels goes, and nothing else. */
#include "paint/paint.h"
#include "test.h"
#include <math.h>

enum { H = 403, W = 610, STEP = 3 * (W + 6) };
static float y[H * STEP], was[H * STEP];

static float noise(uint32_t *r)
{
	*r = *r * 1664525 + 1013904223;
	return (float)(*r >> 8) / 16777216.0f - 0.5f;
}

/* Grain of that strength on a slope with an edge in it, and a pattern of that depth. */
static void make(float grain, float depth)
{
	uint32_t r = 1;
	for (int i = 0; i < H; i++)
		for (int q = 0; q < W; q++)
			for (int k = 0; k < 3; k++) {
				float g = noise(&r) * grain + (float)i / H - 0.5f + (q > 100 && q < 140 ? 0.4f : 0);
				was[i * STEP + 3 * q + k] = g;
				y[i * STEP + 3 * q + k] = g + (i % 4 == 1 && q % 4 == 2 ? depth : i % 2 ? -depth / 2 : 0);
			}
}

/* The largest difference of two places' means from `was`, whose own is 0. */
static double pattern(void)
{
	double mean[16] = { 0 }, low = 1e9, high = -1e9;
	for (int i = 0; i < H / 4 * 4; i++)
		for (int q = 0; q < W / 4 * 4; q++)
			mean[i % 4 * 4 + q % 4] += y[i * STEP + 3 * q] - was[i * STEP + 3 * q];
	for (int k = 0; k < 16; k++)
		low = fmin(low, mean[k]), high = fmax(high, mean[k]);
	return (high - low) / (H / 4 * (W / 4));
}

int main(void)
{
	fv_err err;
	for (int threads = 1; threads <= 3; threads += 2) {
		fv_context *c;
		if (fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = threads }, &c)) {
			printf("grid: %s\n", err.text);
			return 1;
		}
		make(0.1f, 0.01f);
		check(pattern() > 0.0145, "the pattern is not there: %g", pattern());
		check(!fv_ungrid(&err, c, y, H, W, STEP), "%s", err.text);
		check(pattern() < 0.002, "of a pattern 0.015 deep %g is left", pattern());
		make(0.1f, 0);
		check(!fv_ungrid(&err, c, y, H, W, STEP), "%s", err.text);
		check(pattern() < 0.002, "a picture without a pattern got one %g deep", pattern());
		make(0, 0);
		check(!fv_ungrid(&err, c, y, H, W, STEP), "%s", err.text);
		check(pattern() < 0.5 / 255, "a slope with an edge got a pattern %g deep", pattern());
		float small[5 * 5 * 3] = { 1 };
		check(!fv_ungrid(&err, c, small, 4, 5, 15) && !fv_ungrid(&err, c, small, 5, 5, 15), "%s", err.text);
		check(small[0] > 0.9f && small[0] <= 1, "a tiny picture has changed: %g", (double)small[0]);
		fv_context_free(c);
	}
	return finish("grid");
}
