/* SPDX-License-Identifier: Apache-2.0 */
/* Wide strokes: a painting of half the size has strokes twice as wide. Enlarged it lacks the finest octave, which comes from a
 * painting of the whole size:
 *
 *	R = P + up(R' - down(P))	P: painted at this size; R': the same for half of it
 *
 * so that R is R' where R' can tell and P where it cannot. Again for R', as often as strokes are to be doubled: an octave of
 * detail from each size (Burt, Adelson: The Laplacian Pyramid as a Compact Image Code, 1983). down: means of 2x2; up: cubic
 * (Catmull-Rom). An odd side's last row counts twice. */
#include "paint/paint.h"

enum { ROWS = 16 };                     /* a unit */

typedef struct { const fv_pixels *from, *to; } halving;

static void halve(void *arg, int thread, int64_t first, int64_t last)
{
	const halving *h = arg;
	const fv_pixels *p = h->from;
	int64_t bytes = p->bits / 8;
	for (int64_t r = first; r < last; r++)
		for (int64_t q = 0; q < h->to->width; q++) {
			char *to = (char *)h->to->data + r * h->to->stride_bytes + q * 3 * bytes;
			const char *from[4];
			for (int i = 0; i < 4; i++)
				from[i] = (const char *)p->data + fv_min(2 * r + i / 2, p->height - 1) * p->stride_bytes +
				          fv_min(2 * q + i % 2, p->width - 1) * p->channels * bytes;
			for (int k = 0; k < 3; k++) {
				unsigned sum = 2;
				for (int i = 0; i < 4; i++)
					sum += bytes == 1 ? ((const uint8_t *)from[i])[k] : ((const uint16_t *)from[i])[k];
				if (bytes == 1)
					((uint8_t *)to)[k] = (uint8_t)(sum / 4);
				else
					((uint16_t *)to)[k] = (uint16_t)(sum / 4);
			}
		}
}

void fv_strokes_halve(fv_context *c, const fv_pixels *from, const fv_pixels *to)
{
	fv_team_run(c->team, halve, &(halving){ from, to }, to->height, ROWS);
}

typedef struct { float *y, *r, *lines; int64_t height, width, step, half; } joining;

/* r becomes r - down(y). */
static void differ(void *arg, int thread, int64_t first, int64_t last)
{
	const joining *j = arg;
	for (int64_t i = first; i < last; i++) {
		const float *above = j->y + 2 * i * j->step, *below = j->y + fv_min(2 * i + 1, j->height - 1) * j->step;
		float *to = j->r + i * 3 * j->half;
		for (int64_t q = 0; q < j->half; q++) {
			int64_t a = 6 * q, b = fv_min(2 * q + 1, j->width - 1) * 3;
			for (int k = 0; k < 3; k++)
				to[3 * q + k] -= 0.25f * (above[a + k] + above[b + k] + below[a + k] + below[b + k]);
		}
	}
}

/* Weights of four neighbours at a quarter of the way from the second to the third. */
static const float quarter[4] = { -9 / 128.0f, 111 / 128.0f, 29 / 128.0f, -3 / 128.0f };

/* Of an axis of n: what lies at i / 2 - 1/4 between the neighbours at[]. */
static void neighbours(int64_t i, int64_t n, int64_t *at, float *weight)
{
	int64_t first = i / 2 - (i % 2 ? 1 : 2);
	for (int k = 0; k < 4; k++) {
		at[k] = fv_max(0, fv_min(n - 1, first + k));
		weight[k] = quarter[i % 2 ? k : 3 - k];
	}
}

/* y becomes y + up(r). */
static void enlarge(void *arg, int thread, int64_t first, int64_t last)
{
	const joining *j = arg;
	float *line = j->lines + thread * 3 * j->half;
	for (int64_t i = first; i < last; i++) {
		int64_t at[4];
		float w[4];
		neighbours(i, fv_div_up(j->height, 2), at, w);
		const float *a = j->r + at[0] * 3 * j->half, *b = j->r + at[1] * 3 * j->half, *c = j->r + at[2] * 3 * j->half, *d = j->r + at[3] * 3 * j->half;
		for (int64_t q = 0; q < 3 * j->half; q++)
			line[q] = w[0] * a[q] + w[1] * b[q] + w[2] * c[q] + w[3] * d[q];
		float *y = j->y + i * j->step;
		for (int64_t q = 0; q < j->width; q++) {
			neighbours(q, j->half, at, w);
			for (int k = 0; k < 3; k++)
				y[3 * q + k] += w[0] * line[3 * at[0] + k] + w[1] * line[3 * at[1] + k] + w[2] * line[3 * at[2] + k] + w[3] * line[3 * at[3] + k];
		}
	}
}

fv_status fv_strokes_join(fv_err *err, fv_context *c, float *y, int64_t height, int64_t width, int64_t step, float *r)
{
	int64_t half = fv_div_up(width, 2);
	size_t bytes = (size_t)(c->threads * 3 * half) * sizeof(float);
	joining j = { y, r, fv_alloc(c, bytes), height, width, step, half };
	if (!j.lines)
		return fv_fail_memory(err, "picture", bytes);
	fv_team_run(c->team, differ, &j, fv_div_up(height, 2), ROWS);
	fv_team_run(c->team, enlarge, &j, height, ROWS);
	fv_free(c, j.lines);
	return FV_OK;
}
