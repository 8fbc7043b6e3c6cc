/* SPDX-License-Identifier: Apache-2.0 */
/* Crops that were looked at by the teacher stand in slots and are used for some steps each; one
 * slot after the other is renewed. What stands where is a pure function of the step. Also: what
 * coarse colours a crop has, by which photographs find paintings. */
#ifndef FV_SLOTS_H
#define FV_SLOTS_H
#include "train/feed.h"
#include "base/philox.h"

typedef struct { int64_t count, every; } fv_slots;      /* slots; steps between two renewals */

/* The number of the crop in a slot at a step. */
static inline int64_t fv_slot_crop(const fv_slots *s, int64_t slot, int64_t step)
{
	return slot + s->count * ((s->count + step / s->every - 1 - slot) / s->count);
}

/* Means of luma, red - green, yellow - blue, and how much fine detail there is. x: side,side,3 in [-1,1]. */
#define FV_DESCRIPTION 4
void fv_describe(const float *x, int64_t side, float out[FV_DESCRIPTION]);
typedef struct { float mean[FV_DESCRIPTION], spread[FV_DESCRIPTION]; } fv_survey;
fv_survey fv_survey_of(float (*description)[FV_DESCRIPTION], int64_t count);

/* "looking at the paintings": shown while slots are filled. */
typedef struct {
	void (*live)(void *user, double done, const char *line);
	void *user;
} fv_slots_live;
#endif
