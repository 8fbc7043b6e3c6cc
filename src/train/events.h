/* SPDX-License-Identifier: Apache-2.0 */
/* Event files as TensorBoard reads them: losses, rates, speed, what was measured, sheets.
 *
 * A file is a row of records [1], each a protobuf message Event [2], of which few fields are needed
 * here. A run that goes on begins a new file; what older ones say of steps that are made again is
 * cut off, so that no step stands there twice.
 *
 *	record	length u64, masked crc32c of it u32, message, masked crc32c of that u32;
 *		little endian
 *	mask	(crc >> 15 | crc << 17) + 0xa282ead8
 *
 * [1] TensorFlow, "TFRecord and tf.train.Example", tensorflow.org
 * [2] tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto */
#ifndef FV_EVENTS_H
#define FV_EVENTS_H
#include "train/train.h"

uint32_t fv_crc32c(uint32_t crc, const void *data, size_t bytes);       /* begin with 0 */
uint32_t fv_crc32c_masked(const void *data, size_t bytes);

/* All of these do nothing where no event files are asked for. */
/* Cuts the files that are there back to r->step and begins another. */
fv_status fv_events_open(fv_err *err, fv_run *r);
void fv_events_close(fv_run *r);
fv_status fv_events_step(fv_err *err, fv_run *r);       /* losses and rates */
fv_status fv_events_speed(fv_err *err, fv_run *r, double samples_per_second);
fv_status fv_events_metrics(fv_err *err, fv_run *r);    /* the last measurement */
fv_status fv_events_sheet(fv_err *err, fv_run *r, const char *path);    /* a .jpg, if it is there */
#endif
