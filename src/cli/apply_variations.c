/* SPDX-License-Identifier: Apache-2.0 */
/* fauve apply: one picture with several seeds, as a sheet to choose from. Each is painted at full
 * size and made smaller, so that the one that is chosen is what its seed then paints. */
#include "cli/apply.h"
#include <stdlib.h>
#include <string.h>

#define CELL 800                        /* pixels of a painting's longer side on the sheet */

/* Paints a copy of the picture, and makes it as small as a cell. cell->data: free(). */
static fv_status variation(fv_err *err, fv_apply *a, const fv_pixels *v, int64_t seed,
                           fv_pixels *cell)
{
	const size_t bytes = (size_t)(v->height * v->stride_bytes);
	fv_sheet_options small = FV_SHEET_DEFAULTS;
	fv_paint_options how;
	fv_pixels copy = *v;
	small.max_side = CELL;
	if (!(copy.data = malloc(bytes)))
		return fv_fail_memory(err, "painting", bytes);
	memcpy(copy.data, v->data, bytes);
	fv_status st = fv_apply_how(err, a, v, &how);
	if (!st) {
		how.seed = (uint64_t)seed;
		how.max_memory = fv_apply_allowance(a, v);
		st = fv_apply_paint(err, a, &copy, &how);
	}
	if (!st)
		st = fv_sheet_size(err, &copy, 1, &small, cell);
	if (!st && !(cell->data = malloc((size_t)(cell->height * cell->stride_bytes))))
		st = fv_fail_memory(err, "sheet", (size_t)(cell->height * cell->stride_bytes));
	if (!st)
		st = fv_sheet_draw(err, a->context, &copy, 1, &small, cell);
	free(copy.data);
	return st;
}

fv_status fv_apply_variations(fv_err *err, fv_apply *a, const fv_job *j)
{
	const int count = (int)a->o->variations;
	const int columns = (int)ceil(sqrt(count));
	const int64_t first = a->o->seed;
	fv_picture *p = NULL;
	fv_pixels *cell = calloc((size_t)count, sizeof *cell);
	if (!cell)
		return fv_fail_memory(err, "sheet", (size_t)count * sizeof *cell);
	fv_status st = fv_apply_read(err, a, j, &p);
	for (int i = 0; i < count && !st; i++) {
		char text[80];
		snprintf(text, sizeof text, "%d/%d  --seed %" PRId64, i + 1, count, first + i);
		fv_progress_show(a->cli->progress, (double)i / count, text);
		st = variation(err, a, fv_picture_pixels(p), first + i, &cell[i]);
	}
	fv_progress_clear(a->cli->progress);
	if (!st)
		st = fv_sheet_write(err, a->context, j->out, cell, count, columns);
	for (int i = 0; i < count && !st; i += columns)
		fv_say(a->cli, "%s: row %d, from the left: --seed %" PRId64 " to %" PRId64, j->out,
		       i / columns + 1, first + i, first + fv_min(i + columns, count) - 1);
	for (int i = 0; i < count; i++)
		free(cell[i].data);
	free(cell);
	fv_picture_free(p);
	return st;
}
