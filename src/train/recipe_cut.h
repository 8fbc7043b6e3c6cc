/* SPDX-License-Identifier: Apache-2.0 */
/* What the recipes `cut` and `fastcut` share: all but some defaults. */
#ifndef FV_RECIPE_CUT_H
#define FV_RECIPE_CUT_H
#include "train/cut_graph.h"
#include "train/train.h"

typedef struct {
	fv_texts photos, art;
	int64_t batch, size, width, blocks, flip;
	double rate, constant, adv, nce, identity;
} fv_cut_options;

/* Lines of the options' table, less those whose defaults differ: nce, identity, flip, constant. */
#define FV_CUT_OPTIONS                                                                             \
	{ .name = "photos", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES,    \
	  .arg = "DIR", .at = offsetof(fv_cut_options, photos),                                    \
	  .preset_help = "those that come with fauve",                                             \
	  .help = "a folder of photographs, or one" },                                             \
	{ .name = "art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_MOVES,       \
	  .required = true, .arg = "DIR", .at = offsetof(fv_cut_options, art),                     \
	  .help = "a folder of paintings, or one" },                                               \
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", .at = offsetof(fv_cut_options, batch),  \
	  .preset = "1", .low = 1, .high = 64, .help = "samples a step" },                         \
	{ .name = "size", .type = FV_OPT_INT, .arg = "N", .at = offsetof(fv_cut_options, size),    \
	  .preset = "256", .low = 32, .high = 1024, .multiple = 4,                                 \
	  .help = "side of the crops, a multiple of 4" },                                          \
	{ .name = "width", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N",                  \
	  .at = offsetof(fv_cut_options, width), .preset = "64", .low = 1, .high = 512,            \
	  .help = "channels at full size, of generator and discriminator" },                       \
	{ .name = "blocks", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N",                 \
	  .at = offsetof(fv_cut_options, blocks), .preset = "9", .low = 2, .high = 64,             \
	  .help = "residual blocks" },                                                             \
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(fv_cut_options, rate),  \
	  .preset = "2e-4", .low = 1e-8, .high = 1, .help = "learning rate" },                     \
	{ .name = "adv", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(fv_cut_options, adv),    \
	  .preset = "1", .low = 0, .high = 1000, .help = "weight of the adversary" }
#define FV_CUT_NCE(preset_)                                                                        \
	{ .name = "nce", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(fv_cut_options, nce),    \
	  .preset = preset_, .low = 0, .high = 1000,                                               \
	  .help = "weight of keeping each place what it is" }
#define FV_CUT_IDENTITY(preset_)                                                                   \
	{ .name = "identity", .type = FV_OPT_FLOAT, .arg = "X",                                    \
	  .at = offsetof(fv_cut_options, identity), .preset = preset_, .low = 0, .high = 1000,     \
	  .help = "the same of what is a painting already; 0: without" }
#define FV_CUT_INNER(flip_, constant_)                                                             \
	{ .name = "flip", .type = FV_OPT_INT, .kept = FV_KEPT_INNER,                               \
	  .at = offsetof(fv_cut_options, flip), .preset = flip_ },                                 \
	{ .name = "constant", .type = FV_OPT_FLOAT, .kept = FV_KEPT_INNER,                         \
	  .at = offsetof(fv_cut_options, constant), .preset = constant_ }

/* A preset of both. */
#define FV_CUT_SMALL                                                                               \
	{ "small", "for an hour or two without a GPU", { "size=128", "width=32", "blocks=6" } }

/* All else of the record. */
fv_status fv_cut_configure(fv_err *err, fv_run *r);
void fv_cut_build(fv_graph *g, fv_run *r);
json_t *fv_cut_signature(void);
extern const fv_recipe_scalar fv_cut_scalars[];
#define FV_CUT_CROPS(option_, purpose_)                                                            \
	.option = option_, .type = &fv_data_crops, .purpose = purpose_, .longest = 512,            \
	.zoom_low = 1, .zoom_high = 1.12
#define FV_CUT_RECORD                                                                              \
	.bytes = sizeof(fv_cut_options), .seconds = 7200,                                          \
	.data = { { FV_CUT_CROPS("photos", "photographs"),                                         \
	            .shipped = "photographs that come with fauve (photos/CREDITS.md)" },           \
	          { FV_CUT_CROPS("art", "paintings") } },                                          \
	.config_bytes = sizeof(fv_cut_config), .configure = fv_cut_configure,                      \
	.models = { { "model.safetensors", &fv_family_resnet, "G.", offsetof(fv_cut_config, net),  \
	              .shows = "photos" } },                                                       \
	.signature = fv_cut_signature,                                                             \
	.smallest = (const char *const[]){ "size=32", "width=4", "blocks=2", NULL }
#define FV_CUT_STEP                                                                                \
	.name = "step", .build = fv_cut_build, .ok = "ok", .scalars = fv_cut_scalars,              \
	.inputs = (const fv_recipe_input[]){ { "photos", "photos" }, { "art", "art" }, { 0 } }
#endif
