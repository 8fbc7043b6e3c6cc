/* SPDX-License-Identifier: Apache-2.0 */
/* animegan, cartoongan: unpaired. Photographs x, paintings y, the same with their edges blurred b;
 * a generator G, a discriminator D, a frozen teacher F.
 *
 *	first, for a while	L_G = content |F Gx - F x|
 *	then, each step		L_D, D's update; L_G, G's update with the updated D
 *
 *	AnimeGAN	L_D = real (D(y) - 1)^2 + real D(Gx)^2 + grey D(grey y)^2
 *			    + smooth D(grey b)^2
 *			L_G = adv (D(Gx) - 1)^2 + content |F Gx - F x|
 *			    + style |gram F(grey y) - gram F Gx| + colour YUV(x, Gx) + tv TV(Gx)
 *	CartoonGAN	L_D = BCE(D(y), 1) + BCE(D(Gx), 0) + BCE(D(b), 0)
 *			L_G = BCE(D(Gx), 1) + content |F Gx - F x|
 *
 * Means over all elements. AnimeGAN's L_D times 300 would be the same to Adam. G has one Adam for
 * the first phase and another for the second, as the originals have: moments and count begin anew
 * where the phase changes. Which phase it is, and how many updates it has seen, are variables: a
 * run that goes on for longer does not fall back.
 * Each update of D's weights is preceded by one power iteration, and so is their use by G: the
 * original makes one at each of five uses, in an order that its program leaves open.
 *
 * As in `style`, G's gradient is taken part by part down to what it painted, then goes through G
 * once. Chen, Liu, Chen: AnimeGAN, ISICA 2019, and v2; Chen, Lai, Liu: CartoonGAN, CVPR 2018. */
#include "train/cartoon_graph.h"
#include "train/gradients.h"

#define RUNNING 0.001                   /* batch norm's running values follow by that */

typedef struct {
	fv_graph *g;
	fv_store *store, *teacher;
	const fv_cartoon_config *c;
	fv_node *x, *y, *grey, *smooth;
	fv_variable *past, *count_g, *count_d;  /* 1: the second phase; updates in this phase */
	fv_node *second, *begins;               /* this step is of the second phase; is its first */
	fv_scope judge;
	fv_spectral weights, updated;
} builder;

static fv_node *pictures(fv_graph *g, const fv_cartoon_config *c, const char *port)
{
	return fv_input(g, port, FV_F32, fv_nhwc(c->batch, c->size, c->size, 3));
}

static fv_node *scalar(fv_graph *g, const char *port)
{
	return fv_input(g, port, FV_F32, fv_scalar());
}

static fv_variable *state(fv_graph *g, fv_store *store, const char *name)
{
	fv_variable *v = fv_variable_find(store, name);
	if (!v && !(v = fv_variable_new(store, FV_F32, fv_scalar(), "%s", name)))
		fv_graph_error(g, FV_E_MEMORY, "no memory for %s", name);
	return v;
}

static fv_node *see(builder *b, fv_node *x)
{
	fv_scope s = { .g = b->g, .store = b->teacher, .prefix = "" };
	fv_node *map[FV_VGG_LAYERS] = { 0 };
	return fv_vgg_build(&s, &b->c->teacher, x, FV_VGG_LAYERS - 1, map);
}

/* How far what D says of them is from `target`. */
static fv_node *verdict(builder *b, fv_node *out, double target)
{
	return !out ? NULL : b->c->anime ? fv_lsgan(b->g, &out, 1, target)
	                                 : fv_bce_logits(b->g, out, target);
}

static fv_node *more(fv_graph *g, fv_node *sum, double weight, fv_node *loss)
{
	fv_node *l = fv_scale(g, loss, weight, 0);
	return sum ? fv_add(g, sum, l) : l;
}

/* D's loss: every norm looks at one picture at a time, so all sorts go through together. */
static fv_node *judged(builder *b, fv_node *fake)
{
	const fv_cartoon_config *c = b->c;
	fv_graph *g = b->g;
	const struct { fv_node *picture; double target, weight; } sort[] = {
		{ b->y, 1, c->real }, { fake, 0, c->real }, { b->smooth, 0, c->smooth },
		{ b->grey, 0, c->grey },
	};
	fv_node *all[FV_COUNT(sort)], *sum = NULL;
	int n = c->anime ? 4 : 3;
	for (int i = 0; i < n; i++)
		all[i] = sort[i].picture;
	fv_cartoon_discriminator_weights(&b->judge, &c->judge, NULL, &b->weights);
	fv_node *out = fv_cartoon_discriminator_build(&b->judge, &c->judge, &b->weights,
	                                              fv_concat(g, 2, all, n));
	for (int i = 0; i < n; i++)
		sum = more(g, sum, sort[i].weight,
		           verdict(b, fv_slice_of_batch(g, out, i * (int64_t)c->batch, c->batch),
		                   sort[i].target));
	return sum;
}

/* Adam, with the count of updates kept in a variable. begins (NULL: never): moments begin anew. */
static void update(builder *b, const fv_gradients *d, fv_node *rate, fv_variable *count,
                   fv_node *begins, fv_node *ok)
{
	const fv_cartoon_config *c = b->c;
	fv_graph *g = b->g;
	static const char *const moment[] = { "m.", "v." };
	fv_node *step = fv_read(g, count);
	if (begins) {
		fv_node *anew = fv_mul(g, begins, ok);
		step = fv_mul(g, step, fv_scale(g, begins, -1, 1));
		for (int i = 0; i < 2 * d->count && !g->err.status; i++) {
			fv_variable *p = d->param[i / 2];
			fv_variable *m = fv_variable_like(g, b->store, p, moment[i % 2], p->name);
			fv_assign(g, m, fv_scale(g, fv_read(g, m), 0, 0), anew);
		}
	}
	step = fv_scale(g, step, 1, 1);
	fv_gradients_update(g, b->store,
	                    (fv_adam_attr){ .beta1 = c->beta1, .beta2 = c->beta2,
			                    .eps = c->eps, .keras = c->anime }, d,
	                    rate, step, ok);
	fv_assign(g, count, step, ok);
}

/* What the picture is compared with; the gradient by it goes to place `at` of p. Returns G's
 * loss. */
static fv_node *compare(builder *b, fv_node *fake, fv_gradients *p, int at)
{
	const fv_cartoon_config *c = b->c;
	fv_graph *g = b->g;
	fv_node *sum = NULL;
	g->label = "content";
	fv_node *map = see(b, fake);
	fv_node *content = fv_absolute_distance(g, map, see(b, b->x));
	fv_output(g, content, "loss.content");
	if (c->style > 0) {
		g->label = "style";
		fv_node *style =
			fv_absolute_distance(g, fv_gram(g, map), fv_gram(g, see(b, b->grey)));
		fv_output(g, style, "loss.style");
		sum = more(g, sum, c->style, style);
	}
	g->label = "adversary";
	fv_node *out = fv_cartoon_discriminator_build(&b->judge, &c->judge, &b->updated, fake);
	fv_node *adv = verdict(b, out, 1);
	fv_output(g, adv, "loss.adv");
	sum = more(g, sum, c->adv, adv);
	if (c->colour > 0) {
		g->label = "colour";
		fv_node *colour = fv_yuv_distance(g, fake, b->x);
		fv_output(g, colour, "loss.colour");
		sum = more(g, sum, c->colour, colour);
	}
	if (c->tv > 0) {
		fv_node *tv = fv_total_variation(g, fake);
		fv_output(g, tv, "loss.tv");
		sum = more(g, sum, c->tv, tv);
	}
	fv_node *loss = fv_add(g, fv_scale(g, content, c->content, 0), fv_mul(g, b->second, sum));
	if (!g->err.status)
		fv_gradients_add(g, loss, 1, p, at, at + 1);
	return loss;
}

static void phase(builder *b)
{
	fv_graph *g = b->g;
	b->past = state(g, b->store, "phase.past");
	b->count_g = state(g, b->store, "phase.g");
	b->count_d = state(g, b->store, "phase.d");
	if (g->err.status)
		return;
	b->second = fv_binary(g, FV_MAX, fv_read(g, b->past), scalar(g, "adversarial"), 0);
	b->begins = fv_sub(g, b->second, fv_read(g, b->past));
}

static void keep(fv_graph *g, const fv_gradients *d)
{
	for (int i = 0; i < d->count; i++)
		fv_output(g, d->grad[i], "gradient.%s", d->param[i]->name);
}

void fv_cartoon_graph_build(fv_graph *g, fv_store *store, fv_store *teacher, uint64_t seed,
			    const fv_cartoon_config *c, bool keep_gradients)
{
	builder b = { .g = g, .store = store, .teacher = teacher, .c = c,
	              .judge = { g, store, "D.", true, seed } };
	fv_running *running = NULL;
	fv_scope generator = { g, store, "G.", true, seed, .batch_statistics = true,
	                       .running = &running };
	b.x = pictures(g, c, "photo");
	b.y = pictures(g, c, "art");
	b.smooth = pictures(g, c, "smooth");
	if (c->anime)
		b.grey = fv_grey(g, b.y), b.smooth = fv_grey(g, b.smooth);
	fv_node *rate_content = scalar(g, "rate.content"), *rate_g = scalar(g, "rate.g"),
		*rate_d = scalar(g, "rate.d");
	phase(&b);

	g->label = "paint";
	fv_node *fake = c->anime ? fv_animegan_build(&generator, &c->light, b.x)
	                         : fv_cartoongan_build(&generator, &c->cartoon, b.x);
	fv_node *picture = fv_detach(g, fake);
	fv_gradients p = fv_gradients_of(g, store, (const char *[]){ "G." }, 1);
	g->label = "discriminator";
	fv_node *loss_d = judged(&b, picture);
	fv_gradients d = fv_gradients_of(g, store, (const char *[]){ "D.d." }, 1);
	if (g->err.status)
		return;
	fv_gradients_add(g, loss_d, 1, &d, 0, d.count);
	fv_node *ok_d = fv_gradients_finite(g, loss_d, &d, NULL), *both = fv_mul(g, ok_d, b.second);
	update(&b, &d, rate_d, b.count_d, NULL, both);
	fv_cartoon_discriminator_weights(&b.judge, &c->judge, &b.weights, &b.updated);

	const int at = p.count;                 /* where the picture's gradient is gathered */
	p.read[at] = picture;
	fv_node *loss_g = compare(&b, picture, &p, at);
	if (g->err.status)
		return;
	g->label = "paint";
	fv_adjoint(g, fake, p.grad[at], p.read, p.count, p.grad);
	g->label = "update";
	fv_node *ok = fv_gradients_finite(g, loss_g, &p, ok_d);
	fv_node *rate = fv_add(g, fv_mul(g, rate_g, b.second),
			       fv_mul(g, rate_content, fv_scale(g, b.second, -1, 1)));
	update(&b, &p, rate, b.count_g, b.begins, ok);
	fv_spectral_keep(g, &b.updated, fv_mul(g, ok, b.second));
	fv_running_follow(g, running, RUNNING, ok);
	fv_assign(g, b.past, b.second, ok);
	fv_output(g, loss_d, "loss.d");
	fv_output(g, loss_g, "loss.g");
	fv_output(g, fake, "fake");
	fv_output(g, ok, "ok");
	if (keep_gradients)
		keep(g, &d), keep(g, &p);
}
