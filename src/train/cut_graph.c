/* SPDX-License-Identifier: Apache-2.0 */
/* cut: unpaired; photographs x and paintings y; a generator G, a discriminator D, heads F on five
 * maps of G's first half.
 *
 *	L_D = half of mean (D(y) - 1)^2 and D(G x)^2
 *	L_G = adv LSGAN(D(G x), 1) + nce N(x, G x) + identity N(y, G y)
 *	N(a, b) = mean over the maps of PatchNCE(F(maps of b), F(maps of a)), a's without gradient
 *
 * Order: G paints, D is updated, then G and F by the D so updated and what was painted before. Park
 * et al., arXiv:2007.15651; order and numbers are the published code's, whose lambda_NCE = 1 with
 * identity is nce = identity = 0.5 here.
 *
 * FastCUT's equivariance: half of the time G gets x mirrored, and its maps are looked at where x's
 * places are by then.
 *
 * What is painted of x gives a's maps on the way: they are made again only where it was mirrored.
 * As in `cyclegan` gradients are taken part by part, so that two generators' values are in memory
 * at a time. */
#include "train/cut_graph.h"
#include "train/gradients.h"

fv_cut_config fv_cut_default(void)
{
	return (fv_cut_config){
		.net = { .width = 64, .blocks = 9, .antialias = true },
		.disc = { .width = 64, .layers = 3, .antialias = true },
		.batch = 1, .size = 256,
		.contrast = { .patches = 256, .width = 256, .temperature = 0.07 },
		.adv = 1, .nce = 0.5, .identity = 0.5,
		.beta1 = 0.5, .beta2 = 0.999, .eps = 1e-8,
	};
}

typedef struct {
	fv_graph *g;
	const fv_cut_config *c;
	fv_scope generator, heads, discriminator;
	fv_node *flip;                  /* 0 or 1; NULL: never */
} cut;

/* ------------------------------------------------------------------ the parts of a step */
typedef fv_node *maps[FV_RESNET_TAPS];

/* What G makes of x, and x's own maps. */
static fv_node *paint(const cut *t, fv_node *x, maps key)
{
	t->g->label = "paint";
	if (!t->flip)
		return fv_resnet_build(&t->generator, &t->c->net, x, key);
	fv_resnet_taps(&t->generator, &t->c->net, x, key);
	return fv_resnet_build(&t->generator, &t->c->net, fv_mirror_where(t->g, x, t->flip), NULL);
}

/* N(what key is of, picture) */
static fv_node *contrast(const cut *t, maps key, fv_node *picture, const char *of)
{
	maps query;
	t->g->label = "patches";
	fv_resnet_taps(&t->generator, &t->c->net, picture, query);
	return fv_contrast(&t->heads, &t->c->contrast, key, query, FV_RESNET_TAPS, of, t->flip);
}

static fv_adam_attr adam(const fv_cut_config *c)
{
	return (fv_adam_attr){ .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps };
}

/* Real and painted; updates D. Returns the flag. */
static fv_node *discriminate(const cut *t, fv_store *store, fv_node *y, fv_node *fake,
                             fv_node *rate, fv_node *step)
{
	fv_graph *g = t->g;
	g->label = "discriminator";
	fv_node *judged[2];
	for (int i = 0; i < 2; i++)
		judged[i] = fv_patchgan_build(&t->discriminator, &t->c->disc,
		                              i ? fv_detach(g, fake) : y);
	if (g->err.status)
		return NULL;
	fv_node *loss = fv_add(g, fv_lsgan(g, &judged[0], 1, 1), fv_lsgan(g, &judged[1], 1, 0));
	loss = fv_scale(g, loss, 0.5, 0);
	fv_gradients d = fv_gradients_of(g, store, &t->discriminator.prefix, 1);
	if (g->err.status)
		return NULL;
	fv_gradients_add(g, loss, 1, &d, 0, d.count);
	fv_node *ok = fv_gradients_finite(g, loss, &d, NULL);
	fv_gradients_update(g, store, adam(t->c), &d, rate, step, ok);
	fv_output(g, loss, "loss.d");
	return ok;
}

/* By the picture's gradient to those of G. */
static void back(const cut *t, fv_gradients *p, fv_node *painted)
{
	t->g->label = "paint";
	fv_adjoint(t->g, painted, p->grad[p->count], p->read, p->count, p->grad);
	p->grad[p->count] = NULL;
}

void fv_cut_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_cut_config *c)
{
	cut t = { .g = g, .c = c, .generator = { g, store, "G.", true, seed },
	          .heads = { g, store, "F.", true, seed },
	          .discriminator = { g, store, "D.", true, seed } };
	maps key;
	fv_shape s = fv_nhwc(c->batch, c->size, c->size, 3);
	fv_node *x = fv_input(g, "photos", FV_F32, s), *y = fv_input(g, "art", FV_F32, s);
	fv_node *rate = fv_input(g, "rate", FV_F32, fv_scalar());
	fv_node *step = fv_input(g, "step", FV_F32, fv_scalar());
	if (c->flip) {
		fv_node *drawn = fv_random(g, FV_UNIFORM, "flip", FV_F32, fv_scalar(), 0, 1);
		t.flip = fv_binary(g, FV_GREATER, drawn, fv_number(g, FV_F32, 0.5), 0);
	}
	fv_node *fake = paint(&t, x, key);
	fv_node *ok = discriminate(&t, store, y, fake, rate, step);

	fv_node *picture = fv_detach(g, fake), *identity = NULL;
	fv_node *nce = contrast(&t, key, picture, "photo");
	fv_gradients p = fv_gradients_of(g, store, (const char *[]){ "G.", "F." }, 2);
	if (g->err.status)
		return;
	p.read[p.count] = picture;
	fv_gradients_add(g, nce, c->nce, &p, 0, p.count + 1);
	g->label = "adversary";
	fv_node *judged = fv_patchgan_build(&t.discriminator, &c->disc, picture);
	if (g->err.status)
		return;
	fv_node *adv = fv_lsgan(g, &judged, 1, 1);
	fv_gradients_add(g, adv, c->adv, &p, p.count, p.count + 1);
	back(&t, &p, fake);
	fv_node *loss = fv_add(g, fv_scale(g, adv, c->adv, 0), fv_scale(g, nce, c->nce, 0));
	if (c->identity > 0) {
		fv_node *same = paint(&t, y, key), *again = fv_detach(g, same);
		identity = contrast(&t, key, again, "art");
		if (g->err.status)
			return;
		p.read[p.count] = again;
		fv_gradients_add(g, identity, c->identity, &p, 0, p.count + 1);
		back(&t, &p, same);
		loss = fv_add(g, loss, fv_scale(g, identity, c->identity, 0));
	}
	g->label = "update";
	ok = fv_gradients_finite(g, loss, &p, ok);
	fv_gradients_update(g, store, adam(c), &p, rate, step, ok);
	fv_output(g, fake, "fake");
	fv_output(g, adv, "loss.adv");
	fv_output(g, nce, "loss.nce");
	fv_output(g, identity, "loss.identity");
	fv_output(g, loss, "loss");
	fv_output(g, ok, "ok");
}
