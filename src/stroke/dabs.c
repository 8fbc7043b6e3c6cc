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

/* All dabs of a picture, to be drawn again. */
struct fv_dabs {
	fv_context *context;
	int64_t h, w;                   /* of the picture */
	double length;                  /* as in fv_stroke_options */
	int brushes;
	struct { double brush; fv_area squares; dab *dabs; } of[FV_STROKE_BRUSHES];
	uint32_t *owner;                /* h,w: the dab on top; NULL: not asked for yet */
};

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
/* Finds where a pixel lies in a dab: u along it and t across it, both in pixels. */
static inline void inside(const dab *d, int64_t x, int64_t y, float *u, float *t)
{
	float dx = (float)x - d->x, dy = (float)y - d->y;
	*u = dx * d->vx + dy * d->vy;
	*t = dy * d->vx - dx * d->vy - 0.5f * d->bend * *u * *u;
}

/* Marks the pixels of rows y0..y1-1 that the dab covers and that no dab of a higher rank does; a row
 * of rank and top begins at now->x. */
static void cover(const fv_area *now, const dab *d, int64_t number, int64_t y0, int64_t y1,
                  uint32_t *rank, uint32_t *top)
{
	const float across = d->width + 0.5f * fabsf(d->bend) * d->length * d->length;
	const float high = fabsf(d->vy) * d->length + fabsf(d->vx) * across;
	const float wide = fabsf(d->vx) * d->length + fabsf(d->vy) * across;
	const float by_length = 1 / d->length, by_width = 1 / d->width;
	int64_t up = fv_max(y0, (int64_t)ceilf(d->y - high));
	int64_t down = fv_min(y1 - 1, (int64_t)floorf(d->y + high));
	const int64_t x0 = now->x, w = now->w;
	int64_t left = fv_max(0, (int64_t)ceilf(d->x - wide) - x0);
	int64_t right = fv_min(w - 1, (int64_t)floorf(d->x + wide) - x0);
	for (int64_t y = up; y <= down; y++) {
		uint32_t *r = rank + (y - y0) * w, *to = top + (y - y0) * w;
		for (int64_t x = left; x <= right; x++) {
			float u, t;
			inside(d, x0 + x, y, &u, &t);
			u *= by_length, t *= by_width;
			bool on = u * u * u * u + t * t < 1 && d->rank > r[x];
			r[x] = on ? d->rank : r[x];
			to[x] = on ? (uint32_t)number : to[x];
		}
	}
}

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

/* Squares lo..hi-1 of an axis whose dabs may reach pixels from..to-1, of `all` that there are. */
static void squares(const easel *e, int64_t from, int64_t to, int64_t all, int64_t *lo, int64_t *hi)
{
	/* The farthest that a dab's middle may be from what it covers. */
	const double far = e->brush * (e->o->length + 3);
	*lo = fv_min(all, fv_max(0, (int64_t)(((double)from - far) / e->brush)));
	*hi = fv_max(*lo, fv_min(all, (int64_t)(((double)to + far) / e->brush + 3)));
}

static void paint_strips(void *arg, int thread, int64_t first, int64_t last)
{
	const easel *e = arg;
	const fv_area *n = &e->now, *q = &e->squares;
	uint32_t *rank = e->line + thread * 2 * STRIP * n->w, *top = rank + STRIP * n->w;
	for (int64_t strip = first; strip < last; strip++) {
		int64_t y0 = n->y + strip * STRIP, y1 = fv_min(y0 + STRIP, n->y + n->h), a, b;
		squares(e, y0, y1, q->y + q->h, &a, &b);
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
/* Row y of a block of h rows, w wide: n pixels from column x on. line: 3 n floats, and 3 on each
 * side. */
static void soften_row(const float *block, int64_t y, int64_t h, int64_t w, int64_t x, int64_t n,
                       float *line, float *to)
{
	const bool left = x > 0, right = x + n < w;
	const float *here = block + (y * w + x) * 3, *up = here - (y > 0 ? 3 * w : 0);
	const float *down = here + (y + 1 < h ? 3 * w : 0);
	for (int64_t i = left ? -3 : 0; i < 3 * n + (right ? 3 : 0); i++)
		line[i] = 0.25f * (up[i] + down[i]) + 0.5f * here[i];
	for (int k = 0; k < 3; k++) {
		line[k - 3] = left ? line[k - 3] : line[k];
		line[3 * n + k] = right ? line[3 * n + k] : line[3 * n + k - 3];
	}
	for (int64_t i = 0; i < 3 * n; i++)
		to[i] = 0.25f * (line[i - 3] + line[i + 3]) + 0.5f * line[i];
}

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

static fv_area wider(const fv_area *a, double by, int64_t h, int64_t w)
{
	const int64_t more = (int64_t)ceil(by);
	const int64_t y = fv_max(0, a->y - more), x = fv_max(0, a->x - more);
	return (fv_area){ y, x, fv_min(h, a->y + a->h + more) - y, fv_min(w, a->x + a->w + more) - x };
}

static bool holds(const fv_area *a, const fv_area *b)
{
	return a->y <= b->y && a->x <= b->x && a->y + a->h >= b->y + b->h &&
	       a->x + a->w >= b->x + b->w;
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
		squares(e, e->now.y, e->now.y + e->now.h, rows, &q->y, &q->h);
		squares(e, e->now.x, e->now.x + e->now.w, columns, &q->x, &q->w);
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

/* ---- drawn again, larger */
void fv_dabs_free(fv_dabs *d)
{
	if (!d)
		return;
	for (int i = 0; i < d->brushes; i++)
		fv_free(d->context, d->of[i].dabs);
	fv_free(d->context, d->owner);
	fv_free(d->context, d);
}

int64_t fv_dabs_bytes(const fv_context *c, int64_t h, int64_t w, const fv_stroke_options *o,
                      int64_t wide)
{
	double dabs = 0;
	for (int i = 0; i < o->brushes; i++) {
		const double brush = fmax(0.5, o->brush[i] * o->broad);
		dabs += ((double)h / brush + 3) * ((double)w / brush + 3);
	}
	return (int64_t)(dabs * sizeof(dab)) + 4 * h * w + 20 * fv_max(w, wide) +
	       c->threads * 6 * (STRIP + 3) * (fv_max(w, wide) + 2) * (int64_t)sizeof(float) +
	       3 * (2 * STRIP + 1) * wide * (int64_t)sizeof(float);
}

typedef struct {
	const fv_dabs *kept;
	double down, right;             /* pixels here for one there */
	const float *x;                 /* of `seen` */
	float *y;                       /* of `part` */
	fv_area seen, part, wide;       /* wide: the part and a pixel about it */
	uint32_t *line;                 /* for each thread: ranks, places in their brush's list and
	                                 * numbers of STRIP rows and 2 */
	float *colour;                  /* for each thread: of these rows */
	const float *more;              /* added to the dabs, as large as the kept picture; or NULL */
	const uint32_t *owner;          /* the dab on top of each of its pixels */
	int32_t *column;                /* of `wide`'s columns: the first of four there, */
	float *share;                   /* and their shares */
} redraw;

/* Catmull-Rom: the shares of four neighbours of a place t behind the second. */
static void shares(float t, float s[4])
{
	s[0] = ((-0.5f * t + 1) * t - 0.5f) * t;
	s[1] = (1.5f * t - 2.5f) * t * t + 1;
	s[2] = ((-1.5f * t + 2) * t + 0.5f) * t;
	s[3] = (0.5f * t - 0.5f) * t * t;
}

/* The place of pixel i there: the first of its four neighbours, and their shares. */
static int64_t neighbours(int64_t i, double by, float s[4])
{
	const double at = ((double)i + 0.5) / by - 0.5, whole = floor(at);
	shares((float)(at - whole), s);
	return (int64_t)whole - 1;
}

/* What is more on row y goes to the colours. Where neighbours belong to other dabs, the mean of the
 * dab's own stands for them, so that what was added to one dab does not run over its edge. */
static void add_more(const redraw *r, int64_t y, const uint32_t *number, float *colour)
{
	const int64_t h = r->kept->h, w = r->kept->w;
	float down[4];
	const int64_t first = neighbours(y, r->down, down);
	int64_t row[4];
	for (int k = 0; k < 4; k++)
		row[k] = fv_max(0, fv_min(first + k, h - 1)) * w;
	for (int64_t x = 0; x < r->wide.w; x++) {
		const float *right = r->share + 4 * x;
		float sum[3] = { 0 }, own[3] = { 0 }, all = 0, foreign = 0;
		for (int i = 0; i < 4; i++)
			for (int k = 0; k < 4; k++) {
				const int64_t at = row[i] + fv_max(0, fv_min(r->column[x] + k, w - 1));
				const float *m = r->more + 3 * at, s = down[i] * right[k];
				if (r->owner[at] != number[x]) {
					foreign += s;
					continue;
				}
				const float near = fabsf(s) + 0.02f;
				all += near;
				for (int c = 0; c < 3; c++) {
					sum[c] += s * m[c];
					own[c] += near * m[c];
				}
			}
		if (all > 0) {
			for (int c = 0; c < 3; c++)
				colour[3 * x + c] += sum[c] + foreign * own[c] / all;
			continue;
		}
		/* None of its own is that near: a sliver, or the dab is too small to be seen there. */
		for (int i = 0; i < 4; i++)
			for (int k = 0; k < 4; k++) {
				const int64_t at = row[i] + fv_max(0, fv_min(r->column[x] + k, w - 1));
				for (int c = 0; c < 3; c++)
					colour[3 * x + c] += down[i] * right[k] * r->more[3 * at + c];
			}
	}
}

static dab larger(const dab *d, double down, double right)
{
	const double by = sqrt(down * right);
	dab l = *d;
	l.x = (float)(((double)d->x + 0.5) * right - 0.5);
	l.y = (float)(((double)d->y + 0.5) * down - 0.5);
	l.length = (float)((double)d->length * by);
	l.width = (float)((double)d->width * by);
	l.bend = (float)((double)d->bend / by);
	return l;
}

/* All dabs on rows y0..y1-1 of r->wide, into `colour`. */
static void redraw_rows(const redraw *r, int64_t y0, int64_t y1, uint32_t *rank, float *colour)
{
	const int64_t block = (STRIP + 2) * r->wide.w;
	uint32_t *number = rank + 2 * block;
	const fv_area *n = &r->wide, *s = &r->seen;
	const fv_stroke_options o = { .length = r->kept->length };
	uint32_t *top = rank + block;
	memset(number, 0, (size_t)block * sizeof *number);
	for (int64_t y = y0; y < y1; y++)
		memcpy(colour + (y - y0) * 3 * n->w,
		       r->x + ((y - s->y) * s->w + n->x - s->x) * 3,
		       (size_t)(3 * n->w) * sizeof *colour);
	for (int b = 0; b < r->kept->brushes; b++) {
		const fv_area *q = &r->kept->of[b].squares;
		easel e = { .o = &o, .h = r->kept->h, .w = r->kept->w, .now = *n,
		            .brush = r->kept->of[b].brush };
		int64_t top_row, end_row, left, end;
		squares(&e, (int64_t)((double)y0 / r->down), (int64_t)((double)y1 / r->down) + 1,
		        q->h, &top_row, &end_row);
		squares(&e, (int64_t)((double)n->x / r->right),
		        (int64_t)((double)(n->x + n->w) / r->right) + 1, q->w, &left, &end);
		memset(rank, 0, (size_t)((y1 - y0) * n->w) * sizeof *rank);
		for (int64_t i = top_row; i < end_row; i++)
			for (int64_t k = i * q->w + left; k < i * q->w + end; k++) {
				const dab *from = &r->kept->of[b].dabs[k];
				if (!from->rank)
					continue;
				const dab l = larger(from, r->down, r->right);
				cover(n, &l, k, y0, y1, rank, top);
			}
		for (int64_t i = 0; i < (y1 - y0) * n->w; i++)
			if (rank[i]) {
				memcpy(colour + 3 * i, r->kept->of[b].dabs[top[i]].colour,
				       3 * sizeof *colour);
				number[i] = top[i] * FV_STROKE_BRUSHES + (uint32_t)b + 1;
			}
	}
	for (int64_t y = y0; y < y1 && r->more; y++)
		add_more(r, y, number + (y - y0) * n->w, colour + (y - y0) * 3 * n->w);
}

static void redraw_strips(void *arg, int thread, int64_t first, int64_t last)
{
	const redraw *r = arg;
	const fv_area *p = &r->part, *n = &r->wide;
	uint32_t *rank = r->line + thread * 3 * (STRIP + 2) * n->w;
	float *colour = r->colour + thread * (3 * (STRIP + 2) * n->w + 3 * p->w + 6);
	float *line = colour + 3 * (STRIP + 2) * n->w + 3;
	for (int64_t strip = first; strip < last; strip++) {
		const int64_t y0 = p->y + strip * STRIP, y1 = fv_min(y0 + STRIP, p->y + p->h);
		const int64_t from = fv_max(n->y, y0 - 1), to = fv_min(n->y + n->h, y1 + 1);
		redraw_rows(r, from, to, rank, colour);
		for (int64_t y = y0; y < y1; y++)
			soften_row(colour, y - from, to - from, n->w, p->x - n->x, p->w, line,
			           r->y + (y - p->y) * 3 * p->w);
	}
}

/* The dab on top of each of their own picture's pixels; 0: none. */
static void owner_strips(void *arg, int thread, int64_t first, int64_t last)
{
	const redraw *r = arg;
	const int64_t w = r->wide.w, block = (STRIP + 2) * w;
	uint32_t *rank = r->line + thread * 3 * block;
	float *colour = r->colour + thread * (3 * block + 3 * r->part.w + 6);
	for (int64_t strip = first; strip < last; strip++) {
		const int64_t y0 = strip * STRIP, y1 = fv_min(y0 + STRIP, r->kept->h);
		redraw_rows(r, y0, y1, rank, colour);
		memcpy(r->kept->owner + y0 * w, rank + 2 * block,
		       (size_t)((y1 - y0) * w) * sizeof *rank);
	}
}

static fv_status redraw_new(fv_err *err, redraw *r)
{
	fv_context *c = r->kept->context;
	const int64_t w = r->wide.w, lines = 3 * (STRIP + 2) * w,
		      floats = 3 * (STRIP + 2) * w + 3 * r->part.w + 6;
	const size_t bytes = (size_t)(c->threads * (lines + floats) + 5 * w) * sizeof(float);
	if (!(r->share = fv_alloc_rough(c, bytes)))
		return fv_fail_memory(err, "strokes", bytes);
	r->column = (int32_t *)(r->share + 4 * w);
	r->line = (uint32_t *)(r->column + w);
	r->colour = (float *)(r->line + c->threads * lines);
	for (int64_t x = 0; x < w; x++)
		r->column[x] = (int32_t)neighbours(r->wide.x + x, r->right, r->share + 4 * x);
	return FV_OK;
}

fv_status fv_dabs_own(fv_err *err, fv_dabs *d, const float *x)
{
	fv_context *c = d->context;
	const size_t bytes = (size_t)(d->h * d->w) * sizeof *d->owner;
	const fv_area whole = { 0, 0, d->h, d->w };
	redraw r = { .kept = d, .down = 1, .right = 1, .x = x, .seen = whole, .part = whole,
	             .wide = whole };
	if (!(d->owner = fv_alloc_rough(c, bytes)))
		return fv_fail_memory(err, "strokes", bytes);
	fv_status st = redraw_new(err, &r);
	if (!st)
		st = fv_stroke_rows(err, c, owner_strips, &r, fv_div_up(d->h, STRIP), 1);
	fv_free(c, r.share);
	return st;
}

fv_status fv_dabs_draw(fv_err *err, const fv_dabs *d, int64_t h, int64_t w, const float *x,
                       const fv_area *seen, const float *more, const fv_area *part, float *y)
{
	const fv_area wide = wider(part, 1, h, w), whole = { 0, 0, h, w };
	if (!holds(&whole, part) || !holds(seen, &wide) || !holds(&whole, seen) ||
	    (more && !d->owner))
		return fv_fail(err, FV_E_SHAPE, "strokes: a part that is drawn must lie within its "
		               "picture, with a pixel about it");
	redraw r = { .kept = d, .down = (double)h / (double)d->h, .right = (double)w / (double)d->w,
	             .x = x, .y = y, .seen = *seen, .part = *part, .wide = wide, .more = more,
	             .owner = d->owner };
	fv_status st = redraw_new(err, &r);
	if (!st)
		st = fv_stroke_rows(err, d->context, redraw_strips, &r,
		                    fv_div_up(part->h, STRIP), 1);
	fv_free(d->context, r.share);
	return st;
}
