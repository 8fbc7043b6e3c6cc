/* SPDX-License-Identifier: Apache-2.0 */
/* sincut: one photograph, of which x are crops, and one painting, of which y are; a generator G, a
 * discriminator D, heads F on three maps of G's first half.
 *
 *	L_D = half of softplus(D(G x)) and softplus(-D(y)) + r1 / 2 |dD/dy|^2
 *	L_G = adv softplus(-D(G x)) + nce N(x, G x) + identity N(y, G y) + pixels |G y - y|
 *
 * Means over the batch, of pixels over all numbers. N is as in `cut`, but one place of a map is
 * looked at, and told from that of all other crops. The penalty is R1 at every step (Mescheder et
 * al., arXiv:1801.04406), by the gradient's own gradient.
 *
 * Order: G paints, D is updated, then G and F by the D so updated and what was painted before. Park
 * et al., arXiv:2007.15651, section 4.5; order and numbers are the published code's, whose
 * lambda_NCE = 4 is nce = identity = 2 here. */
#include "train/sincut_graph.h"
#include "train/gradients.h"

fv_sincut_config fv_sincut_default(void)
{
	return (fv_sincut_config){
		.net = { .width = 80, .blocks = 3 }, .disc = 32,
		.batch = 16, .size = 64,
		.contrast = { .patches = 1, .width = 256, .temperature = 0.07, .of_batch = true },
		.adv = 1, .nce = 2, .identity = 2, .pixels = 1, .r1 = 1,
		.beta1 = 0, .beta2 = 0.99, .eps = 1e-8,
	};
}

typedef struct {
	fv_graph *g;
	fv_store *store;
	const fv_sincut_config *c;
	fv_scope generator, heads, discriminator;
	fv_node *rate, *step;
} sincut;

typedef fv_node *maps[FV_SINCUT_TAPS];

static fv_adam_attr adam(const fv_sincut_config *c)
{
	return (fv_adam_attr){ .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps };
}

/* Updates D; returns the flag. */
static fv_node *discriminate(const sincut *t, fv_node *y, fv_node *fake)
{
	fv_graph *g = t->g;
	fv_node *dy = NULL;
	g->label = "discriminator";
	fv_node *real = fv_sincut_discriminator(&t->discriminator, t->c->disc, y);
	fv_node *made = fv_sincut_discriminator(&t->discriminator, t->c->disc, fv_detach(g, fake));
	fv_node *loss = fv_add(g, fv_bce_logits(g, real, 1), fv_bce_logits(g, made, 0));
	loss = fv_scale(g, loss, 0.5, 0);
	g->label = "penalty";
	fv_grad(g, fv_sum(g, real, FV_ALL), &y, 1, &dy);
	fv_node *steep = fv_sum(g, fv_unary(g, FV_SQUARE, dy, 0, 0), FV_ALL);
	fv_node *r1 = fv_scale(g, steep, t->c->r1 / 2 / t->c->batch, 0);
	fv_node *whole = t->c->r1 > 0 ? fv_add(g, loss, r1) : loss;
	fv_gradients d = fv_gradients_of(g, t->store, &t->discriminator.prefix, 1);
	if (g->err.status)
		return NULL;
	fv_gradients_add(g, whole, 1, &d, 0, d.count);
	fv_node *ok = fv_gradients_finite(g, whole, &d, NULL);
	fv_gradients_update(g, t->store, adam(t->c), &d, t->rate, t->step, ok);
	fv_output(g, loss, "loss.d");
	fv_output(g, r1, "loss.r1");
	return ok;
}

/* N(what key is of, picture) */
static fv_node *contrast(const sincut *t, maps key, fv_node *picture, const char *of)
{
	maps query;
	t->g->label = "patches";
	fv_sincut_taps(&t->generator, &t->c->net, picture, query);
	return fv_contrast(&t->heads, &t->c->contrast, key, query, FV_SINCUT_TAPS, of, NULL);
}

/* From what is painted by the picture's gradient, which p has behind the others, to those of G. */
static void back(const sincut *t, fv_gradients *p, fv_node *painted)
{
	t->g->label = "paint";
	fv_adjoint(t->g, painted, p->grad[p->count], p->read, p->count, p->grad);
	p->grad[p->count] = NULL;
}

void fv_sincut_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_sincut_config *c)
{
	sincut t = { .g = g, .store = store, .c = c,
	             .generator = { g, store, "G.", true, seed },
	             .heads = { g, store, "F.", true, seed },
	             .discriminator = { g, store, "D.", true, seed } };
	maps key;
	fv_shape s = fv_nhwc(c->batch, c->size, c->size, 3);
	fv_node *x = fv_input(g, "photo", FV_F32, s), *y = fv_input(g, "art", FV_F32, s);
	t.rate = fv_input(g, "rate", FV_F32, fv_scalar());
	t.step = fv_input(g, "step", FV_F32, fv_scalar());
	g->label = "paint";
	fv_node *fake = fv_sincut_build(&t.generator, &c->net, x, "noise.photo", key);
	fv_node *ok = discriminate(&t, y, fake);

	fv_node *picture = fv_detach(g, fake), *nce = contrast(&t, key, picture, "photo");
	fv_gradients p = fv_gradients_of(g, store, (const char *[]){ "G.", "F." }, 2);
	if (g->err.status)
		return;
	p.read[p.count] = picture;
	fv_gradients_add(g, nce, c->nce, &p, 0, p.count + 1);
	g->label = "adversary";
	fv_node *judged = fv_sincut_discriminator(&t.discriminator, c->disc, picture);
	fv_node *adv = fv_bce_logits(g, judged, 1);
	fv_gradients_add(g, adv, c->adv, &p, p.count, p.count + 1);
	back(&t, &p, fake);

	fv_node *same = fv_sincut_build(&t.generator, &c->net, y, "noise.art", key);
	fv_node *again = fv_detach(g, same);
	fv_node *identity = contrast(&t, key, again, "art");
	g->label = "pixels";
	fv_node *pixels = fv_absolute_distance(g, again, y);
	if (g->err.status)
		return;
	p.read[p.count] = again;
	fv_gradients_add(g, identity, c->identity, &p, 0, p.count + 1);
	fv_gradients_add(g, pixels, c->pixels, &p, p.count, p.count + 1);
	back(&t, &p, same);

	g->label = "update";
	fv_node *loss = fv_add(g, fv_scale(g, adv, c->adv, 0), fv_scale(g, nce, c->nce, 0));
	loss = fv_add(g, loss, fv_scale(g, identity, c->identity, 0));
	loss = fv_add(g, loss, fv_scale(g, pixels, c->pixels, 0));
	ok = fv_gradients_finite(g, loss, &p, ok);
	fv_gradients_update(g, store, adam(c), &p, t.rate, t.step, ok);
	fv_output(g, fake, "fake");
	fv_output(g, adv, "loss.adv");
	fv_output(g, nce, "loss.nce");
	fv_output(g, identity, "loss.identity");
	fv_output(g, pixels, "loss.pixels");
	fv_output(g, loss, "loss");
	fv_output(g, ok, "ok");
}
