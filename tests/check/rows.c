/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include <math.h>

static fv_node *gather(fv_graph *g, fv_node *const *in, const void *arg) { return fv_gather(g, in[0], in[1]); }
static fv_node *gather_adjoint(fv_graph *g, fv_node *const *in, const void *arg) { return fv_gather_adjoint(g, in[0], in[1], 12); }
static fv_node *sort(fv_graph *g, fv_node *const *in, const void *arg) { return fv_sort(g, in[0]); }
static fv_node *l2(fv_graph *g, fv_node *const *in, const void *arg) { return fv_l2_normalise(g, in[0], FV_AXIS_C, 1e-12); }
static fv_node *bce(fv_graph *g, fv_node *const *in, const void *arg) { return fv_bce_logits(g, in[0], 0.9); }
static fv_node *cross(fv_graph *g, fv_node *const *in, const void *arg) { return fv_cross_entropy(g, in[0], in[1]); }

/* Rows that are hard to sort: each column of this table is a kind of row. */
static float hard(int kind, int i, int n)
{
	float u = (float)(i * 7919 % n) / (float)n;
	switch (kind) {
	case 0: return i == n / 2 ? 1e30f : u;                  /* an outlier: the rest lies in one step of any grid */
	case 1: return floorf(u * 5);                           /* few values: order of equals */
	case 2: return 3;
	case 3: return i % 7 == 3 ? NAN : i % 11 == 0 ? INFINITY : i % 13 == 0 ? -INFINITY : u - 0.5f;
	case 4: return i % 2 ? -0.0f : i % 3 ? 0.0f : u - 0.5f;
	case 5: return (2 * u - 1) * 3e38f;                      /* the range overflows */
	default: return u * 1e-40f;                             /* subnormal */
	}
}

/* Values and permutation must be the reference's, one by one. */
static void check_hard_sort(void)
{
	enum { KINDS = 7, LENGTH = 5003 };
	static float x[KINDS * LENGTH];
	static int32_t order[2][KINDS * LENGTH];
	static float sorted[2][KINDS * LENGTH];
	for (int i = 0; i < KINDS * LENGTH; i++)
		x[i] = hard(i / LENGTH, i % LENGTH, LENGTH);
	for (int reference = 0; reference < 2; reference++) {
		fv_err err = { 0 };
		fv_context *c;
		fv_graph *g;
		fv_program *program;
		if (fv_context_new(&err, NULL, &c) || fv_graph_new(&err, c, &g)) {
			check_true(false, "sort: %s", err.text);
			return;
		}
		fv_node *in = fv_input(g, "x", FV_F32, FV_SHAPE(KINDS, LENGTH)), *y = fv_sort(g, in), *p = fv_output_of(g, y, 1);
		fv_output(g, y, "y");
		fv_output(g, p, "order");
		fv_status st = fv_program_new(&err, c, g, &(fv_program_options){ .reference = reference }, &program);
		if (!st)
			fv_program_put(program, "x", x);
		if (st || fv_program_run(&err, program, (fv_key){ 0 })) {
			check_true(false, "sort: %s", err.text);
			return;
		}
		fv_program_get(NULL, program, "y", sorted[reference]);
		fv_program_get(NULL, program, "order", order[reference]);
		fv_program_free(program);
		fv_graph_free(g);
		fv_context_free(c);
	}
	for (int k = 0; k < KINDS; k++) {
		int wrong = 0, unlike = 0;
		for (int i = k * LENGTH; i < (k + 1) * LENGTH; i++) {
			wrong += order[0][i] != order[1][i];
			unlike += memcmp(&sorted[0][i], &x[k * LENGTH + order[0][i]], sizeof *x) != 0;
		}
		check_true(!wrong && !unlike, "sort: hard row %d: %d places differ from the reference, %d values from their place", k, wrong, unlike);
	}
}

void check_rows(void)
{
	const problem list[] = {
		{ "gather shared", { { FV_F32, fv_nhwc(2, 3, 4, 5), -1, 1 }, { FV_I32, FV_SHAPE(7), 0, 11 } }, gather, .no_nan = true },
		{ "gather own", { { FV_F32, FV_SHAPE(3, 12, 17), -1, 1 }, { FV_I32, FV_SHAPE(3, 5), 0, 11 } }, gather, .no_nan = true },
		{ "gather outside", { { FV_F32, FV_SHAPE(3, 12, 2), -1, 1 }, { FV_I32, FV_SHAPE(3, 9), -3, 14 } }, gather, .no_nan = true },
		{ "gather_adjoint shared", { { FV_F32, FV_SHAPE(2, 7, 5), -1, 1 }, { FV_I32, FV_SHAPE(7), 0, 11 } }, gather_adjoint },
		{ "gather_adjoint own", { { FV_F32, FV_SHAPE(3, 20, 3), -1, 1 }, { FV_I32, FV_SHAPE(3, 20), 0, 11 } }, gather_adjoint },
		{ "sort", { { FV_F32, FV_SHAPE(3, 21), -1, 1 } }, sort },
		{ "sort long", { { FV_F32, FV_SHAPE(5, 3001), -1, 1 } }, sort, .rough = true },
		{ "l2_normalise", { { FV_F32, FV_SHAPE(2, 5, 7), -1, 1 } }, l2 },
		{ "bce_logits", { { FV_F32, FV_SHAPE(9, 1), -4, 4 } }, bce },
		{ "cross_entropy", { { FV_F32, FV_SHAPE(2, 5, 5), -4, 4 }, { FV_F32, FV_SHAPE(5, 5), 0, 1 } }, cross },
	};
	check_problems(list);
	check_hard_sort();
}
