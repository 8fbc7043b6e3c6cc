/* SPDX-License-Identifier: Apache-2.0 */
/* DiffAugment by its formulas, each picture with draws of its own; and how ADA's share moves. */
#include "device/program.h"
#include "test.h"
#include "train/augment.h"
#include <math.h>

#define N 3
#define SIDE 8
#define C 3
#define PIXELS (SIDE * SIDE)
#define VALUES (PIXELS * C)

static fv_err err;

static const float brightness[N] = {0.25f, -0.4f, 0}, saturation[N] = {0.5f, 1.75f, 0},
		   contrast[N] = {1.25f, 0.5f, 1};
static const int32_t moved[N][2] = {{1, 0}, {-1, 1}, {0, -1}},
		     centre[N][2] = {{0, 0}, {8, 3}, {4, 4}};

/* One picture, in the order of the paper's code; done: which of the five. */
static void expected(const float *x, int i, unsigned done, double *y)
{
	double all = 0, t[VALUES];
	for (int k = 0; k < VALUES; k++)
		t[k] = x[k] + (done & 1 ? brightness[i] : 0);
	for (int p = 0; p < PIXELS && done & 2; p++) {
		double *v = t + p * C, mean = (v[0] + v[1] + v[2]) / 3;
		for (int k = 0; k < C; k++)
			v[k] = (v[k] - mean) * saturation[i] + mean;
	}
	for (int k = 0; k < VALUES; k++)
		all += t[k] / VALUES;
	for (int k = 0; k < VALUES && done & 4; k++)
		t[k] = (t[k] - all) * contrast[i] + all;
	for (int k = 0; k < VALUES; k++) {
		const int r = k / (SIDE * C), q = k / C % SIDE, from_r = r - moved[i][0],
			  from_q = q - moved[i][1];
		const bool inside = from_r >= 0 && from_r < SIDE && from_q >= 0 && from_q < SIDE;
		y[k] = !(done & 8) ? t[k] : inside ? t[(from_r * SIDE + from_q) * C + k % C] : 0;
	}
	for (int k = 0; k < VALUES && done & 16; k++) {
		const int r = k / (SIDE * C) - centre[i][0] + 2,
			  q = k / C % SIDE - centre[i][1] + 2;
		if (r >= 0 && r < 4 && q >= 0 && q < 4)
			y[k] = 0;
	}
}

static void check_pictures(fv_context *c, fv_store *s, fv_augmentation kind, const unsigned done[N])
{
	static const char *const what[] = {"brightness", "saturation", "contrast", "translation",
					   "cutout"};
	fv_graph *g = NULL;
	fv_program *p = NULL;
	float x[N * VALUES], y[N * VALUES];
	for (int k = 0; k < N * VALUES; k++)
		x[k] = sinf((float)(k * k % 97));
	check(!fv_graph_new(&err, c, &g), "%s", err.text);
	fv_node *in = fv_input(g, "x", FV_F32, fv_nhwc(N, SIDE, SIDE, C));
	fv_output(g, fv_augment(g, kind, fv_augment_share(g, s), in, "here"), "y");
	if (check(!fv_program_new(&err, c, g, NULL, &p), "%s", err.text)) {
		fv_program_put(p, "x", x);
		fv_program_put(p, "brightness here", brightness);
		fv_program_put(p, "saturation here", saturation);
		fv_program_put(p, "contrast here", contrast);
		fv_program_put(p, "translation here", moved);
		fv_program_put(p, "cutout here", centre);
		/* The share is 0.5: 0.4 is below, 0.6 above. */
		for (int w = 0; w < 5 && kind == FV_AUGMENT_ADA; w++) {
			char name[60];
			float draw[N];
			snprintf(name, sizeof name, "%s done here", what[w]);
			for (int i = 0; i < N; i++)
				draw[i] = done[i] >> w & 1 ? 0.4f : 0.6f;
			fv_program_put(p, name, draw);
		}
		check(!fv_program_run(&err, p, (fv_key){1, 0, 0}) &&
			      !fv_program_get(&err, p, "y", y),
		      "%s", err.text);
		for (int i = 0; i < N; i++) {
			double worst = 0, truth[VALUES];
			expected(x + i * VALUES, i, done[i], truth);
			for (int k = 0; k < VALUES; k++)
				worst = fmax(worst, fabs(y[i * VALUES + k] - truth[k]));
			check(worst < 1e-5, "%s, picture %d is off by %g", fv_augmentations[kind],
			      i, worst);
		}
	}
	fv_program_free(p);
	fv_graph_free(g);
}

/* The share after each of some steps with logits of which so many are above 0. */
static void check_share(fv_context *c, fv_store *s)
{
	fv_graph *g = NULL;
	fv_program *p = NULL;
	float share, want = 0.5f;
	check(!fv_graph_new(&err, c, &g), "%s", err.text);
	fv_augment_adapt(g, s, fv_input(g, "real", FV_F32, FV_SHAPE(10, 1)),
			 fv_input(g, "now", FV_F32, fv_scalar()),
			 fv_input(g, "flag", FV_F32, fv_scalar()));
	if (check(!fv_program_new(&err, c, g, NULL, &p), "%s", err.text))
		for (int step = 0; step < 16; step++) {
			/* Nine of ten: the mean sign is 0.8; seven: 0.4. The last four steps are
			 * dropped. */
			const int above = step < 4 ? 9 : 7;
			float real[10];
			for (int i = 0; i < 10; i++)
				real[i] = i < above ? 2.5f : -0.1f;
			fv_program_put(p, "real", real);
			fv_program_put_number(p, "now", step % 4 == 3);
			fv_program_put_number(p, "flag", step < 12);
			check(!fv_program_run(&err, p, (fv_key){1, 0, 0}), "%s", err.text);
			want += step % 4 == 3 && step < 12
					? (step < 4 ? 1 : -1) * 10 * 4 / 500000.0f
					: 0;
			fv_variable_get(&err, fv_variable_find(s, "ada.share"), &share);
			check(fabsf(share - want) < 1e-6f, "step %d: the share is %.8g, not %.8g",
			      step, share, want);
		}
	fv_program_free(p);
	fv_graph_free(g);
}

int main(void)
{
	fv_context *c = NULL;
	fv_store *s = NULL;
	if (!check(!fv_context_new(&err, NULL, &c) && !fv_store_new(&err, c, &s), "%s", err.text))
		return finish("augment");
	check_pictures(c, s, FV_AUGMENT_DIFF, (const unsigned[N]){31, 31, 31});
	const float half = 0.5f;
	fv_variable_put(&err, fv_variable_find(s, "ada.share"), &half);
	check_pictures(c, s, FV_AUGMENT_ADA, (const unsigned[N]){21, 10, 0});
	check_share(c, s);
	fv_store_free(s);
	fv_context_free(c);
	return finish("augment");
}
