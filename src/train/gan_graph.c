/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the recipes on DCGAN's pair.
 *
 *	dcgan	fake = G(z); D on the sum of its losses at real and fake; G through the D so
 *updated, the same fake wgan	so many times: the critic, on a fresh batch and fresh fakes; then
 *once G on fresh noise
 *
 * WGAN-GP's authors write G first and skip it in the first round, so that the updates are the same
 *in the same order. Batch norm sees real and fake as two batches; a step is three passes of D,
 *after each of which running values follow. */
#include "train/gan_graph.h"
#include "train/gradients.h"
#include <math.h>

#define TINY                                                                                       \
	1e-16 /* added to a slope before its norm, as in CUT's code: at 0 the norm has a gradient  \
	       */

typedef struct {
	fv_graph *g;
	fv_store *store;
	const fv_gan_config *c;
	fv_scope generator, critic;
	fv_running *running_g, *running_d;
	fv_node *label, *rate, *share;
} build;

static fv_node *scalar(fv_graph *g, const char *name)
{
	return fv_input(g, name, FV_F32, fv_scalar());
}

static fv_node *pictures(const build *b, const char *port)
{
	const fv_dcgan *n = &b->c->net;
	return fv_input(b->g, port, FV_F32, fv_nhwc(b->c->batch, n->size, n->size, n->channels));
}

static void begin(build *b, fv_graph *g, fv_store *store, uint64_t seed, const fv_gan_config *c)
{
	*b = (build){.g = g, .store = store, .c = c};
	b->generator =
		(fv_scope){g, store, "G.", true, seed, .batch_statistics = true, .dropout = true};
	b->critic = b->generator;
	b->critic.prefix = "D.";
	b->rate = scalar(g, "rate");
	if (c->net.labels)
		b->label = fv_input(g, "labels", FV_F32, FV_SHAPE(c->batch, c->net.labels));
	if (c->augment == FV_AUGMENT_ADA)
		b->share = fv_augment_share(g, store);
}

static fv_node *generated(const build *b)
{
	const fv_shape noise = FV_SHAPE(b->c->batch, b->c->net.noise);
	return fv_dcgan_generator(&b->generator, &b->c->net,
				  fv_random(b->g, FV_NORMAL, "noise", FV_F32, noise, 0, 1),
				  b->label);
}

static fv_node *augmented(const build *b, fv_node *x, const char *draws)
{
	return fv_augment(b->g, b->c->augment, b->share, x, draws);
}

static void weights(const build *b, const fv_spectral *previous, fv_spectral *w)
{
	fv_dcgan_weights(&b->critic, &b->c->net, &b->c->critic, previous, w);
}

static fv_node *judged(const build *b, const fv_spectral *w, fv_node *x)
{
	return fv_dcgan_discriminator(&b->critic, &b->c->net, &b->c->critic, w, x, b->label);
}

/* d(sum of the logits) / dx: of each picture its own, where no norm mixes them. */
static fv_node *slope_of(fv_graph *g, fv_node *logit, fv_node *x)
{
	fv_node *dx = NULL;
	fv_grad(g, fv_sum(g, logit, FV_ALL), &x, 1, &dx);
	return dx;
}

/* w/2 times the mean over the pictures of |slope|^2 */
static fv_node *flat(const build *b, double w, fv_node *logit, fv_node *x)
{
	fv_node *dx = slope_of(b->g, logit, x);
	return fv_scale(b->g, fv_sum(b->g, fv_mul(b->g, dx, dx), FV_ALL), w / 2 / b->c->batch, 0);
}

/* `whole` and what there is of R1 and R2; each may be NULL. */
static fv_node *with_flat(const build *b, fv_node *whole, fv_node *real, fv_node *at_real,
			  fv_node *fake, fv_node *at_fake)
{
	const fv_gan_config *c = b->c;
	fv_node *r1 = c->r1 > 0 ? flat(b, c->r1, at_real, real) : NULL;
	fv_node *r2 = c->r2 > 0 ? flat(b, c->r2, at_fake, fake) : NULL;
	fv_node *sum = r1 && r2 ? fv_add(b->g, r1, r2) : r1 ? r1 : r2;
	return whole && sum ? fv_add(b->g, whole, sum) : whole ? whole : sum;
}

/* Lazy regularisation: k + 1 updates in place of k have the effect of k. */
static double lazy(const fv_gan_config *c)
{
	return (c->r1 > 0 || c->r2 > 0) && c->every > 1 ? (double)c->every / (double)(c->every + 1)
							: 1;
}

static fv_node *update(const build *b, fv_node *loss, const char *prefix, const char *step,
		       fv_node *before)
{
	fv_graph *g = b->g;
	const double less = *prefix == 'D' ? lazy(b->c) : 1;
	fv_adam_attr form = b->c->adam;
	form.beta1 = pow(form.beta1, less), form.beta2 = pow(form.beta2, less);
	fv_gradients d = fv_gradients_of(g, b->store, &prefix, 1);
	if (g->err.status)
		return NULL;
	fv_gradients_add(g, loss, 1, &d, 0, d.count);
	fv_node *ok = fv_gradients_finite(g, loss, &d, before);
	fv_gradients_update(g, b->store, form, &d,
			    less < 1 ? fv_scale(g, b->rate, less, 0) : b->rate, scalar(g, step),
			    ok);
	for (int i = 0; i < d.count && *prefix == 'D' && b->c->clip > 0; i++)
		fv_assign(g, d.param[i],
			  fv_unary(g, FV_CLAMP, fv_read(g, d.param[i]), -b->c->clip, b->c->clip),
			  ok);
	return ok;
}

/* The generator that is shown and given away. */
static void average(const build *b, fv_node *ok)
{
	fv_graph *g = b->g;
	fv_node *decay = scalar(g, "decay");
	const int count = fv_params(b->store, "G.", NULL);
	fv_variable **all = fv_arena_get(g->arena, (size_t)(count + 1) * sizeof(void *));
	if (!all) {
		fv_graph_error(g, FV_E_MEMORY, "no memory for the average");
		return;
	}
	fv_params(b->store, "G.", all);
	for (int i = 0; i < count && !g->err.status; i++)
		fv_average(g, fv_variable_like(g, b->store, all[i], "E.", all[i]->name + 2),
			   fv_read(g, all[i]), decay, ok);
}

/* What is kept where the updates were made, and what can be read. */
static void end(const build *b, const fv_spectral *w, fv_node *real, fv_node *ok)
{
	fv_running_follow(b->g, b->running_g, 0.1, ok);
	fv_running_follow(b->g, b->running_d, 0.1, ok);
	fv_spectral_keep(b->g, w, ok);
	if (b->generator.running)
		average(b, ok);
	if (b->share && real) {
		/* Least squares have their zero between 0 and 1. */
		fv_node *zero =
			b->c->loss == FV_ADVERSARY_LSGAN ? fv_scale(b->g, real, 1, -0.5) : real;
		fv_augment_adapt(b->g, b->store, zero, scalar(b->g, "now"), ok);
		fv_output(b->g, b->share, "share");
	}
	fv_output(b->g, ok, "ok");
}

void fv_gan_step_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_gan_config *c)
{
	build b;
	fv_spectral first = {0}, second = {0};
	begin(&b, g, store, seed, c);
	b.generator.running = &b.running_g, b.critic.running = &b.running_d;
	g->label = "generator";
	fv_node *x = pictures(&b, "pictures"), *made = generated(&b);
	g->label = "discriminator";
	fv_node *real = augmented(&b, x, "real"), *fake = augmented(&b, fv_detach(g, made), "fake");
	weights(&b, NULL, &first);
	fv_node *at_real = judged(&b, &first, real), *at_fake = judged(&b, &first, fake);
	fv_node *loss_d = fv_adversary_d(g, c->loss, at_real, at_fake);
	fv_node *whole =
		c->every > 1 ? loss_d : with_flat(&b, loss_d, real, at_real, fake, at_fake);
	fv_node *ok = update(&b, whole, "D.", "step.d", NULL);
	g->label = "generator";
	weights(&b, &first, &second);
	fv_node *at_made = judged(&b, &second, augmented(&b, made, "generator")), *pair = NULL;
	b.critic.running = NULL;
	if (c->loss == FV_ADVERSARY_RELATIVISTIC)
		pair = judged(&b, &second, augmented(&b, x, "pair"));
	fv_node *loss_g = fv_adversary_g(g, c->loss, at_made, pair);
	ok = update(&b, loss_g, "G.", "step.g", ok);
	fv_output(g, loss_d, "loss.d");
	fv_output(g, loss_g, "loss.g");
	if (lazy(c) < 1) {
		fv_output(g, x, "real");
		fv_output(g, made, "fake");
	}
	end(&b, &second, at_real, ok);
}

void fv_gan_penalty_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_gan_config *c)
{
	build b;
	fv_spectral w = {0};
	begin(&b, g, store, seed, c);
	g->label = "penalty";
	fv_node *real = augmented(&b, pictures(&b, "real"), "real"),
		*fake = augmented(&b, pictures(&b, "fake"), "fake");
	weights(&b, NULL, &w);
	fv_node *penalty =
		with_flat(&b, NULL, real, judged(&b, &w, real), fake, judged(&b, &w, fake));
	fv_output(g, penalty, "penalty");
	end(&b, &w, NULL,
	    update(&b, fv_scale(g, penalty, (double)c->every, 0), "D.", "step.d", NULL));
}

/* slope times the mean over the pictures of (|dD/dx| - 1)^2, at a place of its own between real and
 * fake of each. */
static fv_node *slope_penalty(const build *b, const fv_spectral *w, fv_node *real, fv_node *fake)
{
	fv_graph *g = b->g;
	fv_node *a = fv_random(g, FV_UNIFORM, "interpolation", FV_F32,
			       fv_nhwc(b->c->batch, 1, 1, 1), 0, 1);
	fv_node *between = fv_add(g, real, fv_mul(g, a, fv_sub(g, fake, real)));
	fv_node *dx = fv_scale(g, slope_of(g, judged(b, w, between), between), 1, TINY);
	fv_node *norm = fv_unary(g, FV_SQRT, fv_sum(g, fv_mul(g, dx, dx), FV_HWC), 0, 0);
	fv_node *off = fv_scale(g, norm, 1, -1);
	return fv_scale(g, fv_mean(g, fv_mul(g, off, off), FV_ALL), b->c->slope, 0);
}

void fv_gan_critic_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_gan_config *c)
{
	build b;
	fv_spectral w = {0};
	begin(&b, g, store, seed, c);
	b.critic.running = &b.running_d;
	g->label = "critic";
	fv_node *real = augmented(&b, pictures(&b, "pictures"), "real");
	fv_node *fake = augmented(&b, fv_detach(g, generated(&b)), "fake");
	weights(&b, NULL, &w);
	fv_node *at_real = judged(&b, &w, real), *at_fake = judged(&b, &w, fake);
	fv_node *loss = fv_adversary_d(g, c->loss, at_real, at_fake), *whole = loss;
	b.critic.running = NULL;
	if (c->slope > 0) {
		fv_node *penalty = slope_penalty(&b, &w, real, fake);
		whole = fv_add(g, loss, penalty);
		fv_output(g, penalty, "penalty");
	}
	fv_output(g, loss, "loss.d");
	end(&b, &w, at_real, update(&b, whole, "D.", "step.d", NULL));
}

void fv_gan_generator_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_gan_config *c)
{
	build b;
	fv_spectral w = {0};
	begin(&b, g, store, seed, c);
	b.generator.running = &b.running_g;
	g->label = "generator";
	weights(&b, NULL, &w);
	fv_node *loss = fv_adversary_g(
		g, c->loss, judged(&b, &w, augmented(&b, generated(&b), "generator")), NULL);
	fv_output(g, loss, "loss.g");
	end(&b, &w, NULL, update(&b, loss, "G.", "step.g", NULL));
}
