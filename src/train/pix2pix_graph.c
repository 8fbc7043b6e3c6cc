/* SPDX-License-Identifier: Apache-2.0 */
/* pix2pix: pairs of pictures a and b; generator G (a to b); discriminator D, which sees a beside b.
 *
 *	L_D = half of the adversary's of D(a, b) and D(a, G a)
 *	L_G = adversary of D(a, G a) + l1 mean |G a - b|
 *
 * In this order: G paints once, D is updated, G is updated by what the updated D says of the same
 * painting. Isola et al., arXiv:1611.07004; order and weights are the PyTorch original's.
 *
 * Running values are kept for G, by which it may be used; D's are its original's too, but nothing
 * ever reads them: they stay as they begin. */
#include "train/pix2pix_graph.h"
#include "train/gradients.h"

fv_pix2pix_config fv_pix2pix_default(void)
{
	return (fv_pix2pix_config){
		.net = { .width = 64, .depth = 8, .norm = FV_UNET_BATCH, .dropout = true },
		.disc = { .width = 64, .layers = 3, .batch_norm = true },
		.loss = FV_ADVERSARY_VANILLA, .batch = 1, .size = 256, .l1 = 100,
		.beta1 = 0.5, .beta2 = 0.999, .eps = 1e-8,
	};
}

static fv_adam_attr adam(const fv_pix2pix_config *c)
{
	return (fv_adam_attr){ .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps };
}

static fv_node *judge(const fv_scope *s, const fv_pix2pix_config *c, fv_node *a, fv_node *b)
{
	fv_node *both[] = { a, b };
	if (!a || !b)
		return NULL;
	return fv_patchgan_build(s, &c->disc, fv_concat(s->g, FV_RANK - 1, both, 2));
}

void fv_pix2pix_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_pix2pix_config *c)
{
	fv_running *running = NULL;
	fv_scope gen = { .g = g, .store = store, .prefix = "G.", .create = true, .seed = seed,
	                 .batch_statistics = true, .dropout = true, .running = &running };
	fv_scope disc = { .g = g, .store = store, .prefix = "D.", .create = true, .seed = seed,
	                  .batch_statistics = true };
	const fv_shape shape = fv_nhwc(c->batch, c->size, c->size, 3);
	fv_node *a = fv_input(g, "a", FV_F32, shape), *b = fv_input(g, "b", FV_F32, shape);
	fv_node *rate = fv_input(g, "rate", FV_F32, fv_scalar());
	fv_node *step = fv_input(g, "step", FV_F32, fv_scalar());
	g->label = "paint";
	fv_node *fake = fv_unet_build(&gen, &c->net, a), *picture = fv_detach(g, fake);
	g->label = "discriminator";
	/* Batch norm looks at a batch: each sort goes through by itself. */
	fv_node *of_fake = judge(&disc, c, a, picture), *of_real = judge(&disc, c, a, b);
	if (g->err.status)
		return;
	fv_node *loss_d = fv_scale(g, fv_adversary_d(g, c->loss, of_real, of_fake), 0.5, 0);
	fv_gradients d = fv_gradients_of(g, store, (const char *[]){ "D." }, 1);
	if (g->err.status)
		return;
	fv_gradients_add(g, loss_d, 1, &d, 0, d.count);
	fv_node *ok = fv_gradients_finite(g, loss_d, &d, NULL);
	fv_gradients_update(g, store, adam(c), &d, rate, step, ok);
	g->label = "adversary";
	fv_gradients p = fv_gradients_of(g, store, (const char *[]){ "G." }, 1);
	if (g->err.status)
		return;
	const int by_picture = p.count;
	p.read[by_picture] = picture;
	p.grad[by_picture] = NULL;
	of_fake = judge(&disc, c, a, picture);
	if (g->err.status)
		return;
	fv_node *adv = fv_adversary_g(g, c->loss, of_fake, NULL);
	fv_node *l1 = fv_absolute_distance(g, picture, b);
	fv_gradients_add(g, adv, 1, &p, by_picture, by_picture + 1);
	fv_gradients_add(g, l1, c->l1, &p, by_picture, by_picture + 1);
	g->label = "paint";
	fv_adjoint(g, fake, p.grad[by_picture], p.read, p.count, p.grad);
	if (g->err.status)
		return;
	g->label = "update";
	ok = fv_gradients_finite(g, fv_add(g, adv, l1), &p, ok);
	fv_gradients_update(g, store, adam(c), &p, rate, step, ok);
	fv_running_follow(g, running, 0.1, ok);
	fv_output(g, loss_d, "loss.d");
	fv_output(g, adv, "loss.adv");
	fv_output(g, l1, "loss.l1");
	fv_output(g, fake, "fake");
	fv_output(g, ok, "ok");
}
