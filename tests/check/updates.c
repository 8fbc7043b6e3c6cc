/* SPDX-License-Identifier: Apache-2.0 */
/* Updates write variables; random fills draw: both are run as programs, reference against fast. */
#include "check.h"
#include <math.h>

#define COUNT 40003                     /* more than one unit of any kernel, and a rest */
typedef struct { float p[COUNT], m[COUNT], v[COUNT], e[COUNT], drawn[4100]; } state;

static void run(bool reference, bool keras, float flag, state *s)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_graph *g;
	fv_store *store;
	fv_program *program;
	static float grad[COUNT], p0[COUNT], m0[COUNT], v0[COUNT];
	if (fv_context_new(&err, NULL, &c) || fv_graph_new(&err, c, &g) || fv_store_new(&err, c, &store)) {
		check_true(false, "updates: %s", err.text);
		return;
	}
	fv_variable *p = fv_variable_new(store, FV_F32, FV_SHAPE(COUNT), "p"), *m = fv_variable_new(store, FV_F32, FV_SHAPE(COUNT), "m"),
	            *v = fv_variable_new(store, FV_F32, FV_SHAPE(COUNT), "v"), *e = fv_variable_new(store, FV_F32, FV_SHAPE(COUNT), "e");
	for (int i = 0; i < COUNT; i++) {
		grad[i] = (float)sin(i + 1);
		p0[i] = (float)cos(i);
		m0[i] = (float)sin(3 * i) / 10;
		v0[i] = (float)fabs(cos(2 * i)) / 10;
	}
	fv_variable_put(NULL, p, p0);
	fv_variable_put(NULL, m, m0);
	fv_variable_put(NULL, v, v0);
	fv_node *d = fv_input(g, "gradient", FV_F32, FV_SHAPE(COUNT)), *ok = fv_finite(g, d, fv_number(g, FV_F32, flag));
	fv_adam(g, (fv_adam_attr){ p, m, v, 0.5, 0.99, 1e-8, keras }, d, fv_number(g, FV_F32, 1e-2), fv_number(g, FV_F32, 3), ok);
	fv_average(g, e, fv_read(g, p), fv_number(g, FV_F32, 0.9), ok);
	fv_node *drawn = fv_random(g, FV_NORMAL, "test", FV_F32, FV_SHAPE(4100), 1, 2);
	fv_output(g, drawn, "drawn");
	fv_output(g, ok, "ok");
	fv_status st = fv_program_new(&err, c, g, &(fv_program_options){ .reference = reference }, &program);
	if (!st)
		fv_program_put(program, "gradient", grad);
	if (st || fv_program_run(&err, program, (fv_key){ 1, 2, 3 })) {
		check_true(false, "updates: %s", err.text);
		return;
	}
	fv_variable_get(NULL, p, s->p);
	fv_variable_get(NULL, m, s->m);
	fv_variable_get(NULL, v, s->v);
	fv_variable_get(NULL, e, s->e);
	fv_program_get(NULL, program, "drawn", s->drawn);
	fv_program_free(program);
	fv_graph_free(g);
	fv_store_free(store);
	fv_context_free(c);
}

static fv_node *normal(fv_graph *g, fv_node *const *in, const void *arg) { return fv_random(g, FV_NORMAL, "normal", FV_F32, FV_SHAPE(3, 4099), 1, 2); }
static fv_node *uniform(fv_graph *g, fv_node *const *in, const void *arg) { return fv_random(g, FV_UNIFORM, "uniform", FV_F32, FV_SHAPE(9001), -1, 2); }
static fv_node *all_finite(fv_graph *g, fv_node *const *in, const void *arg) { return fv_finite(g, in[0], NULL); }

/* A program of one node, run with `set` (may be NULL) as its input; to: the values. */
static void run_one(fv_node *(*build)(fv_graph *g, fv_node *x), fv_shape shape, const void *set, void *to)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_graph *g;
	fv_program *program = NULL;
	if (fv_context_new(&err, NULL, &c) || fv_graph_new(&err, c, &g)) {
		check_true(false, "updates: %s", err.text);
		return;
	}
	fv_node *x = fv_input(g, "x", FV_F32, shape), *y = build(g, x);
	fv_output(g, y, "y");
	fv_status st = fv_program_new(&err, c, g, NULL, &program);
	if (!st && set)
		fv_program_put(program, "x", set);
	if (st || fv_program_run(&err, program, (fv_key){ 1, 2, 3 }) || fv_program_get(&err, program, "y", to))
		check_true(false, "updates: %s", err.text);
	fv_program_free(program);
	fv_graph_free(g);
	fv_context_free(c);
}

static fv_node *is_finite(fv_graph *g, fv_node *x) { return fv_finite(g, x, NULL); }
static fv_node *shuffled(fv_graph *g, fv_node *x) { return fv_random(g, FV_PERMUTATION, "order", FV_I32, FV_SHAPE(3, 190), 0, 200); }
static fv_node *dice(fv_graph *g, fv_node *x) { return fv_random(g, FV_INTEGERS, "dice", FV_I32, FV_SHAPE(6000), 1, 6); }

static void check_finite(void)
{
	static float x[COUNT];
	static const int places[] = { 0, 16383, 16384, COUNT - 1 };
	float ok = 0;
	for (int i = 0; i < COUNT; i++)
		x[i] = i % 2 ? 1.8e19f : -1.8e19f;              /* the sum of their squares would overflow */
	run_one(is_finite, FV_SHAPE(COUNT), x, &ok);
	check_true(ok == 1, "finite: large values are taken for infinities");
	for (size_t i = 0; i < 3 * FV_COUNT(places); i++) {
		float before = x[places[i / 3]];
		x[places[i / 3]] = i % 3 == 2 ? NAN : i % 3 ? -1e20f : INFINITY;       /* 1e20 squared is no float */
		run_one(is_finite, FV_SHAPE(COUNT), x, &ok);
		check_true(ok == 0, "finite: %g at %d of %d is not seen", x[places[i / 3]], places[i / 3], COUNT);
		x[places[i / 3]] = before;
	}
}

static void check_draws(void)
{
	static int32_t y[6000];
	int seen[3][200] = { 0 }, faces[6] = { 0 }, bad = 0, moved = 0, worst = 0;
	run_one(shuffled, FV_SHAPE(1), NULL, y);
	for (int i = 0; i < 570; i++) {
		bool in = y[i] >= 0 && y[i] < 200;
		bad += !in || seen[i / 190][y[i]]++;
		moved += y[i] != i % 190;
	}
	check_true(!bad && moved > 500, "permutation: %d numbers out of range or twice, %d of 570 moved", bad, moved);
	check_true(memcmp(y, y + 190, 190 * sizeof *y) != 0, "permutation: two rows are alike");
	run_one(dice, FV_SHAPE(1), NULL, y);
	bad = 0;
	for (int i = 0; i < 6000; i++)
		if (y[i] >= 1 && y[i] <= 6)
			faces[y[i] - 1]++;
		else
			bad++;
	for (int i = 0; i < 6; i++)
		worst = (int)fv_max(worst, faces[i] > 1000 ? faces[i] - 1000 : 1000 - faces[i]);
	check_true(!bad && worst < 150, "integers: %d out of range; a face is off by %d of 1000", bad, worst);
}

void check_updates(void)
{
	const problem list[] = {
		{ "random normal", .build = normal, .tolerance = 1e-6, .rough = true, .no_nan = true },
		{ "random uniform", .build = uniform, .tolerance = 1e-7, .rough = true, .no_nan = true },
		{ "finite", { { FV_F32, FV_SHAPE(COUNT), -1, 1 } }, all_finite, .rough = true, .no_nan = true },
	};
	check_problems(list);
	check_finite();
	check_draws();

	static state a, b;
	for (int keras = 0; keras < 2; keras++) {
		double worst = 0, drawn = 0, mean = 0, square = 0;
		run(true, keras, 1, &a);
		run(false, keras, 1, &b);
		for (int i = 0; i < COUNT; i++)
			worst = fmax(worst, fmax(fabs(a.p[i] - b.p[i]), fmax(fabs(a.m[i] - b.m[i]), fmax(fabs(a.v[i] - b.v[i]), fabs(a.e[i] - b.e[i])))));
		for (int i = 0; i < 4100; i++) {
			drawn = fmax(drawn, fabs(a.drawn[i] - b.drawn[i]));
			mean += a.drawn[i] / 4100;
			square += (a.drawn[i] - 1) * (a.drawn[i] - 1) / 4100;
		}
		check_true(worst < 1e-6, "adam and average: fast and reference differ by %g", worst);
		check_true(drawn < 1e-5, "random: fast and reference differ by %g", drawn);
		check_true(fabs(mean - 1) < 0.1 && fabs(sqrt(square) - 2) < 0.1, "random: mean %g, deviation %g", mean, sqrt(square));
	}
	/* One step of each spelling by hand: p = 1, m = v = 0 would hide the moments, so element 5 of the state above. */
	for (int keras = 0; keras < 2; keras++) {
		double g = sin(6), m = sin(15) / 10, v = fabs(cos(10)) / 10, c1 = 1 - pow(0.5, 3), c2 = 1 - pow(0.99, 3);
		run(true, keras, 1, &a);
		m = 0.5 * m + 0.5 * g, v = 0.99 * v + 0.01 * g * g;
		double p = cos(5) - (keras ? 1e-2 * sqrt(c2) / c1 * m / (sqrt(v) + 1e-8) : 1e-2 * (m / c1) / (sqrt(v / c2) + 1e-8));
		check_true(fabs(p - a.p[5]) < 1e-6, "adam: %g, by hand %g", a.p[5], p);
	}
	run(false, false, 0, &b);
	check_true(b.p[5] == (float)cos(5) && b.e[5] == 0, "a flag of 0 did not stop an update");
}
