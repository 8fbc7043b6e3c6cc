/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring while it trains: what the first model makes of pictures that the training does not see,
 * by any figure that an evaluator has (eval/evaluator.h). It says when the run is good enough, and
 * which of its models was the best: that one is kept as best.safetensors.
 *
 * The pictures are the data's own, set aside before training begins, or those of folders given by
 * held-photos and held-art. A measurement is a pure function of the weights: a run that is killed
 * and goes on measures the same, at the same steps, and keeps the same best. */
#ifndef FV_MEASURE_H
#define FV_MEASURE_H
#include "train/train.h"

/* ---- wanted.c */
/* What the options ask for, into r->measured. begun: the run was there already. FV_E_ARGUMENT. */
fv_status fv_measure_wanted(fv_err *err, fv_run *r, bool begun);
/* The networks that a figure takes; -1: it is none of what this recipe makes. */
int fv_measure_networks(const fv_run *r, const char *metric);
bool fv_measure_paints(const fv_run *r);        /* or makes pictures from noise */
/* Is a folder given of pictures to compare with, or of photographs? */
bool fv_measure_has_folder(const fv_run *r, bool art);

/* ---- measure.c */
/* How many of the data's pictures are to be set aside, at most. */
int fv_measure_aside(const fv_run *r, const fv_data_want *want);
#define FV_SET_ASIDE 24                 /* where nothing is said */
/* Pictures and networks, after the data. Does nothing where nothing is measured. */
fv_status fv_measure_open(fv_err *err, fv_run *r);
void fv_measure_close(fv_run *r);
/* How good it is before the first step, which also says how long measuring takes. */
fv_status fv_measure_first(fv_err *err, fv_run *r);
/* How often: settles r->measured.every, for steps that take `each` seconds; and how long all of it
 * will take, in seconds a step. */
double fv_measure_pace(fv_run *r, double each);
/* Is it time to? */
bool fv_measure_due(const fv_run *r);
/* Measures, notes it in metrics.jsonl, keeps the model when it is the best. FV_E_CANCELLED: it was
 * stopped, and nothing has changed. */
fv_status fv_measure(fv_err *err, fv_run *r);
/* Is the run good enough, or does it get no better? Says so by fv_run_stop(). */
bool fv_measure_stops(fv_run *r);
/* The figures of the last measurement by their names; yours. */
json_t *fv_measure_line(const fv_run *r);
/* What a checkpoint keeps of it; yours. */
json_t *fv_measure_kept(const fv_run *r);
/* What a checkpoint, maybe a stranger's, says. FV_E_FORMAT. */
fv_status fv_measure_recall(fv_err *err, fv_run *r, const char *path, const json_t *kept);
/* What a model says of it; yours. */
json_t *fv_measure_about(const fv_run *r);
/* Is there anything to tell: has any measurement come to something? */
bool fv_measure_told(const fv_run *r);
/* What it has come to, for the live line; returns how many letters. */
int fv_measure_live(const fv_run *r, char *text, size_t room);
#endif
