/* SPDX-License-Identifier: Apache-2.0 */
/* PatchNCE between the maps that a generator makes of two pictures. */
#ifndef FV_CONTRAST_H
#define FV_CONTRAST_H
#include "loss/loss.h"

typedef struct {
	int patches, width;             /* places of a map (or all that it has); the heads' width */
	double temperature;
	bool of_batch;                  /* a place is told from those of all pictures of the batch,
	                                 * else of its own */
} fv_contrast_config;

/* Mean over the maps. heads: where the perceptrons' weights are. key: maps of the picture that says
 * what is where; they take no gradient. query: of the one that is asked. of: names the draws,
 * "places.OF.0" and so on. flip: NULL, or a number that is 1 where the query's picture is the
 * mirrored one, else 0. */
fv_node *fv_contrast(const fv_scope *heads, const fv_contrast_config *c, fv_node *const *key,
                     fv_node *const *query, int maps, const char *of, fv_node *flip);
/* x, mirrored from left to right where flip is 1. */
fv_node *fv_mirror_where(fv_graph *g, fv_node *x, fv_node *flip);
#endif
