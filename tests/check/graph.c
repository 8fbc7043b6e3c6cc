/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: passes change nothing but the cost. */
#include "check.h"
#include "train/style_graph.h"
#include <math.h>

static fv_style_config tiny(bool identity)
{
	return (fv_style_config){
		.net = { .width = 8, .blocks = 2, .up = FV_UP_BILINEAR, .head = 7, .noise = 2 }, .disc = { .width = 8, .scales = 2, .layers = 3, .channels = 6 }, .detail = 1, .colour = 1,
		.batch = 2, .size = 32, .art_batches = 2, .head_width = 16, .patches = 16, .projections = 8, .swd_scales = 2,
		.adv = 1, .nce = 1, .swd = 5, .beta1 = 0.5, .beta2 = 0.99, .eps = 1e-8, .identity = identity,
	};
}

/* Two steps of a tiny style run; returns the losses' sum and, as a sign of all weights, theirs. */
static bool steps(const fv_plan_options *opt, fv_context_options o, double *loss, double *weights, int64_t *bytes)
{
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_graph *g = NULL;
	fv_store *store = NULL;
	fv_plan *plan = NULL;
	fv_style_graph s;
	fv_style_config config = tiny(true);
	o.size = sizeof o;
	if (fv_context_new(&err, &o, &c) ||
	    fv_graph_new(&err, c, &g) || fv_store_new(&err, c, &store))
		return false;
	fv_style_graph_build(g, store, 7, &config, false, &s);
	if (fv_plan_new(&err, c, g, opt, &plan)) {
		check_true(false, "style graph: %s", err.text);
		return false;
	}
	float *x = fv_plan_data(plan, s.x), *art = fv_plan_data(plan, s.art);
	for (int64_t i = 0; i < fv_elements(s.x->shape); i++)
		x[i] = (float)sin(0.1 * (double)i);
	for (int64_t i = 0; i < fv_elements(s.art->shape); i++)
		art[i] = (float)cos(0.37 * (double)i);
	*loss = *weights = 0;
	for (int i = 0; i < 2; i++) {
		*(float *)fv_plan_data(plan, s.rate) = 1e-3f;
		*(float *)fv_plan_data(plan, s.step_d) = *(float *)fv_plan_data(plan, s.step_g) = (float)(i + 1);
		*(float *)fv_plan_data(plan, s.hold) = 1;
		*(float *)fv_plan_data(plan, s.decay) = 0.5f;
		if (fv_plan_run(&err, plan, (fv_key){ 1, (uint64_t)i, 0 }))
			return false;
		*loss += *(float *)fv_plan_data(plan, s.loss_g) + *(float *)fv_plan_data(plan, s.loss_d);
	}
	for (fv_variable *v = store->first; v; v = v->next)
		for (int64_t i = 0; i < fv_elements(v->tensor.shape); i++)
			*weights += fabs(fv_f32(v->tensor)[i]);
	*bytes = fv_plan_bytes(plan);
	fv_plan_free(plan);
	fv_graph_free(g);
	fv_store_free(store);
	fv_context_free(c);
	return true;
}

void check_graph(void)
{
	double loss[8], weights[8];
	int64_t bytes[8];
	const fv_plan_options plain = { .passes = FV_PASS_DROP }, all = { 0 }, reference = { .reference = true };
	const fv_context_options one = { .threads = 1 }, three = { .threads = 3 }, exact = { .threads = 2, .exact = true }, bf16 = { .threads = 1, .bf16 = true };
	bool ok = steps(&all, one, &loss[0], &weights[0], &bytes[0]) && steps(&all, three, &loss[1], &weights[1], &bytes[1]) &&
	          steps(&plain, one, &loss[2], &weights[2], &bytes[2]) && steps(&reference, one, &loss[3], &weights[3], &bytes[3]) &&
	          steps(&all, exact, &loss[4], &weights[4], &bytes[4]);
	check_true(ok, "style graph: a step could not be run");
	if (!ok)
		return;
	check_true(isfinite(loss[0]) && loss[0] > 0, "style graph: the losses are %g", loss[0]);
	check_true(loss[0] == loss[1] && weights[0] == weights[1], "style graph: 1 thread %.17g, 3 threads %.17g", loss[0], loss[1]);
	check_true(fabs(loss[0] - loss[2]) < 1e-4 * loss[0], "style graph: with passes %.9g, without %.9g", loss[0], loss[2]);
	check_true(fabs(loss[0] - loss[3]) < 1e-4 * loss[0], "style graph: fast %.9g, reference %.9g", loss[0], loss[3]);
	check_true(fabs(loss[0] - loss[4]) < 1e-4 * loss[0], "style graph: Winograd %.9g, exact %.9g", loss[0], loss[4]);
	check_true(2 * bytes[0] < bytes[2], "the plan takes %" PRId64 " bytes, without passes %" PRId64, bytes[0], bytes[2]);
	/* Less memory: in float by making values again, to the same bits; in bf16 by rounding what is kept, too. */
	ok = steps(&(fv_plan_options){ .recompute = true, .most = bytes[0] * 9 / 10 }, one, &loss[5], &weights[5], &bytes[5]) &&
	     steps(&all, bf16, &loss[6], &weights[6], &bytes[6]) &&
	     steps(&(fv_plan_options){ .recompute = true, .most = bytes[6] * 7 / 10 }, bf16, &loss[7], &weights[7], &bytes[7]);
	check_true(ok, "style graph: a step could not be run in less memory");
	if (!ok)
		return;
	check_true(loss[0] == loss[5] && weights[0] == weights[5], "style graph: %.17g, in less memory %.17g", loss[0], loss[5]);
	check_true(loss[6] != loss[7] && fabs(loss[6] - loss[7]) < 0.02 * loss[6], "style graph in bf16: %.9g, in less memory %.9g", loss[6], loss[7]);
}
