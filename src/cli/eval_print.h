/* SPDX-License-Identifier: Apache-2.0 */
/* What eval prints: rows of figures, as tables for people or as JSON. */
#ifndef FV_EVAL_PRINT_H
#define FV_EVAL_PRINT_H
#include "cli/cli.h"
#include "eval/eval.h"
#include "eval/yardstick.h"

enum { FV_ROW_PAINTED, FV_ROW_FLOORS, FV_ROW_REAL = FV_ROW_FLOORS + FV_FLOORS, FV_ROWS };
typedef struct {
	/* Names; networks may be 0: no strokes were looked at. */
	const char *network[FV_YARD_NETWORKS];
	int networks, art_count;
	fv_measures pixels[FV_ROWS];    /* count 0: no such row */
	fv_yard_figures strokes[FV_ROWS], art;  /* the same */
	fv_bar shortfall[FV_BARS_MOST];
	int shortfalls;
} fv_eval_rows;

void fv_eval_print(const fv_eval_rows *r);
fv_status fv_eval_print_json(fv_err *err, const fv_eval_rows *r);
#endif
