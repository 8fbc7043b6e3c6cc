/* SPDX-License-Identifier: Apache-2.0 */
/* near A B LEVELS: have two files as many pictures, of the same sizes, shown as long and as often,
 * and are their colours so many levels of 255 apart on average at most? Where nothing is to be
 * seen, colours do not count. */
#include "base/base.h"
#include "picture/internal.h"
#include <math.h>
#include <stdio.h>

static double at(const fv_pixels *p, int64_t y, int64_t x, int k)
{
	const char *row = (const char *)p->data + y * p->stride_bytes;
	if (k == 3 && p->channels == 3)
		return 255;
	const int64_t i = x * p->channels + k;
	return p->bits == 16 ? ((const uint16_t *)(const void *)row)[i] / 257.0
			     : ((const uint8_t *)row)[i];
}

static double apart(const fv_pixels *a, const fv_pixels *b)
{
	double sum = 0, n = 1e-9;
	for (int64_t y = 0; y < a->height; y++)
		for (int64_t x = 0; x < a->width; x++) {
			const double alpha = at(a, y, x, 3);
			sum += fabs(alpha - at(b, y, x, 3));
			n++;
			for (int k = 0; k < 3 && alpha > 128; k++, n++)
				sum += fabs(at(a, y, x, k) - at(b, y, x, k));
		}
	return sum / n;
}

int main(int count, char **args)
{
	fv_err err = {0};
	int pages = 1;
	if (count < 4 || fv_picture_begin(&err, "near"))
		return 2;
	for (int i = 0; i < pages; i++) {
		fv_picture *p[2] = {NULL};
		const fv_read_options o = {.page = i};
		for (int k = 0; k < 2; k++)
			if (fv_picture_read(&err, args[1 + k], &o, &p[k], NULL)) {
				printf("%s\n", err.text);
				return 1;
			}
		const fv_pixels *a = &p[0]->pixels, *b = &p[1]->pixels;
		pages = fv_picture_pages(p[0]);
		bool pace = !fv_picture_moves(p[0]) || !fv_picture_moves(p[1]) ||
			    (p[0]->loop == p[1]->loop && p[0]->delays.bytes == p[1]->delays.bytes &&
			     !memcmp(p[0]->delays.data, p[1]->delays.data, p[0]->delays.bytes));
		if (fv_picture_pages(p[1]) != pages || a->width != b->width ||
		    a->height != b->height || !pace) {
			printf("%d and %d pictures, %dx%d and %dx%d, shown %d and %d times\n",
			       pages, fv_picture_pages(p[1]), (int)a->width, (int)a->height,
			       (int)b->width, (int)b->height, p[0]->loop, p[1]->loop);
			return 1;
		}
		const double d = apart(a, b);
		if (!(d <= atof(args[3]))) {
			printf("picture %d: %.2f levels apart\n", i + 1, d);
			return 1;
		}
		fv_picture_free(p[0]);
		fv_picture_free(p[1]);
	}
	fv_picture_end();
	return 0;
}
