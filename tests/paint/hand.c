/* SPDX-License-Identifier: Apache-2.0 */
/* hand MODEL: how much is painted, and where: strength, masks, one painting over another, colours
 * without a brush. */
#include "paint/paint.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { H = 80, W = 112, VALUES = H * W * 3 };
static uint8_t photo[VALUES], whole[VALUES], got[VALUES], other[VALUES], left[W], right[W];

static const fv_pixels in = { W, H, 3, 8, W * 3, photo };
static fv_pixels to(uint8_t *data) { return (fv_pixels){ W, H, 3, 8, W * 3, data }; }

static void draw(void)
{
	for (int i = 0; i < VALUES; i++)
		photo[i] = (uint8_t)(110 + 50 * sin(i * 0.013) + i % 19);
	for (int x = 0; x < W; x++)
		right[x] = x < W / 2 ? 0 : 255, left[x] = (uint8_t)(255 - right[x]);
}

static int worst(const uint8_t *a, const uint8_t *b, int from, int end)
{
	int most = 0;
	for (int y = 0; y < H; y++)
		for (int i = 3 * from; i < 3 * end; i++)
			most = (int)fmax(most, abs(a[y * W * 3 + i] - b[y * W * 3 + i]));
	return most;
}

static void paint(const fv_model *m, const fv_paint_options *o, uint8_t *result)
{
	fv_err err = { 0 };
	fv_pixels out = to(result);
	check(!fv_paint(&err, m, &in, o, &out), "%s", err.text);
}

/* The painting times 1.2 is as far beyond it as a fifth of the way to it. */
static void strengths(const fv_model *m)
{
	fv_paint_options o = FV_PAINT_DEFAULTS;
	fv_err err = { 0 };
	fv_pixels out = to(got);
	int off = 0;
	o.strength = 1.2f;
	paint(m, &o, got);
	for (int i = 0; i < VALUES; i++) {
		double want = photo[i] + 1.2 * (whole[i] - photo[i]);
		off += fabs(fmax(0, fmin(255, want)) - got[i]) > 1.6;
	}
	check(!off, "%d values of strength 1.2 are not beyond the painting", off);
	static const float wrong[] = { -0.1f, 1.31f, NAN };
	for (size_t i = 0; i < FV_COUNT(wrong); i++) {
		o.strength = wrong[i];
		check(fv_paint(&err, m, &in, &o, &out) == FV_E_ARGUMENT, "strength %g is painted",
		      (double)wrong[i]);
	}
}

/* A mask of one row, stretched over the picture, in each kind of pixel. */
static void masks(const fv_model *m)
{
	uint8_t rgba[W * 4];
	uint16_t wide[W];
	for (int x = 0; x < W; x++) {
		memset(rgba + 4 * x, 255, 3);
		rgba[4 * x + 3] = right[x];             /* white throughout, but hidden */
		wide[x] = (uint16_t)(257 * right[x]);
	}
	const fv_pixels kind[] = { { W, 1, 1, 8, W, right }, { W, 1, 4, 8, 4 * W, rgba },
	                           { W, 1, 1, 16, 2 * W, wide } };
	for (size_t i = 0; i < FV_COUNT(kind); i++) {
		fv_paint_options o = FV_PAINT_DEFAULTS;
		o.mask = &kind[i];
		paint(m, &o, got);
		check(!worst(got, photo, 0, W / 2), "mask %zu: what is black in it is painted", i);
		check(!worst(got, whole, W / 2, W), "mask %zu: what is white in it is not the painting", i);
	}
	fv_err err = { 0 };
	fv_pixels none = { W, 1, 1, 8, W, NULL }, out = to(got);
	fv_paint_options o = FV_PAINT_DEFAULTS;
	o.mask = &none;
	check(fv_paint(&err, m, &in, &o, &out) == FV_E_SHAPE, "a mask without pixels is taken");
	/* Two pixels stretched over the width: a ramp between their middles. */
	uint8_t two[2] = { 0, 255 };
	float share[W];
	fv_mask_row(&(fv_pixels){ 2, 1, 1, 8, 2, two }, &(fv_place){ 0, 0, H, W }, W, share);
	for (int x = 0; x < W; x++) {
		double want = fmax(0, fmin(1, (x + 0.5) * 2 / W - 0.5));
		check(fabs(share[x] - want) < 1e-5, "share %d is %.4f, not %.4f", x,
		      (double)share[x], want);
	}
}

/* Two styles (here: two seeds), each over its half, one added to the other; and both everywhere. */
static void layers(const fv_model *m)
{
	const fv_pixels l = { W, 1, 1, 8, W, left }, r = { W, 1, 1, 8, W, right };
	fv_paint_options o = FV_PAINT_DEFAULTS, second = FV_PAINT_DEFAULTS;
	fv_err err = { 0 };
	fv_pixels out = to(got);
	second.seed = 5;
	paint(m, &second, other);
	check(worst(whole, other, 0, W), "two seeds paint alike: nothing can be told apart");
	o.mask = &l;
	second.mask = &r;
	second.base = &out;
	paint(m, &o, got);
	check(!fv_paint(&err, m, &in, &second, &out), "%s", err.text);
	check(!worst(got, whole, 0, W / 2), "the first is not where its mask is");
	check(worst(got, other, W / 2, W) <= 1, "the second is not where its mask is");
	o.mask = second.mask = NULL;
	o.strength = 0.7f;
	second.strength = 0.3f;
	paint(m, &o, got);
	check(!fv_paint(&err, m, &in, &second, &out), "%s", err.text);
	int off = 0;
	for (int i = 0; i < VALUES; i++)
		off += fabs(0.7 * whole[i] + 0.3 * other[i] - got[i]) > 1.6;
	check(!off, "%d values of a mix are not between both", off);
	fv_pixels small = out;
	small.width--;
	second.base = &small;
	check(fv_paint(&err, m, &in, &second, &out) == FV_E_SHAPE, "a smaller base is taken");
}

static void colours(fv_model *m)
{
	fv_paint_options o = FV_PAINT_DEFAULTS;
	fv_err err = { 0 };
	fv_pixels out = to(got);
	o.colour_only = true;
	check(fv_paint(&err, m, &in, &o, &out) == FV_E_ARGUMENT, "his colours at palette 0.5");
	m->colours = 16;
	for (int i = 0; i < 16; i++)
		for (int k = 0; k < 3; k++)
			m->palette[i][k] = (uint8_t)(130 - 40 * k + 8 * i);
	o.palette = 1;
	paint(m, &o, got);
	double mean[3] = { 0 }, a = 0, b = 0, aa = 0, bb = 0, ab = 0, n = H * W;
	for (int i = 0; i < VALUES; i++)
		mean[i % 3] += got[i] / n;
	for (int k = 0; k < 3; k++)
		check(fabs(mean[k] - (190 - 40 * k)) < 12, "channel %d has a mean of %.0f, "
		      "not the palette's %d", k, mean[k], 190 - 40 * k);
	for (int i = 1; i < VALUES; i += 3) {
		a += photo[i] / n, b += got[i] / n;
		aa += photo[i] * photo[i] / n, bb += got[i] * got[i] / n, ab += photo[i] * got[i] / n;
	}
	ab = (ab - a * b) / sqrt((aa - a * a) * (bb - b * b));
	check(ab > 0.9, "what is drawn goes with the photograph by %.2f only", ab);
}

static void feather(fv_context *c)
{
	static float plane[H * W];
	fv_err err = { 0 };
	double sum = 0, spread = 0;
	plane[40 * W + 50] = 1;
	check(!fv_mask_feather(&err, c, plane, H, W, 5), "%s", err.text);
	for (int i = 0; i < H * W; i++) {
		sum += plane[i];
		spread += plane[i] * pow(i % W - 50, 2);
	}
	check(fabs(sum - 1) < 1e-4, "a blur changes the sum to %g", sum);
	check(fabs(sqrt(spread) - 5) < 0.6, "a blur of 5 pixels is one of %.2f", sqrt(spread));
	for (int i = 0; i < H * W; i++)
		plane[i] = 0.5f;
	check(!fv_mask_feather(&err, c, plane, H, W, 300), "%s", err.text);
	for (int i = 0; i < H * W; i += 501)
		check(fabsf(plane[i] - 0.5f) < 1e-5f, "an even mask is uneven after a blur");
}

int main(int argc, char **argv)
{
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_err err = { 0 };
	if (check(argc == 2 && !fv_context_new(&err, NULL, &c) && !fv_model_open(&err, c, argv[1], &m),
	          "%s", err.text)) {
		draw();
		paint(m, NULL, whole);
		strengths(m);
		masks(m);
		layers(m);
		colours(m);
		feather(c);
	}
	fv_model_free(m);
	fv_context_free(c);
	return finish("hand");
}
