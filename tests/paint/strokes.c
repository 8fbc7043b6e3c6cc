/* SPDX-License-Identifier: Apache-2.0 */
/* strokes MODEL: strokes as wide as one likes, in pictures of any size, in any memory. */
#include "paint/paint.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 213
#define HEIGHT 157
#define LARGE_WIDTH 1709                /* with LARGE_HEIGHT just over 2.25 million pixels */
#define LARGE_HEIGHT 1317
static uint8_t photo[HEIGHT][WIDTH][4], plain[HEIGHT][WIDTH][4], wide[HEIGHT][WIDTH][4], again[HEIGHT][WIDTH][4];
static uint8_t large[2][LARGE_HEIGHT][LARGE_WIDTH][3];
static fv_model *model;

static fv_status paint(const fv_model *m, int64_t width, int64_t height, int strokes, int64_t most, void *out)
{
	fv_pixels in = { width, height, 4, 8, WIDTH * 4, photo }, to = in;
	fv_paint_options o = { sizeof o, 1, 7, most, strokes };
	fv_err err = { 0 };
	to.data = out;
	memset(out, 1, sizeof photo);
	fv_status st = fv_paint(&err, m, &in, &o, &to);
	if (st && st != FV_E_ARGUMENT)
		printf("%s\n", err.text);
	return st;
}

/* How far 2x2 means of paintings are from what is painted of the picture's half, both in the mean of many seeds: each has noise
 * of its own. */
static double from_half(int strokes)
{
	enum { H = (HEIGHT + 1) / 2, W = (WIDTH + 1) / 2, SEEDS = 16 };
	static uint8_t half[2][H][W][3];
	static double off[H][W][3];
	fv_pixels whole = { WIDTH, HEIGHT, 4, 8, WIDTH * 4, photo }, all = whole, in = { W, H, 3, 8, W * 3, half[0] }, out = in;
	double sum = 0;
	all.data = again;
	out.data = half[1];
	memset(off, 0, sizeof off);
	fv_strokes_halve(model->context, &whole, &in);
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		if (fv_paint(NULL, model, &in, &(fv_paint_options){ sizeof(fv_paint_options), 1, seed, 0, 1 }, &out) ||
		    fv_paint(NULL, model, &whole, &(fv_paint_options){ sizeof(fv_paint_options), 1, seed, 0, strokes }, &all))
			return NAN;
		for (int y = 0; y < HEIGHT / 2; y++)
			for (int x = 0; x < WIDTH / 2; x++)
				for (int k = 0; k < 3; k++)
					off[y][x][k] += (again[2 * y][2 * x][k] + again[2 * y + 1][2 * x][k] + again[2 * y][2 * x + 1][k] + again[2 * y + 1][2 * x + 1][k]) / 4.0 -
					                half[1][y][x][k];
	}
	for (int i = 0; i < H * W * 3; i++)
		sum += fabs((&off[0][0][0])[i]) / SEEDS;
	return sum / (H * W * 3);
}

static double mean_of(const uint8_t p[HEIGHT][WIDTH][4])
{
	double sum = 0;
	for (int i = 0; i < HEIGHT * WIDTH * 4; i++)
		sum += i % 4 < 3 ? (&p[0][0][0])[i] : 0;
	return sum / (HEIGHT * WIDTH * 3);
}

/* The parts: a ramp comes back from its half; what the half says already changes nothing. */
static void parts(fv_context *c)
{
	enum { H = 37, W = 51, HALF_H = 19, HALF_W = 26 };
	static float y[H][W][3], r[HALF_H][HALF_W][3];
	static uint16_t whole[H][W][4], half[HALF_H][HALF_W][3];
	double off = 0, changed = 0;
	for (int i = 0; i < HALF_H; i++)
		for (int j = 0; j < HALF_W; j++)
			for (int k = 0; k < 3; k++)
				r[i][j][k] = 0.01f * (float)(2 * i) + 0.02f * (float)(2 * j) - 0.3f * (float)k;
	check(!fv_strokes_join(NULL, c, &y[0][0][0], H, W, 3 * W, &r[0][0][0]), "a ramp is enlarged");
	for (int i = 4; i < H - 5; i++)
		for (int j = 4; j < W - 5; j++)
			for (int k = 0; k < 3; k++)
				off = fmax(off, fabs(y[i][j][k] - (0.01 * (i - 0.5) + 0.02 * (j - 0.5) - 0.3 * k)));
	check(off < 1e-5, "an enlarged ramp is off by %g", off);
	for (int i = 0; i < H; i++)
		for (int j = 0; j < W; j++)
			for (int k = 0; k < 4; k++)
				whole[i][j][k] = (uint16_t)(1000 * i + 100 * j + k), y[i][j][k % 3] = (float)sin(i * 0.7 + j * 1.3 + k % 3);
	for (int i = 0; i < HALF_H; i++)
		for (int j = 0; j < HALF_W; j++)
			for (int k = 0; k < 3; k++) {
				int i1 = (int)fv_min(2 * i + 1, H - 1), j1 = (int)fv_min(2 * j + 1, W - 1);
				r[i][j][k] = 0.25f * (y[2 * i][2 * j][k] + y[2 * i][j1][k] + y[i1][2 * j][k] + y[i1][j1][k]);
			}
	fv_strokes_join(NULL, c, &y[0][0][0], H, W, 3 * W, &r[0][0][0]);
	for (int i = 0; i < H; i++)
		for (int j = 0; j < W; j++)
			for (int k = 0; k < 3; k++)
				changed = fmax(changed, fabs(y[i][j][k] - (float)sin(i * 0.7 + j * 1.3 + k)));
	check(changed < 1e-6, "what its half says already changes a painting by %g", changed);
	fv_pixels a = { W, H, 4, 16, sizeof whole[0], whole }, b = { HALF_W, HALF_H, 3, 16, sizeof half[0], half };
	fv_strokes_halve(c, &a, &b);
	check(half[3][5][1] == 6500 + 1050 + 1 && half[HALF_H - 1][2][0] == 36000 + 450 && half[0][HALF_W - 1][2] == 500 + 5000 + 2, "a half: %d %d %d", half[3][5][1],
	      half[HALF_H - 1][2][0], half[0][HALF_W - 1][2]);
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c[2] = { NULL };
	fv_model *other = NULL;
	if (argc != 2) {
		fprintf(stderr, "usage: strokes MODEL\n");
		return 2;
	}
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			for (int k = 0; k < 4; k++)
				photo[y][x][k] = (uint8_t)(110 + 60 * sin(x / 23.0 + k) + 50 * cos(y / 17.0 - k) + (x * 7919 + y * 104729 + k * 31) % 30);
	if (fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 3 }, &c[0]) || fv_model_open(&err, c[0], argv[1], &model) ||
	    fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 1 }, &c[1]) || fv_model_open(&err, c[1], argv[1], &other)) {
		printf("%s\n", err.text);
		return 1;
	}
	parts(c[0]);

	check(!paint(model, WIDTH, HEIGHT, 1, 0, plain) && !paint(model, WIDTH, HEIGHT, 0, 0, again) && !memcmp(plain, again, sizeof plain),
	      "a small picture's strokes are as learnt");
	check(!paint(model, WIDTH, HEIGHT, 2, 0, wide) && memcmp(plain, wide, sizeof plain), "strokes twice as wide");
	check(1.5 * from_half(2) < from_half(1), "from the half's painting: %.2f, with wide strokes %.2f", from_half(1), from_half(2));
	check(fabs(mean_of(wide) - mean_of(plain)) < 4, "the picture's brightness goes from %.1f to %.1f", mean_of(plain), mean_of(wide));
	int alpha = 0;
	for (int i = 3; i < HEIGHT * WIDTH * 4; i += 4)
		alpha += (&wide[0][0][0])[i] != (&photo[0][0][0])[i];
	check(!alpha, "alpha changed in %d places", alpha);
	check(!paint(other, WIDTH, HEIGHT, 2, 0, again) && !memcmp(wide, again, sizeof wide), "1 and 3 threads paint other bits");

	/* A painter's second picture, and in less memory. */
	fv_painter *p = NULL;
	fv_pixels in = { WIDTH, HEIGHT, 4, 8, WIDTH * 4, photo }, out = in;
	out.data = again;
	fv_status st = fv_painter_new(&err, model, &p);
	for (int i = 0; i < 3 && !st; i++) {
		memset(again, 0, sizeof again);
		st = fv_painter_paint(&err, p, &in, &(fv_paint_options){ sizeof(fv_paint_options), 1, 7, 0, 2 }, &out);
		check(!st && !memcmp(wide, again, sizeof wide), "picture %d of a painter is another: %s", i, err.text);
	}
	int64_t bytes = fv_painter_bytes(p), far = 0;
	fv_painter_free(p);
	check(!paint(model, WIDTH, HEIGHT, 2, bytes * 2 / 5, again), "two fifths of %lld bytes are too few", (long long)bytes);
	for (int i = 0; i < HEIGHT * WIDTH * 4; i++)
		far = fv_max(far, abs((&again[0][0][0])[i] - (&wide[0][0][0])[i]));
	check(far <= 2, "in bands the painting is another by %lld", (long long)far);

	for (int size = 1; size < 150; size = size * 3 + 1)
		for (int strokes = 2; strokes <= 16; strokes *= 2)
			check(!paint(model, size + 4, size, strokes, 0, again), "%dx%d with strokes of %d", size + 4, size, strokes);
	check(paint(model, WIDTH, HEIGHT, 3, 0, again) == FV_E_ARGUMENT && paint(model, WIDTH, HEIGHT, 32, 0, again) == FV_E_ARGUMENT &&
	      paint(model, WIDTH, HEIGHT, -1, 0, again) == FV_E_ARGUMENT && again[0][0][0] == 1, "strokes that cannot be are painted");

	/* A large picture is painted with wide strokes unasked. */
	for (int y = 0; y < LARGE_HEIGHT; y++)
		for (int x = 0; x < LARGE_WIDTH; x++)
			memcpy(large[0][y][x], photo[y % HEIGHT][x % WIDTH], 3);
	fv_pixels from = { LARGE_WIDTH, LARGE_HEIGHT, 3, 8, LARGE_WIDTH * 3, large[0] }, to = from;
	to.data = large[1];
	check(!fv_paint(&err, model, &from, NULL, &to), "%s", err.text);
	uint64_t hash[3] = { 0 };
	for (int i = 0; i < 3; i++) {
		if (i)
			fv_paint(&err, model, &from, &(fv_paint_options){ sizeof(fv_paint_options), 1, 0, 0, i }, &to);
		for (int64_t k = 0; k < (int64_t)sizeof large[1]; k++)
			hash[i] = hash[i] * 31 + (&large[1][0][0][0])[k];
	}
	check(hash[0] == hash[2] && hash[0] != hash[1], "%dx%d is not painted with strokes of 2", LARGE_WIDTH, LARGE_HEIGHT);
	fv_model_free(model);
	fv_model_free(other);
	fv_context_free(c[0]);
	fv_context_free(c[1]);
	return finish("strokes");
}
