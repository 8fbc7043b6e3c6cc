/* SPDX-License-Identifier: Apache-2.0 */
/* Ten training steps of `style` against PyTorch's (style.py made style.safetensors): every loss, every gradient. */
#include "golden.h"
#include "test.h"
#include "model/safetensors.h"
#include "train/style_graph.h"

#define STEPS 10
#define RATE 1e-4

static const fv_tensor *find(const fv_safetensors *f, const char *name)
{
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, name))
			return &f->entry[i].tensor;
	printf("style.safetensors lacks %s\n", name);
	exit(1);
}

static fv_style_config config(bool identity)
{
	return (fv_style_config){
		.net = { .width = 8, .blocks = 2, .up = FV_UP_SPLINE, .head = 7, .noise = 3, .colour = true, .palette = FV_PALETTE_TWICE, .half_chroma = true },
		.disc = { .width = 8, .scales = 2, .layers = 3, .channels = 6 }, .batch = 2, .size = 32, .art_batches = 2, .head_width = 16,
		.patches = 16, .projections = 8, .swd_scales = 3, .adv = 1, .nce = 1, .swd = 5, .beta1 = 0.5, .beta2 = 0.99, .eps = 1e-8,
		.augment = 1, .detail = 1, .colour = 3, .identity = identity,
	};
}

static void begin(fv_store *s)
{
	for (fv_variable *v = s->first; v; v = v->next) {
		fv_shape t = v->tensor.shape;
		if (!strncmp(v->name, "m.", 2) || !strncmp(v->name, "v.", 2) || !strncmp(v->name, "E.", 2))
			continue;
		double scale = strstr(v->name, ".bias") ? 0.1 : t.rank == 4 ? sqrt(6 / (double)(t.h * t.w * t.c)) : !strncmp(v->name, "D.u", 3) ? 1 : 1 / sqrt((double)t.c);
		if (!strcmp(v->name, "G.head.weight"))
			scale *= 0.25;                           /* few values at the edges of the clamp, where gradients jump */
		golden_fill(v->tensor, v->name, scale, 0);
	}
	for (fv_variable *v = s->first; v; v = v->next)
		if (!strncmp(v->name, "E.", 2)) {
			char name[220];
			snprintf(name, sizeof name, "G.%s", v->name + 2);
			memcpy(v->tensor.data, fv_variable_find(s, name)->tensor.data, (size_t)fv_tensor_bytes(FV_F32, v->tensor.shape));
		}
}

static fv_plan *plan;
static char prefix[40];

static void feed(const fv_node *n, const char *name, double scale, double shift)
{
	char full[100];
	if (!n)
		return;
	fv_tensor t = { n->type, n->shape, malloc((size_t)fv_tensor_bytes(n->type, n->shape)) };
	snprintf(full, sizeof full, "%s%s", prefix, name);
	golden_fill(t, full, scale, shift);
	fv_plan_set(NULL, plan, n, t.data);
	free(t.data);
}

static void feed_whole(const fv_node *n, const char *name, int lo, int hi)
{
	char full[100];
	int64_t count = fv_elements(n->shape);
	int32_t *v = malloc((size_t)count * sizeof *v);
	snprintf(full, sizeof full, "%s%s", prefix, name);
	golden_whole(v, count, full, lo, hi);
	fv_plan_set(NULL, plan, n, v);
	free(v);
}

static void feed_augment(const fv_augment *a, const char *name)
{
	char part[60];
	snprintf(part, sizeof part, "%s brightness", name);
	feed(a->brightness, part, 0.2, 0);
	snprintf(part, sizeof part, "%s saturation", name);
	feed(a->saturation, part, 0.5, 1);
	snprintf(part, sizeof part, "%s shift", name);
	feed_whole(a->shift, part, -4, 4);
}

/* numpy's stable argsort of the formula's numbers: the first ones. */
static const char *sorting;
static int by_value(const void *a, const void *b)
{
	double x = golden_value(sorting, *(const int32_t *)a), y = golden_value(sorting, *(const int32_t *)b);
	return x != y ? (x > y ? 1 : -1) : *(const int32_t *)a - *(const int32_t *)b;
}

static void feed_places(const fv_node *n, const char *name, int index, int32_t places)
{
	char full[100];
	int32_t *v = malloc((size_t)places * sizeof *v);
	snprintf(full, sizeof full, "%s%s places %d", prefix, name, index);
	for (int32_t i = 0; i < places; i++)
		v[i] = i;
	sorting = full;
	qsort(v, (size_t)places, sizeof *v, by_value);
	fv_plan_set(NULL, plan, n, v);
	free(v);
}

static void feed_step(const fv_style_graph *s, int step)
{
	static const int32_t places[] = { 256, 64, 64 };
	char name[60];
	snprintf(prefix, sizeof prefix, "step %d ", step);
	feed(s->x, "photographs", 1, 0);
	feed(s->art, "paintings", 1, 0);
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof name, "noise %d", i);
		feed(s->noise[i], name, sqrt(3), 0);
	}
	feed_augment(&s->aug_real, "real");
	feed_augment(&s->aug_fake, "fake");
	feed_augment(&s->aug_adv, "adversary");
	for (int i = 0; i < FV_STYLE_MAPS; i++) {
		feed_places(s->index[i], "content", i, places[i]);
		if (s->index_identity[i])
			feed_places(s->index_identity[i], "identity", i, places[i]);
		snprintf(name, sizeof name, "swd direction %d", i);
		feed(s->swd[i].direction, name, 1, 0);
		snprintf(name, sizeof name, "swd corner a %d", i);
		feed_whole(s->swd[i].corner_a, name, 0, 1);
		snprintf(name, sizeof name, "swd corner b %d", i);
		feed_whole(s->swd[i].corner_b, name, 0, 1);
	}
}

/* O,KH,KW,I in memory, O,I,KH,KW in the file: index of the file's element i in memory. */
static int64_t turned(fv_shape file, int64_t i)
{
	if (file.rank != 4)
		return i;
	int64_t kw = i % file.c, kh = i / file.c % file.w, in = i / (file.c * file.w) % file.h, o = i / (file.c * file.w * file.h);
	return ((o * file.w + kh) * file.c + kw) * file.h + in;
}

static double off(const float *mine, const fv_tensor *theirs)
{
	double d = 0, n = 0;
	for (int64_t i = 0; i < fv_elements(theirs->shape); i++) {
		double a = mine[turned(theirs->shape, i)], b = fv_f32(*theirs)[i];
		d += (a - b) * (a - b), n += b * b;
	}
	return sqrt(d / fmax(n, 1e-20));
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_safetensors f;
	fv_store *store;
	fv_graph *g[2];
	fv_style_graph s[2];
	fv_plan *plans[2];
	float mine[STEPS][7] = { { 0 } };
	if (argc < 2 || fv_context_new(&err, NULL, &c) || fv_safetensors_open(&err, c, argv[1], &f) || fv_store_new(&err, c, &store)) {
		printf("%s\n", argc < 2 ? "usage: golden-style style.safetensors" : err.text);
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		fv_style_config k = config(!i);
		if (fv_graph_new(&err, c, &g[i]))
			return 1;
		fv_style_graph_build(g[i], store, 1, &k, true, &s[i]);
		if (fv_plan_new(&err, c, g[i], NULL, &plans[i])) {
			printf("%s\n", err.text);
			return 1;
		}
	}
	begin(store);
	const float *norms = fv_f32(*find(&f, "norms"));
	const char *names = fv_safetensors_text(&f, "names");
	for (int step = 0; step < STEPS; step++) {
		int i = step % 3 != 0;
		fv_style_graph *v = &s[i];
		plan = plans[i];
		feed_step(v, step);
		*(float *)fv_plan_data(plan, v->rate) = (float)RATE;
		*(float *)fv_plan_data(plan, v->step_d) = *(float *)fv_plan_data(plan, v->step_g) = (float)(step + 1);
		*(float *)fv_plan_data(plan, v->hold) = 0.75f;
		*(float *)fv_plan_data(plan, v->decay) = (float)fmin(0.999, (2.0 + step) / (11.0 + step));
		if (fv_plan_run(&err, plan, (fv_key){ 0 })) {
			printf("%s\n", err.text);
			return 1;
		}
		const fv_node *loss[] = { v->loss_d, v->loss_adv, v->loss_nce, v->loss_identity, v->loss_swd, v->loss_colour, v->loss_g };
		for (int k = 0; k < 7; k++)
			mine[step][k] = loss[k] ? *(float *)fv_plan_data(plan, loss[k]) : 0;
		/* Gradients: in PyTorch's order of names; the first step's value for value, the others' lengths. */
		const char *at = names;
		for (int k = 0; k < v->count_d + v->count_g; k++) {
			char name[100];
			int n = (int)strcspn(at, " ");
			snprintf(name, sizeof name, "%.*s", n, at);
			at += n + (at[n] == ' ');
			const float *d = NULL;
			double length = 0, truth = norms[step * (v->count_d + v->count_g) + k];
			int64_t count = 0;
			for (int j = 0; j < v->count_d + v->count_g; j++) {
				bool in_d = j < v->count_d;
				const fv_variable *p = in_d ? v->param_d[j] : v->param_g[j - v->count_d];
				if (strcmp(p->name, name))
					continue;
				d = fv_plan_data(plan, in_d ? v->grad_d[j] : v->grad_g[j - v->count_d]);
				count = fv_elements(p->tensor.shape);
			}
			if (!d) {
				check(false, "no gradient of %s", name);
				continue;
			}
			for (int64_t j = 0; j < count; j++)
				length += (double)d[j] * d[j];
			/* A sharp temperature and ten chaotic steps: the float64 run differs from the float32 one by up to 1 % too. */
			double allowed = (step ? 3e-2 : 1e-3) * truth + 1e-5;
			check(fabs(sqrt(length) - truth) <= allowed, "step %d, |gradient of %s| is %.7g, PyTorch's %.7g", step, name, sqrt(length), truth);
			if (step == 0) {
				char key[110];
				snprintf(key, sizeof key, "grad.%s", name);
				double o = off(d, find(&f, key));
				check(o < 1e-3, "gradient of %s is off by %.2g of its length", name, o);
			}
		}
	}
	static const char *const what[] = { "d", "adv", "nce", "identity", "swd", "colour", "g" };
	const float *truth = fv_f32(*find(&f, "losses")), *exact = fv_f32(*find(&f, "losses64"));
	for (int step = 0; step < STEPS; step++)
		for (int k = 0; k < 7; k++) {
			double t = truth[step * 7 + k], floor_ = fabs(t - exact[step * 7 + k]), allowed = (step ? 1e-3 : 1e-5) * fabs(t) + 4 * floor_ + 1e-6;
			check(fabs(mine[step][k] - t) <= allowed, "step %d, loss %s is %.8g, PyTorch's %.8g (%.2g allowed)", step, what[k], mine[step][k], t, allowed);
		}
	/* The test must be able to fail: wrong padding and unbiased variance are farther away than it allows. */
	static const char *const wrong[] = { "wrong.padding", "wrong.variance" };
	for (int w = 0; w < 2; w++) {
		const float *other = fv_f32(*find(&f, wrong[w]));
		int told = 0;
		for (int k = 0; k < 7; k++)
			told += fabs(mine[0][k] - other[k]) > 1e-5 * fabs(other[k]) + 4 * fabs(truth[k] - exact[k]) + 1e-6;
		check(told >= 4, "%s cannot be told from the right thing: %d of 7 losses differ", wrong[w], told);
	}
	for (int i = 0; i < f.count; i++) {
		if (strncmp(f.entry[i].name, "final.", 6))
			continue;
		const fv_variable *v = fv_variable_find(store, f.entry[i].name + 6);
		check(v && off(v->tensor.data, &f.entry[i].tensor) < 1e-3, "%s after ten steps", f.entry[i].name + 6);
	}
	for (int i = 0; i < 2; i++) {
		fv_plan_free(plans[i]);
		fv_graph_free(g[i]);
	}
	fv_store_free(store);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-style");
}
