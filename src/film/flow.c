/* SPDX-License-Identifier: Apache-2.0 */
/* A pyramid of either frame. From its top down, patches of 8 x 8 pixels, one every 3, each begin
 * where the level above says, or where a neighbour has come to, whichever fits best, and are moved
 * by steps whose matrix, of the patch's own slopes, is made once (the inverse search):
 *
 *	du = H^-1 sum g (I1(x + u) - I0(x)),  H = sum g g^T
 *
 * Slopes are Sobel's sums, eight times a slope, so that a step is an eighth of Gauss and Newton's:
 * it takes more of them and runs away less. Each pixel takes the mean of the patches over it,
 * weighed by how well they explain it; then the field is refined (refine.c). */
#include "film/flow.h"
#include "film/refine.h"
#include <math.h>
#include <string.h>

enum { PATCH = 8, STRIDE = 3, PASSES = 2, STEPS = 12, STRIPES = 8, LEVELS = 12 };

struct fv_flow {
	fv_context *c;
	int64_t h, w;
	int levels, finest;
	fv_flow_plane now[LEVELS], before[LEVELS];
	float *memory;
	float *field, *other;           /* of the level in work and the one above: h,w,2 */
	float *patch;                   /* u, v of each patch */
	float *room;                    /* the refinement's */
	/* of the level in work */
	const fv_flow_plane *a, *b;
	const float *coarse;
	int64_t ch, cw, rows, columns;
	const uint8_t *grey;
	float *uv;
};

static int64_t patches(int64_t n) { return (n - PATCH) / STRIDE + 1; }

/* ---- pyramids */
static void pad(fv_flow_plane *p)
{
	for (int64_t y = 0; y < p->h; y++) {
		float *row = p->at + y * p->stride;
		for (int64_t i = 1; i <= FV_FLOW_EDGE; i++)
			row[-i] = row[0], row[p->w - 1 + i] = row[p->w - 1];
	}
	const size_t bytes = (size_t)(p->w + 2 * FV_FLOW_EDGE) * sizeof(float);
	for (int64_t i = 1; i <= FV_FLOW_EDGE; i++) {
		memcpy(p->at - i * p->stride - FV_FLOW_EDGE, p->at - FV_FLOW_EDGE, bytes);
		memcpy(p->at + (p->h - 1 + i) * p->stride - FV_FLOW_EDGE,
		       p->at + (p->h - 1) * p->stride - FV_FLOW_EDGE, bytes);
	}
}

/* How much of pixels 2 i, 2 i + 1, 2 i + 2 lies under pixel i of floor(n / 2) that share n. */
static void shares(int64_t i, int64_t n, float share[3])
{
	const double scale = (double)n / (double)(n / 2);
	const double from = (double)i * scale, to = from + scale, at = (double)(2 * i);
	for (int k = 0; k < 3; k++) {
		const double low = fmax(from, at + k), high = fmin(to, at + k + 1);
		share[k] = (float)(fmax(0, high - low) / scale);
	}
}

static void halve_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const fv_flow_plane *from = *(const fv_flow_plane **)arg, *to = from + 1;
	for (int64_t y = first; y < last; y++) {
		const float *a = from->at + 2 * y * from->stride;
		float *out = to->at + y * to->stride, down[3], across[3];
		shares(y, from->h, down);
		for (int64_t x = 0; x < to->w; x++) {
			float sum = 0;
			shares(x, from->w, across);
			const float *at = a + 2 * x;
			for (int r = 0; r < 3; r++, at += from->stride)
				for (int q = 0; q < 3; q++)
					sum += down[r] * across[q] * at[q];
			/* As OpenCV rounds: up, and to even where a side is odd. */
			out[x] = from->h % 2 || from->w % 2 ? rintf(sum) : floorf(sum + 0.5f);
		}
	}
}

static void load_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const fv_flow *f = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < f->w; x++)
			f->now[0].at[y * f->now[0].stride + x] = f->grey[y * f->w + x];
}

void fv_flow_put(fv_flow *f, const uint8_t *grey)
{
	for (int i = 0; i < f->levels; i++) {
		fv_flow_plane k = f->now[i];
		f->now[i] = f->before[i];
		f->before[i] = k;
	}
	f->grey = grey;
	if (f->levels)
		fv_team_run(f->c->team, load_rows, f, f->h, 32);
	for (int i = 0; i < f->levels; i++) {
		const fv_flow_plane *from = f->now + fv_max(0, i - 1);
		if (i)
			fv_team_run(f->c->team, halve_rows, &from, f->now[i].h, 32);
		pad(&f->now[i]);
	}
}

/* ---- patches */
typedef struct {
	float a[PATCH * PATCH], gx[PATCH * PATCH], gy[PATCH * PATCH];
	float mx, my;                   /* means of gx and gy */
	float xx, xy, yy;               /* the inverse of H */
} model;

/* A pixel beyond the border is the one as far within. */
FV_FLOW_INLINE int64_t mirrored(int64_t i, int64_t n)
{
	return i < 0 ? fv_min(-i, n - 1) : i >= n ? fv_max(0, 2 * n - 2 - i) : i;
}

FV_FLOW_INLINE void model_of(const fv_flow_plane *p, int64_t x, int64_t y, model *m)
{
	enum { WIDE = PATCH + 2 };
	float t[WIDE][WIDE], xx = 0, xy = 0, yy = 0, mx = 0, my = 0;
	for (int r = 0; r < WIDE; r++) {
		const float *row = p->at + mirrored(y + r - 1, p->h) * p->stride;
		for (int q = 0; q < WIDE; q++)
			t[r][q] = row[x + q - 1];
		t[r][0] = row[mirrored(x - 1, p->w)];
		t[r][WIDE - 1] = row[mirrored(x + PATCH, p->w)];
	}
	for (int r = 0; r < PATCH; r++)
		for (int q = 0; q < PATCH; q++) {
			const int i = r * PATCH + q;
			const float *up = t[r] + q, *at = t[r + 1] + q, *low = t[r + 2] + q;
			m->a[i] = at[1];
			m->gx[i] = up[2] - up[0] + 2 * (at[2] - at[0]) + low[2] - low[0];
			m->gy[i] = low[0] + 2 * low[1] + low[2] - up[0] - 2 * up[1] - up[2];
			mx += m->gx[i], my += m->gy[i];
			xx += m->gx[i] * m->gx[i], xy += m->gx[i] * m->gy[i],
			        yy += m->gy[i] * m->gy[i];
		}
	float det = xx * yy - xy * xy;
	det = fabsf(det) < 0.001f ? 0.001f : det;
	m->mx = mx / (PATCH * PATCH), m->my = my / (PATCH * PATCH);
	m->xx = yy / det, m->xy = -xy / det, m->yy = xx / det;
}

/* d: the patch as it is seen u, v away, less the model; mean: of d. Returns the sum of its squares
 * about its mean. */
FV_FLOW_INLINE float difference(const fv_flow_plane *p, const model *m, int64_t x, int64_t y,
                                const float uv[2], float *d, float *mean)
{
	const float at_x = fv_flow_within((float)x + uv[0], 1 - PATCH, (float)(p->w - 1)),
	            at_y = fv_flow_within((float)y + uv[1], 1 - PATCH, (float)(p->h - 1));
	const float fx = floorf(at_x), fy = floorf(at_y), s = at_x - fx, t = at_y - fy;
	const float w00 = (1 - s) * (1 - t), w01 = s * (1 - t), w10 = (1 - s) * t, w11 = s * t;
	const float *from = p->at + (int64_t)fy * p->stride + (int64_t)fx;
	float sum = 0, squares = 0;
	for (int r = 0; r < PATCH; r++) {
		const float *row = from + r * p->stride, *below = row + p->stride;
		for (int q = 0; q < PATCH; q++) {
			const float k = w00 * row[q] + w01 * row[q + 1] + w10 * below[q] +
			                w11 * below[q + 1] - m->a[r * PATCH + q];
			d[r * PATCH + q] = k;
			sum += k, squares += k * k;
		}
	}
	*mean = sum / (PATCH * PATCH);
	return squares - sum * *mean;
}

/* uv moves to where the patch fits best, unless that is further than the patch is wide. */
FV_FLOW_INLINE void descend(const fv_flow_plane *b, const model *m, int64_t x, int64_t y,
                            float uv[2])
{
	float d[PATCH * PATCH], at[2] = { uv[0], uv[1] }, best = INFINITY, mean;
	for (int i = 0; i < STEPS; i++) {
		const float off = difference(b, m, x, y, at, d, &mean);
		float sx = 0, sy = 0;
		for (int k = 0; k < PATCH * PATCH; k++)
			sx += m->gx[k] * d[k], sy += m->gy[k] * d[k];
		sx -= PATCH * PATCH * mean * m->mx, sy -= PATCH * PATCH * mean * m->my;
		at[0] -= m->xx * sx + m->xy * sy, at[1] -= m->xy * sx + m->yy * sy;
		if (!(off < best))
			break;
		best = off;
	}
	const float du = at[0] - uv[0], dv = at[1] - uv[1];
	if (du * du + dv * dv <= PATCH * PATCH)
		uv[0] = at[0], uv[1] = at[1];
}

/* The level above, a bilinear enlargement of it. */
FV_FLOW_INLINE void coarse_at(const fv_flow *f, int64_t x, int64_t y, float uv[2])
{
	const float fx = ((float)x + 0.5f) * (float)f->cw / (float)f->a->w - 0.5f,
	            fy = ((float)y + 0.5f) * (float)f->ch / (float)f->a->h - 0.5f;
	for (int k = 0; k < 2; k++)
		uv[k] = 2 * fv_flow_between(f->coarse, f->ch, f->cw, 2, k, fx, fy);
}

/* A patch takes what its neighbour has come to where that fits better. */
FV_FLOW_INLINE void propagate(const fv_flow_plane *b, const model *m, int64_t x, int64_t y,
                              const float *neighbour, float uv[2], float *best)
{
	float d[PATCH * PATCH], mean;
	const float off = difference(b, m, x, y, neighbour, d, &mean);
	if (off < *best)
		*best = off, uv[0] = neighbour[0], uv[1] = neighbour[1];
}

/* Rows first to last of patches, in one piece: there and back, so that a good motion spreads. As
 * many pieces as OpenCV has, whatever the threads. */
FV_FLOW_FAST static void search_stripes(void *arg, int thread, int64_t first, int64_t last)
{
	fv_flow *f = arg;
	const int64_t rows = fv_div_up(f->rows, STRIPES), columns = f->columns;
	for (int64_t s = first; s < last; s++) {
		const int64_t top = fv_min(s * rows, f->rows), n = fv_min(rows, f->rows - top);
		for (int64_t i = 0; i < PASSES * n * columns; i++) {
			const int64_t pass = i / (n * columns), k = i % (n * columns);
			const int64_t at = top * columns + (pass ? n * columns - 1 - k : k);
			const int64_t r = at / columns, q = at % columns, step = pass ? 1 : -1;
			const int64_t x = q * STRIDE, y = r * STRIDE;
			float *uv = f->patch + 2 * at, d[PATCH * PATCH], mean;
			model m;
			model_of(f->a, x, y, &m);
			if (!pass && f->coarse)
				coarse_at(f, x + PATCH / 2, y + PATCH / 2, uv);
			else if (!pass)
				uv[0] = uv[1] = 0;
			float best = difference(f->b, &m, x, y, uv, d, &mean);
			if (q + step >= 0 && q + step < columns)
				propagate(f->b, &m, x, y, uv + 2 * step, uv, &best);
			if (r + step >= top && r + step < top + n)
				propagate(f->b, &m, x, y, uv + 2 * step * columns, uv, &best);
			descend(f->b, &m, x, y, uv);
		}
	}
}

/* ---- pixels */
FV_FLOW_FAST static void spread_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_flow *f = arg;
	const fv_flow_plane *a = f->a;
	const float right = (float)(a->w - 1) - 0.001f, bottom = (float)(a->h - 1) - 0.001f;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < a->w; x++) {
			/* Behind the last patch there is the last patch. */
			const int64_t r1 = fv_min(f->rows - 1, y / STRIDE),
			              r0 = fv_min(r1, fv_max(0, fv_div_up(y - PATCH + 1, STRIDE))),
			              q1 = fv_min(f->columns - 1, x / STRIDE),
			              q0 = fv_min(q1, fv_max(0, fv_div_up(x - PATCH + 1, STRIDE)));
			float u = 0, v = 0, sum = 0;
			for (int64_t r = r0; r <= r1; r++)
				for (int64_t q = q0; q <= q1; q++) {
					const float *p = f->patch + (r * f->columns + q) * 2;
					const float off =
					        fv_flow_sample(f->b,
					                       fv_flow_within((float)x + p[0], 0, right),
					                       fv_flow_within((float)y + p[1], 0,
					                                      bottom)) -
					        a->at[y * a->stride + x];
					const float w = 1 / fv_flow_most(1, fabsf(off));
					u += w * p[0], v += w * p[1], sum += w;
				}
			float *uv = f->field + (y * a->w + x) * 2;
			uv[0] = u / sum, uv[1] = v / sum;
		}
}

/* The finest level's field, to all pixels. */
static void enlarge_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const fv_flow *f = arg;
	const float n = (float)(1 << f->finest) / 2;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < f->w; x++) {
			float *uv = f->uv + (y * f->w + x) * 2;
			coarse_at(f, x, y, uv);
			uv[0] *= n, uv[1] *= n;
		}
}

void fv_flow_run(fv_flow *f, bool ahead, float *uv)
{
	fv_team *t = f->c->team;
	f->coarse = NULL, f->uv = uv;
	if (!f->levels) {
		memset(uv, 0, (size_t)(f->h * f->w) * 2 * sizeof *uv);
		return;
	}
	for (int i = f->levels - 1; i >= f->finest; i--) {
		f->a = ahead ? &f->before[i] : &f->now[i];
		f->b = ahead ? &f->now[i] : &f->before[i];
		f->rows = patches(f->a->h), f->columns = patches(f->a->w);
		fv_team_run(t, search_stripes, f, STRIPES, 1);
		fv_team_run(t, spread_rows, f, f->a->h, 8);
		fv_flow_refine(t, f->a, f->b, f->field, f->room);
		float *k = f->field;
		f->field = f->other, f->other = k;
		f->coarse = f->other, f->ch = f->a->h, f->cw = f->a->w;
	}
	if (f->finest) {
		f->a = &f->now[0];
		fv_team_run(t, enlarge_rows, f, f->h, 16);
	} else
		memcpy(uv, f->coarse, (size_t)(f->h * f->w) * 2 * sizeof *uv);
}

/* ---- life */
/* The coarsest level is the one whose longer side is about four patches, if a patch fits in it. */
static int count_levels(int64_t h, int64_t w)
{
	const double longer = (double)fv_max(h, w) / (4 * PATCH),
	             shorter = (double)(fv_min(h, w) / PATCH);
	if (shorter < 1)
		return 0;
	const int n = (int)fmin(log2(longer) + 0.5, floor(log2(shorter)));
	return fv_max(0, fv_min(n, LEVELS - 1)) + 1;
}

fv_status fv_flow_new(fv_err *err, fv_context *c, int64_t h, int64_t w, int finest, fv_flow **out)
{
	fv_flow *f = fv_alloc(c, sizeof *f);
	if (!f)
		return fv_fail_memory(err, "motion", sizeof *f);
	*f = (fv_flow){ .c = c, .h = h, .w = w, .levels = count_levels(h, w) };
	int64_t floats = 0, side_h = h, side_w = w;
	for (int i = 0; i < f->levels; i++) {
		f->now[i] = (fv_flow_plane){ .h = side_h,
			                     .w = side_w,
			                     .stride = fv_div_up(side_w + 2 * FV_FLOW_EDGE, 16) * 16 };
		floats += 2 * f->now[i].stride * (side_h + 2 * FV_FLOW_EDGE);
		side_h /= 2, side_w /= 2;
	}
	f->finest = (int)fv_max(0, fv_min(finest, f->levels - 1));
	const fv_flow_plane *fine = &f->now[f->finest];
	const int64_t field = 2 * fine->h * fine->w,
	              refined = fv_flow_refine_floats(fine->h, fine->w),
	              patch = f->levels ? 2 * patches(fine->h) * patches(fine->w) : 0;
	floats += 2 * field + patch + refined;
	if (!(f->memory = fv_alloc(c, (size_t)fv_max(1, floats) * sizeof(float)))) {
		fv_free(c, f);
		return fv_fail_memory(err, "motion", (size_t)floats * sizeof(float));
	}
	f->field = f->memory, f->other = f->field + field, f->patch = f->other + field;
	f->room = f->patch + patch;
	float *next = f->room + refined;
	for (int i = 0; i < f->levels; i++) {
		fv_flow_plane *p = &f->now[i];
		const int64_t size = p->stride * (p->h + 2 * FV_FLOW_EDGE);
		f->before[i] = *p;
		p->at = next + FV_FLOW_EDGE * p->stride + FV_FLOW_EDGE;
		f->before[i].at = p->at + size;
		next += 2 * size;
	}
	*out = f;
	return FV_OK;
}

void fv_flow_free(fv_flow *f)
{
	if (!f)
		return;
	fv_free(f->c, f->memory);
	fv_free(f->c, f);
}
