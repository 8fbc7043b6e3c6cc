/* SPDX-License-Identifier: Apache-2.0 */
/* Contact sheets as files: as large as their format takes. */
#include "picture/internal.h"
#include "base/base.h"

fv_status fv_sheet_write(fv_err *err, fv_context *c, const char *path, const fv_pixels *pictures, int count, int columns)
{
	fv_sheet_options o = FV_SHEET_DEFAULTS;
	fv_pixels sheet = {0};
	o.columns = columns;
	o.max_pixels = FV_PIXELS_MAX;
	o.max_side = fv_format_side(fv_format_of_ending(path));
	fv_status st = fv_sheet_size(err, pictures, count, &o, &sheet);
	if (!st && !(sheet.data = malloc((size_t)(sheet.stride_bytes * sheet.height))))
		st = fv_fail_memory(err, path, (size_t)(sheet.stride_bytes * sheet.height));
	if (!st && !(st = fv_sheet_draw(err, c, pictures, count, &o, &sheet)))
		st = fv_pixels_write(err, c, &sheet, path, NULL);
	free(sheet.data);
	return st;
}
