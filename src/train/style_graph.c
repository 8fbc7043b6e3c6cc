/* SPDX-License-Identifier: Apache-2.0 */
/* style: an unpaired recipe. It takes underpaintings x of photographs, what tells their dabs
 * apart z, and paintings y of like colours. It has a generator G, a frozen teacher F, and
 * discriminators D on the teacher's maps and on pixels.
 *
 *	fake = G(x, z)
 *	L_D = (LSGAN(D(F y), 1) + LSGAN(D(F fake), 0)) / 2 + the same of D on pixels
 *	    then comes D's update
 *	L_G = ramp style [ SWD(F fake, F y) + coarse sum SWD(F(fake at 1/2, 1/4), F(y there)) ],
 *	        SWD being the mean over the layers
 *	    + content |IN F4 fake - IN F4 x|^2 + content3 the same of F3 at half its size
 *	    + colour |blur16 x - blur16 fake|^2
 *	    + adv LSGAN(D(F fake), 1) + adv_pixels LSGAN(D(fake), 1), with the updated D
 *	    then comes G's update
 *	E = average of G's weights
 *
 * A weight of 0 leaves its part out. G's gradient is taken part by part down to `fake`; what the
 * parts say of fake then goes through G once. Variables: "G." generator, "E." its average, "D.d."
 * discriminators, "D.u." their singular vectors, "m." and "v." Adam's moments of each. An update
 * whose losses or gradients are not finite is not made. */
#include "train/style_graph.h"
#include "train/gradients.h"
#include <stdio.h>

/* Colours are compared at a sixteenth of the size; strokes are finer. */
#define COLOUR_HALVINGS 4

static const int map_layer[FV_FEATURE_MAPS] = { 1, 2, 3 };

static int64_t channels(const fv_style_config *c, int layer)
{
	return fv_vgg_channels(&c->teacher, layer);
}
static int64_t places_of(const fv_style_config *c, int size, int layer)
{
	int64_t side = c->size >> (size + layer);
	return side * side;
}

/* ------------------------------------------------------------------ the teacher */
fv_status fv_teacher_variables(fv_err *err, fv_store *teacher, const fv_style_config *c)
{
	for (int l = 0; l < FV_VGG_LAYERS; l++) {
		bool made = fv_variable_new(teacher, FV_F32, FV_SHAPE(channels(c, l)),
		                            "rstd.%d", l) != NULL;
		for (int s = 0; s < c->sizes; s++)
			made &= fv_variable_new(teacher, FV_F32,
			                        FV_SHAPE(c->directions, channels(c, l)),
			                        "direction.%d.%d", s, l) != NULL;
		if (!made)
			return fv_fail_memory(err, "the teacher's lines",
			                      (size_t)(c->directions * channels(c, l)) *
			                              sizeof(float));
	}
	return FV_OK;
}

fv_variable *fv_teacher_direction(fv_store *teacher, int size, int layer)
{
	char name[32];
	snprintf(name, sizeof name, "direction.%d.%d", size, layer);
	return fv_variable_find(teacher, name);
}

fv_variable *fv_teacher_rstd(fv_store *teacher, int layer)
{
	char name[32];
	snprintf(name, sizeof name, "rstd.%d", layer);
	return fv_variable_find(teacher, name);
}

/* Every place of a small map, some of a large one, by chance: twice the same does no harm. */
static fv_node *places(fv_graph *g, const fv_style_config *c, int size, int layer)
{
	char name[40];
	int64_t all = places_of(c, size, layer);
	snprintf(name, sizeof name, "places %d %d", size, layer);
	return fv_random(g, FV_INTEGERS, name, FV_I32, FV_SHAPE(fv_quantile_samples(all)), 0,
	                 (double)(all - 1));
}

static void see(fv_graph *g, fv_store *teacher, const fv_style_config *c, fv_node *x,
                fv_node *map[FV_VGG_LAYERS])
{
	fv_scope s = { .g = g, .store = teacher, .prefix = "" };
	fv_vgg_build(&s, &c->teacher, x, FV_VGG_LAYERS - 1, map);
}

static fv_node *content3(fv_graph *g, fv_node *map)
{
	return fv_content(g, fv_blur(g, map, 2, FV_PAD_ZERO));
}

void fv_style_look_build(fv_graph *g, fv_store *teacher, const fv_style_config *c, int what)
{
	fv_node *map[FV_VGG_LAYERS] = { 0 };
	fv_node *x = fv_input(g, "picture", FV_F32, fv_nhwc(1, c->size, c->size, 3));
	see(g, teacher, c, x, map);
	if (what & FV_LOOK_CONTENT) {
		fv_output(g, fv_content(g, map[3]), "content4");
		fv_output(g, content3(g, map[2]), "content3");
	}
	for (int k = 0;
	     k < c->sizes * FV_VGG_LAYERS && what & (FV_LOOK_MOMENTS | FV_LOOK_QUANTILES); k++) {
		int size = k / FV_VGG_LAYERS, l = k % FV_VGG_LAYERS;
		if (size && !l) {
			x = fv_blur(g, x, 2, FV_PAD_ZERO);
			see(g, teacher, c, x, map);
		}
		fv_node *at = places(g, c, size, l);
		if (what & FV_LOOK_MOMENTS) {
			int64_t count = fv_quantile_samples(places_of(c, size, l));
			fv_node *rows = fv_reshape(g, fv_gather(g, map[l], at),
			                           FV_SHAPE(count, channels(c, l)));
			fv_output(g, fv_mean(g, rows, FV_AXIS_W), "mean.%d", k);
			fv_output(g, fv_scale(g, fv_matmul(g, rows, rows, true, false),
			                      1.0 / (double)count, 0),
			          "product.%d", k);
		} else {
			fv_variable *lines = fv_teacher_direction(teacher, size, l);
			fv_output(g, fv_projected_quantiles(g, map[l], at,
			                                    lines ? fv_read(g, lines) : NULL),
			          "quantiles.%d", k);
		}
	}
}

/* ------------------------------------------------------------------ the step */
typedef struct {
	fv_graph *g;
	fv_store *store, *teacher;
	const fv_style_config *c;
	fv_node *x, *z, *content4, *content3, *art, *target[FV_STYLE_LOOKS], *line[FV_VGG_LAYERS];
	fv_node *rate, *step_d, *step_g, *decay, *ramp;
	fv_feature_discriminator maps;
	fv_scope place;                /* where D's weights live */
	fv_spectral weights, updated;
} builder;

static fv_node *scalar(fv_graph *g, const char *name)
{
	return fv_input(g, name, FV_F32, fv_scalar());
}
static fv_adam_attr adam(const fv_style_config *c)
{
	return (fv_adam_attr){ .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps };
}

static void judge_weights(builder *b, const fv_spectral *previous, fv_spectral *out)
{
	*out = (fv_spectral){ 0 };
	if (b->c->adv > 0)
		fv_feature_discriminator_weights(&b->place, &b->maps, previous, out);
	if (b->c->adv_pixels > 0)
		fv_patch_discriminator_weights(&b->place, &b->c->pixels, previous, out);
}

/* What D says: of the teacher's maps, of pixels; each for what there is. */
static void discriminate(builder *b, const fv_spectral *w, fv_node *const map[FV_VGG_LAYERS],
                  fv_node *picture, fv_node **of_maps, fv_node **of_pixels)
{
	int at = 0;
	if (b->c->adv > 0) {
		fv_node *scaled[FV_FEATURE_MAPS];
		for (int i = 0; i < FV_FEATURE_MAPS; i++)
			scaled[i] = fv_mul(
				b->g, map[map_layer[i]],
				fv_read(b->g, fv_teacher_rstd(b->teacher, map_layer[i])));
		fv_feature_discriminator_build(b->g, w, &at, scaled, of_maps);
	}
	if (b->c->adv_pixels > 0)
		fv_patch_discriminator_build(b->g, &b->c->pixels, w, &at, picture, of_pixels);
}

/* (LSGAN(real, 1) + LSGAN(fake, 0)) / 2, of both kinds. */
static fv_node *judged_well(builder *b, fv_node *const map[], fv_node *const real_map[],
                            fv_node *picture)
{
	fv_node *real[2][FV_SCALES_MAX] = { 0 }, *fake[2][FV_SCALES_MAX] = { 0 }, *sum = NULL;
	fv_node *still[FV_VGG_LAYERS];
	const int count[2] = { b->c->adv > 0 ? FV_FEATURE_MAPS : 0,
	                       b->c->adv_pixels > 0 ? b->c->pixels.scales : 0 };
	for (int l = 0; l < FV_VGG_LAYERS; l++)
		still[l] = fv_detach(b->g, map[l]);
	discriminate(b, &b->weights, real_map, b->art, real[0], real[1]);
	discriminate(b, &b->weights, still, picture, fake[0], fake[1]);
	for (int i = 0; i < 2; i++) {
		if (!count[i])
			continue;
		fv_node *l = fv_scale(b->g, fv_add(b->g, fv_lsgan(b->g, real[i], count[i], 1),
		                                   fv_lsgan(b->g, fake[i], count[i], 0)), 0.5, 0);
		sum = sum ? fv_add(b->g, sum, l) : l;
	}
	return sum;
}

/* D's update. Returns D's gradients. */
static fv_gradients teach_judges(builder *b, fv_node *const map[], fv_node *picture, fv_node **loss,
                                 fv_node **ok)
{
	fv_graph *g = b->g;
	fv_node *real[FV_VGG_LAYERS] = { 0 };
	g->label = "discriminator";
	if (b->c->adv > 0)
		see(g, b->teacher, b->c, b->art, real);
	judge_weights(b, NULL, &b->weights);
	if (g->err.status)
		return (fv_gradients){ 0 };
	*loss = judged_well(b, map, real, picture);
	fv_gradients d = fv_gradients_of(g, b->store, (const char *[]){ "D.d." }, 1);
	if (g->err.status)
		return d;
	fv_gradients_add(g, *loss, 1, &d, 0, d.count);
	*ok = fv_gradients_finite(g, *loss, &d, NULL);
	fv_gradients_update(g, b->store, adam(b->c), &d,
	                    fv_scale(g, b->rate, b->c->judge_rate, 0), b->step_d, *ok);
	judge_weights(b, &b->weights, &b->updated);
	return d;
}

/* Mean over the layers of the distance at one size. */
static fv_node *brushwork(builder *b, int size, fv_node *const map[FV_VGG_LAYERS])
{
	fv_graph *g = b->g;
	fv_node *sum = NULL;
	for (int l = 0; l < FV_VGG_LAYERS; l++) {
		int k = size * FV_VGG_LAYERS + l;
		fv_variable *v = fv_teacher_direction(b->teacher, size, l);
		if (!v)
			return fv_graph_error(g, FV_E_INTERNAL, "the teacher has no lines");
		fv_shape all = v->shape;
		fv_node *at = places(g, b->c, size, l);
		fv_node *lines = fv_gather(
			g, fv_reshape(g, fv_read(g, v), FV_SHAPE(1, all.w, all.c)), b->line[l]);
		fv_node *target = fv_gather(g, b->target[k], b->line[l]);
		fv_node *d = fv_feature_swd(g, map[l], at,
		                            fv_reshape(g, lines, FV_SHAPE(b->c->drawn, all.c)),
		                            target);
		sum = sum ? fv_add(g, sum, d) : d;
	}
	return fv_scale(g, sum, 1.0 / FV_VGG_LAYERS, 0);
}

static fv_node *more(fv_graph *g, fv_node *sum, double weight, fv_node *loss)
{
	if (!loss)
		return sum;
	fv_node *l = fv_scale(g, loss, weight, 0);
	return sum ? fv_add(g, sum, l) : l;
}

static void inputs(builder *b)
{
	const fv_style_config *c = b->c;
	fv_graph *g = b->g;
	char name[40];
	int64_t n = c->batch, size = c->size;
	b->x = fv_input(g, "pictures", FV_F32, fv_nhwc(n, size, size, 3));
	b->z = fv_input(g, "marks", FV_F32, fv_nhwc(n, size, size, FV_STROKE_MARKS));
	b->content4 = fv_input(g, "content4", FV_F32,
	                       fv_nhwc(n, size / 8, size / 8, channels(c, 3)));
	b->content3 = fv_input(g, "content3", FV_F32,
	                       fv_nhwc(n, size / 8, size / 8, channels(c, 2)));
	b->art = fv_input(g, "art", FV_F32, fv_nhwc(n, size, size, 3));
	for (int k = 0; k < c->sizes * FV_VGG_LAYERS; k++) {
		snprintf(name, sizeof name, "target.%d", k);
		b->target[k] = fv_input(
			g, name, FV_F32,
			FV_SHAPE(n, c->directions,
			         fv_quantiles(places_of(c, k / FV_VGG_LAYERS, k % FV_VGG_LAYERS))));
	}
	for (int l = 0; l < FV_VGG_LAYERS; l++) {
		snprintf(name, sizeof name, "lines %d", l);
		b->line[l] = fv_random(g, FV_PERMUTATION, name, FV_I32, FV_SHAPE(c->drawn), 0,
		                       (double)c->directions);
	}
	b->rate = scalar(g, "rate");
	b->step_d = scalar(g, "step.d");
	b->step_g = scalar(g, "step.g");
	b->decay = scalar(g, "decay");
	b->ramp = scalar(g, "ramp");
}

/* The average begins at the first weights. */
static void begin_at(fv_graph *g, fv_variable *e, const fv_variable *v)
{
	fv_err err;
	void *values = fv_alloc_rough(g->context, (size_t)fv_variable_bytes(v));
	fv_status st = values ? fv_variable_get(&err, v, values)
	                      : fv_fail_memory(&err, e->name, (size_t)fv_variable_bytes(v));
	if (st || (st = fv_variable_put(&err, e, values)))
		fv_graph_error(g, st, "%s", err.text);
	fv_free(g->context, values);
}

/* E follows G. */
static void average(builder *b, const fv_gradients *p, fv_node *ok)
{
	fv_graph *g = b->g;
	for (int i = 0; i < p->count && !g->err.status; i++) {
		fv_variable *v = p->param[i];
		char name[220];
		snprintf(name, sizeof name, "E.%s", v->name + 2);
		bool fresh = !fv_variable_find(b->store, name);
		fv_variable *e = fv_variable_like(g, b->store, v, "E.", v->name + 2);
		if (fresh && e)
			begin_at(g, e, v);
		fv_average(g, e, fv_read(g, v), b->decay, ok);
	}
}

void fv_style_graph_build(fv_graph *g, fv_store *store, fv_store *teacher, uint64_t seed,
                          const fv_style_config *c, bool keep_gradients)
{
	builder b = { .g = g, .store = store, .teacher = teacher, .c = c,
	              .maps = { c->judge, { channels(c, 1), channels(c, 2), channels(c, 3) } },
	              .place = { g, store, "D.", true, seed } };
	fv_scope generator = { g, store, "G.", true, seed };
	fv_node *map[FV_VGG_LAYERS] = { 0 }, *coarse[FV_VGG_LAYERS] = { 0 };
	fv_node *verdict[2][FV_SCALES_MAX] = { 0 };
	fv_gradients d = { 0 };
	fv_node *loss_d = NULL, *loss_adv = NULL, *loss_adv_pixels = NULL, *loss_coarse = NULL;
	fv_node *loss_content3 = NULL, *ok_d = NULL;
	inputs(&b);

	g->label = "paint";
	fv_node *fake = fv_strokenet_build(&generator, &c->net, b.x, b.z);
	fv_node *picture = fv_detach(g, fake);
	fv_gradients p = fv_gradients_of(g, store, (const char *[]){ "G." }, 1);
	if (g->err.status)
		return;
	const int at = p.count;                 /* where the picture's gradient is gathered */
	p.read[at] = picture;

	g->label = "look";
	see(g, teacher, c, picture, map);
	if (c->adv > 0 || c->adv_pixels > 0)
		d = teach_judges(&b, map, picture, &loss_d, &ok_d);
	if (g->err.status)
		return;

	g->label = "brushwork";
	fv_node *loss_style = fv_mul(g, b.ramp, brushwork(&b, 0, map));
	fv_node *seen = more(g, NULL, c->style, loss_style);
	g->label = "content";
	fv_node *loss_content = fv_square_distance(g, fv_content(g, map[3]), b.content4);
	seen = more(g, seen, c->content, loss_content);
	if (c->content3 > 0) {
		loss_content3 = fv_square_distance(g, content3(g, map[2]), b.content3);
		seen = more(g, seen, c->content3, loss_content3);
	}
	g->label = "adversary";
	discriminate(&b, &b.updated, map, picture, verdict[0], verdict[1]);
	if (c->adv > 0) {
		loss_adv = fv_lsgan(g, verdict[0], FV_FEATURE_MAPS, 1);
		seen = more(g, seen, c->adv, loss_adv);
	}
	fv_gradients_add(g, seen, 1, &p, at, at + 1);
	if (c->adv_pixels > 0) {
		loss_adv_pixels = fv_lsgan(g, verdict[1], c->pixels.scales, 1);
		fv_gradients_add(g, loss_adv_pixels, c->adv_pixels, &p, at, at + 1);
	}

	fv_node *small = picture;
	for (int i = 1; i < c->sizes && c->coarse > 0; i++) {
		g->label = "brushwork, coarse";
		small = fv_blur(g, small, 2, FV_PAD_ZERO);
		see(g, teacher, c, small, coarse);
		fv_node *l = fv_mul(g, b.ramp, brushwork(&b, i, coarse));
		fv_gradients_add(g, l, c->style * c->coarse, &p, at, at + 1);
		loss_coarse = loss_coarse ? fv_add(g, loss_coarse, l) : l;
	}

	g->label = "colour";
	fv_node *was = b.x, *is = picture;
	for (int i = 0; i < COLOUR_HALVINGS; i++)
		was = fv_blur(g, was, 2, FV_PAD_ZERO), is = fv_blur(g, is, 2, FV_PAD_ZERO);
	fv_node *loss_colour = fv_square_distance(g, was, is);
	fv_gradients_add(g, loss_colour, c->colour, &p, at, at + 1);

	fv_adjoint(g, fake, p.grad[at], p.read, p.count, p.grad);

	g->label = "update";
	fv_node *loss_g = more(g, seen, c->adv_pixels, loss_adv_pixels);
	loss_g = more(g, loss_g, c->style * c->coarse, loss_coarse);
	loss_g = more(g, loss_g, c->colour, loss_colour);
	fv_node *ok_g = fv_gradients_finite(g, loss_g, &p, ok_d);
	fv_gradients_update(g, store, adam(c), &p, b.rate, b.step_g, ok_g);
	fv_spectral_keep(g, &b.updated, ok_g);
	average(&b, &p, ok_g);

	const struct { fv_node *node; const char *name; } out[] = {
		{ loss_d, "loss.d" }, { loss_adv, "loss.adv" },
		{ loss_adv_pixels, "loss.pixels" }, { loss_style, "loss.style" },
		{ loss_coarse, "loss.coarse" }, { loss_content, "loss.content" },
		{ loss_content3, "loss.content3" }, { loss_colour, "loss.colour" },
		{ loss_g, "loss.g" }, { ok_d, "ok.d" }, { ok_g, "ok" },
		{ fake, "paintings" },
	};
	for (size_t i = 0; i < FV_COUNT(out); i++)
		fv_output(g, out[i].node, "%s", out[i].name);
	for (int i = 0; i < d.count && keep_gradients; i++)
		fv_output(g, d.grad[i], "gradient.%s", d.param[i]->name);
	for (int i = 0; i < p.count && keep_gradients; i++)
		fv_output(g, p.grad[i], "gradient.%s", p.param[i]->name);
}
