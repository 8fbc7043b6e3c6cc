/* SPDX-License-Identifier: Apache-2.0 */
/* Ten training steps of pix2pix against PyTorch's (pix2pix.py made pix2pix.safetensors): every
 * loss, the first step's gradients, how far every weight moved, the running values, and the three ways in
 * which the trained generator may paint. */
#include "golden.h"
#include "test.h"
#include "model/safetensors.h"
#include "train/pix2pix_graph.h"

#define STEPS 10
#define LOSSES 3
#define PARAMS 64
#define BUFFERS 64
#define EVERY 37
#define DRAWS "dropout G.level 5"

typedef struct {
	fv_context *c;
	const fv_safetensors *f;
	fv_pix2pix_config config;
	fv_store *store;
	fv_variable *param[PARAMS], *buffer[BUFFERS];
	float *first[PARAMS];
	int params, buffers;
	double loss[STEPS][LOSSES], allowed[STEPS][LOSSES];
} test_run;

static const fv_tensor *entry(const fv_safetensors *f, const char *name)
{
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, name))
			return &f->entry[i].tensor;
	printf("pix2pix.safetensors lacks %s\n", name);
	exit(1);
}

static const float *numbers(const fv_safetensors *f, const char *name)
{
	return fv_f32(*entry(f, name));
}

/* The variables that a list of names in the file names. */
static int find_all(test_run *t, const char *list, fv_variable **to)
{
	int n = 0;
	for (const char *at = fv_safetensors_text(t->f, list); *at && n < PARAMS; n++) {
		char name[120];
		int length = (int)strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", length, at);
		at += length + (at[length] == ' ');
		if (!(to[n] = fv_variable_find(t->store, name))) {
			printf("no variable %s\n", name);
			exit(1);
		}
	}
	return n;
}

static double along(const fv_variable *v, const char *name, double *norm)
{
	char formula[140];
	fv_tensor t = variable_values(v);
	double sum = 0, squares = 0;
	snprintf(formula, sizeof formula, "along %s", name);
	for (int64_t i = 0; i < fv_elements(t.shape); i++) {
		sum += fv_get(t, i) * golden_value(formula, i);
		squares += fv_get(t, i) * fv_get(t, i);
	}
	free(t.data);
	*norm = sqrt(squares);
	return sum;
}

static void begin(test_run *t)
{
	int learnt = 0;
	t->params = find_all(t, "names", t->param);
	t->buffers = find_all(t, "buffers", t->buffer);
	for (int i = 0; i < t->params; i++) {
		const char *name = t->param[i]->name, *end = strrchr(name, '.');
		const bool matrix = t->param[i]->shape.rank == 4;
		golden_variable(t->param[i], name, matrix ? 0.1 : 0.05,
				!matrix && !strcmp(end, ".weight"));
		t->first[i] = variable_values(t->param[i]).data;
	}
	for (fv_variable *v = t->store->first; v; v = v->next)
		learnt += v->role == FV_ROLE_PARAMETER;
	check(t->params == learnt, "%d weights here, %d in PyTorch", learnt, t->params);
}

/* Adam's first moment is half of the first gradient. */
static void check_gradients(test_run *t)
{
	const float *truth = numbers(t->f, "grads"), *exact = numbers(t->f, "grads64");
	for (int i = 0; i < t->params; i++) {
		char name[140];
		double norm;
		snprintf(name, sizeof name, "m.%s", t->param[i]->name);
		fv_variable *m = fv_variable_find(t->store, name);
		if (!check(m, "no %s", name))
			continue;
		double product = 2 * along(m, t->param[i]->name, &norm);
		const double all = truth[i], off = fabs(all - exact[i]);
		const int k = t->params + i;
		check(fabs(2 * norm - all) <= 1e-4 * all + 4 * off,
		      "the gradient of %s is %.7g long, PyTorch's %.7g", t->param[i]->name,
		      2 * norm, all);
		check(fabs(product - truth[k]) <= 1e-4 * all + 4 * fabs(truth[k] - exact[k]),
		      "the gradient of %s goes %.7g along the formula, PyTorch's %.7g",
		      t->param[i]->name, product, truth[k]);
	}
}

static void check_step(test_run *t, int step)
{
	static const char *const what[LOSSES] = { "D", "adversary", "L1" };
	const float *loss = numbers(t->f, "losses"), *exact = numbers(t->f, "losses64");
	const float *moved = numbers(t->f, "moved"), *moved64 = numbers(t->f, "moved64");
	for (int i = 0; i < LOSSES; i++) {
		const double truth = loss[LOSSES * step + i],
			     off = fabs(truth - exact[LOSSES * step + i]);
		t->allowed[step][i] = 5e-5 * truth + 4 * off;
		check(fabs(t->loss[step][i] - truth) <= t->allowed[step][i],
		      "step %d, %s is %.8g, PyTorch's %.8g (%.2g allowed)", step, what[i],
		      t->loss[step][i], truth, t->allowed[step][i]);
	}
	for (int i = 0; i < t->params; i++) {
		fv_tensor v = variable_values(t->param[i]);
		const float *now = v.data;
		double far = 0;
		for (int64_t n = 0; n < fv_elements(v.shape); n++)
			far += pow((double)now[n] - (double)t->first[i][n], 2);
		free(v.data);
		const int k = t->params * step + i;
		const double truth = moved[k],
			     most = 1e-3 * truth + 4 * fabs(truth - (double)moved64[k]);
		check(fabs(sqrt(far) - truth) <= most,
		      "step %d, %s has moved by %.7g, PyTorch's by %.7g (%.2g allowed)", step,
		      t->param[i]->name, sqrt(far), truth, most);
	}
}

static void check_running(test_run *t)
{
	const float *truth = numbers(t->f, "running"), *exact = numbers(t->f, "running64");
	const float *wrong = numbers(t->f, "wrong.running");
	int told = 0;
	for (int i = 0; i < t->buffers; i++) {
		double got[2], norm;
		got[0] = along(t->buffer[i], t->buffer[i]->name, &norm);
		got[1] = norm;
		for (int k = 0; k < 2; k++) {
			const int at = k * t->buffers + i;
			const double most =
				2e-4 * norm + 4 * fabs((double)truth[at] - (double)exact[at]);
			check(fabs(got[k] - truth[at]) <= most,
			      "%s: %.7g, PyTorch's %.7g (%.2g allowed)", t->buffer[i]->name, got[k],
			      truth[at], most);
			told += fabs(got[k] - wrong[at]) > 2 * most;
		}
	}
	check(told >= 4, "running variances that follow biased ones cannot be told: %d differ",
	      told);
}

/* One picture, as the generator of a model is used. */
static void check_painting(fv_err *err, test_run *t, int way)
{
	static const char *const name[] = { "running values", "the picture's statistics",
					    "those and dropout" };
	const fv_tensor *all = entry(t->f, "paint");
	const int64_t n = all->shape.c;
	const float *truth = fv_f32(*all) + way * n, *exact = numbers(t->f, "paint64") + way * n;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	double worst = 0, rounding = 0;
	if (!check(!fv_graph_new(err, t->c, &g), "%s", err->text))
		return;
	fv_scope s = { .g = g,
		       .store = t->store,
		       .prefix = "G.",
		       .batch_statistics = way > 0,
		       .dropout = way > 1 };
	fv_node *x = fv_input(g, "last", FV_F32, fv_nhwc(1, t->config.size, t->config.size, 3));
	fv_output(g, fv_unet_build(&s, &t->config.net, x), "y");
	if (check(!fv_program_new(err, t->c, g, NULL, &p), "%s", err->text)) {
		golden_put(p, "last", "last", 1, 0);
		if (way > 1)
			golden_put(p, DRAWS, "last drop", 0.5, 0.5);
		check(!fv_program_run(err, p, (fv_key){ 0 }), "%s", err->text);
		fv_tensor y = port_values(p, "y");
		for (int64_t i = 0; i < n; i++) {
			worst = fmax(worst, fabs(fv_get(y, i * EVERY) - (double)truth[i]));
			rounding = fmax(rounding, fabs((double)truth[i] - (double)exact[i]));
		}
		free(y.data);
		golden_check(worst <= 1e-4 + 8 * rounding, name[way], worst, 1e-4 + 8 * rounding);
	}
	fv_program_free(p);
	fv_graph_free(g);
}

static void put(fv_program *p, const char *port, int step, const char *what, double scale,
		double shift)
{
	char name[40];
	snprintf(name, sizeof name, "step %d %s", step, what);
	golden_put(p, port, name, scale, shift);
}

static fv_status train(fv_err *err, test_run *t, fv_program *p)
{
	static const char *const port[LOSSES] = { "loss.d", "loss.adv", "loss.l1" };
	begin(t);
	for (int step = 0; step < STEPS; step++) {
		put(p, "a", step, "a", 1, 0);
		put(p, "b", step, "b", 1, 0);
		put(p, DRAWS, step, "drop", 0.5, 0.5);
		fv_program_put_number(p, "rate", 2e-4);
		fv_program_put_number(p, "step", step + 1);
		fv_status st = fv_program_run(err, p, (fv_key){ 0 });
		if (st)
			return st;
		check(fv_program_number(p, "ok") == 1, "step %d is not ok", step);
		for (int i = 0; i < LOSSES; i++)
			t->loss[step][i] = fv_program_number(p, port[i]);
		if (!step)
			check_gradients(t);
		check_step(t, step);
	}
	return FV_OK;
}

/* The test must be able to fail. */
static void check_wrong(const test_run *t)
{
	static const char *const wrong[] = { "wrong.variance", "wrong.order", "wrong.pad",
					     "wrong.place" };
	for (size_t w = 0; w < FV_COUNT(wrong); w++) {
		const float *other = numbers(t->f, wrong[w]);
		int told = 0;
		for (int step = 0; step < STEPS; step++)
			for (int i = 0; i < LOSSES; i++)
				told += fabs(t->loss[step][i] - other[LOSSES * step + i]) >
					2 * t->allowed[step][i];
		check(told >= 8, "%s cannot be told from the right thing: %d of %d losses differ",
		      wrong[w], told, STEPS * LOSSES);
	}
}

static fv_status compare(fv_err *err, test_run *t)
{
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_status st;
	t->config = fv_pix2pix_default();
	t->config.net.width = t->config.disc.width = 4;
	t->config.net.depth = 6;
	t->config.batch = 2, t->config.size = 64;
	if (!(st = fv_store_new(err, t->c, &t->store)) && !(st = fv_graph_new(err, t->c, &g))) {
		fv_pix2pix_build(g, t->store, 1, &t->config);
		if (!(st = fv_program_new(err, t->c, g, NULL, &p)))
			st = train(err, t, p);
	}
	fv_program_free(p);
	fv_graph_free(g);
	if (!st) {
		check_running(t);
		for (int way = 0; way < 3; way++)
			check_painting(err, t, way);
		check_wrong(t);
	}
	for (int i = 0; i < t->params; i++)
		free(t->first[i]);
	fv_store_free(t->store);
	return st;
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_safetensors f;
	if (!golden_open(argc, argv, &c, &f))
		return 1;
	test_run t = { .c = c, .f = &f };
	if (compare(&err, &t))
		check(false, "%s", err.text);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-pix2pix");
}
