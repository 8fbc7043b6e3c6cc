/* SPDX-License-Identifier: Apache-2.0 */
/* make_model strokenet|dense FILE [KEY VALUE]: a model with random weights, for tests of what is around it; KEY and VALUE go into its metadata. */
#include "model/model.h"
#include <stdio.h>

static fv_status make(fv_err *err, const char *family, const char *path, json_t *about)
{
	fv_context *c = NULL;
	fv_store *store = NULL;
	fv_graph *g = NULL;
	fv_status st = fv_context_new(err, NULL, &c);
	if (st)
		return st;
	if ((st = fv_store_new(err, c, &store)) || (st = fv_graph_new(err, c, &g)))
		goto done;
	fv_scope s = { .g = g, .store = store, .prefix = "G.", .create = true, .seed = 1 };
	fv_dense digits = { .noise = 8, .hidden = { 16 }, .layers = 1, .out = 64 };
	fv_strokenet strokes = { .width = 8, .blocks = 1, .marks = 4, .stem = 5, .affine = true, .brushes = 3, .brush = { 8, 4, 2 }, .length = 4, .bristle = 1.5 };
	const fv_family *f = !strcmp(family, "dense") ? &fv_family_dense : &fv_family_strokenet;
	const void *config = f == &fv_family_dense ? (void *)&digits : (void *)&strokes;
	fv_family_build(&s, f, config, 32, 32, (fv_node *[FV_PORTS]){ NULL }, (fv_node *[FV_PORTS]){ NULL });
	st = g->err.status ? fv_fail(err, g->err.status, "%s", g->err.text) : fv_model_write(err, c, path, store, "G.", f, config, about);
done:
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
