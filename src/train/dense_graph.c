/* SPDX-License-Identifier: Apache-2.0 */
/* dense: the textbook's three updates of a step, in this order:
 *
 *	D on a real batch, label 1; D on a generated batch, label 0; G through the D so updated, label 1
 *
 * Goodfellow et al., arXiv:1406.2661, with the non-saturating loss of its section 3; binary cross-entropy on
 * logits; Adam in Keras' form. In the last update D's weights take no part. The first may have a gradient penalty; the
 * loss it reports is without. */
#include "train/dense_graph.h"
#include "train/gradients.h"

/* Differentiates, checks, updates; returns the flag. */
static fv_node *update(fv_graph *g, fv_store *store, const fv_dense_config *c, fv_node *loss, const char *prefix,
                       fv_node *rate, fv_node *step, fv_node *before)
{
	fv_gradients d = fv_gradients_of(g, store, &prefix, 1);
	if (g->err.status)
		return NULL;
	fv_gradients_add(g, loss, 1, &d, 0, d.count);
	fv_node *ok = fv_gradients_finite(g, loss, &d, before);
	fv_adam_attr keras = { .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps, .keras = true };
	fv_gradients_update(g, store, keras, &d, rate, step, ok);
	return ok;
}

/* R1: r1/2 times the mean over the batch of |dD/dx|^2 at the real pictures; Mescheder et al., arXiv:1801.04406, section 4.1. */
static fv_node *penalty(fv_graph *g, const fv_dense_config *c, fv_node *x, fv_node *logit)
{
	fv_node *dx = NULL;
	fv_grad(g, fv_sum(g, logit, FV_ALL), &x, 1, &dx);
	return fv_scale(g, fv_sum(g, fv_mul(g, dx, dx), FV_ALL), c->r1 / 2 / c->batch, 0);
}

void fv_dense_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_dense_config *c)
{
	fv_scope gs = { g, store, "G.", true, seed }, ds = { g, store, "D.", true, seed };
	fv_node *x = fv_input(g, "pictures", FV_F32, FV_SHAPE(c->batch, c->net.out));
	fv_node *rate = fv_input(g, "rate", FV_F32, fv_scalar()), *step_real = fv_input(g, "step.real", FV_F32, fv_scalar());
	fv_node *step_fake = fv_input(g, "step.fake", FV_F32, fv_scalar()), *step_g = fv_input(g, "step.g", FV_F32, fv_scalar());
	fv_node *noise_fake = fv_random(g, FV_NORMAL, "noise generated", FV_F32, FV_SHAPE(c->batch, c->net.noise), 0, 1);
	fv_node *noise_g = fv_random(g, FV_NORMAL, "noise generator", FV_F32, FV_SHAPE(c->batch, c->net.noise), 0, 1);

	g->label = "real";
	fv_node *logit = fv_dense_discriminator(&ds, &c->net, x), *loss_real = fv_bce_logits(g, logit, 1);
	fv_node *whole = c->r1 > 0 ? fv_add(g, loss_real, penalty(g, c, x, logit)) : loss_real;
	fv_node *ok = update(g, store, c, whole, "D.", rate, step_real, NULL);
	g->label = "generated";
	fv_node *fake = fv_detach(g, fv_dense_generator(&gs, &c->net, noise_fake));
	fv_node *loss_fake = fv_bce_logits(g, fv_dense_discriminator(&ds, &c->net, fake), 0);
	ok = update(g, store, c, loss_fake, "D.", rate, step_fake, ok);
	g->label = "generator";
	fv_node *judged = fv_dense_discriminator(&ds, &c->net, fv_dense_generator(&gs, &c->net, noise_g));
	fv_node *loss_g = fv_bce_logits(g, judged, 1);
	ok = update(g, store, c, loss_g, "G.", rate, step_g, ok);
	fv_output(g, loss_real, "loss.real");
	fv_output(g, loss_fake, "loss.fake");
	fv_output(g, loss_g, "loss.g");
	fv_output(g, ok, "ok");
}
