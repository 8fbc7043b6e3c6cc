/* SPDX-License-Identifier: Apache-2.0 */
/* Painting one buffer: pixels > padded floats > network > pixels of the same size. */
#include "paint/paint.h"
#include "paint/bands.h"
#include "base/philox.h"
#include "graph/plan.h"
#include <math.h>

#define SMALLEST 32                     /* below that a side is padded: norms over a handful of pixels mean nothing */
#define GRID 64
#define LARGE 2250000                   /* pixels: from here on strokes grow with the picture */

static int64_t padded(const fv_model *m, int64_t n)
{
	int64_t multiple = !strcmp(m->family, "resnet") ? 4 : fv_stylenet_multiple(&m->stylenet);
	return fv_max(SMALLEST, fv_div_up(n, multiple) * multiple);
}

static fv_status check(fv_err *err, const fv_pixels *p, const char *who)
{
	if (!p || !p->data || p->width < 1 || p->height < 1)
		return fv_fail(err, FV_E_SHAPE, "%s picture has no pixels", who);
	if ((p->channels != 3 && p->channels != 4) || (p->bits != 8 && p->bits != 16))
		return fv_fail(err, FV_E_SHAPE, "%s picture has %d channels of %d bits; 3 or 4 channels of 8 or 16 bits are understood",
		               who, p->channels, p->bits);
	if (p->width > INT32_MAX || p->height > INT32_MAX || p->stride_bytes < p->width * p->channels * (p->bits / 8))
		return fv_fail(err, FV_E_SHAPE, "%s picture's rows of %" PRId64 " bytes do not hold %" PRId64 " pixels", who, p->stride_bytes, p->width);
	return FV_OK;
}

static void *row_of(const fv_pixels *p, int64_t y) { return (char *)p->data + y * p->stride_bytes; }

static float value(const fv_pixels *p, int64_t y, int64_t i)
{
	return p->bits == 8 ? (float)((uint8_t *)row_of(p, y))[i] * (1 / 255.0f) : (float)((uint16_t *)row_of(p, y))[i] * (1 / 65535.0f);
}

/* x: H,W,3 in [-1,1]; the last row and column are repeated into the padding. */
static void load(const fv_pixels *p, float *x, int64_t h, int64_t w)
{
	for (int64_t r = 0; r < h; r++)
		for (int64_t q = 0; q < w; q++)
			for (int c = 0; c < 3; c++)
				x[(r * w + q) * 3 + c] = 2 * value(p, fv_min(r, p->height - 1), fv_min(q, p->width - 1) * p->channels + c) - 1;
}

/* A number of what the picture shows: a hash over a grid of its pixels. With it in the key every picture has its own noise;
 * with one noise for all, the same speck would stand at the same place of each picture of an album. */
static uint64_t fingerprint(const fv_pixels *p)
{
	uint64_t hash = FV_HASH;
	for (int64_t r = 0; r < GRID; r++)
		for (int64_t q = 0; q < GRID; q++)
			for (int c = 0; c < 3; c++)
				hash = fv_hash(hash, (uint8_t)(value(p, r * p->height / GRID, q * p->width / GRID * p->channels + c) * 255 + 0.5f));
	return hash;
}

static void store(const fv_pixels *in, const float *y, int64_t w, float strength, fv_pixels *out)
{
	float top = out->bits == 8 ? 255 : 65535;
	for (int64_t r = 0; r < in->height; r++)
		for (int64_t q = 0; q < in->width; q++)
			for (int c = 0; c < in->channels; c++) {
				float v = value(in, r, q * in->channels + c);
				if (c < 3)
					v += strength * ((y[(r * w + q) * 3 + c] + 1) * 0.5f - v);
				v = v > 0 ? (v < 1 ? v : 1) : 0;        /* a NaN becomes black */
				if (out->bits == 8)
					((uint8_t *)row_of(out, r))[q * out->channels + c] = (uint8_t)(v * top + 0.5f);
				else
					((uint16_t *)row_of(out, r))[q * out->channels + c] = (uint16_t)(v * top + 0.5f);
			}
}

static fv_node *network(const fv_scope *s, const fv_model *m, fv_node *x)
{
	if (!strcmp(m->family, "resnet"))
		return fv_resnet_build(s, &m->resnet, x);
	fv_node *noise = x ? fv_random(s->g, FV_NORMAL, "noise", FV_F32, fv_nhwc(1, x->shape.h, x->shape.w, 1), 0, 1) : NULL;
	return fv_stylenet_build(s, &m->stylenet, x, noise, false, NULL);
}

static fv_status paint_graph(fv_err *err, const fv_model *m, int64_t height, int64_t width, fv_painting *p)
{
	*p = (fv_painting){ .height = padded(m, height), .width = padded(m, width) };
	if (!strcmp(m->family, "dense"))
		return fv_fail(err, FV_E_ARGUMENT, "a model of family %s makes pictures from noise and cannot paint; see `fauve generate`", m->family);
	if (!strcmp(m->family, "vgg"))
		return fv_fail(err, FV_E_ARGUMENT, "a network of family %s judges pictures and cannot paint; see `fauve styles` for models that can", m->family);
	fv_status st = fv_graph_new(err, m->context, &p->graph);
	if (st)
		return st;
	fv_scope s = { .g = p->graph, .store = m->store, .prefix = "" };
	p->x = fv_input(p->graph, "picture", FV_F32, fv_nhwc(1, p->height, p->width, 3));
	p->y = network(&s, m, p->x);
	fv_output(p->graph, p->y);
	return FV_OK;
}

fv_status fv_paint_plan(fv_err *err, const fv_model *m, int64_t height, int64_t width, const fv_plan_options *opt, fv_painting *out)
{
	fv_painting p;
	fv_status st = paint_graph(err, m, height, width, &p);
	if (!st)
		st = fv_plan_new(err, m->context, p.graph, opt, &p.plan);
	if (st) {
		fv_painting_free(&p);
		return st;
	}
	*out = p;
	return FV_OK;
}

void fv_painting_free(fv_painting *p)
{
	fv_plan_free(p->plan);
	fv_graph_free(p->graph);
	*p = (fv_painting){ 0 };
}

/* What was painted: height, width, 3 in [-1,1], in the plan's memory or in its own. */
typedef struct { float *y, *own; int64_t width; } painted;

/* Both pictures as floats, and the network in bands. */
static fv_status paint_bands(fv_err *err, const fv_model *m, const fv_pixels *in, int64_t most, fv_key key, painted *out)
{
	fv_painting p;
	fv_status st = paint_graph(err, m, in->height, in->width, &p);
	int64_t bytes = p.height * p.width * 3 * (int64_t)sizeof(float);
	if (!st && most <= 2 * bytes)
		st = fv_fail(err, FV_E_MEMORY, "%" PRId64 "x%" PRId64 " pixels take %.0f MB alone, and %.0f MB are allowed; allow more, or paint a smaller copy", in->width,
		             in->height, 2 * (double)bytes / 1e6, (double)most / 1e6);
	float *x = st ? NULL : fv_alloc(m->context, (size_t)bytes), *y = x ? fv_alloc(m->context, (size_t)bytes) : NULL;
	if (!st && !y)
		st = fv_fail_memory(err, "picture", 2 * (size_t)bytes);
	if (!st) {
		load(in, x, p.height, p.width);
		st = fv_bands_run(err, m->context, p.graph, p.x, x, p.y, y, key, most - 2 * bytes);
	}
	*out = (painted){ y, y, p.width };
	fv_free(m->context, x);
	fv_painting_free(&p);
	return st;
}

/* ------------------------------------------------------------------ one picture, many pictures */
enum { LEVELS = 5 };                    /* strokes 1, 2 ... 16 times as wide */

struct fv_painter {
	const fv_model *model;
	struct {
		fv_painting painting;   /* of the size painted last; plan NULL: none */
		bool kept;              /* its packed weights stay */
	} level[LEVELS];                /* the picture, its half ... */
};

fv_status fv_painter_new(fv_err *err, const fv_model *m, fv_painter **out)
{
	*out = fv_alloc(m->context, sizeof **out);
	if (!*out)
		return fv_fail_memory(err, "painter", sizeof **out);
	**out = (fv_painter){ .model = m };
	return FV_OK;
}

/* What is prepared for this level and those above it. */
static void forget(fv_painter *p, int level)
{
	for (int i = level; i < LEVELS; i++)
		fv_painting_free(&p->level[i].painting);
}

void fv_painter_free(fv_painter *p)
{
	if (!p)
		return;
	forget(p, 0);
	fv_free(p->model->context, p);
}

static int64_t level_bytes(const fv_painter *p, int level) { return p->level[level].painting.plan ? fv_plan_bytes(p->level[level].painting.plan) : 0; }

int64_t fv_painter_bytes(const fv_painter *p)
{
	int64_t bytes = 0;
	for (int i = 0; i < LEVELS; i++)
		bytes += level_bytes(p, i);
	return bytes;
}

/* A plan for the picture's size: the one of the picture before, if it may be. */
static fv_status prepare(fv_err *err, fv_painter *p, int level, const fv_pixels *in, int64_t most)
{
	fv_painting *q = &p->level[level].painting;
	int64_t bytes = level_bytes(p, level);
	bool same = q->plan && q->height == padded(p->model, in->height) && q->width == padded(p->model, in->width) && (!most || bytes <= most);
	if (same && !p->level[level].kept) {
		fv_err ignored;                 /* without that memory all goes on as it did */
		fv_plan_keep(&ignored, q->plan, most ? fv_min(FV_PAINT_KEEP, most - bytes) : FV_PAINT_KEEP);
		p->level[level].kept = true;
	}
	if (same)
		return FV_OK;
	fv_painting_free(q);
	p->level[level].kept = false;
	return fv_paint_plan(err, p->model, in->height, in->width, &(fv_plan_options){ .most = most, .timed = true }, q);
}

/* The network once. Other people's networks' numbers stay what they are. */
static fv_status paint_once(fv_err *err, fv_painter *painter, int level, const fv_pixels *in, int64_t most, fv_key key, painted *out)
{
	const fv_model *m = painter->model;
	fv_status st = prepare(err, painter, level, in, most);
	if (st == FV_E_LIMIT)
		st = paint_bands(err, m, in, most, key, out);
	else if (!st) {
		const fv_painting *p = &painter->level[level].painting;
		*out = (painted){ fv_plan_data(p->plan, p->y), NULL, p->width };
		load(in, fv_plan_data(p->plan, p->x), p->height, p->width);
		st = fv_plan_run(err, p->plan, key);
	}
	return st || strcmp(m->family, "stylenet") ? st : fv_ungrid(err, m->context, out->y, in->height, in->width, 3 * out->width);
}

/* `in` with strokes twice as wide for each of the levels from this one to the last. */
static fv_status paint_level(fv_err *err, fv_painter *painter, int level, int last, const fv_pixels *in, int64_t most, fv_key key, painted *out)
{
	fv_context *c = painter->model->context;
	fv_pixels half = { .width = fv_div_up(in->width, 2), .height = fv_div_up(in->height, 2), .channels = 3, .bits = in->bits };
	int64_t row = 3 * half.width, floats = row * half.height;
	float *wide = NULL;
	fv_status st = FV_OK;
	if (level < last) {
		painted p = { 0 };
		half.stride_bytes = row * (in->bits / 8);
		half.data = fv_alloc(c, (size_t)(half.stride_bytes * half.height));
		wide = fv_alloc(c, (size_t)floats * sizeof *wide);
		if (!half.data || !wide)
			st = fv_fail_memory(err, "picture", (size_t)floats * sizeof *wide);
		/* A limit is for one level after the other. */
		most = most ? fv_max(1, most - floats * (int64_t)sizeof *wide) : 0;
		if (!st) {
			fv_strokes_halve(c, in, &half);
			st = paint_level(err, painter, level + 1, last, &half, most ? fv_max(1, most - half.stride_bytes * half.height) : 0, key, &p);
		}
		for (int64_t r = 0; r < half.height && !st; r++)
			memcpy(wide + r * row, p.y + r * 3 * p.width, (size_t)row * sizeof *wide);
		fv_free(c, p.own);
		fv_free(c, half.data);
		if (most)
			forget(painter, level + 1);
	}
	key.attempt = (uint64_t)level;          /* noise of its own */
	if (!st)
		st = paint_once(err, painter, level, in, most, key, out);
	if (!st && wide)
		st = fv_strokes_join(err, c, out->y, in->height, in->width, 3 * out->width, wide);
	fv_free(c, wide);
	return st;
}

/* How often strokes are to be doubled. */
static int levels(const fv_model *m, const fv_pixels *in, int strokes)
{
	int n = 0;
	if (strokes)
		while (n < LEVELS - 1 && 2 << n <= strokes)
			n++;
	else if (!strcmp(m->family, "stylenet"))
		while (n < LEVELS - 1 && in->width * in->height >> 2 * n >= LARGE)
			n++;
	while (n && fv_min(in->width, in->height) >> n < SMALLEST)
		n--;
	return n;
}

fv_status fv_painter_paint(fv_err *err, fv_painter *painter, const fv_pixels *in, const fv_paint_options *opt, fv_pixels *out)
{
	fv_paint_options o = { .size = sizeof o, .strength = 1 };
	if (opt)
		memcpy(&o, opt, opt->size < sizeof o ? opt->size : sizeof o);
	fv_status st = check(err, in, "the input");
	if (!st)
		st = check(err, out, "the output");
	if (st)
		return st;
	if (in->width != out->width || in->height != out->height || in->channels != out->channels || in->bits != out->bits)
		return fv_fail(err, FV_E_SHAPE, "the output picture must have the input's size, channels and bits");
	if (!(o.strength >= 0 && o.strength <= 1))
		return fv_fail(err, FV_E_ARGUMENT, "strength %g is not between 0 and 1", (double)o.strength);
	if (o.strokes < 0 || o.strokes > 1 << (LEVELS - 1) || (o.strokes & (o.strokes - 1)))
		return fv_fail(err, FV_E_ARGUMENT, "strokes %d times as wide: 1, 2, 4, 8 or 16 can be painted", o.strokes);
	fv_key key = { .seed = o.seed, .step = fingerprint(in) };
	painted p = { 0 };
	int last = levels(painter->model, in, o.strokes);
	forget(painter, last + 1);              /* a larger picture's */
	st = paint_level(err, painter, 0, last, in, o.max_memory, key, &p);
	if (!st)
		store(in, p.y, p.width, o.strength, out);
	fv_free(painter->model->context, p.own);
	return st;
}

fv_status fv_paint(fv_err *err, const fv_model *m, const fv_pixels *in, const fv_paint_options *opt, fv_pixels *out)
{
	fv_painter p = { .model = m };
	fv_status st = fv_painter_paint(err, &p, in, opt, out);
	forget(&p, 0);
	return st;
}
