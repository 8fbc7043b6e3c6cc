/* SPDX-License-Identifier: Apache-2.0 */
/* choices MODEL: whatever kernels are chosen in float, the painting is the same within 1 of 255; in bf16 nearly. */
#include "fauve/fauve.h"
#include "base/base.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 212
#define HEIGHT 156
static uint8_t photo[HEIGHT][WIDTH][3], first[HEIGHT][WIDTH][3], other[HEIGHT][WIDTH][3];

static fv_status paint(fv_err *err, const char *model, const fv_context_options *o, void *result)
{
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_pixels in = { WIDTH, HEIGHT, 3, 8, WIDTH * 3, photo }, out = in;
	out.data = result;
	fv_status st = fv_context_new(err, o, &c);
	if (!st)
		st = fv_model_open(err, c, model, &m);
	if (!st)
		st = fv_paint(err, m, &in, NULL, &out);
	fv_model_free(m);
	fv_context_free(c);
	return st;
}

/* What a painter prepares for one picture does for the next: another of another size between, none, then the same again. */
static void many(const char *model, const fv_context_options *o)
{
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_painter *p = NULL;
	int64_t held[5];
	fv_pixels in = { WIDTH, HEIGHT, 3, 8, WIDTH * 3, photo }, out = in;
	out.data = other;
	fv_status st = fv_context_new(&err, o, &c);
	if (!st && !(st = fv_model_open(&err, c, model, &m)))
		st = fv_painter_new(&err, m, &p);
	for (int i = 0; i < 5 && !st; i++) {
		memset(other, 0, sizeof other);
		in.height = out.height = i == 2 ? HEIGHT / 2 : HEIGHT;
		st = fv_painter_paint(&err, p, &in, NULL, &out);
		check(!st && (i == 2 || !memcmp(other, first, sizeof first)), "picture %d of a painter is another: %s", i, err.text);
		held[i] = fv_painter_bytes(p);
	}
	check(!st && held[1] > held[0] && held[2] < held[0] && held[3] == held[0] && held[4] == held[1],
	      "bytes held: %lld, %lld, %lld, %lld, %lld", (long long)held[0], (long long)held[1], (long long)held[2], (long long)held[3], (long long)held[4]);
	fv_painter_free(p);
	fv_model_free(m);
	fv_context_free(c);
}

int main(int argc, char **argv)
{
	static const struct { const char *what; fv_context_options o; int allowed; } list[] = {
		{ "plain", { .isa = "plain" }, 1 }, { "avx2", { .isa = "avx2" }, 1 }, { "avx512", { .isa = "avx512" }, 1 },
		{ "direct sums", { .exact = true }, 1 }, { "direct sums, plain", { .isa = "plain", .exact = true }, 1 }, { "one thread", { .threads = 1 }, 0 },
		{ "bf16", { .bf16 = true }, 12 },
	};
	fv_err err = { 0 };
	fv_context_options all = { .size = sizeof all, .threads = 3 };
	if (argc != 2) {
		fprintf(stderr, "usage: choices MODEL\n");
		return 2;
	}
	/* Soft hills with some grain. */
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			for (int k = 0; k < 3; k++)
				photo[y][x][k] = (uint8_t)(110 + 60 * sin(x / 23.0 + k) + 50 * cos(y / 17.0 - k) + (x * 7919 + y * 104729 + k * 31) % 30);
	check(!paint(&err, argv[1], &all, first), "%s", err.text);
	check(memcmp(photo, first, sizeof photo) != 0, "nothing is painted");
	many(argv[1], &all);
	for (size_t i = 0; i < FV_COUNT(list); i++) {
		fv_context_options o = list[i].o;
		int far = 0;
		o.size = sizeof o;
		memset(other, 0, sizeof other);
		if (!check(!paint(&err, argv[1], &o, other), "%s: %s", list[i].what, err.text))
			continue;
		for (size_t k = 0; k < sizeof first; k++)
			far = (int)fv_max(far, abs(((uint8_t *)first)[k] - ((uint8_t *)other)[k]));
		check(far <= list[i].allowed, "%s: %d of 255 apart (%d allowed)", list[i].what, far, list[i].allowed);
	}
	return finish("choices");
}
