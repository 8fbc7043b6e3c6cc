/* SPDX-License-Identifier: Apache-2.0 */
/* animegan: photographs in the manner of drawings, or of paintings, by a light generator. The step:
 * cartoon_graph.h; docs/models/animegan.md says what differs from the original. */
#include "train/cartoon_run.h"

static const char *const versions[] = { "v2", "v3", NULL };
static const char *const grids[] = { "half", "legacy", "corners", NULL };

#define AT(member) FV_CARTOON_AT(member)
static const fv_option table[] = {
	FV_CARTOON_PHOTOS,
	{ .name = "art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES,
	  .required = true, .arg = "DIR", AT(art), .help = "a folder of paintings, or one" },
	{ .name = "net", .type = FV_OPT_ENUM, .kept = FV_KEPT_APART, .arg = "NET", AT(version),
	  .preset = "v2", .choices = versions, .help = "generator and discriminator" },
	FV_CARTOON_BATCH,
	{ .name = "size", .type = FV_OPT_INT, .arg = "N", AT(size), .preset = "128", .low = 32,
	  .high = 1024, .multiple = 8, .help = "side of the crops, a multiple of 8" },
	{ .name = "width", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", AT(width),
	  .preset = "16", .low = 1, .high = 512, .help = "channels at full size" },
	{ .name = "blocks", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", AT(blocks),
	  .preset = "4", .low = 1, .high = 64, .help = "residual blocks of v2" },
	FV_CARTOON_LEARNING,
	{ .name = "content", .type = FV_OPT_FLOAT, .arg = "X", AT(content), .preset = "1.5",
	  .low = 0, .high = 1000, .help = "weight of what is shown" },
	{ .name = "style", .type = FV_OPT_FLOAT, .arg = "X", AT(style), .preset = "2.5", .low = 0,
	  .high = 1000, .help = "weight of texture" },
	{ .name = "colour", .type = FV_OPT_FLOAT, .arg = "X", AT(colour), .preset = "50", .low = 0,
	  .high = 1000, .help = "weight of the photograph's own colours" },
	{ .name = "tv", .type = FV_OPT_FLOAT, .arg = "X", AT(tv), .preset = "1", .low = 0,
	  .high = 1000, .help = "weight of smoothness" },
	{ .name = "adv", .type = FV_OPT_FLOAT, .arg = "X", AT(adv), .preset = "100", .low = 0,
	  .high = 10000, .help = "weight of the adversary" },
	FV_CARTOON_FEATURES,
	{ .name = "real", .type = FV_OPT_FLOAT, .kept = FV_KEPT_INNER, AT(real), .preset = "1.2" },
	{ .name = "smooth", .type = FV_OPT_FLOAT, .kept = FV_KEPT_INNER, AT(smooth),
	  .preset = "0.8" },
	{ .name = "grid", .type = FV_OPT_ENUM, .kept = FV_KEPT_INNER, AT(grid), .preset = "half",
	  .choices = grids },
	{ 0 },
};

/* What the teacher's maps are multiplied by. The original's network sees colours of 0 to 255, ours
 * of spread 1, so that its maps, and the weights beside them, are of another size. With this two
 * unrelated photographs are 100 apart in content and 9 in style. */
#define MAP 180.0

static fv_status configure(fv_err *err, fv_run *r)
{
	const fv_cartoon_options *o = r->options;
	fv_cartoon_config *c = r->config;
	bool v3 = o->version == FV_ANIMEGAN_V3;
	*c = (fv_cartoon_config){
		.anime = true, .batch = (int)o->batch, .size = (int)o->size,
		.content = o->content * MAP, .style = o->style * MAP * MAP, .colour = o->colour,
		.tv = o->tv, .adv = o->adv, .real = o->real, .grey = o->real, .smooth = o->smooth,
		.beta1 = 0.5, .beta2 = 0.999, .eps = 1e-8,
	};
	c->judge = (fv_cartoon_discriminator){ v3 ? FV_JUDGE_ANIMEGAN3 : FV_JUDGE_ANIMEGAN2,
	                                       (int)o->width };
	fv_family_preset(&fv_family_animegan, &c->light);
	c->light.version = o->version;
	c->light.width = (int)o->width, c->light.blocks = (int)o->blocks;
	c->light.grid = o->grid;
	return fv_family_check(err, &fv_family_animegan, &c->light);
}

#define PUBLISHED "width=32", "size=256", "batch=12", "rate=2e-5", "grid=legacy", "adv=300"

static json_t *signature(void)
{
	return json_pack(
		"{s:s, s:s, s:i, s:s}", "input", "image, sRGB, RGB, [-1,1]", "output",
		"image, sRGB, RGB, [-1,1]", "multiple", FV_ANIMEGAN_MULTIPLE, "conventions",
		"reflect padding, at stride 2 right and below (v3: left and above); grid and "
		"eps as the network says");
}

const fv_recipe fv_recipe_animegan = {
	.name = "animegan",
	.help = "a light generator: clear lines and flat colours of drawings, or a painter's "
	        "texture in the photograph's own colours",
	.options = table, .bytes = sizeof(fv_cartoon_options), .seconds = 3600,
	.presets = {
		{ "hayao", "as published for Hayao", { PUBLISHED, "colour=15" } },
		{ "shinkai", "as published for Shinkai",
		  { PUBLISHED, "content=1.2", "style=2", "colour=10", "real=1.7", "smooth=1" } },
		{ "paprika", "as published for Paprika",
		  { PUBLISHED, "content=2", "style=0.6", "colour=50", "tv=0.1", "real=1",
		    "smooth=0.005" } },
	},
	.data = {
		FV_CARTOON_DATA,
	},
	.config_bytes = sizeof(fv_cartoon_config), .configure = configure, .open = fv_cartoon_open,
	.close = fv_cartoon_close, .bytes_of = fv_cartoon_bytes,
	.programs = { {
		.name = "step", .build = fv_cartoon_build, .ok = "ok", .inputs = fv_cartoon_inputs,
		.scalars = fv_cartoon_scalars,
		.losses = (const fv_recipe_loss[]){
			{ "d", { "loss.d" }, .won_below = 0.01 }, { "adv", { "loss.adv" } },
			{ "content", { "loss.content" } }, { "style", { "loss.style" } },
			{ "colour", { "loss.colour" } }, { "tv", { "loss.tv" } }, { 0 } },
	} },
	.models = { { "model.safetensors", &fv_family_animegan, "G.",
	              offsetof(fv_cartoon_config, light), .shows = "photos" } },
	.signature = signature,
	.smallest = (const char *const[]){ "width=2", "blocks=1", "size=32", "batch=1",
	                                   "beginning=0.5", "features=vgg19-small", NULL },
};
