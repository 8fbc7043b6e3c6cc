/* SPDX-License-Identifier: Apache-2.0 */
/* alloc MODEL: fauve's k-th allocation fails, for every k, in making a context, opening a model and painting a buffer:
 * a sentence each time, no leak, and the buffer as it was. */
#include "fauve/fauve.h"
#include "base/base.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

/* Given out and not yet taken back; from one thread only, as fauve.h promises. */
typedef struct { int64_t calls, fail_at, live; } counter;

static void *counted_alloc(void *user, size_t bytes, size_t align)
{
	counter *n = user;
	if (++n->calls == n->fail_at)
		return NULL;
	void *p = aligned_alloc(align, bytes);
	if (p) {
		memset(p, 0xa5, bytes);                         /* nobody may count on zeros */
		n->live++;
	}
	return p;
}

static void counted_free(void *user, void *memory)
{
	((counter *)user)->live -= memory != NULL;
	free(memory);
}

#define WIDTH 64
#define HEIGHT 160
#define LITTLE 1500000                   /* bytes */
static uint8_t photo[HEIGHT][WIDTH][4], result[HEIGHT][WIDTH][4], good[HEIGHT][WIDTH][4];

/* At once; in place; in bands: with less memory than it takes at once; as the third of a painter's; with wide strokes; along a drawn flow; in
 * the photograph's colours. */
enum { ONCE, PLACE, BANDS, THIRD, WIDE, DRAWN, COLOURS, WAYS };
static fv_status third(fv_err *err, const fv_model *m, const fv_pixels *in, const fv_paint_options *o, fv_pixels *out)
{
	static uint8_t other[HEIGHT][WIDTH][4];
	fv_painter *p = NULL;
	fv_pixels before = *in;
	before.data = other;
	fv_status st = fv_painter_new(err, m, &p);
	for (int i = 0; i < 3 && !st; i++)
		st = fv_painter_paint(err, p, in, o, i < 2 ? &before : out);
	check(st || fv_painter_bytes(p) > 0, "a painter holds nothing");
	fv_painter_free(p);
	return st;
}

static fv_status paint(fv_err *err, counter *n, const char *model, int way)
{
	fv_allocator a = { counted_alloc, counted_free, n };
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_pixels in = { WIDTH, HEIGHT, 4, 8, WIDTH * 4, way == PLACE ? result : photo }, out = in;
	static uint8_t drawn[4][4][3] = { { { 255 } } };
	const fv_pixels flow = { 4, 4, 3, 8, 12, drawn };
	fv_paint_options o = FV_PAINT_DEFAULTS;
	o.strength = 0.7f;
	o.seed = 3;
	o.max_memory = way == BANDS ? LITTLE : 0;
	/* As wide as makes it paint at the picture's own size; wider, at less. */
	o.strokes = way == WIDE ? 0.3f : 0.2f;
	o.flow = way == DRAWN ? &flow : NULL;
	o.palette = way == COLOURS ? 0 : 0.5f;
	out.data = result;
	fv_status st = fv_context_new(err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2, .allocator = &a }, &c);
	if (!st)
		st = fv_model_open(err, c, model, &m);
	if (!st)
		st = way == THIRD ? third(err, m, &in, &o, &out) : fv_paint(err, m, &in, &o, &out);
	fv_model_free(m);
	fv_context_free(c);
	return st;
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	counter n = { 0 };
	if (argc != 2) {
		fprintf(stderr, "usage: alloc MODEL\n");
		return 2;
	}
	for (int i = 0; i < HEIGHT * WIDTH * 4; i++)
		((uint8_t *)photo)[i] = (uint8_t)(i * 7 + i / 100);
	for (int way = 0; way < WAYS; way++) {
		memset(result, 0x77, sizeof result);
		if (way == PLACE)
			memcpy(result, photo, sizeof result);
		n = (counter){ 0 };
		check(!paint(&err, &n, argv[1], way), "painting: %s", err.text);
		check(!n.live, "painting leaks %d pieces of memory", (int)n.live);
		check(memcmp(photo, result, sizeof photo) != 0, "the picture is not painted");
		int far = 0;
		for (int i = 0; i < HEIGHT * WIDTH * 4 && way == BANDS; i++)
			far += abs(((uint8_t *)good)[i] - ((uint8_t *)result)[i]) > 1;
		check(!far, "in bands %d values differ", far);
		if (way != PLACE)
			memcpy(good, result, sizeof good);
		int64_t calls = n.calls, k = 1;
		check(calls > 20, "%d allocations are too few to be all of fauve's", (int)calls);
		for (;; k++) {
			uint8_t before[HEIGHT][WIDTH][4];
			memset(result, 0x77, sizeof result);
			if (way == PLACE)
				memcpy(result, photo, sizeof result);
			memcpy(before, result, sizeof before);
			err = (fv_err){ 0 };
			n = (counter){ .fail_at = k };
			fv_status st = paint(&err, &n, argv[1], way);
			check(!n.live, "allocation %d fails: %d pieces of memory are lost", (int)k, (int)n.live);
			if (n.calls < k) {
				check(!st && !memcmp(result, good, sizeof good), "none fails: status %d, %s", st, err.text);
				break;
			}
			/* Without memory to keep weights in a painter paints all the same. */
			if (way == THIRD && !st) {
				check(!memcmp(result, good, sizeof good), "allocation %d fails: another picture", (int)k);
				continue;
			}
			check(st == FV_E_MEMORY && err.status == st && strlen(err.text) > 10, "allocation %d fails: status %d, '%s'", (int)k, st, err.text);
			check(!memcmp(result, before, sizeof before), "allocation %d fails: the buffer is not as it was", (int)k);
		}
		check(k == calls + 1, "%d allocations, then %d", (int)calls, (int)k - 1);
	}
	return finish("alloc");
}
