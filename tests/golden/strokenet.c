/* SPDX-License-Identifier: Apache-2.0 */
/* StrokeNet's forward against PyTorch's: strokenet.py made the file, whose shapes say how large the
 * network is. */
#include "golden.h"
#include "model/safetensors.h"
#include "model/weights.h"
#include "net/net.h"

static fv_tensor entry(const fv_safetensors *f, const char *name)
{
	for (int i = 0; i < f->count; i++)
		if (!strcmp(f->entry[i].name, name))
			return f->entry[i].tensor;
	return (fv_tensor){ 0 };
}

/* N,C,H,W of the file at element k of N,H,W,C. */
static float planar(fv_tensor t, int64_t k)
{
	fv_shape s = t.shape;                           /* n, c, h, w under the names n, h, w, c */
	int64_t channel = k % s.h, place = k / s.h;
	return fv_f32(t)[channel * s.w * s.c + place];
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c;
	fv_safetensors f;
	fv_store *store;
	fv_graph *g;
	fv_program *p;
	if (argc < 2 || fv_context_new(&err, NULL, &c) ||
	    fv_safetensors_open(&err, c, argv[1], &f) || fv_store_new(&err, c, &store) ||
	    fv_weights_make(&err, argv[1], &f, true, store) || fv_graph_new(&err, c, &g)) {
		printf("%s\n",
		       argc < 2 ? "usage: golden-strokenet strokenet.safetensors" : err.text);
		return 1;
	}
	fv_tensor x = entry(&f, "x"), z = entry(&f, "z"), y = entry(&f, "output");
	fv_tensor stem = entry(&f, "stem.0.weight"), marks = entry(&f, "m1.weight");
	fv_strokenet net = { .width = (int)stem.shape.n, .stem = (int)stem.shape.c,
	                     .marks = (int)marks.shape.n, .affine = true };
	char name[24];
	for (; snprintf(name, sizeof name, "res.%d.a.weight", net.blocks), entry(&f, name).data;
	     net.blocks++)
		;
	fv_scope s = { .g = g, .store = store, .prefix = "" };
	fv_node *in[2] = {
		fv_input(g, "x", FV_F32, fv_nhwc(1, x.shape.w, x.shape.c, 3)),
		fv_input(g, "z", FV_F32, fv_nhwc(1, x.shape.w, x.shape.c, FV_STROKE_MARKS))
	};
	fv_node *out = fv_strokenet_build(&s, &net, in[0], in[1]);
	fv_output(g, out, "y");
	if (fv_program_new(&err, c, g, NULL, &p)) {
		printf("FAIL golden strokenet: %s\n", err.text);
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		fv_tensor t = port_values(p, i ? "z" : "x");
		for (int64_t k = 0; k < fv_elements(t.shape); k++)
			fv_f32(t)[k] = planar(i ? z : x, k);
		port_take(p, i ? "z" : "x", t);
	}
	double most = fv_program_run(&err, p, (fv_key){ 0 }) ? INFINITY : 0;
	fv_tensor made = port_values(p, "y");
	for (int64_t k = 0; k < fv_elements(y.shape); k++)
		most = fmax(most, fabs(fv_f32(made)[k] - planar(y, k)));
	free(made.data);
	golden_check(most < 1e-3, "the painting", most, 1e-3);
	fv_program_free(p);
	fv_graph_free(g);
	fv_store_free(store);
	fv_safetensors_close(&f);
	fv_context_free(c);
	return finish("golden-strokenet");
}
