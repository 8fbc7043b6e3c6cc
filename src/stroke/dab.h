/* SPDX-License-Identifier: Apache-2.0 */
/* One dab, and which pixels it covers: for who lays dabs (dabs.c) and for who draws them once more
 * (redraw.c). */
#ifndef FV_DAB_H
#define FV_DAB_H
#include "stroke/stroke.h"
#include <math.h>
#include <string.h>

enum { STRIP = 32 };                    /* rows that are painted at a time */

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

/* Finds where a pixel lies in a dab: u along it and t across it, both in pixels. */
static inline void inside(const dab *d, int64_t x, int64_t y, float *u, float *t)
{
	float dx = (float)x - d->x, dy = (float)y - d->y;
	*u = dx * d->vx + dy * d->vy;
	*t = dy * d->vx - dx * d->vy - 0.5f * d->bend * *u * *u;
}

/* Marks the pixels of rows y0..y1-1 that the dab covers and that no dab of a higher rank does; a row
 * of rank and top begins at now->x. */
static inline void cover(const fv_area *now, const dab *d, int64_t number, int64_t y0, int64_t y1,
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

/* Squares lo..hi-1 of an axis whose dabs may reach pixels from..to-1, of `all` that there are. */
static inline void squares(double brush, double length, int64_t from, int64_t to, int64_t all,
                           int64_t *lo, int64_t *hi)
{
	/* The farthest that a dab's middle may be from what it covers. */
	const double far = brush * (length + 3);
	*lo = fv_min(all, fv_max(0, (int64_t)(((double)from - far) / brush)));
	*hi = fv_max(*lo, fv_min(all, (int64_t)(((double)to + far) / brush + 3)));
}

/* Row y of a block of h rows, w wide: n pixels from column x on. line: 3 n floats, and 3 on each
 * side. */
static inline void soften_row(const float *block, int64_t y, int64_t h, int64_t w, int64_t x, int64_t n,
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

static inline fv_area wider(const fv_area *a, double by, int64_t h, int64_t w)
{
	const int64_t more = (int64_t)ceil(by);
	const int64_t y = fv_max(0, a->y - more), x = fv_max(0, a->x - more);
	return (fv_area){ y, x, fv_min(h, a->y + a->h + more) - y, fv_min(w, a->x + a->w + more) - x };
}

static inline bool holds(const fv_area *a, const fv_area *b)
{
	return a->y <= b->y && a->x <= b->x && a->y + a->h >= b->y + b->h &&
	       a->x + a->w >= b->x + b->w;
}
#endif
