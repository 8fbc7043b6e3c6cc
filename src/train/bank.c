/* SPDX-License-Identifier: Apache-2.0 */
#include "train/bank.h"
#include "base/eigen.h"
#include "op/draw.h"
#include <math.h>
#include <stdio.h>

#define MOMENTS 96                      /* crops from which the features' covariance is taken */
#define WHITEN 0.25                     /* lines are turned towards where paintings vary little by that power of the covariance */
#define CELL 16                         /* pixels of a crop, of which the palette has the mean */
#define LEAST 1e-4                      /* of the largest eigenvalue: no line is turned further */

typedef struct {
	int64_t crop;                   /* its number; -1: none yet */
	uint8_t *art;
	uint16_t *quantiles[FV_STYLE_LOOKS];    /* f16 */
} slot;

struct fv_bank {
	fv_context *context;
	fv_arena *arena;
	const fv_style_config *config;
	fv_feed *art;
	fv_slots slots;
	uint64_t seed;
	fv_graph *g;
	fv_plan *plan;
	fv_style_look look;
	slot *slot;
	float (*description)[FV_DESCRIPTION];   /* by slot */
	fv_survey survey;
	int looks;                      /* sizes times layers */
	int64_t pixels, values[FV_STYLE_LOOKS];
	uint8_t palette[FV_BANK_COLOURS][3];
};

/* ------------------------------------------------------------------ lines and spreads */
/* Lines of one map: normal numbers in the covariance's own axes, each over eigenvalue^WHITEN, and all brought to spread 1. */
static fv_status draw_lines(fv_err *err, fv_context *c, uint64_t seed, int look, const double *mean, double *covariance, fv_variable *lines, fv_variable *rstd)
{
	int64_t n = lines->tensor.shape.c, count = lines->tensor.shape.w;
	double *value = fv_alloc(c, (size_t)(3 * n) * sizeof *value), most = 0;
	if (!value)
		return fv_fail_memory(err, "the teacher's lines", (size_t)(3 * n) * sizeof *value);
	double *weight = value + n, variance = 0;
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			covariance[i * n + j] -= mean[i] * mean[j];
	for (int64_t i = 0; i < n; i++)
		variance = fmax(variance, covariance[i * n + i]);
	for (int64_t i = 0; i < n && rstd; i++)
		fv_f32(rstd->tensor)[i] = (float)(1 / sqrt(fmax(covariance[i * n + i], 1e-6 * variance + 1e-12)));
	bool settled = fv_eigen_symmetric(n, covariance, value, weight);
	for (int64_t i = 0; i < n && settled; i++)
		most = fmax(most, value[i]);
	if (!settled || !(most > 0)) {
		fv_free(c, value);
		return fv_fail(err, FV_E_ARGUMENT, "the paintings are all of one colour: there is nothing to learn from them");
	}
	for (int64_t i = 0; i < n; i++)
		value[i] = fmax(value[i], LEAST * most);
	const fv_key key = { seed, (uint64_t)look, 0 };
	const fv_draw d = fv_draw_of(&key, fv_draw_purpose("lines"));
	for (int64_t p = 0; p < count; p++) {
		double spread = 0;
		for (int64_t i = 0; i < n; i++) {
			weight[i] = fv_draw_normal(&d, p * n + i) * pow(value[i], -WHITEN);
			spread += weight[i] * weight[i] * value[i];
		}
		double *line = value + 2 * n;
		memset(line, 0, (size_t)n * sizeof *line);
		for (int64_t i = 0; i < n; i++)
			for (int64_t j = 0; j < n; j++)
				line[j] += weight[i] * covariance[i * n + j];
		for (int64_t j = 0; j < n; j++)
			fv_f32(lines->tensor)[p * n + j] = (float)(line[j] / sqrt(spread));
	}
	fv_free(c, value);
	return FV_OK;
}

static fv_status measure(fv_err *err, fv_bank *b, fv_store *teacher, const fv_slots_live *live)
{
	fv_context *c = b->context;
	fv_graph *g = NULL;
	fv_plan *plan = NULL;
	fv_style_look look;
	double *mean[FV_STYLE_LOOKS] = { 0 }, *product[FV_STYLE_LOOKS] = { 0 };
	fv_arena *a = fv_arena_new(c);
	fv_status st = a ? fv_graph_new(err, c, &g) : fv_fail_memory(err, "bank", 64);
	if (st)
		goto done;
	fv_style_look_build(g, teacher, b->config, FV_LOOK_MOMENTS, &look);
	if ((st = fv_plan_new(err, c, g, NULL, &plan)))
		goto done;
	for (int k = 0; k < b->looks && !st; k++) {
		int64_t n = look.mean[k]->shape.c;
		mean[k] = fv_arena_get(a, (size_t)n * sizeof(double));
		product[k] = fv_arena_get(a, (size_t)(n * n) * sizeof(double));
		if (!mean[k] || !product[k])
			st = fv_fail_memory(err, "the paintings' covariance", (size_t)(n * n) * sizeof(double));
	}
	for (int64_t i = 0; i < MOMENTS && !st; i++) {
		if (live && live->live)
			live->live(live->user, (double)i / MOMENTS, "looking at the paintings");
		if (fv_cancelled(c))
			st = fv_fail(err, FV_E_CANCELLED, "stopped while the paintings were looked at");
		fv_feed_take(b->art, i, fv_plan_data(plan, look.x));
		if (!st)
			st = fv_plan_run(err, plan, (fv_key){ b->seed, (uint64_t)i, 1 });
		for (int k = 0; k < b->looks && !st; k++) {
			int64_t n = look.mean[k]->shape.c;
			const float *m = fv_plan_data(plan, look.mean[k]), *p = fv_plan_data(plan, look.product[k]);
			for (int64_t j = 0; j < n; j++)
				mean[k][j] += m[j] / (double)MOMENTS;
			for (int64_t j = 0; j < n * n; j++)
				product[k][j] += p[j] / (double)MOMENTS;
		}
	}
	for (int k = 0; k < b->looks && !st; k++) {
		int size = k / FV_VGG_LAYERS, l = k % FV_VGG_LAYERS;
		st = draw_lines(err, c, b->seed, k, mean[k], product[k], fv_teacher_direction(teacher, size, l), size ? NULL : fv_teacher_rstd(teacher, l));
	}
done:
	fv_plan_free(plan);
	fv_graph_free(g);
	fv_arena_free(a);
	return st;
}

/* ------------------------------------------------------------------ crops */
static fv_status make_room(fv_err *err, fv_bank *b)
{
	size_t n = (size_t)b->slots.count, bytes = (size_t)b->pixels * 3;
	for (int k = 0; k < b->looks; k++) {
		b->values[k] = fv_elements(b->look.quantiles[k]->shape);
		bytes += (size_t)b->values[k] * sizeof(uint16_t);
	}
	b->slot = fv_arena_get(b->arena, n * sizeof *b->slot);
	b->description = fv_arena_get(b->arena, n * sizeof *b->description);
	bool memory = b->slot && b->description && fv_arena_reserve(b->arena, n * (bytes + (FV_STYLE_LOOKS + 1) * FV_ALIGN));
	for (size_t i = 0; i < n && memory; i++) {
		slot *s = &b->slot[i];
		s->crop = -1;
		memory = (s->art = fv_arena_get(b->arena, (size_t)b->pixels * 3)) != NULL;
		for (int k = 0; k < b->looks && memory; k++)
			memory = (s->quantiles[k] = fv_arena_get(b->arena, (size_t)b->values[k] * sizeof(uint16_t))) != NULL;
	}
	return memory ? FV_OK : fv_fail_memory(err, "paintings to compare with", n * bytes);
}

/* Not from what is in the slots: that changes, and a run that is resumed only to be written has none. x: room for a crop. */
static fv_status gather(fv_err *err, fv_bank *b, float *x)
{
	int64_t side = b->config->size;
	for (int i = 0; i < FV_BANK_COLOURS; i++) {
		if (fv_cancelled(b->context))
			return fv_fail(err, FV_E_CANCELLED, "stopped while the paintings were looked at");
		if (i % 2 == 0)
			fv_feed_take(b->art, i / 2, x);
		fv_philox u = fv_philox_at(b->seed, fv_purpose("palette"), (uint64_t)i);
		int64_t top = (int64_t)(fv_unit(u.v[0]) * (double)(side - CELL + 1)), left = (int64_t)(fv_unit(u.v[1]) * (double)(side - CELL + 1));
		double sum[3] = { 0 };
		for (int64_t k = 0; k < CELL * CELL; k++)
			for (int c = 0; c < 3; c++)
				sum[c] += x[((top + k / CELL) * side + left + k % CELL) * 3 + c];
		for (int c = 0; c < 3; c++)
			b->palette[i][c] = (uint8_t)(fmin(fmax((sum[c] / (CELL * CELL) + 1) * 127.5, 0), 255) + 0.5);
	}
	return FV_OK;
}

fv_status fv_bank_new(fv_err *err, fv_context *c, const fv_style_config *config, fv_store *teacher, fv_feed *art, const fv_slots *slots, uint64_t seed,
                      const fv_slots_live *live, fv_bank **out)
{
	fv_arena *a = fv_arena_new(c);
	fv_bank *b = a ? fv_arena_get(a, sizeof *b) : NULL;
	fv_status st;
	if (!b) {
		fv_arena_free(a);
		return fv_fail_memory(err, "bank", sizeof *b);
	}
	*b = (fv_bank){ .context = c, .arena = a, .config = config, .art = art, .slots = *slots, .seed = seed, .looks = config->sizes * FV_VGG_LAYERS,
	                .pixels = (int64_t)config->size * config->size };
	if ((st = measure(err, b, teacher, live)) || (st = fv_graph_new(err, c, &b->g)))
		goto done;
	fv_style_look_build(b->g, teacher, config, FV_LOOK_QUANTILES, &b->look);
	if (!(st = fv_plan_new(err, c, b->g, NULL, &b->plan)) && !(st = make_room(err, b)))
		st = gather(err, b, fv_plan_data(b->plan, b->look.x));
done:
	if (st)
		fv_bank_free(b);
	else
		*out = b;
	return st;
}

void fv_bank_free(fv_bank *b)
{
	if (!b)
		return;
	fv_plan_free(b->plan);
	fv_graph_free(b->g);
	fv_arena_free(b->arena);
}

void fv_bank_palette(const fv_bank *b, uint8_t out[FV_BANK_COLOURS][3]) { memcpy(out, b->palette, sizeof b->palette); }

int64_t fv_bank_bytes(const fv_bank *b)
{
	int64_t each = b->pixels * 3;
	for (int k = 0; k < b->looks; k++)
		each += b->values[k] * (int64_t)sizeof(uint16_t);
	return fv_plan_bytes(b->plan) + b->slots.count * each;
}

static fv_status fill(fv_err *err, fv_bank *b, slot *s, int64_t crop)
{
	float *x = fv_plan_data(b->plan, b->look.x);
	fv_feed_take(b->art, crop, x);
	for (int64_t i = 0; i < 3 * b->pixels; i++)
		s->art[i] = (uint8_t)(fminf(fmaxf((x[i] + 1) * 127.5f, 0), 255) + 0.5f);
	fv_describe(x, b->config->size, b->description[s - b->slot]);
	fv_status st = fv_plan_run(err, b->plan, (fv_key){ b->seed, (uint64_t)crop, 0 });
	if (st)
		return st;
	for (int k = 0; k < b->looks; k++) {
		const float *q = fv_plan_data(b->plan, b->look.quantiles[k]);
		for (int64_t i = 0; i < b->values[k]; i++)
			s->quantiles[k][i] = fv_float_to_f16(q[i]);
	}
	s->crop = crop;
	return FV_OK;
}

fv_status fv_bank_fill(fv_err *err, fv_bank *b, int64_t step, const fv_slots_live *live)
{
	char text[80];
	int64_t newest = b->slots.count + step / b->slots.every;
	bool changed = false;
	for (int64_t crop = newest - b->slots.count; crop < newest; crop++) {
		slot *s = &b->slot[crop % b->slots.count];
		if (s->crop == crop)
			continue;
		snprintf(text, sizeof text, "looking at the paintings: %d of %d", (int)(crop - newest + b->slots.count), (int)b->slots.count);
		if (live && live->live && s->crop < 0)
			live->live(live->user, (double)(crop - newest + b->slots.count) / (double)b->slots.count, text);
		if (fv_cancelled(b->context))
			return fv_fail(err, FV_E_CANCELLED, "stopped while the paintings were looked at");
		fv_status st = fill(err, b, s, crop);
		if (st)
			return st;
		changed = true;
	}
	if (changed)
		b->survey = fv_survey_of(b->description, b->slots.count);
	return FV_OK;
}

int64_t fv_bank_match(const fv_bank *b, const float *description, const fv_survey *photos, int top, double u)
{
	static const double weight[FV_DESCRIPTION] = { 1, 1, 1, 0.25 };
	enum { MOST = 16 };
	int64_t best[MOST] = { 0 };
	double distance[MOST];
	int found = 0;
	top = (int)fv_max(1, fv_min(fv_min(top, MOST), b->slots.count));
	for (int64_t i = 0; i < b->slots.count; i++) {
		double sum = 0;
		for (int k = 0; k < FV_DESCRIPTION; k++) {
			double d = (description[k] - photos->mean[k]) / photos->spread[k] - (b->description[i][k] - b->survey.mean[k]) / b->survey.spread[k];
			sum += weight[k] * weight[k] * d * d;
		}
		int at = found < top ? found++ : top;
		for (; at > 0 && sum < distance[at - 1]; at--)
			if (at < top)
				distance[at] = distance[at - 1], best[at] = best[at - 1];
		if (at < top)
			distance[at] = sum, best[at] = i;
	}
	return best[fv_min((int64_t)(u * top), top - 1)];
}

void fv_bank_take(const fv_bank *b, int64_t i, float *art, float *const quantiles[FV_STYLE_LOOKS])
{
	const slot *s = &b->slot[i];
	for (int64_t k = 0; k < 3 * b->pixels; k++)
		art[k] = (float)s->art[k] * (1 / 127.5f) - 1;
	for (int k = 0; k < b->looks; k++)
		for (int64_t j = 0; j < b->values[k]; j++)
			quantiles[k][j] = fv_f16_to_float(s->quantiles[k][j]);
}
