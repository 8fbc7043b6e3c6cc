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
#include "stroke/dab.h"
#include "stroke/line.h"
#include "stroke/way.h"
#include <math.h>
#include <string.h>

enum { PROBES = 4 };
#define LONGER 0.6f                     /* share of its length by which a dab's varies */
#define WIDER 0.5f                      /* share of the brush's width by which a dab's varies, */
#define NARROWEST 1.1f
#define TURN 0.3f                       /* radians by which its direction varies */
#define MOST_BEND 0.7f                  /* radians of the flow's turn that a dab takes part in */
#define ENDS 0.3f                       /* a dab ends where the mean colour is off by this */
/* share of the second brush's dabs that are laid though no detail asks for them */
#define OFTEN 0.1f

/* Places are those of the whole picture, so that a part of it has the same bits. */
typedef struct {
	const fv_stroke_options *o;
	const float *x, *v;             /* x is of `seen` */
	float *y, *z;                   /* of `made` */
	int64_t h, w;                   /* of the whole picture */
	fv_area seen, made;
	int64_t vh, vw;                 /* 0: v is of the whole picture; else of a copy as large */
	fv_area now;                    /* what the brush in use paints of `made` */
	int number;                     /* of the brush in use */
	double brush;                   /* its width, in pixels here */
	fv_area squares;                /* its dabs; square 1 is the picture's first */
	dab *dabs;
	float most;                     /* distance to the photograph that is left as it is */
	float bristles;                 /* a pixel */
	uint32_t *line;                 /* scratch of each thread: ranks, then numbers, of STRIP
	                                 * rows */
	fv_area part;                   /* what is wanted in the end */
	fv_dabs *keep;                  /* dabs are kept there; NULL: they are not */
	float *even;                    /* of `part`, 3 channels */
} easel;

/* ---- looking */
/* A place on an axis of the picture as one on n pixels from `first` on: the nearest there is. What
 * is taken off is whole, so no bit is lost. */
static inline float place(float x, int64_t first, int64_t n)
{
	return bounded(x - (float)first, n);
}

/* Takes the mean of p, which has area a, across the dab, `along` pixels from its middle. */
static void under(const fv_area *a, const float *p, const dab *d, float along, float *mean)
{
	const float sag = 0.5f * d->bend * along * along;
	float s[3];
	mean[0] = mean[1] = mean[2] = 0;
	for (int i = -1; i <= 1; i++) {
		float t = sag + (float)i * 0.55f * d->width;
		between(p, a->h, a->w, 3, place(d->x + along * d->vx - t * d->vy, a->x, a->w),
		        place(d->y + along * d->vy + t * d->vx, a->y, a->h), s);
		for (int k = 0; k < 3; k++)
			mean[k] += s[k] / 3;
	}
}

static float apart(const float *a, const float *b)
{
	return (fabsf(a[0] - b[0]) + fabsf(a[1] - b[1]) + fabsf(a[2] - b[2])) / 3;
}

static void flow_at(const easel *e, float x, float y, float *v)
{
	int64_t column = fv_max(0, fv_min(e->w - 1, (int64_t)(x + 0.5f)));
	int64_t row = fv_max(0, fv_min(e->h - 1, (int64_t)(y + 0.5f)));
	if (e->vh)
		fv_stroke_field_at(e->v, e->vh, e->vw, e->h, e->w, row, column, v);
	else
		memcpy(v, e->v + (row * e->w + column) * 2, 2 * sizeof *v);
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
		float f[2];
		flow_at(e, d->x + way * d->vx, d->y + way * d->vy, f);
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
	under(&e->seen, e->x, d, 0, middle);
	memcpy(sum, middle, sizeof sum);
	for (int side = 0; side < 2; side++) {
		ends[side] = length;
		for (int i = 1; i <= PROBES; i++) {
			float at = length * (float)i / PROBES;
			under(&e->seen, e->x, d, side ? at : -at, there);
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
		under(&e->made, e->y, d, at, painted);
		under(&e->seen, e->x, d, at, there);
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
	float v[2];
	flow_at(e, d->x, d->y, v);
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
	const fv_area *q = &e->squares;
	for (int64_t row = first; row < last; row++)
		for (int64_t column = 0; column < q->w; column++)
			lay(e, q->y + row, q->x + column, &e->dabs[row * q->w + column]);
}

/* ---- painting */
static void paint_row(const easel *e, int64_t y, const uint32_t *rank, const uint32_t *top)
{
	const int64_t at = (y - e->made.y) * e->made.w + e->now.x - e->made.x;
	const float *bare = e->x + ((y - e->seen.y) * e->seen.w + e->now.x - e->seen.x) * 3;
	for (int64_t x = 0; x < e->now.w; x++) {
		float *to = e->y + (at + x) * 3, *z = e->z + (at + x) * FV_STROKE_MARKS;
		if (!rank[x] && e->number > 0)
			continue;
		if (!rank[x]) {                 /* bare canvas */
			memcpy(to, bare + 3 * x, 3 * sizeof *to);
			memset(z, 0, FV_STROKE_MARKS * sizeof *z);
			continue;
		}
		const dab *d = &e->dabs[top[x]];
		float u, t;
		inside(d, e->now.x + x, y, &u, &t);
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
	const fv_area *n = &e->now, *q = &e->squares;
	uint32_t *rank = e->line + thread * 2 * STRIP * n->w, *top = rank + STRIP * n->w;
	for (int64_t strip = first; strip < last; strip++) {
		int64_t y0 = n->y + strip * STRIP, y1 = fv_min(y0 + STRIP, n->y + n->h), a, b;
		squares(e->brush, e->o->length, y0, y1, q->y + q->h, &a, &b);
		a = fv_max(a, q->y);
		memset(rank, 0, (size_t)(STRIP * n->w) * sizeof *rank);
		for (int64_t i = (a - q->y) * q->w; i < (b - q->y) * q->w; i++)
			if (e->dabs[i].rank)
				cover(n, &e->dabs[i], i, y0, y1, rank, top);
		for (int64_t y = y0; y < y1; y++)
			paint_row(e, y, rank + (y - y0) * n->w, top + (y - y0) * n->w);
	}
}

/* ---- edges without steps: 1 2 1, down and across */
static void soften_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const easel *e = arg;
	const fv_area *p = &e->part, *m = &e->made;
	float *line = (float *)(e->line + thread * 2 * STRIP * m->w) + 3;
	for (int64_t y = first; y < last; y++)
		soften_row(e->y, y + p->y - m->y, m->h, m->w, p->x - m->x, p->w, line,
		           e->even + y * 3 * p->w);
}

/* ---- a part of a picture */
/* The farthest that a dab reaches from where it was put down, and so the farthest it looks: the end of
 * the longest, off to the side by its bend and half of the widest; and some, for its middle is moved. */
static double far(const fv_stroke_options *o, int brush)
{
	const double length = 0.5 * o->length * (1 + 0.5 * (double)LONGER);
	const double width = 0.5 * ((double)NARROWEST + (double)WIDER);
	const double along = length + 0.3 * width;
	const double bend = (double)MOST_BEND / (2 * 0.6 * length);
	const double reach = hypot(along, 0.5 * bend * along * along + width) + 0.35;
	return o->brush[brush] * o->broad * reach + 2;
}

/* What is painted by a brush depends, beside the photograph, on what wider ones painted so far away:
 * a dab that covers it, and what that one looks at. */
static double behind(const fv_stroke_options *o, int brush)
{
	double sum = 1;
	for (int i = brush + 1; i < o->brushes; i++)
		sum += 2 * far(o, i);
	return sum;
}

int64_t fv_stroke_margin(const fv_stroke_options *o)
{
	return (int64_t)ceil(behind(o, -1));
}

static void keep(easel *e)
{
	fv_dabs *k = e->keep;
	k->of[k->brushes].brush = e->brush;
	k->of[k->brushes].squares = e->squares;
	k->of[k->brushes++].dabs = e->dabs;
}

/* All brushes paint e->made, and it becomes e->even; of a whole picture, without one, e->y. */
static fv_status paint(fv_err *err, fv_context *c, easel *e)
{
	const fv_stroke_options *k = e->o;
	fv_status st = FV_OK;
	for (e->number = 0; e->number < k->brushes && !st; e->number++) {
		e->brush = k->brush[e->number] * k->broad;
		e->now = wider(&e->part, behind(k, e->number), e->h, e->w);
		const int64_t rows = (int64_t)((double)e->h / e->brush) + 3;
		const int64_t columns = (int64_t)((double)e->w / e->brush) + 3;
		fv_area *q = &e->squares;
		squares(e->brush, e->o->length, e->now.y, e->now.y + e->now.h, rows, &q->y, &q->h);
		squares(e->brush, e->o->length, e->now.x, e->now.x + e->now.w, columns, &q->x, &q->w);
		q->h -= q->y, q->w -= q->x;
		if (q->h * q->w > UINT32_MAX)
			return fv_fail(err, FV_E_SHAPE, "strokes: a picture of %" PRId64 "x%" PRId64
			               " pixels takes too many dabs of %g pixels; paint wider ones",
			               e->w, e->h, e->brush);
		const size_t dabs = (size_t)(q->h * q->w) * sizeof *e->dabs;
		const size_t lines = (size_t)(c->threads * 2 * STRIP * e->now.w) * sizeof *e->line;
		e->dabs = fv_alloc(c, dabs);
		if (!e->dabs || !(e->line = fv_alloc(c, lines))) {
			fv_free(c, e->dabs);
			return fv_fail_memory(err, "strokes", dabs + lines);
		}
		if (!(st = fv_stroke_rows(err, c, lay_rows, e, q->h, 4)))
			st = fv_stroke_rows(err, c, paint_strips, e, fv_div_up(e->now.h, STRIP), 1);
		fv_free(c, e->line);
		if (e->keep)
			keep(e);
		else
			fv_free(c, e->dabs);
	}
	const size_t lines = (size_t)(c->threads * 2 * STRIP * e->made.w + 6) * sizeof *e->line;
	const size_t own = e->even ? 0 : (size_t)(3 * e->h * e->w) * sizeof *e->even;
	float *room;
	if (st)
		return st;
	if (!(room = fv_alloc(c, own + lines)))
		return fv_fail_memory(err, "strokes", own + lines);
	e->even = own ? room : e->even;
	e->line = (uint32_t *)room + own / sizeof *room;
	st = fv_stroke_rows(err, c, soften_rows, e, e->part.h, STRIP);
	if (!st && own)
		memcpy(e->y, room, own);
	fv_free(c, room);
	return st;
}

static easel easel_of(const float *x, const float *v, int64_t h, int64_t w,
                      const fv_stroke_options *o)
{
	const fv_area whole = { 0, 0, h, w };
	return (easel){ .o = o, .x = x, .v = v, .h = h, .w = w, .seen = whole, .made = whole,
	                .part = whole, .most = 0.16f * (1 - (float)o->detail) + 0.04f,
	                .bristles = (float)(1 / fmax(1, o->bristle * o->broad)) };
}

fv_status fv_stroke_dabs_kept(fv_err *err, fv_context *c, const float *x, const float *v,
                              int64_t h, int64_t w, const fv_stroke_options *o, float *y, float *z,
                              fv_dabs **kept)
{
	const fv_stroke_options k = o ? *o : fv_stroke_default();
	fv_status st = fv_stroke_check(err, h, w, &k);
	if (st)
		return st;
	easel e = easel_of(x, v, h, w, &k);
	e.y = y, e.z = z;
	if (kept && !(e.keep = fv_alloc(c, sizeof *e.keep)))
		return fv_fail_memory(err, "strokes", sizeof *e.keep);
	if (kept)
		*e.keep = (fv_dabs){ .context = c, .h = h, .w = w, .length = k.length };
	st = paint(err, c, &e);
	if (st)
		fv_dabs_free(e.keep);
	else if (kept)
		*kept = e.keep;
	return st;
}

fv_status fv_stroke_dabs(fv_err *err, fv_context *c, const float *x, const float *v, int64_t h,
                         int64_t w, const fv_stroke_options *o, float *y, float *z)
{
	return fv_stroke_dabs_kept(err, c, x, v, h, w, o, y, z, NULL);
}

fv_status fv_stroke_dabs_part(fv_err *err, fv_context *c, const float *x, const float *v,
                              int64_t vh, int64_t vw, int64_t h, int64_t w, const fv_area *seen,
                              const fv_area *part, const fv_stroke_options *o, float *y, float *z)
{
	const fv_stroke_options k = o ? *o : fv_stroke_default();
	const fv_area whole = { 0, 0, h, w };
	fv_status st = fv_stroke_check(err, h, w, &k);
	if (st)
		return st;
	const fv_area need = wider(part, behind(&k, -1), h, w);
	if (!holds(&whole, part) || !holds(seen, &need) || !holds(&whole, seen))
		return fv_fail(err, FV_E_SHAPE, "strokes: a part of a picture must lie within it, "
		               "with a margin of %" PRId64 " pixels", fv_stroke_margin(&k));
	easel e = easel_of(x, v, h, w, &k);
	e.seen = *seen, e.part = *part, e.even = y;
	e.vh = vh, e.vw = vw;
	e.made = wider(part, behind(&k, 0), h, w);
	const int64_t pixels = e.made.h * e.made.w;
	const size_t bytes = (size_t)((3 + FV_STROKE_MARKS) * pixels) * sizeof(float);
	float *room = fv_alloc_rough(c, bytes);
	if (!room)
		return fv_fail_memory(err, "strokes", bytes);
	e.y = room, e.z = room + 3 * pixels;
	if (!(st = paint(err, c, &e)))
		for (int64_t r = 0; r < part->h; r++)
			memcpy(z + r * part->w * FV_STROKE_MARKS,
			       e.z + ((part->y - e.made.y + r) * e.made.w + part->x - e.made.x) *
			                     FV_STROKE_MARKS,
			       (size_t)(part->w * FV_STROKE_MARKS) * sizeof *z);
	fv_free(c, room);
	return st;
}
