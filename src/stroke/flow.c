/* SPDX-License-Identifier: Apache-2.0 */
/* The flow, VF pixels at once; plain_flow.c has the formulas, smooth.h how it is made at less than
 * the picture's size. */
#include "stroke/angle.h"
#include "stroke/smooth.h"
#include "stroke/white.h"

#define FLOW_LEAST 1.5                  /* pixels of sigma that halving leaves */
#define WINDOW_LEAST 3.2

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
		n[i] = fv_halvings(sigma, WINDOW_LEAST);
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

const fv_stroke_way FV_WAY(flow) = { .name = FV_KERNEL_NAME(flow), .needs = FV_ISA_BITS, .flow = flow };
