/* SPDX-License-Identifier: Apache-2.0 */
/* A flow that was found on a small copy of a picture, enlarged to a part of the picture: bilinear,
 * with angles doubled, so that a direction and its opposite are one. */
#include "stroke/angle.h"
#include "stroke/way.h"
#include <math.h>

typedef struct {
	const float *v;
	int64_t vh, vw, h, w;
	fv_area part;
	float *to;
} enlarging;

/* The two places around that of pixel i of n on an axis of `from`, and the share of the second. */
static float around(int64_t i, int64_t n, int64_t from, int64_t at[2])
{
	double x = fmax(0, ((double)i + 0.5) * (double)from / (double)n - 0.5);
	at[0] = fv_min((int64_t)x, from - 1);
	at[1] = fv_min(at[0] + 1, from - 1);
	return (float)(x - (double)at[0]);
}

void fv_stroke_field_at(const float *v, int64_t vh, int64_t vw, int64_t h, int64_t w, int64_t row,
                        int64_t column, float *to)
{
	int64_t y[2], x[2];
	const float fy = around(row, h, vh, y), fx = around(column, w, vw, x);
	float a = 0, b = 0;
	for (int k = 0; k < 4; k++) {
		const float *from = v + (y[k / 2] * vw + x[k % 2]) * 2;
		const float share = (k / 2 ? fy : 1 - fy) * (k % 2 ? fx : 1 - fx);
		a += share * (from[0] * from[0] - from[1] * from[1]);
		b += share * 2 * from[0] * from[1];
	}
	fv_half_angle(a, b, &to[0], &to[1]);
}

static void enlarge_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const enlarging *e = arg;
	for (int64_t r = first; r < last; r++)
		for (int64_t q = 0; q < e->part.w; q++)
			fv_stroke_field_at(e->v, e->vh, e->vw, e->h, e->w, e->part.y + r, e->part.x + q,
			                   e->to + (r * e->part.w + q) * 2);
}

fv_status fv_stroke_enlarge(fv_err *err, fv_context *c, const float *v, int64_t vh, int64_t vw,
                            int64_t h, int64_t w, const fv_area *part, float *to)
{
	return fv_stroke_rows(err, c, enlarge_rows, &(enlarging){ v, vh, vw, h, w, *part, to },
	                      part->h, 8);
}
