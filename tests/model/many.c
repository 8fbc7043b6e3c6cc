/* SPDX-License-Identifier: Apache-2.0 */
/* A network of many weights: each has its gradient and its place in the model's file. */
#include "model/model.h"
#include "test.h"
#include "train/gradients.h"
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	/* Six weights a block. */
	static const fv_strokenet deep = { .width = 8, .blocks = 64, .marks = 4, .stem = 5, .affine = true, .brushes = 1, .brush = { 8 },
	                                   .length = 4, .bristle = 1.5 };
	static const char *const prefixes[] = { "A.", "B." };
	const fv_family *f = &fv_family_strokenet;
	char path[] = "/tmp/fauve-many-XXXXXX";
	int file = mkstemp(path), count[2];
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_store *store = NULL;
	fv_graph *g = NULL;
	fv_model *m = NULL;
	if (!check(file >= 0 && !fv_context_new(&err, NULL, &c) && !fv_store_new(&err, c, &store) && !fv_graph_new(&err, c, &g), "%s", err.text))
		return finish("many");
	close(file);
	for (int i = 0; i < 2; i++) {
		fv_scope s = { .g = g, .store = store, .prefix = prefixes[i], .create = true, .seed = 1 };
		fv_family_build(&s, f, &deep, 32, 32, (fv_node *[FV_PORTS]){ NULL }, (fv_node *[FV_PORTS]){ NULL });
		count[i] = fv_params(store, prefixes[i], NULL);
	}
	check(!g->err.status, "%s", g->err.text);
	check(count[0] > 256 && count[0] == count[1], "%d and %d weights", count[0], count[1]);
	fv_gradients r = fv_gradients_of(g, store, prefixes, 2);
	check(r.count == count[0] + count[1], "%d gradients of %d", r.count, count[0] + count[1]);
	check(r.count && !strncmp(r.param[r.count - 1]->name, "B.", 2) && r.read[r.count - 1], "the last has none");
	check(!fv_model_write(&err, c, path, store, "B.", f, &deep, NULL), "%s", err.text);
	check(!fv_model_open(&err, c, path, &m), "%s", err.text);
	check(m && fv_params(m->store, "", NULL) == count[1], "the file has other weights");
	fv_model_free(m);
	fv_graph_free(g);
	fv_store_free(store);
	fv_context_free(c);
	unlink(path);
	return finish("many");
}
