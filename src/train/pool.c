/* SPDX-License-Identifier: Apache-2.0 */
#include "train/pool.h"
#include <stdio.h>

/* Knobs are turned while it learns, so that it has seen what they do. */
#define BROADER 0.5
#define LEAST_DETAIL 0.4
#define MOST_DETAIL 0.8

typedef struct {
	int64_t crop;                   /* its number; -1: none yet */
	float *x;
	uint16_t *z, *content4, *content3;      /* bf16: half the memory */
} slot;

struct fv_pool {
	fv_context *context;
	fv_arena *arena;
	const fv_style_config *config;
	fv_feed *photos;
	fv_slots slots;
	uint64_t seed;
	fv_graph *g;
	fv_program *program;
	float *raw, *v, *z, *maps;      /* of the crop in work */
	slot *slot;
	float (*description)[FV_DESCRIPTION];   /* by slot */
	fv_survey survey;
	int64_t pixels, values4, values3;
};

static void pack(const float *from, uint16_t *to, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		to[i] = fv_float_to_bf16(from[i]);
}

static void unpack(const uint16_t *from, float *to, int64_t n, float scale)
{
	for (int64_t i = 0; i < n; i++)
		to[i] = scale * fv_bf16_to_float(from[i]);
}

fv_status fv_pool_new(fv_err *err, fv_context *c, const fv_style_config *config, fv_store *teacher,
                      fv_feed *photos, const fv_slots *slots, uint64_t seed, fv_pool **out)
{
	fv_arena *a = fv_arena_new(c);
	fv_pool *p = a ? fv_arena_get(a, sizeof *p) : NULL;
	fv_status st;
	if (!p) {
		fv_arena_free(a);
		return fv_fail_memory(err, "pool", sizeof *p);
	}
	*p = (fv_pool){ .context = c, .arena = a, .config = config, .photos = photos,
	                .slots = *slots, .seed = seed,
	                .pixels = (int64_t)config->size * config->size };
	if ((st = fv_graph_new(err, c, &p->g)))
		goto done;
	fv_style_look_build(p->g, teacher, config, FV_LOOK_CONTENT);
	if ((st = fv_program_new(err, c, p->g, NULL, &p->program)))
		goto done;
	p->values4 = fv_program_values(p->program, "content4");
	p->values3 = fv_program_values(p->program, "content3");
	size_t noise = (size_t)(p->pixels * FV_STROKE_MARKS);
	size_t maps = (size_t)(p->values4 + p->values3), n = (size_t)slots->count;
	size_t bytes = (size_t)p->pixels * 3 * sizeof(float) + (noise + maps) * sizeof(uint16_t);
	p->raw = fv_arena_get(a, (size_t)p->pixels * 3 * sizeof(float));
	p->v = fv_arena_get(a, (size_t)p->pixels * 2 * sizeof(float));
	p->z = fv_arena_get(a, noise * sizeof(float));
	p->slot = fv_arena_get(a, n * sizeof *p->slot);
	p->description = fv_arena_get(a, n * sizeof *p->description);
	p->maps = fv_arena_get(a, maps * sizeof(float));
	bool memory = p->raw && p->v && p->z && p->maps && p->slot && p->description &&
	              fv_arena_reserve(a, n * (bytes + 4 * FV_ALIGN));
	for (size_t i = 0; i < n && memory; i++) {
		slot *s = &p->slot[i];
		s->crop = -1;
		s->x = fv_arena_get(a, (size_t)p->pixels * 3 * sizeof(float));
		s->z = fv_arena_get(a, noise * sizeof(uint16_t));
		s->content4 = fv_arena_get(a, (size_t)p->values4 * sizeof(uint16_t));
		s->content3 = fv_arena_get(a, (size_t)p->values3 * sizeof(uint16_t));
		memory = s->x && s->z && s->content4 && s->content3;
	}
	if (!memory)
		st = fv_fail_memory(err, "photographs ready to be painted", n * bytes);
done:
	if (st)
		fv_pool_free(p);
	else
		*out = p;
	return st;
}

void fv_pool_free(fv_pool *p)
{
	if (!p)
		return;
	fv_program_free(p->program);
	fv_graph_free(p->g);
	fv_arena_free(p->arena);
}

int64_t fv_pool_bytes(const fv_pool *p)
{
	return fv_program_bytes(p->program) +
	       p->slots.count * (p->pixels * (12 + 2 * FV_STROKE_MARKS) +
	                         2 * (p->values4 + p->values3));
}

static fv_status fill(fv_err *err, fv_pool *p, slot *s, int64_t crop)
{
	const fv_strokenet *net = &p->config->net;
	fv_stroke_options o = fv_strokenet_strokes(net);
	fv_philox draw = fv_philox_at(p->seed ^ fv_purpose("strokes"), 0, (uint64_t)crop);
	int64_t side = p->config->size;
	o.seed = (uint64_t)draw.v[0] << 32 | draw.v[1];
	o.broad = 1 + BROADER * fv_unit(draw.v[2]);
	o.detail = LEAST_DETAIL + (MOST_DETAIL - LEAST_DETAIL) * fv_unit(draw.v[3]);
	fv_feed_take(p->photos, crop, p->raw);
	fv_status st = fv_stroke_prepare(err, p->context, p->raw, side, side, &o, NULL, p->v, s->x,
	                                 p->z);
	if (st)
		return st;
	float *content4 = p->maps, *content3 = content4 + p->values4;
	fv_program_put(p->program, "picture", s->x);
	if ((st = fv_program_run(err, p->program, (fv_key){ p->seed, (uint64_t)crop, 0 })) ||
	    (st = fv_program_get(err, p->program, "content4", content4)) ||
	    (st = fv_program_get(err, p->program, "content3", content3)))
		return st;
	pack(p->z, s->z, p->pixels * FV_STROKE_MARKS);
	pack(content4, s->content4, p->values4);
	pack(content3, s->content3, p->values3);
	fv_describe(s->x, side, p->description[s - p->slot]);
	s->crop = crop;
	return FV_OK;
}

fv_status fv_pool_fill(fv_err *err, fv_pool *p, int64_t step, const fv_slots_live *live)
{
	char text[80];
	/* In the order of the crops: the feed makes them one after the other. */
	int64_t newest = p->slots.count + step / p->slots.every;
	bool changed = false;
	for (int64_t crop = newest - p->slots.count; crop < newest; crop++) {
		slot *s = &p->slot[crop % p->slots.count];
		if (s->crop == crop)
			continue;
		snprintf(text, sizeof text, "getting the photographs ready: %d of %d",
		         (int)(crop - newest + p->slots.count), (int)p->slots.count);
		if (live && live->live && s->crop < 0)
			live->live(live->user, (double)(crop - newest + p->slots.count) /
			                       (double)p->slots.count, text);
		if (fv_cancelled(p->context))
			return fv_fail(err, FV_E_CANCELLED,
			               "stopped while the photographs were made ready");
		fv_status st = fill(err, p, s, crop);
		if (st)
			return st;
		changed = true;
	}
	if (changed)
		p->survey = fv_survey_of(p->description, p->slots.count);
	return FV_OK;
}

void fv_pool_take(const fv_pool *p, int64_t i, float sign, float *x, float *z, float *content4,
                  float *content3)
{
	const slot *s = &p->slot[i];
	memcpy(x, s->x, (size_t)p->pixels * 3 * sizeof(float));
	/* A line is a line; a dab's numbers are as good the other way round. */
	unpack(s->z, z, p->pixels * FV_STROKE_MARKS,
	       p->config->net.medium == FV_MEDIUM_OIL ? sign : 1);
	unpack(s->content4, content4, p->values4, 1);
	unpack(s->content3, content3, p->values3, 1);
}

const float *fv_pool_description(const fv_pool *p, int64_t slot) { return p->description[slot]; }
const fv_survey *fv_pool_survey(const fv_pool *p) { return &p->survey; }
