/* SPDX-License-Identifier: Apache-2.0 */
/* The flow that an artist drew in colours.
 *
 * Red, green and blue lie on a circle, a third of a turn apart, so a colour's place on it is a
 * vector that is linear in the colour, and zero for greys:
 *
 *	a = (R - (G + B) / 2, sqrt(3)/2 (G - B))	R, G, B in 0..1; length 1 for pure colours
 *
 * Its angle, the hue, is twice the strokes' angle; so it is added to the photograph's own flow with
 * its angle doubled:
 *
 *	V = (1 - |a|) V(photograph) + (ax, -ay)			y is downwards
 *
 * Being linear in the colour, the drawing can be resized as a picture: by a triangle as wide as two
 * of the larger pixels. */
#include "stroke/way.h"
#include <math.h>

typedef struct { const float *drawn; int64_t dh, dw, h, w; float *line, *v; } giving;

/* Finds the triangle of pixel i of n over an axis of dn pixels: its middle and half its width. */
static void triangle(int64_t i, int64_t n, int64_t dn, double *middle, double *half, int64_t *first,
                     int64_t *last)
{
	double ratio = (double)dn / (double)n;
	*middle = ((double)i + 0.5) * ratio - 0.5;
	*half = ratio > 1 ? ratio : 1;
	*first = fv_max(0, (int64_t)ceil(*middle - *half));
	*last = fv_min(dn - 1, (int64_t)floor(*middle + *half));
}

static void give_rows(void *arg, int thread, int64_t from, int64_t to)
{
	const giving *g = arg;
	float *line = g->line + thread * 2 * g->dw;
	for (int64_t y = from; y < to; y++) {
		double middle, half, sum = 0;
		int64_t first, last;
		triangle(y, g->h, g->dh, &middle, &half, &first, &last);
		for (int64_t i = 0; i < 2 * g->dw; i++)
			line[i] = 0;
		for (int64_t r = first; r <= last; r++)
			sum += 1 - fabs((double)r - middle) / half;
		for (int64_t r = first; r <= last; r++) {
			/* Half the weight takes -1..1 to 0..1. */
			float share = (float)((1 - fabs((double)r - middle) / half) / sum / 2);
			for (int64_t q = 0; q < g->dw; q++) {
				const float *p = g->drawn + (r * g->dw + q) * 3;
				line[2 * q] += share * (p[0] - (p[1] + p[2]) / 2);
				line[2 * q + 1] += share * 0.8660254f * (p[1] - p[2]);
			}
		}
		for (int64_t x = 0; x < g->w; x++) {
			float *v = g->v + (y * g->w + x) * 2;
			double a = 0, b = 0;
			triangle(x, g->w, g->dw, &middle, &half, &first, &last);
			sum = 0;
			for (int64_t q = first; q <= last; q++) {
				double share = 1 - fabs((double)q - middle) / half;
				a += share * line[2 * q];
				b += share * line[2 * q + 1];
				sum += share;
			}
			a /= sum, b /= -sum;
			double own = fmax(0, 1 - sqrt(a * a + b * b));
			a += own * ((double)v[0] * v[0] - (double)v[1] * v[1]);
			b += own * 2 * v[0] * v[1];
			double angle = atan2(b, a) / 2;
			v[0] = (float)cos(angle);
			v[1] = (float)sin(angle);
		}
	}
}

fv_status fv_stroke_given(fv_err *err, fv_context *c, const float *drawn, int64_t dh, int64_t dw,
                          const float *x, int64_t h, int64_t w, const fv_stroke_options *o,
                          float *v)
{
	int64_t values;
	if (dh < 1 || dw < 1 || !fv_mul_size(dh, dw, &values) || values > INT64_MAX / 256)
		return fv_fail(err, FV_E_SHAPE,
		               "strokes: a drawn flow of %" PRId64 "x%" PRId64 " pixels", dw, dh);
	fv_status st = fv_stroke_flow(err, c, x, h, w, o, v);
	if (st)
		return st;
	size_t bytes = (size_t)(c->threads * 2 * dw) * sizeof(float);
	giving g = { drawn, dh, dw, h, w, fv_alloc(c, bytes), v };
	if (!g.line)
		return fv_fail_memory(err, "strokes", bytes);
	st = fv_stroke_rows(err, c, give_rows, &g, h, 8);
	fv_free(c, g.line);
	return st;
}
