/* SPDX-License-Identifier: Apache-2.0 */
/* AnimeGAN (v2, v3) and CartoonGAN against PyTorch (cartoon.py made cartoon.safetensors): their
 * generators forward and backward, each loss, and ten training steps of each recipe's graph.
 * Arguments: that file, the teacher. */
#include "golden.h"
#include "model/model.h"
#include "model/safetensors.h"
#include "train/cartoon_graph.h"

#define SIZE 32
#define BATCH 2
#define EVERY 4                         /* numbers of a picture that the file has */
#define STEPS 10
#define CONTENT_STEPS 3
#define LOSSES 6
#define MOST 200

static fv_err err;
static fv_context *context;
static fv_safetensors file;

static const fv_tensor *find(const char *format, const char *a, const char *b)
{
	char name[200];
	snprintf(name, sizeof name, format, a, b);
	for (int i = 0; i < file.count; i++)
		if (!strcmp(file.entry[i].name, name))
			return &file.entry[i].tensor;
	printf("cartoon.safetensors lacks %s\n", name);
	exit(1);
}

static bool okay(fv_status st, const char *what) { return check(!st, "%s: %s", what, err.text); }

/* Distance over length: every fourth number of mine. */
static double off_few(const float *mine, const fv_tensor *t)
{
	double d = 0, n = 0;
	for (int64_t k = 0; k < fv_elements(t->shape); k++) {
		double a = mine[EVERY * k], b = fv_f32(*t)[k];
		d += (a - b) * (a - b), n += b * b;
	}
	return n > 0 ? sqrt(d / n) : INFINITY;
}

/* Of weights or their gradients: the file has them as PyTorch lays them out. */
static double off(const float *mine, fv_shape s, const fv_tensor *t)
{
	double d = 0, n = 0;
	int64_t inner = s.rank == 4 ? s.c : 1, area = s.rank == 4 ? s.h * s.w : 1;
	for (int64_t k = 0; k < fv_elements(s); k++) {
		/* k counts O,KH,KW,I; there it is O,I,KH,KW. */
		int64_t o = k / (area * inner), place = k / inner % area,
			at = (o * inner + k % inner) * area + place;
		double a = mine[k], b = fv_f32(*t)[s.rank == 4 ? at : k];
		d += (a - b) * (a - b), n += b * b;
	}
	return n > 0 ? sqrt(d / n) : INFINITY;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && !strcmp(s + n - m, end);
}

/* As cartoon.py fills them. */
static void fill(fv_variable *v)
{
	fv_shape s = v->shape;
	if (s.rank == 4)
		golden_variable(v, v->name, sqrt((s.h > 1 ? 6 : 3) / (double)(s.h * s.w * s.c)), 0);
	else if (ends_with(v->name, ".memory"))
		golden_variable(v, v->name, sqrt(3 / (double)s.c), 0);
	else if (s.rank == 2)                           /* spectral norm's u */
		golden_variable(v, v->name, 1, 0);
	else
		golden_variable(v, v->name, 0.1,
				ends_with(v->name, ".bias") || ends_with(v->name, ".shift") ||
						ends_with(v->name, "_mean")
					? 0
					: 1);
}

/* ------------------------------------------------------------------ generators */
typedef struct {
	const char *name;
	bool cartoon, gradients, paints;        /* paints: as a model does, by running values */
	fv_animegan light;
	fv_cartoongan heavy;
} net;

static const net nets[] = {
	{ .name = "v2", .gradients = true, .light = { FV_ANIMEGAN_V2, 2, 2, FV_GRID_HALF, 1e-5 } },
	{ .name = "legacy", .light = { FV_ANIMEGAN_V2, 2, 2, FV_GRID_LEGACY, 1e-12 } },
	{ .name = "corners", .light = { FV_ANIMEGAN_V2, 2, 2, FV_GRID_CORNERS, 1e-5 } },
	{ .name = "v3",
	  .gradients = true,
	  .light = { FV_ANIMEGAN_V3, 2, 2, FV_GRID_LEGACY, 1e-5 } },
	{ .name = "v3", .paints = true, .light = { FV_ANIMEGAN_V3, 2, 2, FV_GRID_LEGACY, 1e-5 } },
	{ .name = "cartoongan",
	  .cartoon = true,
	  .gradients = true,
	  .heavy = { 2, 2, FV_ORDER_RGB, 1e-9 } },
	{ .name = "bgr", .cartoon = true, .heavy = { 2, 2, FV_ORDER_BGR, 1e-9 } },
};

static void check_net(const net *n)
{
	fv_store *store = NULL;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_variable *param[MOST];
	fv_node *wrt[MOST], *dx[MOST];
	int params = 0;
	if (!okay(fv_store_new(&err, context, &store), n->name) ||
	    !okay(fv_graph_new(&err, context, &g), n->name))
		return;
	fv_scope s = { .g = g, .store = store, .prefix = "", .create = true,
	               .batch_statistics = !n->paints };
	fv_node *x = fv_input(g, "x", FV_F32, fv_nhwc(BATCH, SIZE, SIZE, 3)),
		*weights = fv_input(g, "weights of y", FV_F32, fv_nhwc(BATCH, SIZE, SIZE, 3));
	fv_node *y = n->cartoon ? fv_cartoongan_build(&s, &n->heavy, x)
				: fv_animegan_build(&s, &n->light, x);
	fv_output(g, y, "y");
	if (n->gradients) {
		for (fv_variable *v = store->first; v && params < MOST; v = v->next)
			if (v->role == FV_ROLE_PARAMETER)
				param[params] = v, wrt[params++] = fv_read(g, v);
		fv_grad(g, fv_mean(g, fv_mul(g, y, weights), FV_ALL), wrt, params, dx);
		for (int i = 0; i < params; i++)
			fv_output(g, dx[i], "grad.%s", param[i]->name);
	}
	if (okay(fv_program_new(&err, context, g, NULL, &p), n->name)) {
		for (fv_variable *v = store->first; v; v = v->next)
			fill(v);
		golden_put(p, "x", "x", 1, 0);
		golden_put(p, "weights of y", "weights of y", 1, 0);
		okay(fv_program_run(&err, p, (fv_key){ 0 }), n->name);
		fv_tensor made = port_values(p, "y");
		double d = off_few(fv_f32(made),
				   find(n->paints ? "%s.painting" : "%s.output", n->name, ""));
		check(d < 2e-5, "%s%s is off by %.2g", n->name, n->paints ? ", painting," : "", d);
		for (int i = 0; i < params; i++) {
			char port[200];
			snprintf(port, sizeof port, "grad.%s", param[i]->name);
			fv_tensor t = port_values(p, port);
			d = off(fv_f32(t), param[i]->shape,
				find("%s.grad.%s", n->name, param[i]->name));
			check(d < 1e-4, "%s: gradient of %s is off by %.2g", n->name,
			      param[i]->name, d);
			free(t.data);
		}
		if (n->gradients) {
			d = off_few(fv_f32(made), find("%s.wrong.padding", n->name, ""));
			check(d > 1e-2, "%s: padding on the wrong side cannot be told: %.2g",
			      n->name, d);
		}
		/* Grids differ: v2's two others are not its own. */
		for (size_t i = 1; i < 3 && !strcmp(n->name, "v2"); i++) {
			d = off_few(fv_f32(made), find("%s.output", nets[i].name, ""));
			check(d > 1e-2, "v2: the grid of %s cannot be told: %.2g", nets[i].name, d);
		}
		free(made.data);
	}
	fv_program_free(p);
	fv_graph_free(g);
	fv_store_free(store);
}

/* As many weights as the originals print (recipes' numbers; v3's without its running values). */
static void check_sizes(void)
{
	static const struct {
		const char *name;
		fv_animegan light;
		int64_t least, most;
	} sizes[] = {
		{ "v2", { FV_ANIMEGAN_V2, 32, 4, FV_GRID_HALF, 1e-5 }, 2143500, 2144500 },
		{ "v3", { FV_ANIMEGAN_V3, 32, 4, FV_GRID_HALF, 1e-5 }, 1020000, 1040000 },
	};
	for (size_t i = 0; i < FV_COUNT(sizes); i++) {
		fv_store *store = NULL;
		fv_graph *g = NULL;
		int64_t count = 0;
		if (!okay(fv_store_new(&err, context, &store), "sizes") ||
		    !okay(fv_graph_new(&err, context, &g), "sizes"))
			return;
		fv_animegan_build(&(fv_scope){ g, store, "", true, 1 }, &sizes[i].light,
				  fv_input(g, "x", FV_F32, fv_nhwc(1, 32, 32, 3)));
		for (fv_variable *v = store->first; v; v = v->next)
			count += fv_elements(v->shape);
		check(!g->err.status && count >= sizes[i].least && count <= sizes[i].most,
		      "%s has %lld weights; %s", sizes[i].name, (long long)count, g->err.text);
		fv_graph_free(g);
		fv_store_free(store);
	}
}

/* ------------------------------------------------------------------ losses */
static void check_losses(void)
{
	static const char *const name[] = { "gram", "huber", "yuv", "tv", "grey" };
	fv_graph *g = NULL;
	fv_program *p = NULL;
	if (!okay(fv_graph_new(&err, context, &g), "losses"))
		return;
	fv_node *a = fv_input(g, "a", FV_F32, fv_nhwc(BATCH, SIZE, SIZE, 3)),
		*b = fv_input(g, "b", FV_F32, fv_nhwc(BATCH, SIZE, SIZE, 3));
	fv_node *loss[] = {
		fv_absolute_distance(g, fv_gram(g, a), fv_gram(g, b)),
		fv_huber_distance(g, a, b, 0.5),
		fv_yuv_distance(g, a, b),
		fv_total_variation(g, a),
		fv_absolute_distance(g, fv_grey(g, a), b),
	};
	for (size_t i = 0; i < FV_COUNT(name); i++) {
		fv_node *dx = NULL;
		fv_grad(g, loss[i], &a, 1, &dx);
		fv_output(g, loss[i], "%s", name[i]);
		fv_output(g, dx, "grad.%s", name[i]);
	}
	if (okay(fv_program_new(&err, context, g, NULL, &p), "losses")) {
		golden_put(p, "a", "a", 1, 0);
		golden_put(p, "b", "b", 1, 0);
		okay(fv_program_run(&err, p, (fv_key){ 0 }), "losses");
		for (size_t i = 0; i < FV_COUNT(name); i++) {
			char port[40];
			double truth = fv_get(*find("loss.%s", name[i], ""), 0),
			       mine = fv_program_number(p, name[i]);
			check(fabs(mine - truth) < 1e-5 * fabs(truth), "%s is %.8g, PyTorch's %.8g",
			      name[i], mine, truth);
			snprintf(port, sizeof port, "grad.%s", name[i]);
			fv_tensor t = port_values(p, port);
			double d = off_few(fv_f32(t), find("loss.grad.%s", name[i], ""));
			check(d < 1e-4, "the gradient of %s is off by %.2g", name[i], d);
			free(t.data);
		}
	}
	fv_program_free(p);
	fv_graph_free(g);
}

/* ------------------------------------------------------------------ steps */
typedef struct {
	const char *name;
	int first;                      /* number of the first step's pictures */
	fv_cartoon_config c;
	const char *wrong[3];
} recipe;

static const recipe recipes[] = {
	{ "animegan",
	  46,
	  { .anime = true,
	    .light = { FV_ANIMEGAN_V2, 2, 2, FV_GRID_HALF, 1e-5 },
	    .judge = { FV_JUDGE_ANIMEGAN2, 2 } },
	  { "order", "side" } },
	{ "animegan3",
	  47,
	  { .anime = true,
	    .light = { FV_ANIMEGAN_V3, 2, 2, FV_GRID_LEGACY, 1e-5 },
	    .judge = { FV_JUDGE_ANIMEGAN3, 2 } },
	  { "side" } },
	{ "cartoongan",
	  28,
	  { .cartoon = { 2, 2, FV_ORDER_RGB, 1e-9 },
	    .judge = { FV_JUDGE_CARTOONGAN, 2 },
	    .content = 4,
	    .adv = 1,
	    .real = 1,
	    .smooth = 1 },
	  { "order" } },
};

static void put_pictures(fv_program *p, int step)
{
	static const char *const port[] = { "photo", "art", "smooth" };
	for (int i = 0; i < 3; i++) {
		char name[40];
		snprintf(name, sizeof name, "%s %d", port[i], step);
		golden_put(p, port[i], name, 1, 0);
	}
}

static double moved_by(const fv_variable *v, const float *first)
{
	double far = 0;
	fv_tensor t = variable_values(v);
	for (int64_t k = 0; k < fv_elements(t.shape); k++)
		far += ((double)fv_f32(t)[k] - first[k]) * ((double)fv_f32(t)[k] - first[k]);
	free(t.data);
	return sqrt(far);
}

static void check_gradients(fv_program *p, const recipe *r, fv_variable *const *param, int params)
{
	const fv_cartoon_config *c = &r->c;
	for (int i = 0; i < params; i++) {
		char port[200];
		snprintf(port, sizeof port, "gradient.%s", param[i]->name);
		fv_tensor t = port_values(p, port);
		double d = off(fv_f32(t), param[i]->shape,
			       find("%s.gradient.%s", r->name, param[i]->name));
		check(d < 1e-4, "%s: gradient of %s is off by %.2g", r->name, param[i]->name, d);
		if (c->light.version == FV_ANIMEGAN_V3 &&
		    !strcmp(param[i]->name, "D.d.conv_s2_1.weight")) {
			d = off(fv_f32(t), param[i]->shape, find("%s.wrong.through", r->name, ""));
			check(d > 1e-2,
			      "%s: whether sigma's gradient goes through u and v cannot be told: "
			      "%.2g",
			      r->name, d);
		}
		free(t.data);
	}
}

/* All as at the beginning; returns how many weights are learnt. */
static int begin(fv_store *store)
{
	int own = 0;
	for (fv_variable *v = store->first; v; v = v->next) {
		bool learnt = !strncmp(v->name, "G.", 2) || !strncmp(v->name, "D.d.", 4);
		own += v->role == FV_ROLE_PARAMETER && learnt;
		if (learnt || !strncmp(v->name, "D.u.", 4))
			fill(v);
		else
			golden_variable(v, v->name, 0, 0);
	}
	return own;
}

static fv_status run_step(fv_program *p, int step, bool adversarial)
{
	put_pictures(p, step);
	fv_program_put_number(p, "adversarial", adversarial);
	fv_program_put_number(p, "rate.content", 2e-4);
	fv_program_put_number(p, "rate.g", 1e-4);
	fv_program_put_number(p, "rate.d", 1e-3);
	return fv_program_run(&err, p, (fv_key){ 0 });
}

static void check_steps(const recipe *r, fv_store *teacher)
{
	static const char *const port[LOSSES] = { "loss.content", "loss.style", "loss.adv",
						  "loss.colour",  "loss.tv",    "loss.d" };
	fv_cartoon_config c = r->c;
	fv_store *store = NULL;
	fv_graph *g = NULL;
	fv_program *p = NULL;
	fv_variable *param[MOST];
	float *first[MOST] = { NULL };
	double mine[STEPS][LOSSES], allowed[STEPS][LOSSES];
	int params = 0;
	c.batch = BATCH, c.size = SIZE, c.beta1 = 0.5, c.beta2 = 0.999, c.eps = 1e-8;
	c.teacher = (fv_vgg){ 19, 16, FV_POOL_AVERAGE };
	if (c.anime)
		c.content = 2, c.style = 40, c.colour = 5, c.tv = 1, c.adv = 3, c.real = 1.2,
		c.grey = 1.1, c.smooth = 0.8;
	if (!okay(fv_store_new(&err, context, &store), r->name) ||
	    !okay(fv_graph_new(&err, context, &g), r->name))
		goto done;
	fv_cartoon_graph_build(g, store, teacher, 1, &c, true);
	if (!okay(fv_program_new(&err, context, g, NULL, &p), r->name))
		goto done;
	char names[40];
	snprintf(names, sizeof names, "%s.names", r->name);
	for (const char *at = fv_safetensors_text(&file, names); *at && params < MOST; params++) {
		char name[100];
		int n = (int)strcspn(at, " ");
		snprintf(name, sizeof name, "%.*s", n, at);
		at += n + (at[n] == ' ');
		if (!check((param[params] = fv_variable_find(store, name)) != NULL,
			   "%s: no weights %s", r->name, name))
			goto done;
	}
	int own = begin(store);
	check(own == params, "%s: %d weights here, %d in PyTorch", r->name, own, params);
	for (int i = 0; i < params; i++)
		first[i] = variable_values(param[i]).data;
	if (!okay(run_step(p, r->first, true), r->name))
		goto done;
	check_gradients(p, r, param, params);
	begin(store);
	const fv_tensor *losses = find("%s.losses", r->name, ""),
			*exact = find("%s.losses64", r->name, "");
	const fv_tensor *moved = find("%s.moved", r->name, ""),
			*moved64 = find("%s.moved64", r->name, "");
	for (int step = 0; step < STEPS; step++) {
		/* Once it was adversarial it stays so, whatever is said later. */
		if (!okay(run_step(p, r->first + step, step == CONTENT_STEPS), r->name))
			goto done;
		check(fv_program_number(p, "ok") == 1, "%s: step %d is not ok", r->name, step);
		for (int i = 0; i < LOSSES; i++) {
			double truth = fv_get(*exact, LOSSES * step + i);
			bool there = truth != 0;
			mine[step][i] = there ? fv_program_number(p, port[i]) : 0;
			/* Rounding grows step by step, PyTorch's own too: double says by how
			 * much. */
			allowed[step][i] = (step ? 1e-3 : 1e-5) * truth +
					   4 * fabs(truth - fv_get(*losses, LOSSES * step + i));
			check(fabs(mine[step][i] - truth) <= allowed[step][i],
			      "%s, step %d, %s is %.8g, PyTorch's %.8g (%.2g allowed)", r->name,
			      step, port[i], mine[step][i], truth, allowed[step][i]);
		}
		double sum = 0, sum_truth = 0;
		for (int i = 0; i < params; i++) {
			double far = moved_by(param[i], first[i]),
			       truth = fv_get(*moved64, params * step + i);
			/* Of few numbers, with gradients near nothing, one takes Adam's step the
			 * other way by rounding. */
			double most = (fv_elements(param[i]->shape) < 64 ? 0.5 : 0.1) * truth +
				      4 * fabs(truth - fv_get(*moved, params * step + i));
			sum += far * far, sum_truth += truth * truth;
			check(fabs(far - truth) <= most,
			      "%s, step %d, %s has moved by %.7g, PyTorch's by %.7g (%.2g allowed)",
			      r->name, step, param[i]->name, far, truth, most);
		}
		check(fabs(sqrt(sum) - sqrt(sum_truth)) <= 2e-3 * sqrt(sum_truth),
		      "%s, step %d: all have moved by %.7g, PyTorch's by %.7g", r->name, step,
		      sqrt(sum), sqrt(sum_truth));
	}
	for (int i = 0; i < 2 && c.anime && c.light.version == FV_ANIMEGAN_V3; i++) {
		const char *name = i ? "running_var" : "running_mean";
		char full[60];
		snprintf(full, sizeof full, "G.net.attention.norm.%s", name);
		fv_variable *v = fv_variable_find(store, full);
		fv_tensor t = variable_values(v);
		double d = off(fv_f32(t), v->shape, find("%s.%s", r->name, name));
		check(d < 1e-5, "%s: %s is off by %.2g", r->name, name, d);
		free(t.data);
	}
	/* The test must be able to fail. */
	for (int w = 0; r->wrong[w]; w++) {
		const fv_tensor *other = find("%s.wrong.%s", r->name, r->wrong[w]);
		int told = 0;
		for (int step = 0; step < STEPS; step++)
			for (int i = 0; i < LOSSES; i++)
				told += fabs(mine[step][i] - fv_get(*other, LOSSES * step + i)) >
					2 * allowed[step][i];
		check(told >= 5, "%s: wrong.%s cannot be told: %d of %d losses differ", r->name,
		      r->wrong[w], told, STEPS * LOSSES);
	}
done:
	for (int i = 0; i < params; i++)
		free(first[i]);
	fv_program_free(p);
	fv_graph_free(g);
	fv_store_free(store);
}

int main(int argc, char **argv)
{
	fv_model *teacher = NULL;
	if (argc < 3 || fv_context_new(&err, NULL, &context) ||
	    fv_safetensors_open(&err, context, argv[1], &file) ||
	    fv_model_open(&err, context, argv[2], &teacher)) {
		printf("%s\n",
		       argc < 3
			       ? "usage: golden-cartoon cartoon.safetensors vgg19-small.safetensors"
			       : err.text);
		return 1;
	}
	for (size_t i = 0; i < FV_COUNT(nets); i++)
		check_net(&nets[i]);
	check_sizes();
	check_losses();
	for (size_t i = 0; i < FV_COUNT(recipes); i++)
		check_steps(&recipes[i], teacher->store);
	fv_model_free(teacher);
	fv_safetensors_close(&file);
	fv_context_free(context);
	return finish("golden-cartoon");
}
