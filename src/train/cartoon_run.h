/* SPDX-License-Identifier: Apache-2.0 */
/* What the recipes `animegan` and `cartoongan` have in common: options, teacher, schedule. */
#ifndef FV_CARTOON_RUN_H
#define FV_CARTOON_RUN_H
#include "train/cartoon_graph.h"
#include "train/train.h"

typedef struct {
	fv_texts photos, art;
	const char *features;
	int64_t batch, size, width, blocks;
	int version, grid, order;
	double rate, beginning, content, style, colour, tv, adv, real, smooth;
} fv_cartoon_options;

/* For their records. */
fv_status fv_cartoon_open(fv_err *err, fv_run *r);
void fv_cartoon_close(fv_run *r);
int64_t fv_cartoon_bytes(const fv_run *r);
void fv_cartoon_build(fv_graph *g, fv_run *r);
extern const fv_recipe_input fv_cartoon_inputs[];
extern const fv_recipe_scalar fv_cartoon_scalars[];
#endif
