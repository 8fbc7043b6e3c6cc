/* SPDX-License-Identifier: Apache-2.0 */
/* Flow and hold, VF pixels at once; plain_field.c has the formulas.
 *
 * What is smooth needs few pixels: luma is halved as long as its own blur leaves it (an enlarged
 * picture's), the flow's tensor once more, and each window works on means of n x n of these, with
 * at least so many pixels of sigma left. A mean and the bilinear way back blur too, by (n n - 1) /
 * 12 and n n / 6 squared pixels of variance, which the window does without. Hold is compared with
 * its surroundings, so all of it but the widest window stays at the size of luma. */
#include "cpu/vec.h"
#include "stroke/angle.h"
#include "stroke/way.h"
#include "stroke/white.h"
#include <math.h>

enum { ROWS = 16, BAND = 128, STRIP = 128, TAPS = 64 };
#define FLOW_LEAST 1.5                  /* pixels of sigma that halving leaves */
#define HOLD_LEAST 1.2
#define WINDOW_LEAST 3.2
#define WIDE_LEAST 10

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

/* The largest power of two that leaves `least` of sigma, and sigma in such pixels, less what means
 * (and the way back) blur. */
static int64_t halvings(double sigma, double least)
{
	int64_t n = 1;
	while (sigma >= 2 * least * (double)n)
		n *= 2;
	return n;
}

static double rest(double sigma, int64_t n, bool back)
{
	double m = (double)(n * n);
	double variance = sigma * sigma - (m - 1) / 12 - (back && n > 1 ? m / 6 : 0);
	return sqrt(variance > m / 100 ? variance : m / 100) / (double)n;
}

/* e[0..w-1] with `pad` mirrored on both sides. */
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

/* Down: VF values at x from rows row[-radius..radius]. */
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
			to[i] = 0.299f * x[3 * i] + 0.587f * x[3 * i + 1] + 0.114f * x[3 * i + 2];
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
				to[i] += by * (0.299f * p[3 * s->level * i] +
				               0.587f * p[3 * s->level * i + 1] +
				               0.114f * p[3 * s->level * i + 2]);
			for (int64_t i = whole; i < s->w; i++) {
				const float *q = x + 3 * fv_min(i * s->level + k, s->w0 - 1);
				to[i] += by * (0.299f * q[0] + 0.587f * q[1] + 0.114f * q[2]);
			}
		}
	}
}

static int64_t shade_room(const shading *s, int64_t rows)
{
	return (rows + 2 * s->fine.radius) * s->w + s->w + 4 * TAPS;
}

/* Rows from..to-1 of smoothed luma, into g; room as shade_room() says. */
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

/* A thread's scratch for the reduction of rows of w. */
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

/* ---- flow */
typedef struct {
	shading s;
	const fv_stroke_options *o;
	int64_t h, w;                   /* of the sums: half of the shading's */
	float *tensor[3], *sum[2];      /* h,w */
	const float *part[3];           /* a window's, ch,cw */
	int64_t n, ch, cw;
	float weight;
	float *v;
	float *line;
	int64_t line_size;
	int64_t rows, columns;          /* of the slow random field */
	float *cell[2];                 /* its values */
	int32_t *left;                  /* of each column of the sums */
	float *share;                   /* 4 each */
} flowing;

static void flow_tensor(void *arg, int thread, int64_t first, int64_t last)
{
	const flowing *f = arg;
	const shading *s = &f->s;
	const int64_t w = s->w;
	float *xx = f->line + thread * f->line_size, *yy = xx + 2 * (w + 2), *xy = yy + 2 * (w + 2);
	float *g = xy + 2 * (w + 2);
	for (int64_t band = first; band < last; band++) {
		int64_t y0 = band * BAND, y1 = fv_min(y0 + BAND, f->h);
		int64_t from = fv_max(0, 2 * y0 - 2), to = fv_min(s->h, 2 * y1 + 2);
		float *room = g + (2 * BAND + 4) * w;
		shade(s, from, to, room, g);
		for (int64_t y = y0; y < y1; y++) {
			for (int i = 0; i < 2; i++) {
				int64_t at = i * (w + 2), row = fv_min(2 * y + i, s->h - 1);
				products(s, g, from, row, xx + at, yy + at, xy + at);
				xx[at + w] = xx[at + w - 1], yy[at + w] = yy[at + w - 1],
				xy[at + w] = xy[at + w - 1];
			}
			float *t0 = f->tensor[0] + y * f->w, *t1 = f->tensor[1] + y * f->w;
			float *t2 = f->tensor[2] + y * f->w;
			const float *bx = xx + w + 2, *by = yy + w + 2, *bxy = xy + w + 2;
			for (int64_t x = 0; x < f->w; x++) {
				float a = xx[2 * x] + xx[2 * x + 1] + bx[2 * x] + bx[2 * x + 1];
				float b = yy[2 * x] + yy[2 * x + 1] + by[2 * x] + by[2 * x + 1];
				t0[x] = 0.25f * (b - a);
				t1[x] = -0.5f * (xy[2 * x] + xy[2 * x + 1] +
				                 bxy[2 * x] + bxy[2 * x + 1]);
				t2[x] = 0.25f * (a + b);
			}
		}
	}
}

/* The slow random field: the first words of the sums. */
static void flow_wander(void *arg, int thread, int64_t first, int64_t last)
{
	const flowing *f = arg;
	const double level = 2 * (double)f->s.level;
	float *line = f->line + thread * f->line_size;
	for (int64_t y = first; y < last; y++)
		for (int k = 0; k < 2; k++) {
			float *sum = f->sum[k] + y * f->w;
			double at = fmin(((double)y + 0.5) * level - 0.5, (double)(f->s.h0 - 1)) *
			            (double)(f->rows - 1) / (double)(f->s.h0 - 1);
			int64_t row = (int64_t)at;
			for (int64_t x = 0; x < f->columns + 3; x++)
				line[x] = 0;
			for (int64_t i = -1; i <= 2; i++) {
				const float *cell = f->cell[k] +
				                    fv_max(0, fv_min(f->rows - 1, row + i)) *
				                    f->columns;
				float share = (float)fv_stroke_cubic(at - (double)(row + i));
				for (int64_t x = 0; x < f->columns; x++)
					line[x + 1] += share * cell[x];
			}
			line[0] = line[1];
			line[f->columns + 1] = line[f->columns + 2] = line[f->columns];
			for (int64_t x = 0; x < f->w; x++) {
				const float *p = line + f->left[x], *s = f->share + 4 * x;
				sum[x] = s[0] * p[0] + s[1] * p[1] + s[2] * p[2] + s[3] * p[3];
			}
		}
}

static void flow_add(void *arg, int thread, int64_t first, int64_t last)
{
	const flowing *f = arg;
	const int64_t wide = f->cw * f->n;
	float *line = f->line + thread * f->line_size;
	float *part[3] = { line + f->cw + 16, line + f->cw + wide + 32,
	                   line + f->cw + 2 * wide + 48 };
	for (int64_t y = first; y < last; y++) {
		for (int k = 0; k < 3; k++)
			enlarge_row(f->part[k], f->ch, f->cw, f->n, y, line, part[k]);
		float *a = f->sum[0] + y * f->w, *b = f->sum[1] + y * f->w;
		for (int64_t x = 0; x < f->w; x++) {
			float by = f->weight / (part[2][x] + (float)FV_FLOW_EPS);
			a[x] += by * part[0][x];
			b[x] += by * part[1][x];
		}
	}
}

static void flow_end(void *arg, int thread, int64_t first, int64_t last)
{
	const flowing *f = arg;
	const int64_t n = 2 * f->s.level, wide = f->w * n;
	float *line = f->line + thread * f->line_size, *a = line + f->w + 16, *b = a + wide + 16;
	for (int64_t y = first; y < last; y++) {
		enlarge_row(f->sum[0], f->h, f->w, n, y, line, a);
		enlarge_row(f->sum[1], f->h, f->w, n, y, line, b);
		float *v = f->v + y * f->s.w0 * 2;
		for (int64_t x = 0; x < f->s.w0; x++) {
			float vx, vy;
			fv_half_angle(a[x], b[x], &vx, &vy);
			v[2 * x] = vx, v[2 * x + 1] = vy;
		}
	}
}

static shading shading_of(const float *x, int64_t h, int64_t w, const fv_stroke_options *o,
                          double sigma, double least)
{
	sigma = fv_sigma(sigma, o, h, w);
	int64_t level = halvings(sigma, least);
	return (shading){ x, h, w, level, fv_div_up(h, level), fv_div_up(w, level),
	                  gauss_of(rest(sigma, level, false)), (float)(o->scale / (double)level) };
}

static void wander_fill(flowing *f)
{
	for (int k = 0; k < 2; k++)
		for (int64_t y = 0; y < f->rows; y++) {
			fv_draw row = fv_white_row(f->o->seed, FV_WHITE_WANDER + k, y);
			for (int64_t x = 0; x < f->columns; x++)
				f->cell[k][y * f->columns + x] =
					(float)(f->o->wander * fv_draw_normal(&row, x));
		}
	for (int64_t x = 0; x < f->w; x++) {
		double at = fmin(((double)x + 0.5) * 2 * (double)f->s.level - 0.5,
		                 (double)(f->s.w0 - 1)) *
		            (double)(f->columns - 1) / (double)(f->s.w0 - 1);
		f->left[x] = (int32_t)at;
		for (int i = 0; i < 4; i++)
			f->share[4 * x + i] = (float)fv_stroke_cubic(at - floor(at) - (i - 1));
	}
}

static fv_status flow(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                      const fv_stroke_options *o, float *v)
{
	flowing f = { .s = shading_of(x, h, w, o, FV_FLOW_FINE, FLOW_LEAST), .o = o, .v = v };
	f.h = fv_div_up(f.s.h, 2), f.w = fv_div_up(f.s.w, 2);
	f.rows = fv_stroke_cells(h, o), f.columns = fv_stroke_cells(w, o);
	gauss window[FV_FLOW_WINDOWS];
	int64_t n[FV_FLOW_WINDOWS], plane = f.h * f.w, across = 0, largest = 1;
	f.line_size = 6 * (f.s.w + 2) + (2 * BAND + 4) * f.s.w + shade_room(&f.s, 2 * BAND + 4);
	for (int i = 0; i < FV_FLOW_WINDOWS; i++) {
		/* In the sums' pixels, of which each is a mean of two by two already. */
		double pixel = 2 * (double)f.s.level;
		double sigma = sqrt(fmax(0.04, pow(fv_sigma(fv_flow_window[i], o, h, w) / pixel,
		                                   2) - 1.0 / 16));
		n[i] = halvings(sigma, WINDOW_LEAST);
		window[i] = gauss_of(rest(sigma, n[i], true));
		across = fv_max(across, (fv_div_up(f.h, n[i]) + 2 * window[i].radius) *
		                        fv_div_up(f.w, n[i]));
		f.line_size = fv_max(f.line_size, reduce_line(f.w, n[i], &window[i]));
		largest = fv_max(largest, n[i]);
	}
	f.line_size = fv_max(f.line_size, 5 * (f.w + largest) + 128);
	f.line_size = fv_max(f.line_size, f.w + 2 * (f.w + 1) * 2 * f.s.level + 128);
	f.line_size = fv_max(f.line_size, f.columns + 16);
	int64_t floats = 5 * plane + across + 3 * plane + 2 * f.rows * f.columns + 5 * f.w +
	                 c->threads * f.line_size;
	float *memory = fv_alloc_rough(c, (size_t)floats * sizeof(float));
	if (!memory)
		return fv_fail_memory(err, "strokes", (size_t)floats * sizeof(float));
	float *part = memory + 5 * plane, *wide = part + 3 * plane;
	for (int k = 0; k < 3; k++)
		f.tensor[k] = memory + k * plane;
	for (int k = 0; k < 2; k++)
		f.sum[k] = memory + (3 + k) * plane,
		f.cell[k] = wide + across + k * f.rows * f.columns;
	f.share = f.cell[1] + f.rows * f.columns;
	f.left = (int32_t *)(f.share + 4 * f.w);
	f.line = (float *)(f.left + f.w);
	fv_status st = fv_stroke_rows(err, c, flow_tensor, &f, fv_div_up(f.h, BAND), 1);
	if (!st && o->wander > 0) {
		wander_fill(&f);
		st = fv_stroke_rows(err, c, flow_wander, &f, f.h, ROWS);
	} else
		memset(f.sum[0], 0, (size_t)(2 * plane) * sizeof(float));
	for (int i = 0; i < FV_FLOW_WINDOWS && !st; i++) {
		f.n = n[i], f.ch = fv_div_up(f.h, n[i]), f.cw = fv_div_up(f.w, n[i]),
		f.weight = (float)fv_flow_weight[i];
		for (int k = 0; k < 3 && !st; k++) {
			f.part[k] = part + k * f.ch * f.cw;
			st = reduce(err, c, f.tensor[k], f.h, f.w, n[i], &window[i], wide,
			            part + k * f.ch * f.cw, f.line);
		}
		if (!st)
			st = fv_stroke_rows(err, c, flow_add, &f, f.h, ROWS);
	}
	if (!st)
		st = fv_stroke_rows(err, c, flow_end, &f, h, ROWS);
	fv_free(c, memory);
	return st;
}

/* ---- hold */
typedef struct {
	shading s;
	gauss near;
	float *lesser, *wide;           /* s.h,s.w; reduced by n */
	int64_t n;
	float *m;
	float amount;
	float *line;
	int64_t line_size;
} holding;

static int64_t hold_room(const holding *f)
{
	int64_t rows = BAND + 2 * f->near.radius, w = f->s.w;
	return 3 * (w + 2 * TAPS + 32) + 3 * rows * w + (rows + 4) * w +
	       shade_room(&f->s, rows + 4);
}

static void hold_lesser(void *arg, int thread, int64_t first, int64_t last)
{
	const holding *f = arg;
	const shading *s = &f->s;
	const int64_t w = s->w, r = f->near.radius, most = BAND + 2 * r;
	float *line = f->line + thread * f->line_size, *e[3], *t[3];
	for (int k = 0; k < 3; k++)
		e[k] = line + TAPS + k * (w + 2 * TAPS + 32);
	for (int k = 0; k < 3; k++)
		t[k] = line + 3 * (w + 2 * TAPS + 32) + k * most * w;
	float *g = t[2] + most * w, *room = g + (most + 4) * w;
	for (int64_t band = first; band < last; band++) {
		int64_t y0 = band * BAND, y1 = fv_min(y0 + BAND, s->h), a = fv_max(0, y0 - r);
		int64_t b = fv_min(s->h, y1 + r);
		int64_t from = fv_max(0, a - 2), to = fv_min(s->h, b + 2);
		shade(s, from, to, room, g);
		for (int64_t y = a; y < b; y++) {
			products(s, g, from, y, e[0], e[1], e[2]);
			for (int k = 0; k < 3; k++) {
				mirror_ends(e[k], w, r);
				blur_line(&f->near, e[k], t[k] + (y - a) * w, w);
			}
		}
		const float *row[3][2 * TAPS + 1];
		for (int64_t strip = 0; strip < w; strip += STRIP)
			for (int64_t y = y0; y < y1; y++) {
				const float *const *about[3];
				for (int k = 0; k < 3; k++)
					about[k] = rows_about(row[k], t[k], y, a, s->h, w, r);
				for (int64_t x = strip; x < fv_min(strip + STRIP, w); x += VF) {
					vm m = vm_first(w - x);
					vf xx = blur_down(&f->near, about[0], x, m);
					vf yy = blur_down(&f->near, about[1], x, m);
					vf xy = blur_down(&f->near, about[2], x, m);
					vf half = vf_mul(vf_set(0.5f), vf_sub(xx, yy));
					vf mean = vf_mul(vf_set(0.5f), vf_add(xx, yy));
					vf low = vf_sub(mean, vf_sqrt(vf_fma(half, half,
					                                     vf_mul(xy, xy))));
					vf_store(f->lesser + y * w + x,
					         vf_sqrt(vf_max(vf_zero(), low)), m);
				}
			}
	}
}

/* At luma's size: lesser becomes m. */
static void hold_reach(void *arg, int thread, int64_t first, int64_t last)
{
	const holding *f = arg;
	const int64_t ch = fv_div_up(f->s.h, f->n), cw = fv_div_up(f->s.w, f->n);
	float *line = f->line + thread * f->line_size, *wide = line + cw + 16;
	for (int64_t y = first; y < last; y++) {
		enlarge_row(f->wide, ch, cw, f->n, y, line, wide);
		float *s = f->lesser + y * f->s.w, *to = f->s.level == 1 ? f->m + y * f->s.w : s;
		for (int64_t x = 0; x < f->s.w; x++) {
			float r = (s[x] / (wide[x] + 0.004f) - 1.1f) * 1.25f, strong = s[x] * 50;
			r = r < 0 ? 0 : r > 1 ? 1 : r;
			strong = strong > 1 ? 1 : strong;
			to[x] = 1 / (1 + f->amount * r * strong);
		}
	}
}

static void hold_enlarge(void *arg, int thread, int64_t first, int64_t last)
{
	const holding *f = arg;
	float *line = f->line + thread * f->line_size, *wide = line + f->s.w + 16;
	for (int64_t y = first; y < last; y++) {
		enlarge_row(f->lesser, f->s.h, f->s.w, f->s.level, y, line, wide);
		memcpy(f->m + y * f->s.w0, wide, (size_t)f->s.w0 * sizeof(float));
	}
}

static fv_status hold(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                      const fv_stroke_options *o, float *m)
{
	holding f = { .s = shading_of(x, h, w, o, FV_HOLD_FINE, HOLD_LEAST), .m = m,
	              .amount = (float)(10 * o->detail) };
	double level = (double)f.s.level, wide = fv_sigma(FV_HOLD_WIDE, o, h, w) / level;
	f.near = gauss_of(fv_sigma(FV_HOLD_NEAR, o, h, w) / level);
	f.n = halvings(wide, WIDE_LEAST);
	const gauss g = gauss_of(rest(wide, f.n, true));
	const int64_t plane = f.s.h * f.s.w, ch = fv_div_up(f.s.h, f.n), cw = fv_div_up(f.s.w, f.n);
	f.line_size = fv_max(hold_room(&f), reduce_line(f.s.w, f.n, &g));
	f.line_size = fv_max(f.line_size, cw + 16 + cw * f.n + 16);
	f.line_size = fv_max(f.line_size, f.s.w + 32 + f.s.w * f.s.level);
	int64_t floats = plane + ch * cw + (ch + 2 * g.radius) * cw + c->threads * f.line_size;
	float *memory = fv_alloc_rough(c, (size_t)floats * sizeof(float));
	if (!memory)
		return fv_fail_memory(err, "strokes", (size_t)floats * sizeof(float));
	f.lesser = memory;
	f.wide = memory + plane;
	float *across = f.wide + ch * cw;
	f.line = across + (ch + 2 * g.radius) * cw;
	fv_status st = fv_stroke_rows(err, c, hold_lesser, &f, fv_div_up(f.s.h, BAND), 1);
	if (!st)
		st = reduce(err, c, f.lesser, f.s.h, f.s.w, f.n, &g, across, f.wide, f.line);
	if (!st)
		st = fv_stroke_rows(err, c, hold_reach, &f, f.s.h, ROWS);
	if (!st && f.s.level > 1)
		st = fv_stroke_rows(err, c, hold_enlarge, &f, h, ROWS);
	fv_free(c, memory);
	return st;
}

const fv_stroke_way FV_WAY(field) = { .name = FV_KERNEL_NAME(field), .needs = FV_ISA_BITS,
                                      .flow = flow, .hold = hold };
