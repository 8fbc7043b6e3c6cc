/* SPDX-License-Identifier: Apache-2.0 */
/* The painting before, moved along with what it shows:
 *
 *	O(t) = P(t) + s (W - P(t)),  W = O(t-1)(x + u) + L + g B
 *
 * u is the motion, s whether the frame before shows the same, L how the film itself became lighter
 * or darker there, seen from afar: so a fade is followed at once. B is what P had more than O, also
 * seen from afar. All else of P, its strokes, is left out: those that were there are kept, since
 * the mean of strokes of several frames is none. Strokes whose ground has been stretched or sheared
 * by WORN give way to those of one new frame, F, which is moved along as well:
 *
 *	O(t) += (F - O(t)) / (frames that are left of FV_STEADY_FADE) */
#include "film/steady_work.h"
#include <string.h>

#define WORN 0.35f
#define FOLLOWS 0.05f                   /* g */
enum { AROUND = 2 };                    /* pixels about a place that fades: softly there */

/* ---- where strokes fade in */
static void fade_rows(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	for (int64_t y = first; y < last; y++)
		for (int64_t x = 0; x < s->w; x++) {
			const int64_t i = y * s->w + x;
			uint8_t *to = s->fade + i;
			*to = 0;
			if (!s->follows || s->soft[i] < 0.5f)
				continue;
			const float *u = s->back + 2 * i, fx = (float)x, fy = (float)y;
			const int64_t q = (int64_t)(fv_steady_within(fx + u[0], s->w) + 0.5f),
			              r = (int64_t)(fv_steady_within(fy + u[1], s->h) + 0.5f);
			const int old = s->fade_old[r * s->w + q];
			if (old && old < FV_STEADY_FADE)
				*to = (uint8_t)(old + 1);
			else if (!old && fv_steady_cells(s, s->wear, 1, 0, fx, fy) > WORN)
				*to = 1;
		}
}

/* The share of the way that a pixel goes to the fresh strokes, the mean of what is around. */
static float fade_at(const fv_steadier *s, int64_t x, int64_t y)
{
	const int64_t x1 = fv_min(s->w - 1, x + AROUND);
	float sum = 0;
	int n = 0;
	for (int64_t r = fv_max(0, y - AROUND); r <= fv_min(s->h - 1, y + AROUND); r++)
		for (int64_t q = fv_max(0, x - AROUND); q <= x1; q++, n++) {
			const int k = s->fade[r * s->w + q];
			sum += k ? 1 / (float)(FV_STEADY_FADE + 1 - k) : 0;
		}
	return sum / (float)n;
}

/* Whether a cell, or a pixel beside it, fades at all. */
static bool fades(const fv_steadier *s, int64_t r, int64_t q)
{
	const int64_t y1 = fv_min(s->h, (r + 1) * FV_STEADY_CELL + AROUND),
	              x0 = fv_max(0, q * FV_STEADY_CELL - AROUND),
	              x1 = fv_min(s->w, (q + 1) * FV_STEADY_CELL + AROUND);
	for (int64_t y = fv_max(0, r * FV_STEADY_CELL - AROUND); y < y1; y++)
		for (int64_t x = x0; x < x1; x++)
			if (s->fade[y * s->w + x])
				return true;
	return false;
}

/* ---- moving */
typedef struct {
	const float *kx, *ky;
	int64_t cx[FV_STEADY_TAPS], cy[FV_STEADY_TAPS];
} place;

static inline place place_of(const fv_steadier *s, int64_t x, int64_t y)
{
	place p;
	const float *u = s->back + (y * s->w + x) * 2;
	const float fx = fv_steady_within((float)x + u[0], s->w) + 0.5f / FV_STEADY_PARTS,
	            fy = fv_steady_within((float)y + u[1], s->h) + 0.5f / FV_STEADY_PARTS;
	const int64_t x0 = (int64_t)fx, y0 = (int64_t)fy;
	p.kx = s->taps[(int)((fx - (float)x0) * FV_STEADY_PARTS)];
	p.ky = s->taps[(int)((fy - (float)y0) * FV_STEADY_PARTS)];
	for (int i = 0; i < FV_STEADY_TAPS; i++) {
		const int64_t at = i + 1 - FV_STEADY_TAPS / 2;
		p.cx[i] = fv_max(0, fv_min(s->w - 1, x0 + at)) * s->channels;
		p.cy[i] = fv_max(0, fv_min(s->h - 1, y0 + at)) * s->w * s->channels;
	}
	return p;
}

static inline float moved(const place *p, const uint16_t *from, int c)
{
	float v = 0;
	for (int i = 0; i < FV_STEADY_TAPS; i++) {
		const uint16_t *row = from + p->cy[i] + c;
		float sum = 0;
		for (int k = 0; k < FV_STEADY_TAPS; k++)
			sum += p->kx[k] * row[p->cx[k]];
		v += p->ky[i] * sum;
	}
	return v;
}

static inline uint16_t rounded(float v) { return (uint16_t)(fminf(fmaxf(v, 0), 65535) + 0.5f); }

static float soft_at(const fv_steadier *s, int64_t x, int64_t y)
{
	float sum = 0;
	int n = 0;
	for (int64_t r = fv_max(0, y - 1); r <= fv_min(s->h - 1, y + 1); r++)
		for (int64_t q = fv_max(0, x - 1); q <= fv_min(s->w - 1, x + 1); q++, n++)
			sum += s->soft[r * s->w + q];
	return sum / (float)n;
}

/* value: of a pixel of P, made that of O. Whether fresh strokes come in there. */
static bool carry(fv_steadier *s, int64_t x, int64_t y, bool fading, float *value)
{
	const int n = s->channels;
	const int64_t i = y * s->w + x;
	const float k = soft_at(s, x, y), way = fading ? fade_at(s, x, y) : 0;
	if (k <= 0)
		return false;
	const bool begins = s->fade[i] <= 1;
	const float *u = s->back + 2 * i;
	const place p = place_of(s, x, y);
	for (int c = 0; c < fv_min(n, 3); c++) {
		const float light = 257 * fv_steady_cells(s, s->lighter, 3, c, (float)x, (float)y);
		float v = moved(&p, s->old, c) + light;
		if (way > 0) {
			const float fresh = begins ? value[c] : moved(&p, s->fresh_old, c) + light;
			v += way * (fresh - v);
			s->fresh[i * n + c] = rounded(fresh);
		}
		v += FOLLOWS * fv_steady_cells(s, s->behind_old, 3, c, (float)x + u[0],
		                               (float)y + u[1]);
		value[c] += k * (v - value[c]);
	}
	return way > 0;
}

/* Pixel x, y of the painting, written in place; more: what it had more than is written, RGB. */
static void carry_pixel(fv_steadier *s, int64_t x, int64_t y, bool fading, float more[3])
{
	const int n = s->channels;
	uint8_t *row = (uint8_t *)s->out->data + y * s->out->stride_bytes;
	uint16_t *wide = (uint16_t *)(void *)row;
	const int64_t at = (y * s->w + x) * n;
	float value[4], made[4];
	for (int c = 0; c < n; c++)
		made[c] = value[c] = s->bits == 8 ? (float)row[x * n + c] * 257
		                                  : (float)wide[x * n + c];
	const bool fresh = s->follows && carry(s, x, y, fading, value);
	for (int c = 0; c < n; c++) {
		const uint16_t v = rounded(value[c]);
		s->painted[at + c] = v;
		if (!fresh)                     /* what lies beside them is looked at too */
			s->fresh[at + c] = v;
		if (c < 3)
			more[c] += made[c] - v;
		if (s->bits == 8)
			row[x * n + c] = (uint8_t)((v + 128) / 257);
		else
			wide[x * n + c] = v;
	}
}

static void carry_cell(fv_steadier *s, int64_t r, int64_t q)
{
	const int64_t y0 = r * FV_STEADY_CELL, y1 = fv_min(s->h, y0 + FV_STEADY_CELL),
	              x0 = q * FV_STEADY_CELL, x1 = fv_min(s->w, x0 + FV_STEADY_CELL);
	const bool fading = s->follows && fades(s, r, q);
	float *behind = s->behind + (r * s->cw + q) * 3, *strain = s->strain + (r * s->cw + q) * 3;
	const float count = (float)((y1 - y0) * (x1 - x0));
	int ended = 0;
	behind[0] = behind[1] = behind[2] = 0;
	for (int64_t y = y0; y < y1; y++)
		for (int64_t x = x0; x < x1; x++) {
			carry_pixel(s, x, y, fading, behind);
			ended += s->fade[y * s->w + x] == FV_STEADY_FADE;
		}
	for (int c = 0; c < 3; c++) {
		behind[c] /= count;
		strain[c] *= 1 - (float)ended / count;
	}
}

/* Rows of cells. */
static void carry_cells(void *arg, int thread, int64_t first, int64_t last)
{
	fv_steadier *s = arg;
	for (int64_t r = first; r < last; r++)
		for (int64_t q = 0; q < s->cw; q++)
			carry_cell(s, r, q);
}

#define SWAP(type, a, b) do { type *k = a; a = b, b = k; } while (0)
fv_status fv_steadier_blend(fv_err *err, fv_steadier *s, const fv_pixels *in, fv_pixels *painted)
{
	fv_team *t = s->c->team;
	SWAP(uint16_t, s->painted, s->old);
	SWAP(uint16_t, s->fresh, s->fresh_old);
	SWAP(uint8_t, s->fade, s->fade_old);
	SWAP(float, s->behind, s->behind_old);
	s->out = painted;
	fv_team_run(t, fade_rows, s, s->h, 16);
	fv_team_run(t, carry_cells, s, s->ch, 2);
	memcpy(s->was, s->is, (size_t)(3 * s->h * s->w));
	return FV_OK;
}
