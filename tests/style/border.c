/* SPDX-License-Identifier: Apache-2.0 */
/* border MODEL PHOTO...: no band along the border of a painting.
 *
 * A photograph and its double, reflected on all sides, are painted; the painting and the same part of the other differ
 * (in their strokes: the noise is another) in the outer 16 pixels at most 1.5 times as much as inside. */
#include "base/base.h"
#include "fauve/fauve.h"
#include "picture/picture.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAND 16
#define ALLOWED 1.5

static int64_t reflected(int64_t i, int64_t n)
{
	i = i < 0 ? -i : i;
	return i < n ? i : 2 * (n - 1) - i;
}

static fv_status compare(fv_err *err, const fv_model *m, const char *path, double sum[2], double count[2])
{
	fv_picture *picture = NULL;
	fv_status st = fv_picture_read(err, path, NULL, &picture, NULL);
	if (st)
		return st;
	fv_pixels p = *fv_picture_pixels(picture);
	int64_t bytes = p.channels * p.bits / 8, h = 2 * p.height, w = 2 * p.width, top = p.height / 2, left = p.width / 2;
	fv_pixels large = { w, h, p.channels, p.bits, w * bytes, malloc((size_t)(h * w * bytes)) };
	if (!large.data)
		st = fv_fail_memory(err, path, (size_t)(h * w * bytes));
	for (int64_t r = 0; r < h && !st; r++)
		for (int64_t q = 0; q < w; q++)
			memcpy((char *)large.data + r * large.stride_bytes + q * bytes,
			       (char *)p.data + reflected(r - top, p.height) * p.stride_bytes + reflected(q - left, p.width) * bytes, (size_t)bytes);
	fv_paint_options same = FV_PAINT_DEFAULTS, half = FV_PAINT_DEFAULTS;    /* strokes of as many pixels in both */
	same.strokes = 0.03f;
	half.strokes = 0.015f;
	if (!st && !(st = fv_paint(err, m, &p, &same, &p)))
		st = fv_paint(err, m, &large, &half, &large);
	for (int64_t r = 0; r < p.height && !st && p.bits == 8; r++)
		for (int64_t q = 0; q < p.width; q++) {
			bool inside = r >= BAND && r < p.height - BAND && q >= BAND && q < p.width - BAND;
			const uint8_t *a = (uint8_t *)p.data + r * p.stride_bytes + q * bytes;
			const uint8_t *b = (uint8_t *)large.data + (r + top) * large.stride_bytes + (q + left) * bytes;
			for (int k = 0; k < 3; k++)
				sum[inside] += abs(a[k] - b[k]), count[inside]++;
		}
	free(large.data);
	fv_picture_free(picture);
	return st;
}

int main(int argc, char **argv)
{
	fv_err err = { 0 };
	fv_context *c = NULL;
	fv_model *m = NULL;
	double sum[2] = { 0 }, count[2] = { 0 };
	fv_status st = argc < 3 ? fv_fail(&err, FV_E_ARGUMENT, "usage: border MODEL PHOTO...") : fv_picture_begin(&err, argv[0]);
	if (!st && !(st = fv_context_new(&err, NULL, &c)))
		st = fv_model_open(&err, c, argv[1], &m);
	for (int i = 2; i < argc && !st; i++)
		st = compare(&err, m, argv[i], sum, count);
	if (st)
		printf("%s\n", err.text);
	double outer = sum[0] / count[0], inner = sum[1] / count[1];
	printf("the outer %d pixels differ by %.2f of 255, those inside by %.2f: %.2f times as much\n", BAND, outer, inner, outer / inner);
	bool good = !st && inner > 0 && outer <= ALLOWED * inner;
	printf("border: %d passed, %d failed\n", good, !good);
	fv_model_free(m);
	fv_context_free(c);
	return !good;
}
