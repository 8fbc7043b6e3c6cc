/* SPDX-License-Identifier: Apache-2.0 */
/* pix2pix: pairs of pictures; a painter that makes the one of the other. The step: pix2pix_graph.h.
 * docs/models/pix2pix.md. */
#include "net/family.h"
#include "train/pairs.h"
#include "train/pix2pix_graph.h"
#include "train/train.h"

typedef struct {
	const char *data;
	int64_t batch, size, width, layers;
	double rate, l1;
	int norm, loss, direction, dropout;
} options;

static const char *const norms[] = { "batch", "instance", NULL };
static const char *const losses[] = { "vanilla", "lsgan", NULL };
static const fv_adversary adversary[] = { FV_ADVERSARY_VANILLA, FV_ADVERSARY_LSGAN };
static const char *const yes[] = { "no", "yes", NULL };

#define AT(field) .at = offsetof(options, field)
static const fv_option table[] = {
	{ .name = "data", .type = FV_OPT_TEXT, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES,
	  .required = true, .arg = "DIR", AT(data),
	  .help = "pictures of both side by side, A|B; or with folders A and B in it (trainA and "
	          "trainB), whose pictures are paired by name" },
	{ .name = "direction", .type = FV_OPT_ENUM, .arg = "WAY", AT(direction), .preset = "AtoB",
	  .choices = fv_directions, .help = "which is given and which is to be made of it" },
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", AT(batch), .preset = "1", .low = 1,
	  .high = 64, .help = "samples a step" },
	{ .name = "size", .type = FV_OPT_INT, .arg = "N", AT(size), .preset = "256", .low = 32,
	  .high = 1024, .multiple = 32,
	  .help = "side of the crops, a multiple of 32; the network halves it as often as it goes, "
	          "8 times at most" },
	{ .name = "width", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", AT(width),
	  .preset = "64", .low = 1, .high = 512, .help = "channels of the first layer" },
	{ .name = "norm", .type = FV_OPT_ENUM, .kept = FV_KEPT_APART, .arg = "NORM", AT(norm),
	  .preset = "batch", .choices = norms, .help = "of both networks" },
	{ .name = "dropout", .type = FV_OPT_ENUM, .kept = FV_KEPT_APART, .arg = "WORD", AT(dropout),
	  .preset = "yes", .choices = yes, .help = "the noise that the original learns with" },
	{ .name = "layers", .type = FV_OPT_INT, .arg = "N", AT(layers), .preset = "3", .low = 0,
	  .high = 6,
	  .help = "of the discriminator, which with 3 looks at 70x70 pixels; 0: at each" },
	{ .name = "loss", .type = FV_OPT_ENUM, .arg = "LOSS", AT(loss), .preset = "vanilla",
	  .choices = losses, .help = "the adversary's" },
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", AT(rate), .preset = "2e-4",
	  .low = 1e-8, .high = 1, .help = "learning rate; it falls from half of the steps on" },
	{ .name = "l1", .type = FV_OPT_FLOAT, .arg = "X", AT(l1), .preset = "100", .low = 0,
	  .high = 10000, .help = "weight of the distance to what it ought to be" },
	{ 0 },
};

static fv_status configure(fv_err *err, fv_run *r)
{
	const options *o = r->options;
	fv_pix2pix_config *c = r->config;
	*c = fv_pix2pix_default();
	c->net = (fv_unet){ .width = (int)o->width, .depth = fv_unet_depth(o->size),
	                    .norm = o->norm, .dropout = o->dropout };
	c->disc = (fv_patchgan){ .width = (int)o->width, .layers = (int)o->layers,
	                         .batch_norm = o->norm == FV_UNET_BATCH };
	c->batch = (int)o->batch, c->size = (int)o->size;
	c->loss = adversary[o->loss], c->l1 = o->l1;
	return fv_family_check(err, &fv_family_unet, &c->net);
}

static void build(fv_graph *g, fv_run *r) { fv_pix2pix_build(g, r->store, r->seed, r->config); }

const fv_recipe fv_recipe_pix2pix = {
	.name = "pix2pix", .help = "one picture from another, learnt from pairs of both",
	.options = table, .bytes = sizeof(options), .seconds = 7200,
	.data = { { .option = "data", .type = &fv_data_pairs } },
	.config_bytes = sizeof(fv_pix2pix_config), .configure = configure,
	.programs = { {
		.name = "step", .build = build, .ok = "ok",
		.inputs = (const fv_recipe_input[]){ { "a", "data", 0 }, { "b", "data", 1 },
		                                     { 0 } },
		.scalars = (const fv_recipe_scalar[]){ { "rate", fv_schedule_rate, true },
		                                       { "step", fv_schedule_update }, { 0 } },
		.losses = (const fv_recipe_loss[]){ { "d", { "loss.d" }, .won_below = 0.01 },
		                                    { "adv", { "loss.adv" } },
		                                    { "l1", { "loss.l1" } }, { 0 } },
	} },
	.models = { { "model.safetensors", &fv_family_unet, "G.", offsetof(fv_pix2pix_config, net),
	              .shows = "data" } },
	.smallest = (const char *const[]){ "size=64", "width=4", NULL },
};
