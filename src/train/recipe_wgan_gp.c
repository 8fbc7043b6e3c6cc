/* SPDX-License-Identifier: Apache-2.0 */
/* wgan-gp: as wgan, but the critic's weights are free, and its slope is held at 1 by a penalty:
 * Gulrajani et al., arXiv:1704.00028. The critic has no batch norm: each picture has a slope of its
 * own. */
#include "train/gan.h"
#include "train/labelled.h"

/* Those of fv_critic_norms that do not mix pictures. */
static const char *const norms[] = { "none", "layer", NULL };

static const fv_option table[] = {
	FV_GAN_OPTIONS("1e-4", "50", "128"),
	{ .name = "critic", .type = FV_OPT_INT, .arg = "N", .at = offsetof(fv_gan_options, critic),
	  .preset = "5", .low = 1, .high = 1000,
	  .help = "updates of the critic for one of the generator" },
	{ .name = "slope", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(fv_gan_options, slope),
	  .preset = "10",
	  .low = 1e-6, .high = 10000,
	  .help = "weight of the penalty where the critic's slope is not 1" },
	{ .name = "norm", .type = FV_OPT_ENUM, .arg = "NORM", .at = offsetof(fv_gan_options, norm),
	  .preset = "none", .choices = norms, .help = "norm of the critic" },
	{ 0 },
};

static fv_status configure(fv_err *err, fv_run *r)
{
	fv_gan_options *o = r->options;
	fv_gan_config *c = r->config;
	o->loss = FV_ADVERSARY_WGAN;
	c->adam = (fv_adam_attr){ .beta1 = 0.5, .beta2 = 0.9, .eps = 1e-8 };
	fv_status st = fv_gan_configure(err, r);
	c->critic.norm = o->norm ? FV_CRITIC_LAYER : FV_CRITIC_PLAIN;
	return st;
}

static int64_t times(const fv_run *r) { return ((const fv_gan_options *)r->options)->critic; }

const fv_recipe fv_recipe_wgan_gp = {
	.name = "wgan-gp", .help = "small pictures from noise: a critic whose slope is held at 1",
	.options = table, .bytes = sizeof(fv_gan_options), .seconds = 3600,
	.data = { { .option = "data", .type = &fv_data_labelled } },
	.config_bytes = sizeof(fv_gan_config), .configure = configure, .about = fv_gan_about,
	.programs = { {
		.name = "critic", .build = fv_gan_critic, .ok = "ok", .feed = fv_gan_feed,
		  .times = times,
		.inputs = (const fv_recipe_input[]){ { "pictures", "data" }, { 0 } },
		.scalars = (const fv_recipe_scalar[]){
			{ "rate", fv_gan_rate, true }, { "step.d", fv_schedule_update }, { 0 } },
		.losses = (const fv_recipe_loss[]){
			{ "critic", { "loss.d" } }, { "penalty", { "penalty" } }, { 0 } },
	}, {
		.name = "generator", .build = fv_gan_generator, .ok = "ok", .feed = fv_gan_feed,
		.scalars = (const fv_recipe_scalar[]){
			{ "rate", fv_gan_rate, true }, { "step.g", fv_schedule_update },
			{ "decay", fv_gan_decay }, { 0 } },
		.losses = (const fv_recipe_loss[]){
			{ "generator", { "loss.g" } }, { 0 } },
	} },
	.models = { { "model.safetensors", &fv_family_dcgan, "E.", offsetof(fv_gan_config, net),
	              .learnt = "G." } },
	.signature = fv_gan_signature,
	.smallest = (const char *const[]){
		"batch=4", "size=32", "width=4", "noise=8", "critic=2", NULL },
};
