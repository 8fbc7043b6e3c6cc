/* SPDX-License-Identifier: Apache-2.0 */
/* The photograph as a print: flat areas with lines in ink around them [1]. Its colours are the
 * photograph's; the network moves them.
 *
 *	y = flat (1 - 0.8 l) + 0.8 l ink	l: the darker of a fine and a wide line
 *	z = 2 fine - 1, 2 wide - 1, 2 heavy - 1, the texture that was flattened
 *
 * There is no noise: a network makes a motif of what noise it is given, all over what should be
 * flat. Widths go with `broad`, so an enlarged picture with `broad` enlarged has the same print
 * enlarged.
 *
 * [1] Kang, Lee, Chui: Flow-Based Image Abstraction, TVCG 2009 */
#include "base/luma.h"
#include "stroke/way.h"
#include <math.h>

#define LINES 3
#define ROUNDS 4
#define TOLERANCE 0.28
#define INKED 0.8f
#define TEXTURE 1.5                     /* times as strong as in the photograph, tanh-bounded */
static const double width[LINES] = { 0.5, 1, 2 };       /* in pixels of the training's size */
static const float ink[3] = { -0.78f, -0.76f, -0.66f };

typedef struct {
	const float *x, *line[LINES];
	float *y, *z;
	int64_t w;
} sheet;

static float luma(const float *x) { return fv_luma(x[0], x[1], x[2]); }

static void print_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const sheet *s = arg;
	for (int64_t i = first * s->w; i < last * s->w; i++) {
		float *y = s->y + 3 * i, *z = s->z + FV_STROKE_MARKS * i;
		float l = INKED * fmaxf(s->line[0][i], s->line[1][i]);
		for (int k = 0; k < LINES; k++)
			z[k] = 2 * s->line[k][i] - 1;
		z[LINES] = tanhf(TEXTURE * (luma(s->x + 3 * i) - luma(y)));
		for (int k = 0; k < 3; k++)
			y[k] += l * (ink[k] - y[k]);
	}
}

fv_status fv_stroke_print(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                          int64_t w, const fv_stroke_options *o, float *y, float *z)
{
	fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	if (st)
		return st;
	const size_t bytes = (size_t)(LINES * h * w) * sizeof(float);
	const double broad = k.broad;
	float *room = fv_alloc_rough(c, bytes);
	if (!room)
		return fv_fail_memory(err, "print", bytes);
	sheet s = { .x = x, .y = y, .z = z, .w = w };
	k.scale = broad;
	st = fv_stroke_flat(err, c, x, v, h, w, &k, ROUNDS, TOLERANCE * (1.5 - k.detail), y);
	for (int i = 0; i < LINES && !st; i++) {
		float *line = room + i * h * w;
		k.scale = fmin(64, fmax(1.0 / 16, width[i] * broad));
		st = fv_stroke_lines(err, c, y, v, h, w, &k, line);
		s.line[i] = line;
	}
	if (!st)
		st = fv_stroke_rows(err, c, print_rows, &s, h, 8);
	fv_free(c, room);
	return st;
}
