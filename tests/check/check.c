/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "check.h"
#include "base/philox.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "test.h"

static uint64_t seed = 1;
static const char *isa, **names;
static int name_count;
static fv_context *one, *many;          /* 1 and 3 threads */

void check_true(bool ok, const char *format, ...)
{
	char text[600];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	check(ok, "%s", text);
}

static double draw(const char *what, int64_t i)
{
	return fv_unit(fv_philox_at(seed, fv_purpose(what), (uint64_t)i).v[0]);
}

/* A buffer that ends at a page nobody may touch, and begins behind one. */
typedef struct { char *map, *data; size_t bytes, mapped; } guarded;

static guarded guard(int64_t bytes, bool at_end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = ((size_t)bytes + page - 1) / page * page;
	guarded g = { .bytes = (size_t)bytes, .mapped = room + 2 * page };
	g.map = mmap(NULL, g.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g.map == MAP_FAILED)
		abort();
	mprotect(g.map, page, PROT_NONE);
	mprotect(g.map + page + room, page, PROT_NONE);
	g.data = g.map + page + (at_end ? (room - (size_t)bytes) & ~(size_t)3 : 0);
	memset(g.map + page, 0x55, room);
	return g;
}

static void unguard(guarded *g)
{
	munmap(g->map, g->mapped);
}

static int inputs_of(const problem *p)
{
	int n = 0;
	while (n < 4 && (p->in[n].shape.rank || p->in[n].hi || p->in[n].lo))
		n++;
	return n;
}

static void fill(const problem *p, int i, fv_tensor t)
{
	char what[100];
	snprintf(what, sizeof what, "%s input %d", p->name, i);
	double lo = p->in[i].lo, hi = p->in[i].hi;
	for (int64_t k = 0; k < fv_elements(t.shape); k++) {
		double u = draw(what, k);
		fv_put(t, k, t.type == FV_I32 ? floor(lo + u * (hi - lo + 1)) : lo + u * (hi - lo));
	}
}

/* ---- kernels */
typedef struct { guarded in[FV_INPUTS], out[FV_OUTPUTS], scratch; fv_call call; fv_work work; } bound;

static bound bind(const fv_node *n, const fv_kernel *k, int threads, fv_tensor *const from, bool at_end, const fv_key *key)
{
	bound b = { .call = { .node = n, .threads = threads, .key = key } };
	for (int i = 0; i < n->inputs; i++) {
		if (!n->in[i])
			continue;
		b.in[i] = guard(fv_tensor_bytes(n->in[i]->type, n->in[i]->shape), at_end);
		memcpy(b.in[i].data, from[i].data, b.in[i].bytes);
		b.call.in[i] = (fv_tensor){ n->in[i]->type, n->in[i]->shape, b.in[i].data };
	}
	for (int i = 0; i < n->outputs; i++) {
		fv_type t = i ? n->type1 : n->type;
		fv_shape s = i ? n->shape1 : n->shape;
		b.out[i] = guard(fv_tensor_bytes(t, s), at_end);
		b.call.out[i] = (fv_tensor){ t, s, b.out[i].data };
	}
	if (k)
		fv_kernel_plan(k, n, threads, &b.work);
	int64_t scratch = k ? fv_kernel_room(&b.work) : n->op->reference_scratch ? n->op->reference_scratch(n) : 0;
	b.scratch = guard((scratch + 63) / 64 * 64, false);
	b.call.scratch = b.scratch.data;
	if (k)
		fv_kernel_bind(&b.work, &b.call, b.scratch.data);
	return b;
}

static void unbind(bound *b)
{
	for (int i = 0; i < FV_INPUTS; i++)
		if (b->in[i].map)
			unguard(&b->in[i]);
	for (int i = 0; i < FV_OUTPUTS; i++)
		if (b->out[i].map)
			unguard(&b->out[i]);
	unguard(&b->scratch);
}

static bool same(const bound *a, const bound *b)
{
	for (int i = 0; i < FV_OUTPUTS; i++)
		if (a->out[i].map && memcmp(a->out[i].data, b->out[i].data, a->out[i].bytes))
			return false;
	return true;
}

/* Largest distance over the rms of the truth. */
static double distance(fv_tensor got, fv_tensor truth)
{
	double worst = 0, square = 0;
	int64_t n = fv_elements(truth.shape);
	for (int64_t i = 0; i < n; i++) {
		double a = fv_get(got, i), b = fv_get(truth, i);
		square += b * b;
		if (a != b && !(isnan(a) && isnan(b)))
			worst = fmax(worst, isfinite(a - b) ? fabs(a - b) : INFINITY);
	}
	return worst / fmax(sqrt(square / (double)n), 1e-30);
}

/* Root mean square of the distance over that of the truth. */
static double spread(fv_tensor got, fv_tensor truth)
{
	double off = 0, square = 0;
	for (int64_t i = 0; i < fv_elements(truth.shape); i++) {
		double a = fv_get(got, i), b = fv_get(truth, i);
		off += a == b || (isnan(a) && isnan(b)) ? 0 : (a - b) * (a - b);
		square += b * b;
	}
	return sqrt(off / fmax(square, 1e-60));
}

static void check_kernel(const problem *p, const fv_node *n, const fv_kernel *k, fv_tensor *from, const bound *truth)
{
	static const fv_key key = { 3, 5, 0 };
	double tolerance = p->winograd && !strncmp(k->name, "winograd", 8) ? p->winograd : p->tolerance ? p->tolerance : 2e-6;
	bound a = bind(n, k, 1, from, true, &key), b = bind(n, k, 3, from, false, &key);
	a.call.work = &a.work, b.call.work = &b.work;           /* they have moved */
	fv_kernel_run(one, k, &a.call, 0);
	fv_kernel_run(many, k, &b.call, 0);
	check_true(same(&a, &b), "%s, %s: 1 and 3 threads give other bits; repeat with: check --seed %" PRIu64 " %s", p->name, k->name, seed, p->name);
	if (b.work.packed) {
		memset(b.call.scratch, 0xff, (size_t)b.work.scratch);
		memset(b.out[0].data, 0xff, b.out[0].bytes);
		fv_kernel_run(many, k, &b.call, 1);
		check_true(same(&a, &b), "%s, %s: with weights kept from the run before other bits; repeat with: check --seed %" PRIu64 " %s", p->name, k->name,
		           seed, p->name);
	}
	for (int i = 0; i < n->outputs; i++) {
		/* bf16 has 8 bits; Winograd's sums lose some two of them. Single values may be off by more: a mean is looked at,
		 * more loosely over a few values. */
		bool bf16 = fv_kernel_rounds(k);
		if (bf16)
			tolerance = (strncmp(k->name, "winograd", 8) ? 5e-3 : 4e-2) * (fv_elements(truth->call.out[i].shape) < 64 ? 8 : 1);
		double d = bf16 ? spread(a.call.out[i], truth->call.out[i]) : distance(a.call.out[i], truth->call.out[i]);
		check_true(d <= tolerance, "%s, %s, output %d: off by %.2g of the rms (%.2g allowed); repeat with: check --seed %" PRIu64 " %s",
		           p->name, k->name, i, d, tolerance, seed, p->name);
	}
	if (!p->no_nan && n->in[0]->type == FV_F32) {
		bool any = false;
		fv_put(b.call.in[0], fv_elements(b.call.in[0].shape) / 2, NAN);
		fv_kernel_run(one, k, &b.call, 0);
		for (int64_t i = 0; i < fv_elements(n->shape); i++)
			any |= isnan(fv_get(b.call.out[0], i));
		check_true(any, "%s, %s: a NaN in the input is lost", p->name, k->name);
	}
	unbind(&a);
	unbind(&b);
}

static void check_kernels(const problem *p, fv_graph *g, fv_node *y, fv_node *const *in)
{
	fv_tensor from[FV_INPUTS] = { 0 };
	for (int i = 0; i < y->inputs; i++)
		for (int j = 0; j < inputs_of(p); j++)
			if (y->in[i] == in[j]) {
				from[i] = (fv_tensor){ in[j]->type, in[j]->shape, malloc((size_t)fv_tensor_bytes(in[j]->type, in[j]->shape)) };
				fill(p, j, from[i]);
			}
	for (int i = 0; i < y->inputs; i++)
		if (y->in[i] && !from[i].data)
			goto done;                              /* composed: its parts have problems of their own */
	if (y->op->outputs && y->op->reference && (y->type == FV_F32 || y->type == FV_BF16)) {
		static const fv_key key = { 3, 5, 0 };
		bound truth = bind(y, NULL, 1, from, true, &key);
		y->op->reference(&truth.call);
		fv_work w;
		for (const fv_kernel *const *k = fv_kernels; *k; k++)
			if ((*k)->op == y->op && ((*k)->needs & one->isa) == (*k)->needs && !fv_kernel_plan(*k, y, 1, &w))
				check_kernel(p, y, *k, from, &truth);
		unbind(&truth);
	}
done:
	for (int i = 0; i < FV_INPUTS; i++)
		free(from[i].data);
}

/* ---- gradients: in double, along one random direction; order 2 differentiates <gradient, constant> again */
static fv_node *weighted(fv_graph *g, fv_node *y, const char *what)
{
	double *w = malloc((size_t)fv_elements(y->shape) * sizeof *w);
	for (int64_t i = 0; i < fv_elements(y->shape); i++)
		w[i] = draw(what, i) - 0.5;
	fv_node *s = fv_sum(g, fv_mul(g, y, fv_constant(g, FV_F64, y->shape, w)), FV_ALL);
	free(w);
	return fv_reshape(g, s, fv_scalar());
}

static void check_slope(const problem *p, int order)
{
	int n = inputs_of(p);
	fv_graph *g;
	fv_program *program = NULL;
	fv_err err;
	fv_node *in[4], *dx[4];
	char port[4][16];
	if (fv_graph_new(&err, one, &g))
		abort();
	for (int i = 0; i < n; i++) {
		snprintf(port[i], sizeof port[i], "x.%d", i);
		in[i] = fv_input(g, port[i], p->in[i].type == FV_I32 ? FV_I32 : FV_F64, p->in[i].shape);
	}
	fv_node *s = weighted(g, p->build(g, in, p->arg), "weights");
	fv_grad(g, s, in, n, dx);
	for (int o = 1; o < order; o++) {
		fv_node *sum = NULL;
		for (int i = 0; i < n; i++)
			if (p->in[i].type != FV_I32) {
				fv_node *t = weighted(g, dx[i], "weights again");
				sum = sum ? fv_add(g, sum, t) : t;
			}
		fv_grad(g, s = sum, in, n, dx);
	}
	fv_output(g, s, "sum");
	for (int i = 0; i < n; i++)
		if (p->in[i].type != FV_I32)
			fv_output(g, dx[i], "dx.%d", i);
	if (fv_program_new(&err, one, g, &(fv_program_options){ .reference = true }, &program)) {
		check_true(false, "%s: gradient: %s", p->name, err.text);
		fv_graph_free(g);
		return;
	}
	double value[2], along = 0, h = 1e-5, scale = 0;
	for (int side = 0; side < 3; side++) {                  /* x + h v, x - h v, x */
		for (int i = 0; i < n; i++) {
			fv_tensor t = port_values(program, port[i]);
			fill(p, i, t);
			for (int64_t k = 0; k < fv_elements(t.shape) && t.type == FV_F64 && side < 2; k++)
				((double *)t.data)[k] += (side ? -h : h) * (draw("direction", k + 100000 * i) - 0.5);
			port_take(program, port[i], t);
		}
		fv_program_run(&err, program, (fv_key){ 3, 5, 0 });
		if (side < 2)
			fv_program_get(NULL, program, "sum", &value[side]);
	}
	for (int i = 0; i < n; i++) {
		if (p->in[i].type == FV_I32)
			continue;
		snprintf(port[i], sizeof port[i], "dx.%d", i);
		fv_tensor d = port_values(program, port[i]);
		for (int64_t k = 0; k < fv_elements(d.shape); k++) {
			double t = ((double *)d.data)[k] * (draw("direction", k + 100000 * i) - 0.5);
			along += t;
			scale += t * t;
		}
		free(d.data);
	}
	double slope = (value[0] - value[1]) / (2 * h), off = fabs(slope - along) / fmax(sqrt(scale), 1e-6);
	check_true(off < 1e-5, "%s: gradient of order %d: %.10g, differences say %.10g; repeat with: check --seed %" PRIu64 " %s", p->name,
	           order, along, slope, seed, p->name);
	fv_program_free(program);
	fv_graph_free(g);
}

void check_problem(const problem *p)
{
	bool wanted = !name_count;
	for (int i = 0; i < name_count; i++)
		wanted |= !strncmp(p->name, names[i], strlen(names[i]));
	if (!wanted)
		return;
	fv_graph *g;
	fv_err err;
	fv_node *in[4];
	if (fv_graph_new(&err, one, &g))
		abort();
	for (int i = 0; i < inputs_of(p); i++)
		in[i] = fv_input(g, "x", p->in[i].type, p->in[i].shape);
	fv_node *y = p->build(g, in, p->arg);
	while (y && y->op->view)
		y = y->in[0];
	check_true(y != NULL, "%s: %s", p->name, g->err.text);
	if (y)
		check_kernels(p, g, y, in);
	fv_graph_free(g);
	if (y && !p->rough) {
		check_slope(p, 1);
		check_slope(p, 2);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--isa") && i + 1 < argc)
			isa = argv[++i];
		else {
			names = (const char **)argv + i;
			name_count = argc - i;
			break;
		}
	}
	fv_err err;
	if (fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 1, .isa = isa }, &one) ||
	    fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .threads = 3, .isa = isa }, &many)) {
		printf("%s\n", err.text);
		return 1;
	}
	check_elementwise();
	check_norms();
	check_conv();
	check_pictures();
	check_rows();
	check_updates();
	check_graph();
	fv_context_free(one);
	fv_context_free(many);
	return finish("check");
}
