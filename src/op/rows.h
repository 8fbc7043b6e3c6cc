/* SPDX-License-Identifier: Apache-2.0 */
/* gather's view of its operands. */
#ifndef FV_ROWS_H
#define FV_ROWS_H
#include "op/op.h"

typedef struct { int64_t n, rows, c, k, step; } fv_rows;        /* step: from one picture's numbers to the next's */

static inline fv_rows fv_rows_of(fv_shape x, fv_shape index)
{
	fv_rows r = { .c = x.c, .k = index.c, .step = index.rank == 2 ? index.c : 0 };
	r.n = x.rank == 4 ? x.n : x.h;
	r.rows = x.rank == 4 ? x.h * x.w : x.w;
	return r;
}
#endif
