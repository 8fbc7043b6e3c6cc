/* SPDX-License-Identifier: Apache-2.0 */
/* giga make FILE WIDTH HEIGHT CHANNELS BITS | same A B MOST | pyramid FILE |
 * spool FAUVE FILE: pictures for giga.sh, and what came of them: within MOST of 255 of each other; a TIFF of
 * tiles with smaller copies; pixels on the disk are had where there is no memory for them. */
#include "picture/picture.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int make(fv_context *c, char **a)
{
	fv_pixels p = { atoll(a[1]), atoll(a[2]), atoi(a[3]), atoi(a[4]), 0, NULL };
	fv_err err;
	p.stride_bytes = p.width * p.channels * p.bits / 8;
	p.data = malloc((size_t)(p.height * p.stride_bytes));
	for (int64_t y = 0; y < p.height && p.data; y++)
		for (int64_t x = 0; x < p.width; x++)
			for (int k = 0; k < p.channels; k++) {
				const double u = (double)x, v = (double)y;
				double s = 0.5 + 0.3 * sin(u / 97 + k) * cos(v / 53 - u / 191) +
				           ((x / 161 + y / 143) % 2 ? 0.15 : -0.15);
				if (k == 3)     /* what is hidden: a corner, rows, and holes */
					s = x + y < 500 || y < 40 || (x / 200 + y / 200) % 5 == 0 ? 0 : 0.8;
				s = fmin(1, fmax(0, s));
				char *row = (char *)p.data + y * p.stride_bytes;
				if (p.bits == 8)
					((uint8_t *)row)[x * p.channels + k] = (uint8_t)(255 * s);
				else
					((uint16_t *)row)[x * p.channels + k] = (uint16_t)(65535 * s);
			}
	if (!p.data || fv_pixels_write(&err, c, &p, a[0], NULL)) {
		fprintf(stderr, "giga: %s\n", p.data ? err.text : "no memory");
		return 1;
	}
	free(p.data);
	return 0;
}

static double value(const fv_pixels *p, int64_t y, int64_t i)
{
	const char *row = (const char *)p->data + y * p->stride_bytes;
	return p->bits == 8 ? ((const uint8_t *)row)[i] : ((const uint16_t *)row)[i] / 257.0;
}

static int same(char **a)
{
	fv_picture *p[2] = { NULL };
	fv_err err, warning;
	double most = 0;
	for (int i = 0; i < 2; i++)
		if (fv_picture_read(&err, a[i], NULL, &p[i], &warning)) {
			fprintf(stderr, "giga: %s\n", err.text);
			return 1;
		}
	const fv_pixels *x = fv_picture_pixels(p[0]), *y = fv_picture_pixels(p[1]);
	if (x->width != y->width || x->height != y->height || x->channels != y->channels ||
	    x->bits != y->bits) {
		fprintf(stderr, "giga: sizes, channels or bits differ\n");
		return 1;
	}
	for (int64_t r = 0; r < x->height; r++)
		for (int64_t i = 0; i < x->width * x->channels; i++)
			most = fmax(most, fabs(value(x, r, i) - value(y, r, i)));
	fv_picture_free(p[0]);
	fv_picture_free(p[1]);
	if (most > atof(a[2]))
		fprintf(stderr, "giga: off by %g of 255\n", most);
	return most > atof(a[2]);
}

/* Of a little-endian TIFF, classic or big. */
static uint64_t get(FILE *f, uint64_t at, int bytes)
{
	uint8_t b[8] = { 0 };
	uint64_t v = 0;
	if (fseek(f, (long)at, SEEK_SET) || fread(b, 1, (size_t)bytes, f) != (size_t)bytes)
		return 0;
	for (int i = bytes - 1; i >= 0; i--)
		v = v << 8 | b[i];
	return v;
}

static int pyramid(char **a)
{
	FILE *f = fopen(a[0], "rb");
	int pictures = 0, tiled = 0;
	if (!f)
		return 1;
	const int big = get(f, 2, 2) == 43, word = big ? 8 : 4, head = big ? 8 : 2, entry = big ? 20 : 12;
	for (uint64_t at = get(f, big ? 8 : 4, word); at && pictures < 100; pictures++) {
		const uint64_t count = get(f, at, head);
		for (uint64_t i = 0; i < count; i++)
			tiled += get(f, at + (uint64_t)head + i * (uint64_t)entry, 2) == 322;
		at = get(f, at + (uint64_t)head + count * (uint64_t)entry, word);
	}
	fclose(f);
	if (pictures < 3 || tiled != pictures)
		fprintf(stderr, "giga: %d pictures, %d of them tiled\n", pictures, tiled);
	return pictures < 3 || tiled != pictures;
}

static int spool(char **a)
{
	const fv_read_options none = { .max_pixels = 1 << 30, .max_memory = 80000000 };
	fv_picture *p = NULL;
	fv_err err, warning;
	fv_picture_sandbox(FV_SANDBOX_ALL, a[0]);
	const bool failed = fv_picture_spool(&err, a[1], &none, a[1], &p, &warning);
	if (failed)
		fprintf(stderr, "giga: %s\n", err.text);
	fv_picture_free(p);
	return failed;
}

int main(int argc, char **argv)
{
	fv_context *c;
	fv_err err;
	if (argc < 3 || fv_picture_begin(&err, "giga") || fv_context_new(&err, NULL, &c))
		return 2;
	const int failed = argc == 7 && !strcmp(argv[1], "make") ? make(c, argv + 2) :
	                   argc == 5 && !strcmp(argv[1], "same") ? same(argv + 2) :
	                   argc == 3 && !strcmp(argv[1], "pyramid") ? pyramid(argv + 2) :
	                   argc == 4 && !strcmp(argv[1], "spool") ? spool(argv + 2) : 2;
	fv_context_free(c);
	fv_picture_end();
	return failed;
}
