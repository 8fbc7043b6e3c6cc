/* SPDX-License-Identifier: Apache-2.0 */
#include "train/gan.h"
#include "train/labelled.h"
#include <math.h>

const char *const fv_no_yes[] = {"no", "yes", NULL};

fv_status fv_gan_configure(fv_err *err, fv_run *r)
{
	const fv_gan_options *o = r->options;
	const fv_data *d = &r->data[0];
	const int labels = fv_labelled_count(d);
	fv_gan_config *c = r->config;
	c->net = (fv_dcgan){.size = (int)d->width,
			    .channels = fv_labelled_channels(d),
			    .width = (int)o->width,
			    .noise = (int)o->noise,
			    .labels = o->conditional ? labels : 0};
	c->critic = (fv_critic){.norm = o->norm, .spectral = o->spectral};
	c->batch = (int)o->batch, c->loss = o->loss, c->r1 = o->r1, c->r2 = o->r2;
	c->every = o->every, c->slope = o->slope, c->clip = o->clip, c->augment = o->augment;
	if (o->conditional && !labels)
		return fv_fail(
			err, FV_E_ARGUMENT,
			"conditional: %s has no labels; give a folder with a folder of pictures "
			"for each, or an idx file with its labels beside it",
			o->data);
	if (c->augment == FV_AUGMENT_ADA && c->loss == FV_ADVERSARY_WGAN)
		return fv_fail(
			err, FV_E_ARGUMENT,
			"augment: ada asks how many pictures the discriminator takes for real, "
			"and Wasserstein's critic does not say that; use diff, or another loss");
	fv_err why;
	return fv_family_check(&why, &fv_family_dcgan, &c->net)
		       ? fv_fail(err, FV_E_ARGUMENT, "%s", why.text)
		       : FV_OK;
}

fv_status fv_gan_feed(fv_err *err, fv_run *r, fv_program *p, int64_t number)
{
	const fv_gan_config *c = r->config;
	fv_data *d = &r->data[0];
	fv_type type;
	fv_shape shape;
	if (fv_program_port(p, "now", &type, &shape))
		fv_program_put_number(p, "now", number % 4 == 3);
	if (!c->net.labels)
		return FV_OK;
	const size_t bytes = (size_t)(c->batch * c->net.labels) * sizeof(float);
	float *label = fv_alloc(r->context, bytes);
	if (!label)
		return fv_fail_memory(err, "labels", bytes);
	d->want->type->take(d, number, 1, label);
	fv_program_put(p, "labels", label);
	fv_free(r->context, label);
	return FV_OK;
}

fv_status fv_gan_about(fv_err *err, fv_run *r, json_t *about)
{
	const fv_gan_config *c = r->config;
	json_t *names = json_array();
	bool made = names;
	for (int i = 0; i < c->net.labels && made; i++)
		made = !json_array_append_new(names, json_string(fv_labelled_name(&r->data[0], i)));
	if (c->net.labels)
		made = made && !json_object_set(about, "labels", names);
	json_decref(names);
	return made ? FV_OK : fv_fail_memory(err, "labels", (size_t)c->net.labels);
}

json_t *fv_gan_signature(void)
{
	return json_pack("{s:s, s:s}", "noise", "normal", "output", "image, grey or RGB, [-1,1]");
}

double fv_gan_rate(const fv_run *r, int64_t update)
{
	return ((const fv_gan_options *)r->options)->rate;
}

/* Short at first, so that the first weights are soon forgotten. */
double fv_gan_decay(const fv_run *r, int64_t update)
{
	return fmin(((const fv_gan_options *)r->options)->average,
		    (double)update / (double)(update + 10));
}

void fv_gan_step(fv_graph *g, fv_run *r)
{
	fv_gan_step_build(g, r->store, r->seed, r->config);
}
void fv_gan_penalty(fv_graph *g, fv_run *r)
{
	fv_gan_penalty_build(g, r->store, r->seed, r->config);
}
void fv_gan_critic(fv_graph *g, fv_run *r)
{
	fv_gan_critic_build(g, r->store, r->seed, r->config);
}
void fv_gan_generator(fv_graph *g, fv_run *r)
{
	fv_gan_generator_build(g, r->store, r->seed, r->config);
}
