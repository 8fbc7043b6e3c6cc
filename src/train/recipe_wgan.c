/* SPDX-License-Identifier: Apache-2.0 */
/* wgan and its descendant wgan-gp: DCGAN's generator against a critic that measures Wasserstein's
 * distance. The steps: gan_graph.h. Arjovsky et al., arXiv:1701.07875, keep the critic's slope
 * finite by clipping its weights; Gulrajani et al., arXiv:1704.00028, by a penalty where the slope
 * is not 1 (recipe_wgan_gp.c). */
#include "train/gan.h"
#include "train/labelled.h"

static const fv_option table[] = {
	FV_GAN_OPTIONS("5e-5", "64", "100"),
	{ .name = "critic", .type = FV_OPT_INT, .arg = "N", .at = offsetof(fv_gan_options, critic),
	  .preset = "5", .low = 1, .high = 1000,
	  .help = "updates of the critic for one of the generator" },
	{ .name = "clip", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(fv_gan_options, clip),
	  .preset = "0.01",
	  .low = 1e-6, .high = 10, .help = "the critic's weights stay between -X and X" },
	{ .name = "norm", .type = FV_OPT_ENUM, .arg = "NORM", .at = offsetof(fv_gan_options, norm),
	  .preset = "batch", .choices = fv_critic_norms, .help = "norm of the critic" },
	{ 0 },
};

/* RMSProp in PyTorch's form is Adam without the first moment and, as after many steps, without
 * correction of the second. */
static double settled(const fv_run *r, int64_t update) { return 1e9; }

static fv_status configure(fv_err *err, fv_run *r)
{
	fv_gan_options *o = r->options;
	fv_gan_config *c = r->config;
	o->loss = FV_ADVERSARY_WGAN;
	c->adam = (fv_adam_attr){ .beta1 = 0, .beta2 = 0.99, .eps = 1e-8 };
	return fv_gan_configure(err, r);
}

static int64_t times(const fv_run *r) { return ((const fv_gan_options *)r->options)->critic; }

const fv_recipe fv_recipe_wgan = {
	.name = "wgan", .help = "small pictures from noise: a critic with clipped weights",
	.options = table, .bytes = sizeof(fv_gan_options), .seconds = 3600,
	.data = { { .option = "data", .type = &fv_data_labelled } },
	.config_bytes = sizeof(fv_gan_config), .configure = configure, .about = fv_gan_about,
	.programs = { {
		.name = "critic", .build = fv_gan_critic, .ok = "ok", .feed = fv_gan_feed,
		  .times = times,
		.inputs = (const fv_recipe_input[]){ { "pictures", "data" }, { 0 } },
		.scalars = (const fv_recipe_scalar[]){
			{ "rate", fv_gan_rate, true }, { "step.d", settled }, { 0 } },
		.losses = (const fv_recipe_loss[]){
			{ "critic", { "loss.d" } }, { 0 } },
	}, {
		.name = "generator", .build = fv_gan_generator, .ok = "ok", .feed = fv_gan_feed,
		.scalars = (const fv_recipe_scalar[]){
			{ "rate", fv_gan_rate, true }, { "step.g", settled },
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
