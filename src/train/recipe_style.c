/* SPDX-License-Identifier: Apache-2.0 */
/* style: a folder of photographs, a folder of paintings; a painter comes out. The step: style_graph.h. */
#include "model/model.h"
#include "train/run.h"
#include "train/style_graph.h"
#include "train/train.h"
#include "train/watch.h"
#include <math.h>
#include <stdlib.h>

#define IDENTITY_EVERY 3
#define PREVIEWS 6
#define LONGEST 640                     /* training pictures are reduced to that */
#define ART_SHORTER 256                 /* strokes are learnt as a painting of that size shows them */

typedef struct {
	fv_style_config config[2];      /* with and without the identity term */
	fv_graph *g[2];
	fv_style_graph graph[2];
	fv_plan *plan[2];
	fv_feed *photos, *art;
} style;

/* About 5,000 multiply-adds a pixel, not 105,000: for previews and films. */
static bool instant(const fv_train_options *o) { return o->preset && !strcmp(o->preset, "instant"); }

static void defaults(fv_train_options *o)
{
	o->batch = o->batch > 0 ? o->batch : 4;
	o->size = o->size > 0 ? o->size : 128;
	o->width = o->width > 0 ? o->width : instant(o) ? 6 : 24;
	o->blocks = o->blocks > 0 ? o->blocks : instant(o) ? 3 : 5;
	o->rate = o->rate > 0 ? o->rate : 4e-4;
	o->adv = o->adv >= 0 ? o->adv : 2;
	o->nce = o->nce >= 0 ? o->nce : 0.7;
	o->swd = o->swd >= 0 ? o->swd : 8;
	o->colour = o->colour >= 0 ? o->colour : 1.5;
}

static fv_style_config config_of(const fv_train_options *o, bool identity)
{
	return (fv_style_config){
		.net = { .width = o->width, .blocks = o->blocks, .up = FV_UP_SPLINE, .stem = instant(o) ? 3 : 7, .head = instant(o) ? 3 : 7, .noise = 3, .colour = true, .palette = FV_PALETTE_TWICE, .half_chroma = true },
		.disc = { .width = 48, .scales = 3, .layers = 3, .channels = 6 }, .detail = 2, .augment = 0.3,
		.batch = o->batch, .size = o->size, .art_batches = 4, .head_width = 128, .patches = 192, .projections = 64, .swd_scales = 3,
		.adv = o->adv, .nce = o->nce, .swd = o->swd, .colour = o->colour, .beta1 = 0.5, .beta2 = 0.99, .eps = 1e-8, .identity = identity,
	};
}

static fv_status open_feeds(fv_err *err, fv_run *r, style *s)
{
	const fv_train_options *o = &r->o;
	fv_feed_options f = {
		.purpose = "photographs", .path = o->photos.path, .count = o->photos.count, .decode = o->decode, .user = o->user, .seed = o->seed,
		.batch = o->batch, .size = o->size, .longest = LONGEST, .zoom_low = 1.0, .zoom_high = 2.2,
	};
	fv_status st = fv_feed_open(err, r->context, &f, &s->photos);
	if (st)
		return st;
	f.purpose = "paintings";
	f.path = o->art.path;
	f.count = o->art.count;
	f.batch = s->config[0].art_batches * o->batch;
	/* Turned into other pixels, by however little, a painting loses the relief of its canvas. */
	f.zoom_low = f.zoom_high = 1;
	f.shorter = ART_SHORTER;
	if ((st = fv_feed_open(err, r->context, &f, &s->art)))
		return st;
	snprintf(r->data, sizeof r->data, "%.90s; %.90s", fv_feed_found(s->photos), fv_feed_found(s->art));
	return FV_OK;
}

static fv_status open(fv_err *err, fv_run *r)
{
	const fv_train_options *o = &r->o;
	char text[300];
	style *s = r->state = fv_alloc(r->context, sizeof *s);
	if (!s)
		return fv_fail_memory(err, "style", sizeof *s);
	if (o->preset && *o->preset && !instant(o))
		return fv_fail(err, FV_E_ARGUMENT, "preset '%s' is unknown: style has 'instant'", o->preset);
	if (o->size % 16 || o->size < 64 || o->size > 1024)
		return fv_fail(err, FV_E_ARGUMENT, "--size %d: a multiple of 16 from 64 to 1024", o->size);
	for (int i = 0; i < 2; i++)
		s->config[i] = config_of(o, !i);
	int64_t weights = 0;
	fv_err why;
	fv_status st = fv_stylenet_check(err, &s->config[0].net);
	if (st || (st = open_feeds(err, r, s)))
		return st;
	/* The larger program first: the smaller one works in its memory. */
	for (int i = 0; i < 2; i++) {
		if ((st = fv_graph_new(err, r->context, &s->g[i])))
			return st;
		fv_style_graph_build(s->g[i], r->store, o->seed, &s->config[i], false, &s->graph[i]);
		for (fv_variable *v = r->store->first; v && !i; v = v->next)
			weights += fv_tensor_bytes(v->tensor.type, v->tensor.shape);
		fv_plan_options how = { .share = i ? s->plan[0] : NULL, .recompute = true };
		if (o->max_memory)
			how.most = fv_max(1, o->max_memory - weights);
		if ((st = fv_plan_new(&why, r->context, s->g[i], &how, &s->plan[i])) == FV_E_LIMIT)
			return fv_fail(err, FV_E_MEMORY, "--max-memory is too little for a step, though values were made again: %s, beside %.0f MB of weights and "
			               "optimiser; try a smaller --batch or --size", why.text, (double)weights / 1e6);
		if (st)
			return fv_fail(err, st, "%s", why.text);
	}
	if (o->say) {
		o->say(o->user, fv_feed_found(s->photos));
		o->say(o->user, fv_feed_found(s->art));
		snprintf(text, sizeof text, "memory: %.0f MB for a step of %d crops of %d pixels, %.0f MB of weights and optimiser",
		         (double)fv_plan_bytes(s->plan[0]) / 1e6, o->batch, o->size, (double)weights / 1e6);
		o->say(o->user, text);
	}
	static const char *const name[] = { "d", "adv", "nce", "identity", "swd", "colour" };
	for (size_t i = 0; i < FV_COUNT(name); i++)
		r->loss_name[i] = name[i];
	r->losses = FV_COUNT(name);
	return FV_OK;
}

/* 1, then falling to 0 over the last 40 % of the steps; a warm-up does not know their number yet. */
static double falling(const fv_run *r)
{
	double left = r->steps ? 1 - (double)r->step / (double)r->steps : 1;
	return fmin(1, left / 0.4);
}

static double rate(const fv_run *r) { return r->rate_scale * r->o.rate * fmin(1, falling(r) + 0.02); }

static float *scalar(fv_plan *p, const fv_node *n) { return fv_plan_data(p, n); }

static fv_status step(fv_err *err, fv_run *r)
{
	style *s = r->state;
	int i = r->step % IDENTITY_EVERY != 0;
	fv_style_graph *g = &s->graph[i];
	fv_plan *p = s->plan[i];
	int64_t t = r->step - r->dropped + 1;                   /* of updates made */
	fv_feed_take(s->photos, r->step, fv_plan_data(p, g->x));
	fv_feed_take(s->art, r->step, fv_plan_data(p, g->art));
	*scalar(p, g->rate) = (float)rate(r);
	*scalar(p, g->step_d) = *scalar(p, g->step_g) = (float)t;
	/* While it learns the painter keeps to the photograph's hues; then it may take the palette's strength. */
	*scalar(p, g->hold) = (float)falling(r);
	*scalar(p, g->decay) = (float)fmin(0.999, (1.0 + (double)t) / (10.0 + (double)t));
	fv_status st = fv_plan_run(err, p, (fv_key){ r->o.seed, (uint64_t)r->step, (uint64_t)r->attempt });
	if (st)
		return st;
	const fv_node *loss[] = { g->loss_d, g->loss_adv, g->loss_nce, g->loss_identity, g->loss_swd, g->loss_colour };
	for (size_t k = 0; k < FV_COUNT(loss); k++)
		r->loss[k] = loss[k] ? *scalar(p, loss[k]) : NAN;
	r->finite = *scalar(p, g->ok_g) != 0;
	return FV_OK;
}

/* Left the photograph's crop, right its painting by the averaged weights. */
static fv_status preview(fv_err *err, fv_run *r, const char *path)
{
	style *s = r->state;
	int side = (int)fv_min(2 * r->o.size, 512);
	fv_graph *g = NULL;
	fv_plan *p = NULL;
	fv_feed *feed = NULL;
	uint8_t *bytes = NULL;
	if (!r->o.sheet)
		return FV_OK;
	fv_feed_options f = {
		.purpose = "previews", .path = r->o.photos.path, .count = (int)fv_min(r->o.photos.count, 24), .decode = r->o.decode, .user = r->o.user,
		.seed = 1, .batch = PREVIEWS, .size = side, .longest = LONGEST, .zoom_low = 1.2, .zoom_high = 1.2,
	};
	fv_status st = fv_feed_open(err, r->context, &f, &feed);
	if (st || (st = fv_graph_new(err, r->context, &g)))
		goto done;
	fv_scope scope = { .g = g, .store = r->store, .prefix = "E." };
	fv_node *x = fv_input(g, "photographs", FV_F32, fv_nhwc(PREVIEWS, side, side, 3));
	fv_node *noise = fv_random(g, FV_NORMAL, "noise", FV_F32, fv_nhwc(PREVIEWS, side, side, 1), 0, 1);
	fv_node *y = fv_stylenet_build(&scope, &s->config[0].net, x, noise, false, NULL);
	fv_output(g, y);
	if ((st = fv_plan_new(err, r->context, g, NULL, &p)))
		goto done;
	fv_feed_take(feed, 0, fv_plan_data(p, x));
	if ((st = fv_plan_run(err, p, (fv_key){ 1, 0, 0 })) || (st = fv_watch_painted(err, r, fv_plan_data(p, x), fv_plan_data(p, y), PREVIEWS, side)))
		goto done;
	fv_pixels cell[2 * PREVIEWS];
	int64_t n = (int64_t)side * side * 3;
	if (!(bytes = fv_alloc(r->context, (size_t)(2 * PREVIEWS * n)))) {
		st = fv_fail_memory(err, path, (size_t)(2 * PREVIEWS * n));
		goto done;
	}
	for (int i = 0; i < 2 * PREVIEWS; i++) {
		const float *v = (const float *)fv_plan_data(p, i % 2 ? y : x) + i / 2 * n;
		for (int64_t k = 0; k < n; k++)
			bytes[i * n + k] = (uint8_t)(fminf(fmaxf((v[k] + 1) * 127.5f, 0), 255) + 0.5f);
		cell[i] = (fv_pixels){ side, side, 3, 8, side * 3, bytes + i * n };
	}
	st = r->o.sheet(r->o.user, err, path, cell, 2 * PREVIEWS, 4);
done:
	fv_free(r->context, bytes);
	fv_plan_free(p);
	fv_graph_free(g);
	fv_feed_close(feed);
	return st;
}

static fv_status save(fv_err *err, fv_run *r, const char *path)
{
	style *s = r->state;
	const fv_train_options *o = &r->o;
	json_t *network = fv_stylenet_json(&s->config[0].net);
	json_t *about = json_pack("{s:{s:s, s:s, s:I, s:I, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:I}, s:s, s:{s:s, s:s, s:s, s:i, s:i, s:s}}",
	                          "training", "recipe", "style", "preset", o->preset ? o->preset : "", "step", (json_int_t)r->step, "steps", (json_int_t)r->steps, "batch", o->batch, "size", o->size,
	                          "rate", o->rate, "adv", o->adv, "nce", o->nce, "swd", o->swd, "colour", o->colour, "seed", (json_int_t)o->seed,
	                          "data", r->data,
	                          "signature", "input", "image, sRGB, RGB, [-1,1]", "noise", "normal, one channel", "output", "image, sRGB, RGB, [-1,1]",
	                          "multiple", fv_stylenet_multiple(&s->config[0].net), "least", 32, "conventions", "reflect padding; half-pixel grid; instance norm, biased, eps 1e-5");
	fv_status st = network && about ? fv_model_write(err, r->context, path, r->store, "E.", "stylenet", network, about) :
	               fv_fail(err, FV_E_MEMORY, "%s: no memory", path);
	json_decref(network);
	json_decref(about);
	return st;
}

static void close_run(fv_run *r)
{
	style *s = r->state;
	for (int i = 1; i >= 0; i--) {
		fv_plan_free(s->plan[i]);
		fv_graph_free(s->g[i]);
	}
	fv_feed_close(s->photos);
	fv_feed_close(s->art);
	fv_free(r->context, s);
	r->state = NULL;
}

const fv_recipe fv_recipe_style = {
	.name = "style", .defaults = defaults, .open = open, .step = step, .preview = preview, .save = save, .close = close_run,
	.period = IDENTITY_EVERY,
};

fv_style_config fv_style_default(bool identity)
{
	fv_train_options o = { .adv = -1, .nce = -1, .swd = -1, .colour = -1 };
	defaults(&o);
	return config_of(&o, identity);
}
