/* SPDX-License-Identifier: Apache-2.0 */
/* The painting before, moved along with what it shows, and a little of the new one:
 *
 *	O(t) = P(t) + k (O(t-1)(x + u) + L - P(t))
 *
 * u is the motion (flow.c). L is how the film itself became lighter or darker there, seen from
 * afar: so a fade is followed at once, while strokes stay. k is KEPT where the pixel is seen in
 * both frames (motion there and back meet) and looks the same, 0 elsewhere and behind a cut. Lai et
 * al. 2018 (arXiv:1808.00449) and Ruder et al. 2016 (arXiv:1604.08610) judge and blend so. */
#include "film/steady.h"
#include "film/flow.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 0.92f
#define CUT 0.11f                       /* of white: mean difference after motion */
#define UNLIKE 0.10f
/* of white: a pixel that differs so is another thing */
#define HIDDEN 0.03f                    /* the same where it may be hidden */
enum { CELL = 8 };                      /* pixels of a cell in which lightness is compared */
enum { MEETING = 6 };                   /* steps */

struct fv_steadier {
	fv_context *c;
	fv_steady how;
	int64_t h, w;
	int channels, bits;
	uint64_t shot, frames;
	bool follows;                   /* the frame in work goes on with the one before */
	fv_flow *flow;
	float *back, *ahead;            /* h,w,2 */
	float *seen;                    /* h,w: k / KEPT */
	float *soft;                    /* h,w */
	uint8_t *was, *is;              /* RGB of both frames, h,w,3 */
	uint8_t *grey;
	uint16_t *painted, *old;        /* h,w,channels: halves of `room` */
	uint16_t *room;
	float *lighter;                 /* cells of RGB */
	int64_t ch, cw;
	double *sum;                    /* a row */
	const fv_pixels *in;
	fv_pixels *out;
};

typedef struct { uint64_t magic, shot, frames; int64_t h, w, channels; } state;
#define MAGIC UINT64_C(0x7364793176610a01)

fv_status fv_steadier_new(fv_err *err, fv_context *c, fv_steady how, const fv_pixels *size,
                          fv_steadier **out)
{
	const int64_t n = size->height * size->width;
	fv_steadier *s = fv_alloc(c, sizeof *s);
	if (!s)
		return fv_fail_memory(err, "steadying", sizeof *s);
	*s = (fv_steadier){ .c = c,
		            .how = how,
		            .h = size->height,
		            .w = size->width,
		            .channels = size->channels,
		            .bits = size->bits,
		            .shot = 1,
		            .ch = fv_div_up(size->height, CELL),
		            .cw = fv_div_up(size->width, CELL) };
	fv_status st = fv_flow_new(err, c, s->h, s->w, how == FV_STEADY_FAST ? 1 : 0, &s->flow);
	s->back = fv_alloc(c, (size_t)n * 2 * sizeof(float));
	s->ahead = fv_alloc(c, (size_t)n * 2 * sizeof(float));
	s->seen = fv_alloc(c, (size_t)n * 2 * sizeof(float));
	s->was = fv_alloc(c, (size_t)n * 7);
	s->room = fv_alloc(c, (size_t)(n * s->channels) * 2 * sizeof(uint16_t));
	s->lighter = fv_alloc(c, (size_t)(3 * s->ch * s->cw) * sizeof(float));
	s->sum = fv_alloc(c, (size_t)s->h * sizeof(double));
	if (!st &&
	    (!s->back || !s->ahead || !s->seen || !s->was || !s->room || !s->lighter || !s->sum))
		st = fv_fail_memory(err, "steadying", (size_t)n * 40);
	if (st) {
		fv_steadier_free(s);
		return st;
	}
	s->soft = s->seen + n;
	s->is = s->was + 3 * n, s->grey = s->is + 3 * n;
	s->painted = s->room, s->old = s->room + n * s->channels;
	*out = s;
	return FV_OK;
}

void fv_steadier_free(fv_steadier *s)
{
	if (!s)
		return;
	fv_flow_free(s->flow);
	fv_free(s->c, s->back);
	fv_free(s->c, s->ahead);
	fv_free(s->c, s->seen);
	fv_free(s->c, s->was);
	fv_free(s->c, s->room);
	fv_free(s->c, s->lighter);
	fv_free(s->c, s->sum);
	fv_free(s->c, s);
}

/* ---- looking */
static void load_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	for (int64_t y = first; y < last; y++) {
		const uint8_t *row = (const uint8_t *)s->in->data + y * s->in->stride_bytes;
		uint8_t *to = s->is + y * s->w * 3;
		for (int64_t x = 0; x < s->w; x++) {
			for (int k = 0; k < 3; k++)
				to[3 * x + k] =
				        s->bits == 8
				                ? row[x * s->channels + k]
				                : (uint8_t)(((const uint16_t *)(const void *)
				                                     row)[x * s->channels + k] >>
				                            8);
			s->grey[y * s->w + x] = (uint8_t)((77 * to[3 * x] + 150 * to[3 * x + 1] +
			                                   29 * to[3 * x + 2] + 128) >>
			                                  8);
		}
	}
}

static inline float bounded(float x, int64_t n) { return fminf(fmaxf(x, 0), (float)(n - 1)); }

/* Colour k of RGB at a place between pixels. */
static inline float between(const uint8_t *p, int64_t h, int64_t w, int k, float x, float y)
{
	x = bounded(x, w), y = bounded(y, h);
	const int64_t x0 = (int64_t)x, y0 = (int64_t)y, x1 = fv_min(x0 + 1, w - 1),
	              y1 = fv_min(y0 + 1, h - 1);
	const float s = x - (float)x0, t = y - (float)y0;
	const float top = (1 - s) * p[(y0 * w + x0) * 3 + k] + s * p[(y0 * w + x1) * 3 + k];
	const float low = (1 - s) * p[(y1 * w + x0) * 3 + k] + s * p[(y1 * w + x1) * 3 + k];
	return (1 - t) * top + t * low;
}

/* How a cell changed, along the motion of its middle pixels. */
static void lighter_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	for (int64_t r = first; r < last; r++)
		for (int64_t q = 0; q < s->cw; q++) {
			float change[3] = { 0 };
			int n = 0;
			for (int64_t y = r * CELL; y < fv_min(s->h, (r + 1) * CELL); y += 2)
				for (int64_t x = q * CELL; x < fv_min(s->w, (q + 1) * CELL);
				     x += 2, n++) {
					const float *u = s->back + (y * s->w + x) * 2;
					for (int k = 0; k < 3; k++)
						change[k] +=
						        s->is[(y * s->w + x) * 3 + k] -
						        between(s->was, s->h, s->w, k,
						                (float)x + u[0], (float)y + u[1]);
				}
			for (int k = 0; k < 3; k++)
				s->lighter[(r * s->cw + q) * 3 + k] =
				        change[k] / (float)(n ? n : 1);
		}
}

/* ahead there, between pixels. */
static inline void ahead_at(const fv_steadier *s, float x, float y, float uv[2])
{
	x = bounded(x, s->w), y = bounded(y, s->h);
	const int64_t x0 = (int64_t)x, y0 = (int64_t)y, x1 = fv_min(x0 + 1, s->w - 1),
	              y1 = fv_min(y0 + 1, s->h - 1);
	const float a = x - (float)x0, b = y - (float)y0;
	for (int k = 0; k < 2; k++) {
		const float *f = s->ahead + k;
		const float top = (1 - a) * f[(y0 * s->w + x0) * 2] + a * f[(y0 * s->w + x1) * 2];
		const float low = (1 - a) * f[(y1 * s->w + x0) * 2] + a * f[(y1 * s->w + x1) * 2];
		uv[k] = (1 - b) * top + b * low;
	}
}

/* Where motion there and back about meet, back becomes the mean of itself and of the motion ahead
 * that leads here: which way a film is looked at should not count. That motion is found by going
 * back along what is ahead there, a few times. */
static void meet_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < s->w; x++) {
			float *u = s->back + (y * s->w + x) * 2, f[2], b[2] = { u[0], u[1] };
			for (int i = 0; i < MEETING; i++) {
				ahead_at(s, (float)x + b[0], (float)y + b[1], f);
				b[0] = -f[0], b[1] = -f[1];
			}
			const float dx = b[0] - u[0], dy = b[1] - u[1];
			if (dx * dx + dy * dy <= 0.02f * (u[0] * u[0] + u[1] * u[1]) + 0.5f)
				u[0] += 0.5f * dx, u[1] += 0.5f * dy;
		}
}

static inline float lighter_at(const fv_steadier *s, int64_t x, int64_t y, int k)
{
	const float fx = bounded(((float)x + 0.5f) / CELL - 0.5f, s->cw),
	            fy = bounded(((float)y + 0.5f) / CELL - 0.5f, s->ch);
	const int64_t x0 = (int64_t)fx, y0 = (int64_t)fy, x1 = fv_min(x0 + 1, s->cw - 1),
	              y1 = fv_min(y0 + 1, s->ch - 1);
	const float a = fx - (float)x0, b = fy - (float)y0;
	const float *p = s->lighter + k;
	return (1 - b) * ((1 - a) * p[(y0 * s->cw + x0) * 3] + a * p[(y0 * s->cw + x1) * 3]) +
	       b * ((1 - a) * p[(y1 * s->cw + x0) * 3] + a * p[(y1 * s->cw + x1) * 3]);
}

static void seen_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	for (int64_t y = first; y < last; y++) {
		double sum = 0;
		for (int64_t x = 0; x < s->w; x++) {
			const float *u = s->back + (y * s->w + x) * 2;
			const float fx = (float)x + u[0], fy = (float)y + u[1];
			const int64_t ix = (int64_t)(bounded(fx, s->w) + 0.5f),
			              iy = (int64_t)(bounded(fy, s->h) + 0.5f);
			const float *f = s->ahead + (iy * s->w + ix) * 2;
			const float du = u[0] + f[0], dv = u[1] + f[1];
			const float length = u[0] * u[0] + u[1] * u[1] + f[0] * f[0] + f[1] * f[1];
			const bool inside = fx >= -0.5f && fy >= -0.5f &&
			                    fx <= (float)s->w - 0.5f && fy <= (float)s->h - 0.5f;
			float off = 0;
			for (int k = 0; k < 3; k++)
				off += fabsf(s->is[(y * s->w + x) * 3 + k] -
				             between(s->was, s->h, s->w, k, fx, fy) -
				             lighter_at(s, x, y, k));
			sum += off;
			/* Where motion there and back do not meet, it is hidden or too plain for
			 * its motion to be known: then only what looks the same stays. */
			const bool meets = du * du + dv * dv <= 0.01f * length + 0.5f;
			off *= 1 / (3 * 255 * (meets ? UNLIKE : HIDDEN));
			s->seen[y * s->w + x] = inside ? 1 / (1 + off * off * off * off) : 0;
		}
		s->sum[y] = sum;
	}
}

/* The least of 3 x 3, then their mean over 3 x 3: edges of what is kept are soft and lie inside. */
static void least_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < s->w; x++) {
			float least = 1;
			for (int64_t r = fv_max(0, y - 1); r <= fv_min(s->h - 1, y + 1); r++)
				for (int64_t q = fv_max(0, x - 1); q <= fv_min(s->w - 1, x + 1);
				     q++)
					least = fminf(least, s->seen[r * s->w + q]);
			s->soft[y * s->w + x] = least;
		}
}

fv_status fv_steadier_look(fv_err *err, fv_steadier *s, const fv_pixels *in, uint64_t *shot)
{
	fv_team *t = s->c->team;
	s->in = in;
	fv_team_run(t, load_rows, s, s->h, 16);
	fv_flow_put(s->flow, s->grey);
	s->follows = s->frames > 0;
	if (s->follows) {
		fv_flow_run(s->flow, false, s->back);
		fv_flow_run(s->flow, true, s->ahead);
		fv_team_run(t, meet_rows, s, s->h, 16);
		fv_team_run(t, lighter_rows, s, s->ch, 4);
		fv_team_run(t, seen_rows, s, s->h, 16);
		double off = 0, change = 0;
		for (int64_t y = 0; y < s->h; y++)
			off += s->sum[y];
		for (int64_t i = 0; i < 3 * s->ch * s->cw; i++)
			change += fabs((double)s->lighter[i]);
		off /= (double)(s->h * s->w) * 3 * 255;
		change /= (double)(3 * s->ch * s->cw) * 255;
		if (off + change > (double)CUT)
			s->follows = false, s->shot++, s->frames = 0;
	}
	if (s->follows)
		fv_team_run(t, least_rows, s, s->h, 16);
	s->frames++;
	*shot = s->shot;
	return fv_cancelled(s->c) ? fv_fail(err, FV_E_CANCELLED, "stopped") : FV_OK;
}

/* ---- blending */
/* Keys's cubic through a picture of 16 bits. */
static inline void taps(float t, float k[4])
{
	const float t2 = t * t, t3 = t2 * t;
	k[0] = 0.5f * (-t + 2 * t2 - t3), k[1] = 0.5f * (2 - 5 * t2 + 3 * t3);
	k[2] = 0.5f * (t + 4 * t2 - 3 * t3), k[3] = 0.5f * (t3 - t2);
}

static void blend_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	const int n = s->channels;
	for (int64_t y = first; y < last; y++) {
		uint8_t *row = (uint8_t *)s->out->data + y * s->out->stride_bytes;
		uint16_t *wide = (uint16_t *)(void *)row, *to = s->painted + y * s->w * n;
		for (int64_t x = 0; x < s->w; x++) {
			float k = 0, kx[4], ky[4], value[4];
			int64_t cx[4], cy[4];
			for (int c = 0; c < n; c++)
				value[c] = s->bits == 8 ? (float)row[x * n + c] * 257
				                        : (float)wide[x * n + c];
			if (s->follows) {
				float sum = 0;
				int m = 0;
				for (int64_t r = fv_max(0, y - 1); r <= fv_min(s->h - 1, y + 1);
				     r++)
					for (int64_t q = fv_max(0, x - 1);
					     q <= fv_min(s->w - 1, x + 1); q++, m++)
						sum += s->soft[r * s->w + q];
				k = KEPT * sum / (float)m;
			}
			if (k > 0) {
				const float *u = s->back + (y * s->w + x) * 2;
				const float fx = bounded((float)x + u[0], s->w),
				            fy = bounded((float)y + u[1], s->h);
				const int64_t x0 = (int64_t)fx, y0 = (int64_t)fy;
				taps(fx - (float)x0, kx);
				taps(fy - (float)y0, ky);
				for (int i = 0; i < 4; i++) {
					cx[i] = fv_max(0, fv_min(s->w - 1, x0 - 1 + i)) * n;
					cy[i] = fv_max(0, fv_min(s->h - 1, y0 - 1 + i)) * s->w * n;
				}
				for (int c = 0; c < fv_min(n, 3); c++) {
					float v = 0;
					for (int i = 0; i < 4; i++) {
						const uint16_t *p = s->old + cy[i] + c;
						v += ky[i] * (kx[0] * p[cx[0]] + kx[1] * p[cx[1]] +
						              kx[2] * p[cx[2]] + kx[3] * p[cx[3]]);
					}
					v += 257 * lighter_at(s, x, y, c);
					value[c] += k * (v - value[c]);
				}
			}
			for (int c = 0; c < n; c++) {
				const float v = fminf(fmaxf(value[c], 0), 65535);
				to[x * n + c] = (uint16_t)(v + 0.5f);
				if (s->bits == 8)
					row[x * n + c] = (uint8_t)(v / 257 + 0.5f);
				else
					wide[x * n + c] = (uint16_t)(v + 0.5f);
			}
		}
	}
}

fv_status fv_steadier_blend(fv_err *err, fv_steadier *s, const fv_pixels *in, fv_pixels *painted)
{
	uint16_t *k = s->painted;
	s->painted = s->old, s->old = k;
	s->out = painted;
	fv_team_run(s->c->team, blend_rows, s, s->h, 16);
	memcpy(s->was, s->is, (size_t)(3 * s->h * s->w));
	return FV_OK;
}

/* ---- what the next frame goes by */
size_t fv_steadier_bytes(const fv_steadier *s)
{
	return sizeof(state) + (size_t)(s->h * s->w) * (4 + 2 * (size_t)s->channels);
}

void fv_steadier_save(const fv_steadier *s, void *to)
{
	const state k = { MAGIC, s->shot, s->frames, s->h, s->w, s->channels };
	const size_t n = (size_t)(s->h * s->w);
	uint8_t *at = to;
	memcpy(at, &k, sizeof k);
	memcpy(at += sizeof k, s->was, 3 * n);
	memcpy(at += 3 * n, s->grey, n);
	memcpy(at + n, s->painted, 2 * n * (size_t)s->channels);
}

bool fv_steadier_load(fv_steadier *s, const void *from, size_t bytes)
{
	state k;
	const size_t n = (size_t)(s->h * s->w);
	const uint8_t *at = from;
	if (bytes != fv_steadier_bytes(s))
		return false;
	memcpy(&k, at, sizeof k);
	if (k.magic != MAGIC || k.h != s->h || k.w != s->w || k.channels != s->channels)
		return false;
	s->shot = k.shot, s->frames = k.frames;
	memcpy(s->was, at += sizeof k, 3 * n);
	memcpy(s->grey, at += 3 * n, n);
	memcpy(s->painted, at + n, 2 * n * (size_t)s->channels);
	fv_flow_put(s->flow, s->grey);
	return true;
}
