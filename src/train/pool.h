/* SPDX-License-Identifier: Apache-2.0 */
/* The pool: crops of photographs made ready to be painted: in dabs along their flow, with what tells these apart
 * along the same flow, and looked at by the teacher. A crop costs some hundredths of a second and
 * is used for some steps. */
#ifndef FV_POOL_H
#define FV_POOL_H
#include "device/program.h"
#include "train/slots.h"
#include "train/style_graph.h"

typedef struct fv_pool fv_pool;

/* config and teacher must outlive the pool; feed: crops of config->size, one a batch. */
fv_status fv_pool_new(fv_err *err, fv_context *c, const fv_style_config *config, fv_store *teacher,
                      fv_feed *photos, const fv_slots *slots, uint64_t seed, fv_pool **out);
void fv_pool_free(fv_pool *p);
/* Everything that stands in the slots at this step; quick where little changed. */
fv_status fv_pool_fill(fv_err *err, fv_pool *p, int64_t step, const fv_slots_live *live);
/* Copies of slot's picture S,S,3, marks S,S,FV_STROKE_MARKS and maps; sign: -1 turns the marks' sign. */
void fv_pool_take(const fv_pool *p, int64_t slot, float sign, float *x, float *z, float *content4,
                  float *content3);
const float *fv_pool_description(const fv_pool *p, int64_t slot);
/* The survey is of what stands in the slots now. */
const fv_survey *fv_pool_survey(const fv_pool *p);
int64_t fv_pool_bytes(const fv_pool *p);
#endif
