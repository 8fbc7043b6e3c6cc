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

/* Rows of their tables that are the same in both. */
#define FV_CARTOON_AT(member) .at = offsetof(fv_cartoon_options, member)
#define FV_CARTOON_PHOTOS                                                                          \
	{ .name = "photos", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES,    \
	  .arg = "DIR", FV_CARTOON_AT(photos), .preset_help = "those that come with fauve",        \
	  .help = "a folder of photographs, or one" }
#define FV_CARTOON_BATCH                                                                           \
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", FV_CARTOON_AT(batch), .preset = "2",    \
	  .low = 1, .high = 1000, .help = "samples a step" }
#define FV_CARTOON_LEARNING                                                                        \
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", FV_CARTOON_AT(rate), .preset = "1e-4", \
	  .low = 1e-8, .high = 0.1, .help = "the generator's learning rate" },                     \
	{ .name = "beginning", .type = FV_OPT_FLOAT, .arg = "X", FV_CARTOON_AT(beginning),         \
	  .preset = "0.1", .low = 0, .high = 1,                                                    \
	  .help = "share of the steps in which it learns content alone" }
#define FV_CARTOON_FEATURES                                                                        \
	{ .name = "features", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .kept = FV_KEPT_APART,     \
	  .arg = "FILE", FV_CARTOON_AT(features), .preset = "vgg16",                               \
	  .help = "the frozen network that teaches: a file, or the name of one that is here" }

#define FV_CARTOON_DATA                                                                            \
	{ .option = "photos", .type = &fv_data_crops, .purpose = "photographs", .longest = 768,    \
	  .zoom_low = 1, .zoom_high = 2,                                                           \
	  .shipped = "photographs that come with fauve (photos/CREDITS.md)" },                     \
	{ .option = "art", .type = &fv_data_crops, .purpose = "paintings", .longest = 768,         \
	  .zoom_low = 1, .zoom_high = 2 }

/* For their records. */
fv_status fv_cartoon_open(fv_err *err, fv_run *r);
void fv_cartoon_close(fv_run *r);
int64_t fv_cartoon_bytes(const fv_run *r);
void fv_cartoon_build(fv_graph *g, fv_run *r);
extern const fv_recipe_input fv_cartoon_inputs[];
extern const fv_recipe_scalar fv_cartoon_scalars[];
#endif
