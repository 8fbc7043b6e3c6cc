/* SPDX-License-Identifier: Apache-2.0 */
/* Six training steps of `style` against PyTorch's (style.py made style.safetensors): every loss,
 * every gradient. */
#include "golden.h"
#include "test.h"
#include "model/safetensors.h"
#include "train/style_graph.h"

#define STEPS 6
#define RATE 1e-4
#define LOSSES 9

static const fv_tensor *find(const fv_safetensors *f, const char *name)
{
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, name))
			return &f->entry[i].tensor;
	printf("style.safetensors lacks %s\n", name);
	exit(1);
}

static fv_style_config config(void)
{
	return (fv_style_config){
		.net = { .width = 4, .blocks = 1, .marks = 3, .stem = 5, .affine = true },
		.teacher = { 19, 16, FV_POOL_AVERAGE },
		.pixels = { .width = 4, .scales = 2, .layers = 3 },
		.judge = 4, .batch = 2, .size = 32, .directions = 8, .drawn = 4,
		.style = 16, .sizes = 2, .coarse = 0.5, .content = 2.3, .content3 = 0.1,
		.colour = 4, .adv = 0.3, .adv_pixels = 0.15,
		.judge_rate = 0.5, .beta1 = 0.5, .beta2 = 0.99, .eps = 1e-8,
	};
}

static void begin(fv_store *s)
{
	for (fv_variable *v = s->first; v; v = v->next) {
		fv_shape t = v->tensor.shape;
		if (!strncmp(v->name, "m.", 2) || !strncmp(v->name, "v.", 2) ||
		    !strncmp(v->name, "E.", 2))
			continue;
		bool line = !strncmp(v->name, "direction.", 10);
		bool spread = !strncmp(v->name, "rstd.", 5);
		bool norm = t.rank == 1 && !strstr(v->name, ".bias");
		double scale = strstr(v->name, ".bias") ? 0.1 :
		               t.rank == 4 ? sqrt(6 / (double)(t.h * t.w * t.c)) :
		               line ? 1 / sqrt((double)t.c) :
		               spread ? 0.2 : norm ? 0.1 : 1;
		golden_fill(v->tensor, v->name, scale, norm ? 1 : 0);
	}
	for (fv_variable *v = s->first; v; v = v->next)
		if (!strncmp(v->name, "E.", 2)) {
			char name[220];
			snprintf(name, sizeof name, "G.%s", v->name + 2);
			memcpy(v->tensor.data, fv_variable_find(s, name)->tensor.data,
			       (size_t)fv_tensor_bytes(FV_F32, v->tensor.shape));
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

/* numpy's stable argsort of the formula's numbers: the first ones. */
static const char *sorting;
static int by_value(const void *a, const void *b)
{
	double x = golden_value(sorting, *(const int32_t *)a);
	double y = golden_value(sorting, *(const int32_t *)b);
	return x != y ? (x > y ? 1 : -1) : *(const int32_t *)a - *(const int32_t *)b;
}

static void feed_order(const fv_node *n, const char *name, int32_t of)
{
	char full[100];
	int32_t *v = malloc((size_t)of * sizeof *v);
	snprintf(full, sizeof full, "%s%s", prefix, name);
	for (int32_t i = 0; i < of; i++)
		v[i] = i;
	sorting = full;
	qsort(v, (size_t)of, sizeof *v, by_value);
	fv_plan_set(NULL, plan, n, v);
	free(v);
}

static void feed_step(const fv_style_graph *s, const fv_style_config *k, int step)
{
	char name[60];
	snprintf(prefix, sizeof prefix, "step %d ", step);
	feed(s->x, "photographs", 1, 0);
	feed(s->z, "marks", sqrt(3), 0);
	feed(s->art, "paintings", 1, 0);
	feed(s->content4, "content 4", 1, 0);
	feed(s->content3, "content 3", 1, 0);
	for (int i = 0; i < k->sizes * FV_VGG_LAYERS; i++) {
		int64_t side = k->size >> (i / FV_VGG_LAYERS + i % FV_VGG_LAYERS);
		snprintf(name, sizeof name, "places %d", i);
		feed_whole(s->places[i], name, 0, (int)(side * side - 1));
		snprintf(name, sizeof name, "target %d", i);
		feed(s->target[i], name, 1, 0);
	}
	for (int l = 0; l < FV_VGG_LAYERS; l++) {
		snprintf(name, sizeof name, "line %d", l);
		feed_order(s->line[l], name, k->directions);
	}
}

/* O,KH,KW,I in memory, O,I,KH,KW in the file: index of the file's element i in memory. */
static int64_t turned(fv_shape file, int64_t i)
{
	if (file.rank != 4)
		return i;
	int64_t kw = i % file.c, kh = i / file.c % file.w, in = i / (file.c * file.w) % file.h;
	int64_t o = i / (file.c * file.w * file.h);
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

static fv_store *teacher_new(fv_context *c, const fv_style_config *k)
{
	fv_err err = { 0 };
	fv_store *s;
	fv_graph *g;
	fv_node *map[FV_VGG_LAYERS];
	if (fv_store_new(&err, c, &s) || fv_graph_new(&err, c, &g))
		return NULL;
	fv_vgg_build(&(fv_scope){ .g = g, .store = s, .prefix = "", .create = true }, &k->teacher,
	             fv_input(g, "x", FV_F32, fv_nhwc(1, 32, 32, 3)), FV_VGG_LAYERS - 1, map);
	fv_graph_free(g);
	return fv_teacher_variables(&err, s, k) ? NULL : s;
}

/* Gradients in PyTorch's order of names: the first step's value for value, the others' lengths. */
static void compare_gradients(const fv_safetensors *f, const fv_style_graph *s, int step)
{
	const float *norms = fv_f32(*find(f, "norms"));
	const char *at = fv_safetensors_text(f, "names");
	int count = s->count_d + s->count_g;
	for (int k = 0; k < count; k++) {
		char name[100], key[110];
		int n = (int)strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", n, at);
		at += n + (at[n] == ' ');
		const float *d = NULL;
		double length = 0, truth = norms[step * count + k];
		int64_t values = 0;
		for (int j = 0; j < count; j++) {
			bool in_d = j < s->count_d;
			const fv_variable *p = in_d ? s->param_d[j] : s->param_g[j - s->count_d];
			if (strcmp(p->name, name))
				continue;
			d = fv_plan_data(plan, in_d ? s->grad_d[j] : s->grad_g[j - s->count_d]);
			values = fv_elements(p->tensor.shape);
		}
		if (!d) {
			check(false, "no gradient of %s", name);
			continue;
		}
		for (int64_t j = 0; j < values; j++)
			length += (double)d[j] * d[j];
		double allowed = (step ? 0.15 : 1e-2) * truth + 1e-5;
		check(fabs(sqrt(length) - truth) <= allowed,
		      "step %d, |gradient of %s| is %.7g, PyTorch's %.7g",
		      step, name, sqrt(length), truth);
		if (step)
			continue;
		snprintf(key, sizeof key, "grad.%s", name);
		double o = off(d, find(f, key));
		check(o < 1e-2 || length < 1e-10,
		      "gradient of %s is off by %.2g of its length", name, o);
	}
}

static void compare_losses(const fv_safetensors *f, float mine[STEPS][LOSSES])
{
	static const char *const what[] = { "d", "adv", "pixels", "style", "coarse", "content",
	                                    "content3", "colour", "g" };
	static const char *const wrong[] = { "wrong.padding", "wrong.scale" };
	const float *truth = fv_f32(*find(f, "losses")), *exact = fv_f32(*find(f, "losses64"));
	for (int step = 0; step < STEPS; step++)
		for (int k = 0; k < LOSSES; k++) {
			double t = truth[step * LOSSES + k];
			double noise = fabs(t - exact[step * LOSSES + k]);
			double allowed = (step ? 3e-3 : 2e-5) * fabs(t) + 4 * noise + 1e-6;
			check(fabs(mine[step][k] - t) <= allowed,
			      "step %d, loss %s is %.8g, PyTorch's %.8g (%.2g allowed)",
			      step, what[k], mine[step][k], t, allowed);
		}
	/* The test must be able to fail: wrong padding and maps that are not scaled are farther
	 * away than it allows. */
	for (int w = 0; w < 2; w++) {
		const float *other = fv_f32(*find(f, wrong[w]));
		int told = 0;
		for (int k = 0; k < LOSSES; k++)
			told += fabs(mine[0][k] - other[k]) >
			        2e-5 * fabs(other[k]) + 4 * fabs(truth[k] - exact[k]) + 1e-6;
		check(told >= 3, "%s cannot be told from the right thing: %d of %d losses differ",
		      wrong[w], told, LOSSES);
	}
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_safetensors f;
	fv_store *store, *teacher;
	fv_graph *g;
	fv_style_graph s;
	fv_style_config k = config();
	float mine[STEPS][LOSSES] = { { 0 } };
	if (argc < 2 || fv_context_new(&err, NULL, &c) ||
	    fv_safetensors_open(&err, c, argv[1], &f) || fv_store_new(&err, c, &store) ||
	    !(teacher = teacher_new(c, &k)) || fv_graph_new(&err, c, &g)) {
		printf("%s\n", argc < 2 ? "usage: golden-style style.safetensors" : err.text);
		return 1;
	}
	fv_style_graph_build(g, store, teacher, 1, &k, true, &s);
	if (fv_plan_new(&err, c, g, NULL, &plan)) {
		printf("%s\n", err.text);
		return 1;
	}
	begin(store);
	begin(teacher);
	for (int step = 0; step < STEPS; step++) {
		feed_step(&s, &k, step);
		*(float *)fv_plan_data(plan, s.rate) = (float)RATE;
		*(float *)fv_plan_data(plan, s.step_d) =
		*(float *)fv_plan_data(plan, s.step_g) = (float)(step + 1);
		*(float *)fv_plan_data(plan, s.ramp) = 0.75f;
		*(float *)fv_plan_data(plan, s.decay) = 0.9f;
		if (fv_plan_run(&err, plan, (fv_key){ 0 })) {
			printf("%s\n", err.text);
			return 1;
		}
		const fv_node *loss[LOSSES] = { s.loss_d, s.loss_adv, s.loss_adv_pixels,
		                                s.loss_style, s.loss_coarse,
		                                s.loss_content, s.loss_content3,
		                                s.loss_colour, s.loss_g };
		for (int i = 0; i < LOSSES; i++)
			mine[step][i] = *(float *)fv_plan_data(plan, loss[i]);
		compare_gradients(&f, &s, step);
	}
	compare_losses(&f, mine);
	for (int i = 0; i < f.count; i++) {
		if (strncmp(f.entry[i].name, "final.", 6))
			continue;
		const fv_variable *v = fv_variable_find(store, f.entry[i].name + 6);
		double o = v ? off(v->tensor.data, &f.entry[i].tensor) : 1;
		check(o < 1e-2, "%s after six steps is off by %.2g", f.entry[i].name + 6, o);
	}
	fv_plan_free(plan);
	fv_graph_free(g);
	fv_store_free(teacher);
	fv_store_free(store);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-style");
}
