/* SPDX-License-Identifier: Apache-2.0 */
/* dense: the textbook's three updates of a step, in this order:
 *
 *	D on a real batch, label 1; D on a generated batch, label 0; G through the D so updated, label 1
 *
 * Goodfellow et al., arXiv:1406.2661, with the non-saturating loss of its section 3; binary cross-entropy on
 * logits; Adam in Keras' form. In the last update D's weights take no part. The first may have a gradient penalty; the
 * loss it reports is without. */
#include "train/dense_graph.h"
#include <stdio.h>

/* Differentiates, checks, updates; returns the flag. */
static fv_node *update(fv_graph *g, fv_store *store, const fv_dense_config *c, fv_node *loss, const char *prefix,
                       fv_node *rate, fv_node *step, fv_node *before)
{
	fv_variable *param[FV_PARAMS_MAX];
	fv_node *wrt[FV_PARAMS_MAX], *d[FV_PARAMS_MAX];
	int n = fv_params(store, prefix, param, FV_PARAMS_MAX);
	for (int i = 0; i < n; i++)
		wrt[i] = fv_read(g, param[i]);
	fv_grad(g, loss, wrt, n, d);
	fv_node *ok = fv_finite(g, loss, before);
	for (int i = 0; i < n; i++)
		ok = fv_finite(g, d[i], ok);
	for (int i = 0; i < n && !g->err.status; i++) {
		fv_variable *p = param[i], *moment[2];
		for (int k = 0; k < 2; k++) {
			char name[220];
			snprintf(name, sizeof name, "%c.%s", "mv"[k], p->name);
			moment[k] = fv_variable_find(store, name);
			if (!moment[k] && !(moment[k] = fv_variable_new(store, FV_F32, p->tensor.shape, "%s", name)))
				return fv_graph_error(g, FV_E_MEMORY, "no memory for %s", name);
		}
		fv_adam(g, (fv_adam_attr){ p, moment[0], moment[1], c->beta1, c->beta2, c->eps, true }, d[i], rate, step, ok);
	}
	return ok;
}

/* R1: r1/2 times the mean over the batch of |dD/dx|^2 at the real pictures; Mescheder et al., arXiv:1801.04406, section 4.1. */
static fv_node *penalty(fv_graph *g, const fv_dense_config *c, fv_node *x, fv_node *logit)
{
	fv_node *dx = NULL;
	fv_grad(g, fv_sum(g, logit, FV_ALL), &x, 1, &dx);
	return fv_scale(g, fv_sum(g, fv_mul(g, dx, dx), FV_ALL), c->r1 / 2 / c->batch, 0);
}

void fv_dense_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_dense_config *c, fv_dense_graph *s)
{
	fv_scope gs = { g, store, "G.", true, seed }, ds = { g, store, "D.", true, seed };
	*s = (fv_dense_graph){ .g = g };
	s->x = fv_input(g, "pictures", FV_F32, FV_SHAPE(c->batch, c->net.out));
	s->rate = fv_input(g, "rate", FV_F32, fv_scalar());
	s->step_real = fv_input(g, "step of D, real", FV_F32, fv_scalar());
	s->step_fake = fv_input(g, "step of D, generated", FV_F32, fv_scalar());
	s->step_g = fv_input(g, "step of G", FV_F32, fv_scalar());
	s->noise_fake = fv_random(g, FV_NORMAL, "noise generated", FV_F32, FV_SHAPE(c->batch, c->net.noise), 0, 1);
	s->noise_g = fv_random(g, FV_NORMAL, "noise generator", FV_F32, FV_SHAPE(c->batch, c->net.noise), 0, 1);

	g->label = "real";
	fv_node *logit = fv_dense_discriminator(&ds, &c->net, s->x);
	s->loss_real = fv_bce_logits(g, logit, 1);
	fv_node *whole = c->r1 > 0 ? fv_add(g, s->loss_real, penalty(g, c, s->x, logit)) : s->loss_real;
	fv_node *ok = update(g, store, c, whole, "D.", s->rate, s->step_real, NULL);
	g->label = "generated";
	fv_node *fake = fv_stop(g, fv_dense_generator(&gs, &c->net, s->noise_fake));
	s->loss_fake = fv_bce_logits(g, fv_dense_discriminator(&ds, &c->net, fake), 0);
	ok = update(g, store, c, s->loss_fake, "D.", s->rate, s->step_fake, ok);
	g->label = "generator";
	fv_node *judged = fv_dense_discriminator(&ds, &c->net, fv_dense_generator(&gs, &c->net, s->noise_g));
	s->loss_g = fv_bce_logits(g, judged, 1);
	s->ok = update(g, store, c, s->loss_g, "G.", s->rate, s->step_g, ok);
	fv_output(g, s->loss_real);
	fv_output(g, s->loss_fake);
	fv_output(g, s->loss_g);
	fv_output(g, s->ok);
}
