/* SPDX-License-Identifier: Apache-2.0 */
/* style: a folder of photographs, a folder of paintings; a painter comes out. The step: style_graph.h. */
#include "eval/likeness.h"
#include "model/model.h"
#include "paint/paint.h"
#include "train/bank.h"
#include "train/pool.h"
#include "train/run.h"
#include "train/style_relief.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define CRITIC "vgg19-small"            /* the network by which they are compared */
#define CRITIC_ART 32                   /* paintings that previews are compared with, at most */
#define PHOTO_LONGEST FV_PAINT_LEARNT               /* training photographs are reduced to that: a stroke is so wide in a picture of that size */
#define ART_LONGEST 1024                /* paintings are kept as */
#define WHOLE_SIDE 384                  /* pixels of a picture that relief is measured on */
#define ART_LONGER 700                  /* strokes are learnt as a painting of that longer side shows them */
#define NEAREST 8                       /* paintings of like colours, of which one is drawn */
#define RAMP 0.05                       /* of the steps: brushwork gets its whole weight */

typedef struct {
	fv_texts photos, art;
	const char *features;
	int64_t batch, size, width, blocks, marks, stem;
	double rate, adv, content, style, colour;
	int medium;
} options;

static const fv_option table[] = {
	{ .name = "photos", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES, .arg = "DIR",
	  .at = offsetof(options, photos), .preset_help = "those that come with fauve",
	  .help = "a folder of photographs, or one" },
	{ .name = "art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES, .required = true,
	  .arg = "DIR", .at = offsetof(options, art), .help = "a folder of paintings, or one" },
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, batch), .preset = "2", .low = 1,
	  .high = 100000, .help = "samples a step" },
	{ .name = "size", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, size), .preset = "128", .low = 64,
	  .high = 1024, .multiple = 16, .help = "side of the crops, a multiple of 16" },
	{ .name = "width", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", .at = offsetof(options, width),
	  .preset = "24", .low = 1, .high = 1024, .help = "channels of the painter at full size" },
	{ .name = "blocks", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", .at = offsetof(options, blocks),
	  .preset = "4", .low = 0, .high = 64, .help = "residual blocks of the painter" },
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, rate), .preset = "1e-3",
	  .low = 1e-8, .high = 1, .help = "learning rate" },
	{ .name = "adv", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, adv), .preset = "0.9", .low = 0,
	  .high = 1000, .help = "weight of the adversary" },
	{ .name = "content", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, content), .preset = "0.7",
	  .low = 0, .high = 1000, .help = "weight of what is shown" },
	{ .name = "style", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, style), .preset = "16", .low = 0,
	  .high = 1000, .help = "weight of brushwork and palette" },
	{ .name = "colour", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, colour), .preset = "12",
	  .low = 0, .high = 1000, .help = "weight of the photograph's own colours" },
	{ .name = "features", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .kept = FV_KEPT_APART, .arg = "FILE",
	  .at = offsetof(options, features), .preset = "vgg16",
	  .help = "the frozen network that teaches: a file, or the name of one that is here" },
	{ .name = "marks", .type = FV_OPT_INT, .kept = FV_KEPT_INNER, .at = offsetof(options, marks), .preset = "0" },
	{ .name = "stem", .type = FV_OPT_INT, .kept = FV_KEPT_INNER, .at = offsetof(options, stem), .preset = "0" },
	{ .name = "medium", .type = FV_OPT_ENUM, .kept = FV_KEPT_INNER, .at = offsetof(options, medium),
	  .preset = "oil", .choices = fv_medium_name },
	{ 0 },
};

/* Crops that were looked at stand in slots. */
static const fv_slots photo_slots = { 320, 8 }, art_slots = { 512, 16 };

typedef struct {
	fv_model *teacher;              /* the file; its store also holds the lines */
	fv_pool *pool;
	fv_bank *bank;
	float *sample;                  /* what of the step's inputs is of one sample, in the ports' order */
	/* by which previews say how near it is; from the first preview on */
	char critic_path[FV_PATH_MAX];  /* empty: they do not say */
	fv_model *critic;
	fv_likeness *likeness;
	fv_style_relief *relief;        /* from the first model on */
} style;

static fv_style_config config_of(const options *o)
{
	fv_style_config c = {
		.pixels = { .width = 24, .scales = 1, .layers = 3 }, .judge = 48, .batch = (int)o->batch, .size = (int)o->size, .directions = 128, .drawn = 32,
		.style = o->style, .sizes = 2, .coarse = 0.5, .content = o->content, .content3 = 0.1, .colour = o->colour,
		.adv = o->adv, .adv_pixels = o->adv / 2, .judge_rate = 0.5, .beta1 = 0.5, .beta2 = 0.99, .eps = 1e-8,
	};
	fv_family_preset(&fv_family_strokenet, &c.net);
	fv_family_preset(&fv_family_vgg, &c.teacher);
	c.net.width = (int)o->width, c.net.blocks = (int)o->blocks;
	c.net.marks = o->marks ? (int)o->marks : c.net.marks;
	c.net.stem = o->stem ? (int)o->stem : c.net.stem;
	c.net.medium = o->medium;
	return c;
}

static fv_status configure(fv_err *err, fv_run *r)
{
	fv_style_config *c = r->config;
	*c = config_of(r->options);
	return fv_family_check(err, &fv_family_strokenet, &c->net);
}

static fv_status open_teacher(fv_err *err, fv_run *r, style *s)
{
	const options *o = r->options;
	fv_style_config *c = r->config;
	fv_err without;
	fv_status st = fv_run_teacher(err, r, o->features, &s->teacher);
	if (st)
		return st;
	const fv_vgg *file = s->teacher->config;
	c->teacher.depth = file->depth, c->teacher.width = file->width;
	/* Previews go without where the small network is not here, or teaches itself. */
	if (strstr(o->features, CRITIC) ||
	    fv_run_place(&without, r, "features", CRITIC, s->critic_path, sizeof s->critic_path) ||
	    access(s->critic_path, R_OK))
		*s->critic_path = 0;
	return fv_teacher_variables(err, s->teacher->store, c);
}

static fv_status open(fv_err *err, fv_run *r)
{
	const fv_slots_live live = { fv_run_preparing, r };
	style *s = r->state = fv_alloc(r->context, sizeof *s);
	fv_status st = s ? open_teacher(err, r, s) : fv_fail_memory(err, "style", sizeof *s);
	if (st || (st = fv_bank_new(err, r->context, r->config, s->teacher->store, fv_data_feed(&r->data[1]), &art_slots, r->seed, &live, &s->bank)))
		return st;
	return fv_pool_new(err, r->context, r->config, s->teacher->store, fv_data_feed(&r->data[0]), &photo_slots, r->seed, &s->pool);
}

static int64_t bytes_of(const fv_run *r)
{
	const style *s = r->state;
	return fv_pool_bytes(s->pool) + fv_bank_bytes(s->bank) + fv_store_bytes(s->teacher->store);
}

static void build(fv_graph *g, fv_run *r)
{
	fv_style_graph_build(g, r->store, ((style *)r->state)->teacher->store, r->seed, r->config, false);
}

/* ------------------------------------------------------------------ schedules */
/* 1, then falling to 0 over the last 40 % of the steps; the first fifty rise to it. */
static double rate(const fv_run *r, int64_t update)
{
	return ((const options *)r->options)->rate * fmin(fmin(1, (1 - fv_run_done(r)) / 0.4 + 0.02), (double)(r->step + 1) / 50);
}

static double ramp(const fv_run *r, int64_t update) { return fmin(1, 0.15 + fv_run_done(r) / RAMP); }
static double decay(const fv_run *r, int64_t update) { return fmin(0.995, (2.0 + (double)update) / (11.0 + (double)update)); }

/* ------------------------------------------------------------------ what a step looks at */
#define PORTS (5 + FV_STYLE_LOOKS)
static int ports_of(const fv_style_config *c, char port[PORTS][24])
{
	static const char *const name[] = { "pictures", "marks", "content4", "content3", "art" };
	int n = 0;
	for (; n < 5; n++)
		snprintf(port[n], sizeof port[n], "%s", name[n]);
	for (int k = 0; k < c->sizes * FV_VGG_LAYERS; k++, n++)
		snprintf(port[n], sizeof port[n], "target.%d", k);
	return n;
}

/* Photographs and, for each, a painting of like colours. */
static fv_status feed(fv_err *err, fv_run *r, fv_program *p, int64_t number)
{
	const fv_slots_live live = { fv_run_preparing, r };
	style *s = r->state;
	char port[PORTS][24];
	int64_t values[PORTS], all = 0;
	int ports = ports_of(r->config, port);
	fv_status st = fv_bank_fill(err, s->bank, r->step, &live);
	if (st || (st = fv_pool_fill(err, s->pool, r->step, &live)))
		return st;
	for (int k = 0; k < ports; k++) {
		fv_type type;
		fv_shape shape = fv_scalar();
		fv_program_port(p, port[k], &type, &shape);
		all += values[k] = fv_elements(shape) / r->batch;
	}
	if (!s->sample && !(s->sample = fv_alloc(r->context, (size_t)all * sizeof *s->sample)))
		return fv_fail_memory(err, "style", (size_t)all * sizeof *s->sample);
	for (int64_t b = 0; b < r->batch; b++) {
		fv_philox draw = fv_philox_at(r->seed ^ fv_purpose("slots"), (uint64_t)number, (uint64_t)b);
		int64_t slot = (int64_t)(fv_unit(draw.v[0]) * (double)photo_slots.count);
		float *in[PORTS], *at = s->sample;
		for (int k = 0; k < ports; at += values[k++])
			in[k] = at;
		fv_pool_take(s->pool, slot, draw.v[1] & 1 ? 1 : -1, in[0], in[1], in[2], in[3]);
		int64_t near = fv_bank_match(s->bank, fv_pool_description(s->pool, slot), fv_pool_survey(s->pool), NEAREST, fv_unit(draw.v[2]));
		fv_bank_take(s->bank, near, in[4], in + 5);
		for (int k = 0; k < ports; k++)
			fv_program_put_part(p, port[k], b, r->batch, in[k]);
	}
	return FV_OK;
}

/* ------------------------------------------------------------------ relief */
/* By how much what it paints is to be raised. Photographs and paintings as they are seen whole, the same at each call. */
static fv_status relief_now(fv_err *err, fv_run *r, double relief[FV_RELIEF_BANDS])
{
	style *s = r->state;
	fv_feed *feed[2] = { NULL };
	fv_status st = FV_OK;
	for (int i = 0; i < 2 && !s->relief && !st; i++) {
		fv_feed_options f = {
			.purpose = i ? "whole paintings" : "whole photographs", .path = r->data[i].path, .count = r->data[i].count, .decode = r->o.decode, .user = r->o.user,
			.seed = 1, .batch = 1, .size = WHOLE_SIDE, .longest = i ? ART_LONGEST : PHOTO_LONGEST, .longer = i ? PHOTO_LONGEST : 0, .zoom_low = 1, .zoom_high = 1,
		};
		st = fv_feed_open(err, r->context, &f, &feed[i]);
	}
	if (!s->relief && !st)
		st = fv_style_relief_new(err, r->context, r->config, WHOLE_SIDE, feed[0], feed[1], &s->relief);
	fv_feed_close(feed[0]);
	fv_feed_close(feed[1]);
	return st ? st : fv_style_relief_now(err, s->relief, r->store, relief);
}

/* The photographs of previews are as large as the training's: the scale is 1. */
static fv_status finish(fv_err *err, fv_run *r, float *painted, int side, float *room)
{
	double relief[FV_RELIEF_BANDS] = { 1, 1 };
	fv_status st = relief_now(err, r, relief);
	return st ? st : fv_relief_raise(err, r->context, painted, side, side, 1, relief, room);
}

static fv_status about(fv_err *err, fv_run *r, json_t *about)
{
	style *s = r->state;
	uint8_t palette[FV_BANK_COLOURS][3];
	double relief[FV_RELIEF_BANDS] = { 1, 1 };
	fv_status st = relief_now(err, r, relief);
	fv_bank_palette(s->bank, palette);
	if (!st && (json_object_set_new(about, "relief", json_pack("[f,f]", relief[0], relief[1])) ||
	            json_object_set_new(about, "palette", fv_colours_json(palette, FV_BANK_COLOURS))))
		st = fv_fail(err, FV_E_MEMORY, "%s: no memory for the model", r->folder);
	return st;
}

/* ------------------------------------------------------------------ how near it is */
/* The critic and what it has seen of the paintings. */
static fv_status open_critic(fv_err *err, fv_run *r, style *s)
{
	const fv_data *d = &r->data[1];
	fv_seen art = { 0 };
	int every = (int)fv_div_up(d->count, CRITIC_ART);
	fv_status st = fv_model_open(err, r->context, s->critic_path, &s->critic);
	if (st || (st = fv_likeness_open(err, r->context, s->critic, &s->likeness)))
		return st;
	for (int i = 0; i < d->count && !st; i += every) {
		fv_err broken;                  /* the feed has said so */
		fv_pixels p;
		if (r->o.decode(r->o.user, &broken, d->path[i], ART_LONGEST, &p))
			continue;
		st = fv_likeness_add(err, s->likeness, &art, &p, NULL, 1);
		free(p.data);
	}
	if (!st)
		st = fv_likeness_art(err, s->likeness, &art);
	fv_seen_free(s->likeness, &art);
	return st;
}

/* How near the paintings of a preview are. Few pictures: figures to compare with each other. */
static fv_status look(fv_err *err, fv_run *r, const fv_pixels *cell, int pictures)
{
	style *s = r->state;
	fv_pixels photo[16], painted[16];
	fv_seen seen = { 0 };
	fv_likeness_figures f;
	fv_status st = FV_OK;
	if (!*s->critic_path || pictures > (int)FV_COUNT(photo) || (!s->likeness && (st = open_critic(err, r, s))))
		return st;
	for (int i = 0; i < pictures; i++)
		photo[i] = cell[2 * i], painted[i] = cell[2 * i + 1];
	if (!(st = fv_likeness_add(err, s->likeness, &seen, painted, photo, pictures)) && !(st = fv_likeness_measure(err, s->likeness, &seen, NULL, &f))) {
		fv_run_say(r, "step %" PRId64 ": distance from the paintings in brushwork %.0f, in colour %.0f, from afar %.0f; %.2f of the scene kept (%d pictures)", r->step,
		           f.view[FV_HAND], f.view[FV_LOOK], f.view[FV_FAR], f.content, pictures);
		st = fv_run_time(err, r, "\"hand\":%.2f,\"look\":%.2f,\"far\":%.2f,\"content\":%.3f", f.view[FV_HAND], f.view[FV_LOOK], f.view[FV_FAR], f.content);
	}
	fv_seen_free(s->likeness, &seen);
	return st;
}

static void close_run(fv_run *r)
{
	style *s = r->state;
	fv_pool_free(s->pool);
	fv_bank_free(s->bank);
	fv_likeness_close(s->likeness);
	fv_style_relief_free(s->relief);
	fv_model_free(s->critic);
	fv_model_free(s->teacher);
	fv_free(r->context, s->sample);
	fv_free(r->context, s);
}

static json_t *signature(void)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s}", "input", "image, sRGB, RGB, [-1,1], in dabs along its flow", "marks",
	                 "three numbers a dab, even, of spread 1, and its bristles", "output", "image, sRGB, RGB, [-1,1]", "multiple", fv_family_strokenet.in[0].multiple,
	                 "least", fv_family_strokenet.in[0].least, "longer", PHOTO_LONGEST, "conventions", "reflect padding; half-pixel grid; instance norm, biased, eps 1e-5");
}

const fv_recipe fv_recipe_style = {
	.name = "style", .help = "a painter's hand, from a folder of paintings and one of photographs",
	.options = table, .bytes = sizeof(options), .seconds = 1200,
	.presets = {
		{ "instant", "a painter of a twentieth of the work, for previews and films", { "width=8", "blocks=3", "marks=6", "stem=3" } },
		{ "print", "lines and flat areas instead of strokes, and no more than that of the scene", { "blocks=0", "colour=3", "medium=print" } },
	},
	.data = {
		{ .option = "photos", .type = &fv_data_crops, .purpose = "photographs", .batch = 1, .longest = PHOTO_LONGEST, .zoom_low = 1, .zoom_high = 1.8,
		  .shipped = "photographs that come with fauve (photos/CREDITS.md)" },
		{ .option = "art", .type = &fv_data_crops, .purpose = "paintings", .batch = 1, .longest = ART_LONGEST, .longer = ART_LONGER, .zoom_low = 0.8, .zoom_high = 1.25 },
	},
	.config_bytes = sizeof(fv_style_config), .configure = configure, .open = open, .close = close_run, .bytes_of = bytes_of,
	.programs = { {
		.name = "step", .build = build, .feed = feed, .ok = "ok",
		.scalars = (const fv_recipe_scalar[]){ { "rate", rate, true }, { "step.d", fv_schedule_update }, { "step.g", fv_schedule_update }, { "ramp", ramp },
		                                       { "decay", decay }, { 0 } },
		.losses = (const fv_recipe_loss[]){
			{ "d", { "loss.d" }, .won_below = 0.01 }, { "adv", { "loss.adv" } },
			{ "pixels", { "loss.pixels" } }, { "style", { "loss.style" } },
			{ "coarse", { "loss.coarse" } }, { "content", { "loss.content" } },
			{ "colour", { "loss.colour" } }, { 0 } },
	} },
	.models = { { "model.safetensors", &fv_family_strokenet, "E.", offsetof(fv_style_config, net),
	              .shows = "photos", .learnt = "G." } },
	.signature = signature, .about = about, .finish = finish, .look = look,
	.smallest = (const char *const[]){ "width=4", "blocks=1", "size=64", "batch=1", "features=" CRITIC, NULL },
};

fv_style_config fv_style_default(void)
{
	options o = { 0 };
	fv_recipe_values(NULL, &fv_recipe_style, NULL, &o);
	return config_of(&o);
}
