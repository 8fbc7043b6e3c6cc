/* SPDX-License-Identifier: Apache-2.0 */
/* report.html in a run's folder: one file, read without a server or a network, light or dark as the
 * reader's system is. Curves are SVG in it; sheets are the files beside it, by relative links: they
 * are there already, and the report stays small and is written anew in a moment. The page is
 * report.html in this folder, built into the program. */
#ifndef FV_REPORT_H
#define FV_REPORT_H
#include "train/train.h"

/* As the run's files are now. FV_E_WRITE, FV_E_MEMORY. */
fv_status fv_report_write(fv_err *err, fv_run *r);
#endif
