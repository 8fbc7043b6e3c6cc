/* SPDX-License-Identifier: Apache-2.0 */
/* Motion, what of a frame was seen in the one before, where another shot begins, and how far what
 * was painted has been stretched since. Lai et al. 2018 (arXiv:1808.00449) and Ruder et al. 2016
 * (arXiv:1604.08610) judge and blend so; that strokes are renewed where they are worn is after
 * Bousseau et al., Video Watercolorization using Bidirectional Texture Advection, 2007. */
#include "film/steady_work.h"
#include <stdlib.h>
#include <string.h>

#define CUT 0.11f                       /* of white: mean difference after motion */
#define UNLIKE 0.10f                    /* of white: a pixel that differs so is another thing */
#define HIDDEN 0.03f                    /* the same where it may be hidden */
#define SOFT 0.15f                      /* of these: how gradually */
enum { CELL = FV_STEADY_CELL };
enum { MEETING = 8 };                   /* steps */

typedef struct { uint64_t magic, shot, frames; int64_t h, w, channels; } state;
#define MAGIC UINT64_C(0x7364793276610a01)

/* Lagrange's polynomial through six pixels, at each part of a pixel. It amplifies nothing, so a
 * picture may be moved many times; a window of sinc's makes ridges of strokes within a second. */
static void fill_taps(fv_steadier *s)
{
	for (int i = 0; i < FV_STEADY_PARTS; i++)
		for (int t = 0; t < FV_STEADY_TAPS; t++) {
			const double x = (double)i / FV_STEADY_PARTS + FV_STEADY_TAPS / 2 - 1;
			double k = 1;
			for (int n = 0; n < FV_STEADY_TAPS; n++)
				k *= n == t ? 1 : (x - n) / (t - n);
			s->taps[i][t] = (float)k;
		}
}

fv_status fv_steadier_new(fv_err *err, fv_context *c, fv_steady how, const fv_pixels *size,
                          fv_steadier **out)
{
	const int64_t n = size->height * size->width;
	fv_steadier *s = fv_alloc(c, sizeof *s);
	if (!s)
		return fv_fail_memory(err, "steadying", sizeof *s);
	*s = (fv_steadier){ .c = c,
		            .h = size->height,
		            .w = size->width,
		            .channels = size->channels,
		            .bits = size->bits,
		            .shot = 1,
		            .ch = fv_div_up(size->height, CELL),
		            .cw = fv_div_up(size->width, CELL) };
	const size_t cells = (size_t)(s->ch * s->cw), values = (size_t)(n * s->channels);
	fv_status st = fv_flow_new(err, c, s->h, s->w, how == FV_STEADY_FAST ? 1 : 0, &s->flow);
	s->back = fv_alloc(c, (size_t)n * 2 * sizeof(float));
	s->ahead = fv_alloc(c, (size_t)n * 2 * sizeof(float));
	s->seen = fv_alloc(c, (size_t)n * 2 * sizeof(float));
	s->was = fv_alloc(c, (size_t)n * 9);
	s->room = fv_alloc(c, values * 4 * sizeof(uint16_t));
	s->lighter = fv_alloc(c, cells * 17 * sizeof(float));
	s->sum = fv_alloc(c, (size_t)s->h * sizeof(double));
	if (!st &&
	    (!s->back || !s->ahead || !s->seen || !s->was || !s->room || !s->lighter || !s->sum))
		st = fv_fail_memory(err, "steadying", (size_t)n * 50);
	if (st) {
		fv_steadier_free(s);
		return st;
	}
	s->soft = s->seen + n;
	s->is = s->was + 3 * n, s->grey = s->is + 3 * n, s->fade = s->grey + n;
	s->fade_old = s->fade + n;
	s->painted = s->room, s->old = s->painted + values;
	s->fresh = s->old + values, s->fresh_old = s->fresh + values;
	s->strain = s->lighter + 3 * cells, s->strain_old = s->strain + 3 * cells;
	s->behind = s->strain_old + 3 * cells, s->behind_old = s->behind + 3 * cells;
	s->wear = s->behind_old + 3 * cells, s->wear_old = s->wear + cells;
	fill_taps(s);
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
			/* BT.601's weights in 15 bits, as OpenCV's. */
			const int grey = 9798 * to[3 * x] + 19235 * to[3 * x + 1] +
			                 3735 * to[3 * x + 2];
			s->grey[y * s->w + x] = (uint8_t)((grey + 16384) >> 15);
		}
	}
}

/* Colour k of RGB at a place between pixels. */
static inline float between(const uint8_t *p, int64_t h, int64_t w, int k, float x, float y)
{
	x = fv_steady_within(x, w), y = fv_steady_within(y, h);
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
	for (int k = 0; k < 2; k++)
		uv[k] = fv_flow_between(s->ahead, s->h, s->w, 2, k, x, y);
}

/* Where motion there and back about meet, seen is 1 and back becomes the motion that leads there:
 * the one whose end ahead is here. It is found by going back along what is ahead there, a few
 * times. Elsewhere it is hidden, or too plain for its motion to be known. */
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
			ahead_at(s, (float)x + b[0], (float)y + b[1], f);
			const float ex = f[0] + b[0], ey = f[1] + b[1];
			const float dx = b[0] - u[0], dy = b[1] - u[1];
			const float length = u[0] * u[0] + u[1] * u[1] + b[0] * b[0] + b[1] * b[1];
			const bool leads = ex * ex + ey * ey < 0.05f;
			s->seen[y * s->w + x] =
			        leads && dx * dx + dy * dy <= 0.01f * length + 0.5f ? 1 : 0;
			if (leads)
				u[0] = b[0], u[1] = b[1];
		}
}

static void seen_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	for (int64_t y = first; y < last; y++) {
		double sum = 0;
		for (int64_t x = 0; x < s->w; x++) {
			const float *u = s->back + (y * s->w + x) * 2;
			const float fx = (float)x + u[0], fy = (float)y + u[1];
			const bool inside = fx >= -0.5f && fy >= -0.5f &&
			                    fx <= (float)s->w - 0.5f && fy <= (float)s->h - 0.5f;
			float off = 0;
			for (int k = 0; k < 3; k++)
				off += fabsf(s->is[(y * s->w + x) * 3 + k] -
				             between(s->was, s->h, s->w, k, fx, fy) -
				             fv_steady_cells(s, s->lighter, 3, k, (float)x,
				                             (float)y));
			sum += off;
			/* Where it may be hidden only what looks the same stays. */
			float *seen = s->seen + y * s->w + x;
			off /= 3 * 255 * (*seen > 0 ? UNLIKE : HIDDEN);
			*seen = inside ? fminf(1, fmaxf(0, (1 + SOFT - off) / (2 * SOFT))) : 0;
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

/* Strain: what of it came along and is still seen, and this frame's, the mean over a cell. */
static void strain_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	for (int64_t r = first; r < last; r++)
		for (int64_t q = 0; q < s->cw; q++) {
			const int64_t x0 = q * CELL, x1 = fv_min(s->w, x0 + CELL) - 1,
			              y0 = r * CELL, y1 = fv_min(s->h, y0 + CELL) - 1;
			const float *u = s->back;
			float seen = 0, ux = 0, uy = 0, vx = 0, vy = 0;
			for (int64_t y = y0; y <= y1; y++) {
				const float *a = u + (y * s->w + x0) * 2,
				            *b = u + (y * s->w + x1) * 2;
				ux += b[0] - a[0], vx += b[1] - a[1];
				for (int64_t x = x0; x <= x1; x++)
					seen += s->soft[y * s->w + x];
			}
			for (int64_t x = x0; x <= x1; x++) {
				const float *a = u + (y0 * s->w + x) * 2,
				            *b = u + (y1 * s->w + x) * 2;
				uy += b[0] - a[0], vy += b[1] - a[1];
			}
			const float w = (float)(x1 - x0), h = (float)(y1 - y0);
			const float across = 1 / (fmaxf(w, 1) * (h + 1)),
			            down = 1 / (fmaxf(h, 1) * (w + 1));
			const float frame[3] = { ux * across, (uy * down + vx * across) / 2,
				                 vy * down };
			const int64_t mx = (x0 + x1) / 2, my = (y0 + y1) / 2;
			const float *m = u + (my * s->w + mx) * 2;
			float *to = s->strain + (r * s->cw + q) * 3;
			for (int k = 0; k < 3; k++)
				to[k] = seen / ((w + 1) * (h + 1)) *
				        (frame[k] + fv_steady_cells(s, s->strain_old, 3, k,
				                                    (float)mx + m[0],
				                                    (float)my + m[1]));
			s->wear[r * s->cw + q] =
			        sqrtf(to[0] * to[0] + 2 * to[1] * to[1] + to[2] * to[2]);
		}
}

/* One step of a binomial mean of three cells. */
static void spread_wear_once(fv_steadier *s, bool down)
{
	float *k = s->wear;
	for (int64_t r = 0; r < s->ch; r++)
		for (int64_t q = 0; q < s->cw; q++) {
			const int64_t r0 = fv_max(0, r - down), r1 = fv_min(s->ch - 1, r + down),
			              q0 = fv_max(0, q - !down), q1 = fv_min(s->cw - 1, q + !down);
			s->wear_old[r * s->cw + q] =
			        0.25f * (k[r0 * s->cw + q0] + k[r1 * s->cw + q1]) +
			        0.5f * k[r * s->cw + q];
		}
	s->wear = s->wear_old, s->wear_old = k;
}

/* As far as a thirtieth of the picture: strokes are renewed in places larger than they are. */
static void spread_wear(fv_steadier *s)
{
	const float reach = (float)fv_min(s->ch, s->cw) / 30;
	for (int i = 0; i < 2 + (int)(2 * reach * reach); i++) {
		spread_wear_once(s, false);
		spread_wear_once(s, true);
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
	float *k = s->strain;
	s->strain = s->strain_old, s->strain_old = k;
	if (s->follows) {
		fv_team_run(t, least_rows, s, s->h, 16);
		fv_team_run(t, strain_rows, s, s->ch, 4);
		spread_wear(s);
	} else
		memset(s->strain, 0, (size_t)(s->ch * s->cw) * 3 * sizeof(float));
	s->frames++;
	*shot = s->shot;
	return fv_cancelled(s->c) ? fv_fail(err, FV_E_CANCELLED, "stopped") : FV_OK;
}

/* ---- what the next frame goes by */
typedef struct {
	void *at;
	size_t bytes;
} kept;
enum { KEPT = 7 };

static void list_kept(const fv_steadier *s, kept k[KEPT])
{
	const size_t n = (size_t)(s->h * s->w), values = n * (size_t)s->channels * sizeof(uint16_t),
	             cells = (size_t)(s->ch * s->cw) * 3 * sizeof(float);
	const kept all[KEPT] = { { s->was, 3 * n },    { s->grey, n },       { s->painted, values },
		                 { s->fresh, values }, { s->fade, n },       { s->strain, cells },
		                 { s->behind, cells } };
	memcpy(k, all, sizeof all);
}

size_t fv_steadier_bytes(const fv_steadier *s)
{
	kept k[KEPT];
	size_t bytes = sizeof(state);
	list_kept(s, k);
	for (int i = 0; i < KEPT; i++)
		bytes += k[i].bytes;
	return bytes;
}

void fv_steadier_save(const fv_steadier *s, void *to)
{
	const state head = { MAGIC, s->shot, s->frames, s->h, s->w, s->channels };
	kept k[KEPT];
	uint8_t *at = to;
	list_kept(s, k);
	memcpy(at, &head, sizeof head);
	at += sizeof head;
	for (int i = 0; i < KEPT; at += k[i++].bytes)
		memcpy(at, k[i].at, k[i].bytes);
}

bool fv_steadier_load(fv_steadier *s, const void *from, size_t bytes)
{
	state head;
	kept k[KEPT];
	const uint8_t *at = from;
	if (bytes != fv_steadier_bytes(s))
		return false;
	memcpy(&head, at, sizeof head);
	if (head.magic != MAGIC || head.h != s->h || head.w != s->w || head.channels != s->channels)
		return false;
	s->shot = head.shot, s->frames = head.frames;
	list_kept(s, k);
	at += sizeof head;
	for (int i = 0; i < KEPT; at += k[i++].bytes)
		memcpy(k[i].at, at, k[i].bytes);
	fv_flow_put(s->flow, s->grey);
	return true;
}
