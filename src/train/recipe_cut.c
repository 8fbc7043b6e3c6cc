/* SPDX-License-Identifier: Apache-2.0 */
/* cut: two folders of pictures, unpaired; a painter comes out. The step: cut_graph.h. Every number
 * is the published code's; docs/models/cut.md says what is not as there. */
#include "train/recipe_cut.h"

static const fv_option table[] = {
	FV_CUT_OPTIONS, FV_CUT_NCE("0.5"), FV_CUT_IDENTITY("0.5"), FV_CUT_INNER("0", "0.5"), { 0 },
};

fv_status fv_cut_configure(fv_err *err, fv_run *r)
{
	const fv_cut_options *o = r->options;
	fv_cut_config *c = r->config;
	*c = fv_cut_default();
	c->net.width = c->disc.width = (int)o->width;
	c->net.blocks = (int)o->blocks;
	c->batch = (int)o->batch, c->size = (int)o->size;
	c->adv = o->adv, c->nce = o->nce, c->identity = o->identity;
	c->flip = o->flip != 0;
	return fv_family_check(err, &fv_family_resnet, &c->net);
}

void fv_cut_build(fv_graph *g, fv_run *r)
{
	fv_cut_graph_build(g, r->store, r->seed, r->config);
}

static double rate(const fv_run *r, int64_t update)
{
	const fv_cut_options *o = r->options;
	return o->rate * fv_schedule_linear(r, o->constant);
}

const fv_recipe_scalar fv_cut_scalars[] = {
	{ "rate", rate, true }, { "step", fv_schedule_update }, { 0 },
};

json_t *fv_cut_signature(void)
{
	static const char image[] = "image, sRGB, RGB, [-1,1]";
	return json_pack("{s:s, s:s, s:i, s:s}", "input", image, "output", image, "multiple",
	                 fv_family_resnet.in[0].multiple, "conventions",
	                 "reflect padding around the picture and in residual blocks, else zeros; "
	                 "blur [1 2 1], reflected; half-pixel grid; instance norm, biased, "
	                 "eps 1e-5");
}

const fv_recipe fv_recipe_cut = {
	.name = "cut", .help = "photographs to paintings, unpaired: each place is kept what it is",
	.options = table, .presets = { FV_CUT_SMALL },
	.programs = { {
		FV_CUT_STEP,
		.losses = (const fv_recipe_loss[]){ { "d", { "loss.d" }, .won_below = 0.01 },
		                                    { "adv", { "loss.adv" } },
		                                    { "nce", { "loss.nce" } },
		                                    { "identity", { "loss.identity" } }, { 0 } },
	} },
	FV_CUT_RECORD,
};
