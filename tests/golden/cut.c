/* SPDX-License-Identifier: Apache-2.0 */
/* Ten training steps of CUT and FastCUT against PyTorch's (cut.py made cut.safetensors): what is painted first, every loss, the first step's gradients, how far every weight moved. */
#include "golden.h"
#include "model/safetensors.h"
#include "train/cut_graph.h"

#define STEPS 10
#define LOSSES 4
#define PARAMS 64
#define EVERY 3
#define PLACES 24

typedef struct {
	const fv_safetensors *file;
	const char *prefix;
	bool fast;
	fv_store *store;
	fv_graph *g;
	fv_program *p;
	fv_variable *param[PARAMS];
	float *first[PARAMS];
	int params;
	double mine[STEPS][LOSSES], allowed[STEPS][LOSSES];
} run;

static const float *numbers(const run *r, const char *name, int64_t *count)
{
	char full[120];
	snprintf(full, sizeof full, "%s.%s", r->prefix, name);
	for (int i = 0; i < r->file->count; i++)
		if (!strcmp(r->file->entry[i].name, full)) {
			if (count)
				*count = fv_elements(r->file->entry[i].tensor.shape);
			return fv_f32(r->file->entry[i].tensor);
		}
	printf("cut.safetensors lacks %s\n", full);
	exit(1);
}

/* Distance over length of a, every so many numbers of it times `scale`, to those in the file. */
static double off(const run *r, const float *a, int64_t values, int64_t every, double scale, const char *name)
{
	int64_t count;
	const float *b = numbers(r, name, &count);
	double d = 0, n = 0;
	check(count == (values + every - 1) / every, "%s: %d numbers in the file", name, (int)count);
	for (int64_t i = 0; i < count; i++) {
		double mine = a[i * every] * scale;
		d += (mine - b[i]) * (mine - b[i]), n += (double)b[i] * b[i];
	}
	return n > 0 ? sqrt(d / n) : INFINITY;
}

static void check_port(const run *r, const char *port, const char *name)
{
	fv_tensor t = port_values(r->p, port);
	double d = off(r, t.data, fv_elements(t.shape), 1, 1, name);
	golden_check(d < 1e-5, name, d, 1e-5);
	free(t.data);
}

static fv_status begin(fv_err *err, fv_context *c, run *r)
{
	fv_cut_config k = fv_cut_default();
	fv_status st;
	k.net = (fv_resnet){ .width = 4, .blocks = 2, .antialias = true }, k.disc.width = 4;
	k.batch = 2, k.size = 32, k.contrast.width = 16, k.contrast.patches = PLACES;
	if (r->fast)
		k.nce = 10, k.identity = 0, k.flip = true;
	if ((st = fv_store_new(err, c, &r->store)) || (st = fv_graph_new(err, c, &r->g)))
		return st;
	fv_cut_graph_build(r->g, r->store, 1, &k);
	if ((st = fv_program_new(err, c, r->g, NULL, &r->p)))
		return st;
	for (const char *at = fv_safetensors_text(r->file, "names"); *at && r->params < PARAMS; r->params++) {
		char name[100];
		int n = (int)strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", n, at);
		at += n + (at[n] == ' ');
		fv_variable *v = r->param[r->params] = fv_variable_find(r->store, name);
		if (!v)
			return fv_fail(err, FV_E_FORMAT, "no weights %s", name);
		golden_variable(v, name, v->shape.rank == 4 ? 0.1 : v->shape.rank == 2 ? 0.5 : 0.05, 0);
		r->first[r->params] = variable_values(v).data;
	}
	int of_fauve = 0;
	for (fv_variable *v = r->store->first; v; v = v->next)
		of_fauve += strncmp(v->name, "m.", 2) && strncmp(v->name, "v.", 2);
	check(r->params == of_fauve, "%d weights here, %d in PyTorch", of_fauve, r->params);
	return FV_OK;
}

static void feed(const run *r, int step)
{
	static const char *const of[] = { "photo", "art" };
	static const int side[FV_RESNET_TAPS] = { 38, 32, 16, 8, 8 };
	char name[40];
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof name, "step %d %c", step, "xy"[i]);
		golden_put(r->p, i ? "art" : "photos", name, 1, 0);
		for (int k = 0; k < FV_RESNET_TAPS && !(r->fast && i); k++) {
			int32_t at[PLACES];
			for (int n = 0; n < PLACES; n++)
				at[n] = ((7 + 2 * k) * n + 11 * step + 3 * i) % (side[k] * side[k]);
			snprintf(name, sizeof name, "places.%s.%d", of[i], k);
			fv_program_put(r->p, name, at);
		}
	}
	if (r->fast)
		fv_program_put_number(r->p, "flip", step % 2);
	fv_program_put_number(r->p, "rate", 2e-4);
	fv_program_put_number(r->p, "step", step + 1);
}

/* Adam's first moment after a step is half of the gradient. */
static void check_gradients(const run *r)
{
	for (int i = 0; i < r->params; i++) {
		char name[120];
		snprintf(name, sizeof name, "m.%s", r->param[i]->name);
		fv_tensor m = variable_values(fv_variable_find(r->store, name));
		snprintf(name, sizeof name, "grad.%s", r->param[i]->name);
		double d = off(r, m.data, fv_elements(m.shape), EVERY, 2, name);
		check(d < 1e-4, "%s.%s is off by %.2g (1e-4)", r->prefix, name, d);
		free(m.data);
	}
}

static void check_step(run *r, int step)
{
	static const char *const what[LOSSES] = { "adversary", "NCE of photographs", "NCE of paintings", "D" };
	static const char *const port[LOSSES] = { "loss.adv", "loss.nce", "loss.identity", "loss.d" };
	const float *losses = numbers(r, "losses", NULL), *exact = numbers(r, "losses64", NULL);
	const float *moved = numbers(r, "moved", NULL), *moved64 = numbers(r, "moved64", NULL);
	for (int i = 0; i < LOSSES; i++) {
		double truth = losses[LOSSES * step + i];
		r->mine[step][i] = r->fast && i == 2 ? 0 : fv_program_number(r->p, port[i]);
		r->allowed[step][i] = (step ? 1e-3 : 1e-5) * truth + 4 * fabs(truth - exact[LOSSES * step + i]);
		check(fabs(r->mine[step][i] - truth) <= r->allowed[step][i], "%s step %d, %s is %.8g, PyTorch's %.8g (%.2g allowed)",
		      r->prefix, step, what[i], r->mine[step][i], truth, r->allowed[step][i]);
	}
	for (int i = 0; i < r->params; i++) {
		fv_tensor t = variable_values(r->param[i]);
		double far = 0, truth = moved[r->params * step + i];
		for (int64_t n = 0; n < fv_elements(t.shape); n++) {
			double d = (double)fv_f32(t)[n] - r->first[i][n];
			far += d * d;
		}
		free(t.data);
		double most = (step ? 1e-2 : 1e-3) * truth + 4 * fabs(truth - moved64[r->params * step + i]);
		check(fabs(sqrt(far) - truth) <= most, "%s step %d, %s has moved by %.7g, PyTorch's by %.7g (%.2g allowed)", r->prefix,
		      step, r->param[i]->name, sqrt(far), truth, most);
	}
}

static fv_status compare(fv_err *err, fv_context *c, run *r)
{
	static const char *const wrong[] = { "wrong.order", "wrong.pad", "wrong.kept", "wrong.own" };
	fv_status st = begin(err, c, r);
	for (int step = 0; step < STEPS && !st; step++) {
		feed(r, step);
		if ((st = fv_program_run(err, r->p, (fv_key){ 0 })))
			break;
		check(fv_program_number(r->p, "ok") == 1, "%s step %d is not finite", r->prefix, step);
		if (!step) {
			check_port(r, "fake", "painted");
			check_gradients(r);
		}
		check_step(r, step);
	}
	/* The test must be able to fail. */
	for (size_t w = 0; w < FV_COUNT(wrong) && !st; w++) {
		const float *other = numbers(r, wrong[w], NULL);
		int told = 0;
		for (int step = 0; step < STEPS; step++)
			for (int i = 0; i < LOSSES; i++)
				told += fabs(r->mine[step][i] - other[LOSSES * step + i]) > 2 * r->allowed[step][i];
		check(told >= 8, "%s.%s cannot be told from the right thing: %d of %d losses differ", r->prefix, wrong[w], told, STEPS * LOSSES);
	}
	for (int i = 0; i < r->params; i++)
		free(r->first[i]);
	fv_program_free(r->p);
	fv_graph_free(r->g);
	fv_store_free(r->store);
	return st;
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_safetensors f;
	if (argc < 2 || fv_context_new(&err, NULL, &c) || fv_safetensors_open(&err, c, argv[1], &f)) {
		printf("%s\n", argc < 2 ? "usage: golden-cut cut.safetensors" : err.text);
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		run r = { .file = &f, .prefix = i ? "fastcut" : "cut", .fast = i };
		if (compare(&err, c, &r))
			check(false, "%s", err.text);
	}
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-cut");
}
