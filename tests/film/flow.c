/* SPDX-License-Identifier: Apache-2.0 */
/* flow GOLDEN: motion against OpenCV's dense inverse search (flow.py made GOLDEN). */
#include "film/flow.h"
#include "golden.h"

enum { MORE = 24, WINDOW = 9 };

static int ground(int w, int y, int x)
{
	const double v = golden_value("ground", (int64_t)y * (w + MORE) + x);
	return (int)floor((v + 1) / 2 * 256);
}

static uint8_t pixel(int w, int y, int x, int dx, int dy)
{
	int sum = 0;
	for (int r = 0; r < WINDOW; r++)
		for (int q = 0; q < WINDOW; q++)
			sum += ground(w, 8 - dy + y + r, 8 - dx + x + q);
	return (uint8_t)fmin(255, fmax(0, 128 + floor((sum - 81 * 128) / 20.0)));
}

static void compare(fv_context *c, const fv_safetensors *f, const char *name, int h, int w,
                    int finest, double limit)
{
	fv_err err = { 0 };
	fv_flow *flow;
	uint8_t *grey = malloc((size_t)(h * w));
	float *uv = malloc((size_t)(h * w) * 2 * sizeof *uv);
	check(grey && uv && !fv_flow_new(&err, c, h, w, finest, &flow), "flow");
	for (int frame = 0; frame < 2; frame++) {
		for (int y = 0; y < h; y++)
			for (int x = 0; x < w; x++)
				grey[y * w + x] = !frame      ? pixel(w, y, x, 0, 0)
				                  : x < w / 2 ? pixel(w, y, x, 3, -1)
				                              : pixel(w, y, x, -2, 2);
		fv_flow_put(flow, grey);
	}
	fv_flow_run(flow, true, uv);
	double off = 0;
	for (int i = 0; i < f->count; i++) {
		const float *theirs = fv_f32(f->entry[i].tensor);
		for (int k = 0; k < h * w && !strcmp(f->entry[i].name, name); k++)
			off += hypot((double)(uv[2 * k] - theirs[2 * k]),
			             (double)(uv[2 * k + 1] - theirs[2 * k + 1])) /
			       (h * w);
	}
	if (limit > 0)
		golden_check(off > 0 && off < limit, name, off, limit);
	else
		check(off > 0.02, "another finest level is told from %s (%.2g)", name, off);
	fv_flow_free(flow);
	free(grey);
	free(uv);
}

int main(int argc, char **argv)
{
	fv_context *c;
	fv_safetensors f;
	if (!golden_open(argc, argv, &c, &f))
		return 1;
	compare(c, &f, "even.0", 96, 160, 0, 0.002);
	compare(c, &f, "even.1", 96, 160, 1, 0.002);
	compare(c, &f, "odd.0", 61, 83, 0, 0.002);
	compare(c, &f, "even.0", 96, 160, 1, 0);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("flow");
}
