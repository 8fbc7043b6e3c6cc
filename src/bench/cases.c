/* SPDX-License-Identifier: Apache-2.0 */
/* The cases: what users wait for. */
#include "bench/bench.h"
#include "base/memory.h"
#include "model/model.h"
#include "paint/paint.h"
#include "stroke/stroke.h"
#include "train/cyclegan_graph.h"
#include "train/dense_graph.h"
#include "train/style_graph.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
	fv_context *c;
	fv_store *store;
	fv_graph *g[2];
	fv_plan *plan[2];
	fv_model *model;
	fv_painting painting;
	fv_store *teacher;
	fv_style_graph style;
	fv_style_config config;
	fv_dense_graph dense;
	fv_cyclegan_painters painters;
	fv_cyclegan_judges judges;
	float *fake[2];                 /* what CycleGAN's painters painted */
	float *fields;                  /* strokes: x, v, m, y, z of height x width */
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

static void put(fv_plan *p, const fv_node *n, double value) { *(float *)fv_plan_data(p, n) = (float)value; }

static void print(void *user, const char *text) { fprintf(stderr, "%s\n", text); }

static fv_status plan(fv_err *err, bench *b, int i, const fv_bench_options *o)
{
	return fv_plan_new(err, b->c, b->g[i], &(fv_plan_options){ .profile = o->profile, .share = i ? b->plan[0] : NULL, .most = o->max_memory,
	                                                               .recompute = true }, &b->plan[i]);
}

/* ------------------------------------------------------------------ painting */
static fv_status resnet_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_status st = fv_graph_new(err, b->c, &b->g[0]);
	if (st)
		return st;
	fv_scope s = { .g = b->g[0], .store = b->store, .prefix = "", .create = true, .seed = 1 };
	fv_node *x = fv_input(b->g[0], "picture", FV_F32, fv_nhwc(1, o->height ? o->height : 256, o->width ? o->width : 256, 3));
	fv_resnet net;
	fv_family_preset(&fv_family_resnet, &net);
	fv_output(b->g[0], fv_resnet_build(&s, &net, x), "painting");
	if (!(st = plan(err, b, 0, o)))
		fill(fv_plan_data(b->plan[0], x), fv_elements(x->shape));
	return st;
}

static fv_status strokenet_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	/* As painting does, up to what the network takes. */
	int64_t h = fv_port_side(&fv_family_strokenet.in[0], o->height ? o->height : 512);
	int64_t w = fv_port_side(&fv_family_strokenet.in[0], o->width ? o->width : 768);
	fv_status st = FV_OK;
	if (o->model) {
		if ((st = fv_model_open(err, b->c, o->model, &b->model)))
			return st;
		st = fv_paint_plan(err, b->model, h, w, &(fv_plan_options){ .profile = o->profile }, &b->painting);
		if (!st)
			fill(fv_plan_data(b->painting.plan, b->painting.x), fv_elements(b->painting.x->shape));
		return st;
	}
	if ((st = fv_graph_new(err, b->c, &b->g[0])))
		return st;
	fv_style_config k = fv_style_default();
	fv_scope s = { .g = b->g[0], .store = b->store, .prefix = "", .create = true, .seed = 1 };
	fv_node *x = fv_input(b->g[0], "picture", FV_F32, fv_nhwc(1, h, w, 3));
	fv_node *z = fv_input(b->g[0], "marks", FV_F32, fv_nhwc(1, h, w, FV_STROKE_MARKS));
	fv_output(b->g[0], fv_strokenet_build(&s, &k.net, x, z), "painting");
	if (!(st = plan(err, b, 0, o))) {
		fill(fv_plan_data(b->plan[0], x), fv_elements(x->shape));
		fill(fv_plan_data(b->plan[0], z), fv_elements(z->shape));
	}
	return st;
}

/* As a painter of many pictures: weights stay in the order of the kernels, as the peers prepare theirs once. */
static fv_status paint_run(fv_err *err, bench *b)
{
	fv_plan *p = b->painting.plan ? b->painting.plan : b->plan[0];
	fv_status st = b->step++ ? FV_OK : fv_plan_keep(err, p, FV_PAINT_KEEP);
	return st ? st : fv_plan_run(err, p, (fv_key){ 1 });
}

/* ------------------------------------------------------------------ a step of style */
/* A teacher of made-up weights: as fast as a real one. */
static fv_status teacher_open(fv_err *err, bench *b)
{
	fv_graph *g = NULL;
	fv_node *map[FV_VGG_LAYERS];
	fv_status st = fv_store_new(err, b->c, &b->teacher);
	if (st || (st = fv_graph_new(err, b->c, &g)))
		return st;
	fv_scope s = { .g = g, .store = b->teacher, .prefix = "", .create = true, .seed = 1 };
	fv_vgg_build(&s, &b->config.teacher, fv_input(g, "x", FV_F32, fv_nhwc(1, 32, 32, 3)), FV_VGG_LAYERS - 1, map);
	st = g->err.status ? fv_fail(err, g->err.status, "%s", g->err.text) : fv_teacher_variables(err, b->teacher, &b->config);
	fv_graph_free(g);
	for (fv_variable *v = b->teacher->first; v && !st; v = v->next)
		if (!strncmp(v->name, "direction", 9) || !strncmp(v->name, "rstd", 4))
			fill(v->tensor.data, fv_elements(v->tensor.shape));
	return st;
}

static fv_status style_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	b->config = fv_style_default();
	b->config.batch = o->batch ? o->batch : b->config.batch;
	fv_status st = teacher_open(err, b);
	if (st || (st = fv_graph_new(err, b->c, &b->g[0])))
		return st;
	fv_style_graph_build(b->g[0], b->store, b->teacher, 1, &b->config, false, &b->style);
	return plan(err, b, 0, o);
}

static fv_status style_run(fv_err *err, bench *b)
{
	fv_style_graph *s = &b->style;
	fv_plan *p = b->plan[0];
	const fv_node *in[] = { s->x, s->z, s->content4, s->content3, s->art };
	for (size_t i = 0; i < FV_COUNT(in); i++)
		fill(fv_plan_data(p, in[i]), fv_elements(in[i]->shape));
	for (int k = 0; k < b->config.sizes * FV_VGG_LAYERS; k++)
		fill(fv_plan_data(p, s->target[k]), fv_elements(s->target[k]->shape));
	put(p, s->rate, 1e-3);
	put(p, s->step_d, (double)++b->step);
	put(p, s->step_g, (double)b->step);
	put(p, s->ramp, 1);
	put(p, s->decay, 0.9);
	fv_status st = fv_plan_run(err, p, (fv_key){ 1, (uint64_t)b->step });
	if (!st && *(float *)fv_plan_data(p, s->ok_g) != 1)
		st = fv_fail(err, FV_E_INTERNAL, "step %" PRId64 " was not finite", b->step);
	return st;
}

/* ------------------------------------------------------------------ a step of cyclegan: painters, then judges */
static fv_status cyclegan_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_cyclegan_config k = fv_cyclegan_default();
	size_t bytes = sizeof(float) * 3 * (size_t)(k.batch * k.size * k.size);
	fv_status st = FV_OK;
	for (int i = 0; i < 2 && !st; i++) {
		if ((st = fv_graph_new(err, b->c, &b->g[i])))
			return st;
		if (i)
			fv_cyclegan_judges_build(b->g[i], b->store, 1, &k, &b->judges);
		else
			fv_cyclegan_painters_build(b->g[i], b->store, 1, &k, &b->painters);
		st = plan(err, b, i, o);
		b->fake[i] = fv_alloc(b->c, bytes);
		if (!st && !b->fake[i])
			st = fv_fail_memory(err, "bench", bytes);
	}
	return st;
}

static fv_status cyclegan_run(fv_err *err, bench *b)
{
	const fv_cyclegan_painters *s = &b->painters;
	const fv_cyclegan_judges *j = &b->judges;
	fv_plan *p = b->plan[0], *q = b->plan[1];
	int64_t n = fv_elements(s->a->shape);
	fill(fv_plan_data(p, s->a), n);
	fill(fv_plan_data(p, s->b), n);
	put(p, s->rate, 2e-4);
	put(p, s->step, (double)++b->step);
	fv_status st = fv_plan_run(err, p, (fv_key){ 1, (uint64_t)b->step });
	if (st)
		return st;
	/* The plans share memory: out with the pictures before the judges' come in. */
	for (int i = 0; i < 2; i++)
		memcpy(b->fake[i], fv_plan_data(p, i ? s->fake_a : s->fake_b), (size_t)n * sizeof(float));
	for (int i = 0; i < 2; i++) {
		fill(fv_plan_data(q, j->real[i]), n);
		memcpy(fv_plan_data(q, j->fake[i]), b->fake[i], (size_t)n * sizeof(float));
	}
	put(q, j->rate, 2e-4);
	put(q, j->step, (double)b->step);
	st = fv_plan_run(err, q, (fv_key){ 1, (uint64_t)b->step });
	if (!st && *(float *)fv_plan_data(q, j->ok) != 1)
		st = fv_fail(err, FV_E_INTERNAL, "step %" PRId64 " was not finite", b->step);
	return st;
}

/* ------------------------------------------------------------------ a step of the textbook's dense pair */
static fv_status dense_open(fv_err *err, bench *b, const fv_bench_options *o)
{
	fv_status st = fv_graph_new(err, b->c, &b->g[0]);
	if (st)
		return st;
	fv_dense_config k = fv_dense_settings(true);
	fv_dense_graph_build(b->g[0], b->store, 1, &k, &b->dense);
	if ((st = plan(err, b, 0, o)))
		return st;
	float *x = fv_plan_data(b->plan[0], b->dense.x);
	fill(x, 1000 * 784);
	for (int64_t i = 0; i < 1000 * 784; i++)
		x[i] = (x[i] + 1) / 2;
	return FV_OK;
}

static fv_status dense_run(fv_err *err, bench *b)
{
	fv_plan *p = b->plan[0];
	put(p, b->dense.rate, 1e-3);
	put(p, b->dense.step_real, 2 * (double)b->step + 1);
	put(p, b->dense.step_fake, 2 * (double)b->step + 2);
	put(p, b->dense.step_g, (double)b->step + 1);
	return fv_plan_run(err, p, (fv_key){ 1, (uint64_t)b->step++ });
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
	{ "cyclegan", cyclegan_open, cyclegan_run }, { "dense", dense_open, dense_run },
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
	fv_plan *const plans[] = { b->plan[0], b->plan[1], b->painting.plan };
	for (size_t i = 0; i < FV_COUNT(plans) && o->profile && !st; i++)
		if (plans[i])
			fv_plan_print(plans[i], false, print, NULL);
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
		fv_plan_free(b->plan[i]);
		fv_graph_free(b->g[i]);
		fv_free(c, b->fake[i]);
	}
	fv_free(c, b->fields);
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
