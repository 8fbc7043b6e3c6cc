/* SPDX-License-Identifier: Apache-2.0 */
/* What eval prints: rows of figures, as tables for people or as JSON. */
#ifndef FV_EVAL_PRINT_H
#define FV_EVAL_PRINT_H
#include "cli/cli.h"
#include "eval/evaluator.h"

typedef struct {
	const char *network[FV_YARD_NETWORKS];  /* names */
	fv_eval_rows rows;
	fv_bar shortfall[FV_BARS_MOST];
	int shortfalls;
} fv_eval_report;

void fv_eval_print(const fv_eval_report *r);
fv_status fv_eval_print_json(fv_err *err, const fv_eval_report *r);
#endif
