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
	fv_program *program;
	float *x, *made;                /* of the crop in work: it, and what the program made of it at one look */
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
	int64_t n = lines->shape.c, count = lines->shape.w;
	const size_t bytes = (size_t)(3 * n) * sizeof(double) + (size_t)((count + 1) * n) * sizeof(float);
	double *value = fv_alloc(c, bytes), most = 0;
	fv_status st = FV_OK;
	if (!value)
		return fv_fail_memory(err, "the teacher's lines", bytes);
	float *drawn = (float *)(value + 3 * n), *spreads = drawn + count * n;
	double *weight = value + n, variance = 0;
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			covariance[i * n + j] -= mean[i] * mean[j];
	for (int64_t i = 0; i < n; i++)
		variance = fmax(variance, covariance[i * n + i]);
	for (int64_t i = 0; i < n && rstd; i++)
		spreads[i] = (float)(1 / sqrt(fmax(covariance[i * n + i], 1e-6 * variance + 1e-12)));
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
			drawn[p * n + j] = (float)(line[j] / sqrt(spread));
	}
	if (!(st = fv_variable_put(err, lines, drawn)) && rstd)
		st = fv_variable_put(err, rstd, spreads);
	fv_free(c, value);
	return st;
}

/* A port's share of the mean over the crops. */
static fv_status add_up(fv_err *err, fv_program *p, const char *what, int look, float *room, double *sum)
{
	char port[32];
	snprintf(port, sizeof port, "%s.%d", what, look);
	fv_status st = fv_program_get(err, p, port, room);
	for (int64_t j = 0, n = st ? 0 : fv_program_values(p, port); j < n; j++)
		sum[j] += room[j] / (double)MOMENTS;
	return st;
}

static fv_status measure(fv_err *err, fv_bank *b, fv_store *teacher, const fv_slots_live *live)
{
	fv_context *c = b->context;
	fv_graph *g = NULL;
	fv_program *program = NULL;
	double *mean[FV_STYLE_LOOKS] = { 0 }, *product[FV_STYLE_LOOKS] = { 0 };
	float *made[FV_STYLE_LOOKS] = { 0 };
	fv_arena *a = fv_arena_new(c);
	fv_status st = a ? fv_graph_new(err, c, &g) : fv_fail_memory(err, "bank", 64);
	if (st)
		goto done;
	fv_style_look_build(g, teacher, b->config, FV_LOOK_MOMENTS);
	if ((st = fv_program_new(err, c, g, NULL, &program)))
		goto done;
	for (int k = 0; k < b->looks && !st; k++) {
		int64_t n = fv_vgg_channels(&b->config->teacher, k % FV_VGG_LAYERS);
		mean[k] = fv_arena_get(a, (size_t)n * sizeof(double));
		product[k] = fv_arena_get(a, (size_t)(n * n) * sizeof(double));
		made[k] = fv_arena_get(a, (size_t)(n * n) * sizeof(float));
		if (!mean[k] || !product[k] || !made[k])
			st = fv_fail_memory(err, "the paintings' covariance", (size_t)(n * n) * sizeof(double));
	}
	for (int64_t i = 0; i < MOMENTS && !st; i++) {
		if (live && live->live)
			live->live(live->user, (double)i / MOMENTS, "looking at the paintings");
		if (fv_cancelled(c))
			st = fv_fail(err, FV_E_CANCELLED, "stopped while the paintings were looked at");
		fv_feed_take(b->art, i, b->x);
		fv_program_put(program, "picture", b->x);
		if (!st)
			st = fv_program_run(err, program, (fv_key){ b->seed, (uint64_t)i, 1 });
		for (int k = 0; k < b->looks && !st; k++)
			if (!(st = add_up(err, program, "mean", k, made[k], mean[k])))
				st = add_up(err, program, "product", k, made[k], product[k]);
	}
	for (int k = 0; k < b->looks && !st; k++) {
		int size = k / FV_VGG_LAYERS, l = k % FV_VGG_LAYERS;
		st = draw_lines(err, c, b->seed, k, mean[k], product[k], fv_teacher_direction(teacher, size, l), size ? NULL : fv_teacher_rstd(teacher, l));
	}
done:
	fv_program_free(program);
	fv_graph_free(g);
	fv_arena_free(a);
	return st;
}

/* ------------------------------------------------------------------ crops */
typedef struct { char s[24]; } port_name;
static port_name quantiles(int look)
{
	port_name name;
	snprintf(name.s, sizeof name.s, "quantiles.%d", look);
	return name;
}

static fv_status make_room(fv_err *err, fv_bank *b)
{
	size_t n = (size_t)b->slots.count, bytes = (size_t)b->pixels * 3;
	int64_t most = 0;
	for (int k = 0; k < b->looks; k++) {
		b->values[k] = fv_program_values(b->program, quantiles(k).s);
		most = fv_max(most, b->values[k]);
		bytes += (size_t)b->values[k] * sizeof(uint16_t);
	}
	b->made = fv_arena_get(b->arena, (size_t)most * sizeof *b->made);
	b->slot = fv_arena_get(b->arena, n * sizeof *b->slot);
	b->description = fv_arena_get(b->arena, n * sizeof *b->description);
	bool memory = b->made && b->slot && b->description && fv_arena_reserve(b->arena, n * (bytes + (FV_STYLE_LOOKS + 1) * FV_ALIGN));
	for (size_t i = 0; i < n && memory; i++) {
		slot *s = &b->slot[i];
		s->crop = -1;
		memory = (s->art = fv_arena_get(b->arena, (size_t)b->pixels * 3)) != NULL;
		for (int k = 0; k < b->looks && memory; k++)
			memory = (s->quantiles[k] = fv_arena_get(b->arena, (size_t)b->values[k] * sizeof(uint16_t))) != NULL;
	}
	return memory ? FV_OK : fv_fail_memory(err, "paintings to compare with", n * bytes);
}

/* Not from what is in the slots: that changes, and a run that is resumed only to be written has none. */
static fv_status gather(fv_err *err, fv_bank *b)
{
	int64_t side = b->config->size;
	float *x = b->x;
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
	if (!(b->x = fv_arena_get(a, (size_t)(3 * b->pixels) * sizeof *b->x)))
		st = fv_fail_memory(err, "bank", (size_t)(3 * b->pixels) * sizeof *b->x);
	else
		st = measure(err, b, teacher, live);
	if (st || (st = fv_graph_new(err, c, &b->g)))
		goto done;
	fv_style_look_build(b->g, teacher, config, FV_LOOK_QUANTILES);
	if (!(st = fv_program_new(err, c, b->g, NULL, &b->program)) && !(st = make_room(err, b)))
		st = gather(err, b);
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
	fv_program_free(b->program);
	fv_graph_free(b->g);
	fv_arena_free(b->arena);
}

void fv_bank_palette(const fv_bank *b, uint8_t out[FV_BANK_COLOURS][3]) { memcpy(out, b->palette, sizeof b->palette); }

int64_t fv_bank_bytes(const fv_bank *b)
{
	int64_t each = b->pixels * 3;
	for (int k = 0; k < b->looks; k++)
		each += b->values[k] * (int64_t)sizeof(uint16_t);
	return fv_program_bytes(b->program) + b->slots.count * each;
}

static fv_status fill(fv_err *err, fv_bank *b, slot *s, int64_t crop)
{
	float *x = b->x;
	fv_feed_take(b->art, crop, x);
	for (int64_t i = 0; i < 3 * b->pixels; i++)
		s->art[i] = (uint8_t)(fminf(fmaxf((x[i] + 1) * 127.5f, 0), 255) + 0.5f);
	fv_describe(x, b->config->size, b->description[s - b->slot]);
	fv_program_put(b->program, "picture", x);
	fv_status st = fv_program_run(err, b->program, (fv_key){ b->seed, (uint64_t)crop, 0 });
	for (int k = 0; k < b->looks && !st; k++) {
		st = fv_program_get(err, b->program, quantiles(k).s, b->made);
		for (int64_t i = 0; i < b->values[k] && !st; i++)
			s->quantiles[k][i] = fv_float_to_f16(b->made[i]);
	}
	s->crop = st ? s->crop : crop;
	return st;
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
