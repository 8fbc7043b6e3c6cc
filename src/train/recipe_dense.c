/* SPDX-License-Identifier: Apache-2.0 */
/* dense: the textbook's GAN on small grey pictures. The step: dense_graph.h.
 *
 * The preset `textbook` is the recipe as printed: ReLU, Adam with rate 1e-3 and beta1 0.9, no penalty. It collapses: the
 * discriminator soon tells every picture, and the generator ends in one blot whatever the noise. The default differs in
 * three numbers:
 *
 *	r1 1		a penalty on the slope of the discriminator at real pictures (R1: Mescheder et al., arXiv:1801.04406),
 *			so that it never gets so steep that the generator learns nothing; 0.1 is too little
 *	beta1 0.5	Radford et al., arXiv:1511.06434; with 0.9 the generator is dead after a hundred steps, penalty or not
 *	slope 0.2	LeakyReLU in the discriminator, from the same paper; ReLU also lives, a little behind
 *
 * What does not help without the penalty: the last two with a rate of 2e-4 and label 0.9 for real pictures. */
#include "train/dense_graph.h"
#include "train/train.h"

typedef struct {
	const char *data;
	int64_t batch;
	double rate, r1, beta1, slope;
} options;

static const fv_option table[] = {
	{ .name = "data", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .kept = FV_KEPT_MOVES, .required = true,
	  .arg = "PATH", .at = offsetof(options, data),
	  .help = "MNIST's idx or idx.gz file, its folder, or a folder of pictures" },
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", .at = offsetof(options, batch), .preset = "1000", .low = 1,
	  .high = 100000, .help = "samples a step" },
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(options, rate), .preset = "1e-3",
	  .low = 1e-8, .high = 1, .help = "learning rate" },
	{ .name = "r1", .type = FV_OPT_FLOAT, .kept = FV_KEPT_INNER, .at = offsetof(options, r1), .preset = "1" },
	{ .name = "beta1", .type = FV_OPT_FLOAT, .kept = FV_KEPT_INNER, .at = offsetof(options, beta1), .preset = "0.5" },
	{ .name = "slope", .type = FV_OPT_FLOAT, .kept = FV_KEPT_INNER, .at = offsetof(options, slope), .preset = "0.2" },
	{ 0 },
};

static fv_dense_config config_of(const options *o, int64_t height, int64_t width)
{
	fv_dense_config c = { .batch = (int)o->batch, .rate = o->rate, .beta1 = o->beta1, .beta2 = 0.999, .eps = 1e-7, .r1 = o->r1 };
	fv_family_preset(&fv_family_dense, &c.net);
	c.net.slope = o->slope;
	c.net.out = (int)(height * width);
	c.net.rows = (int)height;
	return c;
}

static fv_status configure(fv_err *err, fv_run *r)
{
	*(fv_dense_config *)r->config = config_of(r->options, r->data[0].height, r->data[0].width);
	return FV_OK;
}

static void build(fv_graph *g, fv_run *r)
{
	fv_dense_graph_build(g, r->store, r->seed, r->config);
}

/* The discriminator is updated twice a step. */
static double step_real(const fv_run *r, int64_t update) { return 2 * (double)update + 1; }
static double step_fake(const fv_run *r, int64_t update) { return 2 * (double)update + 2; }
static double rate(const fv_run *r, int64_t update) { return ((const options *)r->options)->rate; }

static json_t *signature(void) { return json_pack("{s:s, s:s}", "noise", "normal", "output", "image, grey, [0,1]"); }

const fv_recipe fv_recipe_dense = {
	.name = "dense", .help = "the textbook's GAN on small grey pictures, such as MNIST's digits",
	.options = table, .bytes = sizeof(options), .steps = 10000,
	.presets = { { "textbook", "exactly as printed, which collapses", { "r1=0", "beta1=0.9", "slope=0" } } },
	.data = { { .option = "data", .type = &fv_data_digits } },
	.config_bytes = sizeof(fv_dense_config), .configure = configure,
	.programs = { {
		.name = "step", .build = build, .ok = "ok",
		.inputs = (const fv_recipe_input[]){ { "pictures", "data" }, { 0 } },
		.scalars = (const fv_recipe_scalar[]){ { "rate", rate, true }, { "step.real", step_real }, { "step.fake", step_fake },
		                                       { "step.g", fv_schedule_update }, { 0 } },
		/* The textbook reports the mean of D's two losses. */
		.losses = (const fv_recipe_loss[]){ { "d", { "loss.real", "loss.fake" } },
		                                    { "g", { "loss.g" }, .won_above = 6 }, { 0 } },
	} },
	.models = { { "model.safetensors", &fv_family_dense, "G.", offsetof(fv_dense_config, net) } },
	.signature = signature, .smallest = (const char *const[]){ "batch=4", NULL },
};

fv_dense_config fv_dense_settings(bool textbook)
{
	options o = { 0 };
	fv_recipe_values(NULL, &fv_recipe_dense, textbook ? "textbook" : NULL, &o);
	return config_of(&o, 28, 28);
}
