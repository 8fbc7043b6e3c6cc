/* SPDX-License-Identifier: Apache-2.0 */
/* style: a folder of photographs, a folder of paintings; a painter comes out. The step: style_graph.h. */
#include "eval/likeness.h"
#include "model/model.h"
#include "model/weights.h"
#include "paint/paint.h"
#include "train/bank.h"
#include "train/pool.h"
#include "train/run.h"
#include "train/style_relief.h"
#include "train/train.h"
#include "train/watch.h"
#include <math.h>
#include <stdlib.h>

#define PREVIEWS 6
#define CRITIC_ART 32                   /* paintings that previews are compared with, at most */
#define PHOTO_LONGEST FV_PAINT_LEARNT               /* training photographs are reduced to that: a stroke is so wide in a picture of that size */
#define ART_LONGEST 1024                /* paintings are kept as */
#define PREVIEW_SIDE 384                /* pixels of a preview's picture */
#define ART_LONGER 700                  /* strokes are learnt as a painting of that longer side shows them */
#define NEAREST 8                       /* paintings of like colours, of which one is drawn */
#define RAMP 0.05                       /* of the steps: brushwork gets its whole weight */

static const fv_slots photo_slots = { 320, 8 }, art_slots = { 512, 16 };

typedef struct {
	fv_style_config config;
	fv_model *teacher;              /* the file; its store also holds the lines */
	fv_graph *g;
	fv_style_graph graph;
	fv_plan *plan;
	fv_feed *photos, *art;
	fv_pool *pool;
	fv_bank *bank;
	/* by which previews say how near it is; from the first preview on */
	fv_model *critic;
	fv_likeness *likeness;
	fv_style_relief *relief;        /* from the first model on */
} style;

/* A painter of a tenth of the work: for previews and films. */
static bool instant(const fv_train_options *o) { return o->preset && !strcmp(o->preset, "instant"); }
/* A painter of prints: lines and flat areas, and no more than that of the scene. */
static bool print(const fv_train_options *o) { return o->preset && !strcmp(o->preset, "print"); }

static void defaults(fv_train_options *o)
{
	o->batch = o->batch > 0 ? o->batch : 2;
	o->size = o->size > 0 ? o->size : 128;
	o->width = o->width > 0 ? o->width : instant(o) ? 8 : 24;
	o->blocks = o->blocks > 0 ? o->blocks : print(o) ? 0 : instant(o) ? 3 : 4;
	o->rate = o->rate > 0 ? o->rate : 1e-3;
	o->adv = o->adv >= 0 ? o->adv : 0.9;
	o->content = o->content >= 0 ? o->content : 0.7;
	o->style = o->style >= 0 ? o->style : 16;
	o->colour = o->colour >= 0 ? o->colour : print(o) ? 3 : 12;
}

static fv_style_config config_of(const fv_train_options *o)
{
	fv_style_config c = {
		.pixels = { .width = 24, .scales = 1, .layers = 3 }, .judge = 48,
		.batch = o->batch, .size = o->size, .directions = 128, .drawn = 32, .style = o->style, .sizes = 2, .coarse = 0.5, .content = o->content, .content3 = 0.1, .colour = o->colour,
		.adv = o->adv, .adv_pixels = o->adv / 2, .judge_rate = 0.5, .beta1 = 0.5, .beta2 = 0.99, .eps = 1e-8,
	};
	fv_family_preset(&fv_family_strokenet, &c.net);
	fv_family_preset(&fv_family_vgg, &c.teacher);
	c.net.width = o->width, c.net.blocks = o->blocks;
	c.net.marks = instant(o) ? 6 : c.net.marks;
	c.net.stem = instant(o) ? 3 : c.net.stem;
	c.net.medium = print(o) ? FV_MEDIUM_PRINT : c.net.medium;
	return c;
}

static fv_status open_feeds(fv_err *err, fv_run *r, style *s)
{
	const fv_train_options *o = &r->o;
	fv_feed_options f = {
		.purpose = "photographs", .path = o->photos.path, .count = o->photos.count, .decode = o->decode, .user = o->user, .seed = o->seed,
		.batch = 1, .size = o->size, .longest = PHOTO_LONGEST, .zoom_low = 1.0, .zoom_high = 1.8,
	};
	fv_status st = fv_feed_open(err, r->context, &f, &s->photos);
	if (st)
		return st;
	f.purpose = "paintings";
	f.path = o->art.path;
	f.count = o->art.count;
	f.longest = ART_LONGEST;
	f.longer = ART_LONGER;
	f.zoom_low = 0.8;
	f.zoom_high = 1.25;
	if ((st = fv_feed_open(err, r->context, &f, &s->art)))
		return st;
	snprintf(r->data, sizeof r->data, "%.90s; %.90s", fv_feed_found(s->photos), fv_feed_found(s->art));
	return FV_OK;
}

static fv_status open_teacher(fv_err *err, fv_run *r, style *s)
{
	fv_status st = r->o.features ? fv_model_open(err, r->context, r->o.features, &s->teacher) :
	               fv_fail(err, FV_E_ARGUMENT, "style is taught by a feature network, and none was given");
	if (st)
		return st;
	if (s->teacher->family != &fv_family_vgg)
		return fv_fail(err, FV_E_ARGUMENT, "%s: is a model of family %s and cannot teach; give a feature network, such as vgg16", r->o.features, s->teacher->family->name);
	const fv_vgg *file = s->teacher->config;
	s->config.teacher.depth = file->depth, s->config.teacher.width = file->width;
	return fv_teacher_variables(err, s->teacher->store, &s->config);
}

static fv_status make_plan(fv_err *err, fv_run *r, style *s)
{
	fv_err why;
	int64_t weights = 0, most = r->o.max_memory;
	char text[300];
	fv_status st = fv_graph_new(err, r->context, &s->g);
	if (st)
		return st;
	fv_style_graph_build(s->g, r->store, s->teacher->store, r->o.seed, &s->config, false, &s->graph);
	for (fv_variable *v = r->store->first; v; v = v->next)
		weights += fv_tensor_bytes(v->tensor.type, v->tensor.shape);
	for (fv_variable *v = s->teacher->store->first; v; v = v->next)
		weights += fv_tensor_bytes(v->tensor.type, v->tensor.shape);
	int64_t material = fv_pool_bytes(s->pool) + fv_bank_bytes(s->bank);
	fv_plan_options how = { .recompute = true, .most = most ? fv_max(1, most - weights - material) : 0 };
	if ((st = fv_plan_new(&why, r->context, s->g, &how, &s->plan)) == FV_E_LIMIT)
		return fv_fail(err, FV_E_MEMORY, "--max-memory is too little for a step, though values were made again: %s, beside %.0f MB of weights, optimiser and material; "
		               "try a smaller --batch or --size", why.text, (double)(weights + material) / 1e6);
	if (st)
		return fv_fail(err, st, "%s", why.text);
	snprintf(text, sizeof text, "memory: %.0f MB for a step of %d crops of %d pixels, %.0f MB of weights and optimiser, %.0f MB of crops that were looked at",
	         (double)fv_plan_bytes(s->plan) / 1e6, r->o.batch, r->o.size, (double)weights / 1e6, (double)material / 1e6);
	if (r->o.say)
		r->o.say(r->o.user, text);
	return FV_OK;
}

static fv_status open(fv_err *err, fv_run *r)
{
	const fv_train_options *o = &r->o;
	const fv_slots_live live = { o->live, o->user };
	style *s = r->state = fv_alloc(r->context, sizeof *s);
	if (!s)
		return fv_fail_memory(err, "style", sizeof *s);
	if (o->preset && *o->preset && !instant(o) && !print(o))
		return fv_fail(err, FV_E_ARGUMENT, "preset '%s' is unknown: style has 'instant' and 'print'", o->preset);
	if (o->size % 16 || o->size < 64 || o->size > 1024)
		return fv_fail(err, FV_E_ARGUMENT, "--size %d: a multiple of 16 from 64 to 1024", o->size);
	s->config = config_of(o);
	fv_status st = fv_family_check(err, &fv_family_strokenet, &s->config.net);
	if (st || (st = open_teacher(err, r, s)) || (st = open_feeds(err, r, s)))
		return st;
	if (o->say) {
		o->say(o->user, fv_feed_found(s->photos));
		o->say(o->user, fv_feed_found(s->art));
	}
	if ((st = fv_bank_new(err, r->context, &s->config, s->teacher->store, s->art, &art_slots, o->seed, &live, &s->bank)) ||
	    (st = fv_pool_new(err, r->context, &s->config, s->teacher->store, s->photos, &photo_slots, o->seed, &s->pool)) || (st = make_plan(err, r, s)))
		return st;
	static const char *const name[] = { "d", "adv", "pixels", "style", "coarse", "content", "colour" };
	for (size_t i = 0; i < FV_COUNT(name); i++)
		r->loss_name[i] = name[i];
	r->losses = FV_COUNT(name);
	return FV_OK;
}

/* Done, 0 to 1; a warm-up does not know the number of steps yet. */
static double done(const fv_run *r) { return r->steps ? (double)r->step / (double)r->steps : 0; }

/* 1, then falling to 0 over the last 40 % of the steps; the first fifty rise to it. */
static double rate(const fv_run *r)
{
	return r->rate_scale * r->o.rate * fmin(fmin(1, (1 - done(r)) / 0.4 + 0.02), (double)(r->step + 1) / 50);
}

static float *scalar(fv_plan *p, const fv_node *n) { return fv_plan_data(p, n); }

/* Photographs and, for each, a painting of like colours. */
static fv_status feed(fv_err *err, fv_run *r, style *s)
{
	const fv_slots_live live = { r->o.live, r->o.user };
	fv_style_graph *g = &s->graph;
	fv_plan *p = s->plan;
	fv_status st = fv_bank_fill(err, s->bank, r->step, &live);
	if (st || (st = fv_pool_fill(err, s->pool, r->step, &live)))
		return st;
	for (int64_t b = 0; b < r->o.batch; b++) {
		fv_philox draw = fv_philox_at(r->o.seed ^ fv_purpose("slots"), (uint64_t)r->step, (uint64_t)b);
		int64_t slot = (int64_t)(fv_unit(draw.v[0]) * (double)photo_slots.count);
		float *in[] = { fv_plan_data(p, g->x), fv_plan_data(p, g->z), fv_plan_data(p, g->content4), fv_plan_data(p, g->content3), fv_plan_data(p, g->art) };
		const fv_node *node[] = { g->x, g->z, g->content4, g->content3, g->art };
		float *quantiles[FV_STYLE_LOOKS];
		for (size_t i = 0; i < FV_COUNT(in); i++)
			in[i] += b * fv_elements(node[i]->shape) / r->o.batch;
		for (int k = 0; k < s->config.sizes * FV_VGG_LAYERS; k++)
			quantiles[k] = (float *)fv_plan_data(p, g->target[k]) + b * fv_elements(g->target[k]->shape) / r->o.batch;
		fv_pool_take(s->pool, slot, draw.v[1] & 1 ? 1 : -1, in[0], in[1], in[2], in[3]);
		int64_t near = fv_bank_match(s->bank, fv_pool_description(s->pool, slot), fv_pool_survey(s->pool), NEAREST, fv_unit(draw.v[2]));
		fv_bank_take(s->bank, near, in[4], quantiles);
	}
	return FV_OK;
}

static fv_status step(fv_err *err, fv_run *r)
{
	style *s = r->state;
	fv_style_graph *g = &s->graph;
	fv_plan *p = s->plan;
	int64_t t = r->step - r->dropped + 1;                   /* of updates made */
	fv_status st = feed(err, r, s);
	if (st)
		return st;
	*scalar(p, g->rate) = (float)rate(r);
	*scalar(p, g->step_d) = *scalar(p, g->step_g) = (float)t;
	*scalar(p, g->ramp) = (float)fmin(1, 0.15 + done(r) / RAMP);
	*scalar(p, g->decay) = (float)fmin(0.995, (1.0 + (double)t) / (10.0 + (double)t));
	if ((st = fv_plan_run(err, p, (fv_key){ r->o.seed, (uint64_t)r->step, (uint64_t)r->attempt })))
		return st;
	const fv_node *loss[] = { g->loss_d, g->loss_adv, g->loss_adv_pixels, g->loss_style, g->loss_coarse, g->loss_content, g->loss_colour };
	for (size_t k = 0; k < FV_COUNT(loss); k++)
		r->loss[k] = loss[k] ? *scalar(p, loss[k]) : NAN;
	r->finite = *scalar(p, g->ok_g) != 0;
	return FV_OK;
}

/* By how much what it paints is to be raised. Photographs and paintings as they are seen whole, the same at each call. */
static fv_status relief_now(fv_err *err, fv_run *r, double relief[FV_RELIEF_BANDS])
{
	style *s = r->state;
	const fv_train_options *o = &r->o;
	fv_feed *photos = NULL, *art = NULL;
	fv_feed_options f = {
		.purpose = "whole photographs", .path = o->photos.path, .count = o->photos.count, .decode = o->decode, .user = o->user, .seed = 1,
		.batch = 1, .size = PREVIEW_SIDE, .longest = PHOTO_LONGEST, .zoom_low = 1, .zoom_high = 1,
	};
	fv_status st = FV_OK;
	if (!s->relief) {
		st = fv_feed_open(err, r->context, &f, &photos);
		f.purpose = "whole paintings", f.path = o->art.path, f.count = o->art.count;
		f.longest = ART_LONGEST, f.longer = PHOTO_LONGEST;
		if (!st && !(st = fv_feed_open(err, r->context, &f, &art)))
			st = fv_style_relief_new(err, r->context, &s->config, PREVIEW_SIDE, photos, art, &s->relief);
		fv_feed_close(photos);
		fv_feed_close(art);
	}
	return st ? st : fv_style_relief_now(err, s->relief, r->store, relief);
}

/* ------------------------------------------------------------------ previews */
/* x: PREVIEWS photographs of `side`; *y: their paintings by the averaged weights; free it. */
static fv_status paint(fv_err *err, fv_run *r, const float *x, int side, float **y)
{
	style *s = r->state;
	const fv_strokenet *net = &s->config.net;
	int64_t n = (int64_t)side * side, in = 3 * n;
	double relief[FV_RELIEF_BANDS] = { 1, 1 };
	fv_graph *g = NULL;
	fv_plan *p = NULL;
	float *v = fv_alloc(r->context, (size_t)in * sizeof *v), *out = fv_alloc(r->context, (size_t)(PREVIEWS * in) * sizeof *out);
	fv_stroke_options o = fv_strokenet_strokes(net);
	fv_status st = v && out ? fv_graph_new(err, r->context, &g) : fv_fail_memory(err, "preview", (size_t)(PREVIEWS * in) * sizeof *out);
	if (st)
		goto done;
	fv_scope scope = { .g = g, .store = r->store, .prefix = "E." };
	fv_node *in_port[FV_PORTS] = { NULL }, *out_port[FV_PORTS] = { NULL };
	fv_family_build(&scope, &fv_family_strokenet, net, side, side, in_port, out_port);
	const fv_node *under = in_port[0], *z = in_port[1];
	fv_node *painted = out_port[0];
	fv_output(g, painted, "painting");
	if (!(st = fv_plan_new(err, r->context, g, NULL, &p)))
		st = relief_now(err, r, relief);
	for (int i = 0; i < PREVIEWS && !st; i++) {
		o.seed = (uint64_t)i;
		if ((st = fv_stroke_prepare(err, r->context, x + i * in, side, side, &o, NULL, v, fv_plan_data(p, under), fv_plan_data(p, z))) ||
		    (st = fv_plan_run(err, p, (fv_key){ 1, 0, 0 })))
			break;
		memcpy(out + i * in, fv_plan_data(p, painted), (size_t)in * sizeof *out);
		/* The photographs are as large as the training's: the scale is 1. */
		if ((st = fv_relief_raise(err, r->context, out + i * in, side, side, 1, relief, v)))
			break;
	}
done:
	fv_plan_free(p);
	fv_graph_free(g);
	fv_free(r->context, v);
	*y = out;
	return st;
}

/* The critic and what it has seen of the paintings. */
static fv_status open_critic(fv_err *err, fv_run *r, style *s)
{
	const fv_train_options *o = &r->o;
	fv_seen art = { 0 };
	int every = (int)fv_div_up(o->art.count, CRITIC_ART);
	fv_status st = fv_model_open(err, r->context, o->critic, &s->critic);
	if (st || (st = fv_likeness_open(err, r->context, s->critic, &s->likeness)))
		return st;
	for (int i = 0; i < o->art.count && !st; i += every) {
		fv_err broken;                  /* the feed has said so */
		fv_pixels p;
		if (o->decode(o->user, &broken, o->art.path[i], ART_LONGEST, &p))
			continue;
		st = fv_likeness_add(err, s->likeness, &art, &p, NULL, 1);
		free(p.data);
	}
	if (!st)
		st = fv_likeness_art(err, s->likeness, &art);
	fv_seen_free(s->likeness, &art);
	return st;
}

/* How near the paintings of a preview are: photograph and painting by turns in cell. Few pictures: figures to compare with each other. */
static fv_status say_likeness(fv_err *err, fv_run *r, const fv_pixels *cell)
{
	style *s = r->state;
	fv_pixels photo[PREVIEWS], painted[PREVIEWS];
	fv_seen seen = { 0 };
	fv_likeness_figures f;
	fv_status st = FV_OK;
	if (!r->o.critic || (!s->likeness && (st = open_critic(err, r, s))))
		return st;
	for (int i = 0; i < PREVIEWS; i++)
		photo[i] = cell[2 * i], painted[i] = cell[2 * i + 1];
	if (!(st = fv_likeness_add(err, s->likeness, &seen, painted, photo, PREVIEWS)) && !(st = fv_likeness_measure(err, s->likeness, &seen, NULL, &f))) {
		fv_run_say(r, "step %" PRId64 ": distance from the paintings in brushwork %.0f, in colour %.0f, from afar %.0f; %.2f of the scene kept (%d pictures)", r->step,
		           f.view[FV_HAND], f.view[FV_LOOK], f.view[FV_FAR], f.content, PREVIEWS);
		st = fv_run_time(err, r, "\"hand\":%.2f,\"look\":%.2f,\"far\":%.2f,\"content\":%.3f", f.view[FV_HAND], f.view[FV_LOOK], f.view[FV_FAR], f.content);
	}
	fv_seen_free(s->likeness, &seen);
	return st;
}

/* Left the photograph's crop, right its painting. */
static fv_status preview(fv_err *err, fv_run *r, const char *path)
{
	int side = PREVIEW_SIDE;
	int64_t n = (int64_t)side * side * 3;
	fv_feed *feed = NULL;
	uint8_t *bytes = NULL;
	float *x = NULL, *y = NULL;
	if (!r->o.sheet)
		return FV_OK;
	fv_feed_options f = {
		.purpose = "previews", .path = r->o.photos.path, .count = (int)fv_min(r->o.photos.count, 24), .decode = r->o.decode, .user = r->o.user,
		.seed = 1, .batch = PREVIEWS, .size = side, .longest = PHOTO_LONGEST, .zoom_low = 1.2, .zoom_high = 1.2,
	};
	fv_status st = fv_feed_open(err, r->context, &f, &feed);
	if (st)
		goto done;
	x = fv_alloc(r->context, (size_t)(PREVIEWS * n) * sizeof *x);
	if (!x || !(bytes = fv_alloc(r->context, (size_t)(2 * PREVIEWS * n)))) {
		st = fv_fail_memory(err, path, (size_t)(2 * PREVIEWS * n));
		goto done;
	}
	fv_feed_take(feed, 0, x);
	if ((st = paint(err, r, x, side, &y)) || (st = fv_watch_painted(err, r, x, y, PREVIEWS, side)))
		goto done;
	fv_pixels cell[2 * PREVIEWS];
	for (int i = 0; i < 2 * PREVIEWS; i++) {
		const float *v = (i % 2 ? y : x) + i / 2 * n;
		for (int64_t k = 0; k < n; k++)
			bytes[i * n + k] = (uint8_t)(fminf(fmaxf((v[k] + 1) * 127.5f, 0), 255) + 0.5f);
		cell[i] = (fv_pixels){ side, side, 3, 8, side * 3, bytes + i * n };
	}
	if (!(st = say_likeness(err, r, cell)))
		st = r->o.sheet(r->o.user, err, path, cell, 2 * PREVIEWS, 4);
done:
	fv_free(r->context, bytes);
	fv_free(r->context, x);
	fv_free(r->context, y);
	fv_feed_close(feed);
	return st;
}

static fv_status save(fv_err *err, fv_run *r, const char *path)
{
	style *s = r->state;
	const fv_train_options *o = &r->o;
	uint8_t palette[FV_BANK_COLOURS][3];
	fv_bank_palette(s->bank, palette);
	double relief[FV_RELIEF_BANDS] = { 1, 1 };
	fv_status st = relief_now(err, r, relief);
	if (st)
		return st;
	json_t *about = json_pack("{s:[f,f], s:o, s:{s:s, s:s, s:I, s:I, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:I}, s:s, s:{s:s, s:s, s:s, s:i, s:i, s:i, s:s}}",
	                          "relief", relief[0], relief[1], "palette", fv_colours_json(palette, FV_BANK_COLOURS), "training", "recipe", "style", "preset", o->preset ? o->preset : "", "step", (json_int_t)r->step, "steps", (json_int_t)r->steps, "batch", o->batch, "size", o->size,
	                          "rate", o->rate, "adv", o->adv, "content", o->content, "style", o->style, "colour", o->colour, "seed", (json_int_t)o->seed,
	                          "data", r->data,
	                          "signature", "input", "image, sRGB, RGB, [-1,1], in dabs along its flow", "marks", "three numbers a dab, even, of spread 1, and its bristles", "output", "image, sRGB, RGB, [-1,1]",
	                          "multiple", fv_family_strokenet.in[0].multiple, "least", fv_family_strokenet.in[0].least, "longer", PHOTO_LONGEST, "conventions", "reflect padding; half-pixel grid; instance norm, biased, eps 1e-5");
	st = about ? fv_model_write(err, r->context, path, r->store, "E.", &fv_family_strokenet, &s->config.net, about) :
	               fv_fail(err, FV_E_MEMORY, "%s: no memory", path);
	json_decref(about);
	return st;
}

static void close_run(fv_run *r)
{
	style *s = r->state;
	fv_plan_free(s->plan);
	fv_graph_free(s->g);
	fv_pool_free(s->pool);
	fv_bank_free(s->bank);
	fv_feed_close(s->photos);
	fv_feed_close(s->art);
	fv_likeness_close(s->likeness);
	fv_style_relief_free(s->relief);
	fv_model_free(s->critic);
	fv_model_free(s->teacher);
	fv_free(r->context, s);
	r->state = NULL;
}

const fv_recipe fv_recipe_style = {
	.name = "style", .defaults = defaults, .open = open, .step = step, .preview = preview, .save = save, .close = close_run,
	.period = 1,
};

fv_style_config fv_style_default(void)
{
	fv_train_options o = { .adv = -1, .content = -1, .style = -1, .colour = -1 };
	defaults(&o);
	return config_of(&o);
}
