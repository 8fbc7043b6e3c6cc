/* SPDX-License-Identifier: Apache-2.0 */
/* dcgan: DCGAN's pair, with any of the adversarial losses and penalties. The step: gan_graph.h. As
 * it stands it is PyTorch's example; the presets are what later papers made of it. */
#include "train/gan.h"
#include "train/labelled.h"

static const fv_option table[] = {
	FV_GAN_OPTIONS("2e-4", "64", "100"),
	{ .name = "loss", .type = FV_OPT_ENUM, .arg = "LOSS", .at = offsetof(fv_gan_options, loss),
	  .preset = "vanilla", .choices = fv_adversaries,
	  .help = "what the two want of each other" },
	{ .name = "norm", .type = FV_OPT_ENUM, .arg = "NORM", .at = offsetof(fv_gan_options, norm),
	  .preset = "batch", .choices = fv_critic_norms, .help = "norm of the discriminator" },
	{ .name = "r1", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(fv_gan_options, r1),
	  .preset = "0", .low = 0, .high = 10000,
	  .help = "weight of the penalty on the discriminator's slope at real pictures" },
	{ .name = "r2", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(fv_gan_options, r2),
	  .preset = "0", .low = 0, .high = 10000, .help = "and at generated ones" },
	{ .name = "every", .type = FV_OPT_INT, .arg = "N", .at = offsetof(fv_gan_options, every),
	  .preset = "16", .low = 1, .high = 1000,
	  .help = "steps from penalty to penalty; with 1 they are part of the loss" },
	{ 0 },
};

static fv_status configure(fv_err *err, fv_run *r)
{
	fv_gan_config *c = r->config;
	c->adam = (fv_adam_attr){ .beta1 = 0.5, .beta2 = 0.999, .eps = 1e-8 };
	return fv_gan_configure(err, r);
}

/* How often the penalties are a program of their own; 0: never. */
static int64_t every(const fv_run *r)
{
	const fv_gan_options *o = r->options;
	return (o->r1 > 0 || o->r2 > 0) && o->every > 1 ? o->every : 0;
}

/* Adam counts the penalties' updates too. */
static double step_d(const fv_run *r, int64_t update)
{
	return (double)(update + 1 + (every(r) ? fv_div_up(update, every(r)) : 0));
}
static double step_penalty(const fv_run *r, int64_t update)
{
	return (double)(update * every(r) + update + 2);
}

static fv_status feed_penalty(fv_err *err, fv_run *r, fv_program *p, int64_t number)
{
	return fv_gan_feed(err, r, p, number * every(r));
}

const fv_recipe fv_recipe_dcgan = {
	.name = "dcgan", .help = "small pictures from noise: DCGAN and its descendants",
	.options = table, .bytes = sizeof(fv_gan_options), .seconds = 3600,
	.presets = {
		{ "r3gan", "pairs and both penalties at each step, after Huang et al.",
		  { "loss=relativistic", "norm=none", "r1=1", "r2=1", "every=1" } },
		{ "lazy", "the penalty at every sixteenth step, as StyleGAN2's",
		  { "norm=none", "r1=10" } },
		{ "sngan", "hinge loss and spectral norm, after Miyato et al.",
		  { "loss=hinge", "norm=none", "spectral=yes" } },
		{ "few", "for collections of a hundred pictures",
		  { "augment=diff", "norm=none", "loss=hinge", "spectral=yes" } },
	},
	.data = { { .option = "data", .type = &fv_data_labelled } },
	.config_bytes = sizeof(fv_gan_config), .configure = configure, .about = fv_gan_about,
	.programs = { {
		.name = "step", .build = fv_gan_step, .ok = "ok", .feed = fv_gan_feed,
		.inputs = (const fv_recipe_input[]){ { "pictures", "data" }, { 0 } },
		.scalars = (const fv_recipe_scalar[]){
			{ "rate", fv_gan_rate, true }, { "step.d", step_d },
			{ "step.g", fv_schedule_update }, { "decay", fv_gan_decay }, { 0 } },
		.losses = (const fv_recipe_loss[]){
			{ "d", { "loss.d" }, .won_below = 0.01 }, { "g", { "loss.g" } }, { 0 } },
	}, {
		.name = "penalty", .build = fv_gan_penalty, .ok = "ok", .feed = feed_penalty,
		.every = every,
		.inputs = (const fv_recipe_input[]){ { "real", "step:real" }, { "fake", "step:fake" },
		                                        { 0 } },
		.scalars = (const fv_recipe_scalar[]){
			{ "rate", fv_gan_rate, true }, { "step.d", step_penalty }, { 0 } },
		.losses = (const fv_recipe_loss[]){
			{ "penalty", { "penalty" } }, { 0 } },
	} },
	.models = { { "model.safetensors", &fv_family_dcgan, "E.", offsetof(fv_gan_config, net),
	              .learnt = "G." } },
	.signature = fv_gan_signature,
	.smallest = (const char *const[]){
		"batch=4", "size=32", "width=4", "noise=8", "r1=1", "every=3",
		"augment=ada", "spectral=yes", NULL },
};
