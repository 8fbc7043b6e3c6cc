/* SPDX-License-Identifier: Apache-2.0 */
#include "train/watch.h"
#include "eval/metric.h"
#include "train/run.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Luma runs from -1 to 1, so 0.02 is 2.5 of 255: less cannot be seen. A scene may be as flat as that itself. */
#define FLAT 0.02
#define FLAT_OF_INPUT 0.1
/* A few spectra are noise: the worst places in those of six noise pictures came to 4 in thirty
 * draws (tests/train/watch.c); a lattice that can be seen has hundreds. JPEG's own blocks have period 8: inputs count. */
#define LATTICE 10
#define LATTICE_OF_INPUT 3
#define ALIKE 0.25        /* of what goes in, or of the data (tests/train/watch.c) */
#define YOUNG 0.05        /* of the steps */
#define WATCH_VALUES 2048 /* of a sample: enough to tell two apart */
#define WON_STEPS 50      /* it has won when it did at three times as many */

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
	fv_watched w = FV_WATCHED_NONE;
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

static const char *const kinds[FV_WATCH_KINDS] = { "constant", "collapse", "inverted", "lattice",
						   "saturated" };
static const char *const over[FV_WATCH_KINDS] = {
	"the outputs are flat no more",
	"the outputs differ again",
	"light and dark are as they should be again",
	"the lattice is gone",
	"the discriminator is in doubt again",
};

int fv_watch_judge(const fv_watched *w, fv_finding found[FV_FINDINGS])
{
	int n = 0;
	bool constant = flat(w->within, w->within_input);
	bool same = flat(w->between, w->between_input) ||
		    (w->between_input >= FLAT && w->between < ALIKE * w->between_input) ||
		    w->apart < ALIKE * w->apart_input;
	if (constant) {
		found[n] = (fv_finding){ .name = "constant" };
		snprintf(found[n++].text, sizeof found->text,
			 "the outputs are one flat colour (deviation %.3f): the generator has "
			 "collapsed; "
			 "try a smaller rate or another seed",
			 w->within);
	} else if (same) {
		found[n] = (fv_finding){ .name = "collapse" };
		snprintf(
			found[n++].text, sizeof found->text,
			"the outputs are much alike, whatever they are made of (deviation from one "
			"to "
			"the next %.3f): the generator has collapsed; if that stays, go back to an "
			"earlier model and try a smaller rate or another seed",
			w->between);
	} else if (w->corr < 0) {
		found[n] = (fv_finding){ .name = "inverted" };
		snprintf(found[n++].text, sizeof found->text,
			 "light and dark are swapped in the paintings (correlation %.2f); "
			 "if that stays, try another seed",
			 w->corr);
	}
	int worst = -1;
	for (int i = 0; i < 3; i++)
		if (w->lattice[i] > LATTICE &&
		    !(w->lattice[i] <= LATTICE_OF_INPUT * w->lattice_input[i]) &&
		    (worst < 0 || w->lattice[i] > w->lattice[worst]))
			worst = i;
	if (worst >= 0) {
		found[n] = (fv_finding){ .name = "lattice" };
		snprintf(found[n++].text, sizeof found->text,
			 "the paintings show a lattice of period %d (%.0f times its neighbours); "
			 "if that stays, try a smaller adv or rate",
			 2 << worst, w->lattice[worst]);
	}
	return n;
}

/* ------------------------------------------------------------------ beginnings and ends */
fv_status fv_watch_note(fv_err *err, fv_run *r, const char *name, const char *state,
			const char *format, ...)
{
	char text[300];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	return fv_run_time(err, r, "\"watch\":\"%s\",\"state\":\"%s\",\"text\":\"%s\"", name, state,
			   text);
}

/* text: what is seen; NULL: it is not. */
static fv_status turn(fv_err *err, fv_run *r, int kind, const char *text)
{
	if (r->watch.begun[kind] == (text != NULL))
		return FV_OK;
	r->watch.begun[kind] = text;
	text = text ? text : over[kind];
	fv_run_say(r, "step %" PRId64 ": %s", r->step, text);
	return fv_watch_note(err, r, kinds[kind], r->watch.begun[kind] ? "begins" : "ends", "%s",
			     text);
}

void fv_watch_recall(fv_run *r, const char *line)
{
	char name[20], state[20];
	if (sscanf(line, "{\"step\":%*d,\"watch\":\"%19[a-z]\",\"state\":\"%19[a-z]\"", name,
		   state) != 2)
		return;
	for (int k = 0; k < FV_WATCH_KINDS; k++)
		if (!strcmp(name, kinds[k]))
			r->watch.begun[k] = !strcmp(state, "begins");
}

static fv_status report(fv_err *err, fv_run *r, const fv_watched *w)
{
	fv_finding found[FV_FINDINGS];
	int n = fv_watch_judge(w, found);
	fv_status st = FV_OK;
	for (int k = 0; k < FV_WATCH_KINDS && !st; k++) {
		const char *text = NULL;
		for (int i = 0; i < n; i++)
			if (!strcmp(found[i].name, kinds[k]))
				text = found[i].text;
		if (k != FV_WATCH_SATURATED)
			st = turn(err, r, k, text);
	}
	return st;
}

/* ------------------------------------------------------------------ a judge that has won */
/* Below 0 it is Wasserstein's, which says nothing of it. */
static bool has_won(const fv_recipe_loss *l, double v)
{
	return (l->won_below != 0 && v >= 0 && v < l->won_below) ||
	       (l->won_above != 0 && v > l->won_above);
}

fv_status fv_watch_step(fv_err *err, fv_run *r)
{
	char text[200];
	int i = 0, worst = -1;
	bool doubt = true;
	for (const fv_recipe_program *p = r->recipe->programs; p->name; p++)
		for (const fv_recipe_loss *l = p->losses; l && l->name && i < r->losses; l++, i++) {
			double *won = &r->watch.won[i];
			if (!isnan(r->loss[i]))
				*won += (has_won(l, r->loss[i]) - *won) / WON_STEPS;
			doubt = doubt && *won < 0.5;
			if (*won > 0.95)
				worst = i;
		}
	if (worst < 0)
		return doubt ? turn(err, r, FV_WATCH_SATURATED, NULL) : FV_OK;
	snprintf(text, sizeof text,
		 "the discriminator has won: it is sure of everything (loss %s %.3g) and teaches "
		 "little; "
		 "if that stays, try a smaller rate",
		 r->loss_name[worst], r->loss[worst]);
	return turn(err, r, FV_WATCH_SATURATED, text);
}

/* ------------------------------------------------------------------ previews */
fv_status fv_watch_painted(fv_err *err, fv_run *r, const float *x, const float *y, int64_t count,
			   int64_t side)
{
	fv_watched w;
	fv_status st = fv_watch_measure(err, r->context, x, y, count, side, side, &w);
	return st ? st : report(err, r, &w);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double distance(const float *a, const float *b, int64_t values, int64_t stride)
{
	double sum = 0;
	for (int64_t i = 0; i < values; i += stride)
		sum += (double)(a[i] - b[i]) * (a[i] - b[i]);
	return sqrt(sum / (double)fv_div_up(values, stride));
}

void fv_watch_alike(const float *y, int64_t count, int64_t values, double *between, double *apart)
{
	double within, least[FV_WATCH_SAMPLES];
	const int64_t n = fv_min(count, FV_WATCH_SAMPLES),
		      stride = fv_max(1, values / WATCH_VALUES);
	spread(y, n, values, &within, between);
	for (int64_t i = 0; i < n; i++) {
		least[i] = INFINITY;
		for (int64_t k = 0; k < n; k++)
			if (k != i)
				least[i] = fmin(least[i], distance(y + i * values, y + k * values,
								   values, stride));
	}
	qsort(least, (size_t)n, sizeof *least, ascending);
	*apart = n > 1 ? least[n / 2] : NAN;
}

/* The same of the data that it learns from, once: what steps are given, in the range of the
 * generator's port. */
static fv_status look_at_data(fv_err *err, fv_run *r, int64_t values)
{
	fv_data *d = &r->data[0];
	const fv_port *out = &r->model[0].family->out[0];
	const int64_t n = FV_WATCH_SAMPLES, area = d->height * d->width, batch = d->batch;
	if (!d->want || batch < 1 || (values != area && values != 3 * area))
		return FV_OK;
	const size_t bytes = (size_t)((n + batch) * values) * sizeof(float);
	float *v = fv_alloc(r->context, bytes);
	if (!v)
		return fv_fail_memory(err, "watch", bytes);
	for (int64_t i = 0; i * batch < n; i++)
		d->want->type->take(d, i, 0, v + i * batch * values);
	for (int64_t i = 0; i < n * values; i++)
		v[i] = (v[i] - (float)out->low) / (float)(out->high - out->low);
	fv_watch_alike(v, n, values, &r->watch.between, &r->watch.apart);
	fv_free(r->context, v);
	return FV_OK;
}

fv_status fv_watch_made(fv_err *err, fv_run *r, const float *y, int64_t count, int64_t values)
{
	fv_watched w = FV_WATCHED_NONE;
	spread(y, count, values, &w.within, &w.between);
	/* A generator that has hardly begun makes one picture of everything: that says nothing. */
	if (fv_run_done(r) < YOUNG)
		w.between = NAN;
	else {
		fv_status st = r->watch.apart > 0 ? FV_OK : look_at_data(err, r, values);
		if (st)
			return st;
		fv_watch_alike(y, count, values, &w.between, &w.apart);
		if (r->watch.apart > 0) {
			w.between_input = 2 * r->watch.between;
			w.apart_input = r->watch.apart;
		}
	}
	w.within *= 2;                          /* from [0,1] to the range of the others */
	w.between *= 2;
	return report(err, r, &w);
}
