/* SPDX-License-Identifier: Apache-2.0 */
/* Contact sheets: cells as large as the largest picture, white between. */
#include "picture/picture.h"
#include "base/base.h"
#include <stdlib.h>
#include <string.h>

#define GAP 4

fv_status fv_sheet_write(fv_err *err, fv_context *c, const char *path, const fv_pixels *pictures, int count, int columns)
{
	int64_t w = 1, h = 1, rows = fv_div_up(count, columns), area;
	for (int i = 0; i < count; i++) {
		w = fv_max(w, pictures[i].width);
		h = fv_max(h, pictures[i].height);
	}
	fv_pixels sheet = { columns * (w + GAP) - GAP, rows * (h + GAP) - GAP, 3, 8, 0, NULL };
	sheet.stride_bytes = sheet.width * 3;
	if (count < 1 || !fv_mul_size(sheet.stride_bytes, sheet.height, &area) || !(sheet.data = malloc((size_t)area)))
		return fv_fail_memory(err, path, count < 1 ? 0 : (size_t)(sheet.stride_bytes * sheet.height));
	memset(sheet.data, 255, (size_t)area);
	for (int i = 0; i < count; i++) {
		const fv_pixels *p = &pictures[i];
		for (int64_t y = 0; y < p->height; y++)
			for (int64_t x = 0; x < p->width; x++) {
				uint8_t *to = (uint8_t *)sheet.data + (i / columns * (h + GAP) + y) * sheet.stride_bytes + (i % columns * (w + GAP) + x) * 3;
				const char *row = (const char *)p->data + y * p->stride_bytes;
				for (int k = 0; k < 3; k++) {
					int64_t at = x * p->channels + (p->channels < 3 ? 0 : k);
					to[k] = p->bits == 16 ? (uint8_t)(((const uint16_t *)row)[at] >> 8) : ((const uint8_t *)row)[at];
				}
			}
	}
	fv_status st = fv_pixels_write(err, c, &sheet, path, NULL);
	free(sheet.data);
	return st;
}
