/* SPDX-License-Identifier: Apache-2.0 */
/* Five training steps of CycleGAN against PyTorch's (cyclegan.py made cyclegan.safetensors): every loss, and how far every
 * weight moved in each step. */
#include "golden.h"
#include "test.h"
#include "model/safetensors.h"
#include "train/cyclegan_graph.h"

#define STEPS 5
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

static void put(fv_plan *p, const fv_node *n, double v) { *(float *)fv_plan_data(p, n) = (float)v; }
static double get(fv_plan *p, const fv_node *n) { return *(float *)fv_plan_data(p, n); }

static void picture(fv_plan *p, const fv_node *n, int step, char which)
{
	char name[40];
	snprintf(name, sizeof name, "step %d %c", step, which);
	golden_fill((fv_tensor){ FV_F32, n->shape, fv_plan_data(p, n) }, name, 1, 0);
}

static fv_status compare(fv_err *err, fv_context *c, const fv_safetensors *f)
{
	static const char *const what[LOSSES] = { "adversary A", "cycle A", "identity A", "adversary B", "cycle B", "identity B", "D_A", "D_B" };
	static const char *const wrong[] = { "wrong.first", "wrong.sum", "wrong.pad" };
	fv_cyclegan_config k = fv_cyclegan_default();
	fv_store *store = NULL;
	fv_graph *g[2] = { NULL };
	fv_plan *p[2] = { NULL };
	fv_cyclegan_painters s;
	fv_cyclegan_judges j;
	fv_variable *param[PARAMS];
	float *first[PARAMS] = { NULL }, *fake[2] = { NULL };
	double mine[STEPS][LOSSES], allowed[STEPS][LOSSES];
	int params = 0;
	fv_status st;
	k.net = (fv_resnet){ .width = 8, .blocks = 2 }, k.disc.width = 8, k.batch = 2, k.size = 32;
	if ((st = fv_store_new(err, c, &store)) || (st = fv_graph_new(err, c, &g[0])) || (st = fv_graph_new(err, c, &g[1])))
		goto done;
	fv_cyclegan_painters_build(g[0], store, 1, &k, &s);
	fv_cyclegan_judges_build(g[1], store, 1, &k, &j);
	/* As a recipe runs them: in one memory. */
	if ((st = fv_plan_new(err, c, g[0], NULL, &p[0])) || (st = fv_plan_new(err, c, g[1], &(fv_plan_options){ .share = p[0] }, &p[1])))
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
		fv_tensor t = param[params]->tensor;
		golden_fill(t, name, t.shape.rank == 4 ? 0.1 : 0.05, 0);
		first[params] = malloc((size_t)fv_tensor_bytes(t.type, t.shape));
		memcpy(first[params], t.data, (size_t)fv_tensor_bytes(t.type, t.shape));
	}
	int of_fauve = 0;
	for (fv_variable *v = store->first; v; v = v->next)
		of_fauve += strncmp(v->name, "m.", 2) && strncmp(v->name, "v.", 2);
	check(params == of_fauve, "%d weights here, %d in PyTorch", of_fauve, params);
	const float *losses = numbers(f, "losses"), *exact = numbers(f, "losses64"), *moved = numbers(f, "moved"), *moved64 = numbers(f, "moved64");
	size_t bytes = (size_t)fv_tensor_bytes(FV_F32, s.a->shape);
	fake[0] = malloc(bytes), fake[1] = malloc(bytes);
	for (int step = 0; step < STEPS; step++) {
		picture(p[0], s.a, step, 'a');
		picture(p[0], s.b, step, 'b');
		put(p[0], s.rate, 2e-4);
		put(p[0], s.step, step + 1);
		if ((st = fv_plan_run(err, p[0], (fv_key){ 0 })))
			goto done;
		const fv_node *of_painters[] = { s.loss_adv[0], s.loss_cycle[0], s.loss_identity[0], s.loss_adv[1], s.loss_cycle[1], s.loss_identity[1] };
		for (int i = 0; i < 6; i++)
			mine[step][i] = get(p[0], of_painters[i]);
		double ok = get(p[0], s.ok), sum = get(p[0], s.loss), parts = 0;
		for (int i = 0; i < 2; i++)
			parts += mine[step][3 * i] + 10 * mine[step][3 * i + 1] + 5 * mine[step][3 * i + 2];
		check(ok == 1 && fabs(sum - parts) < 1e-5 * sum, "step %d: the loss is %g, its parts %g, ok %g", step, sum, parts, ok);
		memcpy(fake[0], fv_plan_data(p[0], s.fake_b), bytes);
		memcpy(fake[1], fv_plan_data(p[0], s.fake_a), bytes);
		for (int i = 0; i < 2; i++) {
			picture(p[1], j.real[i], step, "ba"[i]);
			memcpy(fv_plan_data(p[1], j.fake[i]), fake[i], bytes);
		}
		put(p[1], j.rate, 2e-4);
		put(p[1], j.step, step + 1);
		if ((st = fv_plan_run(err, p[1], (fv_key){ 0 })))
			goto done;
		mine[step][6] = get(p[1], j.loss[0]);
		mine[step][7] = get(p[1], j.loss[1]);
		for (int i = 0; i < LOSSES; i++) {
			double truth = losses[LOSSES * step + i];
			/* Rounding grows step by step, PyTorch's own too: double says by how much. */
			allowed[step][i] = 5e-5 * truth + 4 * fabs(truth - exact[LOSSES * step + i]);
			check(fabs(mine[step][i] - truth) <= allowed[step][i], "step %d, %s is %.8g, PyTorch's %.8g (%.2g allowed)", step, what[i], mine[step][i], truth,
			      allowed[step][i]);
		}
		for (int i = 0; i < params; i++) {
			const float *now = param[i]->tensor.data;
			double far = 0, truth = moved[params * step + i];
			for (int64_t n = 0; n < fv_elements(param[i]->tensor.shape); n++)
				far += ((double)now[n] - first[i][n]) * ((double)now[n] - first[i][n]);
			double most = 1e-3 * truth + 4 * fabs(truth - moved64[params * step + i]);
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
	free(fake[0]);
	free(fake[1]);
	for (int i = 1; i >= 0; i--) {
		fv_plan_free(p[i]);
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
	if (argc < 2 || fv_context_new(&err, NULL, &c) || fv_safetensors_open(&err, c, argv[1], &f)) {
		printf("%s\n", argc < 2 ? "usage: golden-cyclegan cyclegan.safetensors" : err.text);
		return 1;
	}
	if (compare(&err, c, &f))
		check(false, "%s", err.text);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-cyclegan");
}
