/* SPDX-License-Identifier: Apache-2.0 */
/* A pyramid of either frame. From its top down, patches of 8 x 8 pixels, one every 3, each begin
 * where the level above or a neighbour there says, whichever fits best, and are moved by
 * Gauss-Newton steps whose matrix, of the patch's own gradients, is made once (the inverse search):
 *
 *	du = H^-1 sum g (I1(x + u) - I0(x)),  H = sum g g^T,  all of them less their means
 *
 * Each pixel takes the mean of the patches over it, weighed by how well they explain it; then the
 * field is refined. */
#include "film/flow.h"
#include <math.h>
#include <string.h>

enum { PATCH = 8, STRIDE = 3, STEPS = 25, EDGE = 24, LEVELS = 8, LEAST = 24 };

#if defined(__x86_64__) && defined(__gnu_linux__)
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST
#endif

/* Into either way of the function that calls it. */
#define ALWAYS __attribute__((always_inline))

/* Those of the C library are calls. */
static inline float least(float a, float b) { return a < b ? a : b; }
static inline float most(float a, float b) { return a > b ? a : b; }

typedef struct {
	int64_t h, w, stride;
	float *at;
} plane; /* at: pixel 0,0; EDGE more on all sides */

struct fv_flow {
	fv_context *c;
	int64_t h, w;
	int levels, finest;
	plane now[LEVELS], before[LEVELS];
	float *memory;
	float *field, *other;           /* of the level in work and the one above: h,w,2 */
	float *patch;                   /* u, v of each patch */
	float *terms;                   /* of the refinement */
	/* of the level in work */
	const plane *a, *b;
	const float *coarse;
	int64_t ch, cw, rows, columns;
	int colour;
	const uint8_t *grey;
	float *uv;
};

static int64_t patches(int64_t n) { return fv_max(1, fv_div_up(n - PATCH, STRIDE) + 1); }
static int64_t place(int64_t i, int64_t n) { return fv_max(0, fv_min(i * STRIDE, n - PATCH)); }

/* ---- pyramids */
static void pad(plane *p)
{
	for (int64_t y = 0; y < p->h; y++) {
		float *row = p->at + y * p->stride;
		for (int64_t i = 1; i <= EDGE; i++)
			row[-i] = row[0], row[p->w - 1 + i] = row[p->w - 1];
	}
	const size_t bytes = (size_t)(p->w + 2 * EDGE) * sizeof(float);
	for (int64_t i = 1; i <= EDGE; i++) {
		memcpy(p->at - i * p->stride - EDGE, p->at - EDGE, bytes);
		memcpy(p->at + (p->h - 1 + i) * p->stride - EDGE,
		       p->at + (p->h - 1) * p->stride - EDGE, bytes);
	}
}

static void halve_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const plane *from = *(const plane **)arg, *to = from + 1;
	for (int64_t y = first; y < last; y++) {
		const float *a = from->at + 2 * y * from->stride;
		const float *b = 2 * y + 1 < from->h ? a + from->stride : a;
		float *out = to->at + y * to->stride;
		for (int64_t x = 0; x < to->w; x++) {
			const int64_t r = 2 * x + 1 < from->w ? 1 : 0;
			out[x] = 0.25f * (a[2 * x] + a[2 * x + r] + b[2 * x] + b[2 * x + r]);
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
		plane k = f->now[i];
		f->now[i] = f->before[i];
		f->before[i] = k;
	}
	f->grey = grey;
	fv_team_run(f->c->team, load_rows, f, f->h, 32);
	pad(&f->now[0]);
	for (int i = 1; i < f->levels; i++) {
		const plane *from = &f->now[i - 1];
		fv_team_run(f->c->team, halve_rows, &from, f->now[i].h, 32);
		pad(&f->now[i]);
	}
}

/* ---- patches */
typedef struct { float a[PATCH * PATCH], gx[PATCH * PATCH], gy[PATCH * PATCH], xx, xy, yy; } model;

static inline ALWAYS void model_of(const plane *p, int64_t x, int64_t y, model *m)
{
	float mean = 0, mx = 0, my = 0;
	for (int r = 0; r < PATCH; r++) {
		const float *row = p->at + (y + r) * p->stride + x;
		for (int q = 0; q < PATCH; q++) {
			const int i = r * PATCH + q;
			m->a[i] = row[q];
			m->gx[i] = 0.5f * (row[q + 1] - row[q - 1]);
			m->gy[i] = 0.5f * (row[q + p->stride] - row[q - p->stride]);
			mean += m->a[i], mx += m->gx[i], my += m->gy[i];
		}
	}
	const float n = PATCH * PATCH;
	mean /= n, mx /= n, my /= n;
	m->xx = m->xy = m->yy = 0;
	for (int i = 0; i < PATCH * PATCH; i++) {
		m->a[i] -= mean, m->gx[i] -= mx, m->gy[i] -= my;
		m->xx += m->gx[i] * m->gx[i], m->xy += m->gx[i] * m->gy[i],
		        m->yy += m->gy[i] * m->gy[i];
	}
}

static inline ALWAYS float bound(float u, int64_t at, int64_t n)
{
	return least(most(u, (float)(-at - EDGE + 2)), (float)(n - at - PATCH + EDGE - 3));
}

/* The patch as it is seen u, v away, less its mean, less the model; returns the squares' sum. */
static inline ALWAYS float difference(const plane *p, const model *m, int64_t x, int64_t y, float u,
                               float v, float *d)
{
	const float fx = floorf(u), fy = floorf(v), s = u - fx, t = v - fy;
	const float w00 = (1 - s) * (1 - t), w01 = s * (1 - t), w10 = (1 - s) * t, w11 = s * t;
	const float *from = p->at + (y + (int64_t)fy) * p->stride + x + (int64_t)fx;
	float mean = 0, sum = 0;
	for (int r = 0; r < PATCH; r++) {
		const float *row = from + r * p->stride, *below = row + p->stride;
		for (int q = 0; q < PATCH; q++) {
			d[r * PATCH + q] = w00 * row[q] + w01 * row[q + 1] + w10 * below[q] +
			                   w11 * below[q + 1];
			mean += d[r * PATCH + q];
		}
	}
	mean /= PATCH * PATCH;
	for (int i = 0; i < PATCH * PATCH; i++) {
		d[i] -= mean + m->a[i];
		sum += d[i] * d[i];
	}
	return sum;
}

static inline ALWAYS void search(const fv_flow *f, int64_t x, int64_t y, float *u, float *v)
{
	const plane *b = f->b;
	float d[PATCH * PATCH], best = INFINITY, bu = 0, bv = 0;
	model m;
	model_of(f->a, x, y, &m);
	/* Where the level above says, in the middle and around. */
	static const int8_t around[5][2] = { { 0, 0 }, { -1, 0 }, { 1, 0 }, { 0, -1 }, { 0, 1 } };
	for (int i = 0; i < 5; i++) {
		float cu = 0, cv = 0;
		if (f->coarse) {
			int64_t cx = (x + PATCH / 2) / 2 + around[i][0] * PATCH / 2,
			        cy = (y + PATCH / 2) / 2 + around[i][1] * PATCH / 2;
			cx = fv_max(0, fv_min(cx, f->cw - 1)),
			cy = fv_max(0, fv_min(cy, f->ch - 1));
			cu = 2 * f->coarse[(cy * f->cw + cx) * 2],
			cv = 2 * f->coarse[(cy * f->cw + cx) * 2 + 1];
		}
		cu = bound(cu, x, f->a->w), cv = bound(cv, y, f->a->h);
		float off = difference(b, &m, x, y, cu, cv, d);
		/* The middle's, unless another is better by far. */
		if (off < best * (i ? 0.9f : 1))
			best = off, bu = cu, bv = cv;
		if (!f->coarse)
			break;
	}
	const float det = m.xx * m.yy - m.xy * m.xy, trace = m.xx + m.yy;
	*u = bu, *v = bv;
	/* Nothing there, or one straight edge: the refinement knows better. */
	if (!(det > 1e-5f * trace * trace) || trace < 1)
		return;
	float cu = bu, cv = bv;
	float off = difference(b, &m, x, y, cu, cv, d);
	for (int i = 0; i < STEPS; i++) {
		float sx = 0, sy = 0;
		for (int k = 0; k < PATCH * PATCH; k++)
			sx += m.gx[k] * d[k], sy += m.gy[k] * d[k];
		const float du = (m.yy * sx - m.xy * sy) / det, dv = (m.xx * sy - m.xy * sx) / det;
		cu = bound(cu - du, x, f->a->w), cv = bound(cv - dv, y, f->a->h);
		if (fabsf(cu - bu) > PATCH || fabsf(cv - bv) > PATCH)
			return;
		off = difference(b, &m, x, y, cu, cv, d);
		if (off < best)
			best = off, *u = cu, *v = cv;
		if (du * du + dv * dv < 1e-4f)
			break;
	}
}

FAST static void search_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_flow *f = arg;
	for (int64_t r = first; r < last; r++)
		for (int64_t q = 0; q < f->columns; q++) {
			float *to = f->patch + (r * f->columns + q) * 2;
			search(f, place(q, f->a->w), place(r, f->a->h), to, to + 1);
		}
}

/* ---- pixels */
static inline ALWAYS float sample(const plane *p, float x, float y)
{
	x = least(most(x, -EDGE + 1), (float)(p->w + EDGE - 3)),
	y = least(most(y, -EDGE + 1), (float)(p->h + EDGE - 3));
	const float fx = floorf(x), fy = floorf(y), s = x - fx, t = y - fy;
	const float *at = p->at + (int64_t)fy * p->stride + (int64_t)fx;
	return (1 - t) * ((1 - s) * at[0] + s * at[1]) +
	       t * ((1 - s) * at[p->stride] + s * at[p->stride + 1]);
}

FAST static void spread_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_flow *f = arg;
	const plane *a = f->a;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < a->w; x++) {
			const int64_t r1 = fv_min(f->rows - 1, y / STRIDE),
			              r0 = fv_max(0, fv_div_up(y - PATCH + 1, STRIDE));
			const int64_t q1 = fv_min(f->columns - 1, x / STRIDE),
			              q0 = fv_max(0, fv_div_up(x - PATCH + 1, STRIDE));
			float u = 0, v = 0, sum = 0;
			/* The last patch lies at the edge, whatever the stride. */
			for (int64_t r = fv_min(r0, f->rows - 1);
			     r <= fv_max(r1, r0) && r < f->rows; r++)
				for (int64_t q = fv_min(q0, f->columns - 1);
				     q <= fv_max(q1, q0) && q < f->columns; q++) {
					const float *p = f->patch + (r * f->columns + q) * 2;
					const float off =
					        sample(f->b, (float)x + p[0], (float)y + p[1]) -
					        a->at[y * a->stride + x];
					const float w = 1 / most(1, fabsf(off));
					u += w * p[0], v += w * p[1], sum += w;
				}
			f->field[(y * a->w + x) * 2] = u / sum,
			                          f->field[(y * a->w + x) * 2 + 1] = v / sum;
		}
}

/* ---- refinement: the field that explains brightness and its slopes and is as even as it can be
 *
 *	sum  d psi(Iz + Ix du + Iy dv) + g psi(slopes alike) + a psi(|grad(u + du)|^2 + |grad(v +
 * dv)|^2)
 *
 * of psi(s) = sqrt(s^2 + e^2), each less where the picture is steep (Zimmer et al. 2011), by steps
 * of which each is linear, those by over-relaxation on a chess board. In plain places the field so
 * takes the motion of what lies around them. Weights as in OpenCV's DIS. */
#define SMOOTH 20.0f
#define BRIGHT 5.0f
#define SLOPES 10.0f
#define TINY (0.001f * 0.001f)
#define STEEP 0.01f
#define OVER 1.6f
enum { LINEAR = 5, RELAX = 5 };
enum { IX, IY, IZ, IXX, IXY, IYY, IXZ, IYZ, A11, A12, A22, B1, B2, WEIGHT, DU, DV, MEAN, TERMS };
/* DU, DV: u + du, v + dv */

/* Of term k in the level in work: a picture of a->h, a->w. */
static inline float *term(const fv_flow *f, int k)
{
	return f->terms + (int64_t)k * f->a->h * f->a->w;
}

FAST static void mean_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const fv_flow *f = arg;
	const plane *a = f->a;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < a->w; x++) {
			const int64_t i = y * a->w + x;
			const float there = sample(f->b, (float)x + f->field[2 * i],
			                           (float)y + f->field[2 * i + 1]);
			const float here = a->at[y * a->stride + x];
			term(f, IZ)[i] = there - here, term(f, MEAN)[i] = 0.5f * (there + here);
			term(f, DU)[i] = f->field[2 * i], term(f, DV)[i] = f->field[2 * i + 1];
		}
}

/* Slopes of `from` into `to`. */
static inline ALWAYS void slope_rows(const fv_flow *f, int from, int across, int down,
                                     int64_t first, int64_t last)
{
	const int64_t h = f->a->h, w = f->a->w;
	const float *p = term(f, from);
	for (int64_t y = first; y < last; y++) {
		const int64_t up = fv_max(0, y - 1) * w, low = fv_min(h - 1, y + 1) * w;
		for (int64_t x = 0; x < w; x++) {
			if (across >= 0)
				term(f, across)[y * w + x] =
				        0.5f * (p[y * w + fv_min(w - 1, x + 1)] -
				                p[y * w + fv_max(0, x - 1)]);
			if (down >= 0)
				term(f, down)[y * w + x] = 0.5f * (p[low + x] - p[up + x]);
		}
	}
}

FAST static void first_slopes(void *arg, int thread, int64_t first, int64_t last)
{
	slope_rows(arg, MEAN, IX, IY, first, last);
	slope_rows(arg, IZ, IXZ, IYZ, first, last);
}

FAST static void second_slopes(void *arg, int thread, int64_t first, int64_t last)
{
	slope_rows(arg, IX, IXX, IXY, first, last);
	slope_rows(arg, IY, -1, IYY, first, last);
}

FAST static void data_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const fv_flow *f = arg;
	const int64_t h = f->a->h, w = f->a->w;
	for (int64_t i = first * w; i < last * w; i++) {
		const float ix = term(f, IX)[i], iy = term(f, IY)[i], iz = term(f, IZ)[i];
		const float xx = term(f, IXX)[i], xy = term(f, IXY)[i], yy = term(f, IYY)[i];
		const float xz = term(f, IXZ)[i], yz = term(f, IYZ)[i];
		const float du = term(f, DU)[i] - f->field[2 * i],
		            dv = term(f, DV)[i] - f->field[2 * i + 1];
		const float n = ix * ix + iy * iy + STEEP, off = iz + ix * du + iy * dv;
		const float k = BRIGHT / sqrtf(off * off / n + TINY) / n;
		const float n1 = xx * xx + xy * xy + STEEP, n2 = yy * yy + xy * xy + STEEP;
		const float ox = xz + xx * du + xy * dv, oy = yz + xy * du + yy * dv;
		const float g = SLOPES / sqrtf(ox * ox / n1 + oy * oy / n2 + TINY);
		const float g1 = g / n1, g2 = g / n2;
		term(f, A11)[i] = k * ix * ix + g1 * xx * xx + g2 * xy * xy + STEEP;
		term(f, A12)[i] = k * ix * iy + g1 * xx * xy + g2 * xy * yy;
		term(f, A22)[i] = k * iy * iy + g1 * xy * xy + g2 * yy * yy + STEEP;
		term(f, B1)[i] = -(k * iz * ix + g1 * xx * xz + g2 * xy * yz);
		term(f, B2)[i] = -(k * iz * iy + g1 * xy * xz + g2 * yy * yz);
	}
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < w; x++) {
			const int64_t i = y * w + x, r = x + 1 < w ? i + 1 : i,
			              d = y + 1 < h ? i + w : i;
			float s = TINY;
			for (int k = 0; k < 2; k++) {
				const float *q = term(f, k ? DV : DU);
				const float ax = q[r] - q[i], ay = q[d] - q[i];
				s += ax * ax + ay * ay;
			}
			term(f, WEIGHT)[i] = SMOOTH / sqrtf(s);
		}
}

/* A field of the chess board: k, of the neighbours at -1, 1, -w, w, 0 where there is none. */
static inline ALWAYS void relax(const fv_flow *f, int64_t i, const float k[4], const int64_t at[4])
{
	float *u = term(f, DU), *v = term(f, DV);
	const float u0 = f->field[2 * i], v0 = f->field[2 * i + 1], a12 = term(f, A12)[i];
	float sum = 0, su = 0, sv = 0;
	for (int n = 0; n < 4; n++) {
		sum += k[n];
		su += k[n] * (u[at[n]] - u0), sv += k[n] * (v[at[n]] - v0);
	}
	const float nu = u0 + (term(f, B1)[i] - a12 * (v[i] - v0) + su) / (term(f, A11)[i] + sum);
	u[i] += OVER * (nu - u[i]);
	const float nv = v0 + (term(f, B2)[i] - a12 * (u[i] - u0) + sv) / (term(f, A22)[i] + sum);
	v[i] += OVER * (nv - v[i]);
}

/* Fields of the chess board's one colour. */
FAST static void relax_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const fv_flow *f = arg;
	const int64_t h = f->a->h, w = f->a->w;
	const float *weight = term(f, WEIGHT);
	for (int64_t y = first; y < last; y++) {
		const int64_t up = y ? w : 0, down = y + 1 < h ? w : 0;
		for (int64_t x = (y + f->colour) & 1; x < w; x += 2) {
			const int64_t i = y * w + x, left = x ? 1 : 0, right = x + 1 < w ? 1 : 0;
			const int64_t at[4] = { i - left, i + right, i - up, i + down };
			const float k[4] = { left ? weight[i - 1] : 0, right ? weight[i] : 0,
				             up ? weight[i - w] : 0, down ? weight[i] : 0 };
			relax(f, i, k, at);
		}
	}
}

static void refined_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const fv_flow *f = arg;
	for (int64_t i = first * f->a->w; i < last * f->a->w; i++) {
		f->other[2 * i] = term(f, DU)[i];
		f->other[2 * i + 1] = term(f, DV)[i];
	}
}

/* Of field into other. */
static void refine(fv_flow *f)
{
	fv_team *t = f->c->team;
	const int64_t h = f->a->h;
	fv_team_run(t, mean_rows, f, h, 8);
	fv_team_run(t, first_slopes, f, h, 16);
	fv_team_run(t, second_slopes, f, h, 16);
	/* At every pixel there is little left to find, and it takes the longest. */
	const int steps = f->a == &f->now[0] || f->a == &f->before[0] ? 2 : LINEAR;
	for (int i = 0; i < steps; i++) {
		fv_team_run(t, data_rows, f, h, 16);
		for (int k = 0; k < 2 * RELAX; k++) {
			f->colour = k & 1;
			fv_team_run(t, relax_rows, f, h, 16);
		}
	}
	fv_team_run(t, refined_rows, f, h, 16);
}

/* The finest level's field, to all pixels. */
static void enlarge_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const fv_flow *f = arg;
	const float n = (float)(1 << f->finest);
	for (int64_t y = first; y < last; y++) {
		const float fy =
		        most(0, least(((float)y + 0.5f) / n - 0.5f, (float)(f->a->h - 1)));
		const int64_t y0 = (int64_t)fy, y1 = fv_min(y0 + 1, f->a->h - 1);
		const float t = fy - (float)y0;
		for (int64_t x = 0; x < f->w; x++) {
			const float fx =
			        most(0, least(((float)x + 0.5f) / n - 0.5f, (float)(f->a->w - 1)));
			const int64_t x0 = (int64_t)fx, x1 = fv_min(x0 + 1, f->a->w - 1);
			const float s = fx - (float)x0;
			for (int k = 0; k < 2; k++) {
				const float *g = f->field + k;
				const float top = (1 - s) * g[(y0 * f->a->w + x0) * 2] +
				                  s * g[(y0 * f->a->w + x1) * 2],
				            low = (1 - s) * g[(y1 * f->a->w + x0) * 2] +
				                  s * g[(y1 * f->a->w + x1) * 2];
				f->uv[(y * f->w + x) * 2 + k] = n * ((1 - t) * top + t * low);
			}
		}
	}
}

void fv_flow_run(fv_flow *f, bool ahead, float *uv)
{
	f->coarse = NULL;
	for (int i = f->levels - 1; i >= f->finest; i--) {
		f->a = ahead ? &f->before[i] : &f->now[i];
		f->b = ahead ? &f->now[i] : &f->before[i];
		f->rows = patches(f->a->h), f->columns = patches(f->a->w);
		/* `other` holds the level above. */
		f->coarse = i < f->levels - 1 ? f->other : NULL;
		if (f->coarse)
			f->ch = f->a[1].h, f->cw = f->a[1].w;
		fv_team_run(f->c->team, search_rows, f, f->rows, 1);
		fv_team_run(f->c->team, spread_rows, f, f->a->h, 8);
		refine(f);
	}
	float *k = f->field;
	f->field = f->other, f->other = k;
	f->uv = uv;
	fv_team_run(f->c->team, enlarge_rows, f, f->h, 16);
}

/* ---- life */
fv_status fv_flow_new(fv_err *err, fv_context *c, int64_t h, int64_t w, int finest, fv_flow **out)
{
	fv_flow *f = fv_alloc(c, sizeof *f);
	if (!f)
		return fv_fail_memory(err, "motion", sizeof *f);
	*f = (fv_flow){ .c = c, .h = h, .w = w };
	int64_t floats = 0, side_h = h, side_w = w;
	for (int i = 0; i < LEVELS && (!i || fv_min(side_h, side_w) >= LEAST); i++) {
		f->now[i] = (plane){ .h = side_h,
			             .w = side_w,
			             .stride = fv_div_up(side_w + 2 * EDGE, 16) * 16 };
		floats += 2 * f->now[i].stride * (side_h + 2 * EDGE);
		f->levels = i + 1;
		side_h = fv_div_up(side_h, 2), side_w = fv_div_up(side_w, 2);
	}
	f->finest = (int)fv_min(finest, f->levels - 1);
	const int64_t field = 2 * f->now[f->finest].h * f->now[f->finest].w,
	              patch = 2 * patches(f->now[f->finest].h) * patches(f->now[f->finest].w);
	floats += 2 * field + patch + field / 2 * TERMS;
	if (!(f->memory = fv_alloc(c, (size_t)floats * sizeof(float)))) {
		fv_free(c, f);
		return fv_fail_memory(err, "motion", (size_t)floats * sizeof(float));
	}
	f->field = f->memory, f->other = f->field + field, f->patch = f->other + field;
	f->terms = f->patch + patch;
	float *next = f->terms + field / 2 * TERMS;
	for (int i = 0; i < f->levels; i++) {
		plane *p = &f->now[i];
		const int64_t size = p->stride * (p->h + 2 * EDGE);
		f->before[i] = *p;
		p->at = next + EDGE * p->stride + EDGE;
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
