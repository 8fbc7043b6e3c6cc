/* SPDX-License-Identifier: Apache-2.0 */
/* What an evaluator measures, row by row; fauve.h has it as a list of named figures. */
#ifndef FV_EVALUATOR_H
#define FV_EVALUATOR_H
#include "eval/eval.h"
#include "eval/feature.h"
#include "eval/yardstick.h"

enum { FV_ROW_PAINTED, FV_ROW_FLOORS, FV_ROW_REAL = FV_ROW_FLOORS + FV_FLOORS, FV_ROWS };
extern const char *const fv_row_names[FV_ROWS];
typedef struct {
	int networks, art_count;        /* networks may be 0: pixels were looked at */
	fv_measures pixels[FV_ROWS];    /* count 0: no such row */
	fv_yard_figures strokes[FV_ROWS], art;  /* the same */
	fv_feature_row features[FV_ROWS], halves;       /* the same */
	int values[FV_YARD_NETWORKS];   /* numbers in a point by each network */
	const char *trunk;              /* LPIPS', or NULL */
} fv_eval_rows;
/* fv_evaluator_measure(), which see. */
fv_status fv_evaluator_rows(fv_err *err, fv_evaluator *e, const fv_pixels *photos,
                            const fv_pixels *painted, int count, fv_eval_rows *out);
/* The name of the i-th figure that a set of painted pictures has (fv_figure), and how many networks
 * it takes; NULL behind the last. */
const char *fv_evaluator_name(int i, int *networks);
#endif
