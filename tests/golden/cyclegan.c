/* SPDX-License-Identifier: Apache-2.0 */
/* Ten training steps of CycleGAN against PyTorch's (cyclegan.py made cyclegan.safetensors): every loss, and how far every
 * weight moved in each step. */
#include "golden.h"
#include "test.h"
#include "model/safetensors.h"
#include "train/cyclegan_graph.h"

#define STEPS 10
#define LOSSES 8
#define PARAMS 64

static const float *numbers(const fv_safetensors *f, const char *name)
{
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, name))
			return fv_f32(f->entry[i].tensor);
	printf("cyclegan.safetensors lacks %s\n", name);
	exit(1);
}

static void picture(fv_program *p, const char *port, int step, char which)
{
	char name[40];
	snprintf(name, sizeof name, "step %d %c", step, which);
	golden_put(p, port, name, 1, 0);
}

static fv_status compare(fv_err *err, fv_context *c, const fv_safetensors *f)
{
	static const char *const what[LOSSES] = { "adversary A", "cycle A", "identity A", "adversary B", "cycle B", "identity B", "D_A", "D_B" };
	static const char *const wrong[] = { "wrong.first", "wrong.sum", "wrong.pad" };
	fv_cyclegan_config k = fv_cyclegan_default();
	fv_store *store = NULL;
	fv_graph *g[2] = { NULL };
	fv_program *p[2] = { NULL };
	fv_variable *param[PARAMS];
	float *first[PARAMS] = { NULL };
	double mine[STEPS][LOSSES], allowed[STEPS][LOSSES];
	double grown = 0;
	int params = 0;
	fv_status st;
	k.resnet = (fv_resnet){ .width = 8, .blocks = 2 }, k.disc.width = 8, k.batch = 2, k.size = 32;
	if ((st = fv_store_new(err, c, &store)) || (st = fv_graph_new(err, c, &g[0])) || (st = fv_graph_new(err, c, &g[1])))
		goto done;
	fv_cyclegan_generators_build(g[0], store, 1, &k);
	fv_cyclegan_discriminators_build(g[1], store, 1, &k);
	/* As a recipe runs them: in one memory. */
	if ((st = fv_program_new(err, c, g[0], NULL, &p[0])) || (st = fv_program_new(err, c, g[1], &(fv_program_options){ .share = p[0] }, &p[1])))
		goto done;
	for (const char *at = fv_safetensors_text(f, "names"); *at && params < PARAMS; params++) {
		char name[100];
		int n = (int)strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", n, at);
		at += n + (at[n] == ' ');
		if (!(param[params] = fv_variable_find(store, name))) {
			st = fv_fail(err, FV_E_FORMAT, "no weights %s", name);
			goto done;
		}
		golden_variable(param[params], name, param[params]->shape.rank == 4 ? 0.1 : 0.05, 0);
		first[params] = variable_values(param[params]).data;
	}
	int of_fauve = 0;
	for (fv_variable *v = store->first; v; v = v->next)
		of_fauve += strncmp(v->name, "m.", 2) && strncmp(v->name, "v.", 2);
	check(params == of_fauve, "%d weights here, %d in PyTorch", of_fauve, params);
	const float *losses = numbers(f, "losses"), *exact = numbers(f, "losses64"), *moved = numbers(f, "moved"), *moved64 = numbers(f, "moved64");
	for (int step = 0; step < STEPS; step++) {
		picture(p[0], "a", step, 'a');
		picture(p[0], "b", step, 'b');
		fv_program_put_number(p[0], "rate", 2e-4);
		fv_program_put_number(p[0], "step", step + 1);
		if ((st = fv_program_run(err, p[0], (fv_key){ 0 })))
			goto done;
		static const char *const of_painters[] = { "loss.adv.a", "loss.cycle.a", "loss.identity.a", "loss.adv.b", "loss.cycle.b", "loss.identity.b" };
		for (int i = 0; i < 6; i++)
			mine[step][i] = fv_program_number(p[0], of_painters[i]);
		double ok = fv_program_number(p[0], "ok"), sum = fv_program_number(p[0], "loss"), parts = 0;
		for (int i = 0; i < 2; i++)
			parts += mine[step][3 * i] + 10 * mine[step][3 * i + 1] + 5 * mine[step][3 * i + 2];
		check(ok == 1 && fabs(sum - parts) < 1e-5 * sum, "step %d: the loss is %g, its parts %g, ok %g", step, sum, parts, ok);
		fv_tensor b = port_values(p[0], "fake.b"), a = port_values(p[0], "fake.a");
		picture(p[1], "real.b", step, 'b');
		picture(p[1], "real.a", step, 'a');
		port_take(p[1], "fake.b", b);
		port_take(p[1], "fake.a", a);
		fv_program_put_number(p[1], "rate", 2e-4);
		fv_program_put_number(p[1], "step", step + 1);
		if ((st = fv_program_run(err, p[1], (fv_key){ 0 })))
			goto done;
		mine[step][6] = fv_program_number(p[1], "loss.a");
		mine[step][7] = fv_program_number(p[1], "loss.b");
		for (int i = 0; i < LOSSES; i++) {
			double truth = losses[LOSSES * step + i];
			/* Rounding grows step by step, PyTorch's own too: double says by how much. From
			 * the sixth on a sign of cycle's differences may turn, and one loss tells it to
			 * the others. */
			const double own = fabs(truth - (double)exact[LOSSES * step + i]);
			grown = fmax(grown, own);
			allowed[step][i] = 5e-5 * truth + 4 * own + (step < 5 ? 0 : grown);
			check(fabs(mine[step][i] - truth) <= allowed[step][i], "step %d, %s is %.8g, PyTorch's %.8g (%.2g allowed)", step, what[i], mine[step][i], truth,
			      allowed[step][i]);
		}
		for (int i = 0; i < params; i++) {
			fv_tensor t = variable_values(param[i]);
			const float *now = t.data;
			double far = 0, truth = moved[params * step + i];
			for (int64_t n = 0; n < fv_elements(t.shape); n++)
				far += ((double)now[n] - first[i][n]) * ((double)now[n] - first[i][n]);
			free(t.data);
			/* Of a few numbers one whose gradient turns its sign is a share of all. */
			const double late = fv_elements(t.shape) < 64 ? 5e-2 : 1e-2;
			double most = (step < 5 ? 1e-3 : late) * truth +
			              4 * fabs(truth - moved64[params * step + i]);
			check(fabs(sqrt(far) - truth) <= most, "step %d, %s has moved by %.7g, PyTorch's by %.7g (%.2g allowed)", step, param[i]->name, sqrt(far), truth, most);
		}
	}
	/* The test must be able to fail. */
	for (size_t w = 0; w < FV_COUNT(wrong); w++) {
		const float *other = numbers(f, wrong[w]);
		int told = 0;
		for (int step = 0; step < STEPS; step++)
			for (int i = 0; i < LOSSES; i++)
				told += fabs(mine[step][i] - other[LOSSES * step + i]) > 2 * allowed[step][i];
		check(told >= 8, "%s cannot be told from the right thing: %d of %d losses differ", wrong[w], told, STEPS * LOSSES);
	}
done:
	for (int i = 0; i < params; i++)
		free(first[i]);
	for (int i = 1; i >= 0; i--) {
		fv_program_free(p[i]);
		fv_graph_free(g[i]);
	}
	fv_store_free(store);
	return st;
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_safetensors f;
	if (!golden_open(argc, argv, &c, &f))
		return 1;
	if (compare(&err, c, &f))
		check(false, "%s", err.text);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-cyclegan");
}
