/* SPDX-License-Identifier: Apache-2.0 */
/* The least of
 *
 *	sum  d psi(Iz + Ix du + Iy dv) + g psi(slopes alike)
 *	     + a psi(|grad(u + du)|, |grad(v + dv)|)
 *
 * of psi(s) = sqrt(s^2 + e^2), the first two each less where the picture is steep (Zimmer et al.,
 * IJCV 2011), by steps of which each is linear, those by over-relaxation on a chess board. In plain
 * places the field so takes the motion of what lies around them. Weights as OpenCV's DIS has them;
 * as there, a slope is the difference of both neighbours, not half of it. */
#include "film/refine.h"
#include <math.h>

#define SMOOTH 10.0f
#define BRIGHT 2.5f
#define SLOPES 5.0f
#define TINY (0.01f * 0.01f)
#define STEEP 0.01f
#define OVER 1.6f
enum { LINEAR = 5, RELAX = 5 };         /* steps */
enum { IX, IY, IZ, IXX, IXY, IYY, IXZ, IYZ, A11, A12, A22, B1, B2, WEIGHT, DU, DV, MEAN, TERMS };
/* DU, DV: u + du, v + dv */

typedef struct {
	const fv_flow_plane *a, *b;
	float *field, *room;
	int colour;                     /* of the chess board */
} work;

int64_t fv_flow_refine_floats(int64_t h, int64_t w) { return h * w * TERMS; }

/* Term k: a picture of a->h, a->w. */
FV_FLOW_INLINE float *term(const work *f, int k)
{
	return f->room + (int64_t)k * f->a->h * f->a->w;
}

FV_FLOW_FAST static void mean_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const work *f = arg;
	const fv_flow_plane *a = f->a;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < a->w; x++) {
			const int64_t i = y * a->w + x;
			const float *uv = f->field + 2 * i;
			const float there =
			        fv_flow_sample(f->b, (float)x + uv[0], (float)y + uv[1]);
			const float here = a->at[y * a->stride + x];
			term(f, IZ)[i] = there - here, term(f, MEAN)[i] = 0.5f * (there + here);
			term(f, DU)[i] = uv[0], term(f, DV)[i] = uv[1];
		}
}

/* Slopes of `from` into `across` and `down`; -1: not wanted. */
FV_FLOW_INLINE void slope_rows(const work *f, int from, int across, int down, int64_t first,
                               int64_t last)
{
	const int64_t h = f->a->h, w = f->a->w;
	const float *p = term(f, from);
	for (int64_t y = first; y < last; y++) {
		const float *row = p + y * w;
		const float *up = p + fv_max(0, y - 1) * w, *low = p + fv_min(h - 1, y + 1) * w;
		if (down >= 0)
			for (int64_t x = 0; x < w; x++)
				term(f, down)[y * w + x] = low[x] - up[x];
		if (across < 0)
			continue;
		float *to = term(f, across) + y * w;
		for (int64_t x = 1; x + 1 < w; x++)
			to[x] = row[x + 1] - row[x - 1];
		to[0] = row[fv_min(w - 1, 1)] - row[0];
		to[w - 1] = row[w - 1] - row[fv_max(0, w - 2)];
	}
}

FV_FLOW_FAST static void first_slopes(void *arg, int thread, int64_t first, int64_t last)
{
	slope_rows(arg, MEAN, IX, IY, first, last);
	slope_rows(arg, IZ, IXZ, IYZ, first, last);
}

FV_FLOW_FAST static void second_slopes(void *arg, int thread, int64_t first, int64_t last)
{
	slope_rows(arg, IX, IXX, IXY, first, last);
	slope_rows(arg, IY, -1, IYY, first, last);
}

FV_FLOW_FAST static void data_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const work *f = arg;
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
FV_FLOW_INLINE void relax(const work *f, int64_t i, const float k[4], const int64_t at[4])
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
FV_FLOW_FAST static void relax_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const work *f = arg;
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
	const work *f = arg;
	for (int64_t i = first * f->a->w; i < last * f->a->w; i++) {
		f->field[2 * i] = term(f, DU)[i];
		f->field[2 * i + 1] = term(f, DV)[i];
	}
}

void fv_flow_refine(fv_team *t, const fv_flow_plane *a, const fv_flow_plane *b, float *field,
                    float *room)
{
	work f = { .a = a, .b = b, .field = field, .room = room };
	const int64_t h = a->h;
	fv_team_run(t, mean_rows, &f, h, 8);
	fv_team_run(t, first_slopes, &f, h, 16);
	fv_team_run(t, second_slopes, &f, h, 16);
	for (int i = 0; i < LINEAR; i++) {
		fv_team_run(t, data_rows, &f, h, 16);
		for (int k = 0; k < 2 * RELAX; k++) {
			f.colour = k & 1;
			fv_team_run(t, relax_rows, &f, h, 16);
		}
	}
	fv_team_run(t, refined_rows, &f, h, 16);
}
