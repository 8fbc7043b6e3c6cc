/* SPDX-License-Identifier: Apache-2.0 */
/* The options that every recipe has. To add one: a line here, a field in train.h. */
#include "train/train.h"

const fv_option fv_train_table[] = {
	{ .name = "name", .type = FV_OPT_TEXT, .kept = FV_KEPT_CHANGES, .arg = "NAME",
	  .at = offsetof(fv_train_common, name),
	  .help = "a name for the model: it stands among your styles from the first checkpoint "
	          "on, to be used while it learns and after" },
	{ .name = "preset", .type = FV_OPT_TEXT, .arg = "NAME",
	  .at = offsetof(fv_train_common, preset),
	  .help = "begin with a set of values that the recipe has; what is given beside it "
	          "counts" },
	{ .name = "time", .type = FV_OPT_DURATION, .kept = FV_KEPT_CHANGES, .arg = "T",
	  .at = offsetof(fv_train_common, time), .preset_help = "the recipe's", .low = 1,
	  .high = 1e7,
	  .help = "how long to train, turned into steps after a timed warm-up; with a run that is "
	          "resumed, how long to go on, at the pace that it has had" },
	{ .name = "steps", .type = FV_OPT_INT, .kept = FV_KEPT_CHANGES, .arg = "N",
	  .at = offsetof(fv_train_common, steps), .preset_help = "the recipe's", .low = 1,
	  .high = FV_STEPS_MAX,
	  .help = "how many steps to train, those of a resumed run included" },
	{ .name = "seed", .type = FV_OPT_INT, .arg = "N",
	  .at = offsetof(fv_train_common, seed), .preset = "1", .low = 0, .high = 1e15, .help = "of everything that is drawn" },
	{ .name = "init", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .kept = FV_KEPT_MOVES, .arg = "FILE",
	  .at = offsetof(fv_train_common, init),
	  .help = "begin with the weights of a model, or with all of a run's folder, wherever name and shape are the "
	          "same; the rest is drawn" },
	{ .name = "freeze", .type = FV_OPT_TEXTS, .arg = "PATTERN", .at = offsetof(fv_train_common, freeze),
	  .help = "weights that stay as they begin, by their names in the checkpoint: 'G.model.1.*'; may be given several times" },
	{ .name = "preview-every", .type = FV_OPT_DURATION, .kept = FV_KEPT_CHANGES, .arg = "T",
	  .at = offsetof(fv_train_common, preview), .preset = "4m", .low = 1, .high = 1e7,
	  .help = "between contact sheets" },
	{ .name = "checkpoint-every", .type = FV_OPT_DURATION, .kept = FV_KEPT_CHANGES, .arg = "T",
	  .at = offsetof(fv_train_common, checkpoint), .preset = "2m", .low = 0.1, .high = 1e7,
	  .help = "between checkpoints" },
	{ .name = "max-memory", .type = FV_OPT_SIZE, .kept = FV_KEPT_CHANGES, .arg = "SIZE",
	  .at = offsetof(fv_train_common, max_memory),
	  .help = "of a step and what it trains: where it would take more, what is cheap is made "
	          "again rather than kept, which takes a little longer and gives the same run; "
	          "with precision bf16 what is left is kept rounded" },
	{ .name = "until", .type = FV_OPT_TEXT, .kept = FV_KEPT_CHANGES, .arg = "'METRIC<X'",
	  .at = offsetof(fv_train_common, until),
	  .help = "stop when what it makes of pictures that it does not learn from is good enough: "
	          "'swd<70', 'ssim>0.5', any figure of `fauve eval`; none: no more" },
	{ .name = "measure", .type = FV_OPT_TEXT, .kept = FV_KEPT_CHANGES, .arg = "METRIC",
	  .at = offsetof(fv_train_common, measure),
	  .help = "measure, and keep the best model as best.safetensors, without stopping for it; "
	          "METRIC> where more is better; none: no more" },
	{ .name = "patience", .type = FV_OPT_INT, .kept = FV_KEPT_CHANGES, .arg = "N",
	  .at = offsetof(fv_train_common, patience), .low = 1, .high = 1e6,
	  .help = "stop when so many measurements in a row were no better than the best" },
	{ .name = "measure-every", .type = FV_OPT_TEXT, .kept = FV_KEPT_CHANGES, .arg = "N|T",
	  .at = offsetof(fv_train_common, measure_every),
	  .preset_help = "twenty times a run, less often where that took over a tenth of the time",
	  .help = "steps, or time, between measurements" },
	{ .name = "held-photos", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER,
	  .kept = FV_KEPT_CHANGES, .arg = "DIR", .at = offsetof(fv_train_common, held_photos),
	  .preset_help = "set aside from those to learn from",
	  .help = "photographs to measure on, which are not learnt from" },
	{ .name = "held-art", .type = FV_OPT_TEXTS, .kind = FV_ARG_FOLDER, .kept = FV_KEPT_CHANGES,
	  .arg = "DIR", .at = offsetof(fv_train_common, held_art),
	  .preset_help = "set aside from those to learn from",
	  .help = "real pictures to compare with, which are not learnt from" },
	{ .name = "set-aside", .type = FV_OPT_INT, .arg = "N",
	  .at = offsetof(fv_train_common, set_aside), .low = 2, .high = 1000,
	  .preset_help = "24, where it measures",
	  .help = "of the pictures to learn from one in ten is measured on instead, so many at "
	          "most" },
	{ .name = "tensorboard", .type = FV_OPT_FLAG, .kept = FV_KEPT_CHANGES,
	  .at = offsetof(fv_train_common, tensorboard),
	  .help = "also write event files for TensorBoard into the run's folder" },
	{ 0 },
};
