/* SPDX-License-Identifier: Apache-2.0 */
/* The photograph in dabs of paint: painterly rendering with brushes of several sizes [1], their
 * strokes short, along the flow, and ending where the colour does [2].
 *
 * From the widest brush to the finest: one dab lies at a random place in each square of the brush's
 * width, with a length that varies and a bend that follows the flow. Its colour is the photograph's
 * mean under it. What decides between dabs that overlap is a rank drawn by chance, not the order in
 * which they are laid; so the work can be cut in any way.
 *
 * In a dab's own coordinates u runs along it and t across it, both 1 at its ends:
 *
 *	u = d . v / length,  t = (d x v - bend/2 (d . v)^2) / width,  inside where u^4 + t^2 < 1
 *
 * [1] Hertzmann: Painterly Rendering with Curved Brush Strokes of Multiple Sizes, SIGGRAPH 1998
 * [2] Litwinowicz: Processing Images and Video for an Impressionist Effect, SIGGRAPH 1997 */
#include "base/philox.h"
#include "stroke/line.h"
#include "stroke/way.h"
#include <math.h>
#include <string.h>

enum { STRIP = 32, PROBES = 4 };
#define LONGER 0.6f                     /* share of its length by which a dab's varies */
#define WIDER 0.5f                      /* share of the brush's width by which a dab's varies, */
#define NARROWEST 1.1f
#define TURN 0.3f                       /* radians by which its direction varies */
#define MOST_BEND 0.7f                  /* radians of the flow's turn that a dab takes part in */
#define ENDS 0.3f                       /* a dab ends where the mean colour is off by this */
/* share of the second brush's dabs that are laid though no detail asks for them */
#define OFTEN 0.1f

typedef struct {
	float x, y, vx, vy, bend;
	float length, width;            /* half of them */
	float colour[3];
	uint32_t rank;                  /* 0: not laid */
} dab;

typedef struct {
	const fv_stroke_options *o;
	const float *x, *v;             /* h,w,3 and h,w,2 */
	float *y, *z;
	int64_t h, w;
	int number;                     /* of the brush in use */
	double brush;                   /* its width, in pixels here */
	int64_t rows, columns;          /* of its dabs, from one square before the picture */
	dab *dabs;
	float most;                     /* distance to the photograph that is left as it is */
	float bristles;                 /* a pixel */
	uint32_t *line;                 /* scratch of each thread: ranks, then numbers, of STRIP
	                                 * rows */
	float *even;                    /* h,w,3 */
} easel;

/* ---- looking */
/* Takes the mean of p across the dab, `along` pixels from its middle. */
static void under(const easel *e, const float *p, const dab *d, float along, float *mean)
{
	const float sag = 0.5f * d->bend * along * along;
	float s[3];
	mean[0] = mean[1] = mean[2] = 0;
	for (int i = -1; i <= 1; i++) {
		float t = sag + (float)i * 0.55f * d->width;
		between(p, e->h, e->w, 3, bounded(d->x + along * d->vx - t * d->vy, e->w),
		        bounded(d->y + along * d->vy + t * d->vx, e->h), s);
		for (int k = 0; k < 3; k++)
			mean[k] += s[k] / 3;
	}
}

static float apart(const float *a, const float *b)
{
	return (fabsf(a[0] - b[0]) + fabsf(a[1] - b[1]) + fabsf(a[2] - b[2])) / 3;
}

static const float *flow_at(const easel *e, float x, float y)
{
	int64_t column = fv_max(0, fv_min(e->w - 1, (int64_t)(x + 0.5f)));
	int64_t row = fv_max(0, fv_min(e->h - 1, (int64_t)(y + 0.5f)));
	return e->v + (row * e->w + column) * 2;
}

/* ---- laying */
/* Number i of a dab: evenly distributed in +-sqrt(3), which has a deviation of 1. */
static float even(uint32_t rank, int64_t i)
{
	uint64_t x = ((uint64_t)rank << 32 | (uint32_t)i) * UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ x >> 32) * UINT64_C(0xD6E8FEB86659FD93);
	return 3.4641016f * ((float)(x >> 40) / 16777216.0f - 0.5f);
}

/* The curvature of a dab follows from how far the flow turns between two places on it. */
static float bend(const easel *e, const dab *d, const float *v, float length)
{
	const float at = 0.6f * length;
	float turned = 0;
	for (int sign = -1; sign <= 1; sign += 2) {
		float way = (float)sign * at;
		const float *f = flow_at(e, d->x + way * d->vx, d->y + way * d->vy);
		float cross = v[0] * f[1] - v[1] * f[0];
		turned += (float)sign * (f[0] * v[0] + f[1] * v[1] < 0 ? -cross : cross);
	}
	return fmaxf(-MOST_BEND, fminf(MOST_BEND, turned)) / (2 * at);
}

/* Finds how many pixels a dab reaches each way, and takes its colour from what lies there. */
static void reach(const easel *e, dab *d, float length, float ends[2])
{
	float middle[3], there[3], sum[3];
	int n = 1;
	under(e, e->x, d, 0, middle);
	memcpy(sum, middle, sizeof sum);
	for (int side = 0; side < 2; side++) {
		ends[side] = length;
		for (int i = 1; i <= PROBES; i++) {
			float at = length * (float)i / PROBES;
			under(e, e->x, d, side ? at : -at, there);
			if (apart(middle, there) > ENDS) {
				at = length * (float)(i - 1) / PROBES;
				ends[side] = fmaxf(d->width, at);
				break;
			}
			for (int k = 0; k < 3; k++)
				sum[k] += there[k];
			n++;
		}
	}
	for (int k = 0; k < 3; k++)
		d->colour[k] = sum[k] / (float)n;
}

/* The mean distance of what is painted to the photograph, along the dab. */
static float missed(const easel *e, const dab *d, const float ends[2])
{
	float off = 0, painted[3], there[3];
	for (int i = -1; i <= 1; i++) {
		float at = (float)i * 0.6f * ends[i > 0];
		under(e, e->y, d, at, painted);
		under(e, e->x, d, at, there);
		off += apart(painted, there) / 3;
	}
	return off;
}

/* Moves the dab's middle to half the way between its ends. */
static void centre(dab *d, const float ends[2])
{
	float along = (ends[1] - ends[0]) / 2, across = 0.5f * d->bend * along * along;
	float slope = d->bend * along, vx = d->vx - slope * d->vy, vy = d->vy + slope * d->vx;
	float norm = sqrtf(vx * vx + vy * vy);
	d->x += along * d->vx - across * d->vy;
	d->y += along * d->vy + across * d->vx;
	d->vx = vx / norm, d->vy = vy / norm;
}

static void lay(const easel *e, int64_t row, int64_t column, dab *d)
{
	const uint64_t key = e->o->seed ^ fv_purpose("dabs");
	const uint64_t place = (uint64_t)row << 32 | (uint64_t)column;
	const fv_philox a = fv_philox_at(key, (uint64_t)e->number * 2, place);
	const fv_philox b = fv_philox_at(key, (uint64_t)e->number * 2 + 1, place);
	float ends[2];
	d->rank = 0;
	d->x = (float)(((double)column - 1 + fv_unit(a.v[0])) * e->brush - 0.5);
	d->y = (float)(((double)row - 1 + fv_unit(a.v[1])) * e->brush - 0.5);
	float length = 0.5f * (float)(e->brush * e->o->length) *
	               (1 + LONGER * (float)(fv_unit(b.v[0]) - 0.5));
	d->width = 0.5f * (float)e->brush * (NARROWEST + WIDER * (float)fv_unit(b.v[1]));
	const float *v = flow_at(e, d->x, d->y);
	float turn = TURN * (float)(fv_unit(b.v[2]) - 0.5), c = cosf(turn), s = sinf(turn);
	d->vx = c * v[0] - s * v[1], d->vy = s * v[0] + c * v[1];
	d->bend = bend(e, d, v, length);
	reach(e, d, length, ends);
	if (e->number > 0 && fv_unit(b.v[3]) >= OFTEN / e->number && missed(e, d, ends) < e->most)
		return;
	centre(d, ends);
	d->length = (ends[0] + ends[1]) / 2 + 0.3f * d->width;
	d->rank = a.v[2] | 1;
}

static void lay_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const easel *e = arg;
	for (int64_t row = first; row < last; row++)
		for (int64_t column = 0; column < e->columns; column++)
			lay(e, row, column, &e->dabs[row * e->columns + column]);
}

/* ---- painting */
/* Finds where a pixel lies in a dab: u along it and t across it, both in pixels. */
static inline void inside(const dab *d, int64_t x, int64_t y, float *u, float *t)
{
	float dx = (float)x - d->x, dy = (float)y - d->y;
	*u = dx * d->vx + dy * d->vy;
	*t = dy * d->vx - dx * d->vy - 0.5f * d->bend * *u * *u;
}

/* Marks the pixels of rows y0..y1-1 that the dab covers and that no dab of a higher rank does. */
static void cover(const easel *e, int64_t number, int64_t y0, int64_t y1, uint32_t *rank,
                  uint32_t *top)
{
	const dab *d = &e->dabs[number];
	const float across = d->width + 0.5f * fabsf(d->bend) * d->length * d->length;
	const float high = fabsf(d->vy) * d->length + fabsf(d->vx) * across;
	const float wide = fabsf(d->vx) * d->length + fabsf(d->vy) * across;
	const float by_length = 1 / d->length, by_width = 1 / d->width;
	int64_t up = fv_max(y0, (int64_t)ceilf(d->y - high));
	int64_t down = fv_min(y1 - 1, (int64_t)floorf(d->y + high));
	int64_t left = fv_max(0, (int64_t)ceilf(d->x - wide));
	int64_t right = fv_min(e->w - 1, (int64_t)floorf(d->x + wide));
	for (int64_t y = up; y <= down; y++) {
		uint32_t *r = rank + (y - y0) * e->w, *to = top + (y - y0) * e->w;
		for (int64_t x = left; x <= right; x++) {
			float u, t;
			inside(d, x, y, &u, &t);
			u *= by_length, t *= by_width;
			bool on = u * u * u * u + t * t < 1 && d->rank > r[x];
			r[x] = on ? d->rank : r[x];
			to[x] = on ? (uint32_t)number : to[x];
		}
	}
}

static void paint_row(const easel *e, int64_t y, const uint32_t *rank, const uint32_t *top)
{
	for (int64_t x = 0; x < e->w; x++) {
		float *to = e->y + (y * e->w + x) * 3, *z = e->z + (y * e->w + x) * FV_STROKE_MARKS;
		if (!rank[x] && e->number > 0)
			continue;
		if (!rank[x]) {                 /* bare canvas */
			memcpy(to, e->x + (y * e->w + x) * 3, 3 * sizeof *to);
			memset(z, 0, FV_STROKE_MARKS * sizeof *z);
			continue;
		}
		const dab *d = &e->dabs[top[x]];
		float u, t;
		inside(d, x, y, &u, &t);
		memcpy(to, d->colour, sizeof d->colour);
		for (int k = 0; k < FV_STROKE_MARKS - 1; k++)
			z[k] = even(d->rank, -1 - k);
		t = t * e->bristles + 4096;     /* no dab has so many bristles */
		int64_t i = (int64_t)t;
		float here = even(d->rank, i);
		z[FV_STROKE_MARKS - 1] = here + (t - (float)i) * (even(d->rank, i + 1) - here);
	}
}

static void paint_strips(void *arg, int thread, int64_t first, int64_t last)
{
	const easel *e = arg;
	uint32_t *rank = e->line + thread * 2 * STRIP * e->w, *top = rank + STRIP * e->w;
	/* The farthest that a dab's middle may be from what it covers. */
	const double far = e->brush * (e->o->length + 3);
	for (int64_t strip = first; strip < last; strip++) {
		int64_t y0 = strip * STRIP, y1 = fv_min(y0 + STRIP, e->h);
		double from = ((double)y0 - far) / e->brush, to = ((double)y1 + far) / e->brush + 3;
		int64_t a = fv_max(0, (int64_t)from), b = fv_min(e->rows, (int64_t)to);
		memset(rank, 0, (size_t)(STRIP * e->w) * sizeof *rank);
		for (int64_t i = a * e->columns; i < b * e->columns; i++)
			if (e->dabs[i].rank)
				cover(e, i, y0, y1, rank, top);
		for (int64_t y = y0; y < y1; y++)
			paint_row(e, y, rank + (y - y0) * e->w, top + (y - y0) * e->w);
	}
}

/* ---- edges without steps: 1 2 1, down and across */
static void soften_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const easel *e = arg;
	const int64_t n = 3 * e->w;
	float *line = (float *)(e->line + thread * 2 * STRIP * e->w) + 3;
	for (int64_t y = first; y < last; y++) {
		const float *here = e->y + y * n, *up = here - (y > 0 ? n : 0);
		const float *down = here + (y + 1 < e->h ? n : 0);
		float *to = e->even + y * n;
		for (int64_t i = 0; i < n; i++)
			line[i] = 0.25f * (up[i] + down[i]) + 0.5f * here[i];
		for (int k = 0; k < 3; k++)
			line[k - 3] = line[k], line[n + k] = line[n + k - 3];
		for (int64_t i = 0; i < n; i++)
			to[i] = 0.25f * (line[i - 3] + line[i + 3]) + 0.5f * line[i];
	}
}

fv_status fv_stroke_dabs(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                         int64_t w, const fv_stroke_options *o, float *y, float *z)
{
	const fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	if (st)
		return st;
	easel e = { .o = &k, .x = x, .v = v, .y = y, .z = z, .h = h, .w = w,
	            .most = 0.16f * (1 - (float)k.detail) + 0.04f,
	            .bristles = (float)(1 / fmax(1, k.bristle * k.broad)) };
	const size_t lines = (size_t)(c->threads * 2 * STRIP * w) * sizeof *e.line;
	for (e.number = 0; e.number < k.brushes && !st; e.number++) {
		e.brush = k.brush[e.number] * k.broad;
		e.rows = (int64_t)((double)h / e.brush) + 3;
		e.columns = (int64_t)((double)w / e.brush) + 3;
		if (e.rows * e.columns > UINT32_MAX)
			return fv_fail(err, FV_E_SHAPE, "strokes: a picture of %" PRId64 "x%" PRId64
			               " pixels takes too many dabs of %g pixels; paint wider ones",
			               w, h, e.brush);
		size_t dabs = (size_t)(e.rows * e.columns) * sizeof *e.dabs;
		if (!(e.dabs = fv_alloc(c, dabs + lines)))
			return fv_fail_memory(err, "strokes", dabs + lines);
		e.line = (uint32_t *)(e.dabs + e.rows * e.columns);
		if (!(st = fv_stroke_rows(err, c, lay_rows, &e, e.rows, 4)))
			st = fv_stroke_rows(err, c, paint_strips, &e, fv_div_up(h, STRIP), 1);
		fv_free(c, e.dabs);
	}
	if (st)
		return st;
	const size_t picture = (size_t)(3 * h * w) * sizeof *e.even;
	if (!(e.even = fv_alloc(c, picture + lines)))
		return fv_fail_memory(err, "strokes", picture + lines);
	e.line = (uint32_t *)(e.even + 3 * h * w);
	if (!(st = fv_stroke_rows(err, c, soften_rows, &e, h, STRIP)))
		memcpy(y, e.even, picture);
	fv_free(c, e.even);
	return st;
}
