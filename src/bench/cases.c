/* SPDX-License-Identifier: Apache-2.0 */
/* The cases: what users wait for. */
#include "bench/bench.h"
#include "base/memory.h"
#include "model/model.h"
#include "paint/paint.h"
#include "stroke/stroke.h"
#include "train/cartoon_graph.h"
#include "train/cut_graph.h"
#include "train/gan_graph.h"
#include "train/cyclegan_graph.h"
#include "train/dense_graph.h"
#include "train/sincut_graph.h"
#include "train/pix2pix_graph.h"
#include "train/style_graph.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
	fv_context *c;
	fv_store *store;
	fv_graph *g[2];
	fv_program *program[2];
	fv_model *model;
	fv_painting painting;
	fv_store *teacher;
	fv_style_config config;
	float *room;                    /* what is put into a port and got from one */
	int64_t floats;                 /* of it */
	float *fields;                  /* strokes: x, v, m, y, z of height x width; cyclegan: what its generators painted */
	int64_t height, width;
	double scale;
	int64_t step;
} bench;

static double memory(const char *key) { return fv_memory("/proc/self/status", key) / 1e6; }        /* of this process, MB */

/* Even noise in [-1,1]. */
static void fill(float *x, int64_t n)
{
	uint32_t r = 1;
	for (int64_t i = 0; i < n; i++) {
		r = r * 1664525 + 1013904223;
		x[i] = (float)(r >> 8) / 8388608.0f - 1;
	}
}

/* Room for n values; NULL: no memory. */
static float *room_for(bench *b, int64_t n)
{
	if (n > b->floats) {
		fv_free(b->c, b->room);
		b->room = fv_alloc(b->c, (size_t)n * sizeof *b->room);
		b->floats = b->room ? n : 0;
	}
	return b->room;
}

/* Even noise in [low, 1] into each of the ports. */
static fv_status put_noise(fv_err *err, bench *b, fv_program *p, float low, const char *const *port, size_t ports)
{
	for (size_t k = 0; k < ports; k++) {
		int64_t n = fv_program_values(p, port[k]);
		float *x = room_for(b, n);
		if (!x)
			return fv_fail_memory(err, "bench", (size_t)n * sizeof *x);
		fill(x, n);
		for (int64_t i = 0; i < n && low != -1; i++)
			x[i] = low + (1 - low) / 2 * (x[i] + 1);
		fv_program_put(p, port[k], x);
	}
	return FV_OK;
}

static void print(void *user, const char *text) { fprintf(stderr, "%s\n", text); }

static fv_status compile(fv_err *err, bench *b, int i, const fv_bench_options *o)
{
	return fv_program_new(err, b->c, b->g[i], &(fv_program_options){ .profile = o->profile, .share = i ? b->program[0] : NULL, .most = o->max_memory,
	                                                                 .recompute = true }, &b->program[i]);
}

/* ------------------------------------------------------------------ painting */
static const char *const picture[] = { "picture", "marks" };

static fv_status resnet_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_status st = fv_graph_new(err, b->c, &b->g[0]);
	if (st)
		return st;
	fv_scope s = { .g = b->g[0], .store = b->store, .prefix = "", .create = true, .seed = 1 };
	fv_node *x = fv_input(b->g[0], "picture", FV_F32, fv_nhwc(1, o->height ? o->height : 256, o->width ? o->width : 256, 3));
	fv_resnet net;
	fv_family_preset(&fv_family_resnet, &net);
	fv_output(b->g[0], fv_resnet_build(&s, &net, x, NULL), "painting");
	st = compile(err, b, 0, o);
	return st ? st : put_noise(err, b, b->program[0], -1, picture, 1);
}

static fv_status strokenet_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	/* As painting does, up to what the network takes. */
	int64_t h = fv_port_side(&fv_family_strokenet.in[0], NULL, o->height ? o->height : 512);
	int64_t w = fv_port_side(&fv_family_strokenet.in[0], NULL, o->width ? o->width : 768);
	fv_status st = FV_OK;
	if (o->model) {
		if ((st = fv_model_open(err, b->c, o->model, &b->model)))
			return st;
		st = fv_paint_plan(err, b->model, h, w, &(fv_program_options){ .profile = o->profile }, &b->painting);
		return st ? st : put_noise(err, b, b->painting.program, -1, &b->model->family->in[0].name, 1);
	}
	if ((st = fv_graph_new(err, b->c, &b->g[0])))
		return st;
	fv_style_config k = fv_style_default();
	fv_scope s = { .g = b->g[0], .store = b->store, .prefix = "", .create = true, .seed = 1 };
	fv_node *x = fv_input(b->g[0], "picture", FV_F32, fv_nhwc(1, h, w, 3));
	fv_node *z = fv_input(b->g[0], "marks", FV_F32, fv_nhwc(1, h, w, FV_STROKE_MARKS));
	fv_output(b->g[0], fv_strokenet_build(&s, &k.net, x, z), "painting");
	st = compile(err, b, 0, o);
	return st ? st : put_noise(err, b, b->program[0], -1, picture, 2);
}

/* As a painter of many pictures: weights stay in the order of the kernels, as the peers prepare theirs once. */
static fv_status paint_run(fv_err *err, bench *b)
{
	fv_program *p = b->painting.program ? b->painting.program : b->program[0];
	fv_status st = b->step++ ? FV_OK : fv_program_prepack(err, p, FV_PAINT_KEEP);
	return st ? st : fv_program_run(err, p, (fv_key){ 1 });
}

/* ------------------------------------------------------------------ a step of style */
/* A teacher of made-up weights: as fast as a real one. */
static fv_status teacher_open(fv_err *err, bench *b, const fv_vgg *vgg)
{
	fv_graph *g = NULL;
	fv_node *map[FV_VGG_LAYERS];
	fv_status st = fv_store_new(err, b->c, &b->teacher);
	if (st || (st = fv_graph_new(err, b->c, &g)))
		return st;
	fv_scope s = { .g = g, .store = b->teacher, .prefix = "", .create = true, .seed = 1 };
	fv_vgg_build(&s, vgg, fv_input(g, "x", FV_F32, fv_nhwc(1, 32, 32, 3)), FV_VGG_LAYERS - 1,
	             map);
	st = g->err.status ? fv_fail(err, g->err.status, "%s", g->err.text) : FV_OK;
	fv_graph_free(g);
	return st;
}

/* And what `style` compares its maps along. */
static fv_status lines_open(fv_err *err, bench *b)
{
	fv_status st = fv_teacher_variables(err, b->teacher, &b->config);
	for (fv_variable *v = b->teacher->first; v && !st; v = v->next)
		if (!strncmp(v->name, "direction", 9) || !strncmp(v->name, "rstd", 4)) {
			float *values = room_for(b, fv_elements(v->shape));
			if (!values)
				return fv_fail_memory(err, "bench", (size_t)fv_variable_bytes(v));
			fill(values, fv_elements(v->shape));
			st = fv_variable_put(err, v, values);
		}
	return st;
}

static fv_status style_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	b->config = fv_style_default();
	b->config.batch = o->batch ? o->batch : b->config.batch;
	fv_status st = teacher_open(err, b, &b->config.teacher);
	if (st || (st = lines_open(err, b)) || (st = fv_graph_new(err, b->c, &b->g[0])))
		return st;
	fv_style_graph_build(b->g[0], b->store, b->teacher, 1, &b->config, false);
	return compile(err, b, 0, o);
}

/* Runs step b->step; its "ok" must be 1. */
static fv_status take_step(fv_err *err, bench *b, fv_program *p)
{
	fv_status st = fv_program_run(err, p, (fv_key){ 1, (uint64_t)b->step });
	if (!st && fv_program_number(p, "ok") != 1)
		st = fv_fail(err, FV_E_INTERNAL, "step %" PRId64 " was not finite", b->step);
	return st;
}

static fv_status style_run(fv_err *err, bench *b)
{
	static const char *const in[] = { "pictures", "marks", "content4", "content3", "art", "target.0", "target.1", "target.2", "target.3", "target.4",
	                                  "target.5", "target.6", "target.7", "target.8", "target.9", "target.10", "target.11" };
	fv_program *p = b->program[0];
	fv_status st = put_noise(err, b, p, -1, in, 5 + (size_t)b->config.sizes * FV_VGG_LAYERS);
	fv_program_put_number(p, "rate", 1e-3);
	fv_program_put_number(p, "step.d", (double)++b->step);
	fv_program_put_number(p, "step.g", (double)b->step);
	fv_program_put_number(p, "ramp", 1);
	fv_program_put_number(p, "decay", 0.9);
	return st ? st : take_step(err, b, p);
}

/* ------------------------------------------------------------------ a step of cyclegan: generators, then discriminators */
static fv_status cyclegan_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_cyclegan_config k = fv_cyclegan_default();
	fv_status st = FV_OK;
	k.size = o->height ? o->height : k.size;
	for (int i = 0; i < 2 && !st; i++) {
		if ((st = fv_graph_new(err, b->c, &b->g[i])))
			return st;
		(i ? fv_cyclegan_discriminators_build : fv_cyclegan_generators_build)(b->g[i], b->store, 1, &k);
		st = compile(err, b, i, o);
	}
	size_t bytes = 2 * sizeof(float) * (size_t)(st ? 0 : fv_program_values(b->program[0], "a"));
	if (!st && !(b->fields = fv_alloc(b->c, bytes)))
		st = fv_fail_memory(err, "bench", bytes);
	return st;
}

static fv_status cyclegan_run(fv_err *err, bench *b)
{
	static const char *const pictures[] = { "a", "b" }, *const real[] = { "real.b", "real.a" }, *const fake[] = { "fake.b", "fake.a" };
	fv_program *p = b->program[0], *q = b->program[1];
	fv_status st = put_noise(err, b, p, -1, pictures, 2);
	fv_program_put_number(p, "rate", 2e-4);
	fv_program_put_number(p, "step", (double)++b->step);
	if (st || (st = take_step(err, b, p)))
		return st;
	/* The programs share memory: out with both pictures before the discriminators' come in. */
	int64_t n = fv_program_values(p, "a");
	for (int i = 0; i < 2 && !st; i++)
		st = fv_program_get(err, p, fake[i], b->fields + i * n);
	for (int i = 0; i < 2; i++)
		fv_program_put(q, fake[i], b->fields + i * n);
	if (!st)
		st = put_noise(err, b, q, -1, real, 2);
	fv_program_put_number(q, "rate", 2e-4);
	fv_program_put_number(q, "step", (double)b->step);
	return st ? st : take_step(err, b, q);
}

/* ------------------------------------------------------------------ a step of pix2pix */
static fv_status pix2pix_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_pix2pix_config k = fv_pix2pix_default();
	fv_status st = fv_graph_new(err, b->c, &b->g[0]);
	if (st)
		return st;
	k.size = o->height ? o->height : k.size;
	k.net.depth = fv_unet_depth(k.size);
	fv_pix2pix_build(b->g[0], b->store, 1, &k);
	return compile(err, b, 0, o);
}

/* A step on two sorts of pictures. */
static fv_status step_run(fv_err *err, bench *b, const char *one, const char *other)
{
	fv_program *p = b->program[0];
	fv_status st = put_noise(err, b, p, -1, (const char *const[]){ one, other }, 2);
	fv_program_put_number(p, "rate", 2e-4);
	fv_program_put_number(p, "step", (double)++b->step);
	return st ? st : take_step(err, b, p);
}

static fv_status pix2pix_run(fv_err *err, bench *b) { return step_run(err, b, "a", "b"); }

/* ------------------------------------------------------------------ a step of cut, small */
static fv_status cut_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_status st = fv_graph_new(err, b->c, &b->g[0]);
	if (st)
		return st;
	fv_cut_config k = fv_cut_default();
	k.net.width = k.disc.width = 32, k.net.blocks = 6, k.size = 128;
	k.batch = o->batch ? o->batch : k.batch;
	fv_cut_graph_build(b->g[0], b->store, 1, &k);
	return compile(err, b, 0, o);
}

static fv_status cut_run(fv_err *err, bench *b) { return step_run(err, b, "photos", "art"); }

/* ------------------------------------------------------------------ a step of sincut, small */
static fv_status sincut_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_status st = fv_graph_new(err, b->c, &b->g[0]);
	if (st)
		return st;
	fv_sincut_config k = fv_sincut_default();
	k.net.width = 20, k.disc = 8;
	k.batch = o->batch ? o->batch : k.batch;
	fv_sincut_graph_build(b->g[0], b->store, 1, &k);
	return compile(err, b, 0, o);
}

static fv_status sincut_run(fv_err *err, bench *b) { return step_run(err, b, "photo", "art"); }

/* ------------------------------------------------------------------ a step of dcgan; an update of wgan-gp's critic */
static fv_status gan_open(fv_err *err, bench *b, const fv_bench_options *o, fv_gan_config k,
                          void (*build)(fv_graph *, fv_store *, uint64_t, const fv_gan_config *))
{
	fv_status st = fv_graph_new(err, b->c, &b->g[0]);
	if (st)
		return st;
	k.net = (fv_dcgan){ .size = 64, .channels = 3, .width = 64, .noise = 100 };
	k.batch = o->batch ? o->batch : 32;
	k.every = 1;
	k.adam.eps = 1e-8;
	build(b->g[0], b->store, 1, &k);
	return compile(err, b, 0, o);
}

static fv_status dcgan_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	return gan_open(err, b, o, (fv_gan_config){ .adam = { .beta1 = 0.5, .beta2 = 0.999 } },
	                fv_gan_step_build);
}

static fv_status critic_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	return gan_open(err, b, o,
	                (fv_gan_config){ .critic.norm = FV_CRITIC_PLAIN, .slope = 10,
	                                 .loss = FV_ADVERSARY_WGAN,
	                                 .adam = { .beta1 = 0.5, .beta2 = 0.9 } },
	                fv_gan_critic_build);
}

static fv_status gan_run(fv_err *err, bench *b)
{
	static const char *const pictures[] = { "pictures" };
	fv_program *p = b->program[0];
	fv_status st = put_noise(err, b, p, -1, pictures, 1);
	fv_program_put_number(p, "rate", 2e-4);
	fv_program_put_number(p, "step.d", (double)++b->step);
	if (fv_program_values(p, "step.g")) {
		fv_program_put_number(p, "step.g", (double)b->step);
		fv_program_put_number(p, "decay", 0.999);
	}
	return st ? st : take_step(err, b, p);
}

/* ------------------------------------------------------------------ a step of animegan, cartoongan: 128x128, batch 2 */
static fv_status cartoon_open(fv_err *err, bench *b, const fv_bench_options *o,
                              fv_cartoon_config k)
{
	k.teacher = fv_style_default().teacher;
	k.batch = o->batch ? o->batch : 2;
	k.size = 128;
	k.content = k.adv = k.real = k.smooth = 1;
	k.style = k.colour = k.tv = k.grey = k.anime;
	k.beta1 = 0.5, k.beta2 = 0.999, k.eps = 1e-8;
	fv_status st = teacher_open(err, b, &k.teacher);
	if (st || (st = fv_graph_new(err, b->c, &b->g[0])))
		return st;
	fv_cartoon_graph_build(b->g[0], b->store, b->teacher, 1, &k, false);
	return compile(err, b, 0, o);
}

static fv_status animegan_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_cartoon_config k = { .anime = true, .judge = { FV_JUDGE_ANIMEGAN2, 16 } };
	fv_family_preset(&fv_family_animegan, &k.light);
	k.light.width = 16;
	return cartoon_open(err, b, o, k);
}

static fv_status cartoongan_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_cartoon_config k = { .judge = { FV_JUDGE_CARTOONGAN, 12 } };
	fv_family_preset(&fv_family_cartoongan, &k.cartoon);
	k.cartoon.width = 24;
	return cartoon_open(err, b, o, k);
}

static fv_status cartoon_run(fv_err *err, bench *b)
{
	static const char *const pictures[] = { "photo", "art", "smooth" };
	static const char *const rates[] = { "rate.content", "rate.g", "rate.d" };
	fv_program *p = b->program[0];
	fv_status st = put_noise(err, b, p, -1, pictures, 3);
	for (int i = 0; i < 3; i++)
		fv_program_put_number(p, rates[i], 1e-4);
	fv_program_put_number(p, "adversarial", 1);
	++b->step;
	return st ? st : take_step(err, b, p);
}

/* ------------------------------------------------------------------ a step of the textbook's dense pair */
static fv_status dense_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	static const char *const pictures[] = { "pictures" };
	fv_status st = fv_graph_new(err, b->c, &b->g[0]);
	if (st)
		return st;
	fv_dense_config k = fv_dense_settings(true);
	fv_dense_graph_build(b->g[0], b->store, 1, &k);
	st = compile(err, b, 0, o);
	return st ? st : put_noise(err, b, b->program[0], 0, pictures, 1);
}

static fv_status dense_run(fv_err *err, bench *b)
{
	fv_program *p = b->program[0];
	fv_program_put_number(p, "rate", 1e-3);
	fv_program_put_number(p, "step.real", 2 * (double)b->step + 1);
	fv_program_put_number(p, "step.fake", 2 * (double)b->step + 2);
	fv_program_put_number(p, "step.g", (double)b->step + 1);
	return fv_program_run(err, p, (fv_key){ 1, (uint64_t)b->step++ });
}

/* ------------------------------------------------------------------ strokes: flow and dabs of a picture */
static fv_status strokes_open(fv_err *err, bench *b, const fv_bench_options *o, double scale)
{
	b->height = o->height ? o->height : 1080, b->width = o->width ? o->width : 1920, b->scale = scale;
	int64_t n = b->height * b->width;
	size_t bytes = (size_t)n * (3 + 2 + 3 + FV_STROKE_MARKS) * sizeof(float);
	if (!(b->fields = fv_alloc(b->c, bytes)))
		return fv_fail_memory(err, "bench", bytes);
	/* Waves with noise: slopes of all directions. */
	fill(b->fields, 3 * n);
	for (int64_t i = 0; i < 3 * n; i++) {
		double x = (double)(i / 3 % b->width) / scale, y = (double)(i / 3 / b->width) / scale;
		b->fields[i] = (float)(0.8 * sin(x / 31 + 3 * sin(y / 97)) * cos(y / 43)) + 0.2f * b->fields[i];
	}
	return FV_OK;
}

static fv_status strokes1_open(fv_err *err, bench *b, const fv_bench_options *o) { return strokes_open(err, b, o, 1); }
static fv_status strokes3_open(fv_err *err, bench *b, const fv_bench_options *o) { return strokes_open(err, b, o, 3); }

static fv_status strokes_run(fv_err *err, bench *b)
{
	int64_t n = b->height * b->width;
	float *x = b->fields, *v = x + 3 * n, *y = v + 2 * n, *z = y + 3 * n;
	fv_stroke_options o = fv_stroke_default();
	o.scale = o.broad = b->scale;
	return fv_stroke_prepare(err, b->c, x, b->height, b->width, &o, NULL, v, y, z);
}

/* ------------------------------------------------------------------ the table */
typedef struct {
	const char *name;
	fv_status (*open)(fv_err *, bench *, const fv_bench_options *);
	fv_status (*run)(fv_err *, bench *);
	bool paints;
} bench_case;
static const bench_case cases[] = {
	{ "resnet", resnet_open, paint_run, true }, { "strokenet", strokenet_open, paint_run, true }, { "style", style_open, style_run },
	{ "cyclegan", cyclegan_open, cyclegan_run }, { "pix2pix", pix2pix_open, pix2pix_run },
	{ "cut", cut_open, cut_run }, { "sincut", sincut_open, sincut_run },
	{ "animegan", animegan_open, cartoon_run }, { "cartoongan", cartoongan_open, cartoon_run },
	{ "dcgan", dcgan_open, gan_run }, { "wgan-gp", critic_open, gan_run }, { "dense", dense_open, dense_run },
	{ "strokes", strokes1_open, strokes_run }, { "strokes-3", strokes3_open, strokes_run },
};

static double flops(const fv_graph *g)
{
	double sum = 0;
	for (int i = 0; g && i < g->nodes; i++)
		sum += fv_node_cost(g->node[i]).flops;
	return sum;
}

static double gflop(const bench *b) { return (flops(b->g[0]) + flops(b->g[1]) + flops(b->painting.graph)) / 1e9; }

static fv_status measure(fv_err *err, bench *b, const bench_case *k, const fv_bench_options *o, fv_bench_result *r)
{
	fv_status st = k->open(err, b, o);
	if (!st)
		st = k->run(err, b);             /* the first touches memory for the first time */
	double start = fv_now();
	while (!st && r->runs < FV_BENCH_RUNS_MAX && (o->runs ? r->runs < o->runs : r->runs < 3 || fv_now() - start < o->seconds)) {
		double t = fv_now();
		st = k->run(err, b);
		r->ms[r->runs++] = 1e3 * (fv_now() - t);
	}
	r->gflop = gflop(b);
	r->peak_mb = memory("VmHWM");
	fv_program *const all[] = { b->program[0], b->program[1], b->painting.program };
	for (size_t i = 0; i < FV_COUNT(all) && o->profile && !st; i++)
		if (all[i])
			fv_program_print(all[i], false, print, NULL);
	return st;
}

static const bench_case *find(const char *name)
{
	for (size_t i = 0; i < FV_COUNT(cases); i++)
		if (!strcmp(cases[i].name, name))
			return &cases[i];
	return NULL;
}

bool fv_bench_paints(const char *name)
{
	const bench_case *k = find(name);
	return k && k->paints;
}

fv_status fv_bench_run(fv_err *err, fv_context *c, const char *name, const fv_bench_options *o, fv_bench_result *r)
{
	const bench_case *k = find(name);
	if (!k)
		return fv_fail(err, FV_E_ARGUMENT, "no case '%s'; see fauve bench --help", name);
	*r = (fv_bench_result){ .idle_mb = memory("VmRSS") };
	bench *b = fv_alloc(c, sizeof *b);
	if (!b)
		return fv_fail_memory(err, "bench", sizeof *b);
	b->c = c;
	fv_status st = fv_store_new(err, c, &b->store);
	if (!st)
		st = measure(err, b, k, o, r);
	for (int i = 1; i >= 0; i--) {
		fv_program_free(b->program[i]);
		fv_graph_free(b->g[i]);
	}
	fv_free(c, b->fields);
	fv_free(c, b->room);
	fv_painting_free(&b->painting);
	fv_model_free(b->model);
	fv_store_free(b->teacher);
	fv_store_free(b->store);
	fv_free(c, b);
	return st;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double fv_bench_median(const fv_bench_result *r)
{
	double ms[FV_BENCH_RUNS_MAX];
	if (!r->runs)
		return 0;
	memcpy(ms, r->ms, (size_t)r->runs * sizeof *ms);
	qsort(ms, (size_t)r->runs, sizeof *ms, by_size);
	return (ms[(r->runs - 1) / 2] + ms[r->runs / 2]) / 2;
}
