/* SPDX-License-Identifier: Apache-2.0 */
/* Forward and backward of CycleGAN's generator against PyTorch's (resnet.py made resnet.safetensors), and the forward with
 * products of bf16 numbers, where the processor has them. */
#include "golden.h"
#include "device/cpu/plan.h"
#include "model/safetensors.h"
#include "net/net.h"

/* Distance over length, of what the port has made; the file's channels stand second. */
static double off(fv_program *p, const char *port, const fv_safetensors *f, const char *name)
{
	double d = 0, n = 0;
	fv_tensor mine = port_values(p, port);
	for (int i = 0; i < f->count; i++) {
		fv_tensor t = f->entry[i].tensor;
		if (strcmp(f->entry[i].name, name))
			continue;
		fv_shape s = t.shape;
		for (int64_t k = 0; k < fv_elements(s); k++) {
			int64_t at = k;
			if (s.rank == 4)
				at = ((k / (s.c * s.w * s.h) * s.w + k / s.c % s.w) * s.c + k % s.c) * s.h + k / (s.c * s.w) % s.h;
			double a = fv_f32(mine)[at], b = fv_f32(t)[k];
			d += (a - b) * (a - b), n += b * b;
		}
	}
	free(mine.data);
	return n > 0 ? sqrt(d / n) : INFINITY;
}

#define MOST 64
typedef struct { fv_graph *g; fv_program *program; fv_variable *param[MOST]; int count; } net;

static fv_status make(fv_err *err, fv_context *c, fv_store *store, bool train, net *n)
{
	fv_status st = fv_graph_new(err, c, &n->g);
	if (st)
		return st;
	fv_scope s = { .g = n->g, .store = store, .prefix = "", .create = true };
	fv_node *x = fv_input(n->g, "x", FV_F32, fv_nhwc(2, 16, 24, 3)), *y = fv_resnet_build(&s, &(fv_resnet){ .width = 4, .blocks = 2 }, x, NULL);
	fv_output(n->g, y, "y");
	if (train) {
		static float weights[2 * 16 * 24 * 3];
		fv_node *wrt[MOST + 1], *dx[MOST + 1];
		golden_fill((fv_tensor){ FV_F32, x->shape, weights }, "weights of y", 1, 0);
		fv_node *loss = fv_mean(n->g, fv_mul(n->g, y, fv_constant(n->g, FV_F32, x->shape, weights)), FV_ALL);
		check(fv_params(store, "model.", NULL) <= MOST, "more weights than places");
		n->count = fv_params(store, "model.", n->param);
		for (int i = 0; i < n->count; i++)
			wrt[i] = fv_read(n->g, n->param[i]);
		wrt[n->count] = x;
		fv_grad(n->g, fv_reshape(n->g, loss, fv_scalar()), wrt, n->count + 1, dx);
		for (int i = 0; i <= n->count; i++)
			fv_output(n->g, dx[i], "grad.%s", i < n->count ? n->param[i]->name : "x");
	}
	if ((st = fv_program_new(err, c, n->g, NULL, &n->program)))
		return st;
	for (fv_variable *v = store->first; v; v = v->next) {
		fv_shape t = v->shape;
		golden_variable(v, v->name, t.rank == 4 ? sqrt(6 / (double)(t.h * t.w * t.c)) : 0.1, 0);
	}
	golden_put(n->program, "x", "x", 1, 0);
	return fv_program_run(err, n->program, (fv_key){ 0 });
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
	double d = off(train.program, "y", &f, "output");
	golden_check(d < 1e-5, "the output", d, 1e-5);
	for (int i = 0; i <= train.count; i++) {
		char name[220];
		snprintf(name, sizeof name, "grad.%s", i < train.count ? train.param[i]->name : "x");
		d = off(train.program, name, &f, name);
		golden_check(d < 1e-4, name, d, 1e-4);
	}
	d = off(train.program, "y", &f, "wrong.padding");
	golden_check(d > 1e-2, "the output, from that with other padding, too little, it", d, 1e-2);
	d = off(train.program, "y", &f, "wrong.sampling");
	golden_check(d > 1e-2, "the output, from that with other sampling, too little, it", d, 1e-2);
	d = off(rounded.program, "y", &f, "output");
	golden_check(d < 0.1, "the output with bf16", d, 0.1);
	bool rounds = false;                            /* this build or this processor may have no such kernel that is worth it here */
	for (int i = 0; i < rounded.g->nodes; i++) {
		const fv_kernel *k = fv_kernel_choose(bf16, rounded.g->node[i]);
		rounds |= k && fv_kernel_rounds(k);
	}
	if (rounds)
		golden_check(d > 1e-4, "the output with bf16, as if nothing were rounded, it", d, 1e-4);
	fv_program_free(rounded.program);
	fv_graph_free(rounded.g);
	fv_program_free(train.program);
	fv_graph_free(train.g);
	fv_store_free(store);
	fv_safetensors_close(&f);
	fv_context_free(bf16);
	fv_context_free(c);
	return finish("golden-resnet");
}
