/* SPDX-License-Identifier: Apache-2.0 */
/* Ten steps of dcgan, with lazy penalties and with labels and spectral norm too, wgan and wgan-gp against PyTorch's (dcgan.py made
 * dcgan.safetensors): every loss, the gradients of each first update, how far every weight has
 * moved, running values. */
#include "golden.h"
#include "test.h"
#include "model/safetensors.h"
#include "train/gan_graph.h"

#define STEPS 10
#define CRITIC 2
#define EVERY 2
#define LOSSES 5
#define LABELS 3
#define PARAMS 40

typedef struct {
	const char *name;
	fv_gan_config c;
	double rate;
	bool settled; /* RMSProp: Adam's number is so large that nothing is corrected */
	int losses;                     /* of a step */
	const char *const wrong[3];
} kind;

static const kind kinds[] = {
	{ "dcgan", { .net = { 28, 1, 4, 8, 0 }, .batch = 3, .every = 1, .adam = { .beta1 = 0.5,
	  .beta2 = 0.999, .eps = 1e-8 } },
	  2e-4, false, 2, { "order", "joined", NULL } },
	{ "lazy", { .net = { 32, 3, 4, 8, 0 }, .critic = { .norm = FV_CRITIC_PLAIN }, .batch = 3,
	  .r1 = 10, .r2 = 3, .every = EVERY,
		    .adam = { .beta1 = 0.5, .beta2 = 0.999, .eps = 1e-8 } },
	  2e-4, false, 3, { "full", NULL } },
	{ "labelled", { .net = { 28, 1, 4, 8, LABELS }, .critic = { .norm = FV_CRITIC_LAYER,
	  .spectral = true }, .batch = 3, .every = 1, .loss = FV_ADVERSARY_HINGE,
	  .adam = { .beta1 = 0.5, .beta2 = 0.999, .eps = 1e-8 } },
	  2e-4, false, 2, { "unlabelled", "each", NULL } },
	{ "wgan", { .net = { 28, 1, 4, 8, 0 }, .batch = 3, .every = 1, .loss = FV_ADVERSARY_WGAN,
	  .clip = 0.01,
		    .adam = { .beta2 = 0.99, .eps = 1e-8 } },
	  5e-5, true, 3, { "order", NULL } },
	{ "wgan-gp", { .net = { 32, 3, 4, 8, 0 }, .critic = { .norm = FV_CRITIC_PLAIN }, .batch = 3,
	  .every = 1,
		       .loss = FV_ADVERSARY_WGAN, .slope = 10, .adam = { .beta1 = 0.5, .beta2 = 0.9,
		       .eps = 1e-8 } },
	  1e-4, false, 5, { "order", "single", NULL } },
};

static const float *numbers(const fv_safetensors *f, const char *of, const char *name)
{
	char full[120];
	snprintf(full, sizeof full, "%.20s.%.90s", of, name);
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, full))
			return fv_f32(f->entry[i].tensor);
	printf("dcgan.safetensors lacks %s\n", full);
	exit(1);
}

/* The variables that a list in the metadata names. */
static int variables(const fv_safetensors *f, const kind *k, const char *list,
		     const fv_store *store, fv_variable **v)
{
	char name[100];
	int n = 0;
	snprintf(name, sizeof name, "%s.%s", k->name, list);
	for (const char *at = fv_safetensors_text(f, name); *at && n < PARAMS; n++) {
		int length = (int)strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", length, at);
		at += length + (at[length] == ' ');
		if (!(v[n] = fv_variable_find(store, name))) {
			printf("%s: no variable %s\n", k->name, name);
			exit(1);
		}
	}
	return n;
}

static void begin_with(fv_variable *v)
{
	const bool scale = v->shape.rank == 1 && strstr(v->name, "weight");
	golden_variable(v, v->name, v->shape.rank == 4 ? 0.1 : 0.05, scale);
}

/* The first moment after one update is (1 - beta1) times the gradient. */
static void check_gradients(const fv_safetensors *f, const kind *k, const fv_store *store, char net,
			    fv_variable **param, int params)
{
	char name[120];
	for (int i = 0; i < params; i++) {
		if (*param[i]->name != net)
			continue;
		snprintf(name, sizeof name, "m.%s", param[i]->name);
		fv_variable *m = fv_variable_find(store, name);
		/* The last bias moves both sides of a difference alike. */
		if (!check(m, "%s: %s has no moment", k->name, param[i]->name))
			continue;
		fv_tensor t = variable_values(m);
		snprintf(name, sizeof name, "grad.%s", param[i]->name);
		const float *truth = numbers(f, k->name, name), *mine = t.data;
		double off = 0, all = 0;
		for (int64_t n = 0; n < fv_elements(t.shape); n++) {
			const double g = mine[n] / (1 - k->c.adam.beta1);
			off += (g - truth[n]) * (g - truth[n]), all += (double)truth[n] * truth[n];
		}
		free(t.data);
		check(sqrt(off) <= 1e-4 * sqrt(all) + 1e-7,
		      "%s: the first gradient of %s is off by %.2g of %.2g", k->name,
		      param[i]->name, sqrt(off), sqrt(all));
	}
}

static void put(fv_program *p, const kind *k, const char *at, int step, const char *number)
{
	char name[60];
	snprintf(name, sizeof name, "%.40s noise", at);
	golden_put(p, "noise", name, 1, 0);
	if (fv_program_values(p, "pictures")) {
		snprintf(name, sizeof name, "%.40s pictures", at);
		golden_put(p, "pictures", name, 1, 0);
	}
	if (k->c.net.labels) {
		fv_tensor one_hot = port_values(p, "labels");
		for (int i = 0; i < k->c.batch * LABELS; i++)
			fv_put(one_hot, i, i % LABELS == (step + i / LABELS) % LABELS);
		port_take(p, "labels", one_hot);
	}
	if (fv_program_values(p, "interpolation")) {
		snprintf(name, sizeof name, "%.40s interpolation", at);
		golden_put(p, "interpolation", name, 0.5, 0.5);
	}
	fv_program_put_number(p, "rate", k->rate);
	if (fv_program_values(p, "decay"))
		fv_program_put_number(p, "decay", 0.9);
	fv_program_put_number(p, number, k->settled ? 1e9 : step + 1);
}

static fv_status penalty(fv_err *err, const kind *k, fv_program **p, int step, double *loss)
{
	port_take(p[1], "real", port_values(p[0], "real"));
	port_take(p[1], "fake", port_values(p[0], "fake"));
	fv_program_put_number(p[1], "rate", k->rate);
	fv_program_put_number(p[1], "step.d", step + step / EVERY + 2);
	fv_status st = fv_program_run(err, p[1], (fv_key){ 0 });
	*loss = fv_program_number(p[1], "penalty");
	return st;
}

/* One step; p: its programs. loss: as dcgan.py has them. */
static fv_status one_step(fv_err *err, const kind *k, fv_program **p, int step, double *loss)
{
	char at[40];
	fv_status st;
	snprintf(at, sizeof at, "step %d", step);
	if (k->c.loss != FV_ADVERSARY_WGAN) {
		/* The penalties' updates before this one count. */
		put(p[0], k, at, p[1] ? step + (step + EVERY - 1) / EVERY : step, "step.d");
		fv_program_put_number(p[0], "step.g", step + 1);
		st = fv_program_run(err, p[0], (fv_key){ 0 });
		loss[0] = fv_program_number(p[0], "loss.d"),
		loss[1] = fv_program_number(p[0], "loss.g"), loss[2] = 0;
		return st || !p[1] || step % EVERY ? st : penalty(err, k, p, step, &loss[2]);
	}
	for (int i = 0; i < CRITIC; i++) {
		snprintf(at, sizeof at, "step %d.%d", step, i);
		put(p[0], k, at, CRITIC * step + i, "step.d");
		if ((st = fv_program_run(err, p[0], (fv_key){ 0 })))
			return st;
		*loss++ = fv_program_number(p[0], "loss.d");
		if (k->c.slope > 0)
			*loss++ = fv_program_number(p[0], "penalty");
	}
	snprintf(at, sizeof at, "step %d generator", step);
	put(p[1], k, at, step, "step.g");
	st = fv_program_run(err, p[1], (fv_key){ 0 });
	*loss = fv_program_number(p[1], "loss.g");
	return st;
}

/* How far rounding goes: PyTorch's own, and some. */
static double allowed_of(double truth, double exact, double part)
{
	return part * fabs(truth) + 8 * fabs(truth - exact) + 2e-6;
}

static void check_moved(const fv_safetensors *f, const kind *k, fv_variable **param, float **first,
			int params)
{
	const float *moved = numbers(f, k->name, "moved"),
		    *moved64 = numbers(f, k->name, "moved64");
	for (int i = 0; i < params; i++) {
		fv_tensor t = variable_values(param[i]);
		double far = 0;
		for (int64_t n = 0; n < fv_elements(t.shape); n++)
			far += pow((double)((float *)t.data)[n] - first[i][n], 2);
		free(t.data);
		const double most = allowed_of(moved[i], moved64[i], 1e-3);
		check(fabs(sqrt(far) - moved[i]) <= most,
		      "%s: %s has moved by %.7g, PyTorch's by %.7g (%.2g allowed)", k->name,
		      param[i]->name, sqrt(far), moved[i], most);
	}
}

/* wgan's steps update D's running values otherwise: without the generator's pass, which there has
 * another batch. */
static void check_running(const fv_safetensors *f, const kind *k, const fv_store *store)
{
	fv_variable *v[PARAMS];
	const int count = variables(f, k, "buffers", store, v);
	const float *truth = numbers(f, k->name, "running"),
		    *exact = numbers(f, k->name, "running64"),
		    *biased = numbers(f, k->name, "wrong.biased");
	int told = 0;
	for (int i = 0, at = 0; i < count; i++) {
		fv_tensor t = variable_values(v[i]);
		for (int64_t n = 0; n < fv_elements(t.shape); n++, at++) {
			const double mine = ((float *)t.data)[n],
				     most = allowed_of(truth[at], exact[at], 1e-4);
			check(fabs(mine - truth[at]) <= most,
			      "%s: %s[%d] is %.7g, PyTorch's %.7g (%.2g allowed)", k->name,
			      v[i]->name, (int)n, mine, truth[at], most);
			told += fabs(mine - biased[at]) > 2 * most;
		}
		free(t.data);
	}
	check(told >= 8,
	      "%s: biased running variances cannot be told from unbiased ones: %d differ", k->name,
	      told);
}

static fv_status compare(fv_err *err, fv_context *c, const fv_safetensors *f, const kind *k)
{
	const bool critic = k->c.loss == FV_ADVERSARY_WGAN, two = critic || k->c.r1 > 0;
	fv_store *store = NULL;
	fv_graph *g[2] = { NULL };
	fv_program *p[2] = { NULL };
	fv_variable *param[PARAMS];
	float *first[PARAMS] = { NULL };
	double mine[STEPS][LOSSES], most[STEPS][LOSSES];
	int params = 0;
	fv_status st;
	if ((st = fv_store_new(err, c, &store)) || (st = fv_graph_new(err, c, &g[0])) ||
	    (two && (st = fv_graph_new(err, c, &g[1]))))
		goto done;
	if (critic) {
		fv_gan_critic_build(g[0], store, 1, &k->c);
		fv_gan_generator_build(g[1], store, 1, &k->c);
	} else {
		fv_gan_step_build(g[0], store, 1, &k->c);
		if (two)
			fv_gan_penalty_build(g[1], store, 1, &k->c);
	}
	for (int i = 0; i < 1 + two; i++)
		if ((st = fv_program_new(err, c, g[i], NULL, &p[i])))
			goto done;
	params = variables(f, k, "names", store, param);
	int of_fauve = 0;
	for (fv_variable *v = store->first; v; v = v->next)
		of_fauve += v->role == FV_ROLE_PARAMETER;
	check(params == of_fauve, "%s: %d weights here, %d in PyTorch", k->name, of_fauve, params);
	for (int i = 0; i < params; i++) {
		begin_with(param[i]);
		first[i] = variable_values(param[i]).data;
	}
	for (fv_variable *v = store->first; v; v = v->next)
		if (strstr(v->name, ".weight_u"))
			golden_variable(v, v->name, 1, 0);
	const float *losses = numbers(f, k->name, "losses"),
		    *exact = numbers(f, k->name, "losses64");
	/* The gradients of both first updates are seen after step 0; of a critic's, after its
	 * first. */
	for (int step = 0; step < STEPS; step++) {
		if ((st = one_step(err, k, p, step, mine[step])))
			goto done;
		if (step == 0) {
			check_gradients(f, k, store, 'G', param, params);
			if (!two)
				check_gradients(f, k, store, 'D', param, params);
		}
		for (int i = 0; i < k->losses; i++) {
			const double truth = losses[k->losses * step + i];
			most[step][i] = allowed_of(truth, exact[k->losses * step + i], 1e-4);
			check(fabs(mine[step][i] - truth) <= most[step][i],
			      "%s, step %d, loss %d is %.8g, PyTorch's %.8g (%.2g allowed)",
			      k->name, step, i, mine[step][i], truth, most[step][i]);
		}
	}
	check_moved(f, k, param, first, params);
	if (!two)
		check_running(f, k, store);
	/* The test must be able to fail. */
	for (int w = 0; k->wrong[w]; w++) {
		char name[60];
		int told = 0;
		snprintf(name, sizeof name, "wrong.%s", k->wrong[w]);
		const float *other = numbers(f, k->name, name);
		for (int step = 0; step < STEPS; step++)
			for (int i = 0; i < k->losses; i++)
				told += fabs(mine[step][i] - other[k->losses * step + i]) >
					2 * most[step][i];
		check(told >= 8,
		      "%s: %s cannot be told from the right thing: %d of %d losses differ", k->name,
		      k->wrong[w], told, STEPS * k->losses);
	}
done:
	for (int i = 0; i < params; i++)
		free(first[i]);
	for (int i = 0; i < 2; i++) {
		fv_program_free(p[i]);
		fv_graph_free(g[i]);
	}
	fv_store_free(store);
	return st;
}

/* The first update of a critic alone, for its gradients. */
static fv_status critic_gradients(fv_err *err, fv_context *c, const fv_safetensors *f,
				  const kind *k)
{
	fv_store *store = NULL;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_variable *param[PARAMS];
	fv_status st;
	if ((st = fv_store_new(err, c, &store)) || (st = fv_graph_new(err, c, &g)))
		goto done;
	fv_gan_critic_build(g, store, 1, &k->c);
	if ((st = fv_program_new(err, c, g, NULL, &p)))
		goto done;
	int params = variables(f, k, "names", store, param);
	for (int i = 0; i < params; i++)
		begin_with(param[i]);
	put(p, k, "step 0.0", 0, "step.d");
	if (!(st = fv_program_run(err, p, (fv_key){ 0 })))
		check_gradients(f, k, store, 'D', param, params);
done:
	fv_program_free(p);
	fv_graph_free(g);
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
	for (size_t i = 0; i < FV_COUNT(kinds); i++) {
		if (compare(&err, c, &f, &kinds[i]) || (kinds[i].c.loss == FV_ADVERSARY_WGAN &&
							critic_gradients(&err, c, &f, &kinds[i])))
			check(false, "%s", err.text);
	}
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-dcgan");
}
