/* SPDX-License-Identifier: Apache-2.0 */
/* cartoongan: photographs as drawings with clear edges. The step: cartoon_graph.h;
 * docs/models/cartoongan.md says what differs from the original. */
#include "train/cartoon_run.h"

static const char *const orders[] = { "rgb", "bgr", NULL };

#define AT(member) FV_CARTOON_AT(member)
static const fv_option table[] = {
	FV_CARTOON_PHOTOS,
	{ .name = "art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES,
	  .required = true, .arg = "DIR", AT(art),
	  .help = "a folder of drawings or paintings, or one" },
	FV_CARTOON_BATCH,
	{ .name = "size", .type = FV_OPT_INT, .arg = "N", AT(size), .preset = "128", .low = 32,
	  .high = 1024, .multiple = 4, .help = "side of the crops, a multiple of 4" },
	{ .name = "width", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", AT(width),
	  .preset = "24", .low = 1, .high = 512, .help = "channels at full size" },
	{ .name = "blocks", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", AT(blocks),
	  .preset = "8", .low = 1, .high = 64, .help = "residual blocks" },
	FV_CARTOON_LEARNING,
	{ .name = "content", .type = FV_OPT_FLOAT, .arg = "X", AT(content), .preset = "100",
	  .low = 0, .high = 10000, .help = "weight of what is shown" },
	FV_CARTOON_FEATURES,
	{ .name = "order", .type = FV_OPT_ENUM, .kept = FV_KEPT_INNER, AT(order), .preset = "rgb",
	  .choices = orders },
	{ 0 },
};

static fv_status configure(fv_err *err, fv_run *r)
{
	const fv_cartoon_options *o = r->options;
	fv_cartoon_config *c = r->config;
	*c = (fv_cartoon_config){
		.judge = { FV_JUDGE_CARTOONGAN, (int)fv_max(1, o->width / 2) },
		.batch = (int)o->batch, .size = (int)o->size, .content = o->content, .adv = 1,
		.real = 1, .smooth = 1, .beta1 = 0.5, .beta2 = 0.999, .eps = 1e-8,
	};
	fv_family_preset(&fv_family_cartoongan, &c->cartoon);
	c->cartoon.width = (int)o->width, c->cartoon.blocks = (int)o->blocks;
	c->cartoon.order = o->order;
	return fv_family_check(err, &fv_family_cartoongan, &c->cartoon);
}

static json_t *signature(void)
{
	return json_pack("{s:s, s:s, s:i, s:s}", "input", "image, sRGB, RGB, [-1,1]", "output",
	                 "image, sRGB, RGB, [-1,1]", "multiple",
	                 fv_family_cartoongan.in[0].multiple, "conventions",
	                 "reflect padding at stride 1 with 7x7 and in blocks, zeros elsewhere; "
	                 "instance norm, biased, eps as the network says");
}

const fv_recipe fv_recipe_cartoongan = {
	.name = "cartoongan", .help = "clear edges and flat areas, as in drawings",
	.options = table, .bytes = sizeof(fv_cartoon_options), .seconds = 3600,
	.presets = {
		{ "paper", "the paper's size and weight",
		  { "width=64", "size=256", "batch=8", "content=10" } },
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
			{ "content", { "loss.content" } }, { 0 } },
	} },
	.models = { { "model.safetensors", &fv_family_cartoongan, "G.",
	              offsetof(fv_cartoon_config, cartoon), .shows = "photos" } },
	.signature = signature,
	.smallest = (const char *const[]){ "width=2", "blocks=1", "size=32", "batch=1",
	                                   "beginning=0.5", "features=vgg19-small", NULL },
};
