/* SPDX-License-Identifier: Apache-2.0 */
/* Ten training steps of CUT and FastCUT against PyTorch's (cut.py made cut.safetensors): what is
 * painted first, every loss, the first step's gradients, how far every weight moved. */
#include "steps.h"
#include "train/cut_graph.h"

#define PLACES 24

static double scale(const char *name, int rank) { return rank == 4 ? 0.1 : rank == 2 ? 0.5 : 0.05; }

static void feed(const steps *r, int step, bool fast)
{
	static const char *const of[] = { "photo", "art" };
	static const int side[FV_RESNET_TAPS] = { 38, 32, 16, 8, 8 };
	char name[40];
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof name, "step %d %c", step, "xy"[i]);
		golden_put(r->p, i ? "art" : "photos", name, 1, 0);
		for (int k = 0; k < FV_RESNET_TAPS && !(fast && i); k++) {
			int32_t at[PLACES];
			for (int n = 0; n < PLACES; n++)
				at[n] = ((7 + 2 * k) * n + 11 * step + 3 * i) % (side[k] * side[k]);
			snprintf(name, sizeof name, "places.%s.%d", of[i], k);
			fv_program_put(r->p, name, at);
		}
	}
	if (fast)
		fv_program_put_number(r->p, "flip", step % 2);
	fv_program_put_number(r->p, "rate", 2e-4);
	fv_program_put_number(r->p, "step", step + 1);
}

static fv_status compare(fv_err *err, fv_context *c, const fv_safetensors *f, bool fast)
{
	static const char *const wrong[] = { "wrong.order", "wrong.pad", "wrong.kept",
	                                     "wrong.own" };
	steps r = { .file = f, .prefix = fast ? "fastcut." : "cut.", .losses = 4, .beta1 = 0.5,
		    .loss = { "loss.adv", "loss.nce", fast ? "" : "loss.identity", "loss.d" } };
	fv_cut_config k = fv_cut_default();
	fv_status st;
	k.net = (fv_resnet){ .width = 4, .blocks = 2, .antialias = true }, k.disc.width = 4;
	k.batch = 2, k.size = 32, k.contrast.width = 16, k.contrast.patches = PLACES;
	if (fast)
		k.nce = 10, k.identity = 0, k.flip = true;
	if ((st = fv_store_new(err, c, &r.store)) || (st = fv_graph_new(err, c, &r.g)))
		goto done;
	fv_cut_graph_build(r.g, r.store, 1, &k);
	st = steps_begin(err, c, &r, scale);
	for (int step = 0; step < STEPS && !st; step++) {
		feed(&r, step, fast);
		if ((st = fv_program_run(err, r.p, (fv_key){ 0 })))
			break;
		check(fv_program_number(r.p, "ok") == 1, "%sstep %d is not finite", r.prefix, step);
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
	for (int fast = 0; fast < 2; fast++)
		if (compare(&err, c, &f, fast))
			check(false, "%s", err.text);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-cut");
}
