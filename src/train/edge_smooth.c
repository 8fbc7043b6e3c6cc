/* SPDX-License-Identifier: Apache-2.0 */
/* Edges are Canny's, as OpenCV finds them with thresholds 100 and 200 in the grey picture: Sobel,
 * |gx| + |gy|, only where it is largest across the edge, and of weak places only those that hang on
 * strong ones. Within two pixels of an edge the picture is blurred by [1 4 6 4 1]/16 in both
 * directions (OpenCV's Gaussian of five taps without a sigma), mirrored at the border.
 * Canny, IEEE PAMI 8(6), 1986; Chen, Lai, Liu: CartoonGAN, CVPR 2018, section 3.2.1. */
#include "train/edge_smooth.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEAK 100
#define STRONG 200
#define REACH 2                         /* pixels that an edge is widened by, and half the blur */

/* What becomes of a pixel. */
enum { NONE, PERHAPS, EDGE };

typedef struct {
	int64_t h, w;
	int32_t *size, *stack;          /* of the gradient; places that are edges, to be followed */
	int16_t *gx, *gy;
	uint8_t *grey, *kind;
} edges;

size_t fv_edge_smooth_room(int64_t height, int64_t width)
{
	return (size_t)(height * width) * (2 * sizeof(int32_t) + 2 * sizeof(int16_t) + 2);
}

static edges edges_in(void *room, int64_t h, int64_t w)
{
	edges e = { .h = h, .w = w, .size = room };
	e.stack = e.size + h * w;
	e.gx = (int16_t *)(e.stack + h * w);
	e.gy = e.gx + h * w;
	e.grey = (uint8_t *)(e.gy + h * w);
	e.kind = e.grey + h * w;
	return e;
}

static int64_t within(int64_t i, int64_t n) { return i < 0 ? 0 : i < n ? i : n - 1; }
static int64_t mirrored(int64_t i, int64_t n) { return i < 0 ? -i : i < n ? i : 2 * n - 2 - i; }

static void sobel(const edges *e, const float *x)
{
	for (int64_t i = 0; i < e->h * e->w; i++) {
		double v = 0.299 * x[3 * i] + 0.587 * x[3 * i + 1] + 0.114 * x[3 * i + 2];
		e->grey[i] = (uint8_t)(fmin(fmax((v + 1) * 127.5, 0), 255) + 0.5);
	}
	for (int64_t r = 0; r < e->h; r++)
		for (int64_t q = 0; q < e->w; q++) {
			const uint8_t *up = e->grey + within(r - 1, e->h) * e->w,
				      *here = e->grey + r * e->w;
			const uint8_t *down = e->grey + within(r + 1, e->h) * e->w;
			int64_t a = within(q - 1, e->w), b = within(q + 1, e->w), at = r * e->w + q;
			int gx = up[b] - up[a] + 2 * (here[b] - here[a]) + down[b] - down[a];
			int gy = down[a] + 2 * down[q] + down[b] - up[a] - 2 * up[q] - up[b];
			e->gx[at] = (int16_t)gx, e->gy[at] = (int16_t)gy;
			e->size[at] = abs(gx) + abs(gy);
		}
}

static int32_t size_at(const edges *e, int64_t r, int64_t q)
{
	return r < 0 || q < 0 || r >= e->h || q >= e->w ? 0 : e->size[r * e->w + q];
}

/* Larger than its neighbours across the edge; of two equal ones side by side the first. */
static bool is_ridge(const edges *e, int64_t r, int64_t q)
{
	int64_t at = r * e->w + q;
	int32_t size = e->size[at];
	double x = abs(e->gx[at]), y = abs(e->gy[at]);
	if (y < x * 0.41421356)                                 /* tan 22.5 degrees */
		return size > size_at(e, r, q - 1) && size >= size_at(e, r, q + 1);
	if (y > x * 2.41421356)
		return size > size_at(e, r - 1, q) && size >= size_at(e, r + 1, q);
	int64_t s = (e->gx[at] ^ e->gy[at]) < 0 ? -1 : 1;
	return size > size_at(e, r - 1, q - s) && size > size_at(e, r + 1, q + s);
}

static void follow(const edges *e)
{
	int64_t waiting = 0;
	for (int64_t at = 0; at < e->h * e->w; at++) {
		bool ridge = e->size[at] > WEAK && is_ridge(e, at / e->w, at % e->w);
		e->kind[at] = !ridge ? NONE : e->size[at] > STRONG ? EDGE : PERHAPS;
		if (e->kind[at] == EDGE)
			e->stack[waiting++] = (int32_t)at;
	}
	while (waiting) {
		int64_t at = e->stack[--waiting], r = at / e->w, q = at % e->w;
		for (int64_t y = within(r - 1, e->h); y <= within(r + 1, e->h); y++)
			for (int64_t x = within(q - 1, e->w); x <= within(q + 1, e->w); x++)
				if (e->kind[y * e->w + x] == PERHAPS) {
					e->kind[y * e->w + x] = EDGE;
					e->stack[waiting++] = (int32_t)(y * e->w + x);
				}
	}
}

static void blur(const edges *e, const float *from, float *to, int64_t r, int64_t q)
{
	static const float weight[] = { 1 / 16.0f, 4 / 16.0f, 6 / 16.0f, 4 / 16.0f, 1 / 16.0f };
	float sum[3] = { 0 };
	for (int64_t i = 0; i <= 2 * REACH; i++)
		for (int64_t j = 0; j <= 2 * REACH; j++) {
			const float *x = from + 3 * (mirrored(r + i - REACH, e->h) * e->w +
			                             mirrored(q + j - REACH, e->w));
			for (int k = 0; k < 3; k++)
				sum[k] += weight[i] * weight[j] * x[k];
		}
	memcpy(to + 3 * (r * e->w + q), sum, sizeof sum);
}

void fv_edge_smooth(const float *from, float *to, int64_t height, int64_t width, void *room)
{
	const edges e = edges_in(room, height, width);
	sobel(&e, from);
	follow(&e);
	memcpy(to, from, (size_t)(height * width * 3) * sizeof *to);
	for (int64_t r = 0; r < height; r++)
		for (int64_t q = 0; q < width; q++) {
			bool near = false;
			for (int64_t y = within(r - REACH, height); y <= within(r + REACH, height);
			     y++)
				for (int64_t x = within(q - REACH, width);
				     x <= within(q + REACH, width); x++)
					near |= e.kind[y * width + x] == EDGE;
			if (near)
				blur(&e, from, to, r, q);
		}
}
