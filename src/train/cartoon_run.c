/* SPDX-License-Identifier: Apache-2.0 */
#include "train/cartoon_run.h"
#include "train/run.h"

/* As AnimeGAN's: 2e-4 while content alone is learnt, then 2e-5, and the discriminator 4e-5. */
#define RATE_CONTENT 10
#define RATE_JUDGE 2
/* So much larger than VGG-16's are distances of two unrelated photographs as the small network sees
 * them, and those of their Gram matrices: 1/0.6 and 1/0.025, measured with 16 of them. */
#define SMALL_CONTENT 0.6
#define SMALL_STYLE 0.025

static const fv_cartoon_options *options_of(const fv_run *r) { return r->options; }

fv_status fv_cartoon_open(fv_err *err, fv_run *r)
{
	fv_cartoon_config *c = r->config;
	fv_model *teacher = NULL;
	fv_status st = fv_run_teacher(err, r, options_of(r)->features, &teacher);
	r->state = teacher;
	if (st)
		return st;
	c->teacher = *(const fv_vgg *)teacher->config;
	c->teacher.pooling = FV_POOL_AVERAGE;
	if (c->teacher.depth == 19)
		c->content *= SMALL_CONTENT, c->style *= SMALL_STYLE;
	return FV_OK;
}

void fv_cartoon_close(fv_run *r) { fv_model_free(r->state); }

int64_t fv_cartoon_bytes(const fv_run *r) { return fv_store_bytes(((fv_model *)r->state)->store); }

void fv_cartoon_build(fv_graph *g, fv_run *r)
{
	fv_cartoon_graph_build(g, r->store, ((fv_model *)r->state)->store, r->seed, r->config,
	                       false);
}

static double rate(const fv_run *r, int64_t update) { return options_of(r)->rate; }
static double rate_content(const fv_run *r, int64_t update)
{
	return RATE_CONTENT * rate(r, update);
}
static double rate_judge(const fv_run *r, int64_t update) { return RATE_JUDGE * rate(r, update); }
static double adversarial(const fv_run *r, int64_t update)
{
	return fv_run_done(r) >= options_of(r)->beginning;
}

const fv_recipe_input fv_cartoon_inputs[] = {
	{ "photo", "photos" }, { "art", "art" }, { "smooth", "art", .part = 1 }, { 0 }
};
const fv_recipe_scalar fv_cartoon_scalars[] = {
	{ "rate.content", rate_content, true }, { "rate.g", rate, true },
	{ "rate.d", rate_judge, true }, { "adversarial", adversarial }, { 0 }
};
