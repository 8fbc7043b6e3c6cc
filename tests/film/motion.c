/* SPDX-License-Identifier: Apache-2.0 */
/* Motion is found; a steadied painting is steadier than it came, follows a fade and ends at a cut.
 */
#include "film/flow.h"
#include "film/steady.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { H = 90, W = 120 };

static double pattern(double x, double y)
{
	return 128 + 45 * sin(x * 0.35 + 0.7 * sin(y * 0.11)) +
	       45 * sin(y * 0.29 + 0.9 * sin(x * 0.07));
}

static void fill(uint8_t *grey, double dx, double dy)
{
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			grey[y * W + x] = (uint8_t)(pattern(x - dx, y - dy) + 0.5);
}

/* Mean distance to the true motion, away from the edges. */
static double off(const float *uv, double u, double v)
{
	double sum = 0;
	int n = 0;
	for (int y = 12; y < H - 12; y++)
		for (int x = 12; x < W - 12; x++, n++)
			sum += hypot(uv[(y * W + x) * 2] - u, uv[(y * W + x) * 2 + 1] - v);
	return sum / n;
}

static uint32_t chance(uint32_t *k) { return *k = *k * 1664525u + 1013904223u; }

/* What a painter makes: the photograph and noise that is another in each frame. */
static void painted(const uint8_t *in, uint8_t *out, uint32_t seed)
{
	for (int i = 0; i < 3 * H * W; i++)
		out[i] = (uint8_t)fmin(255, fmax(0, in[i] + (int)(chance(&seed) >> 24) % 61 - 30));
}

static double apart(const uint8_t *a, const uint8_t *b)
{
	double sum = 0;
	for (int i = 0; i < 3 * H * W; i++)
		sum += abs(a[i] - b[i]);
	return sum / (3 * H * W);
}

int main(void)
{
	static uint8_t grey[H * W], in[3 * H * W], out[3 * H * W], before[3 * H * W];
	static float uv[2 * H * W];
	fv_context *c;
	fv_err err;
	fv_flow *f;
	fv_steadier *s, *t;
	fv_pixels p = { W, H, 3, 8, 3 * W, in }, q = { W, H, 3, 8, 3 * W, out };
	uint64_t shot = 0, first = 0;
	check(!fv_context_new(
	              &err,
	              &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 2 },
	              &c),
	      "context");
	check(!fv_flow_new(&err, c, H, W, 0, &f), "flow");
	fill(grey, 0, 0);
	fv_flow_put(f, grey);
	fill(grey, 3.4, -2.2);
	fv_flow_put(f, grey);
	fv_flow_run(f, true, uv);
	check(off(uv, 3.4, -2.2) < 0.1, "ahead within a tenth of a pixel");
	fv_flow_run(f, false, uv);
	check(off(uv, -3.4, 2.2) < 0.1, "back within a tenth of a pixel");
	fv_flow_free(f);
	for (int side = 1; side < 40; side += 19) {
		check(!fv_flow_new(&err, c, side, 40 - side, 0, &f), "flow of a small picture");
		fv_flow_put(f, grey);
		fv_flow_put(f, grey);
		fv_flow_run(f, true, uv);
		fv_flow_free(f);
	}

	check(!fv_steadier_new(&err, c, FV_STEADY_FULL, &p, &s), "steadier");
	double change = 0, raw = 0, light = 0;
	for (int n = 0; n < 8; n++) {
		for (int i = 0; i < H * W; i++)         /* a fade of 4 levels a frame */
			in[3 * i] = in[3 * i + 1] = in[3 * i + 2] =
			        (uint8_t)(pattern(i % W, i / W) * 0.6 + 4 * n);
		painted(in, out, (uint32_t)n + 1);
		check(!fv_steadier_look(&err, s, &p, &shot), "looks");
		check(!fv_steadier_blend(&err, s, &p, &q), "blends");
		change = n ? apart(out, before) : 0, raw = 21, light = 0;
		for (int i = 0; i < 3 * H * W; i++)
			light += out[i] - in[i];
		memcpy(before, out, sizeof out);
		if (!n)
			first = shot;
	}
	check(shot == first, "one shot");
	check(change < raw / 3 + 4, "a third of the noise is left");
	check(fabs(light / (3 * H * W)) < 2, "a fade is followed");

	/* Saved and loaded it goes on with the same bits. */
	void *state = malloc(fv_steadier_bytes(s));
	fv_steadier_save(s, state);
	check(!fv_steadier_new(&err, c, FV_STEADY_FULL, &p, &t), "another");
	check(fv_steadier_load(t, state, fv_steadier_bytes(s)), "loads");
	check(!fv_steadier_load(t, state, fv_steadier_bytes(s) - 1), "refuses another's");
	painted(in, out, 99);
	fv_steadier_look(&err, s, &p, &shot);
	fv_steadier_blend(&err, s, &p, &q);
	memcpy(before, out, sizeof out);
	painted(in, out, 99);
	fv_steadier_look(&err, t, &p, &shot);
	fv_steadier_blend(&err, t, &p, &q);
	check(!memcmp(out, before, sizeof out), "and goes on");

	for (int i = 0; i < H * W; i++)
		in[3 * i] = (uint8_t)(255 - pattern(i / W * 3, i % W)), in[3 * i + 1] = 20,
		       in[3 * i + 2] = 240;
	painted(in, out, 7);
	memcpy(before, out, sizeof out);
	fv_steadier_look(&err, s, &p, &shot);
	fv_steadier_blend(&err, s, &p, &q);
	check(shot != first, "a cut is another shot");
	check(!memcmp(out, before, sizeof out), "and nothing is dragged over it");
	free(state);
	fv_steadier_free(s);
	fv_steadier_free(t);
	fv_context_free(c);
	return finish("motion");
}
