/* SPDX-License-Identifier: Apache-2.0 */
/* Dabs that were laid for one picture, drawn once more on a larger one: their edges are as sharp as
 * the larger picture is. What a network added to the dabs is enlarged within each of them. */
#include "stroke/dab.h"
#include "stroke/way.h"

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
	uint32_t *top = rank + block;
	memset(number, 0, (size_t)block * sizeof *number);
	for (int64_t y = y0; y < y1; y++)
		memcpy(colour + (y - y0) * 3 * n->w,
		       r->x + ((y - s->y) * s->w + n->x - s->x) * 3,
		       (size_t)(3 * n->w) * sizeof *colour);
	for (int b = 0; b < r->kept->brushes; b++) {
		const fv_area *q = &r->kept->of[b].squares;
		const double brush = r->kept->of[b].brush, length = r->kept->length;
		int64_t top_row, end_row, left, end;
		squares(brush, length, (int64_t)((double)y0 / r->down), (int64_t)((double)y1 / r->down) + 1,
		        q->h, &top_row, &end_row);
		squares(brush, length, (int64_t)((double)n->x / r->right),
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
