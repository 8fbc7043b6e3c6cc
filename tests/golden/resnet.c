/* SPDX-License-Identifier: Apache-2.0 */
/* Forward and backward of CycleGAN's generator against PyTorch's (resnet.py made resnet.safetensors), and the forward with
 * products of bf16 numbers, where the processor has them. */
#include "golden.h"
#include "model/safetensors.h"
#include "net/net.h"

/* Distance over length; the file's channels stand second. */
static double off(const float *mine, const fv_safetensors *f, const char *name)
{
	double d = 0, n = 0;
	for (int i = 0; i < f->count; i++) {
		fv_tensor t = f->entry[i].tensor;
		if (strcmp(f->entry[i].name, name))
			continue;
		fv_shape s = t.shape;
		for (int64_t k = 0; k < fv_elements(s); k++) {
			int64_t at = k;
			if (s.rank == 4)
				at = ((k / (s.c * s.w * s.h) * s.w + k / s.c % s.w) * s.c + k % s.c) * s.h + k / (s.c * s.w) % s.h;
			double a = mine[at], b = fv_f32(t)[k];
			d += (a - b) * (a - b), n += b * b;
		}
	}
	return n > 0 ? sqrt(d / n) : INFINITY;
}

#define MOST 64
typedef struct { fv_graph *g; fv_plan *plan; fv_node *x, *y, *dx[MOST + 1]; fv_variable *param[MOST]; int count; } net;

static fv_status make(fv_err *err, fv_context *c, fv_store *store, bool train, net *n)
{
	fv_status st = fv_graph_new(err, c, &n->g);
	if (st)
		return st;
	fv_scope s = { .g = n->g, .store = store, .prefix = "", .create = true };
	n->x = fv_input(n->g, "x", FV_F32, fv_nhwc(2, 16, 24, 3));
	n->y = fv_resnet_build(&s, &(fv_resnet){ .width = 4, .blocks = 2 }, n->x);
	fv_output(n->g, n->y, "y");
	if (train) {
		static float weights[2 * 16 * 24 * 3];
		fv_node *wrt[MOST + 1];
		golden_fill((fv_tensor){ FV_F32, n->x->shape, weights }, "weights of y", 1, 0);
		fv_node *loss = fv_mean(n->g, fv_mul(n->g, n->y, fv_constant(n->g, FV_F32, n->x->shape, weights)), FV_ALL);
		check(fv_params(store, "model.", NULL) <= MOST, "more weights than places");
		n->count = fv_params(store, "model.", n->param);
		for (int i = 0; i < n->count; i++)
			wrt[i] = fv_read(n->g, n->param[i]);
		wrt[n->count] = n->x;
		fv_grad(n->g, fv_reshape(n->g, loss, fv_scalar()), wrt, n->count + 1, n->dx);
		for (int i = 0; i <= n->count; i++)
			fv_output(n->g, n->dx[i], "dx.%d", i);
	}
	if ((st = fv_plan_new(err, c, n->g, NULL, &n->plan)))
		return st;
	for (fv_variable *v = store->first; v; v = v->next) {
		fv_shape t = v->tensor.shape;
		golden_fill(v->tensor, v->name, t.rank == 4 ? sqrt(6 / (double)(t.h * t.w * t.c)) : 0.1, 0);
	}
	golden_fill((fv_tensor){ FV_F32, n->x->shape, fv_plan_data(n->plan, n->x) }, "x", 1, 0);
	return fv_plan_run(err, n->plan, (fv_key){ 0 });
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c, *bf16;
	fv_safetensors f;
	fv_store *store;
	net train = { 0 }, rounded = { 0 };
	if (argc < 2 || fv_context_new(&err, NULL, &c) ||
	    fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options), .bf16 = true }, &bf16) || fv_safetensors_open(&err, c, argv[1], &f) || fv_store_new(&err, c, &store) ||
	    make(&err, c, store, true, &train) || make(&err, bf16, store, false, &rounded)) {
		printf("%s\n", argc < 2 ? "usage: golden-resnet resnet.safetensors" : err.text);
		return 1;
	}
	const float *y = fv_plan_data(train.plan, train.y);
	double d = off(y, &f, "output");
	golden_check(d < 1e-5, "the output", d, 1e-5);
	for (int i = 0; i <= train.count; i++) {
		char name[220];
		snprintf(name, sizeof name, "grad.%s", i < train.count ? train.param[i]->name : "x");
		d = off(fv_plan_data(train.plan, train.dx[i]), &f, name);
		golden_check(d < 1e-4, name, d, 1e-4);
	}
	d = off(y, &f, "wrong.padding");
	golden_check(d > 1e-2, "the output, from that with other padding, too little, it", d, 1e-2);
	d = off(y, &f, "wrong.sampling");
	golden_check(d > 1e-2, "the output, from that with other sampling, too little, it", d, 1e-2);
	d = off(fv_plan_data(rounded.plan, rounded.y), &f, "output");
	golden_check(d < 0.1, "the output with bf16", d, 0.1);
	bool rounds = false;                            /* this build or this processor may have no such kernel that is worth it here */
	for (int i = 0; i < rounded.g->nodes; i++) {
		const fv_kernel *k = fv_kernel_choose(bf16, rounded.g->node[i]);
		rounds |= k && fv_kernel_rounds(k);
	}
	if (rounds)
		golden_check(d > 1e-4, "the output with bf16, as if nothing were rounded, it", d, 1e-4);
	fv_plan_free(rounded.plan);
	fv_graph_free(rounded.g);
	fv_plan_free(train.plan);
	fv_graph_free(train.g);
	fv_store_free(store);
	fv_safetensors_close(&f);
	fv_context_free(bf16);
	fv_context_free(c);
	return finish("golden-resnet");
}
