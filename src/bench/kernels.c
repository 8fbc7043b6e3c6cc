/* SPDX-License-Identifier: Apache-2.0 */
/* Single kernels, against what the processor can do at best. */
#include "bench/bench.h"
#include "device/cpu/peak.h"
#include <math.h>
#include <stdlib.h>

#define SPAN 0.15                       /* seconds a measurement at least */
#define PEAKS 16                        /* instruction sets at most */

typedef struct { const char *name; int64_t n, h, w, c, o; int k, stride, pad; fv_pad_kind kind; char way; } problem;
/* What the generators and discriminators are made of; ways: f forward, x to the picture, w to the weights. */
static const problem problems[] = {
	{ "3x3 256>256 @64, ResNet-9's body", 1, 64, 64, 256, 256, 3, 1, 1, FV_PAD_REFLECT, 'f' },
	{ "3x3 256>256 @64, to the picture", 1, 64, 64, 256, 256, 3, 1, 1, FV_PAD_REFLECT, 'x' },
	{ "3x3 256>256 @64, to the weights", 1, 64, 64, 256, 256, 3, 1, 1, FV_PAD_REFLECT, 'w' },
	{ "3x3 96>96 @32, batch 4, StyleNet's body", 4, 32, 32, 96, 96, 3, 1, 1, FV_PAD_REFLECT, 'f' },
	{ "3x3 96>96 @32, to the weights", 4, 32, 32, 96, 96, 3, 1, 1, FV_PAD_REFLECT, 'w' },
	{ "3x3 64>128 @256, stride 2", 1, 256, 256, 64, 128, 3, 2, 1, FV_PAD_ZERO, 'f' },
	{ "3x3 64>128 @256, stride 2, to the picture", 1, 256, 256, 64, 128, 3, 2, 1, FV_PAD_ZERO, 'x' },
	{ "3x3 64>128 @256, stride 2, to the weights", 1, 256, 256, 64, 128, 3, 2, 1, FV_PAD_ZERO, 'w' },
	{ "4x4 256>512 @32, PatchGAN", 2, 32, 32, 256, 512, 4, 1, 1, FV_PAD_ZERO, 'f' },
	{ "4x4 256>512 @32, to the weights", 2, 32, 32, 256, 512, 4, 1, 1, FV_PAD_ZERO, 'w' },
	{ "7x7 3>64 @256, first layer", 1, 256, 256, 3, 64, 7, 1, 3, FV_PAD_REFLECT, 'f' },
	{ "7x7 3>64 @256, to the weights", 1, 256, 256, 3, 64, 7, 1, 3, FV_PAD_REFLECT, 'w' },
	{ "7x7 64>3 @256, last layer", 1, 256, 256, 64, 3, 7, 1, 3, FV_PAD_REFLECT, 'f' },
	{ "7x7 64>3 @256, to the picture", 1, 256, 256, 64, 3, 7, 1, 3, FV_PAD_REFLECT, 'x' },
	{ "7x7 64>3 @256, to the weights", 1, 256, 256, 64, 3, 7, 1, 3, FV_PAD_REFLECT, 'w' },
	{ "1000x784 by 784x1024, dense", 1, 1, 1000, 784, 1024, 1, 1, 0, FV_PAD_ZERO, 'm' },
};

static fv_node *build(fv_graph *g, const problem *p)
{
	if (p->way == 'm')
		return fv_matmul(g, fv_input(g, "a", FV_F32, FV_SHAPE(p->w, p->c)), fv_input(g, "b", FV_F32, FV_SHAPE(p->c, p->o)), false, false);
	fv_conv_attr a = { .stride = p->stride, .groups = 1, .top = p->pad, .bottom = p->pad, .left = p->pad, .right = p->pad, .kind = p->kind };
	int64_t oh = (p->h + 2 * p->pad - p->k) / p->stride + 1, ow = (p->w + 2 * p->pad - p->k) / p->stride + 1;
	fv_node *x = fv_input(g, "x", FV_F32, fv_nhwc(p->n, p->h, p->w, p->c)), *y = fv_input(g, "y", FV_F32, fv_nhwc(p->n, oh, ow, p->o));
	fv_node *w = fv_input(g, "w", FV_F32, fv_nhwc(p->o, p->k, p->k, p->c));
	if (p->way == 'f')
		return fv_conv2d(g, x, w, NULL, a);
	a.h = p->way == 'x' ? p->h : p->k, a.w = p->way == 'x' ? p->w : p->k;
	return p->way == 'x' ? fv_conv2d_dx(g, y, w, a) : fv_conv2d_dw(g, x, y, a);
}

typedef struct {
	const char *problem;
	double flops;
	const double *best;             /* GFLOP a second, by instruction set */
	void (*line)(void *user, const fv_bench_kernel *k);
	void *user;
} racing;

static void raced(void *user, const char *kernel, uint32_t needs, double seconds, bool chosen)
{
	const racing *r = user;
	fv_bench_kernel b = { .problem = r->problem, .kernel = kernel, .ms = 1e3 * seconds, .gflops = r->flops / seconds / 1e9, .chosen = chosen };
	for (int p = 0; fv_peaks[p] && p < PEAKS; p++)
		if (fv_peaks[p]->needs == needs && r->best[p] > 0)
			b.peak = b.gflops / r->best[p];
	r->line(r->user, &b);
}

fv_status fv_bench_kernels(fv_err *err, fv_context *c, void (*line)(void *user, const fv_bench_kernel *k), void *user)
{
	double best[PEAKS] = { 0 };
	for (int i = 0; i < PEAKS && fv_bench_peak(c, i, &best[i]); i++)
		;
	for (size_t i = 0; i < FV_COUNT(problems); i++) {
		fv_graph *g;
		fv_status st = fv_graph_new(err, c, &g);
		if (st)
			return st;
		fv_node *n = build(g, &problems[i]);
		if (!n)
			st = fv_fail(err, g->err.status, "%s", g->err.text);
		racing r = { problems[i].name, n ? fv_node_cost(n).flops : 0, best, line, user };
		if (!st)
			st = fv_device_race(err, c, n, SPAN, raced, &r);
		fv_graph_free(g);
		if (st)
			return st;
	}
	return FV_OK;
}

/* ------------------------------------------------------------------ what the processor can do */
typedef struct { const fv_peak *peak; int64_t rounds; const char *memory; size_t bytes; _Atomic uint64_t sum; double flops[256]; } yardstick;

static void multiply(void *arg, int thread, int64_t first, int64_t last)
{
	yardstick *y = arg;
	float sink = 1e-9f;
	y->flops[first] = y->peak->run(y->rounds, &sink);
}

static void read(void *arg, int thread, int64_t first, int64_t last)
{
	yardstick *y = arg;
	const uint64_t *p = (const uint64_t *)(y->memory + (size_t)first * y->bytes);
	uint64_t sum[8] = { 0 };
	for (int64_t r = 0; r < y->rounds; r++)
		for (size_t i = 0; i + 8 <= y->bytes / sizeof *p; i += 8)
			for (int j = 0; j < 8; j++)
				sum[j] += p[i + (size_t)j];
	for (int j = 0; j < 8; j++)
		y->sum += sum[j];
}

/* The least seconds that `threads` units of fn take. */
static double least(fv_context *c, fv_team_fn fn, yardstick *y)
{
	double s = INFINITY, start = fv_now();
	y->rounds = 1;
	for (int r = 0; r < 5 || fv_now() - start < SPAN; r++) {
		double t = fv_now();
		fv_team_run(c->team, fn, y, c->threads, 1);
		t = fv_now() - t;
		if (t < 2e-3) {
			y->rounds *= 2, s = INFINITY, r = 0;
			continue;
		}
		s = fmin(s, t);
	}
	return s;
}

const char *fv_bench_peak(fv_context *c, int i, double *gflops)
{
	if (!fv_peaks[i])
		return NULL;
	*gflops = 0;
	if ((fv_peaks[i]->needs & c->isa) == fv_peaks[i]->needs && c->threads <= 256) {
		yardstick y = { .peak = fv_peaks[i] };
		double s = least(c, multiply, &y);
		for (int t = 0; t < c->threads; t++)
			*gflops += y.flops[t] / s / 1e9;
	}
	return fv_peaks[i]->name;
}

double fv_bench_bandwidth(fv_context *c, size_t bytes)
{
	yardstick y = { .bytes = bytes / 64 * 64 };
	char *memory = fv_alloc(c, (size_t)c->threads * y.bytes);
	if (!memory)
		return 0;
	memset(memory, 1, (size_t)c->threads * y.bytes);
	y.memory = memory;
	double s = least(c, read, &y), moved = (double)c->threads * (double)y.bytes * (double)y.rounds;
	fv_free(c, memory);
	return moved / s;
}
