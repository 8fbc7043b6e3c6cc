/* SPDX-License-Identifier: Apache-2.0 */
/* The watch on made-up pictures: names what was put in, and nothing else. */
#include "train/watch.h"
#include "base/philox.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>

#define COUNT 6
#define SIDE 256
#define VALUES (COUNT * SIDE * SIDE * 3)

static fv_context *c;
static float *x, *y;

/* Grey scenes: some waves, a brightness of their own, grain. */
static void scenes(float *v, uint64_t seed, double grain)
{
	for (int k = 0; k < COUNT; k++)
		for (int i = 0; i < SIDE * SIDE; i++) {
			int a = i / SIDE, b = i % SIDE;
			double u = fv_unit(fv_philox_at(seed, (uint64_t)k, (uint64_t)i).v[0]) - 0.5;
			double wave = 0.25 * sin(0.031 * (k + 1) * a + 0.9 * k) + 0.25 * sin(0.023 * (k + 2) * b - 1.7 * k) + 0.1 * (k - 2);
			for (int q = 0; q < 3; q++)
				v[(k * SIDE * SIDE + i) * 3 + q] = (float)(wave + grain * u);
		}
}

static bool found(const fv_watched *w, const char *name)
{
	fv_finding f[FV_FINDINGS];
	int n = fv_watch_judge(w, f);
	if (!*name)
		return !n;
	return n == 1 && !strcmp(f[0].name, name) && strlen(f[0].text) > 40;
}

static fv_watched measure(bool inputs, int64_t height, int64_t width)
{
	fv_watched w = { 0 };
	fv_err err = { 0 };
	fv_status st = fv_watch_measure(&err, c, inputs ? x : NULL, y, COUNT * SIDE * SIDE / (height * width), height, width, &w);
	check(!st, "watch: %s", err.text);
	return w;
}

static void expect(const char *what, const char *name)
{
	fv_watched w = measure(true, SIDE, SIDE);
	check(found(&w, name), "%s: '%s' expected (corr %.3f, within %.3f, between %.3f, lattice %.1f %.1f %.1f)", what, name, w.corr, w.within,
	      w.between, w.lattice[0], w.lattice[1], w.lattice[2]);
}

int main(void)
{
	fv_err err;
	if (fv_context_new(&err, NULL, &c))
		return 1;
	x = malloc(VALUES * sizeof *x);
	y = malloc(VALUES * sizeof *y);
	scenes(x, 1, 0.2);

	for (uint64_t seed = 2; seed < 12; seed++) {            /* other grain, as a painter would */
		scenes(y, seed, 0.3);
		expect("a good painting", "");
	}
	for (int i = 0; i < VALUES; i++)
		y[i] = -0.8f * x[i];
	expect("a negative", "inverted");
	for (int i = 0; i < VALUES; i++)
		y[i] = 0.1f + 0.01f * x[i];
	expect("one colour", "constant");
	for (int i = 0; i < VALUES; i++)
		y[i] = x[i % (SIDE * SIDE * 3)];
	expect("one picture for all", "constant");
	for (int i = 0; i < VALUES; i++)
		x[i] *= 0.02f;
	memcpy(y, x, VALUES * sizeof *y);
	expect("fog in, fog out", "");

	/* A lattice of 1.5 of 255 under grain of 11 of 255, rms. */
	scenes(x, 1, 0.3);
	for (int period = 2; period <= 8; period *= 2) {
		scenes(y, 2, 0.3);
		for (int i = 0; i < VALUES; i++)
			y[i] += (i / 3 % SIDE % period < period / 2 ? 1.5f : -1.5f) / 127.5f;
		fv_watched w = measure(true, SIDE, SIDE);
		check(found(&w, "lattice") && w.lattice[period == 2 ? 0 : period == 4 ? 1 : 2] > 10, "a lattice of period %d: %.1f %.1f %.1f", period,
		      w.lattice[0], w.lattice[1], w.lattice[2]);
		char text[40];
		fv_finding f[FV_FINDINGS] = { 0 };
		fv_watch_judge(&w, f);
		snprintf(text, sizeof text, "lattice of period %d ", period);
		check(strstr(f[0].text, text) != NULL, "a lattice of period %d is called: %s", period, f[0].text);
		/* The same in the photographs, as JPEG leaves it: the painter is not to blame. */
		memcpy(x, y, VALUES * sizeof *x);
		expect("a lattice in the photographs too", "");
		scenes(x, 1, 0.3);
	}

	/* Without inputs; and below 256 pixels a lattice cannot be told, the rest can. */
	scenes(y, 3, 0.3);
	fv_watched w = measure(false, SIDE, SIDE);
	check(found(&w, "") && isnan(w.corr), "without inputs a good picture is named");
	w = measure(true, 64, 64);
	check(found(&w, "") && isnan(w.lattice[0]), "at 64 pixels: lattice %.1f", w.lattice[0]);
	for (int i = 0; i < VALUES; i++)
		y[i] = 0.3f;
	w = measure(false, 64, 64);
	check(found(&w, "constant"), "at 64 pixels without inputs: a flat colour is not named");

	/* Chance: spectra of pure noise. */
	double worst = 0;
	for (uint64_t seed = 100; seed < 130; seed++) {
		scenes(y, seed, 0.5);
		w = measure(false, SIDE, SIDE);
		for (int i = 0; i < 3; i++)
			worst = fmax(worst, w.lattice[i]);
	}
	printf("watch: the largest lattice of 30 noise sets is %.1f\n", worst);
	check(worst < 10, "noise is taken for a lattice: %.1f", worst);
	free(x);
	free(y);
	fv_context_free(c);
	return finish("watch");
}
