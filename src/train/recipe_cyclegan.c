/* SPDX-License-Identifier: Apache-2.0 */
/* cyclegan: two folders, unpaired; painters in both directions. cyclegan_graph.h has the step. */
#include "train/cyclegan_graph.h"
#include "train/pairs.h"
#include "train/train.h"

typedef struct {
	fv_texts photos, art;
	int64_t batch, size, width, blocks;
	double rate, cycle, identity;
	int net, loss, direction;
} options;

static const char *const nets[] = { "resnet", "unet", NULL };
static const char *const losses[] = { "lsgan", "vanilla", NULL };
static const fv_adversary adversary[] = { FV_ADVERSARY_LSGAN, FV_ADVERSARY_VANILLA };
#define AT(field) .at = offsetof(options, field)
static const fv_option table[] = {
	{ .name = "photos", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES,
	  .arg = "DIR", AT(photos), .preset_help = "those that come with fauve",
	  .help = "a folder of photographs, or one" },
	{ .name = "art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES,
	  .required = true, .arg = "DIR", AT(art), .help = "a folder of paintings, or one" },
	{ .name = "direction", .type = FV_OPT_ENUM, .arg = "WAY", AT(direction), .preset = "AtoB",
	  .choices = fv_directions, .help = "AtoB: model.safetensors and previews paint "
	  "photographs; BtoA: they make photographs of paintings; back.safetensors the reverse" },
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", AT(batch), .preset = "1", .low = 1,
	  .high = 64, .help = "samples a step" },
	{ .name = "size", .type = FV_OPT_INT, .arg = "N", AT(size), .preset = "256", .low = 32,
	  .high = 1024, .multiple = 4,
	  .help = "side of the crops, a multiple of 4; of 32 with net unet" },
	{ .name = "net", .type = FV_OPT_ENUM, .kept = FV_KEPT_APART, .arg = "NET", AT(net),
	  .preset = "resnet", .choices = nets, .help = "the generators' kind" },
	{ .name = "width", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", AT(width),
	  .preset = "64", .low = 1, .high = 512, .help = "channels of the first layer" },
	{ .name = "blocks", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", AT(blocks),
	  .preset_help = "9, below 256 pixels 6", .low = 1, .high = 64,
	  .help = "residual blocks of net resnet" },
	{ .name = "loss", .type = FV_OPT_ENUM, .arg = "LOSS", AT(loss), .preset = "lsgan",
	  .choices = losses, .help = "the adversary's" },
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", AT(rate), .preset = "2e-4",
	  .low = 1e-8, .high = 1, .help = "learning rate; it falls from half of the steps on" },
	{ .name = "cycle", .type = FV_OPT_FLOAT, .arg = "X", AT(cycle), .preset = "10", .low = 0,
	  .high = 1000, .help = "weight of the way there and back" },
	{ .name = "identity", .type = FV_OPT_FLOAT, .arg = "X", AT(identity), .preset = "5",
	  .low = 0, .high = 1000, .help = "weight of leaving alone what is a painting already" },
	{ 0 },
};

static void choose(fv_run *r)
{
	const options *o = r->options;
	for (int i = 0; i < 2; i++) {
		fv_recipe_model *m = &r->model[i];
		m->family = o->net ? &fv_family_unet : &fv_family_resnet;
		m->config = o->net ? offsetof(fv_cyclegan_config, unet)
		                   : offsetof(fv_cyclegan_config, resnet);
		m->prefix = i == o->direction ? "G_A." : "G_B.";
		m->shows = i == o->direction ? "photos" : "art";
	}
}

static fv_status configure(fv_err *err, fv_run *r)
{
	const options *o = r->options;
	fv_cyclegan_config *c = r->config;
	if (o->net && o->size % 32)
		return fv_fail(err, FV_E_ARGUMENT, "size: %d is no multiple of 32", (int)o->size);
	*c = fv_cyclegan_default();
	c->resnet.width = c->unet.width = c->disc.width = (int)o->width;
	c->resnet.blocks = o->blocks ? (int)o->blocks : o->size < 256 ? 6 : 9;
	c->unet.depth = fv_unet_depth(o->size);
	c->batch = (int)o->batch, c->size = (int)o->size, c->loss = adversary[o->loss];
	c->cycle = o->cycle, c->identity = o->identity, c->family = r->model[0].family;
	return fv_family_check(err, c->family, (const char *)c + r->model[0].config);
}

static void generators(fv_graph *g, fv_run *r)
{
	fv_cyclegan_generators_build(g, r->store, r->seed, r->config);
}

static void discriminators(fv_graph *g, fv_run *r)
{
	fv_cyclegan_discriminators_build(g, r->store, r->seed, r->config);
}

#define CROPS .longest = 384, .zoom_low = 1, .zoom_high = 1.12
static const fv_recipe_scalar adam[] = {
	{ "rate", fv_schedule_rate, true }, { "step", fv_schedule_update }, { 0 } };

const fv_recipe fv_recipe_cyclegan = {
	.name = "cyclegan", .help = "the classic: photographs to paintings and back, unpaired",
	.options = table, .bytes = sizeof(options), .seconds = 7200,
	.data = { { .option = "photos", .type = &fv_data_crops, .purpose = "photographs", CROPS,
	            .shipped = "photographs that come with fauve (photos/CREDITS.md)" },
	          { .option = "art", .type = &fv_data_crops, .purpose = "paintings", CROPS } },
	.config_bytes = sizeof(fv_cyclegan_config), .choose = choose, .configure = configure,
	.programs = {
		{ .name = "generators", .build = generators, .ok = "ok", .scalars = adam,
		  .inputs = (const fv_recipe_input[]){ { "a", "photos" }, { "b", "art" }, { 0 } },
		  .losses = (const fv_recipe_loss[]){
			  { "adv", { "loss.adv.a", "loss.adv.b" } },
			  { "cycle", { "loss.cycle.a", "loss.cycle.b" } },
			  { "identity", { "loss.identity.a", "loss.identity.b" } }, { 0 } } },
		{ .name = "discriminators", .build = discriminators, .ok = "ok", .scalars = adam,
		  .inputs = (const fv_recipe_input[]){
			  { "real.a", "photos" }, { "real.b", "art" },
			  { "fake.a", "generators:fake.a", .history = 50 },
			  { "fake.b", "generators:fake.b", .history = 50 }, { 0 } },
		  .losses = (const fv_recipe_loss[]){ 
			{ "d", { "loss.a", "loss.b" }, .won_below = 0.01 }, { 0 } } },
	},
	.models = { { "model.safetensors", &fv_family_resnet, .shows = "photos" },
	            { "back.safetensors", &fv_family_resnet, .shows = "art" } },
	.smallest = (const char *const[]){ "size=32", "width=4", "blocks=1", NULL },
};
