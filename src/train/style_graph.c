/* SPDX-License-Identifier: Apache-2.0 */
/* style: unpaired; photographs x, paintings y; a painter G, a multi-scale patch discriminator D.
 *
 *	fake = G(x)
 *	L_D = (LSGAN(D(aug y), 1) + LSGAN(D(aug fake), 0)) / 2			then D's update
 *	L_G = adv LSGAN(D(aug fake), 1)						with the updated D
 *	    + nce (NCE(x, fake) [+ NCE(y, G(y))]) / (identity ? 2 : 1.5)
 *	    + swd SWD(fake, art)
 *	    + colour (hold mean (d^2) + mean (c^2)), d = blur x - blur fake, c = each picture's mean d, less the batch's
 *									then G's and the heads' update
 *	E = average of G's weights
 *
 * With adv 0 nothing of D is computed.
 *
 * G's gradient is taken part by part, each as soon as the part's loss is known, down to `fake` and no further; what the
 * parts say of fake then goes through G once. So the values of one part are gone before the next begins: less than half
 * of the memory that one gradient of the sum takes.
 *
 * Variables: "G." painter, "E." its average, "H." heads, "D.d." discriminator, "D.u." its singular vectors,
 * "m." and "v." Adam's moments of each. An update whose losses or gradients are not finite is not made. */
#include "train/style_graph.h"
#include "train/gradients.h"
#include <stdio.h>

#define TEMPERATURE 0.07
#define JUDGE_RATE 2                    /* the discriminator learns faster: Heusel et al., arXiv:1706.08500 */
#define COLOUR_HALVINGS 3               /* colours are compared at an eighth of the size: strokes are finer */

static fv_node *scalar(fv_graph *g, const char *name) { return fv_input(g, name, FV_F32, fv_scalar()); }

static fv_node *noise(fv_graph *g, const fv_style_config *c, const char *purpose)
{
	return fv_random(g, FV_NORMAL, purpose, FV_F32, fv_nhwc(c->batch, c->size, c->size, 1), 0, 1);
}

/* NCE between the features of source (constants) and of result, mean over the maps. */
static fv_node *nce(const fv_scope *gs, const fv_scope *hs, const fv_style_config *c, fv_node *source, fv_node *result,
                    fv_node *noise_source, fv_node *noise_result, fv_node **index)
{
	fv_graph *g = gs->g;
	fv_node *key[FV_STYLENET_FEATURES] = { 0 }, *query[FV_STYLENET_FEATURES] = { 0 }, *sum = NULL;
	fv_stylenet_build(gs, &c->net, fv_stop(g, source), noise_source, true, key);
	fv_stylenet_build(gs, &c->net, result, noise_result, true, query);
	if (g->err.status)
		return NULL;
	const char *purpose = g->label;
	for (int i = 0; i < FV_STYLE_MAPS; i++) {
		fv_shape s = query[i + 2]->shape;
		int64_t places = s.h * s.w;
		char name[48];
		snprintf(name, sizeof name, "%s patches %d", purpose, i);
		index[i] = fv_random(g, FV_PERMUTATION, name, FV_I32, FV_SHAPE(fv_min(c->patches, places)), 0, (double)places);
		fv_node *l = fv_patch_nce(hs, i, c->head_width, query[i + 2], key[i + 2], index[i], TEMPERATURE);
		sum = sum ? fv_add(g, sum, l) : l;
	}
	return fv_scale(g, sum, 1.0 / FV_STYLE_MAPS, 0);
}

/* What D says of x, at every scale. */
static void judge(fv_graph *g, const fv_style_config *c, const fv_spectral *w, fv_node *x, fv_node **out)
{
	for (int i = 0; i < c->disc.scales; i++) {
		if (i)
			x = fv_blur(g, x, 2, FV_PAD_ZERO);
		fv_patch_discriminator_build(g, &c->disc, w, i, fv_detail(g, x, c->detail), out);
	}
}

static fv_adam_attr adam(const fv_style_config *c) { return (fv_adam_attr){ .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps }; }

/* D's update, then what the updated D says of picture: its gradient is added to entry `at` of p. Returns D's gradients. */
static fv_gradients adversary(fv_graph *g, fv_store *store, uint64_t seed, const fv_style_config *c, fv_node *y, fv_node *picture,
                           const fv_gradients *p, int at, fv_spectral *updated, fv_style_graph *s)
{
	fv_scope ds = { g, store, "D.", true, seed };
	fv_node *real[FV_SCALES_MAX] = { 0 }, *fake[FV_SCALES_MAX] = { 0 }, *judged[FV_SCALES_MAX] = { 0 };
	fv_spectral weights;
	int scales = c->disc.scales;
	g->label = "judge";
	fv_patch_discriminator_weights(&ds, &c->disc, NULL, &weights);
	if (g->err.status)
		return (fv_gradients){ 0 };
	s->aug_real = fv_augment_draw(g, "judge real", y->shape, c->augment);
	s->aug_fake = fv_augment_draw(g, "judge fake", y->shape, c->augment);
	judge(g, c, &weights, fv_augment_apply(g, &s->aug_real, y), real);
	judge(g, c, &weights, fv_augment_apply(g, &s->aug_fake, picture), fake);
	s->loss_d = fv_scale(g, fv_add(g, fv_lsgan(g, real, scales, 1), fv_lsgan(g, fake, scales, 0)), 0.5, 0);
	fv_gradients d = fv_gradients_of(g, store, (const char *[]){ "D.d." }, 1);
	if (g->err.status)
		return d;
	fv_gradients_add(g, s->loss_d, 1, &d, 0, d.count);
	s->ok_d = fv_gradients_finite(g, s->loss_d, &d, NULL);
	fv_gradients_update(g, store, adam(c), &d, fv_scale(g, s->rate, JUDGE_RATE, 0), s->step_d, s->ok_d);

	g->label = "adversary";
	fv_patch_discriminator_weights(&ds, &c->disc, &weights, updated);
	if (g->err.status)
		return d;
	s->aug_adv = fv_augment_draw(g, "adversary", y->shape, c->augment);
	judge(g, c, updated, fv_augment_apply(g, &s->aug_adv, picture), judged);
	s->loss_adv = fv_lsgan(g, judged, scales, 1);
	fv_gradients_add(g, s->loss_adv, c->adv, p, at, at + 1);
	return d;
}

void fv_style_graph_build(fv_graph *g, fv_store *store, uint64_t seed, const fv_style_config *c, bool keep_gradients, fv_style_graph *s)
{
	fv_scope gs = { g, store, "G.", true, seed }, hs = { g, store, "H.", true, seed };
	int64_t size = c->size;
	fv_spectral updated;
	fv_gradients d = { 0 }, p = { 0 };
	*s = (fv_style_graph){ .g = g };
	s->x = fv_input(g, "photographs", FV_F32, fv_nhwc(c->batch, size, size, 3));
	s->art = fv_input(g, "paintings", FV_F32, fv_nhwc((int64_t)c->art_batches * c->batch, size, size, 3));
	s->rate = scalar(g, "rate");
	s->step_d = scalar(g, "step of D");
	s->step_g = scalar(g, "step of G");
	s->decay = scalar(g, "decay");
	s->hold = scalar(g, "hold");
	fv_node *y = fv_part_of_batch(g, s->art, 0, c->batch);

	static const char *const painter[] = { "G.", "H." };
	const double nce_weight = c->nce / (c->identity ? 2 : 1.5);

	if (c->identity) {
		g->label = "identity";
		s->noise[3] = noise(g, c, "noise identity paint");
		s->noise[4] = noise(g, c, "noise identity source");
		s->noise[5] = noise(g, c, "noise identity result");
		fv_node *same = fv_stylenet_build(&gs, &c->net, y, s->noise[3], false, NULL);
		s->loss_identity = nce(&gs, &hs, c, y, same, s->noise[4], s->noise[5], s->index_identity);
		p = fv_gradients_of(g, store, painter, 2);
		fv_gradients_add(g, s->loss_identity, nce_weight, &p, 0, p.count);
	}

	g->label = "paint";
	s->noise[0] = noise(g, c, "noise paint");
	s->fake = fv_stylenet_build(&gs, &c->net, s->x, s->noise[0], false, NULL);
	fv_node *picture = fv_stop(g, s->fake);

	g->label = "content";
	s->noise[1] = noise(g, c, "noise content source");
	s->noise[2] = noise(g, c, "noise content result");
	s->loss_nce = nce(&gs, &hs, c, s->x, picture, s->noise[1], s->noise[2], s->index);
	if (!c->identity)
		p = fv_gradients_of(g, store, painter, 2);
	if (g->err.status)
		return;
	const int by_picture = p.count;
	p.read[by_picture] = picture;
	fv_gradients_add(g, s->loss_nce, nce_weight, &p, 0, p.count + 1);

	if (c->adv > 0)
		d = adversary(g, store, seed, c, y, picture, &p, by_picture, &updated, s);
	if (g->err.status)
		return;

	g->label = "brushwork";
	fv_swd_draws(g, c->swd_scales, c->projections, c->detail ? 6 : 3, c->batch, (int64_t)c->art_batches * c->batch, s->swd);
	s->loss_swd = fv_patch_swd(g, s->swd, c->swd_scales, c->detail, picture, s->art);
	fv_gradients_add(g, s->loss_swd, c->swd, &p, by_picture, by_picture + 1);

	/* Of all ways to turn the photographs' colours into the painter's, the one that moves them least; and a picture that
	 * is darker or bluer than others stays so. */
	g->label = "colour";
	fv_node *was = s->x, *is = picture;
	for (int i = 0; i < COLOUR_HALVINGS; i++)
		was = fv_blur(g, was, 2, FV_PAD_ZERO), is = fv_blur(g, is, 2, FV_PAD_ZERO);
	fv_node *moved = fv_sub(g, was, is);
	s->loss_colour = fv_mul(g, s->hold, fv_mean(g, fv_unary(g, FV_SQUARE, moved, 0, 0), FV_ALL));
	s->loss_colour = fv_add(g, s->loss_colour, fv_mean(g, fv_unary(g, FV_SQUARE, fv_cast(g, moved), 0, 0), FV_ALL));
	fv_gradients_add(g, s->loss_colour, c->colour, &p, by_picture, by_picture + 1);

	fv_adjoint(g, s->fake, p.grad[by_picture], p.read, p.count, p.grad);

	g->label = "update";
	fv_node *content = s->loss_identity ? fv_add(g, s->loss_nce, s->loss_identity) : s->loss_nce;
	s->loss_g = fv_scale(g, content, nce_weight, 0);
	if (s->loss_adv)
		s->loss_g = fv_add(g, fv_scale(g, s->loss_adv, c->adv, 0), s->loss_g);
	s->loss_g = fv_add(g, s->loss_g, fv_scale(g, s->loss_swd, c->swd, 0));
	s->loss_g = fv_add(g, s->loss_g, fv_scale(g, s->loss_colour, c->colour, 0));
	s->ok_g = fv_gradients_finite(g, s->loss_g, &p, s->ok_d);
	fv_gradients_update(g, store, adam(c), &p, s->rate, s->step_g, s->ok_g);
	if (s->loss_adv)
		fv_patch_discriminator_keep(g, &c->disc, &updated, s->ok_g);
	for (int i = 0; i < p.count && !g->err.status; i++) {
		fv_variable *v = p.param[i];
		if (strncmp(v->name, "G.", 2))
			continue;
		char name[220];
		snprintf(name, sizeof name, "E.%s", v->name + 2);
		bool fresh = !fv_variable_find(store, name);
		fv_variable *e = fv_variable_like(g, store, v, "E.", v->name + 2);
		if (fresh && e)                                 /* the average begins at the first weights */
			memcpy(e->tensor.data, v->tensor.data, (size_t)fv_tensor_bytes(v->tensor.type, v->tensor.shape));
		fv_average(g, e, fv_read(g, v), s->decay, s->ok_g);
	}

	fv_node *out[] = { s->loss_d, s->loss_adv, s->loss_nce, s->loss_swd, s->loss_colour, s->loss_g, s->ok_d, s->ok_g, s->fake, s->loss_identity };
	for (size_t i = 0; i < FV_COUNT(out); i++)
		fv_output(g, out[i]);
	s->count_d = d.count, s->param_d = d.param, s->grad_d = d.grad;
	s->count_g = p.count, s->param_g = p.param, s->grad_g = p.grad;
	for (int i = 0; i < d.count && keep_gradients; i++)
		fv_output(g, d.grad[i]);
	for (int i = 0; i < p.count && keep_gradients; i++)
		fv_output(g, p.grad[i]);
}
