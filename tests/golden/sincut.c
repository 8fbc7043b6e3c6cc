/* SPDX-License-Identifier: Apache-2.0 */
/* Ten training steps of SinCUT against PyTorch's (sincut.py made sincut.safetensors): what is
 * painted first, every loss, the first step's gradients, how far every weight moved. */
#include "steps.h"
#include "train/sincut_graph.h"

static double scale(const char *name, int rank)
{
	const char *dot = strrchr(name, '.');
	return !strcmp(dot, ".bias") ? 0.05 : *name == 'F' ? 0.5 : 1.7;
}

static void feed(const steps *r, int step)
{
	static const char *const of[] = { "photo", "art" };
	static const int side[FV_SINCUT_TAPS] = { 16, 8, 8 };
	char name[40], from[40];
	for (int i = 0; i < 2; i++) {
		snprintf(from, sizeof from, "step %d %c", step, "xy"[i]);
		golden_put(r->p, of[i], from, 1, 0);
		snprintf(name, sizeof name, "noise.%s", of[i]);
		snprintf(from, sizeof from, "step %d noise %c", step, "xy"[i]);
		golden_put(r->p, name, from, 1, 0);
		for (int k = 0; k < FV_SINCUT_TAPS; k++) {
			int32_t at = (7 * k + 11 * step + 3 * i) % (side[k] * side[k]);
			snprintf(name, sizeof name, "places.%s.%d", of[i], k);
			fv_program_put(r->p, name, &at);
		}
	}
	fv_program_put_number(r->p, "rate", 2e-3);
	fv_program_put_number(r->p, "step", step + 1);
}

static fv_status compare(fv_err *err, fv_context *c, const fv_safetensors *f)
{
	static const char *const wrong[] = { "wrong.order", "wrong.pad", "wrong.single",
	                                     "wrong.alone" };
	steps r = { .file = f, .prefix = "", .losses = 6, .beta1 = 0,
		    .loss = { "loss.d", "loss.r1", "loss.adv", "loss.nce", "loss.identity",
		              "loss.pixels" } };
	fv_sincut_config k = fv_sincut_default();
	fv_status st;
	k.net = (fv_sincut){ .width = 6, .blocks = 2 }, k.disc = 3;
	k.batch = 4, k.size = 16, k.contrast.width = 16;
	if ((st = fv_store_new(err, c, &r.store)) || (st = fv_graph_new(err, c, &r.g)))
		goto done;
	fv_sincut_graph_build(r.g, r.store, 1, &k);
	st = steps_begin(err, c, &r, scale);
	for (int step = 0; step < STEPS && !st; step++) {
		feed(&r, step);
		if ((st = fv_program_run(err, r.p, (fv_key){ 0 })))
			break;
		check(fv_program_number(r.p, "ok") == 1, "step %d is not finite", step);
		if (!step) {
			steps_check_port(&r, "fake", "painted");
			steps_check_gradients(&r);
		}
		steps_check_step(&r, step);
	}
	for (size_t w = 0; w < FV_COUNT(wrong) && !st; w++)
		steps_check_wrong(&r, wrong[w]);
done:
	steps_end(&r);
	return st;
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_safetensors f;
	if (!golden_open(argc, argv, &c, &f))
		return 1;
	if (compare(&err, c, &f))
		check(false, "%s", err.text);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-sincut");
}
