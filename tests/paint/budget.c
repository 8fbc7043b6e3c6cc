/* SPDX-License-Identifier: Apache-2.0 */
/* budget MODEL: what painting takes stays below what it may take, and fv_paint_least() says how little that can be. */
#include "base/base.h"
#include "paint/paint.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

typedef struct { int64_t live, most; } counter;

/* The size stands before the block. */
static void *counted_alloc(void *user, size_t bytes, size_t align)
{
	counter *n = user;
	char *p = aligned_alloc(align, bytes + align);
	if (!p)
		return NULL;
	((size_t *)(void *)(p + align))[-1] = align;
	((size_t *)(void *)(p + align))[-2] = bytes;
	n->live += (int64_t)bytes;
	n->most = fv_max(n->most, n->live);
	return p + align;
}

static void counted_free(void *user, void *memory)
{
	if (!memory)
		return;
	((counter *)user)->live -= (int64_t)((size_t *)memory)[-2];
	free((char *)memory - ((size_t *)memory)[-1]);
}

static void one(fv_context *c, counter *n, const fv_model *m, int64_t w, int64_t h, fv_paint_options o)
{
	fv_err err = { 0 };
	fv_pixels p = { w, h, 3, 8, w * 3, malloc((size_t)(w * h * 3)) };
	int64_t least = 0, before = n->live;
	for (int64_t i = 0; i < 3 * w * h; i++)
		((uint8_t *)p.data)[i] = (uint8_t)(i * 37 + i / 91 * 13);
	check(!fv_paint_least(&err, m, h, w, &o, &least), "%dx%d: %s", (int)w, (int)h, err.text);
	for (int i = 0; i < 4; i++) {
		o.max_memory = least * (4 + i) / 4;
		n->most = n->live;
		check(!fv_paint(&err, m, &p, &o, &p), "%dx%d with %d of %d bytes: %s", (int)w, (int)h, (int)o.max_memory, (int)least, err.text);
		/* Graphs, lists and axes are small, and not counted. */
		check(n->most - before < o.max_memory + 2000000, "%dx%d, strokes %g: %d bytes are taken, %d allowed", (int)w, (int)h, (double)o.strokes, (int)(n->most - before),
		      (int)o.max_memory);
	}
	o.max_memory = least * 9 / 10;
	n->most = n->live;
	check(fv_paint(&err, m, &p, &o, &p) == FV_E_MEMORY, "%dx%d: painted with less than the least", (int)w, (int)h);
	free(p.data);
}

int main(int argc, char **argv)
{
	counter n = { 0 };
	fv_context *c;
	fv_model *m;
	fv_err err;
	fv_allocator a = { counted_alloc, counted_free, &n };
	if (argc < 2 || fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2, .allocator = &a }, &c) ||
	    fv_model_open(&err, c, argv[1], &m))
		return 1;
	fv_paint_options o = FV_PAINT_DEFAULTS;
	o.strokes = 0.02f;
	one(c, &n, m, 700, 500, o);
	o.strokes = 0.2f;
	one(c, &n, m, 500, 700, o);
	o.palette = 0;
	one(c, &n, m, 333, 77, o);
	fv_model_free(m);
	fv_context_free(c);
	check(!n.live, "%d bytes leak", (int)n.live);
	return finish("budget");
}
