/* SPDX-License-Identifier: Apache-2.0 */
/* Painting one buffer: pixels > padded floats > network > pixels of the same size. */
#include "paint/paint.h"
#include "paint/bands.h"
#include "base/philox.h"
#include "stroke/stroke.h"
#include <math.h>

#define GRID FV_PAINT_LOOKS

/* x: H,W,3 in [-1,1]; the last row and column are repeated into the padding. */
static void load(const fv_pixels *p, float *x, int64_t h, int64_t w)
{
	for (int64_t r = 0; r < h; r++)
		for (int64_t q = 0; q < w; q++)
			for (int c = 0; c < 3; c++)
				x[(r * w + q) * 3 + c] = 2 * fv_pixel(p, fv_min(r, p->height - 1), fv_min(q, p->width - 1) * p->channels + c) - 1;
}

/* A number of what the picture shows: a hash over a grid of its pixels. With it in the key every picture has its own noise;
 * with one noise for all, the same speck would stand at the same place of each picture of an album. */
uint64_t fv_paint_fingerprint(const fv_pixels *p)
{
	uint64_t hash = FV_HASH;
	for (int64_t r = 0; r < GRID; r++)
		for (int64_t q = 0; q < GRID; q++)
			for (int c = 0; c < 3; c++)
				hash = fv_hash_mix(hash, &(uint8_t){ (uint8_t)(fv_pixel(p, r * p->height / GRID, q * p->width / GRID * p->channels + c) * 255 + 0.5f) }, 1);
	return hash;
}

fv_status fv_paint_graph(fv_err *err, const fv_model *m, int64_t height, int64_t width,
                         fv_norm norm, fv_painting *p)
{
	const fv_family *f = m->family;
	fv_node *in[FV_PORTS] = { NULL }, *out[FV_PORTS] = { NULL };
	*p = (fv_painting){ .norm = norm };
	fv_status st = fv_family_must(err, f, FV_PAINTS);
	for (int i = 0; f->in[i].name && !st; i++)
		if (f->in[i].kind != FV_PORT_IMAGE && f->in[i].kind != FV_PORT_MARKS)
			st = fv_fail(err, FV_E_INTERNAL, "a painter of family %s asks for %s, which painting does not know how to make", f->name, f->in[i].name);
	if (st || (st = fv_graph_new(err, m->context, &p->graph)))
		return st;
	p->height = fv_port_side(fv_paint_image(m), m->config, height);
	p->width = fv_port_side(fv_paint_image(m), m->config, width);
	fv_scope s = { .g = p->graph, .store = m->store, .prefix = "",
	               .batch_statistics = norm != FV_NORM_RUNNING,
	               .dropout = norm == FV_NORM_PUBLISHED };
	fv_family_build(&s, f, m->config, p->height, p->width, in, out);
	fv_output(p->graph, out[0], "%s", f->out[0].name);
	return FV_OK;
}

static fv_status plan(fv_err *err, const fv_model *m, int64_t height, int64_t width, fv_norm norm,
                      const fv_program_options *opt, fv_painting *out)
{
	fv_painting p;
	fv_status st = fv_paint_graph(err, m, height, width, norm, &p);
	if (!st)
		st = fv_program_new(err, m->context, p.graph, opt, &p.program);
	if (st) {
		fv_painting_free(&p);
		return st;
	}
	*out = p;
	return FV_OK;
}

fv_status fv_paint_plan(fv_err *err, const fv_model *m, int64_t height, int64_t width, const fv_program_options *opt, fv_painting *out)
{
	return plan(err, m, height, width, FV_NORM_DEFAULT, opt, out);
}

void fv_painting_free(fv_painting *p)
{
	fv_program_free(p->program);
	fv_graph_free(p->graph);
	*p = (fv_painting){ 0 };
}

struct fv_painter {
	const fv_model *model;
	fv_painting painting;           /* of the size painted last; program NULL: none */
	bool kept;                      /* its packed weights stay */
	uint64_t shot;                  /* of a film; 0: of none */
};

void fv_painter_shot(fv_painter *p, uint64_t shot) { p->shot = shot; }

/* What tells a picture's strokes from another's: frames of a shot are told apart by nothing. */
static uint64_t own_of(const fv_painter *k, const fv_pixels *p)
{
	return k->shot ? k->shot * UINT64_C(0x9E3779B97F4A7C15) : fv_paint_fingerprint(p);
}

fv_status fv_painter_new(fv_err *err, const fv_model *m, fv_painter **out)
{
	*out = fv_alloc(m->context, sizeof **out);
	if (!*out)
		return fv_fail_memory(err, "painter", sizeof **out);
	**out = (fv_painter){ .model = m };
	return FV_OK;
}

void fv_painter_free(fv_painter *p)
{
	if (!p)
		return;
	fv_painting_free(&p->painting);
	fv_free(p->model->context, p);
}

int64_t fv_painter_bytes(const fv_painter *p) { return p->painting.program ? fv_program_bytes(p->painting.program) : 0; }

/* ------------------------------------------------------------------ the network on floats */
static bool is_for(const fv_painting *q, int64_t h, int64_t w, fv_norm norm)
{
	return q->program && q->height == h && q->width == w && q->norm == norm;
}

/* A program for the canvas' size: the one of the picture before, if it may be. */
static fv_status prepare(fv_err *err, fv_painter *p, const fv_network_run *k, int64_t most)
{
	fv_painting *q = &p->painting;
	int64_t bytes = fv_painter_bytes(p);
	bool same = is_for(q, k->h, k->w, k->norm) && (!most || bytes <= most);
	if (same && !p->kept) {
		fv_err ignored;                 /* without that memory all goes on as it did */
		fv_program_prepack(&ignored, q->program, most ? fv_min(FV_PAINT_KEEP, most - bytes) : FV_PAINT_KEEP);
		p->kept = true;
	}
	if (same)
		return FV_OK;
	fv_painting_free(q);
	p->kept = false;
	return plan(err, p->model, k->h, k->w, k->norm,
	            &(fv_program_options){ .most = most, .timed = true }, q);
}

static fv_status run_bands(fv_err *err, const fv_model *m, const fv_network_run *k, int64_t most)
{
	fv_painting p;
	fv_status st = fv_paint_graph(err, m, k->h, k->w, k->norm, &p);
	const fv_bands_input in[] = { { fv_paint_image(m)->name, k->x }, { k->z ? fv_paint_marks(m)->name : NULL, k->z } };
	if (!st)
		st = fv_bands_run(err, m->context, p.graph, in, k->z ? 2 : 1, k->y, k->key, most);
	fv_painting_free(&p);
	return st;
}

/* k->y from k->x and k->z. most: bytes beside the canvas; 0: any. */
static fv_status run_whole(fv_err *err, fv_painter *painter, const fv_network_run *k, int64_t most)
{
	const fv_model *m = painter->model;
	fv_status st = prepare(err, painter, k, most);
	if (st == FV_E_LIMIT)
		return run_bands(err, m, k, most);
	if (st)
		return st;
	fv_program *p = painter->painting.program;
	fv_program_put(p, fv_paint_image(m)->name, k->x);
	if (k->z)
		fv_program_put(p, fv_paint_marks(m)->name, k->z);
	st = fv_program_run(err, p, k->key);
	return st ? st : fv_program_get(err, p, m->family->out[0].name, k->y);
}

void fv_paint_to_range(const fv_port *p, float *x, int64_t n)
{
	const float low = (float)p->low, half = (float)(p->high - p->low) / 2;
	for (int64_t i = 0; i < n && (low != -1 || half != 1); i++)
		x[i] = low + half * (x[i] + 1);
}

/* Weights may be finite and yet so large that sums of them are not. */
fv_status fv_paint_from_range(fv_err *err, const fv_port *p, float *y, int64_t h, int64_t w)
{
	const float low = (float)p->low, half = (float)(p->high - p->low) / 2;
	for (int64_t i = 0; i < 3 * h * w && (low != -1 || half != 1); i++)
		y[i] = (y[i] - low) / half - 1;
	return fv_all_finite((fv_tensor){ FV_F32, fv_nhwc(1, h, w, 3), y })
	               ? FV_OK
	               : fv_fail(err, FV_E_FORMAT, "the model paints NaN: its weights are too large "
	                         "or damaged; fetch or train it again");
}

fv_status fv_painter_run(fv_err *err, fv_painter *painter, const fv_network_run *k, int64_t most)
{
	const fv_model *m = painter->model;
	fv_paint_to_range(fv_paint_image(m), k->x, 3 * k->h * k->w);
	fv_status st = run_whole(err, painter, k, most);
	return st ? st : fv_paint_from_range(err, &m->family->out[0], k->y, k->h, k->w);
}

/* ------------------------------------------------------------------ one picture */
fv_status fv_paint_least(fv_err *err, const fv_model *m, int64_t height, int64_t width, const fv_paint_options *opt, int64_t *bytes)
{
	fv_painting p = { 0 };
	int64_t network;
	fv_status st = fv_family_must(err, m->family, FV_PAINTS);
	if (st)
		return st;
	const fv_paint_work k = fv_paint_work_of(m, height, width, opt);
	if (!(st = fv_paint_graph(err, m, k.h, k.w, opt->norm, &p)))
		st = fv_bands_least(err, m->context, p.graph, fv_paint_image(m)->name, &network);
	if (!st)
		*bytes = k.bytes + fv_max(k.direct, network) + 1;
	fv_painting_free(&p);
	return st;
}

void fv_paint_load(const fv_pixels *p, float *x) { load(p, x, p->height, p->width); }

/* Of what `in` shows, rows first..first+count-1. */
static void load_rows(const fv_pixels *in, int64_t first, int64_t count, float *x)
{
	fv_pixels rows = *in;
	rows.data = (char *)in->data + first * in->stride_bytes;
	rows.height = count;
	load(&rows, x, count, in->width);
}

/* The small copy on which a large canvas' flow is found. */
static fv_status look(fv_err *err, const fv_canvas *k, const fv_pixels *in)
{
	const size_t bytes = (size_t)(FV_ENLARGE_ROWS * 3 * in->width) * sizeof(float);
	fv_shrink *s = NULL;
	float *x = fv_alloc_rough(k->context, bytes);
	fv_status st = x ? fv_shrink_new(err, k->context, in->height, in->width, k->how.sh,
	                                 k->how.sw, k->seen, &s)
	                 : fv_fail_memory(err, "picture", bytes);
	for (int64_t y = 0; y < in->height && !st; y += FV_ENLARGE_ROWS) {
		const int64_t rows = fv_min(FV_ENLARGE_ROWS, in->height - y);
		load_rows(in, y, rows, x);
		fv_shrink_rows(s, x, rows);
	}
	fv_shrink_free(s);
	fv_free(k->context, x);
	return st;
}

/* The whole painting, in strips. */
static fv_status enlarge(fv_err *err, const fv_canvas *k, const fv_pixels *in, float *to)
{
	const int64_t h = in->height, w = in->width;
	const size_t bytes = (size_t)((FV_ENLARGE_ROWS + 2) * 3 * w) * sizeof(float);
	float *x = k->dabs ? fv_alloc_rough(k->context, bytes) : NULL;
	fv_status st = x || !k->dabs ? FV_OK : fv_fail_memory(err, "picture", bytes);
	for (int64_t y = 0; y < h && !st; y += FV_ENLARGE_ROWS) {
		const fv_area part = { y, 0, fv_min(FV_ENLARGE_ROWS, h - y), w };
		const int64_t from = fv_max(0, y - 1), end = fv_min(h, y + part.h + 1);
		const fv_area seen = { from, 0, end - from, w };
		if (x)
			load_rows(in, from, end - from, x);
		st = fv_canvas_enlarge(err, k, h, w, x, &seen, &part, to + y * 3 * w);
		if (!st && fv_cancelled(k->context))
			st = fv_fail(err, FV_E_CANCELLED, "stopped");
	}
	fv_free(k->context, x);
	return st;
}

static fv_status paint(fv_err *err, fv_painter *painter, const fv_pixels *in, const fv_paint_options *opt, fv_pixels *out)
{
	const fv_model *m = painter->model;
	fv_context *c = m->context;
	const int64_t h = in->height, w = in->width;
	const fv_paint_work how = fv_paint_work_of(m, h, w, opt);
	const bool resized = how.resized;
	const int64_t bytes = how.bytes, most = opt->max_memory;
	fv_canvas k = { 0 };
	float *whole = NULL, *y;
	fv_palette *palette = NULL;
	fv_status st = FV_OK;
	if (most && most <= bytes + how.direct)
		return fv_fail(err, FV_E_MEMORY, "%" PRId64 "x%" PRId64 " pixels take %.0f MB alone, and %.0f MB are allowed; allow more, or paint a smaller copy", in->width,
		               in->height, (double)(bytes + how.direct) / 1e6, (double)most / 1e6);
	/* What the picture before left is in the way, or of no use. */
	if (!is_for(&painter->painting, how.h, how.w, opt->norm) ||
	    (most && bytes + how.direct + fv_painter_bytes(painter) > most))
		fv_painting_free(&painter->painting);
	if (how.turned && (st = fv_palette_new(err, m, opt->palette, h, w, &palette)))
		goto done;
	if ((st = fv_canvas_new(err, m, &how, &k)))
		goto done;
	if (resized && !(whole = fv_alloc(c, (size_t)(3 * h * w) * sizeof *whole))) {
		st = fv_fail_memory(err, "picture", (size_t)(3 * h * w) * sizeof *whole);
		goto done;
	}
	load(in, resized ? whole : k.x, resized ? h : how.h, resized ? w : how.w);
	if (palette && (st = fv_palette_look(err, palette, resized ? whole : k.x, resized ? w : how.w)))
		goto done;
	if (resized && (st = fv_floats_resize(err, c, whole, h, w, k.x, how.h, how.w)))
		goto done;
	if (opt->colour_only)
		goto painted;
	if (k.seen && (st = look(err, &k, in)))
		goto done;
	if ((st = fv_canvas_paint(err, painter, opt, own_of(painter, in), most ? most - bytes : 0, &k)))
		goto done;
	if (resized && (st = enlarge(err, &k, in, whole)))
		goto done;
painted:
	y = resized ? whole : opt->colour_only ? k.x : k.y;
	if (palette && (st = fv_palette_turn(err, palette, y, resized ? w : how.w)))
		goto done;
	st = fv_blend(err, c, in, y, resized ? w : how.w, opt, NULL, out);
done:
	fv_palette_free(palette);
	fv_free(c, whole);
	fv_canvas_free(&k);
	return st;
}

static bool has_batch_norm(const fv_model *m)
{
	for (const fv_variable *v = m->store->first; v; v = v->next) {
		const char *end = strrchr(v->name, '.');
		if (end && !strcmp(end, ".running_mean"))
			return true;
	}
	return false;
}

/* What is asked for, whole and within bounds. */
fv_status fv_paint_options_of(fv_err *err, const fv_painter *painter, const fv_paint_options *opt,
                              fv_paint_options *whole)
{
	fv_paint_options o = FV_PAINT_DEFAULTS;
	if (opt)
		memcpy(&o, opt, opt->size < sizeof o ? opt->size : sizeof o);
	fv_status st = fv_family_must(err, painter->model->family, FV_PAINTS);
	if (st)
		return st;
	if (o.colour_only && !(o.palette > 0.5f))
		return fv_fail(err, FV_E_ARGUMENT, "colour_only: a palette of %g is not the "
		               "painter's; above 0.5 it is", (double)o.palette);
	if (!(o.strength >= 0 && o.strength <= 1.3f))
		return fv_fail(err, FV_E_ARGUMENT, "strength %g must lie between 0 and 1.3",
		               (double)o.strength);
	if (!(o.detail >= 0 && o.detail <= 1))
		return fv_fail(err, FV_E_ARGUMENT, "detail %g must lie between 0 and 1",
		               (double)o.detail);
	if (!(o.palette >= 0 && o.palette <= 1))
		return fv_fail(err, FV_E_ARGUMENT, "palette %g must lie between 0 and 1", (double)o.palette);
	if (!(o.relief >= 0.25 && o.relief <= 4))
		return fv_fail(err, FV_E_ARGUMENT, "relief %g must lie between 0.25 and 4", (double)o.relief);
	if (o.norm && !has_batch_norm(painter->model))
		return fv_fail(err, FV_E_ARGUMENT, "norm: this model of family %s has no batch norm to "
		               "choose for; leave it out", painter->model->family->name);
	if (!(o.strokes >= 0 && o.strokes <= 0.5))
		return fv_fail(err, FV_E_ARGUMENT, "strokes %g of the longer side wide: 0 to 0.5 can be painted", (double)o.strokes);
	*whole = o;
	return FV_OK;
}

fv_status fv_painter_paint(fv_err *err, fv_painter *painter, const fv_pixels *in, const fv_paint_options *opt, fv_pixels *out)
{
	fv_paint_options o;
	fv_status st = fv_family_must(err, painter->model->family, FV_PAINTS);
	if (!st)
		st = fv_pixels_check(err, in, "the input", FV_PIXELS_COLOUR);
	if (!st)
		st = fv_pixels_check(err, out, "the output", FV_PIXELS_COLOUR);
	if (st)
		return st;
	if (in->width != out->width || in->height != out->height || in->channels != out->channels || in->bits != out->bits)
		return fv_fail(err, FV_E_SHAPE, "the output picture must have the input's size, channels and bits");
	if ((st = fv_paint_options_of(err, painter, opt, &o)))
		return st;
	if (o.base && (st = fv_pixels_check(err, o.base, "the base", FV_PIXELS_COLOUR)))
		return st;
	if (o.mask && (st = fv_pixels_check(err, o.mask, "the mask", FV_PIXELS_ANY)))
		return st;
	if (o.mask && !o.mask->data)
		return fv_fail(err, FV_E_SHAPE, "the mask picture has no pixels");
	if (o.base && (o.base->width != in->width || o.base->height != in->height ||
	               o.base->channels != in->channels))
		return fv_fail(err, FV_E_SHAPE, "the base must have the input's size and channels");
	return paint(err, painter, in, &o, out);
}

const fv_model *fv_painter_model(const fv_painter *p) { return p->model; }

fv_status fv_paint(fv_err *err, const fv_model *m, const fv_pixels *in, const fv_paint_options *opt, fv_pixels *out)
{
	fv_painter p = { .model = m };
	fv_status st = fv_painter_paint(err, &p, in, opt, out);
	fv_painting_free(&p.painting);
	return st;
}
