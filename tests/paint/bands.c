/* SPDX-License-Identifier: Apache-2.0 */
/* Painting in bands gives what painting at once gives, in the memory that is allowed, whatever is stored and what is made again. */
#include "base/base.h"
#include "net/net.h"
#include "paint/bands.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes given out, now and at most; each block's size stands before it. */
typedef struct { int64_t now, most; } meter;

static void *metered_alloc(void *user, size_t bytes, size_t align)
{
	meter *m = user;
	char *p = aligned_alloc(align, bytes + align);
	if (!p)
		return NULL;
	memset(p, 0xa5, bytes + align);                         /* nobody may count on zeros */
	*(size_t *)p = bytes;
	*(size_t *)(p + sizeof bytes) = align;
	m->now += (int64_t)bytes;
	m->most = fv_max(m->most, m->now);
	return p + align;
}

static void metered_free(void *user, void *memory)
{
	if (!memory)
		return;
	/* Every block of fauve's is aligned to FV_ALIGN. */
	char *p = (char *)memory - FV_ALIGN;
	((meter *)user)->now -= (int64_t)*(size_t *)p;
	free(p);
}

typedef struct { const char *name; bool resnet, affine; int width, blocks; int64_t h, w; int depth; } painter;

typedef struct { fv_graph *g; bool marks; } network;

static fv_status build(fv_err *err, fv_context *c, fv_store *store, const painter *p, network *n)
{
	fv_status st = fv_graph_new(err, c, &n->g);
	if (st)
		return st;
	fv_scope s = { .g = n->g, .store = store, .prefix = "", .create = true, .seed = 5 };
	fv_node *x = fv_input(n->g, "picture", FV_F32, fv_nhwc(1, p->h, p->w, 3)), *y;
	n->marks = !p->resnet && !p->depth;
	if (p->depth) {
		const fv_unet k = { .width = p->width, .depth = p->depth, .dropout = true };
		s.batch_statistics = s.dropout = true;
		y = fv_unet_build(&s, &k, x);
	} else if (p->resnet)
		y = fv_resnet_build(&s, &(fv_resnet){ .width = p->width, .blocks = p->blocks }, x);
	else {
		fv_strokenet k = { .width = p->width, .blocks = p->blocks, .marks = 4, .stem = p->affine ? 5 : 3, .affine = p->affine };
		y = fv_strokenet_build(&s, &k, x, fv_input(n->g, "marks", FV_F32, fv_nhwc(1, p->h, p->w, FV_STROKE_MARKS)));
	}
	fv_output(n->g, y, "y");
	return n->g->err.status ? fv_fail(err, n->g->err.status, "%s", n->g->err.text) : FV_OK;
}

static double apart(const float *a, const float *b, int64_t n)
{
	double worst = 0;
	for (int64_t i = 0; i < n; i++)
		worst = fmax(worst, isfinite(a[i]) ? fabs((double)a[i] - (double)b[i]) : INFINITY);
	return worst;
}

static void try(const painter *p)
{
	static const fv_key key = { 3, 7, 0 };
	meter m = { 0 };
	fv_allocator al = { metered_alloc, metered_free, &m };
	fv_err err = { 0 };
	fv_context *c;
	fv_store *store;
	fv_program *program;
	network n = { 0 };
	int64_t size = p->h * p->w * 3;
	if (fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2, .allocator = &al }, &c) ||
	    fv_store_new(&err, c, &store) || build(&err, c, store, p, &n) || fv_program_new(&err, c, n.g, NULL, &program)) {
		check(false, "%s: %s", p->name, err.text);
		return;
	}
	float *x = malloc((size_t)size * sizeof *x), *y = malloc((size_t)size * sizeof *y), *truth = malloc((size_t)size * sizeof *truth), *z = malloc((size_t)(size / 3 * FV_STROKE_MARKS) * sizeof *z);
	for (int64_t i = 0; i < size; i++)
		x[i] = (float)((i * 7919 + i / 97 * 31) % 255) / 127.5f - 1;
	for (int64_t i = 0; i < size / 3 * FV_STROKE_MARKS; i++)
		z[i] = (float)((i * 104729 + i / 89 * 17) % 511) / 127.5f - 2;
	fv_program_put(program, "picture", x);
	if (n.marks)
		fv_program_put(program, "marks", z);
	check(!fv_program_run(&err, program, key) && !fv_program_get(&err, program, "y", truth), "%s: %s", p->name, err.text);
	int64_t whole = fv_program_bytes(program), limit = 2 * whole;
	fv_program_free(program);
	fv_graph_free(n.g);
	int done = 0;
	for (fv_status st = FV_OK; !st; limit = limit * 4 / 5) {
		if (!check(!build(&err, c, store, p, &n), "%s: %s", p->name, err.text))
			break;
		int64_t before = m.now;
		m.most = m.now;
		memset(y, 0, (size_t)size * sizeof *y);
		const fv_bands_input in[] = { { "picture", x }, { "marks", z } };
		st = fv_bands_run(&err, c, n.g, in, n.marks ? 2 : 1, y, key, limit);
		if (!st) {
			double d = apart(y, truth, size);
			check(d < 1e-4, "%s in %.2f MB: off by %g", p->name, (double)limit / 1e6, d);
			/* Lists of graphs and plans, and kernels' scratch, are not foreseen: about a megabyte. */
			check(m.most - before <= limit + 1200000, "%s: %.2f MB allowed, %.2f MB taken", p->name, (double)limit / 1e6, (double)(m.most - before) / 1e6);
			done++;
		} else
			check(st == FV_E_MEMORY && strstr(err.text, "at least"), "%s in %.2f MB: %s", p->name, (double)limit / 1e6, err.text);
		check(m.now == before, "%s in %.2f MB: %lld bytes stay behind", p->name, (double)limit / 1e6, (long long)(m.now - before));
		fv_graph_free(n.g);
	}
	check(done >= 3 && limit < whole * 3 / 4, "%s: takes %.2f MB at once, refuses %.2f MB", p->name, (double)whole / 1e6, (double)limit * 5 / 4 / 1e6);
	free(x);
	free(z);
	free(y);
	free(truth);
	fv_store_free(store);
	fv_context_free(c);
	check(m.now == 0, "%s: %lld bytes are lost", p->name, (long long)m.now);
}

int main(void)
{
	static const painter list[] = {
		{ "strokenet 256x160", false, true, 12, 2, 256, 160 }, { "without affine 208x112", false, false, 10, 1, 208, 112 },
		{ "strokenet 48x304", false, true, 8, 1, 48, 304 }, { "resnet 228x96", true, false, 8, 2, 228, 96 },
		{ "resnet 100x132", true, false, 12, 1, 100, 132 },
		{ "unet 192x128", .width = 6, .depth = 6, .h = 192, .w = 128 },
		{ "unet 512x256", .width = 2, .depth = 8, .h = 512, .w = 256 },
		{ "unet 1536x64", .width = 2, .depth = 6, .h = 1536, .w = 64 },
	};
	for (size_t i = 0; i < FV_COUNT(list); i++)
		try(&list[i]);
	return finish("bands");
}
