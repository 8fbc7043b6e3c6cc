/* SPDX-License-Identifier: Apache-2.0 */
/* vgg GOLDEN VGG16 SMALL: the frozen networks' features and gradients by the picture against
 * PyTorch's (vgg.py made GOLDEN); no gradient of a weight is made when none is asked for; the
 * gradient in double against a difference. */
#include "golden.h"
#include "model/model.h"
#include "model/safetensors.h"

/* Largest distance over the largest value, of what the port has made; the file's channels stand second. */
static double off(fv_program *p, const char *port, const fv_safetensors *f, const char *name)
{
	double d = 0, most = 0;
	fv_tensor made = port_values(p, port);
	const float *mine = made.data;
	for (int i = 0; i < f->count; i++) {
		fv_tensor t = f->entry[i].tensor;
		fv_shape s = t.shape;                   /* N,C,H,W by the names n h w c */
		if (strcmp(f->entry[i].name, name))
			continue;
		for (int64_t k = 0; k < fv_elements(s); k++) {
			int64_t at =
				((k / (s.c * s.w * s.h) * s.w + k / s.c % s.w) * s.c + k % s.c) *
					s.h +
				k / (s.c * s.w) % s.h;
			d = fmax(d, fabs((double)mine[at] - (double)fv_f32(t)[k]));
			most = fmax(most, fabs((double)fv_f32(t)[k]));
		}
	}
	free(made.data);
	return most > 0 ? d / most : INFINITY;
}

typedef struct { fv_graph *g; fv_program *program; } net;

static fv_status make(fv_err *err, fv_context *c, fv_store *store, const fv_vgg *v, fv_type type,
                      fv_shape shape, net *n)
{
	fv_status st = fv_graph_new(err, c, &n->g);
	if (st)
		return st;
	fv_scope s = { .g = n->g, .store = store, .prefix = "" };
	fv_node *x = fv_input(n->g, "x", type, shape), *out[FV_VGG_LAYERS], *dx;
	fv_node *y = fv_vgg_build(&s, v, x, FV_VGG_LAYERS - 1, out);
	if (!y)
		return fv_fail(err, n->g->err.status, "%s", n->g->err.text);
	static double room[512 * 4 * 5];
	fv_tensor weights = { type, y->shape, room };
	golden_fill(weights, "weights of relu4_1", 1, 0);
	fv_node *loss = fv_reshape(
		n->g,
		fv_mean(n->g, fv_mul(n->g, y, fv_constant(n->g, type, y->shape, room)), FV_ALL),
		fv_scalar());
	fv_grad(n->g, loss, &x, 1, &dx);
	for (int i = 0; i < FV_VGG_LAYERS; i++)
		fv_output(n->g, out[i], "layer.%d", i);
	fv_output(n->g, loss, "loss");
	fv_output(n->g, dx, "dx");
	if ((st = fv_program_new(err, c, n->g, NULL, &n->program)))
		return st;
	golden_put(n->program, "x", "picture", 0.9, 0);
	return fv_program_run(err, n->program, (fv_key){ 0 });
}

static void free_net(net *n)
{
	fv_program_free(n->program);
	fv_graph_free(n->g);
}

static fv_status against_torch(fv_err *err, const fv_model *m, const char *network, bool average,
                               const fv_safetensors *f)
{
	net n = { 0 };
	fv_vgg v = *(const fv_vgg *)m->config;
	char name[80];
	v.pooling = average ? FV_POOL_AVERAGE : FV_POOL_MAX;
	fv_status st = make(err, m->context, m->store, &v, FV_F32, fv_nhwc(1, 35, 42, 3), &n);
	if (!st) {
		snprintf(name, sizeof name, "%s.%s.relu4_1", network, average ? "average" : "max");
		double d = off(n.program, "layer.3", f, name);
		golden_check(d < 1e-3, name, d, 1e-3);
		snprintf(name, sizeof name, "%s.%s.grad", network, average ? "average" : "max");
		d = off(n.program, "dx", f, name);
		golden_check(d < 1e-3, name, d, 1e-3);
		if (v.depth == 16 && average) {
			d = off(n.program, "layer.2", f, "vgg16.average.relu3_1");
			golden_check(d < 1e-3, "vgg16.average.relu3_1", d, 1e-3);
		}
		if (v.depth == 19 && !average) {
			d = off(n.program, "layer.3", f, "wrong.padding");
			golden_check(d > 1e-2, "relu4_1, from that with other padding, too little, it", d,
			      1e-2);
		}
		int weights = 0;
		for (int i = 0; i < n.g->nodes; i++)
			weights += n.g->node[i]->op == &fv_op_conv2d_dw;
		golden_check(!weights, "number of weights' gradients in the plan", weights, 0);
	}
	free_net(&n);
	return st;
}

/* In double: the slope along one direction. ReLU and maximum have kinks, which a step this small
 * rarely meets. */
static fv_status against_difference(fv_err *err, const fv_model *m, bool average)
{
	enum { H = 18, W = 21 };
	static double direction[H * W * 3];
	fv_store *store = NULL;
	net n = { 0 };
	fv_vgg v = *(const fv_vgg *)m->config;
	v.pooling = average ? FV_POOL_AVERAGE : FV_POOL_MAX;
	fv_status st = fv_store_new(err, m->context, &store);
	for (const fv_variable *from = m->store->first; from && !st; from = from->next) {
		fv_variable *to =
			fv_variable_new(store, FV_F64, from->shape, "%s", from->name);
		if (!to) {
			st = fv_fail_memory(err, from->name, 0);
			break;
		}
		fv_tensor t = variable_values(from), d = variable_values(to);
		for (int64_t i = 0; i < fv_elements(t.shape); i++)
			fv_put(d, i, fv_get(t, i));
		free(t.data);
		variable_take(to, d);
	}
	if (!st && !(st = make(err, m->context, store, &v, FV_F64, fv_nhwc(1, H, W, 3), &n))) {
		fv_tensor gradient = port_values(n.program, "dx"), picture = gradient;
		double *dx = gradient.data, *x = dx, slope = 0, loss[2] = { 0 };
		const double step = 1e-6;
		golden_fill((fv_tensor){ FV_F64, gradient.shape, direction }, "direction", 1, 0);
		for (int i = 0; i < H * W * 3; i++)
			slope += dx[i] * direction[i];
		golden_fill(picture, "picture", 0.9, 0);
		for (int side = 0; side < 2 && !st; side++) {
			for (int i = 0; i < H * W * 3; i++)
				x[i] += (side ? -2 : 1) * step * direction[i];
			fv_program_put(n.program, "x", x);
			st = fv_program_run(err, n.program, (fv_key){ 0 });
			fv_program_get(NULL, n.program, "loss", &loss[side]);
		}
		free(x);
		double d = fabs((loss[0] - loss[1]) / (2 * step) / slope - 1);
		golden_check(!st && d < 1e-5, average ? "the slope, by mean" : "the slope, by maximum", d,
		      1e-5);
	}
	free_net(&n);
	fv_store_free(store);
	return st;
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_safetensors f = { 0 };
	fv_status st =
		argc < 4 ? fv_fail(&err, FV_E_ARGUMENT, "usage: golden-vgg GOLDEN VGG16 SMALL")
			 : fv_context_new(&err, NULL, &c);
	if (!st)
		st = fv_safetensors_open(&err, c, argv[1], &f);
	for (int i = 0; i < 2 && !st; i++) {
		fv_model *m = NULL;
		st = fv_model_open(&err, c, argv[2 + i], &m);
		for (int average = 0; average < 2 && !st; average++) {
			st = against_torch(&err, m, i ? "vgg19-small" : "vgg16", average, &f);
			if (!st && i)
				st = against_difference(&err, m, average);
		}
		fv_model_free(m);
	}
	check(!st, "%s", err.text);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-vgg");
}
