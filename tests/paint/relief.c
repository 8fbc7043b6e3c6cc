/* SPDX-License-Identifier: Apache-2.0 */
/* relief MODEL: how strongly neighbours differ: measured, raised, asked for; what a file may say. */
#include "paint/paint.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { H = 96, W = 160 };
static float y[H * W * 3], other[H * W * 3], room[2 * H * W * 3];

/* A slope with threads of 2 pixels and strokes of 12 on it. */
static void draw(void)
{
	for (int i = 0; i < H * W; i++) {
		int r = i / W, q = i % W;
		double v = 0.3 * (double)q / W - 0.2 + (r & 1 ? 0.05 : -0.05) + 0.1 * sin(q * 0.52);
		for (int k = 0; k < 3; k++)
			y[3 * i + k] = (float)(v + 0.05 * k);
	}
}

static void raised(fv_context *c)
{
	static const double none[] = { 1, 1 }, gain[] = { 1.5, 1.2 };
	double before[FV_RELIEF_BANDS], after[FV_RELIEF_BANDS], sum[2] = { 0 };
	fv_err err = { 0 };
	draw();
	memcpy(other, y, sizeof y);
	check(!fv_relief_raise(&err, c, other, H, W, 1, none, room), "%s", err.text);
	check(!memcmp(y, other, sizeof y), "once as strong is not what it was");
	check(!fv_relief_of(&err, c, y, H, W, room, before), "%s", err.text);
	check(fabs(before[0] - 0.05) < 0.01, "threads of 0.05 are measured as %.3f", before[0]);
	check(fabs(before[1] - 0.1 * sqrt(0.5)) < 0.015, "strokes of 0.071 are measured as %.3f",
	      before[1]);
	check(!fv_relief_raise(&err, c, other, H, W, 1, gain, room), "%s", err.text);
	check(!fv_relief_of(&err, c, other, H, W, room, after), "%s", err.text);
	for (int k = 0; k < FV_RELIEF_BANDS; k++)
		check(fabs(after[k] / before[k] - gain[k]) < 0.06,
		      "band %d: %.3f times as strong, %.3f were asked for", k, after[k] / before[k],
		      gain[k]);
	for (int i = 0; i < H * W * 3; i++)
		sum[0] += y[i], sum[1] += other[i];
	check(fabs(sum[0] - sum[1]) < 1e-3 * H * W, "the picture's mean moves by %g",
	      (sum[1] - sum[0]) / (H * W * 3));
	for (int i = 0; i < H * W * 3; i++)
		other[i] = 0.25f;
	check(!fv_relief_raise(&err, c, other, H, W, 1, gain, room), "%s", err.text);
	int uneven = 0;
	for (int i = 0; i < H * W * 3; i++)
		uneven += !(fabsf(other[i] - 0.25f) < 1e-5f);
	check(!uneven, "%d values of an even picture are moved", uneven);
}

/* What is painted with the model's own relief, times as asked. */
static void asked_for(fv_context *c, fv_model *m)
{
	static uint8_t photo[H * W * 3], result[4][H * W * 3];
	static const float asked[4] = { 1, 2, 1, 0.5 };
	static const double own[4] = { 1, 1, 2, 2 };
	fv_err err = { 0 };
	fv_pixels in = { W, H, 3, 8, W * 3, photo }, out = in;
	for (int i = 0; i < H * W * 3; i++)
		photo[i] = (uint8_t)(90 + 40 * sin(i * 0.01) + i % 23);
	for (int i = 0; i < 4; i++) {
		fv_paint_options o = FV_PAINT_DEFAULTS;
		o.relief = asked[i];
		m->relief[0] = m->relief[1] = own[i];
		out.data = result[i];
		check(!fv_paint(&err, m, &in, &o, &out), "%s", err.text);
	}
	check(memcmp(result[0], result[1], sizeof photo), "twice the relief is the same picture");
	check(!memcmp(result[1], result[2], sizeof photo), "the style's relief is not the knob's");
	check(!memcmp(result[0], result[3], sizeof photo), "half of twice is not once");
	fv_paint_options o = FV_PAINT_DEFAULTS;
	static const float wrong[] = { 0, 0.2f, 5, -1, NAN };
	for (size_t i = 0; i < FV_COUNT(wrong); i++) {
		o.relief = wrong[i];
		check(fv_paint(&err, m, &in, &o, &out) == FV_E_ARGUMENT && strstr(err.text, "relief"),
		      "relief %g is taken", wrong[i]);
	}
}

static void files(fv_context *c, fv_model *m)
{
	static const struct { const char *relief; bool good; } file[] = {
		{ "[1.2, 1.1]", true },	{ "1.2", false },	{ "[1.2]", false },
		{ "[0, 1]", false },	{ "[1, 9]", false },	{ "[\"a\", 1]", false },
		{ "null", false },	{ "[1e300, 1]", false },
	};
	for (size_t i = 0; i < FV_COUNT(file); i++) {
		char path[] = "/tmp/fauve-relief-XXXXXX";
		fv_err err = { 0 };
		fv_model *read = NULL;
		int fd = mkstemp(path);
		json_t *about = json_pack("{s:o}", "relief",
		                          json_loads(file[i].relief, JSON_DECODE_ANY, NULL));
		check(!fv_model_write(&err, c, path, m->store, "", m->family, m->config, about), "%s",
		      err.text);
		fv_status st = fv_model_open(&err, c, path, &read);
		check(file[i].good ? !st && read->relief[0] == 1.2 && read->relief[1] == 1.1
		                   : st == FV_E_FORMAT && strstr(err.text, "relief"),
		      "relief %s: status %d, %s", file[i].relief, st, err.text);
		fv_model_free(read);
		json_decref(about);
		close(fd);
		unlink(path);
	}
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_model *m = NULL;
	if (check(argc == 2 && !fv_context_new(&err, NULL, &c) && !fv_model_open(&err, c, argv[1], &m),
	          "%s", err.text)) {
		check(m->relief[0] == 1 && m->relief[1] == 1, "a model without relief has one");
		raised(c);
		asked_for(c, m);
		files(c, m);
	}
	fv_model_free(m);
	fv_context_free(c);
	return finish("relief");
}
