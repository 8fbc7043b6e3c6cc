/* SPDX-License-Identifier: Apache-2.0 */
/* Fills what alpha hides. */
#include "picture/internal.h"

/* Nobody sees a pixel of less than one part in a hundred. */
static bool visible(const fv_pixels *p, int64_t x, int64_t y)
{
	const char *row = (const char *)p->data + y * p->stride_bytes;
	return p->bits == 16 ? ((const uint16_t *)row)[4 * x + 3] > 2 * 257
			     : ((const uint8_t *)row)[4 * x + 3] > 2;
}

static void copy(const fv_pixels *p, int64_t tx, int64_t ty, int64_t fx, int64_t fy)
{
	int64_t bytes = p->bits / 8;
	memcpy((char *)p->data + ty * p->stride_bytes + tx * 4 * bytes,
	       (char *)p->data + fy * p->stride_bytes + fx * 4 * bytes, (size_t)(3 * bytes));
}

/* A sweep along each row from the nearest visible pixel on either side; rows with none take the row
 * above, or below. */
void fv_picture_fill_hidden(fv_picture *picture)
{
	const fv_pixels *p = &picture->pixels;
	if (p->channels != 4)
		return;
	int64_t above = -1;
	for (int64_t y = 0; y < p->height; y++) {
		int64_t left = -1;
		for (int64_t x = 0; x < p->width; x++) {
			if (visible(p, x, y)) {
				/* The gap behind us: its nearer half from here, or all of it when
				 * nothing stood before. */
				for (int64_t k = x - 1; k > left && (left < 0 || 2 * k > left + x);
				     k--)
					copy(p, k, y, x, y);
				left = x;
			} else if (left >= 0)
				copy(p, x, y, left, y);
		}
		if (left >= 0 && above < 0)
			for (int64_t k = 0; k < y; k++)
				for (int64_t x = 0; x < p->width; x++)
					copy(p, x, k, x, y);
		if (left < 0 && above >= 0)
			for (int64_t x = 0; x < p->width; x++)
				copy(p, x, y, x, above);
		if (left >= 0 || above >= 0)
			above = y;
	}
	/* Nothing is to be seen at all: paper. */
	for (int64_t y = 0; above < 0 && y < p->height; y++)
		for (int64_t x = 0; x < p->width; x++)
			memset((char *)p->data + y * p->stride_bytes + x * p->bits / 2, 255,
			       (size_t)(3 * p->bits / 8));
}
