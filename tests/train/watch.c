/* SPDX-License-Identifier: Apache-2.0 */
/* The watch on made-up pictures: names what was put in, and nothing else. */
#include "train/watch.h"
#include "base/philox.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- samples made from noise, beside data: digits are mostly background, each has its own strokes
 */
#define SAMPLES 64
#define PIXELS 400
static void digits(float *v, uint64_t seed, int different, double blur)
{
	for (int k = 0; k < SAMPLES; k++)
		for (int i = 0; i < PIXELS; i++) {
			double u = fv_unit(
				fv_philox_at(seed, (uint64_t)(k % different), (uint64_t)(i / 4))
					.v[0]);
			double noise =
				fv_unit(fv_philox_at(seed + 99, (uint64_t)k, (uint64_t)i).v[0]) -
				0.5;
			v[k * PIXELS + i] =
				(float)((u > 0.8) * (1 - blur) + 0.2 * blur + 0.02 * noise);
		}
}

static bool alike(const float *data, const float *made)
{
	fv_finding f[FV_FINDINGS];
	fv_watched w = FV_WATCHED_NONE;
	w.within = 1;
	fv_watch_alike(data, SAMPLES, PIXELS, &w.between_input, &w.apart_input);
	fv_watch_alike(made, SAMPLES, PIXELS, &w.between, &w.apart);
	int n = fv_watch_judge(&w, f);
	printf("watch: between %.3f of %.3f, apart %.3f of %.3f\n", w.between, w.between_input,
	       w.apart, w.apart_input);
	return n == 1 && !strcmp(f[0].name, "collapse");
}

static void check_samples(void)
{
	static float data[SAMPLES * PIXELS], made[SAMPLES * PIXELS];
	digits(data, 1, SAMPLES, 0);
	digits(made, 2, SAMPLES, 0);
	check(!alike(data, made), "other samples of the same kind are taken for collapsed");
	digits(made, 2, SAMPLES, 0.5);
	check(!alike(data, made), "blurred samples are taken for collapsed");
	digits(made, 2, 1, 0);
	check(alike(data, made), "one sample for all is not seen");
	digits(made, 2, 3, 0);
	check(alike(data, made), "three samples, made again and again, are not seen");
}

/* ---- told when it begins and when it ends, once each */
static char told[4000];
static void line(void *user, const char *text)
{
	size_t n = strlen(told);
	snprintf(told + n, sizeof told - n, "%s\n", text);
}

static int count(const char *text, const char *what)
{
	int n = 0;
	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void steps(fv_run *r, int n, double d, double g)
{
	fv_err err;
	for (int i = 0; i < n; i++) {
		r->step++;
		r->loss[0] = d, r->loss[1] = g;
		check(!fv_watch_step(&err, r), "%s", err.text);
	}
}

static void check_turns(void)
{
	static const fv_recipe_loss losses[] = { { "d", { "d" }, .won_below = 0.01 },
						 { "g", { "g" } },
						 { 0 } };
	static const fv_recipe recipe = { .programs = { { .name = "step", .losses = losses } } };
	fv_err err;
	char text[4000] = "";
	fv_run r = { .context = c,
		     .recipe = &recipe,
		     .losses = 2,
		     .loss_name = { "d", "g" },
		     .o.line = line };
	r.times = tmpfile();
	steps(&r, 500, 0.25, 0.3);
	steps(&r, 30, 0.001, 0.9); /* a few: no matter */
	steps(&r, 200, 0.25, 0.3);
	check(!*told, "a healthy judge: %s", told);
	steps(&r, 400, 0.001, 0.9);
	check(count(told, "the discriminator has won") == 1 && count(told, "\n") == 1,
	      "a judge that has won: %s", told);
	fv_run later = { .recipe = &recipe };
	fv_watch_recall(
		&later,
		"{\"step\":930,\"watch\":\"saturated\",\"state\":\"begins\",\"text\":\"x\"}");
	check(later.watch.begun[FV_WATCH_SATURATED], "a run that goes on knows what has begun");
	fv_watch_recall(&later,
			"{\"step\":930,\"watch\":\"saturated\",\"state\":\"ends\",\"text\":\"x\"}");
	check(!later.watch.begun[FV_WATCH_SATURATED], "and what has ended");
	steps(&r, 200, NAN, 0.9); /* another program ran */
	steps(&r, 100, 0.3, 0.9);
	check(count(told, "in doubt again") == 1 && count(told, "\n") == 2,
	      "and is in doubt again: %s", told);

	/* Of pictures: by the same way as previews. */
	static float pictures[4 * 64], flat[4 * 64];
	for (int i = 0; i < 4 * 64; i++)
		pictures[i] = (float)fv_unit(fv_philox_at(5, 0, (uint64_t)i).v[0]);
	*told = 0;
	r.steps = 100000; /* young: data are not looked at */
	for (int i = 0; i < 3; i++)
		check(!fv_watch_made(&err, &r, pictures, 4, 64), "%s", err.text);
	check(!*told, "good pictures: %s", told);
	for (int i = 0; i < 3; i++)
		check(!fv_watch_made(&err, &r, flat, 4, 64), "%s", err.text);
	check(count(told, "\n") == 1 && count(told, "one flat colour") == 1,
	      "three flat previews: %s", told);
	for (int i = 0; i < 3; i++)
		check(!fv_watch_made(&err, &r, pictures, 4, 64), "%s", err.text);
	check(count(told, "\n") == 2 && count(told, "flat no more") == 1, "and good ones: %s",
	      told);
	rewind(r.times);
	text[fread(text, 1, sizeof text - 1, r.times)] = 0;
	check(count(text, "\n") == 4 && count(text, "\"state\":\"begins\"") == 2 &&
		      count(text, "\"state\":\"ends\"") == 2 && count(text, "{\"step\":") == 4,
	      "times.jsonl: %s", text);
	fclose(r.times);
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
	expect("one picture for all", "collapse");
	for (int i = 0; i < VALUES; i++)
		y[i] = 0.95f * x[i % (SIDE * SIDE * 3)] + 0.05f * x[i];
	expect("nearly one picture for all", "collapse");
	for (int i = 0; i < VALUES; i++)
		y[i] = 0.4f * x[i];
	expect("a painter of little contrast", "");
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
	check_samples();
	check_turns();
	fv_context_free(c);
	return finish("watch");
}
