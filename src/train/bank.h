/* SPDX-License-Identifier: Apache-2.0 */
/* The bank: crops of paintings, and of each the sorted projections of its features, as the teacher
 * sees them at two sizes. Each crop of a photograph is compared with a painting of like colours:
 * with one, not with the mean of several, which would be duller. */
#ifndef FV_BANK_H
#define FV_BANK_H
#include "device/program.h"
#include "train/slots.h"
#include "train/style_graph.h"

typedef struct fv_bank fv_bank;

/* Fills the teacher's lines and spreads (fv_teacher_variables) from the first crops, then knows all
 * of config and teacher, which must outlive it. art: crops of config->size, one a batch. */
fv_status fv_bank_new(fv_err *err, fv_context *c, const fv_style_config *config, fv_store *teacher,
                      fv_feed *art, const fv_slots *slots, uint64_t seed, const fv_slots_live *live,
                      fv_bank **out);
void fv_bank_free(fv_bank *b);
fv_status fv_bank_fill(fv_err *err, fv_bank *b, int64_t step, const fv_slots_live *live);
/* One of the `top` slots nearest to a description, as u in [0,1) says. A photograph that is bright
 * among the photographs finds a painting that is bright among paintings. */
int64_t fv_bank_match(const fv_bank *b, const float *description, const fv_survey *photos, int top,
                      double u);
/* Copies of slot's crop S,S,3 and of its quantiles. */
void fv_bank_take(const fv_bank *b, int64_t slot, float *art,
                  float *const quantiles[FV_STYLE_LOOKS]);
/* Colours of the paintings seen coarsely (a mean over 16x16 pixels), two of each of the first crops;
 * sRGB. They depend on the feed's seed alone. */
#define FV_BANK_COLOURS 512
void fv_bank_palette(const fv_bank *b, uint8_t out[FV_BANK_COLOURS][3]);
int64_t fv_bank_bytes(const fv_bank *b);
#endif
