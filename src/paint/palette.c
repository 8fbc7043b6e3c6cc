/* SPDX-License-Identifier: Apache-2.0 */
/* Colour transfer: moves a painting's coarse colours to the photograph's, or to those of the
 * paintings that the model learnt from. The strokes stay as they are.
 *
 * All work is done on a grid of at most GRID cells a side. p is the photograph's mean colour over a
 * cell, y the painting's. The result is a field of displacements d on that grid; a quadratic
 * B-spline spreads it over the pixels, and it is added to the painting.
 *
 *	towards the photograph:	d = along(p - y), then d += along(p - y - d), twice
 *	towards the palette:	c = along(y)			the coarse layer
 *				d = along(T(c) - c), then d = along(T(c + d) - c), twice
 *				T: sliced optimal transport to the palette [2, 3]
 *
 * along() is the guided filter [1], and the photograph is its guide. It blurs over a share of the
 * longer side, but not across the photograph's edges, so that a sky's new colour makes no halo
 * around a roof. Where the photograph is smooth its result is smooth, so that a displacement that
 * jumps between neighbouring colours makes no visible step [4].
 *
 * T works in ROUNDS fixed frames of three axes each: along every axis the quantiles of the colours
 * go half the way to those of the palette. Quantiles are read from histograms. These are sums of
 * whole numbers, so the result has the same bits at any number of threads.
 *
 * Colours are in [-1,1].
 *
 * [1] He, Sun, Tang: Guided Image Filtering, PAMI 2013, section 3.4 (a guide of three channels)
 * [2] Pitie, Kokaram, Dahyot: Automated colour grading using colour distribution transfer, CVIU
 *     2007
 * [3] Rabin, Peyre, Delon, Bernot: Wasserstein Barycenter and its Application to Texture Mixing,
 *     SSVM 2011
 * [4] Rabin, Delon, Gousseau: Removing Artefacts from Color and Contrast Modifications, IEEE TIP
 *     2011 */
#include "paint/paint.h"
#include <math.h>
#include <stdlib.h>

enum {
	GRID = 192,  /* cells along the longer side */
	COARSE = 50, /* sigma towards the photograph is the longer side divided by this */
	/* The same towards the palette. A narrower blur turns a plain wall's patches into
	 * clouds. */
	WIDE = 12,
	FIELDS = 21, /* numbers a cell that the guided filter blurs first; listed below */
	FITS = 12,   /* numbers a cell that it blurs then */
	BINS = 512,  /* bins of a histogram */
	ROUNDS = 24, /* frames of three axes */
	PASSES = 3,  /* later passes move what along() kept the first from moving */
	ROWS = 4,    /* rows of the grid in a unit of work */
};
#define EDGE 0.01 /* the guided filter's eps: a variance above it is an edge */
#define STEP 0.5  /* share of the way to the palette's quantiles in a round */

struct fv_palette {
	fv_context *context;
	float amount;               /* -1 is the photograph's colours, 1 the palette's */
	int64_t h, w, cell, gh, gw; /* pixels; pixels of a cell's side; cells */
	/* gh,gw,3 each: p; y, which becomes c; d; what d has not moved yet. */
	float *photo, *paint, *shift, *left;
	float *field, *room; /* gh,gw,FIELDS */
	float *line;         /* gw,3 for each thread */
	float *tap;          /* half a Gaussian, from its middle to its radius in cells */
	int64_t radius;
	int colours;
	float (*colour)[3];               /* the palette */
	float (*sorted)[FV_PALETTE_MOST]; /* the palette along each of three axes, ascending */
	float axis[3][3], low[3], span[3];
	float below[3][BINS + 1]; /* share of the cells that lie below each bin */
	/* What the pass in work reads and writes. */
	const float *from;
	float *to;
	int64_t stride; /* pixels of a row of from or to */
	int64_t first, count; /* rows that are looked at */
	fv_area part;         /* what is turned */
	double *sum;          /* gw,3: of the cells in work */
	_Atomic bool stop;
};

static void geometry(int64_t h, int64_t w, fv_palette *p)
{
	int64_t longer = fv_max(h, w);
	double sigma;
	p->h = h, p->w = w;
	p->cell = fv_div_up(longer, GRID);
	p->gh = fv_div_up(h, p->cell), p->gw = fv_div_up(w, p->cell);
	sigma = fmax(0.5, (double)longer / (double)p->cell / (p->amount < 0 ? COARSE : WIDE));
	p->radius = (int64_t)ceil(2.5 * sigma);
}

static int64_t floats(const fv_context *c, const fv_palette *p)
{
	return p->gh * p->gw * (4 * 3 + 2 * FIELDS) + (c->threads + 2) * 3 * p->gw + p->radius + 1 +
	       3 * FV_PALETTE_MOST * 2;
}

int64_t fv_palette_bytes(const fv_context *c, int64_t h, int64_t w)
{
	fv_palette p = { .amount = 1 }; /* the wider blur */
	geometry(h, w, &p);
	return (int64_t)sizeof p + floats(c, &p) * (int64_t)sizeof(float);
}

fv_status fv_palette_new(fv_err *err, const fv_model *m, double palette, int64_t h, int64_t w,
			 fv_palette **out)
{
	fv_context *c = m->context;
	if (palette > 0.5 && !m->colours)
		return fv_fail(err, FV_E_ARGUMENT,
			       "this model does not know its painter's palette: "
			       "0 to 0.5 can be painted; to have more, train it anew");
	size_t bytes = (size_t)fv_palette_bytes(c, h, w);
	fv_palette *p = fv_alloc(c, bytes);
	if (!p)
		return fv_fail_memory(err, "palette", bytes);
	p->context = c;
	p->amount = (float)(2 * palette - 1);
	geometry(h, w, p);
	int64_t cells = p->gh * p->gw;
	float *at = (float *)(p + 1);
	p->sum = (double *)at, at += 2 * 3 * p->gw;
	p->photo = at, at += 3 * cells;
	p->paint = at, at += 3 * cells;
	p->shift = at, at += 3 * cells;
	p->left = at, at += 3 * cells;
	p->field = at, at += FIELDS * cells;
	p->room = at, at += FIELDS * cells;
	p->line = at, at += c->threads * 3 * p->gw;
	p->tap = at, at += p->radius + 1;
	p->colour = (float(*)[3])at, at += 3 * FV_PALETTE_MOST;
	p->sorted = (float(*)[FV_PALETTE_MOST])at;
	double sigma = (double)p->radius / 2.5, sum = 0;
	for (int64_t i = -p->radius; i <= p->radius; i++)
		sum += exp(-(double)(i * i) / (2 * sigma * sigma));
	for (int64_t i = 0; i <= p->radius; i++)
		p->tap[i] = (float)(exp(-(double)(i * i) / (2 * sigma * sigma)) / sum);
	p->colours = m->colours;
	for (int i = 0; i < m->colours; i++)
		for (int k = 0; k < 3; k++)
			p->colour[i][k] = (float)m->palette[i][k] / 127.5f - 1;
	*out = p;
	return FV_OK;
}

void fv_palette_free(fv_palette *p)
{
	if (p)
		fv_free(p->context, p);
}

/* ------------------------------------------------------------------ passes over the grid's rows */
typedef struct {
	fv_palette *p;
	void (*row)(fv_palette *p, int thread, int64_t r);
} pass;

static void some_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const pass *a = arg;
	fv_palette *p = a->p;
	if (!thread && fv_cancelled(p->context)) /* the caller's own thread */
		p->stop = true;
	for (int64_t r = first; r < last && !p->stop; r++)
		a->row(p, thread, r);
}

static fv_status over_rows(fv_err *err, fv_palette *p,
			   void (*row)(fv_palette *p, int thread, int64_t r), int64_t rows)
{
	fv_team_run(p->context->team, some_rows, &(pass){ p, row }, rows, ROWS);
	return p->stop ? fv_fail(err, FV_E_CANCELLED, "stopped") : FV_OK;
}

/* Takes means over cells. Values count as they will be stored: cut to [-1,1], and NaN as black. */
static void count(const float *v, const float *stop, double sum[3])
{
	for (; v < stop; v += 3)
		for (int k = 0; k < 3; k++)
			sum[k] += v[k] > -1 ? (v[k] < 1 ? v[k] : 1) : -1;
}

/* Cell q of the row of cells that rows p->first.. belong to; after the last of them its mean. */
static void shrink(fv_palette *p, int thread, int64_t q)
{
	const int64_t r = p->first / p->cell, end = fv_min((r + 1) * p->cell, p->h);
	const int64_t left = q * p->cell, right = fv_min(left + p->cell, p->w);
	double *sum = p->sum + 3 * q, n = (double)((end - r * p->cell) * (right - left));
	for (int64_t y = 0; y < p->count; y++) {
		const float *row = p->from + y * p->stride * 3;
		count(row + 3 * left, row + 3 * right, sum);
	}
	for (int k = 0; k < 3 && p->first + p->count == end; k++) {
		p->to[(r * p->gw + q) * 3 + k] = (float)(sum[k] / n);
		sum[k] = 0;
	}
}

static void blur_down(fv_palette *p, int thread, int64_t r)
{
	int64_t row = p->gw * FIELDS;
	float *to = p->room + r * row;
	memset(to, 0, (size_t)row * sizeof *to);
	for (int64_t i = -p->radius; i <= p->radius; i++) {
		const float *from = p->field + fv_max(0, fv_min(r + i, p->gh - 1)) * row,
			    tap = p->tap[i < 0 ? -i : i];
		for (int64_t k = 0; k < row; k++)
			to[k] += tap * from[k];
	}
}

static void blur_across(fv_palette *p, int thread, int64_t r)
{
	const float *row = p->room + r * p->gw * FIELDS;
	for (int64_t q = 0; q < p->gw; q++) {
		float sum[FIELDS] = { 0 };
		for (int64_t i = -p->radius; i <= p->radius; i++) {
			const float *from = row + fv_max(0, fv_min(q + i, p->gw - 1)) * FIELDS,
				    tap = p->tap[i < 0 ? -i : i];
			for (int k = 0; k < FIELDS; k++)
				sum[k] += tap * from[k];
		}
		memcpy(p->field + (r * p->gw + q) * FIELDS, sum, sizeof sum);
	}
}

/* ------------------------------------------------------------------ the guided filter
 * A cell's numbers, with the place where each group begins:
 * fields:	0	I	the guide's three channels
 *		3	II	their products 00 01 02 11 12 22
 *		9	E	the three channels that are filtered
 *		12	IE	the products I0 E0..2, I1 E0..2, I2 E0..2
 * fits:	0	a	factors of I0, I1, I2 in E0..2: nearby, E is about a I + b
 *		9	b */
static void fields(fv_palette *p, int thread, int64_t r)
{
	for (int64_t i = r * p->gw; i < (r + 1) * p->gw; i++) {
		const float *g = p->photo + 3 * i, *e = p->shift + 3 * i;
		float *f = p->field + FIELDS * i;
		for (int k = 0, n = 3; k < 3; k++) {
			f[k] = g[k];
			f[9 + k] = e[k];
			for (int j = k; j < 3; j++)
				f[n++] = g[k] * g[j];
			for (int j = 0; j < 3; j++)
				f[12 + 3 * k + j] = g[k] * e[j];
		}
	}
}

static void fit(fv_palette *p, int thread, int64_t r)
{
	for (int64_t i = r * p->gw; i < (r + 1) * p->gw; i++) {
		float *f = p->field + FIELDS * i;
		double s[6], a[FITS] = { 0 };
		for (int k = 0, n = 0; k < 3; k++)
			for (int j = k; j < 3; j++, n++)
				s[n] = (double)f[3 + n] - (double)f[k] * f[j] + (k == j ? EDGE : 0);
		/* s is inverted by cofactors. EDGE keeps it away from singular. */
		double c00 = s[3] * s[5] - s[4] * s[4], c01 = s[2] * s[4] - s[1] * s[5],
		       c02 = s[1] * s[4] - s[2] * s[3];
		double c11 = s[0] * s[5] - s[2] * s[2], c12 = s[1] * s[2] - s[0] * s[4],
		       c22 = s[0] * s[3] - s[1] * s[1];
		double over = 1 / (s[0] * c00 + s[1] * c01 + s[2] * c02);
		const double inverse[3][3] = { { c00 * over, c01 * over, c02 * over },
					       { c01 * over, c11 * over, c12 * over },
					       { c02 * over, c12 * over, c22 * over } };
		for (int j = 0; j < 3; j++) {
			a[9 + j] = f[9 + j];
			for (int k = 0; k < 3; k++)
				for (int l = 0; l < 3; l++)
					a[3 * k + j] += inverse[k][l] * ((double)f[12 + 3 * l + j] -
									 (double)f[l] * f[9 + j]);
			for (int k = 0; k < 3; k++)
				a[9 + j] -= a[3 * k + j] * f[k];
		}
		for (int k = 0; k < FITS; k++)
			f[k] = (float)a[k];
	}
}

static void filtered(fv_palette *p, int thread, int64_t r)
{
	for (int64_t i = r * p->gw; i < (r + 1) * p->gw; i++) {
		const float *g = p->photo + 3 * i, *f = p->field + FIELDS * i;
		for (int j = 0; j < 3; j++)
			p->shift[3 * i + j] =
				f[j] * g[0] + f[3 + j] * g[1] + f[6 + j] * g[2] + f[9 + j];
	}
}

/* Filters p->shift along the photograph. */
static fv_status along(fv_err *err, fv_palette *p)
{
	void (*const pass[])(fv_palette *p, int thread, int64_t r) = {
		fields, blur_down, blur_across, fit, blur_down, blur_across, filtered
	};
	fv_status st = FV_OK;
	for (size_t i = 0; i < FV_COUNT(pass) && !st; i++)
		st = over_rows(err, p, pass[i], p->gh);
	return st;
}

/* ------------------------------------------------------------------ transport */
static float project(const float *axis, const float *v)
{
	return axis[0] * v[0] + axis[1] * v[1] + axis[2] * v[2];
}

static int rising(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

/* Makes frame i of a sequence that fills the rotations evenly: Shoemake's quaternions [Uniform
 * Random Rotations, Graphics Gems III, 1992] at multiples of three irrational steps. */
static void turn_axes(int i, float axis[3][3])
{
	const double pi2 = 6.28318530717958648;
	double u = fmod((i + 0.5) * 0.8191725134, 1), v = fmod((i + 0.5) * 0.6710436067, 1) * pi2,
	       t = fmod((i + 0.5) * 0.5497004779, 1) * pi2;
	double x = sqrt(1 - u) * sin(v), y = sqrt(1 - u) * cos(v), z = sqrt(u) * sin(t),
	       w = sqrt(u) * cos(t);
	const double m[3][3] = {
		{ 1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w) },
		{ 2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w) },
		{ 2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y) }
	};
	for (int k = 0; k < 9; k++)
		axis[k / 3][k % 3] = (float)m[k / 3][k % 3];
}

/* Sorts the palette along axis k, and counts the share of the picture that lies below each bin. */
static void measure(fv_palette *p, int k)
{
	int64_t cells = p->gh * p->gw, count[BINS] = { 0 }, sum = 0;
	float low = INFINITY, high = -INFINITY;
	for (int i = 0; i < p->colours; i++)
		p->sorted[k][i] = project(p->axis[k], p->colour[i]);
	qsort(p->sorted[k], (size_t)p->colours, sizeof(float), rising);
	for (int64_t i = 0; i < cells; i++) {
		float v = project(p->axis[k], p->shift + 3 * i);
		low = fminf(low, v), high = fmaxf(high, v);
	}
	p->low[k] = low;
	p->span[k] = fmaxf(high - low, 1e-6f);
	for (int64_t i = 0; i < cells; i++)
		count[(int64_t)fmaxf(
			0, fminf((project(p->axis[k], p->shift + 3 * i) - low) / p->span[k] * BINS,
				 BINS - 1))]++;
	for (int b = 0; b <= BINS; b++) {
		p->below[k][b] = (float)((double)sum / (double)cells);
		sum += b < BINS ? count[b] : 0;
	}
}

static void transport(fv_palette *p, int thread, int64_t r)
{
	for (float *v = p->shift + 3 * r * p->gw, *end = v + 3 * p->gw; v < end; v += 3) {
		float move[3] = { 0 };
		for (int k = 0; k < 3; k++) {
			float a = project(p->axis[k], v),
			      at = fmaxf(0, fminf((a - p->low[k]) / p->span[k] * BINS, BINS));
			int bin = (int)fminf(at, BINS - 1);
			float share = p->below[k][bin] +
				      (at - (float)bin) * (p->below[k][bin + 1] - p->below[k][bin]);
			float place = fmaxf(0, fminf(share * (float)p->colours - 0.5f,
						     (float)(p->colours - 1)));
			int i = (int)fminf(place, (float)(p->colours - 2));
			float b = p->sorted[k][i] +
				  (place - (float)i) * (p->sorted[k][i + 1] - p->sorted[k][i]);
			for (int j = 0; j < 3; j++)
				move[j] += (float)STEP * (b - a) * p->axis[k][j];
		}
		for (int j = 0; j < 3; j++)
			v[j] += move[j];
	}
}

static fv_status to_palette(fv_err *err, fv_palette *p)
{
	int64_t values = 3 * p->gh * p->gw;
	memcpy(p->shift, p->paint, (size_t)values * sizeof(float));
	fv_status st = along(err, p);
	if (st)
		return st;
	memcpy(p->paint, p->shift, (size_t)values * sizeof(float));
	for (int pass = 0; pass < PASSES && !st; pass++) {
		for (int64_t i = 0; i < values && pass; i++)
			p->shift[i] += p->paint[i];
		for (int i = 0; i < ROUNDS && !st; i++) {
			turn_axes(i, p->axis);
			for (int k = 0; k < 3; k++)
				measure(p, k);
			st = over_rows(err, p, transport, p->gh);
		}
		for (int64_t i = 0; i < values; i++)
			p->shift[i] -= p->paint[i];
		if (!st)
			st = along(err, p);
	}
	return st;
}

static fv_status to_photograph(fv_err *err, fv_palette *p)
{
	int64_t values = 3 * p->gh * p->gw;
	fv_status st = FV_OK;
	for (int64_t i = 0; i < values; i++)
		p->left[i] = p->photo[i] - p->paint[i];
	for (int pass = 0; pass < PASSES && !st; pass++) {
		memcpy(p->shift, p->left, (size_t)values * sizeof(float));
		st = along(err, p);
		for (int64_t i = 0; i < values; i++)
			p->left[i] -= p->shift[i];
	}
	for (int64_t i = 0; i < values; i++)
		p->shift[i] = p->photo[i] - p->paint[i] - p->left[i];
	return st;
}

/* ------------------------------------------------------------------ pixels */
/* Finds the three cells around pixel i and their weights in a quadratic B-spline. */
static void spline(const fv_palette *p, int64_t i, int64_t cells, int64_t at[3], float weight[3])
{
	double x = ((double)i + 0.5) / (double)p->cell - 0.5, middle = floor(x + 0.5),
	       t = x - middle;
	for (int64_t k = 0; k < 3; k++)
		at[k] = fv_max(0, fv_min((int64_t)middle - 1 + k, cells - 1));
	weight[0] = (float)(0.5 * (0.5 - t) * (0.5 - t));
	weight[1] = (float)(0.75 - t * t);
	weight[2] = (float)(0.5 * (0.5 + t) * (0.5 + t));
}

/* Row r of p->part. */
static void spread(fv_palette *p, int thread, int64_t r)
{
	float *line = p->line + thread * 3 * p->gw, weight[3], much = fabsf(p->amount);
	int64_t at[3];
	spline(p, p->part.y + r, p->gh, at, weight);
	for (int64_t i = 0; i < 3 * p->gw; i++)
		line[i] = much * (weight[0] * p->shift[at[0] * 3 * p->gw + i] +
				  weight[1] * p->shift[at[1] * 3 * p->gw + i] +
				  weight[2] * p->shift[at[2] * 3 * p->gw + i]);
	for (int64_t q = 0; q < p->part.w; q++) {
		spline(p, p->part.x + q, p->gw, at, weight);
		for (int k = 0; k < 3; k++)
			p->to[(r * p->stride + q) * 3 + k] += weight[0] * line[3 * at[0] + k] +
							      weight[1] * line[3 * at[1] + k] +
							      weight[2] * line[3 * at[2] + k];
	}
}

fv_status fv_palette_rows(fv_err *err, fv_palette *p, bool painted, const float *x, int64_t stride,
			  int64_t first, int64_t count)
{
	fv_status st = FV_OK;
	p->to = painted ? p->paint : p->photo;
	p->stride = stride;
	for (int64_t y = first; y < first + count && !st; y += p->count) {
		p->from = x + (y - first) * stride * 3;
		p->first = y;
		p->count = fv_min(p->cell - y % p->cell, first + count - y);
		st = over_rows(err, p, shrink, p->gw);
	}
	return st;
}

fv_status fv_palette_look(fv_err *err, fv_palette *p, const float *x, int64_t stride)
{
	return fv_palette_rows(err, p, false, x, stride, 0, p->h);
}

fv_status fv_palette_solve(fv_err *err, fv_palette *p)
{
	return p->amount < 0 ? to_photograph(err, p) : to_palette(err, p);
}

fv_status fv_palette_spread(fv_err *err, fv_palette *p, float *y, int64_t stride,
			    const fv_area *part)
{
	p->to = y, p->stride = stride, p->part = *part;
	return over_rows(err, p, spread, part->h);
}

fv_status fv_palette_turn(fv_err *err, fv_palette *p, float *y, int64_t stride)
{
	fv_status st = fv_palette_rows(err, p, true, y, stride, 0, p->h);
	if (!st)
		st = fv_palette_solve(err, p);
	return st ? st : fv_palette_spread(err, p, y, stride, &(fv_area){ 0, 0, p->h, p->w });
}
