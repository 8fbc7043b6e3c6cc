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

typedef enum { STROKENET, RESNET, ANTIALIASED, SINCUT, ANIMEGAN, CARTOONGAN, UNET } kind;
typedef struct {
	const char *name;
	kind kind;
	bool affine;
	int width, blocks;
	int64_t h, w;
	int depth;
} painter;

typedef struct { fv_graph *g; bool marks; } network;

static fv_status build(fv_err *err, fv_context *c, fv_store *store, const painter *p, network *n)
{
	fv_status st = fv_graph_new(err, c, &n->g);
	if (st)
		return st;
	fv_scope s = { .g = n->g, .store = store, .prefix = "", .create = true, .seed = 5 };
	fv_node *x = fv_input(n->g, "picture", FV_F32, fv_nhwc(1, p->h, p->w, 3)), *y;
	n->marks = p->kind == STROKENET;
	if (p->kind == ANIMEGAN) {
		fv_animegan k = { FV_ANIMEGAN_V2, p->width, p->blocks, FV_GRID_LEGACY, 1e-5 };
		y = fv_animegan_build(&s, &k, x);
	} else if (p->kind == CARTOONGAN) {
		fv_cartoongan k = { p->width, p->blocks, FV_ORDER_BGR, 1e-9 };
		y = fv_cartoongan_build(&s, &k, x);
	} else if (p->kind == UNET) {
		const fv_unet k = { .width = p->width, .depth = p->depth, .dropout = true };
		s.batch_statistics = s.dropout = true;
		y = fv_unet_build(&s, &k, x);
	} else if (p->kind == SINCUT) {
		y = fv_sincut_build(&s, &(fv_sincut){ p->width, p->blocks }, x, "noise", NULL);
	} else if (p->kind != STROKENET) {
		fv_resnet k = { p->width, p->blocks, p->kind == ANTIALIASED };
		y = fv_resnet_build(&s, &k, x, NULL);
	} else {
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

/* A network that cannot be painted in bands says what it takes whole, and why it takes no less. */
static void whole(void)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_store *store;
	fv_graph *g;
	int64_t bytes = 0;
	float x[32 * 32 * 3] = { 0 }, y[32 * 32 * 3];
	const fv_animegan k = { FV_ANIMEGAN_V3, 4, 1, FV_GRID_HALF, 1e-5 };
	const fv_bands_input from = { "picture", x };
	if (fv_context_new(&err, NULL, &c) || fv_store_new(&err, c, &store)) {
		check(false, "whole: %s", err.text);
		return;
	}
	for (int i = 0; i < 2; i++) {
		if (!check(!fv_graph_new(&err, c, &g), "whole: %s", err.text))
			break;
		fv_scope s = { .g = g, .store = store, .prefix = "", .create = true };
		fv_node *picture = fv_input(g, "picture", FV_F32, fv_nhwc(1, 32, 32, 3));
		fv_output(g, fv_animegan_build(&s, &k, picture), "y");
		if (i == 0)
			check(!fv_bands_least(&err, c, g, "picture", &bytes) && bytes > 16384,
			      "whole: %lld bytes, %s", (long long)bytes, err.text);
		else
			check(fv_bands_run(&err, c, g, &from, 1, y, (fv_key){ 0 }, 1000) ==
			              FV_E_MEMORY && strstr(err.text, "cannot be run in bands"),
			      "whole: %s", err.text);
		fv_graph_free(g);
	}
	fv_store_free(store);
	fv_context_free(c);
}

int main(void)
{
	static const painter list[] = {
		{ "strokenet 256x160", STROKENET, true, 12, 2, 256, 160 },
		{ "without affine 208x112", STROKENET, false, 10, 1, 208, 112 },
		{ "strokenet 48x304", STROKENET, true, 8, 1, 48, 304 },
		{ "resnet 228x96", RESNET, false, 8, 2, 228, 96 },
		{ "resnet 100x132", RESNET, false, 12, 1, 100, 132 },
		{ "animegan 208x96", ANIMEGAN, false, 8, 2, 208, 96 },
		{ "cartoongan 228x96", CARTOONGAN, false, 8, 2, 228, 96 },
		{ "antialiased 228x96", ANTIALIASED, false, 8, 2, 228, 96 },
		{ "antialiased 100x132", ANTIALIASED, false, 12, 2, 100, 132 },
		{ "sincut 228x96", SINCUT, false, 8, 2, 228, 96 },
		{ "sincut 98x130", SINCUT, false, 12, 3, 98, 130 },
		{ "unet 192x128", UNET, false, 6, 0, 192, 128, 6 },
		{ "unet 512x256", UNET, false, 2, 0, 512, 256, 8 },
		{ "unet 1536x64", UNET, false, 2, 0, 1536, 64, 6 },
	};
	for (size_t i = 0; i < FV_COUNT(list); i++)
		try(&list[i]);
	whole();
	return finish("bands");
}
