/* SPDX-License-Identifier: Apache-2.0 */
/* cyclegan: unpaired; pictures a and b; generators G_A (a to b) and G_B, discriminators D_A (of b) and D_B.
 *
 *	L_G = adversary of D_A(G_A a) and of D_B(G_B b) + cycle (|G_B(G_A a) - a| + |G_A(G_B b) - b|)
 *	    + identity (|G_A b - b| + |G_B a - a|)
 *	L_D = half of the adversary's of D(real) and D(fake), for each; by least squares:
 *	      mean of (D(real) - 1)^2 and D(fake)^2
 *
 * Means over all elements. One Adam over both generators, one over both discriminators. Zhu et al., arXiv:1703.10593; order and
 * weights are the PyTorch original's.
 *
 * As in `style`, gradients are taken part by part: two generators' values are in memory at a time, not six. */
#include "train/cyclegan_graph.h"
#include "train/gradients.h"

fv_cyclegan_config fv_cyclegan_default(void)
{
	return (fv_cyclegan_config){
		.family = &fv_family_resnet, .resnet = { .width = 64, .blocks = 9 },
		.unet = { .width = 64, .depth = 8, .norm = FV_UNET_INSTANCE },
		.disc = { .width = 64, .layers = 3 }, .loss = FV_ADVERSARY_LSGAN, .batch = 1,
		.size = 256, .cycle = 10, .identity = 5, .beta1 = 0.5, .beta2 = 0.999, .eps = 1e-8,
	};
}

static fv_adam_attr adam(const fv_cyclegan_config *c) { return (fv_adam_attr){ .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps }; }

static fv_node *paint(const fv_scope *s, const fv_cyclegan_config *c, fv_node *x)
{
	const bool resnet = c->family == &fv_family_resnet;
	fv_node *painted = NULL;
	c->family->build(s, resnet ? (const void *)&c->resnet : &c->unet, &x, &painted);
	return painted;
}

/* From x by `there` and back again. p is filled when both generators have their weights. Returns the painted picture. */
static fv_node *there_and_back(fv_graph *g, fv_store *store, const fv_cyclegan_config *c, fv_node *x, const fv_scope *there,
                               const fv_scope *back, const fv_scope *discriminator, fv_gradients *p, fv_node **adv, fv_node **cycle)
{
	g->label = "paint";
	fv_node *fake = paint(there, c, x), *picture = fv_detach(g, fake);
	g->label = "cycle";
	*cycle = fv_absolute_distance(g, paint(back, c, picture), x);
	if (!p->count && *cycle)
		*p = fv_gradients_of(g, store, (const char *[]){ "G_A.", "G_B." }, 2);
	if (g->err.status)
		return NULL;
	const int by_picture = p->count;
	p->read[by_picture] = picture;
	p->grad[by_picture] = NULL;
	fv_gradients_add(g, *cycle, c->cycle, p, 0, p->count + 1);
	g->label = "adversary";
	fv_node *judged = fv_patchgan_build(discriminator, &c->disc, picture);
	*adv = judged ? fv_adversary_g(g, c->loss, judged, NULL) : NULL;
	fv_gradients_add(g, *adv, 1, p, by_picture, by_picture + 1);
	g->label = "paint";
	fv_adjoint(g, fake, p->grad[by_picture], p->read, p->count, p->grad);
	return fake;
}

static fv_node *pictures(fv_graph *g, const fv_cyclegan_config *c, const char *port)
{
	return fv_input(g, port, FV_F32, fv_nhwc(c->batch, c->size, c->size, 3));
}

void fv_cyclegan_generators_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_cyclegan_config *c)
{
	fv_scope ga = { g, store, "G_A.", true, seed }, gb = { g, store, "G_B.", true, seed };
	fv_scope da = { g, store, "D_A.", true, seed }, db = { g, store, "D_B.", true, seed };
	fv_gradients p = { 0 };
	fv_node *adv[2] = { 0 }, *cycle[2] = { 0 }, *identity[2] = { 0 }, *loss = NULL;
	fv_node *a = pictures(g, c, "a"), *b = pictures(g, c, "b");
	fv_node *rate = fv_input(g, "rate", FV_F32, fv_scalar()), *step = fv_input(g, "step", FV_F32, fv_scalar());
	fv_node *fake_b = there_and_back(g, store, c, a, &ga, &gb, &da, &p, &adv[0], &cycle[0]);
	fv_node *fake_a = there_and_back(g, store, c, b, &gb, &ga, &db, &p, &adv[1], &cycle[1]);
	g->label = "identity";
	for (int i = 0; i < 2; i++) {
		fv_node *x = i ? a : b, *way = fv_add(g, adv[i], fv_scale(g, cycle[i], c->cycle, 0));
		identity[i] = fv_number(g, FV_F32, 0);
		if (c->identity > 0) {
			identity[i] = fv_absolute_distance(g, paint(i ? &gb : &ga, c, x), x);
			if (g->err.status)
				return;
			fv_gradients_add(g, identity[i], c->identity, &p, 0, p.count);
			way = fv_add(g, way, fv_scale(g, identity[i], c->identity, 0));
		}
		loss = i ? fv_add(g, loss, way) : way;
	}
	if (g->err.status)
		return;
	g->label = "update";
	fv_node *ok = fv_gradients_finite(g, loss, &p, NULL);
	fv_gradients_update(g, store, adam(c), &p, rate, step, ok);
	for (int i = 0; i < 2; i++) {
		fv_output(g, adv[i], "loss.adv.%c", "ab"[i]);
		fv_output(g, cycle[i], "loss.cycle.%c", "ab"[i]);
		fv_output(g, identity[i], "loss.identity.%c", "ab"[i]);
	}
	fv_output(g, loss, "loss");
	fv_output(g, ok, "ok");
	fv_output(g, fake_a, "fake.a");
	fv_output(g, fake_b, "fake.b");
}

void fv_cyclegan_discriminators_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_cyclegan_config *c)
{
	static const char *const prefix[] = { "D_A.", "D_B." }, *const name[] = { "real.b", "real.a", "fake.b", "fake.a" };
	fv_gradients d[2] = { 0 };
	fv_node *rate = fv_input(g, "rate", FV_F32, fv_scalar()), *step = fv_input(g, "step", FV_F32, fv_scalar()), *ok = NULL;
	g->label = "discriminator";
	for (int i = 0; i < 2; i++) {
		fv_scope scope = { g, store, prefix[i], true, seed };
		fv_node *both[] = { pictures(g, c, name[i]), pictures(g, c, name[2 + i]) };
		/* Instance norm looks at one picture at a time: both sorts go through together. */
		fv_node *out = fv_patchgan_build(&scope, &c->disc, fv_concat(g, 2, both, 2));
		fv_node *real = fv_slice_of_batch(g, out, 0, c->batch), *fake = fv_slice_of_batch(g, out, c->batch, c->batch);
		if (g->err.status)
			return;
		fv_node *loss = fv_scale(g, fv_adversary_d(g, c->loss, real, fake), 0.5, 0);
		d[i] = fv_gradients_of(g, store, &prefix[i], 1);
		if (g->err.status)
			return;
		fv_gradients_add(g, loss, 1, &d[i], 0, d[i].count);
		ok = fv_gradients_finite(g, loss, &d[i], ok);
		fv_output(g, loss, "loss.%c", "ab"[i]);
	}
	g->label = "update";
	for (int i = 0; i < 2; i++)
		fv_gradients_update(g, store, adam(c), &d[i], rate, step, ok);
	fv_output(g, ok, "ok");
}
