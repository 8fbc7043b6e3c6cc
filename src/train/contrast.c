/* SPDX-License-Identifier: Apache-2.0 */
#include "train/contrast.h"
#include <stdio.h>

/* For each place of h x w the one mirrored from left to right: as rows to gather, or as a table of
 * numbers. */
static fv_node *mirrored(fv_graph *g, fv_type type, int64_t h, int64_t w)
{
	fv_shape s = type == FV_I32 ? FV_SHAPE(h * w) : FV_SHAPE(1, h * w, 1);
	void *v = fv_arena_get(g->arena, (size_t)fv_tensor_bytes(type, s));
	if (!v)
		return fv_graph_error(g, FV_E_MEMORY, "no memory for %d places", (int)(h * w));
	for (int64_t i = 0; i < h * w; i++)
		fv_put((fv_tensor){ type, s, v }, i, (double)(i - i % w + (w - 1 - i % w)));
	return fv_constant(g, type, s, v);
}

/* b where flip is 1, a where it is 0: exactly. */
static fv_node *either(fv_graph *g, fv_node *a, fv_node *b, fv_node *flip)
{
	return fv_add(g, fv_mul(g, a, fv_scale(g, flip, -1, 1)), fv_mul(g, b, flip));
}

fv_node *fv_mirror_where(fv_graph *g, fv_node *x, fv_node *flip)
{
	if (!x)
		return NULL;
	fv_node *turned = fv_gather(g, x, mirrored(g, FV_I32, x->shape.h, x->shape.w));
	return either(g, x, fv_reshape(g, turned, x->shape), flip);
}

static fv_node *mirrored_places(fv_graph *g, fv_node *places, fv_shape map, fv_node *flip)
{
	if (!places)
		return NULL;
	fv_node *turned = fv_gather(g, mirrored(g, FV_F32, map.h, map.w), places);
	fv_node *drawn = fv_convert(g, places, FV_F32);
	return fv_convert(g, either(g, drawn, fv_reshape(g, turned, places->shape), flip), FV_I32);
}

fv_node *fv_contrast(const fv_scope *heads, const fv_contrast_config *c, fv_node *const *key,
                     fv_node *const *query, int maps, const char *of, fv_node *flip)
{
	fv_graph *g = heads->g;
	fv_node *sum = NULL;
	for (int i = 0; i < maps && !g->err.status; i++) {
		fv_shape s = key[i]->shape;
		int64_t all = s.h * s.w, count = fv_min(c->patches, all);
		char purpose[40];
		snprintf(purpose, sizeof purpose, "places.%s.%d", of, i);
		fv_node *at = fv_random(g, FV_PERMUTATION, purpose, FV_I32, FV_SHAPE(count), 0,
		                        (double)all);
		fv_node *there = flip ? mirrored_places(g, at, s, flip) : at;
		fv_node *k = fv_patch_mlp(heads, c->width, i, fv_detach(g, key[i]), at);
		fv_node *q = fv_patch_mlp(heads, c->width, i, query[i], there);
		if (c->of_batch) {
			fv_shape one = FV_SHAPE(1, s.n * count, c->width);
			q = fv_reshape(g, q, one), k = fv_reshape(g, k, one);
		}
		fv_node *loss = fv_patchnce(g, q, k, c->temperature);
		sum = i ? fv_add(g, sum, loss) : loss;
	}
	return fv_scale(g, sum, 1.0 / maps, 0);
}
