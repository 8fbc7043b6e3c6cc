/* SPDX-License-Identifier: Apache-2.0 */
/* Batch norm and dropout by hand: what the batch gives, what running values become, what a model is
 * used with; what counts as a parameter. */
#include "device/program.h"
#include "test.h"
#include "train/gradients.h"
#include <math.h>

#define N 3
#define H 5
#define W 4
#define C 7
#define SAMPLES (N * H * W)
#define EPS 1e-5

static fv_err err;

static double get(fv_store *s, const char *name, int at)
{
	float v[64] = { NAN };
	fv_variable *x = fv_variable_find(s, name);
	if (check(x && !fv_variable_get(&err, x, v), "%s is missing", name))
		return v[at];
	return NAN;
}

/* One pass, training or not, of batch norm and dropout; y: what came out. */
static void pass(fv_context *c, fv_store *s, bool training, double probability, const float *x,
                 float *y)
{
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_running *running = NULL;
	const char *prefix = "G.";
	check(!fv_graph_new(&err, c, &g), "%s", err.text);
	fv_scope scope = { g, s, prefix, true, 1, .batch_statistics = training, .dropout = training,
	                   .running = training ? &running : NULL };
	fv_node *in = fv_input(g, "x", FV_F32, fv_nhwc(N, H, W, C));
	fv_node *out = fv_batch_norm(&scope, in, EPS, "norm");
	fv_output(g, fv_dropout(&scope, out, probability, "here"), "y");
	fv_gradients d = fv_gradients_of(g, s, &prefix, 1);
	check(d.count == (s->freezes ? 1 : 2), "%d parameters", d.count);
	fv_running_follow(g, running, 0.1, NULL);
	if (check(!fv_program_new(&err, c, g, NULL, &p), "%s", err.text)) {
		fv_program_put(p, "x", x);
		check(!fv_program_run(&err, p, (fv_key){ 1, 0, 0 }) &&
		      !fv_program_get(&err, p, "y", y), "%s", err.text);
	}
	fv_program_free(p);
	fv_graph_free(g);
}

static void moments(const float *x, int channel, double *mean, double *variance)
{
	*mean = *variance = 0;
	for (int i = 0; i < SAMPLES; i++)
		*mean += x[i * C + channel] / (double)SAMPLES;
	for (int i = 0; i < SAMPLES; i++)
		*variance += pow(x[i * C + channel] - *mean, 2) / SAMPLES;
}

int main(void)
{
	fv_context *c = NULL;
	fv_store *s = NULL;
	float x[SAMPLES * C], y[SAMPLES * C];
	check(!fv_context_new(&err, NULL, &c) && !fv_store_new(&err, c, &s), "%s", err.text);
	for (int i = 0; i < SAMPLES * C; i++)
		x[i] = (float)sin(i * 1.7) * (float)(1 + i % C) + (float)(i % C) - 2;
	pass(c, s, true, 0, x, y);
	for (int k = 0; k < C; k++) {
		double m, v, scale = get(s, "G.norm.weight", k);
		moments(x, k, &m, &v);
		double rm = 0.1 * m, rv = 0.9 + 0.1 * v * SAMPLES / (SAMPLES - 1);
		for (int i = 0; i < SAMPLES; i++)
			check(fabs(y[i * C + k] - scale * (x[i * C + k] - m) / sqrt(v + EPS)) < 1e-5,
			      "channel %d: %g", k, y[i * C + k]);
		check(fabs(get(s, "G.norm.running_mean", k) - rm) < 1e-6 &&
		      fabs(get(s, "G.norm.running_var", k) - rv) < 1e-5 * rv, "running values of %d: %g %g",
		      k, get(s, "G.norm.running_mean", k), get(s, "G.norm.running_var", k));
	}
	/* Biased, it would be another number: the test sees the difference. */
	double m, v;
	moments(x, 0, &m, &v);
	check(fabs(get(s, "G.norm.running_var", 0) - (0.9 + 0.1 * v)) > 1e-4, "biased and unbiased are one");
	pass(c, s, false, 0.5, x, y);
	for (int k = 0; k < C; k++)
		for (int i = 0; i < SAMPLES; i++) {
			double want = get(s, "G.norm.weight", k) *
			              (x[i * C + k] - get(s, "G.norm.running_mean", k)) /
			              sqrt(get(s, "G.norm.running_var", k) + EPS);
			check(fabs(y[i * C + k] - want) < 1e-5, "used, channel %d: %g, not %g", k,
			      y[i * C + k], want);
		}
	float all[SAMPLES * C];
	int gone = 0;
	pass(c, s, true, 0, x, all);
	pass(c, s, true, 0.25, x, y);
	for (int i = 0; i < SAMPLES * C; i++) {
		gone += y[i] == 0;
		check(y[i] == 0 || fabs(y[i] - all[i] / 0.75) < 1e-5, "dropout: %g of %g", y[i], all[i]);
	}
	check(gone > 0.15 * SAMPLES * C && gone < 0.35 * SAMPLES * C, "%d of %d are gone", gone, SAMPLES * C);
	fv_store_free(s);
	check(!fv_store_new(&err, c, &s), "%s", err.text);
	s->freeze = (const char *const[]){ "G.norm.w*" };
	s->freezes = 1;
	pass(c, s, true, 0, x, y);
	fv_store_free(s);
	fv_context_free(c);
	return finish("batch norm");
}
