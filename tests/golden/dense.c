/* SPDX-License-Identifier: Apache-2.0 */
/* Ten training steps of `dense`, preset `textbook` and default, against Keras' (dense.py made dense.safetensors): every loss,
 * how far every weight moved in each step, and the last weights. */
#include "golden.h"
#include "test.h"
#include "model/safetensors.h"
#include "train/dense_graph.h"

#define STEPS 10
#define BATCH 64
#define EVERY 97
#define PARAMS 16

/* A run in the file: its entries' names begin with `prefix`. */
typedef struct {
	const char *prefix;
	bool textbook;
	double rate;
	int exact;                      /* steps before rounding shows */
	const char *wrong[4];           /* what the recipe is not; the first one's weights are `apart` */
} golden;

static const fv_tensor *find(const fv_safetensors *f, const char *prefix, const char *kind, const char *name)
{
	char full[100];
	snprintf(full, sizeof full, "%s%s%s", prefix, kind, name);
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, full))
			return &f->entry[i].tensor;
	printf("dense.safetensors lacks %s\n", full);
	exit(1);
}

static const float *numbers(const fv_safetensors *f, const golden *v, const char *name) { return fv_f32(*find(f, v->prefix, name, "")); }

/* The formula's weights: Keras' uniform limits, and biases that are not all 0. */
static void begin(fv_variable *v, const char *name)
{
	golden_variable(v, name, v->shape.rank == 2 ? sqrt(6 / (double)(v->shape.w + v->shape.c)) : 0.01, 0);
}

static void feed(fv_program *p, const char *port, int step, const char *name, double scale, double shift)
{
	char full[60];
	snprintf(full, sizeof full, "step %d %s", step, name);
	golden_put(p, port, full, scale, shift);
}

/* |a - b|, of every so manieth number; b has those only. */
static double distance(const fv_variable *v, const float *b, int64_t every)
{
	double d = 0;
	fv_tensor t = variable_values(v);
	const float *a = t.data;
	for (int64_t i = 0; i < fv_elements(t.shape); i += every)
		d += ((double)a[i] - b[i / every]) * ((double)a[i] - b[i / every]);
	free(t.data);
	return sqrt(d);
}

static fv_status compare(fv_err *err, fv_context *c, const fv_safetensors *f, const golden *v)
{
	static const char *const what[] = { "of D, real", "of D, generated", "of G" };
	fv_store *store = NULL;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_dense_config k = fv_dense_settings(v->textbook);
	fv_variable *param[PARAMS];
	float *first[PARAMS] = { NULL };
	double mine[STEPS][3], allowed[STEPS][3];
	fv_status st;
	k.batch = BATCH;
	if ((st = fv_store_new(err, c, &store)) || (st = fv_graph_new(err, c, &g)))
		goto done;
	fv_dense_graph_build(g, store, 1, &k);
	if ((st = fv_program_new(err, c, g, NULL, &p)))
		goto done;
	const char *at = fv_safetensors_text(f, "names");
	for (int i = 0; i < PARAMS; i++) {
		char name[100];
		int n = (int)strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", n, at);
		at += n + (at[n] == ' ');
		if (!(param[i] = fv_variable_find(store, name))) {
			st = fv_fail(err, FV_E_FORMAT, "no weights %s", name);
			goto done;
		}
		begin(param[i], name);
		first[i] = variable_values(param[i]).data;
	}
	const float *losses = numbers(f, v, "losses"), *exact = numbers(f, v, "losses64"), *moved = numbers(f, v, "moved"), *floors = numbers(f, v, "floor");
	for (int step = 0; step < STEPS; step++) {
		feed(p, "pictures", step, "pictures", 0.5, 0.5);
		feed(p, "noise generated", step, "noise 0", sqrt(3), 0);
		feed(p, "noise generator", step, "noise 1", sqrt(3), 0);
		fv_program_put_number(p, "rate", v->rate);
		fv_program_put_number(p, "step.real", 2 * step + 1);
		fv_program_put_number(p, "step.fake", 2 * step + 2);
		fv_program_put_number(p, "step.g", step + 1);
		if ((st = fv_program_run(err, p, (fv_key){ 0 })))
			goto done;
		static const char *const loss[] = { "loss.real", "loss.fake", "loss.g" };
		for (int i = 0; i < 3; i++) {
			/* Rounding grows step by step, Keras' own too: float64 says by how much. */
			double truth = losses[3 * step + i];
			mine[step][i] = fv_program_number(p, loss[i]);
			allowed[step][i] = (step < v->exact ? 5e-5 : 1e-3) * truth + 4 * fabs(truth - exact[3 * step + i]);
			check(fabs(mine[step][i] - truth) <= allowed[step][i], "%sstep %d, loss %s is %.8g, Keras' %.8g (%.2g allowed)", v->prefix, step,
			      what[i], mine[step][i], truth, allowed[step][i]);
		}
		for (int i = 0; i < PARAMS; i++) {
			double far = distance(param[i], first[i], 1), truth = moved[PARAMS * step + i];
			check(fabs(far - truth) <= (step < v->exact ? 1e-4 : 3e-3) * truth, "%sstep %d, %s has moved by %.7g, Keras' by %.7g", v->prefix,
			      step, param[i]->name, far, truth);
		}
	}
	const float *apart = numbers(f, v, "apart");
	for (int i = 0; i < PARAMS; i++) {
		const fv_tensor *last = find(f, v->prefix, "final.", param[i]->name);
		int64_t count = fv_elements(param[i]->shape);
		/* A sample of the numbers has its share of the length. */
		double share = sqrt((double)fv_elements(last->shape) / (double)count), all = moved[PARAMS * (STEPS - 1) + i] * share;
		double off = distance(param[i], fv_f32(*last), EVERY) / all, most = 2e-3 + 4 * floors[i];
		check(off <= most, "%s%s after ten steps is off by %.2g of what it moved (%.2g allowed)", v->prefix, param[i]->name, off, most);
		check(apart[i] > 1.5 * most, "%s%s cannot tell %s: %.2g apart, %.2g allowed", v->prefix, param[i]->name, v->wrong[0], apart[i], most);
	}
	/* The test must be able to fail: what the recipe is not is farther away than it allows. */
	for (int w = 0; v->wrong[w]; w++) {
		const float *other = numbers(f, v, v->wrong[w]);
		int told = 0;
		for (int step = 0; step < STEPS; step++) {
			double d = (mine[step][0] + mine[step][1]) / 2, d_allowed = (allowed[step][0] + allowed[step][1]) / 2;
			told += fabs(d - other[2 * step]) > 2 * d_allowed;
			told += fabs(mine[step][2] - other[2 * step + 1]) > 2 * allowed[step][2];
		}
		check(told >= 12, "%s%s cannot be told from the right thing: %d of 20 losses differ", v->prefix, v->wrong[w], told);
	}
done:
	for (int i = 0; i < PARAMS; i++)
		free(first[i]);
	fv_program_free(p);
	fv_graph_free(g);
	fv_store_free(store);
	return st;
}

int main(int argc, char **argv)
{
	static const golden runs[] = {
		{ "", true, 1e-3, 5, { "wrong.epsilon", "wrong.once", "wrong.thaw" } },
		{ "r1.", false, 1e-4, 5, { "wrong.none" } },
	};
	fv_err err = { 0 };
	fv_context *c;
	fv_safetensors f;
	if (!golden_open(argc, argv, &c, &f))
		return 1;
	for (size_t i = 0; i < FV_COUNT(runs); i++)
		if (compare(&err, c, &f, &runs[i]))
			check(false, "%s", err.text);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-dense");
}
