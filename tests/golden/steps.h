/* SPDX-License-Identifier: Apache-2.0 */
/* What golden tests of whole training steps share: a file of PyTorch's losses, first gradients and
 * ways of the weights, of one step or of several whose entries begin with PREFIX. */
#ifndef FV_GOLDEN_STEPS_H
#define FV_GOLDEN_STEPS_H
#include "golden.h"
#include "graph/graph.h"
#include "model/safetensors.h"

#define STEPS 10
#define STEPS_LOSSES 8
#define STEPS_PARAMS 128
#define STEPS_EVERY 3                   /* of a gradient's numbers the file has */

typedef struct {
	const fv_safetensors *file;
	const char *prefix;             /* "" or "cut." */
	const char *loss[STEPS_LOSSES]; /* their ports, in the file's order; "": 0 */
	int losses;
	double beta1;                   /* Adam's: after a step its moment is 1 - beta1 of the
	                                 * gradient */
	fv_store *store;
	fv_graph *g;
	fv_program *p;
	fv_variable *param[STEPS_PARAMS];
	float *first[STEPS_PARAMS];
	int params;
	double mine[STEPS][STEPS_LOSSES], allowed[STEPS][STEPS_LOSSES];
} steps;

static const float *steps_numbers(const steps *r, const char *name, int64_t *count)
{
	char full[200];
	snprintf(full, sizeof full, "%s%s", r->prefix, name);
	for (int i = 0; i < r->file->count; i++)
		if (!strcmp(r->file->entry[i].name, full)) {
			if (count)
				*count = fv_elements(r->file->entry[i].tensor.shape);
			return fv_f32(r->file->entry[i].tensor);
		}
	printf("the file lacks %s\n", full);
	exit(1);
}

/* Distance over length of every so many numbers of a, times `scale`, to those in the file. */
static void steps_check_near(const steps *r, const float *a, int64_t values, int64_t every,
                             double scale, double limit,
                             const char *name)
{
	int64_t count;
	const float *b = steps_numbers(r, name, &count);
	double d = 0, n = 0;
	if (!check(count == (values + every - 1) / every, "%s%s: %d numbers", r->prefix, name,
	           (int)count))
		return;
	for (int64_t i = 0; i < count; i++) {
		double mine = a[i * every] * scale;
		d += (mine - b[i]) * (mine - b[i]), n += (double)b[i] * b[i];
	}
	d = n > 0 ? sqrt(d / n) : d > 0 ? INFINITY : 0;
	check(d < limit, "%s%s is off by %.2g (%.2g)", r->prefix, name, d, limit);
}

static void steps_check_port(const steps *r, const char *port, const char *name)
{
	fv_tensor t = port_values(r->p, port);
	steps_check_near(r, t.data, fv_elements(t.shape), 1, 1, 1e-5, name);
	free(t.data);
}

/* Fills every weight; scale: of one of that name and shape. */
static fv_status steps_begin(fv_err *err, fv_context *c, steps *r,
                             double (*scale)(const char *name, int rank))
{
	int of_fauve = 0;
	fv_status st = fv_program_new(err, c, r->g, NULL, &r->p);
	const char *at = fv_safetensors_text(r->file, "names");
	for (; !st && *at && r->params < STEPS_PARAMS; r->params++) {
		char name[100];
		int n = (int)strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", n, at);
		at += n + (at[n] == ' ');
		fv_variable *v = r->param[r->params] = fv_variable_find(r->store, name);
		if (!v)
			return fv_fail(err, FV_E_FORMAT, "no weights %s", name);
		golden_variable(v, name, scale(name, v->shape.rank), 0);
		r->first[r->params] = variable_values(v).data;
	}
	for (fv_variable *v = r->store->first; v; v = v->next)
		of_fauve += strncmp(v->name, "m.", 2) && strncmp(v->name, "v.", 2);
	check(r->params == of_fauve, "%d weights here, %d in PyTorch", of_fauve, r->params);
	return st;
}

static void steps_check_gradients(const steps *r)
{
	for (int i = 0; i < r->params; i++) {
		char name[120];
		snprintf(name, sizeof name, "m.%s", r->param[i]->name);
		fv_tensor m = variable_values(fv_variable_find(r->store, name));
		snprintf(name, sizeof name, "grad.%s", r->param[i]->name);
		steps_check_near(r, m.data, fv_elements(m.shape), STEPS_EVERY, 1 / (1 - r->beta1),
		                 1e-4, name);
		free(m.data);
	}
}

/* Rounding grows step by step, PyTorch's own too: double says by how much. */
static void steps_check_step(steps *r, int step)
{
	const float *losses = steps_numbers(r, "losses", NULL);
	const float *exact = steps_numbers(r, "losses64", NULL);
	const float *moved = steps_numbers(r, "moved", NULL);
	const float *moved64 = steps_numbers(r, "moved64", NULL);
	for (int i = 0; i < r->losses; i++) {
		double truth = losses[r->losses * step + i];
		double rounding = fabs(truth - exact[r->losses * step + i]);
		double mine = *r->loss[i] ? fv_program_number(r->p, r->loss[i]) : 0;
		double most = (step ? 1e-3 : 1e-5) * truth + 4 * rounding;
		check(fabs(mine - truth) <= most,
		      "%sstep %d, %s is %.8g, PyTorch's %.8g (%.2g allowed)", r->prefix, step,
		      r->loss[i], mine, truth, most);
		r->mine[step][i] = mine, r->allowed[step][i] = most;
	}
	for (int i = 0; i < r->params; i++) {
		fv_tensor t = variable_values(r->param[i]);
		double far = 0, truth = moved[r->params * step + i];
		for (int64_t n = 0; n < fv_elements(t.shape); n++) {
			double d = (double)fv_f32(t)[n] - r->first[i][n];
			far += d * d;
		}
		free(t.data);
		double rounding = fabs(truth - moved64[r->params * step + i]);
		double most = (step ? 1e-2 : 1e-3) * truth + 4 * rounding;
		check(fabs(sqrt(far) - truth) <= most,
		      "%sstep %d, %s has moved by %.7g, PyTorch's by %.7g (%.2g allowed)",
		      r->prefix, step, r->param[i]->name, sqrt(far), truth, most);
	}
}

/* The test must be able to fail: what the step is not is farther away than it allows. */
static void steps_check_wrong(const steps *r, const char *name)
{
	const float *other = steps_numbers(r, name, NULL);
	int told = 0;
	for (int step = 0; step < STEPS; step++)
		for (int i = 0; i < r->losses; i++)
			told += fabs(r->mine[step][i] - other[r->losses * step + i]) >
			        2 * r->allowed[step][i];
	check(told >= 8, "%s%s cannot be told from the right thing: %d of %d losses differ",
	      r->prefix, name, told,
	      STEPS * r->losses);
}

static void steps_end(steps *r)
{
	for (int i = 0; i < r->params; i++)
		free(r->first[i]);
	fv_program_free(r->p);
	fv_graph_free(r->g);
	fv_store_free(r->store);
}
#endif
