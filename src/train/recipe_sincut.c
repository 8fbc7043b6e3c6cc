/* SPDX-License-Identifier: Apache-2.0 */
/* sincut: one photograph and one painting; a painter for that photograph comes out. The step:
 * sincut_graph.h. Every number is the published code's; docs/models/sincut.md says what is not as
 * there. */
#include "train/sincut_graph.h"
#include "train/train.h"

typedef struct {
	fv_texts photo, art;
	int64_t batch, size, width, blocks;
	double rate, adv, nce, identity, pixels, r1;
} options;

#define WEIGHT(name_, preset_, help_)                                                              \
	{ .name = #name_, .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, name_),        \
	  .preset = preset_, .low = 0, .high = 1000, .help = help_ }
static const fv_option table[] = {
	{ .name = "photo", .type = FV_OPT_TEXTS, .kind = FV_ARG_FILE, .kept = FV_KEPT_MOVES,
	  .required = true, .arg = "FILE", .at = offsetof(options, photo),
	  .help = "the photograph to be painted" },
	{ .name = "art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FILE, .kept = FV_KEPT_MOVES,
	  .required = true, .arg = "FILE", .at = offsetof(options, art),
	  .help = "the painting to learn from" },
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, batch),
	  .preset = "16", .low = 2, .high = 1024,
	  .help = "crops a step, which are also told from each other" },
	{ .name = "size", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, size),
	  .preset = "64", .low = 32, .high = 256, .multiple = 32,
	  .help = "side of the crops, a multiple of 32" },
	{ .name = "width", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N",
	  .at = offsetof(options, width), .preset = "80", .low = 5, .high = 500, .multiple = 5,
	  .help = "channels at full size; the discriminator's are two fifths of it" },
	{ .name = "blocks", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N",
	  .at = offsetof(options, blocks), .preset = "3", .low = 2, .high = 64,
	  .help = "residual blocks in each half of the painter" },
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, rate),
	  .preset = "2e-3", .low = 1e-8, .high = 1, .help = "learning rate" },
	WEIGHT(adv, "1", "weight of the adversary"),
	WEIGHT(nce, "2", "weight of keeping each place what it is"),
	WEIGHT(identity, "2", "the same of the painting"),
	WEIGHT(pixels, "1", "weight of leaving the painting's pixels alone"),
	WEIGHT(r1, "1", "weight of the penalty on the discriminator's slope"),
	{ 0 },
};

static fv_status configure(fv_err *err, fv_run *r)
{
	const options *o = r->options;
	fv_sincut_config *c = r->config;
	*c = fv_sincut_default();
	c->net.width = (int)o->width, c->net.blocks = (int)o->blocks;
	c->disc = (int)o->width * 2 / 5;
	c->batch = (int)o->batch, c->size = (int)o->size;
	c->adv = o->adv, c->nce = o->nce, c->identity = o->identity;
	c->pixels = o->pixels, c->r1 = o->r1;
	return fv_family_check(err, &fv_family_sincut, &c->net);
}

static void build(fv_graph *g, fv_run *r)
{
	fv_sincut_graph_build(g, r->store, r->seed, r->config);
}

static json_t *signature(void)
{
	static const char image[] = "image, sRGB, RGB, [-1,1]";
	return json_pack("{s:s, s:s, s:i, s:s}", "input", image, "output", image, "multiple",
	                 fv_family_sincut.in[0].multiple, "conventions",
	                 "zeros around; blur [1 3 3 1]; weights divided by the root of their "
	                 "fan-in; no norms");
}

#define CROPS(option_, purpose_)                                                                   \
	{ .option = option_, .type = &fv_data_crops, .purpose = purpose_, .longest = 1024,         \
	  .zoom_low = 1, .zoom_high = 3 }
const fv_recipe fv_recipe_sincut = {
	.name = "sincut", .help = "one photograph painted as one painting is, from these two alone",
	.options = table, .bytes = sizeof(options), .seconds = 7200,
	.presets = { { "small", "for an hour or two without a GPU", { "width=20" } } },
	.data = { CROPS("photo", "photographs"), CROPS("art", "paintings") },
	.config_bytes = sizeof(fv_sincut_config), .configure = configure,
	.programs = { {
		.name = "step", .build = build, .ok = "ok",
		.inputs = (const fv_recipe_input[]){ { "photo", "photo" },
		                                     { "art", "art" }, { 0 } },
		.scalars = (const fv_recipe_scalar[]){ { "rate", fv_schedule_rate, true },
		                                       { "step", fv_schedule_update }, { 0 } },
		.losses = (const fv_recipe_loss[]){ { "d", { "loss.d" }, .won_below = 0.01 }, { "r1", { "loss.r1" } },
		                                    { "adv", { "loss.adv" } },
		                                    { "nce", { "loss.nce" } },
		                                    { "identity", { "loss.identity" } },
		                                    { "pixels", { "loss.pixels" } }, { 0 } },
	} },
	.models = { { "model.safetensors", &fv_family_sincut, "G.", offsetof(fv_sincut_config, net),
	              .shows = "photo" } },
	.signature = signature,
	.smallest = (const char *const[]){ "size=32", "width=5", "blocks=2", "batch=2", NULL },
};
