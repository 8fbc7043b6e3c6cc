/* SPDX-License-Identifier: Apache-2.0 */
/* fastcut: `cut` without the painting's identity, at some 60 % of the time a step; half of the time
 * photographs are mirrored.
 *
 * As published places weigh ten times as much as the adversary. Painters so trained do little: the
 * discriminator wins, its loss for the generator ends at 1, and the photograph comes out as it went
 * in (issue 94 of the published code, where weight 1 is what helped). So 1 is the default; the
 * preset `published` has 10. */
#include "train/recipe_cut.h"

static const fv_option table[] = {
	FV_CUT_OPTIONS, FV_CUT_NCE("1"), FV_CUT_IDENTITY("0"), FV_CUT_INNER("1", "0.75"), { 0 },
};

const fv_recipe fv_recipe_fastcut = {
	.name = "fastcut", .help = "as cut, without painting paintings again: less work a step",
	.options = table,
	.presets = { FV_CUT_SMALL, { "published", "the published weights, which change little",
	                             { "nce=10" } } },
	.programs = { {
		FV_CUT_STEP,
		.losses = (const fv_recipe_loss[]){ { "d", { "loss.d" }, .won_below = 0.01 },
		                                    { "adv", { "loss.adv" } },
		                                    { "nce", { "loss.nce" } }, { 0 } },
	} },
	FV_CUT_RECORD,
};
