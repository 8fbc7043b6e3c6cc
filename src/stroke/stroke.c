/* SPDX-License-Identifier: Apache-2.0 */
/* Checks arguments, and calls the fastest way to make a field that the processor has. */
#include "stroke/way.h"
#include <math.h>

fv_stroke_options fv_stroke_default(void)
{
	return (fv_stroke_options){ .scale = 1, .wander = 0.12, .brush = { 12, 6, 3, 1.5 }, .brushes = 4,
	                            .broad = 1, .length = 4, .bristle = 1.5, .detail = 0.5 };
}

const char *const fv_medium_name[FV_MEDIA + 1] = { "oil", "print", NULL };

const double fv_flow_window[FV_FLOW_WINDOWS] = { 7, 18, 48 },
             fv_flow_weight[FV_FLOW_WINDOWS] = { 1, 0.5, 0.25 };

double fv_stroke_cubic(double t)
{
	const double a = -0.75;
	t = fabs(t);
	return t <= 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 :
	       t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

int64_t fv_stroke_cells(int64_t n, const fv_stroke_options *o)
{
	return (int64_t)((double)n / (FV_FLOW_CELL * o->scale)) + 2;
}

/* ---- rows on the team */
typedef struct { fv_context *c; fv_team_fn fn; void *arg; _Atomic bool stop; } rows_job;

static void some_rows(void *arg, int thread, int64_t first, int64_t last)
{
	rows_job *j = arg;
	/* Thread 0 is the caller's own. Only there may the caller's function be called. */
	if (thread == 0 && fv_cancelled(j->c))
		atomic_store_explicit(&j->stop, true, memory_order_relaxed);
	if (!atomic_load_explicit(&j->stop, memory_order_relaxed))
		j->fn(j->arg, thread, first, last);
}

fv_status fv_stroke_rows(fv_err *err, fv_context *c, fv_team_fn fn, void *arg, int64_t rows,
                         int64_t grain)
{
	rows_job j = { .c = c, .fn = fn, .arg = arg };
	fv_team_run(c->team, some_rows, &j, rows, grain);
	return atomic_load(&j.stop) ? fv_fail(err, FV_E_CANCELLED, "stopped") : FV_OK;
}

/* ---- arguments */
/* This is false for NaN. */
static bool within(double x, double low, double high) { return x >= low && x <= high; }

fv_status fv_stroke_check(fv_err *err, int64_t h, int64_t w, const fv_stroke_options *o)
{
	int64_t values;
	if (h < FV_STROKE_SIDE || w < FV_STROKE_SIDE || !fv_mul_size(h, w, &values) ||
	    values > INT64_MAX / 256)
		return fv_fail(err, FV_E_SHAPE,
		               "strokes: a picture of %" PRId64 "x%" PRId64 " pixels; "
		               "sides are %d at least", w, h, FV_STROKE_SIDE);
	const struct { const char *name; double is, low, high; } range[] = {
		{ "scale", o->scale, 1.0 / 16, 64 }, { "wander", o->wander, 0, 100 },
		{ "brushes", o->brushes, 1, FV_STROKE_BRUSHES },
		{ "broad", o->broad, 1.0 / 16, 64 }, { "length", o->length, 1, 32 },
		{ "bristle", o->bristle, 0.25, 64 }, { "detail", o->detail, 0, 1 },
	};
	for (size_t i = 0; i < FV_COUNT(range); i++)
		if (!within(range[i].is, range[i].low, range[i].high))
			return fv_fail(err, FV_E_ARGUMENT,
			               "strokes: %s of %g is not between %g and %g", range[i].name,
			               range[i].is, range[i].low, range[i].high);
	for (int i = 0; i < o->brushes; i++)
		if (!within(o->brush[i], 0.5, 64) || (i && o->brush[i] > o->brush[i - 1]))
			return fv_fail(err, FV_E_ARGUMENT,
			               "strokes: brush %d of %g pixels is not between 0.5 and %g",
			               i + 1, o->brush[i], i ? o->brush[i - 1] : 64);
	if (o->brush[o->brushes - 1] * o->broad < 0.5)
		return fv_fail(err, FV_E_ARGUMENT,
		               "strokes: the finest brush is %g pixels wide here; it cannot paint "
		               "under half a pixel", o->brush[o->brushes - 1] * o->broad);
	return FV_OK;
}

/* ---- fields */
fv_status fv_stroke_flow(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                         const fv_stroke_options *o, float *v)
{
	const fv_stroke_options k = o ? *o : fv_stroke_default();
	const fv_stroke_way *best = NULL;
	fv_status st = fv_stroke_check(err, h, w, &k);
	/* Takes the last way that this processor can go: it is the fastest. */
	for (const fv_stroke_way *const *way = fv_stroke_ways; *way; way++)
		if (((*way)->needs & c->isa) == (*way)->needs)
			best = *way;
	return st ? st : best->flow(err, c, x, h, w, &k, v);
}

fv_status fv_stroke_prepare(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                            const fv_stroke_options *o, const fv_stroke_drawing *drawn, float *v,
                            float *y, float *z)
{
	fv_status st = drawn ? fv_stroke_given(err, c, drawn->x, drawn->h, drawn->w, x, h, w, o, v)
	                     : fv_stroke_flow(err, c, x, h, w, o, v);
	bool print = o && o->medium == FV_MEDIUM_PRINT;
	return st ? st : (print ? fv_stroke_print : fv_stroke_dabs)(err, c, x, v, h, w, o, y, z);
}

/* Flow: eleven planes of a quarter of the pixels and some rows, or the plain way's twelve whole
 * ones. Dabs: the finest brush's, 44 bytes each, or the picture once more; and each thread's rows.
 * Print: three lines, and beside them the flat areas' two pictures of four numbers. */
int64_t fv_stroke_bytes(const fv_context *c, int64_t h, int64_t w, const fv_stroke_options *o)
{
	const int64_t n = h * w, rows = (int64_t)(c->threads * 64 + 256) * (w + 64) * 4;
	const double brush = fmax(0.5, o->brush[o->brushes - 1] * o->broad);
	const int64_t dabs = (int64_t)(((double)h / brush + 3) * ((double)w / brush + 3) * 44) +
	                     rows;
	const int64_t flow = c->isa == FV_ISA_REF ? 48 * n : 12 * n + 2 * rows;
	return fv_max(flow,
	              o->medium == FV_MEDIUM_PRINT ? 44 * n + rows : fv_max(dabs, 12 * n + rows));
}
