/* SPDX-License-Identifier: Apache-2.0 */
/* A run's folder: what is written there, and how a run goes on from it. */
#ifndef FV_RUN_H
#define FV_RUN_H
#include "model/model.h"
#include "train/train.h"

fv_status fv_run_open(fv_err *err, fv_run *r);          /* makes the folder, takes its lock */
void fv_run_close(fv_run *r);
/* Loads the newest checkpoint that reads well, when there is one; settings that differ are an error. */
fv_status fv_run_find(fv_err *err, fv_run *r, bool *found);
fv_status fv_run_load(fv_err *err, fv_run *r);          /* the newest checkpoint: weights, counters */
fv_status fv_run_save(fv_err *err, fv_run *r);          /* checkpoint and models */
bool fv_run_has_checkpoint(const fv_run *r);            /* has the folder's run learnt anything? */
/* Before the graphs are built: where their weights begin, and which of them are frozen. Then: says it, and refuses what fits nothing. */
fv_status fv_run_begin_weights(fv_err *err, fv_run *r);
fv_status fv_run_tell_weights(fv_err *err, fv_run *r);
fv_status fv_run_save_models(fv_err *err, fv_run *r);   /* the models alone */
fv_status fv_run_save_best(fv_err *err, fv_run *r);     /* under the names of the best */
/* A line of metrics.jsonl. */
fv_status fv_run_metrics(fv_err *err, fv_run *r, const char *line);
/* The i-th rate of the recipe at a step, past or to come, as it would be now; false: there is
 * none. */
#define FV_RATES 8
bool fv_run_rate(const fv_run *r, int i, int64_t step, char *name, size_t room, double *value);
/* It stops for that. */
void fv_run_stop(fv_run *r, const char *by, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
fv_status fv_run_note(fv_err *err, fv_run *r);          /* a line of stats.jsonl */
fv_status fv_run_cut_stats(fv_err *err, fv_run *r);     /* drops lines behind r->step */
/* A line of times.jsonl: {"step":N,...}; the format is what stands behind the step. */
fv_status fv_run_time(fv_err *err, fv_run *r, const char *format, ...) __attribute__((format(printf, 3, 4)));
void fv_run_say(const fv_run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* teacher.c: opens the feature network that the option `features` names; free it with
 * fv_model_free(). FV_E_ARGUMENT: it is a model of another kind. */
fv_status fv_run_teacher(fv_err *err, const fv_run *r, const char *name, fv_model **out);

/* All variables and counters in memory, for the warm-up. fv_state_restore frees it. */
typedef struct fv_state fv_state;
fv_status fv_state_save(fv_err *err, fv_run *r, fv_state **out);
void fv_state_restore(fv_run *r, fv_state *s);
#endif
