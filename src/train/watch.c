/* SPDX-License-Identifier: Apache-2.0 */
#include "train/watch.h"
#include "eval/metric.h"
#include "train/run.h"
#include <math.h>
#include <stdio.h>

/* Luma runs from -1 to 1, so 0.02 is 2.5 of 255: less cannot be seen. A scene may be as flat as that itself. */
#define FLAT 0.02
#define FLAT_OF_INPUT 0.1
/* A few spectra are noise: the worst places in those of six noise pictures came to 4 in thirty
 * draws (tests/train/watch.c); a lattice that can be seen has hundreds. JPEG's own blocks have period 8: inputs count. */
#define LATTICE 10
#define LATTICE_OF_INPUT 3
#define SURE_LSGAN 0.01                 /* loss of a discriminator that is hardly ever wrong */
#define SURE_BCE 6                      /* loss of a generator whose pictures are taken for real once in 400 */

static double mean_of(const float *v, int64_t n)
{
	double sum = 0;
	for (int64_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

/* luma: count pictures of n pixels */
static void spread(const float *luma, int64_t count, int64_t n, double *within, double *between)
{
	*within = *between = 0;
	for (int64_t k = 0; k < count; k++) {
		double mean = mean_of(luma + k * n, n), square = 0;
		for (int64_t i = 0; i < n; i++)
			square += (luma[k * n + i] - mean) * (luma[k * n + i] - mean);
		*within += sqrt(square / (double)n) / (double)count;
	}
	for (int64_t i = 0; i < n; i++) {
		double mean = 0, square = 0;
		for (int64_t k = 0; k < count; k++)
			mean += luma[k * n + i] / (double)count;
		for (int64_t k = 0; k < count; k++)
			square += (luma[k * n + i] - mean) * (luma[k * n + i] - mean);
		*between += sqrt(square / (double)count) / (double)n;
	}
}

/* The lattice's measure stands on values from 0 to 255. */
static void lattice(float *luma, int64_t count, int64_t height, int64_t width, int64_t *sum, void *room, double worst[3])
{
	int64_t n = 0;
	memset(sum, 0, FV_SPECTRUM * sizeof *sum);
	for (int64_t i = 0; i < count * height * width; i++)
		luma[i] = (luma[i] + 1) * 127.5f;
	for (int64_t k = 0; k < count; k++)
		n += fv_spectrum_add(luma + k * height * width, height, width, sum, room);
	fv_lattice(sum, n, room, worst);
}

fv_status fv_watch_measure(fv_err *err, fv_context *c, const float *x, const float *y, int64_t count, int64_t height, int64_t width, fv_watched *out)
{
	int64_t n = height * width;
	size_t bytes = (size_t)(2 * count * n) * sizeof(float) + FV_SPECTRUM * sizeof(int64_t) + FV_LATTICE_ROOM;
	char *memory = fv_alloc(c, bytes);
	if (!memory)
		return fv_fail_memory(err, "watch", bytes);
	void *room = memory;
	int64_t *sum = (int64_t *)(memory + FV_LATTICE_ROOM);
	float *b = (float *)(sum + FV_SPECTRUM), *a = b + count * n;
	fv_watched w = { NAN, 0, 0, NAN, NAN, { NAN, NAN, NAN }, { NAN, NAN, NAN } };
	fv_luma_floats(y, count * n, b);
	spread(b, count, n, &w.within, &w.between);
	if (x) {
		fv_luma_floats(x, count * n, a);
		spread(a, count, n, &w.within_input, &w.between_input);
		w.corr = 0;
		for (int64_t k = 0; k < count; k++)
			w.corr += fv_corr(a + k * n, b + k * n, n) / (double)count;
		lattice(a, count, height, width, sum, room, w.lattice_input);
	}
	lattice(b, count, height, width, sum, room, w.lattice);
	fv_free(c, memory);
	*out = w;
	return FV_OK;
}

/* NAN compares as false: without an input only the first number counts. */
static bool flat(double y, double x) { return y < FLAT && !(y >= FLAT_OF_INPUT * x); }

int fv_watch_judge(const fv_watched *w, fv_finding found[FV_FINDINGS])
{
	int n = 0;
	bool constant = flat(w->within, w->within_input), same = flat(w->between, w->between_input);
	if (constant || same) {
		found[n] = (fv_finding){ .name = "constant" };
		snprintf(found[n++].text, sizeof found->text, "%s (deviation %.3f): the generator has collapsed; try a smaller rate or another seed",
		         constant ? "the outputs are one flat colour" : "the outputs are all the same picture", constant ? w->within : w->between);
	} else if (w->corr < 0) {
		found[n] = (fv_finding){ .name = "inverted" };
		snprintf(found[n++].text, sizeof found->text, "light and dark are swapped in the paintings (correlation %.2f); "
		         "if that stays, try another seed", w->corr);
	}
	int worst = -1;
	for (int i = 0; i < 3; i++)
		if (w->lattice[i] > LATTICE && !(w->lattice[i] <= LATTICE_OF_INPUT * w->lattice_input[i]) && (worst < 0 || w->lattice[i] > w->lattice[worst]))
			worst = i;
	if (worst >= 0) {
		found[n] = (fv_finding){ .name = "lattice" };
		snprintf(found[n++].text, sizeof found->text, "the paintings show a lattice of period %d (%.0f times its neighbours); "
		         "if that stays, try a smaller adv or rate", 2 << worst, w->lattice[worst]);
	}
	return n;
}

/* Losses go by their names: d is never below 0, but Wasserstein's, which says nothing; g is
 * cross-entropy. */
static int judge_losses(const fv_run *r, fv_finding *found)
{
	for (int i = 0; i < r->losses; i++) {
		double v = r->loss[i];
		bool d = !strcmp(r->loss_name[i], "d") && v >= 0 && v < SURE_LSGAN;
		bool g = !strcmp(r->loss_name[i], "g") && v > SURE_BCE;
		if (!d && !g)
			continue;
		*found = (fv_finding){ .name = "saturated" };
		snprintf(found->text, sizeof found->text, "the discriminator is sure of everything (loss %s %.3g) and teaches little; "
		         "if that stays, try a smaller rate", r->loss_name[i], v);
		return 1;
	}
	return 0;
}

static fv_status report(fv_err *err, fv_run *r, const fv_watched *w)
{
	fv_finding found[FV_FINDINGS];
	int n = fv_watch_judge(w, found);
	n += judge_losses(r, found + n);
	fv_status st = FV_OK;
	for (int i = 0; i < n && !st; i++) {
		fv_run_say(r, "step %" PRId64 ": %s", r->step, found[i].text);
		st = fv_run_time(err, r, "\"watch\":\"%s\",\"text\":\"%s\"", found[i].name, found[i].text);
	}
	return st;
}

fv_status fv_watch_painted(fv_err *err, fv_run *r, const float *x, const float *y, int64_t count, int64_t side)
{
	fv_watched w;
	fv_status st = fv_watch_measure(err, r->context, x, y, count, side, side, &w);
	return st ? st : report(err, r, &w);
}

fv_status fv_watch_made(fv_err *err, fv_run *r, const float *y, int64_t count, int64_t values)
{
	fv_watched w = { NAN, 0, 0, NAN, NAN, { NAN, NAN, NAN }, { NAN, NAN, NAN } };
	spread(y, count, values, &w.within, &w.between);
	w.within *= 2;                          /* from [0,1] to the range of the others */
	w.between *= 2;
	return report(err, r, &w);
}
