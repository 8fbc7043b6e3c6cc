/* SPDX-License-Identifier: Apache-2.0 */
/* The fields' front: arguments, the fastest way that the processor has, all four in turn. */
#include "stroke/way.h"
#include <math.h>

fv_stroke_options fv_stroke_default(void)
{
	return (fv_stroke_options){ .scale = 1, .detail = 0.5, .wander = 0.12,
	                            .width = { 1.5, 3, 6, 12 }, .widths = 4, .length = 6 };
}

const double fv_flow_window[FV_FLOW_WINDOWS] = { 7, 18, 48 },
             fv_flow_weight[FV_FLOW_WINDOWS] = { 1, 0.5, 0.25 };

double fv_stroke_window(int i, int steps)
{
	return cos(1.5707963267948966 * (i + 1) / (steps + 1));
}

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

int64_t fv_stroke_grid(int64_t n, double width) { return (int64_t)ceil((double)n / width * 2) + 2; }

/* ---- rows on the team */
typedef struct { fv_context *c; fv_team_fn fn; void *arg; _Atomic bool stop; } rows_job;

static void some_rows(void *arg, int thread, int64_t first, int64_t last)
{
	rows_job *j = arg;
	/* Thread 0 is the caller's: only there may its function be called. */
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
	if (!within(o->scale, 1.0 / 16, 64))
		return fv_fail(err, FV_E_ARGUMENT,
		               "strokes: a scale of %g is not between 1/16 and 64", o->scale);
	if (!within(o->detail, 0, 1))
		return fv_fail(err, FV_E_ARGUMENT, "strokes: detail of %g is not between 0 and 1",
		               o->detail);
	if (!within(o->wander, 0, 100))
		return fv_fail(err, FV_E_ARGUMENT, "strokes: wander of %g is not between 0 and 100",
		               o->wander);
	if (o->widths < 1 || o->widths > FV_STROKE_WIDTHS)
		return fv_fail(err, FV_E_ARGUMENT, "strokes: %d widths; give 1 to %d", o->widths,
		               FV_STROKE_WIDTHS);
	for (int i = 0; i < o->widths; i++)
		if (!within(o->width[i], 0.5, 64))
			return fv_fail(err, FV_E_ARGUMENT,
			               "strokes: a width of %g pixels is not between 0.5 and 64",
			               o->width[i]);
	if (!within(o->length, 0.5, 32))
		return fv_fail(err, FV_E_ARGUMENT,
		               "strokes: a length of %g widths is not between 0.5 and 32",
		               o->length);
	return FV_OK;
}

/* ---- ways */
static bool can(const fv_context *c, const fv_stroke_way *way)
{
	return (way->needs & c->isa) == way->needs;
}

/* The last way that this processor can go and that has the function at `offset` of the record. */
static const fv_stroke_way *choose(const fv_context *c, size_t offset)
{
	const fv_stroke_way *best = NULL;
	for (const fv_stroke_way *const *way = fv_stroke_ways; *way; way++)
		if (can(c, *way) && *(void *const *)((const char *)*way + offset))
			best = *way;
	return best;
}

fv_status fv_stroke_flow(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                         const fv_stroke_options *o, float *v)
{
	fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	return st ? st : choose(c, offsetof(fv_stroke_way, flow))->flow(err, c, x, h, w, &k, v);
}

/* Above a half, detail shortens the smear everywhere: a small face is as plain as a wall. */
static double reach_of(double detail) { return fmin(1, 1 - 1.7 * (detail - 0.5)); }

fv_status fv_stroke_hold(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                         const fv_stroke_options *o, float *m)
{
	fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	if (st)
		return st;
	if (k.detail == 0) {
		for (int64_t i = 0; i < h * w; i++)
			m[i] = 1;
		return FV_OK;
	}
	st = choose(c, offsetof(fv_stroke_way, hold))->hold(err, c, x, h, w, &k, m);
	const float reach = (float)reach_of(k.detail);
	for (int64_t i = 0; i < h * w && !st && reach < 1; i++)
		m[i] *= reach;
	return st;
}

fv_status fv_stroke_smear(fv_err *err, fv_context *c, const float *x, const float *v,
                          const float *m, int64_t h, int64_t w, const fv_stroke_options *o,
                          float *y)
{
	fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	return st ? st :
	       choose(c, offsetof(fv_stroke_way, smear))->smear(err, c, x, v, m, h, w, &k, y);
}

fv_status fv_stroke_noise(fv_err *err, fv_context *c, const float *v, int64_t h, int64_t w,
                          const fv_stroke_options *o, float *z)
{
	return fv_stroke_noise_of(err, c, v, h, w, o, NULL, z);
}

fv_status fv_stroke_noise_of(fv_err *err, fv_context *c, const float *v, int64_t h, int64_t w,
                             const fv_stroke_options *o, const float *const *white, float *z)
{
	fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	return st ? st :
	       choose(c, offsetof(fv_stroke_way, noise))->noise(err, c, v, h, w, &k, white, z);
}

fv_status fv_stroke_prepare(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                            const fv_stroke_options *o, const fv_stroke_drawing *drawn, float *v,
                            float *m, float *y, float *z)
{
	fv_stroke_options k = o ? *o : fv_stroke_default();
	float *reach = m;
	fv_status st = drawn ? fv_stroke_given(err, c, drawn->x, drawn->h, drawn->w, x, h, w, &k, v)
	                     : fv_stroke_flow(err, c, x, h, w, &k, v);
	if (!st && !m && y && k.detail > 0 &&
	    !(reach = fv_alloc(c, (size_t)(h * w) * sizeof(float))))
		st = fv_fail_memory(err, "strokes", (size_t)(h * w) * sizeof(float));
	if (!st && reach)
		st = fv_stroke_hold(err, c, x, h, w, &k, reach);
	if (!st && y)
		st = fv_stroke_smear(err, c, x, v, k.detail > 0 ? reach : NULL, h, w, &k, y);
	if (reach != m)
		fv_free(c, reach);
	if (!st && z)
		st = fv_stroke_noise(err, c, v, h, w, &k, z);
	return st;
}
