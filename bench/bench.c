/* SPDX-License-Identifier: Apache-2.0 */
/* Times fauve's side of docs/benchmarks.md; bench/peers/ has PyTorch's.
 *
 *	bench resnet	forward of CycleGAN's ResNet-9, 256x256
 *	bench prototype	a step of `style`: the networks and losses of the recipe's first PyTorch program
 *	bench default	a step of `style` at the recipe's defaults
 *	bench dense	a step of the textbook's dense pair, batch 1000
 *	bench model FILE	writes the recipe's painter with random weights, to time `fauve apply`; resnet FILE: ResNet-9
 *
 * Options: --threads N, --runs N, --photos DIR --art DIR (of JPEG files: the style cases then read crops, as a training
 * run does; else the same pictures serve every step), --bf16 (products of rounded numbers), --profile. Prints one line of JSON: milliseconds of each run (a run
 * of style is the mean of three steps: every third has the identity term), megabytes at start and at the peak. */
#include "graph/plan.h"
#include "model/model.h"
#include "picture/picture.h"
#include "train/dense_graph.h"
#include "train/feed.h"
#include "train/style_graph.h"
#include <stdio.h>
#include <stdlib.h>

#define PERIOD 3                        /* steps of style after which the work repeats */
#define RUNS_MAX 200

typedef struct {
	int threads, runs;
	const char *photos, *art;
	bool bf16, profile;
} options;

static double memory(const char *key)   /* of this process, MB */
{
	char line[200];
	long kb = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, key, strlen(key)))
			kb = strtol(line + strlen(key) + 1, NULL, 10);
	if (f)
		fclose(f);
	return (double)kb * 1024 / 1e6;
}

/* Even noise in [-1,1]. */
static void fill(float *x, int64_t n)
{
	uint32_t r = 1;
	for (int64_t i = 0; i < n; i++) {
		r = r * 1664525 + 1013904223;
		x[i] = (float)(r >> 8) / 8388608.0f - 1;
	}
}

static void line(void *user, const char *text) { fprintf(stderr, "%s\n", text); }

typedef struct {
	fv_context *c;
	fv_store *store;
	fv_graph *g[2];
	fv_plan *plan[2];
	fv_feed *photos, *paintings;
	fv_style_graph style[2];
	fv_style_config config;
	fv_dense_graph dense;
	int64_t step;
	double ms[RUNS_MAX];
} bench;

static fv_status plan(fv_err *err, bench *b, int i, const options *o)
{
	return fv_plan_new(err, b->c, b->g[i], &(fv_plan_options){ .profile = o->profile, .bf16 = o->bf16, .share = i ? b->plan[0] : NULL }, &b->plan[i]);
}

/* ------------------------------------------------------------------ the cases: open, then once a run */
static fv_status resnet_open(fv_err *err, bench *b, const options *o)
{
	fv_status st = fv_graph_new(err, b->c, &b->g[0]);
	if (st)
		return st;
	fv_scope s = { .g = b->g[0], .store = b->store, .prefix = "", .create = true, .seed = 1 };
	fv_node *x = fv_input(b->g[0], "picture", FV_F32, fv_nhwc(1, 256, 256, 3));
	fv_output(b->g[0], fv_resnet_build(&s, &(fv_resnet){ .width = 64, .blocks = 9 }, x));
	if (!(st = plan(err, b, 0, o)))
		fill(fv_plan_data(b->plan[0], x), fv_elements(x->shape));
	return st;
}

static fv_status resnet_run(fv_err *err, bench *b) { return fv_plan_run(err, b->plan[0], (fv_key){ 1 }); }

/* As prototypes of the recipe began: two scales, three channels, no detail band, one size of noise. */
static fv_style_config prototype(bool identity)
{
	return (fv_style_config){
		.net = { .width = 24, .blocks = 5, .up = FV_UP_BILINEAR, .head = 7, .noise = 1 },
		.disc = { .width = 32, .scales = 2, .layers = 3, .channels = 3 }, .augment = 1, .batch = 4, .size = 128, .art_batches = 4,
		.head_width = 128, .patches = 192, .projections = 64, .swd_scales = 3, .adv = 1, .nce = 1, .swd = 5,
		.beta1 = 0.5, .beta2 = 0.99, .eps = 1e-8, .identity = identity,
	};
}

static fv_status decode(void *user, fv_err *err, const char *path, int64_t longest, fv_pixels *out)
{
	return fv_picture_shrink(err, path, longest, out);
}

static fv_status feed(fv_err *err, bench *b, const char *folder, const char *purpose, int64_t batch, fv_feed **out)
{
	fv_names n = { 0 };
	fv_status st = fv_folder_list(err, folder, &n);
	if (!st)
		st = fv_feed_open(err, b->c, &(fv_feed_options){ .purpose = purpose, .path = (const char *const *)n.path, .count = n.count,
		                  .decode = decode, .seed = 1, .batch = batch, .size = b->config.size, .longest = 640, .zoom_low = 0.8, .zoom_high = 1.6 }, out);
	fv_names_free(&n);
	return st;
}

static fv_status style_open(fv_err *err, bench *b, const options *o, fv_style_config (*config)(bool identity))
{
	fv_status st = FV_OK;
	for (int i = 0; i < 2 && !st; i++) {
		fv_style_config k = config(!i);
		fv_style_graph *s = &b->style[i];
		b->config = k;
		if ((st = fv_graph_new(err, b->c, &b->g[i])))
			return st;
		fv_style_graph_build(b->g[i], b->store, 1, &k, false, s);
		if ((st = plan(err, b, i, o)))
			return st;
	}
	if (o->photos && o->art && !(st = feed(err, b, o->photos, "photographs", b->config.batch, &b->photos)))
		st = feed(err, b, o->art, "paintings", (int64_t)b->config.batch * b->config.art_batches, &b->paintings);
	return st;
}

static fv_status prototype_open(fv_err *err, bench *b, const options *o) { return style_open(err, b, o, prototype); }
static fv_status default_open(fv_err *err, bench *b, const options *o) { return style_open(err, b, o, fv_style_default); }

static fv_status style_run(fv_err *err, bench *b)
{
	fv_status st = FV_OK;
	for (int k = 0; k < PERIOD && !st; k++, b->step++) {
		int i = k != 0;
		fv_style_graph *s = &b->style[i];
		fv_plan *p = b->plan[i];
		if (b->photos) {
			fv_feed_take(b->photos, b->step, fv_plan_data(p, s->x));
			fv_feed_take(b->paintings, b->step, fv_plan_data(p, s->art));
		} else {
			fill(fv_plan_data(p, s->x), fv_elements(s->x->shape));
			fill(fv_plan_data(p, s->art), fv_elements(s->art->shape));
		}
		*(float *)fv_plan_data(p, s->rate) = 4e-4f;
		*(float *)fv_plan_data(p, s->step_d) = *(float *)fv_plan_data(p, s->step_g) = (float)(b->step + 1);
		*(float *)fv_plan_data(p, s->hold) = 1;
		*(float *)fv_plan_data(p, s->decay) = 0.9f;
		st = fv_plan_run(err, p, (fv_key){ 1, (uint64_t)b->step });
		if (!st && *(float *)fv_plan_data(p, s->ok_g) != 1)
			st = fv_fail(err, FV_E_INTERNAL, "step %" PRId64 " was not finite", b->step);
	}
	return st;
}

static fv_status dense_open(fv_err *err, bench *b, const options *o)
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
	*(float *)fv_plan_data(p, b->dense.rate) = 1e-3f;
	*(float *)fv_plan_data(p, b->dense.step_real) = (float)(2 * b->step + 1);
	*(float *)fv_plan_data(p, b->dense.step_fake) = (float)(2 * b->step + 2);
	*(float *)fv_plan_data(p, b->dense.step_g) = (float)(b->step + 1);
	return fv_plan_run(err, p, (fv_key){ 1, (uint64_t)b->step++ });
}

/* To add one: a line here, its file in bench/peers, a line in script/bench. */
static const struct { const char *name; fv_status (*open)(fv_err *, bench *, const options *); fv_status (*run)(fv_err *, bench *); int steps; } cases[] = {
	{ "resnet", resnet_open, resnet_run, 1 },
	{ "prototype", prototype_open, style_run, PERIOD },
	{ "default", default_open, style_run, PERIOD },
	{ "dense", dense_open, dense_run, 1 },
};

static fv_status write_model(fv_err *err, bench *b, bool resnet, const char *path)
{
	json_t *network = NULL;
	fv_style_config k = fv_style_default(false);
	fv_resnet r = { .width = 64, .blocks = 9 };
	fv_status st = fv_context_new(err, NULL, &b->c);
	if (st || (st = fv_store_new(err, b->c, &b->store)) || (st = fv_graph_new(err, b->c, &b->g[0])))
		return st;
	fv_scope s = { .g = b->g[0], .store = b->store, .prefix = "", .create = true, .seed = 1 };
	fv_node *x = fv_input(b->g[0], "x", FV_F32, fv_nhwc(1, 32, 32, 3)), *z = fv_input(b->g[0], "z", FV_F32, fv_nhwc(1, 32, 32, 1));
	if (!(resnet ? fv_resnet_build(&s, &r, x) : fv_stylenet_build(&s, &k.net, x, z, false, NULL)))
		return fv_fail(err, b->g[0]->err.status, "%s", b->g[0]->err.text);
	network = resnet ? fv_resnet_json(&r) : fv_stylenet_json(&k.net);
	st = fv_model_write(err, b->c, path, b->store, "", resnet ? "resnet" : "stylenet", network, NULL);
	json_decref(network);
	return st;
}

static fv_status measure(fv_err *err, bench *b, const char *name, const options *o)
{
	size_t i = 0;
	while (i < FV_COUNT(cases) && strcmp(cases[i].name, name))
		i++;
	if (i == FV_COUNT(cases))
		return fv_fail(err, FV_E_ARGUMENT, "no case '%s'", name);
	double idle = memory("VmRSS");
	fv_status st = fv_context_new(err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = o->threads }, &b->c);
	if (st || (st = fv_store_new(err, b->c, &b->store)) || (st = cases[i].open(err, b, o)) || (st = cases[i].run(err, b)))
		return st;
	for (int k = 0; k < o->runs; k++) {
		double t = fv_now();
		if ((st = cases[i].run(err, b)))
			return st;
		b->ms[k] = 1e3 * (fv_now() - t) / cases[i].steps;
	}
	printf("{\"case\": \"%s\", \"ms\": [", name);
	for (int k = 0; k < o->runs; k++)
		printf("%s%.2f", k ? ", " : "", b->ms[k]);
	printf("], \"idle_mb\": %.1f, \"peak_mb\": %.1f}\n", idle, memory("VmHWM"));
	for (int k = 0; k < 2 && o->profile; k++)
		if (b->plan[k])
			fv_plan_print(b->plan[k], false, line, NULL);
	return FV_OK;
}

int main(int argc, char **argv)
{
	options o = { .runs = 10 };
	fv_err err = { 0 };
	bench *b = calloc(1, sizeof *b);
	const char *name = NULL, *file = NULL;
	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;
		if (!strcmp(argv[i], "--threads") && more)
			o.threads = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--runs") && more)
			o.runs = (int)fv_max(1, fv_min(RUNS_MAX, atoi(argv[++i])));
		else if (!strcmp(argv[i], "--photos") && more)
			o.photos = argv[++i];
		else if (!strcmp(argv[i], "--art") && more)
			o.art = argv[++i];
		else if (!strcmp(argv[i], "--bf16"))
			o.bf16 = true;
		else if (!strcmp(argv[i], "--profile"))
			o.profile = true;
		else if (!name)
			name = argv[i];
		else
			file = argv[i];
	}
	if (!name || !b) {
		fprintf(stderr, "usage: bench model|resnet FILE, or bench resnet|prototype|default|dense [--threads N] [--runs N] [--bf16] [--photos DIR --art DIR] [--profile]\n");
		return 2;
	}
	fv_status st = o.photos ? fv_picture_begin(&err, "bench") : FV_OK;
	if (!st)
		st = file ? write_model(&err, b, !strcmp(name, "resnet"), file) : measure(&err, b, name, &o);
	if (st)
		fprintf(stderr, "bench: %s\n", err.text);
	for (int i = 1; i >= 0; i--) {
		fv_plan_free(b->plan[i]);
		fv_graph_free(b->g[i]);
	}
	fv_feed_close(b->photos);
	fv_feed_close(b->paintings);
	fv_store_free(b->store);
	fv_context_free(b->c);
	free(b);
	return st != FV_OK;
}
