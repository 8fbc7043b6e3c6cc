/* SPDX-License-Identifier: Apache-2.0 */
/* Contact sheets: cells as large as the largest picture, white between; smaller where the sheet
 * would be too large. */
#include "fauve/fauve.h"
#include "base/resample.h"
#include <math.h>
#include <string.h>

#define GAP 4
#define LESS 0.98                       /* cells are tried so much smaller each time */

typedef struct { int64_t columns, rows, w, h; double scale; } layout;   /* w, h: of a cell */

static int64_t scaled(int64_t n, double scale) { return fv_max(1, (int64_t)((double)n * scale)); }

static bool fits(const layout *k, const fv_sheet_options *o, fv_pixels *sheet)
{
	int64_t area;
	*sheet = (fv_pixels){ .channels = 3, .bits = 8 };
	sheet->width = k->columns * (k->w + GAP) - GAP;
	sheet->height = k->rows * (k->h + GAP) - GAP;
	sheet->stride_bytes = sheet->width * 3;
	return fv_mul_size(sheet->stride_bytes, sheet->height, &area) &&
	       (!o->max_side || fv_max(sheet->width, sheet->height) <= o->max_side) &&
	       (!o->max_pixels || area / 3 <= o->max_pixels);
}

static fv_status lay(fv_err *err, const fv_pixels *pictures, int count, const fv_sheet_options *opt,
                     layout *k, fv_pixels *sheet)
{
	fv_sheet_options o = FV_SHEET_DEFAULTS;
	int64_t w = 1, h = 1;
	if (opt)
		memcpy(&o, opt, opt->size < sizeof o ? opt->size : sizeof o);
	if (count < 1 || o.columns < 0 || o.max_side < 0 || o.max_pixels < 0)
		return fv_fail(err, FV_E_ARGUMENT,
		               "a sheet of %d pictures, %d in a row: it needs one at least", count,
		               o.columns);
	for (int i = 0; i < count; i++) {
		fv_status st = fv_pixels_check(err, &pictures[i], "a sheet's", FV_PIXELS_ANY);
		if (st)
			return st;
		w = fv_max(w, pictures[i].width);
		h = fv_max(h, pictures[i].height);
	}
	k->columns = o.columns ? o.columns : (int64_t)ceil(sqrt(count));
	k->rows = fv_div_up(count, k->columns);
	for (k->scale = 1;; k->scale *= LESS) {
		k->w = scaled(w, k->scale), k->h = scaled(h, k->scale);
		if (fits(k, &o, sheet))
			return FV_OK;
		if (k->w == 1 && k->h == 1)
			return fv_fail(err, FV_E_LIMIT,
			               "a sheet of %" PRId64 " rows of %" PRId64 " pictures is too large "
			               "even with cells of one pixel; take fewer pictures", k->rows, k->columns);
	}
}

fv_status fv_sheet_size(fv_err *err, const fv_pixels *pictures, int count,
                        const fv_sheet_options *opt, fv_pixels *out)
{
	layout k;
	fv_pixels sheet = { 0 };
	fv_status st = lay(err, pictures, count, opt, &k, &sheet);
	if (!st)
		*out = sheet;
	return st;
}

/* RGB of 8 bits, rows of `stride` bytes. */
static void plainly(const fv_pixels *p, uint8_t *to, int64_t stride)
{
	for (int64_t y = 0; y < p->height; y++)
		for (int64_t x = 0; x < p->width; x++)
			for (int k = 0; k < 3; k++) {
				const char *row = (const char *)p->data + y * p->stride_bytes;
				int64_t at = x * p->channels + (p->channels < 3 ? 0 : k);
				uint8_t *v = &to[y * stride + 3 * x + k];
				if (p->bits == 16)
					*v = (uint8_t)(((const uint16_t *)row)[at] >> 8);
				else
					*v = ((const uint8_t *)row)[at];
			}
}

static fv_status smaller(fv_err *err, fv_context *c, const fv_pixels *p, double scale, uint8_t *to,
                         int64_t stride)
{
	int64_t w = scaled(p->width, scale), h = scaled(p->height, scale),
	        whole = fv_div_up(p->width * p->height * 3, FV_ALIGN) * FV_ALIGN,
	        part = fv_div_up(w * h * 3, FV_ALIGN) * FV_ALIGN;
	size_t bytes = (size_t)(whole + part) + fv_resample_room(p->height, p->width, h, w);
	uint8_t *room = fv_alloc_rough(c, bytes);
	if (!room)
		return fv_fail_memory(err, "a sheet's picture", bytes);
	plainly(p, room, 3 * p->width);
	fv_resample(room, p->height, p->width, 3 * p->width, room + whole, h, w, FV_FILTER_LANCZOS,
	            room + whole + part);
	for (int64_t y = 0; y < h; y++)
		memcpy(to + y * stride, room + whole + 3 * w * y, (size_t)(3 * w));
	fv_free(c, room);
	return FV_OK;
}

fv_status fv_sheet_draw(fv_err *err, fv_context *c, const fv_pixels *pictures, int count,
                        const fv_sheet_options *opt, const fv_pixels *out)
{
	layout k;
	fv_pixels sheet = { 0 };
	fv_status st = lay(err, pictures, count, opt, &k, &sheet);
	if (!st && (!out->data || out->width != sheet.width || out->height != sheet.height ||
	            out->channels != 3 || out->bits != 8 ||
	            out->stride_bytes < 3 * out->width))
		st = fv_fail(err, FV_E_SHAPE,
		             "this sheet has %" PRId64 "x%" PRId64 " pixels of 3 channels of 8 bits",
		             sheet.width, sheet.height);
	for (int64_t y = 0; y < sheet.height && !st; y++)
		memset((char *)out->data + y * out->stride_bytes, 255, (size_t)(3 * sheet.width));
	for (int i = 0; i < count && !st; i++) {
		int64_t row = i / k.columns * (k.h + GAP), column = i % k.columns * (k.w + GAP);
		uint8_t *to = (uint8_t *)out->data + row * out->stride_bytes + 3 * column;
		if (!pictures[i].data)
			st = fv_fail(err, FV_E_SHAPE, "a sheet's picture has no pixels");
		else if (k.scale < 1)
			st = smaller(err, c, &pictures[i], k.scale, to, out->stride_bytes);
		else
			plainly(&pictures[i], to, out->stride_bytes);
	}
	return st;
}
