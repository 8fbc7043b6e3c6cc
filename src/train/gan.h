/* SPDX-License-Identifier: Apache-2.0 */
/* What the records of the recipes on DCGAN's pair share: options, and what is made of them. */
#ifndef FV_GAN_H
#define FV_GAN_H
#include "train/gan_graph.h"
#include "train/train.h"

/* Those that a recipe's table lacks keep what its configure function sets. */
typedef struct {
	const char *data;
	int conditional, spectral, norm, loss, augment;
	int64_t size, width, noise, batch, every, critic;
	double rate, average, r1, r2, slope, clip;
} fv_gan_options;

/* The rows of a table that all have. */
#define FV_GAN_OPTIONS(RATE, BATCH, NOISE) \
	{ .name = "data", .type = FV_OPT_TEXT, .kind = FV_ARG_FILE, .kept = FV_KEPT_MOVES, \
	  .required = true, .arg = "PATH", \
	  .at = offsetof(fv_gan_options, data), \
	  .help = "a folder of pictures, one with a folder for each label, or MNIST's idx or " \
	          "idx.gz file or its folder" }, \
	{ .name = "conditional", .type = FV_OPT_ENUM, .kept = FV_KEPT_APART, .arg = "WHEN", \
	  .at = offsetof(fv_gan_options, conditional), \
	  .preset = "no", .choices = fv_no_yes, \
	  .help = "the generator is told which label its picture is to have" }, \
	{ .name = "size", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", \
	  .at = offsetof(fv_gan_options, size), \
	  .preset_help = "28 for MNIST's digits, else 64", .low = 0, .high = 64, \
	  .help = "pixels of a side: 28, 32 or 64" }, \
	{ .name = "width", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", \
	  .at = offsetof(fv_gan_options, width), \
	  .preset = "64", .low = 1, .high = 1024, .help = "channels at half the size" }, \
	{ .name = "noise", .type = FV_OPT_INT, .kept = FV_KEPT_APART, .arg = "N", \
	  .at = offsetof(fv_gan_options, noise), \
	  .preset = NOISE, .low = 1, .high = 65536, \
	  .help = "numbers of noise that a picture is made of" }, \
	{ .name = "batch", .type = FV_OPT_INT, .arg = "N", .at = offsetof(fv_gan_options, batch), \
	  .preset = BATCH, .low = 2, \
	  .high = 10000, .help = "samples a step" }, \
	{ .name = "rate", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(fv_gan_options, rate), \
	  .preset = RATE, .low = 1e-8, \
	  .high = 1, .help = "learning rate" }, \
	{ .name = "average", .type = FV_OPT_FLOAT, .arg = "X", .at = offsetof(fv_gan_options, \
	  average), .preset = "0.999", \
	  .low = 0, .high = 0.999999, \
	  .help = "what is left, after a step, of the generator's average, which is what is kept; " \
	          "0: its last weights are" }, \
	{ .name = "spectral", .type = FV_OPT_ENUM, .arg = "WHEN", .at = offsetof(fv_gan_options, \
	  spectral), .preset = "no", \
	  .choices = fv_no_yes, \
	  .help = "the discriminator's weights are divided by their largest singular value" }, \
	{ .name = "augment", .type = FV_OPT_ENUM, .arg = "HOW", .at = offsetof(fv_gan_options, \
	  augment), .preset = "off", \
	  .choices = fv_augmentations, \
	  .help = "the discriminator sees pictures in other colours, moved and with holes, real and " \
	          "generated alike, so that a small collection is not learnt by heart: always " \
	          "(diff), or as often as it is needed (ada)" }
extern const char *const fv_no_yes[];

/* A recipe's configure: fills the rest of r->config from options and data, and looks whether they go
 * together. */
fv_status fv_gan_configure(fv_err *err, fv_run *r);
/* Its feed: `labels` and `now`, where the program has them. */
fv_status fv_gan_feed(fv_err *err, fv_run *r, fv_program *p, int64_t number);
fv_status fv_gan_about(fv_err *err, fv_run *r, json_t *about);          /* the labels' names */
json_t *fv_gan_signature(void);
double fv_gan_rate(const fv_run *r, int64_t update);
double fv_gan_decay(const fv_run *r, int64_t update);
void fv_gan_step(fv_graph *g, fv_run *r);
void fv_gan_penalty(fv_graph *g, fv_run *r);
void fv_gan_critic(fv_graph *g, fv_run *r);
void fv_gan_generator(fv_graph *g, fv_run *r);
#endif
