/* SPDX-License-Identifier: Apache-2.0 */
/* make_model strokenet|dense FILE [KEY VALUE]: a model with random weights, for tests of what is around it; KEY and VALUE go into its metadata. */
#include "model/model.h"
#include <stdio.h>

static fv_status make(fv_err *err, const char *family, const char *path, json_t *about)
{
	fv_context *c = NULL;
	fv_store *store = NULL;
	fv_graph *g = NULL;
	json_t *network = NULL;
	fv_status st = fv_context_new(err, NULL, &c);
	if (st)
		return st;
	if ((st = fv_store_new(err, c, &store)) || (st = fv_graph_new(err, c, &g)))
		goto done;
	fv_scope s = { .g = g, .store = store, .prefix = "G.", .create = true, .seed = 1 };
	if (!strcmp(family, "dense")) {
		fv_dense d = { .noise = 8, .hidden = { 16 }, .layers = 1, .out = 64 };
		fv_dense_generator(&s, &d, fv_input(g, "z", FV_F32, FV_SHAPE(1, d.noise)));
		network = fv_dense_json(&d);
	} else {
		fv_strokenet n = { .width = 8, .blocks = 1, .marks = 4, .stem = 5, .affine = true, .brushes = 3, .brush = { 8, 4, 2 }, .length = 4, .bristle = 1.5 };
		fv_strokenet_build(&s, &n, fv_input(g, "x", FV_F32, fv_nhwc(1, 32, 32, 3)), fv_input(g, "z", FV_F32, fv_nhwc(1, 32, 32, FV_STROKE_MARKS)));
		network = fv_strokenet_json(&n);
	}
	st = g->err.status ? fv_fail(err, g->err.status, "%s", g->err.text) : fv_model_write(err, c, path, store, "G.", family, network, about);
done:
	json_decref(network);
	fv_graph_free(g);
	fv_store_free(store);
	fv_context_free(c);
	return st;
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: make_model strokenet|dense FILE [KEY VALUE]\n");
		return 2;
	}
	json_t *about = argc == 5 ? json_pack("{s:s}", argv[3], argv[4]) : NULL;
	fv_status st = make(&err, argv[1], argv[2], about);
	json_decref(about);
	if (st) {
		fprintf(stderr, "make_model: %s\n", err.text);
		return 1;
	}
	return 0;
}
