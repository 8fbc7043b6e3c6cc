/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

static fv_node *gather(fv_graph *g, fv_node *const *in, const void *arg) { return fv_gather(g, in[0], in[1]); }
static fv_node *gather_adjoint(fv_graph *g, fv_node *const *in, const void *arg) { return fv_gather_adjoint(g, in[0], in[1], 12); }
static fv_node *sort(fv_graph *g, fv_node *const *in, const void *arg) { return fv_sort(g, in[0]); }
static fv_node *l2(fv_graph *g, fv_node *const *in, const void *arg) { return fv_l2_normalise(g, in[0], FV_AXIS_C, 1e-12); }
static fv_node *bce(fv_graph *g, fv_node *const *in, const void *arg) { return fv_bce_logits(g, in[0], 0.9); }
static fv_node *cross(fv_graph *g, fv_node *const *in, const void *arg) { return fv_cross_entropy(g, in[0], in[1]); }

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
}
