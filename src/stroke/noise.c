/* SPDX-License-Identifier: Apache-2.0 */
/* Directed noise, VF pixels at once; plain_trace.c has the formula.
 *
 * A width of 6 pixels or more is made and followed on a picture of half the size, of 12 or more on
 * a quarter, and so on: at least 3 pixels are left of it. Then it is enlarged by Catmull-Rom's
 * cubic, which leaves what is that smooth alone (docs/strokes.md has what it costs: correlation
 * with the full size's). Neighbouring widths of one size and one step, such as 1.5 and 3, are
 * followed together. */
#include "cpu/normal.h"
#include "stroke/angle.h"
#include "stroke/follow.h"
#include "stroke/white.h"

enum { ROWS = 16, STRIP = 64, LEAST = 3, TAPS = 32 };
/* The strongest value of the white noise between its values, in standard deviations; 32767 stands
 * for it. */
#define STRONGEST 8.0f

typedef struct {
	follow_picture f;               /* of the picture reduced */
	int first, count;               /* widths */
	int64_t level;                  /* pixels of the picture to one of this, each way */
	int steps[2];
	double step;                    /* pixels of this */
	const float *v;                 /* f.h,f.w,2 */
	float *sums;                    /* count planes f.h,f.w; NULL: straight to z */
} strand;

typedef struct {
	const fv_stroke_options *o;
	const float *const *white;
	int64_t h, w;
	float *z;
	const float *v;
	int64_t h0, w0;                 /* of the picture that is halved, and its flow */
	const float *v0;
	float *half;
	strand *s;
	int i;                          /* which of its widths */
	float tap[2 * TAPS + 1];
	int64_t radius;
	int64_t *column;                /* of a reduced pixel: the white column left of it, and */
	float *share;                   /* how far it is to the next */
	float *line;                    /* scratch of each thread */
	int64_t line_size;
	double *spread;                 /* h rows of sum and sum of squares for each width */
	float by[FV_STROKE_WIDTHS];
} weaving;

/* ---- the flow for half the size: directions doubled, added, halved */
static void halve_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const weaving *g = arg;
	int64_t w = fv_div_up(g->w0, 2);
	for (int64_t y = first; y < last; y++) {
		const float *a = g->v0 + 2 * y * g->w0 * 2;
		const float *b = g->v0 + fv_min(2 * y + 1, g->h0 - 1) * g->w0 * 2;
		float *to = g->half + y * w * 2;
		for (int64_t x = 0; x < w; x++) {
			int64_t l = 4 * x, r = fv_min(2 * x + 1, g->w0 - 1) * 2;
			float c = a[l] * a[l] - a[l + 1] * a[l + 1] + a[r] * a[r] -
			          a[r + 1] * a[r + 1] + b[l] * b[l] - b[l + 1] * b[l + 1] +
			          b[r] * b[r] - b[r + 1] * b[r + 1];
			float s = 2 * (a[l] * a[l + 1] + a[r] * a[r + 1] + b[l] * b[l + 1] +
			               b[r] * b[r + 1]);
			fv_half_angle(c, s, &to[2 * x], &to[2 * x + 1]);
		}
	}
}

/* ---- white noise, at the reduced picture's pixels, into follow's words */
static void white_row(const weaving *g, int number, int64_t row, int64_t columns, float *to,
                      float *unit)
{
	if (g->white && g->white[number]) {
		memcpy(to, g->white[number] + row * columns, (size_t)columns * sizeof *to);
		return;
	}
	const fv_draw d = fv_white_row(g->o->seed, number, row);
	enum { BLOCKS = 256 };
	for (int64_t at = 0; at < fv_div_up(columns, 4); at += BLOCKS) {
		draw_units(&d, at, BLOCKS, unit, BLOCKS);
		normal_pairs(unit, unit + BLOCKS, BLOCKS, 0, 1);
		normal_pairs(unit + 2 * BLOCKS, unit + 3 * BLOCKS, BLOCKS, 0, 1);
		int64_t n = fv_min(BLOCKS, fv_div_up(columns, 4) - at);
		for (int64_t i = 0; i < n; i++)
			for (int k = 0; k < 4; k++)
				to[4 * (at + i) + k] = unit[k * BLOCKS + i];
	}
}

static double white_row_of(const weaving *g, int64_t y, int64_t rows)
{
	double sy = ((double)y + 0.5) * (double)g->s->level * (double)rows / (double)g->h - 0.5;
	return sy < 0 ? 0 : sy > (double)(rows - 1) ? (double)(rows - 1) : sy;
}

/* Rows of noise smoothed: white rows in pairs, between them, between columns, smoothed across, then
 * down. */
static void weave_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const weaving *g = arg;
	const strand *s = g->s;
	const int number = s->first + g->i;
	const double width = g->o->width[number] * g->o->scale;
	const int64_t rows = fv_stroke_grid(g->h, width), columns = fv_stroke_grid(g->w, width);
	const int64_t w = s->f.w, h = s->f.h, radius = g->radius;
	const int64_t room = fv_div_up(columns, 4) * 4 + 16, wide = w + 2 * radius + 16;
	const int64_t from = fv_max(0, first - radius), to = fv_min(h, last + radius);
	float *unit = g->line + thread * g->line_size;
	float *white[2] = { unit + 1024, unit + 1024 + room };
	/* `smooth` has w values a row, from row `from` on. */
	float *between = white[1] + room, *even = between + room, *smooth = even + wide;
	int64_t have[2] = { -1, -1 };
	for (int64_t y = from; y < to; y++) {
		double sy = white_row_of(g, y, rows);
		int64_t y0 = (int64_t)sy, y1 = fv_min(y0 + 1, rows - 1);
		for (int k = 0; k < 2; k++) {
			int64_t row = k ? y1 : y0;
			if (have[row & 1] != row)
				white_row(g, number, row, columns, white[row & 1], unit),
				have[row & 1] = row;
		}
		const float fy = (float)(sy - (double)y0), *a = white[y0 & 1], *b = white[y1 & 1];
		for (int64_t x = 0; x < columns; x++)
			between[x] = a[x] + fy * (b[x] - a[x]);
		between[columns] = between[columns - 1];
		float *e = even + radius;
		for (int64_t x = 0; x < w; x++)
			e[x] = between[g->column[x]] +
			       g->share[x] * (between[g->column[x] + 1] - between[g->column[x]]);
		for (int64_t i = 1; i <= radius; i++)
			e[-i] = e[fv_mirror(-i, w)], e[w - 1 + i] = e[fv_mirror(w - 1 + i, w)];
		float *out = smooth + (y - from) * w;
		for (int64_t x = 0; x < w; x += VF) {
			vf sum = vf_mul(vf_set(g->tap[0]), vf_loadu(e + x));
			for (int64_t i = 1; i <= radius; i++)
				sum = vf_fma(vf_set(g->tap[i]),
				             vf_add(vf_loadu(e + x - i), vf_loadu(e + x + i)), sum);
			vf_store(out + x, sum, vm_first(w - x));
		}
	}
	for (int64_t y = first; y < last; y++) {
		uint32_t *word = follow_row(&s->f, y);
		const float *about[2 * TAPS + 1], *const *row = about + TAPS;
		for (int64_t i = -radius; i <= radius; i++)
			about[TAPS + i] = smooth + (fv_mirror(y + i, h) - from) * w;
		for (int64_t x = 0; x < w; x += VF) {
			vm m = vm_first(w - x);
			vf sum = vf_mul(vf_set(g->tap[0]), vf_load(row[0] + x, m));
			for (int64_t i = 1; i <= radius; i++)
				sum = vf_fma(vf_set(g->tap[i]),
				             vf_add(vf_load(row[-i] + x, m),
				                    vf_load(row[i] + x, m)), sum);
			vf_store(even + x, sum, m);
		}
		if (g->i == 0) {
			follow_put_flow(&s->f, y, s->v + y * w * 2);
			for (int64_t x = 0; x < w; x++)
				word[2 * x + 1] =
					(uint32_t)follow_int(even[x], 32767 / STRONGEST) & 0xffff;
		} else
			for (int64_t x = 0; x < w; x++)
				word[2 * x + 1] |=
					(uint32_t)follow_int(even[x], 32767 / STRONGEST) << 16;
		if (g->i == s->count - 1)
			follow_sides(&s->f, y);
	}
}

static void put_outside(void *arg, int thread, int64_t first, int64_t last)
{
	const follow_picture *f = &((const weaving *)arg)->s->f;
	for (int64_t i = first; i < last; i++)
		follow_outside(f, i < f->pad ? -1 - i : f->h + i - f->pad);
}

/* ---- following */
static void add_spread(double *to, const float *x, int64_t n)
{
	vf sum = vf_zero(), squares = vf_zero();
	for (int64_t i = 0; i < n; i += VF) {
		vf v = vf_load(x + i, vm_first(n - i));
		sum = vf_add(sum, v);
		squares = vf_fma(v, v, squares);
	}
	to[0] += vf_sum(sum);
	to[1] += vf_sum(squares);
}

static void follow_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const weaving *g = arg;
	const strand *s = g->s;
	const follow_picture *f = &s->f;
	const int n = g->o->widths;
	const int steps = s->steps[0] > s->steps[s->count - 1] ?
	                  s->steps[0] : s->steps[s->count - 1];
	float share[2][FOLLOW_STEPS] = { { 0 } };
	for (int k = 0; k < s->count; k++)
		for (int i = 0; i < s->steps[k]; i++)
			share[k][i] = (float)fv_stroke_window(i, s->steps[k]);
	const vf by = vf_set(STRONGEST / ((float)TAP_ONE * 32767));
	for (int64_t strip = 0; strip < f->w; strip += STRIP)
		for (int64_t y = first; y < last; y++) {
			float line[2][STRIP];
			int64_t width = fv_min(STRIP, f->w - strip);
			for (int64_t x = 0; x < width; x += VF) {
				vf sum[2];
				follow(f, y, strip + x, vf_set((float)s->step), steps,
				       (const float *const[]){ share[0], share[1] }, 2, sum);
				vf_storeu(line[0] + x, vf_mul(by, sum[0]));
				vf_storeu(line[1] + x, vf_mul(by, sum[1]));
			}
			for (int k = 0; k < s->count; k++) {
				if (s->sums) {
					memcpy(s->sums + (k * f->h + y) * f->w + strip, line[k],
					       (size_t)width * sizeof(float));
					continue;
				}
				add_spread(g->spread + (y * n + s->first + k) * 2, line[k], width);
				float *z = g->z + (y * f->w + strip) * n + s->first + k;
				for (int64_t x = 0; x < width; x++)
					z[x * n] = line[k][x];
			}
		}
}

/* ---- enlarging: z's channel from the sums of the reduced picture */
static void cubic(double at, int64_t n, int64_t *place, float *weight)
{
	double whole = floor(at), t = at - whole;
	weight[0] = (float)(((-0.5 * t + 1) * t - 0.5) * t);
	weight[1] = (float)((1.5 * t - 2.5) * t * t + 1);
	weight[2] = (float)(((-1.5 * t + 2) * t + 0.5) * t);
	weight[3] = (float)((0.5 * t - 0.5) * t * t);
	for (int k = 0; k < 4; k++)
		place[k] = fv_max(0, fv_min(n - 1, (int64_t)whole - 1 + k));
}

static void enlarge_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const weaving *g = arg;
	const strand *s = g->s;
	const int n = g->o->widths;
	const int64_t w = s->f.w;
	const float level = (float)s->level;
	float *line = g->line + thread * g->line_size + 2, *wide = line + w + 16;
	float weight[4], phase[64][4];
	int64_t place[4];
	for (int64_t i = 0; i < s->level; i++)
		cubic(((double)i + 0.5) / level - 0.5, INT64_MAX / 2, place, phase[i]);
	for (int64_t y = first; y < last; y++)
		for (int k = 0; k < s->count; k++) {
			const float *from = s->sums + k * s->f.h * w;
			cubic(((double)y + 0.5) / level - 0.5, s->f.h, place, weight);
			const float *a = from + place[0] * w, *b = from + place[1] * w;
			const float *c = from + place[2] * w, *d = from + place[3] * w;
			for (int64_t x = 0; x < w; x++)
				line[x] = weight[0] * a[x] + weight[1] * b[x] + weight[2] * c[x] +
				          weight[3] * d[x];
			line[-1] = line[-2] = line[0];
			line[w] = line[w + 1] = line[w - 1];
			for (int64_t i = 0; i < s->level; i++) {
				const float *p = phase[i];
				const float *at = line - (2 * i + 1 < s->level) - 1;
				for (int64_t x = 0; x < w; x++)
					wide[x * s->level + i] = p[0] * at[x] + p[1] * at[x + 1] +
					                         p[2] * at[x + 2] +
					                         p[3] * at[x + 3];
			}
			add_spread(g->spread + (y * n + s->first + k) * 2, wide, g->w);
			float *z = g->z + y * g->w * n + s->first + k;
			for (int64_t x = 0; x < g->w; x++)
				z[x * n] = wide[x];
		}
}

static void scale_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const weaving *g = arg;
	const int n = g->o->widths;
	for (int64_t y = first; y < last; y++) {
		float *z = g->z + y * g->w * n;
		if (n == 4)
			for (int64_t x = 0; x < g->w; x++)
				for (int k = 0; k < 4; k++)
					z[4 * x + k] *= g->by[k];
		else
			for (int64_t x = 0; x < g->w; x++)
				for (int k = 0; k < n; k++)
					z[n * x + k] *= g->by[k];
	}
}

/* ---- all of it */
/* Of the noise's blur, in pixels of the reduced picture. Following blurs too, by the bilinear way
 * between its pixels, 1/6 squared pixel in the mean; the smaller picture's are larger. */
static double sigma_of(const weaving *g, const strand *s, int i)
{
	double level = (double)s->level;
	double sigma = fv_sigma(g->o->width[s->first + i] / 4, g->o, g->h, g->w) / level;
	return sqrt(fmax(0.04, sigma * sigma - (1 - 1 / (level * level)) / 6));
}

static int64_t level_of(const fv_stroke_options *o, int i, int64_t h, int64_t w)
{
	int64_t level = 1;
	while (level < 64 && o->width[i] * o->scale >= 2 * LEAST * (double)level &&
	       fv_min(h, w) >= 16 * level)
		level *= 2;
	return level;
}

/* One strand, from white noise to z. */
static fv_status weave(fv_err *err, fv_context *c, weaving *g, strand *s)
{
	follow_picture *f = &s->f;
	size_t bytes = follow_bytes(f->h, f->w, f->pad);
	size_t sums = s->level > 1 ? (size_t)(s->count * f->h * f->w) * sizeof(float) : 0;
	int64_t columns = 0, radius = 0;
	for (int i = 0; i < s->count; i++) {
		columns = fv_max(columns,
		                 fv_stroke_grid(g->w, g->o->width[s->first + i] * g->o->scale));
		radius = fv_max(radius, fv_radius(sigma_of(g, s, i)));
	}
	g->line_size = 1024 + 3 * (columns + 32) + f->w + 2 * radius + 32 +
	               (ROWS + 2 * radius) * f->w;
	g->line_size = fv_max(g->line_size, 32 + f->w + (f->w + 1) * s->level);
	size_t lines = (size_t)(c->threads * g->line_size) * sizeof(float);
	size_t table = (size_t)f->w * (sizeof(int64_t) + sizeof(float));
	char *memory = fv_alloc_rough(c, bytes + sums + table + lines);
	if (!memory)
		return fv_fail_memory(err, "strokes", bytes + sums + table + lines);
	f->pixel = (uint32_t *)memory;
	g->column = (int64_t *)(memory + bytes);
	g->share = (float *)(g->column + f->w);
	s->sums = sums ? g->share + f->w : NULL;
	g->line = g->share + f->w + sums / sizeof(float);
	g->s = s;
	fv_status st = FV_OK;
	for (g->i = 0; g->i < s->count && !st; g->i++) {
		double width = g->o->width[s->first + g->i] * g->o->scale;
		double sigma = sigma_of(g, s, g->i), sum = 0;
		int64_t n = fv_stroke_grid(g->w, width);
		for (int64_t x = 0; x < f->w; x++) {
			double sx = ((double)x + 0.5) * (double)s->level *
			            (double)n / (double)g->w - 0.5;
			sx = sx < 0 ? 0 : sx > (double)(n - 1) ? (double)(n - 1) : sx;
			g->column[x] = (int64_t)sx;
			g->share[x] = (float)(sx - floor(sx));
		}
		g->radius = fv_radius(sigma);
		for (int64_t i = 0; i <= g->radius; i++) {
			g->tap[i] = (float)exp(-(double)(i * i) / (2 * sigma * sigma));
			sum += i ? 2 * (double)g->tap[i] : g->tap[i];
		}
		for (int64_t i = 0; i <= g->radius; i++)
			g->tap[i] = (float)(g->tap[i] / sum);
		st = fv_stroke_rows(err, c, weave_rows, g, f->h, ROWS);
	}
	if (!st)
		st = fv_stroke_rows(err, c, put_outside, g, 2 * f->pad, ROWS);
	if (!st)
		st = fv_stroke_rows(err, c, follow_rows, g, f->h, ROWS);
	if (!st && s->level > 1)
		st = fv_stroke_rows(err, c, enlarge_rows, g, g->h, ROWS);
	fv_free(c, memory);
	return st;
}

static fv_status noise(fv_err *err, fv_context *c, const float *v, int64_t h, int64_t w,
                       const fv_stroke_options *o, const float *const *white, float *z)
{
	strand strands[FV_STROKE_WIDTHS];
	int count = 0;
	int64_t largest = 1;
	for (int i = 0; i < o->widths; i++) {
		fv_streak k = fv_streak_of(o, i);
		int64_t level = level_of(o, i, h, w);
		double step = k.step / (double)level;
		strand *s = &strands[count - (count > 0)];
		if (count && s->count < 2 && s->level == level && s->step == step)
			s->steps[s->count++] = k.steps;
		else {
			s = &strands[count++];
			*s = (strand){ .f = { .h = fv_div_up(h, level), .w = fv_div_up(w, level) },
			               .first = i, .count = 1, .level = level,
			               .steps = { k.steps }, .step = step };
		}
		s->f.pad = fv_max(s->f.pad, (int64_t)ceil(k.steps * step) + 2);
		s->f.stride = follow_stride(s->f.w, s->f.pad);
		largest = fv_max(largest, level);
		/* Far larger than the picture, a pad would cost more than the plain way; and a
		 * table has an end. */
		if (s->f.pad > 64 + s->f.h + s->f.w ||
		    fv_radius(fv_sigma(o->width[i] / 4, o, h, w) / (double)level) > TAPS)
			return fv_stroke_plain_trace.noise(err, c, v, h, w, o, white, z);
	}
	/* The flow at a half, a quarter ..., one after the other in one block. */
	int64_t room = 0;
	for (int64_t level = 2; level <= largest; level *= 2)
		room += 2 * fv_div_up(h, level) * fv_div_up(w, level);
	size_t bytes = (size_t)room * sizeof(float);
	size_t rows = (size_t)(2 * h * o->widths) * sizeof(double);
	weaving *g = fv_alloc(c, sizeof *g + rows + bytes);
	if (!g)
		return fv_fail_memory(err, "strokes", sizeof *g + rows + bytes);
	*g = (weaving){ .o = o, .white = white, .h = h, .w = w, .z = z, .h0 = h, .w0 = w, .v0 = v };
	g->spread = (double *)(g + 1);
	g->half = (float *)((char *)g->spread + rows);
	fv_status st = FV_OK;
	for (int64_t level = 1; level <= largest && !st; level *= 2) {
		for (int i = 0; i < count && !st; i++)
			if (strands[i].level == level) {
				strands[i].v = g->v0;
				st = weave(err, c, g, &strands[i]);
			}
		if (st || level == largest)
			break;
		st = fv_stroke_rows(err, c, halve_rows, g, fv_div_up(g->h0, 2), ROWS);
		g->h0 = fv_div_up(g->h0, 2), g->w0 = fv_div_up(g->w0, 2);
		g->v0 = g->half;
		g->half += 2 * g->h0 * g->w0;
	}
	for (int k = 0; k < o->widths && !st; k++) {
		double sum = 0, squares = 0, n = (double)(h * w);
		for (int64_t y = 0; y < h; y++) {
			sum += g->spread[(y * o->widths + k) * 2];
			squares += g->spread[(y * o->widths + k) * 2 + 1];
		}
		double variance = (squares - sum * sum / n) / (n - 1);
		g->by[k] = (float)(1 / (sqrt(variance > 0 ? variance : 0) + 1e-6));
	}
	if (!st)
		st = fv_stroke_rows(err, c, scale_rows, g, h, ROWS);
	fv_free(c, g);
	return st;
}

const fv_stroke_way FV_WAY(noise) = { .name = FV_KERNEL_NAME(noise), .needs = FV_ISA_BITS,
                                      .noise = noise };
