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
		fv_shape t = v->shape;
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
		golden_variable(v, v->name, scale, norm ? 1 : 0);
	}
	for (fv_variable *v = s->first; v; v = v->next)
		if (!strncmp(v->name, "E.", 2)) {
			char name[220];
			snprintf(name, sizeof name, "G.%s", v->name + 2);
			variable_take(v, variable_values(fv_variable_find(s, name)));
		}
}

static fv_program *program;
static char prefix[40];

static void feed(const char *port, const char *name, double scale)
{
	char full[100];
	snprintf(full, sizeof full, "%s%s", prefix, name);
	golden_put(program, port, full, scale, 0);
}

static void feed_whole(const char *port, const char *name, int lo, int hi)
{
	char full[100];
	fv_tensor t = port_values(program, port);
	snprintf(full, sizeof full, "%s%s", prefix, name);
	golden_whole(t.data, fv_elements(t.shape), full, lo, hi);
	port_take(program, port, t);
}

/* numpy's stable argsort of the formula's numbers: the first ones. */
static const char *sorting;
static int by_value(const void *a, const void *b)
{
	double x = golden_value(sorting, *(const int32_t *)a);
	double y = golden_value(sorting, *(const int32_t *)b);
	return x != y ? (x > y ? 1 : -1) : *(const int32_t *)a - *(const int32_t *)b;
}

static void feed_order(const char *port, const char *name, int32_t of)
{
	char full[100];
	int32_t *v = malloc((size_t)of * sizeof *v);
	snprintf(full, sizeof full, "%s%s", prefix, name);
	for (int32_t i = 0; i < of; i++)
		v[i] = i;
	sorting = full;
	qsort(v, (size_t)of, sizeof *v, by_value);
	fv_program_put(program, port, v);
	free(v);
}

static void feed_step(const fv_style_config *k, int step)
{
	char name[60], port[60];
	snprintf(prefix, sizeof prefix, "step %d ", step);
	feed("pictures", "photographs", 1);
	feed("marks", "marks", sqrt(3));
	feed("art", "paintings", 1);
	feed("content4", "content 4", 1);
	feed("content3", "content 3", 1);
	for (int i = 0; i < k->sizes * FV_VGG_LAYERS; i++) {
		int64_t side = k->size >> (i / FV_VGG_LAYERS + i % FV_VGG_LAYERS);
		snprintf(name, sizeof name, "places %d", i);
		snprintf(port, sizeof port, "places %d %d", i / FV_VGG_LAYERS, i % FV_VGG_LAYERS);
		feed_whole(port, name, 0, (int)(side * side - 1));
		snprintf(name, sizeof name, "target %d", i);
		snprintf(port, sizeof port, "target.%d", i);
		feed(port, name, 1);
	}
	for (int l = 0; l < FV_VGG_LAYERS; l++) {
		snprintf(name, sizeof name, "line %d", l);
		snprintf(port, sizeof port, "lines %d", l);
		feed_order(port, name, k->directions);
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
static void compare_gradients(const fv_safetensors *f, const fv_store *store, int step)
{
	const float *norms = fv_f32(*find(f, "norms"));
	const char *at = fv_safetensors_text(f, "names");
	int count = 0;
	for (const fv_variable *v = store->first; v; v = v->next)
		count += !strncmp(v->name, "D.d.", 4) || !strncmp(v->name, "G.", 2);
	for (int k = 0; k < count; k++) {
		char name[100], key[120];
		int n = (int)strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", n, at);
		at += n + (at[n] == ' ');
		double length = 0, truth = norms[step * count + k];
		snprintf(key, sizeof key, "gradient.%s", name);
		int64_t values = fv_program_values(program, key);
		if (!check(values && fv_variable_find(store, name), "no gradient of %s", name))
			continue;
		fv_tensor gradient = port_values(program, key);
		const float *d = gradient.data;
		for (int64_t j = 0; j < values; j++)
			length += (double)d[j] * d[j];
		double allowed = (step ? 0.15 : 1e-2) * truth + 1e-5;
		check(fabs(sqrt(length) - truth) <= allowed,
		      "step %d, |gradient of %s| is %.7g, PyTorch's %.7g",
		      step, name, sqrt(length), truth);
		snprintf(key, sizeof key, "grad.%s", name);
		double o = step ? 0 : off(d, find(f, key));
		check(o < 1e-2 || length < 1e-10,
		      "gradient of %s is off by %.2g of its length", name, o);
		free(gradient.data);
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
	fv_style_config k = config();
	float mine[STEPS][LOSSES] = { { 0 } };
	if (argc < 2 || fv_context_new(&err, NULL, &c) ||
	    fv_safetensors_open(&err, c, argv[1], &f) || fv_store_new(&err, c, &store) ||
	    !(teacher = teacher_new(c, &k)) || fv_graph_new(&err, c, &g)) {
		printf("%s\n", argc < 2 ? "usage: golden-style style.safetensors" : err.text);
		return 1;
	}
	fv_style_graph_build(g, store, teacher, 1, &k, true);
	if (fv_program_new(&err, c, g, NULL, &program)) {
		printf("%s\n", err.text);
		return 1;
	}
	begin(store);
	begin(teacher);
	for (int step = 0; step < STEPS; step++) {
		static const char *const loss[LOSSES] = {
			"loss.d", "loss.adv", "loss.pixels", "loss.style", "loss.coarse",
			"loss.content", "loss.content3", "loss.colour", "loss.g"
		};
		feed_step(&k, step);
		fv_program_put_number(program, "rate", RATE);
		fv_program_put_number(program, "step.d", step + 1);
		fv_program_put_number(program, "step.g", step + 1);
		fv_program_put_number(program, "ramp", 0.75);
		fv_program_put_number(program, "decay", 0.9);
		if (fv_program_run(&err, program, (fv_key){ 0 })) {
			printf("%s\n", err.text);
			return 1;
		}
		for (int i = 0; i < LOSSES; i++)
			mine[step][i] = (float)fv_program_number(program, loss[i]);
		compare_gradients(&f, store, step);
	}
	compare_losses(&f, mine);
	for (int i = 0; i < f.count; i++) {
		if (strncmp(f.entry[i].name, "final.", 6))
			continue;
		const fv_variable *v = fv_variable_find(store, f.entry[i].name + 6);
		fv_tensor t = v ? variable_values(v) : (fv_tensor){ 0 };
		double o = v ? off(t.data, &f.entry[i].tensor) : 1;
		free(t.data);
		check(o < 1e-2, "%s after six steps is off by %.2g", f.entry[i].name + 6, o);
	}
	fv_program_free(program);
	fv_graph_free(g);
	fv_store_free(teacher);
	fv_store_free(store);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-style");
}
