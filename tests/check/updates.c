/* SPDX-License-Identifier: Apache-2.0 */
/* Updates write variables; random fills draw: both are run as programs, reference against fast. */
#include "check.h"
#include <math.h>

typedef struct { float p[40], m[40], v[40], e[40], drawn[4100]; } state;

static void run(bool reference, bool keras, float flag, state *s)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_graph *g;
	fv_store *store;
	fv_plan *plan;
	float grad[40];
	if (fv_context_new(&err, NULL, &c) || fv_graph_new(&err, c, &g) || fv_store_new(&err, c, &store)) {
		check_true(false, "updates: %s", err.text);
		return;
	}
	fv_variable *p = fv_variable_new(store, FV_F32, FV_SHAPE(37), "p"), *m = fv_variable_new(store, FV_F32, FV_SHAPE(37), "m"),
	            *v = fv_variable_new(store, FV_F32, FV_SHAPE(37), "v"), *e = fv_variable_new(store, FV_F32, FV_SHAPE(37), "e");
	for (int i = 0; i < 37; i++) {
		grad[i] = (float)sin(i + 1);
		fv_f32(p->tensor)[i] = (float)cos(i);
		fv_f32(m->tensor)[i] = (float)sin(3 * i) / 10;
		fv_f32(v->tensor)[i] = (float)fabs(cos(2 * i)) / 10;
	}
	fv_node *d = fv_input(g, "gradient", FV_F32, FV_SHAPE(37)), *ok = fv_finite(g, d, fv_number(g, FV_F32, flag));
	fv_adam(g, (fv_adam_attr){ p, m, v, 0.5, 0.99, 1e-8, keras }, d, fv_number(g, FV_F32, 1e-2), fv_number(g, FV_F32, 3), ok);
	fv_average(g, e, fv_read(g, p), fv_number(g, FV_F32, 0.9), ok);
	fv_node *drawn = fv_random(g, FV_NORMAL, "test", FV_F32, FV_SHAPE(4100), 1, 2);
	fv_output(g, drawn);
	fv_output(g, ok);
	if (fv_plan_new(&err, c, g, &(fv_plan_options){ .reference = reference }, &plan) || fv_plan_set(&err, plan, d, grad) ||
	    fv_plan_run(&err, plan, (fv_key){ 1, 2, 3 })) {
		check_true(false, "updates: %s", err.text);
		return;
	}
	memcpy(s->p, p->tensor.data, sizeof(float) * 37);
	memcpy(s->m, m->tensor.data, sizeof(float) * 37);
	memcpy(s->v, v->tensor.data, sizeof(float) * 37);
	memcpy(s->e, e->tensor.data, sizeof(float) * 37);
	memcpy(s->drawn, fv_plan_data(plan, drawn), sizeof s->drawn);
	fv_plan_free(plan);
	fv_graph_free(g);
	fv_store_free(store);
	fv_context_free(c);
}

void check_updates(void)
{
	static state a, b;
	for (int keras = 0; keras < 2; keras++) {
		double worst = 0, drawn = 0, mean = 0, square = 0;
		run(true, keras, 1, &a);
		run(false, keras, 1, &b);
		for (int i = 0; i < 37; i++)
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
