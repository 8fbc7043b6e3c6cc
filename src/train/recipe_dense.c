/* SPDX-License-Identifier: Apache-2.0 */
/* dense: the textbook's GAN on small grey pictures. The step: dense_graph.h.
 *
 * The preset `textbook` is the recipe as printed: ReLU, Adam with rate 1e-3 and beta1 0.9, no penalty. It collapses: the
 * discriminator soon tells every picture, and the generator ends in one blot whatever the noise. The default differs in
 * three numbers:
 *
 *	r1 1		a penalty on the slope of the discriminator at real pictures (R1: Mescheder et al., arXiv:1801.04406),
 *			so that it never gets so steep that the generator learns nothing; 0.1 is too little
 *	beta1 0.5	Radford et al., arXiv:1511.06434; with 0.9 the generator is dead after a hundred steps, penalty or not
 *	slope 0.2	LeakyReLU in the discriminator, from the same paper; ReLU also lives, a little behind
 *
 * What does not help without the penalty: the last two with a rate of 2e-4 and label 0.9 for real pictures. */
#include "model/model.h"
#include "train/dense_graph.h"
#include "train/mnist.h"
#include "train/run.h"
#include "train/train.h"
#include "train/watch.h"
#include <math.h>
#include <stdlib.h>

typedef struct {
	fv_dense_config config;
	fv_graph *g;
	fv_program *program;
	float *x;                       /* a batch */
	fv_digits digits;
} dense;

static bool textbook(const fv_train_options *o) { return o->preset && !strcmp(o->preset, "textbook"); }

fv_dense_config fv_dense_settings(bool textbook)
{
	fv_dense_config c = {
		.net = { .slope = textbook ? 0 : 0.2 },
		.batch = 1000, .rate = 1e-3, .beta1 = textbook ? 0.9 : 0.5, .beta2 = 0.999, .eps = 1e-7, .r1 = textbook ? 0 : 1,
	};
	fv_family_preset(&fv_family_dense, &c.net);
	return c;
}

static void defaults(fv_train_options *o)
{
	o->batch = o->batch > 0 ? o->batch : fv_dense_settings(textbook(o)).batch;
	o->size = 28;
	o->width = o->blocks = 0;
	o->rate = o->rate > 0 ? o->rate : fv_dense_settings(textbook(o)).rate;
	o->adv = o->content = o->style = o->colour = 0;
	if (o->steps <= 0 && !(o->seconds > 0))
		o->steps = 10000;
}

static fv_status open(fv_err *err, fv_run *r)
{
	const fv_train_options *o = &r->o;
	char text[300];
	dense *s = r->state = fv_alloc(r->context, sizeof *s);
	if (!s)
		return fv_fail_memory(err, "dense", sizeof *s);
	if (o->preset && *o->preset && !textbook(o))
		return fv_fail(err, FV_E_ARGUMENT, "preset '%s' is unknown: dense has 'textbook'", o->preset);
	fv_status st = o->data ? fv_digits_open(err, r->context, o->data, &s->digits) :
	               fv_digits_decode(err, r->context, o->pictures.path, o->pictures.count, o->decode, o->user, &s->digits);
	if (st)
		return st;
	s->config = fv_dense_settings(textbook(o));
	s->config.net.out = (int)(s->digits.height * s->digits.width);
	s->config.batch = o->batch;
	if ((st = fv_graph_new(err, r->context, &s->g)))
		return st;
	fv_dense_graph_build(s->g, r->store, o->seed, &s->config);
	if ((st = fv_program_new(err, r->context, s->g, NULL, &s->program)))
		return st;
	if (!(s->x = fv_alloc(r->context, (size_t)fv_program_values(s->program, "pictures") * sizeof *s->x)))
		return fv_fail_memory(err, "dense", (size_t)fv_program_values(s->program, "pictures") * sizeof *s->x);
	snprintf(r->data, sizeof r->data, "%" PRId64 " pictures, %" PRId64 "x%" PRId64, s->digits.count, s->digits.width, s->digits.height);
	if (o->say) {
		o->say(o->user, r->data);
		snprintf(text, sizeof text, "memory: %.0f MB for a step of %d pictures", (double)fv_program_bytes(s->program) / 1e6, o->batch);
		o->say(o->user, text);
	}
	static const char *const name[] = { "d", "g" };
	for (size_t i = 0; i < FV_COUNT(name); i++)
		r->loss_name[i] = name[i];
	r->losses = FV_COUNT(name);
	return FV_OK;
}

static fv_status step(fv_err *err, fv_run *r)
{
	dense *s = r->state;
	fv_program *p = s->program;
	int64_t t = r->step - r->dropped;
	fv_digits_take(&s->digits, r->o.seed, r->step, r->o.batch, s->x);
	fv_program_put(p, "pictures", s->x);
	fv_program_put_number(p, "rate", r->o.rate * r->rate_scale);
	fv_program_put_number(p, "step.real", (double)(2 * t + 1));
	fv_program_put_number(p, "step.fake", (double)(2 * t + 2));
	fv_program_put_number(p, "step.g", (double)(t + 1));
	fv_status st = fv_program_run(err, p, (fv_key){ r->o.seed, (uint64_t)r->step, (uint64_t)r->attempt });
	if (st)
		return st;
	/* The textbook reports the mean of D's two losses. */
	r->loss[0] = ((float)fv_program_number(p, "loss.real") + (float)fv_program_number(p, "loss.fake")) / 2;
	r->loss[1] = fv_program_number(p, "loss.g");
	r->finite = fv_program_number(p, "ok") != 0;
	return FV_OK;
}

#define CELLS 64
static fv_status preview(fv_err *err, fv_run *r, const char *path)
{
	dense *s = r->state;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	uint8_t *bytes = NULL;
	float *v = NULL;
	fv_pixels cell[CELLS];
	int64_t area = s->config.net.out;
	if (!r->o.sheet)
		return FV_OK;
	fv_status st = fv_graph_new(err, r->context, &g);
	if (st)
		return st;
	fv_scope scope = { .g = g, .store = r->store, .prefix = "G." };
	fv_node *in[FV_PORTS] = { fv_random(g, FV_NORMAL, "noise", FV_F32, FV_SHAPE(CELLS, s->config.net.noise), 0, 1) };
	fv_node *out[FV_PORTS] = { NULL };
	fv_family_build(&scope, &fv_family_dense, &s->config.net, 0, 0, in, out);
	fv_output(g, out[0], "pictures");
	if (!(bytes = fv_alloc(r->context, (size_t)(CELLS * area * 3))) || !(v = fv_alloc(r->context, (size_t)(CELLS * area) * sizeof *v))) {
		st = fv_fail_memory(err, path, (size_t)(CELLS * area) * (3 + sizeof *v));
		goto done;
	}
	if ((st = fv_program_new(err, r->context, g, NULL, &p)) || (st = fv_program_run(err, p, (fv_key){ 1, 0, 0 })) ||
	    (st = fv_program_get(err, p, "pictures", v)) || (st = fv_watch_made(err, r, v, CELLS, area)))
		goto done;
	for (int64_t i = 0; i < CELLS * area * 3; i++)
		bytes[i] = (uint8_t)(fminf(fmaxf(v[i / 3], 0), 1) * 255 + 0.5f);
	for (int i = 0; i < CELLS; i++)
		cell[i] = (fv_pixels){ s->digits.width, s->digits.height, 3, 8, s->digits.width * 3, bytes + i * area * 3 };
	st = r->o.sheet(r->o.user, err, path, cell, CELLS, 8);
done:
	fv_free(r->context, bytes);
	fv_free(r->context, v);
	fv_program_free(p);
	fv_graph_free(g);
	return st;
}

static fv_status save(fv_err *err, fv_run *r, const char *path)
{
	dense *s = r->state;
	json_t *about = json_pack("{s:{s:s, s:s, s:I, s:I, s:i, s:f, s:I}, s:s, s:{s:s, s:s}}", "training", "recipe", "dense", "preset",
	                          r->o.preset ? r->o.preset : "", "step", (json_int_t)r->step, "steps", (json_int_t)r->steps, "batch", r->o.batch, "rate", r->o.rate,
	                          "seed", (json_int_t)r->o.seed, "data", r->data, "signature", "noise", "normal", "output", "image, grey, [0,1]");
	fv_status st = about ? fv_model_write(err, r->context, path, r->store, "G.", &fv_family_dense, &s->config.net, about) :
	               fv_fail(err, FV_E_MEMORY, "%s: no memory", path);
	json_decref(about);
	return st;
}

static void close_run(fv_run *r)
{
	dense *s = r->state;
	fv_free(r->context, s->x);
	fv_program_free(s->program);
	fv_graph_free(s->g);
	fv_digits_close(&s->digits);
	fv_free(r->context, s);
	r->state = NULL;
}

const fv_recipe fv_recipe_dense = {
	.name = "dense", .defaults = defaults, .open = open, .step = step, .preview = preview, .save = save, .close = close_run, .period = 1,
};
