/* SPDX-License-Identifier: Apache-2.0 */
/* What the flow is made with: Gaussians along lines, luma at a reduced size, planes smoothed at
 * one.
 *
 * What is smooth needs few pixels: luma is halved as long as its own blur leaves it (an enlarged
 * picture's), the flow's tensor once more, and each window works on means of n x n of these, with
 * at least so many pixels of sigma left. A mean and the bilinear way back blur too, by (n n - 1) /
 * 12 and n n / 6 squared pixels of variance, which the window does without. */
#ifndef FV_SMOOTH_H
#define FV_SMOOTH_H
#include "base/luma.h"
#include "device/cpu/vec.h"
#include "stroke/way.h"
#include <math.h>

enum { ROWS = 16, BAND = 128, STRIP = 128, TAPS = 64 };

/* ---- Gaussians */
typedef struct { float tap[TAPS + 1]; int64_t radius; } gauss;

static gauss gauss_of(double sigma)
{
	gauss g = { .radius = fv_min(TAPS, fv_radius(sigma)) };
	double sum = 0;
	for (int64_t i = 0; i <= g.radius; i++)
		sum += (i ? 2 : 1) * exp(-(double)(i * i) / (2 * sigma * sigma));
	for (int64_t i = 0; i <= g.radius; i++)
		g.tap[i] = (float)(exp(-(double)(i * i) / (2 * sigma * sigma)) / sum);
	return g;
}

/* Sigma in means of n x n pixels, less what means (and the way back) blur. */
static double rest(double sigma, int64_t n, bool back)
{
	double m = (double)(n * n);
	double variance = sigma * sigma - (m - 1) / 12 - (back && n > 1 ? m / 6 : 0);
	return sqrt(variance > m / 100 ? variance : m / 100) / (double)n;
}

/* Copies e[0..w-1] and adds `pad` values on both sides, which mirror it. */
static void mirror_ends(float *e, int64_t w, int64_t pad)
{
	for (int64_t i = 1; i <= pad; i++)
		e[-i] = e[fv_mirror(-i, w)], e[w - 1 + i] = e[fv_mirror(w - 1 + i, w)];
}

/* to = G * e along a row that has its ends (and VF floats more) */
static void blur_line(const gauss *g, const float *e, float *to, int64_t w)
{
	for (int64_t x = 0; x < w; x += VF) {
		vf sum = vf_mul(vf_set(g->tap[0]), vf_loadu(e + x));
		for (int64_t i = 1; i <= g->radius; i++)
			sum = vf_fma(vf_set(g->tap[i]),
			             vf_add(vf_loadu(e + x - i), vf_loadu(e + x + i)), sum);
		vf_store(to + x, sum, vm_first(w - x));
	}
}

/* Smooths downwards: VF values at x from rows row[-radius..radius]. */
VEC vf blur_down(const gauss *g, const float *const *row, int64_t x, vm m)
{
	vf sum = vf_mul(vf_set(g->tap[0]), vf_load(row[0] + x, m));
	for (int64_t i = 1; i <= g->radius; i++)
		sum = vf_fma(vf_set(g->tap[i]),
		             vf_add(vf_load(row[-i] + x, m), vf_load(row[i] + x, m)), sum);
	return sum;
}

/* Pointers to the rows about y of a block that holds rows from `from` on. */
static const float *const *rows_about(const float **row, const float *block, int64_t y,
                                      int64_t from, int64_t h, int64_t w, int64_t radius)
{
	for (int64_t i = -radius; i <= radius; i++)
		row[TAPS + i] = block + (fv_mirror(y + i, h) - from) * w;
	return row + TAPS;
}

/* ---- luma, reduced by means of `level` x `level`, smoothed */
typedef struct {
	const float *x;
	int64_t h0, w0, level, h, w;    /* of the picture; of this */
	gauss fine;
	float gain;                     /* of slopes: to luma a pixel of the training's size */
} shading;

static void luma_row(const shading *s, int64_t y, float *to)
{
	if (s->level == 1) {
		const float *x = s->x + y * s->w0 * 3;
		for (int64_t i = 0; i < s->w; i++)
			to[i] = fv_luma(x[3 * i], x[3 * i + 1], x[3 * i + 2]);
		return;
	}
	const float by = 1 / (float)(s->level * s->level);
	memset(to, 0, (size_t)s->w * sizeof *to);
	for (int64_t r = 0; r < s->level; r++) {
		const float *x = s->x + fv_min(y * s->level + r, s->h0 - 1) * s->w0 * 3;
		int64_t whole = s->w0 / s->level;
		for (int64_t k = 0; k < s->level; k++) {
			const float *p = x + 3 * k;
			for (int64_t i = 0; i < whole; i++)
				to[i] += by * fv_luma(p[3 * s->level * i], p[3 * s->level * i + 1],
				                      p[3 * s->level * i + 2]);
			for (int64_t i = whole; i < s->w; i++) {
				const float *q = x + 3 * fv_min(i * s->level + k, s->w0 - 1);
				to[i] += by * fv_luma(q[0], q[1], q[2]);
			}
		}
	}
}

static int64_t shade_room(const shading *s, int64_t rows)
{
	return (rows + 2 * s->fine.radius) * s->w + s->w + 4 * TAPS;
}

/* Writes rows from..to-1 of smoothed luma into g. shade_room() says how large `room` is. */
static void shade(const shading *s, int64_t from, int64_t to, float *room, float *g)
{
	const int64_t r = s->fine.radius, a = fv_max(0, from - r), b = fv_min(s->h, to + r);
	float *e = room + TAPS, *even = room + s->w + 4 * TAPS;
	const float *row[2 * TAPS + 1];
	for (int64_t y = a; y < b; y++) {
		luma_row(s, y, e);
		mirror_ends(e, s->w, r);
		blur_line(&s->fine, e, even + (y - a) * s->w, s->w);
	}
	for (int64_t y = from; y < to; y++) {
		const float *const *about = rows_about(row, even, y, a, s->h, s->w, r);
		for (int64_t x = 0; x < s->w; x += VF) {
			vm m = vm_first(s->w - x);
			vf_store(g + (y - from) * s->w + x, blur_down(&s->fine, about, x, m), m);
		}
	}
}

/* gx gx, gy gy, gx gy of row y into three lines; g: rows from `from` on, two about y at least */
static void products(const shading *s, const float *g, int64_t from, int64_t y, float *xx,
                     float *yy, float *xy)
{
	const int64_t cy = fv_max(1, fv_min(s->h - 2, y)), w = s->w;
	const float *here = g + (y - from) * w, *up = g + (cy - 1 - from) * w;
	const float *down = g + (cy + 1 - from) * w, half = s->gain / 2;
	for (int64_t x = 1; x < w - 1; x++) {
		float gx = half * (here[x + 1] - here[x - 1]), gy = half * (down[x] - up[x]);
		xx[x] = gx * gx, yy[x] = gy * gy, xy[x] = gx * gy;
	}
	for (int64_t x = 0; x < w; x += w - 1) {
		int64_t cx = x ? w - 2 : 1;
		float gx = half * (here[cx + 1] - here[cx - 1]), gy = half * (down[x] - up[x]);
		xx[x] = gx * gx, yy[x] = gy * gy, xy[x] = gx * gy;
	}
}

/* ---- a plane smoothed at a reduced size */
typedef struct {
	const float *from;              /* h,w */
	float *across, *to;             /* (ch + 2 radius),cw and ch,cw */
	int64_t h, w, n, ch, cw;
	gauss g;
	float *line;
	int64_t line_size;
} reducing;

static void reduce_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const reducing *p = arg;
	const int64_t r = p->g.radius, ends = r * p->n;
	float *sum = p->line + thread * p->line_size + ends, *e = sum + p->w + ends + 64 + r;
	for (int64_t y = first; y < last; y++) {
		const float by = 1 / (float)(p->n * p->n);
		for (int64_t k = 0; k < p->n; k++) {
			const float *row = p->from + fv_mirror((y - r) * p->n + k, p->h) * p->w;
			for (int64_t x = 0; x < p->w; x++)
				sum[x] = k ? sum[x] + row[x] : row[x];
		}
		/* A last mean may reach past the right end; those values are there too. */
		mirror_ends(sum, p->w, ends);
		for (int64_t x = p->w + ends; x < (p->cw + r) * p->n; x++)
			sum[x] = sum[fv_mirror(x, p->w)];
		if (p->n == 1)
			blur_line(&p->g, sum, p->across + y * p->cw, p->cw);
		else {
			for (int64_t x = -r; x < p->cw + r; x++) {
				float mean = 0;
				for (int64_t k = 0; k < p->n; k++)
					mean += sum[x * p->n + k];
				e[x] = mean * by;
			}
			blur_line(&p->g, e, p->across + y * p->cw, p->cw);
		}
	}
}

static void reduce_down(void *arg, int thread, int64_t first, int64_t last)
{
	const reducing *p = arg;
	const float *row[2 * TAPS + 1];
	for (int64_t strip = 0; strip < p->cw; strip += STRIP)
		for (int64_t y = first; y < last; y++) {
			for (int64_t i = 0; i <= 2 * p->g.radius; i++)
				row[TAPS - p->g.radius + i] = p->across + (y + i) * p->cw;
			for (int64_t x = strip; x < fv_min(strip + STRIP, p->cw); x += VF) {
				vm m = vm_first(p->cw - x);
				vf_store(p->to + y * p->cw + x,
				         blur_down(&p->g, row + TAPS, x, m), m);
			}
		}
}

/* Floats of scratch that a thread needs for reducing rows of w. */
static int64_t reduce_line(int64_t w, int64_t n, const gauss *g)
{
	return 2 * (w + 2 * (g->radius + 1) * n) + 4 * TAPS + 128;
}

/* `to`: G * from at the middles of n x n pixels; `across` has 2 radius rows more. line: scratch of
 * all threads. */
static fv_status reduce(fv_err *err, fv_context *c, const float *from, int64_t h, int64_t w,
                        int64_t n, const gauss *g, float *across, float *to, float *line)
{
	reducing p = { from, across, to, h, w, n, fv_div_up(h, n), fv_div_up(w, n), *g, line,
	               reduce_line(w, n, g) };
	fv_status st = fv_stroke_rows(err, c, reduce_rows, &p, p.ch + 2 * g->radius, ROWS);
	return st ? st : fv_stroke_rows(err, c, reduce_down, &p, p.ch, ROWS);
}

/* Row y of a plane enlarged n times, bilinear, w values (and up to n more); line: cw + 2 floats. */
static void enlarge_row(const float *plane, int64_t ch, int64_t cw, int64_t n, int64_t y,
                        float *line, float *to)
{
	const float at = ((float)y + 0.5f) / (float)n - 0.5f, whole = floorf(at), t = at - whole;
	const float *a = plane + fv_max(0, fv_min(ch - 1, (int64_t)whole)) * cw;
	const float *b = plane + fv_max(0, fv_min(ch - 1, (int64_t)whole + 1)) * cw;
	float *l = line + 1;
	for (int64_t x = 0; x < cw; x++)
		l[x] = a[x] + t * (b[x] - a[x]);
	l[-1] = l[0], l[cw] = l[cw - 1];
	if (n == 1) {
		memcpy(to, l, (size_t)cw * sizeof *to);
		return;
	}
	if (n == 2) {
		for (int64_t x = 0; x < cw; x++) {
			to[2 * x] = 0.75f * l[x] + 0.25f * l[x - 1];
			to[2 * x + 1] = 0.75f * l[x] + 0.25f * l[x + 1];
		}
		return;
	}
	for (int64_t k = 0; k < n; k++) {
		float s = ((float)k + 0.5f) / (float)n - 0.5f;
		const float *p = s < 0 ? l - 1 : l;
		s = s < 0 ? s + 1 : s;
		for (int64_t x = 0; x < cw; x++)
			to[x * n + k] = p[x] + s * (p[x + 1] - p[x]);
	}
}

static shading shading_of(const float *x, int64_t h, int64_t w, const fv_stroke_options *o,
                          double sigma, double least)
{
	sigma = fv_sigma(sigma, o, h, w);
	int64_t level = fv_halvings(sigma, least);
	return (shading){ x, h, w, level, fv_div_up(h, level), fv_div_up(w, level),
	                  gauss_of(rest(sigma, level, false)), (float)(o->scale / (double)level) };
}
#endif
