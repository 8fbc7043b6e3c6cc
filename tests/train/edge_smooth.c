/* SPDX-License-Identifier: Apache-2.0 */
/* Edges blurred, on pictures of which one knows where their edges are. */
#include "test.h"
#include "train/edge_smooth.h"
#include <math.h>
#include <stdlib.h>

#define H 24
#define W 32

static float from[H * W * 3], to[H * W * 3];
static void *room;

static void fill(double (*f)(int r, int q))
{
	for (int i = 0; i < H * W; i++)
		for (int k = 0; k < 3; k++)
			from[3 * i + k] = (float)f(i / W, i % W) * (k == 1 ? 1 : 0.9f);
	fv_edge_smooth(from, to, H, W, room);
}

static float off(int r, int q)
{
	float most = 0;
	for (int k = 0; k < 3; k++)
		most = fmaxf(most, fabsf(to[3 * (r * W + q) + k] - from[3 * (r * W + q) + k]));
	return most;
}

static int changed(void)
{
	int n = 0;
	for (int i = 0; i < H * W; i++)
		n += off(i / W, i % W) > 1e-6f;
	return n;
}

/* Dark left of column 12, bright from there on: 127.5 grey levels, a gradient of 510. */
static double step(int r, int q) { return q < 12 ? -0.5 : 0.5; }
static double rows(int r, int q) { return r < 9 ? -0.5 : 0.5; }
static double diagonal(int r, int q) { return r + q < 24 ? -0.5 : 0.5; }
static double flat(int r, int q) { return 0.3; }
/* Ten grey levels: a gradient of 40, no edge. */
static double faint(int r, int q) { return q < 12 ? 0 : 10 / 127.5; }
/* 37 levels above row 12, a gradient of 148; 75 below: what is weak hangs on what is strong. */
static double weak(int r, int q) { return q < 12 ? 0 : r < 12 ? 37 / 127.5 : 75 / 127.5; }
static double weak_alone(int r, int q) { return q < 12 ? 0 : 37 / 127.5; }

int main(void)
{
	room = malloc(fv_edge_smooth_room(H, W));
	fill(step);
	for (int r = 0; r < H; r++) {
		/* Of two equal gradients the first is the edge: column 11; it reaches 9 .. 13. */
		for (int q = 0; q < W; q++)
			check((off(r, q) > 0) == (q >= 10 && q <= 13),
			      "a step: row %d, column %d is off by %g", r, q, off(r, q));
		/* [1 4 6 4 1]/16 over the step: 5/16 of the pixels are beyond it. */
		float left = to[3 * (r * W + 11) + 1], right = to[3 * (r * W + 12) + 1];
		check(fabsf(left + 0.5f - 5 / 16.0f) < 1e-6f &&
			      fabsf(right - 0.5f + 5 / 16.0f) < 1e-6f,
		      "row %d: %g, %g", r, left, right);
	}
	fill(rows);
	check(changed() == 4 * W && off(8, 3) > 0.2f && off(12, 3) == 0 && off(5, 3) == 0,
	      "a step down: %d pixels", changed());
	fill(diagonal);
	check(off(12, 12) > 0.1f && off(11, 12) > 0.1f && off(3, 3) == 0 && off(H - 1, W - 1) == 0,
	      "a diagonal: %g, %g", off(12, 12), off(3, 3));
	fill(flat);
	check(!changed(), "a flat picture: %d pixels", changed());
	fill(faint);
	check(!changed(), "a faint step: %d pixels", changed());
	fill(weak_alone);
	check(!changed(), "a weak step alone: %d pixels", changed());
	fill(weak);
	check(off(3, 11) > 0 && off(20, 11) > 0 && off(20, 20) == 0,
	      "a weak step below a strong one: %g, %g", off(3, 11), off(20, 11));
	free(room);
	return finish("edge_smooth");
}
