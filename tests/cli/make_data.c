/* SPDX-License-Identifier: Apache-2.0 */
/* make_data FOLDER: a picture of each kind that fauve check-data tells, for check_data.sh. */
#include "base/resample.h"
#include "picture/picture.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fv_err err;
static fv_context *context;
static const char *folder;

static fv_pixels new(int64_t width, int64_t height)
{
	fv_pixels p = { width, height, 3, 8, 3 * width, calloc((size_t)(width * height), 3) };
	if (!p.data)
		exit(1);
	return p;
}

static uint8_t *at(const fv_pixels *p, int64_t y, int64_t x)
{
	return (uint8_t *)p->data + y * p->stride_bytes + 3 * x;
}

static uint32_t hashed(uint32_t x)
{
	x ^= x >> 16, x *= 0x7FEB352Du, x ^= x >> 15, x *= 0x846CA68Bu;
	return x ^ x >> 16;
}

/* Blots at places of that seed, with grain; no two seeds are alike. */
static fv_pixels blots(uint32_t seed, int64_t width, int64_t height)
{
	fv_pixels p = new(width, height);
	for (int64_t y = 0; y < height; y++)
		for (int64_t x = 0; x < width; x++)
			for (int k = 0; k < 3; k++) {
				double v = 60;
				for (uint32_t i = 0; i < 7; i++) {
					const uint32_t h = hashed(seed * 64 + i);
					const double dx = (double)x / (double)width -
					                  (h & 255) / 255.0,
						     dy = (double)y / (double)height -
					                  (h >> 8 & 255) / 255.0;
					const double tall = (hashed(h + (uint32_t)k) & 255) - 90.0;
					v += tall * exp(-(dx * dx + dy * dy) * 30);
				}
				v += hashed((uint32_t)(y * width + x) * 3 + (uint32_t)k + seed) %
				     30;
				at(&p, y, x)[k] = (uint8_t)fmin(255, fmax(0, v));
			}
	return p;
}

static fv_pixels resized(const fv_pixels *p, int64_t width, int64_t height)
{
	fv_pixels to = new(width, height);
	void *room = malloc(fv_resample_room(p->height, p->width, height, width));
	if (!room)
		exit(1);
	fv_resample(p->data, p->height, p->width, p->stride_bytes, to.data, height, width,
	            FV_FILTER_BICUBIC, room);
	free(room);
	return to;
}

/* Writes it and frees it. */
static void put(fv_pixels p, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (fv_pixels_write(&err, context, &p, path, NULL)) {
		fprintf(stderr, "make_data: %s\n", err.text);
		exit(1);
	}
	free(p.data);
}

/* Lines of one colour at the edges of that bit: top, bottom, left, right. */
static fv_pixels barred(fv_pixels p, unsigned edges, int64_t thick, uint8_t level)
{
	for (int64_t y = 0; y < p.height; y++)
		for (int64_t x = 0; x < p.width; x++)
			if (((edges & 1) && y < thick) || ((edges & 2) && y >= p.height - thick) ||
			    ((edges & 4) && x < thick) || ((edges & 8) && x >= p.width - thick))
				memset(at(&p, y, x), level, 3);
	return p;
}

int main(int argc, char **argv)
{
	if (argc != 2 || fv_context_new(&err, NULL, &context) || fv_picture_begin(&err, argv[0]))
		return 1;
	folder = argv[1];
	for (uint32_t i = 0; i < 6; i++) {
		char name[40];
		snprintf(name, sizeof name, "own%u.%s", i, i % 2 ? "png" : "webp");
		put(blots(i, 160 + 16 * i, 120), name);
		snprintf(name, sizeof name, "pairs/pair%u.png", i);
		put(blots(20 + i, 128, 64), name);
		snprintf(name, sizeof name, "%s/n%u.png",
		         i < 2   ? "classes/cat"
		         : i < 5 ? "classes/dog"
		                 : "classes/owl",
		         i);
		put(blots(30 + i, 40, 40), name);
		snprintf(name, sizeof name, "left/same%u.png", i);
		put(blots(40 + i, 120, 90), name);
		snprintf(name, sizeof name, "right/same%u.png", i);
		put(blots(50 + i, 120, 90), name);
	}
	put(blots(40, 120, 90), "right/extra.png");             /* also left/same0.png */
	put(blots(1, 176, 120), "exact.tif");                   /* own1.png */
	fv_pixels p = blots(2, 192, 120), q = new(192, 120);    /* own2.webp */
	put(resized(&p, 96, 60), "smaller.jpg");
	for (int64_t y = 0; y < 120; y++)
		for (int64_t x = 0; x < 192; x++)
			memcpy(at(&q, y, x), at(&p, y, 191 - x), 3);
	put(q, "mirror.png");
	free(p.data);
	p = blots(7, 150, 120), q = blots(8, 150, 120);
	for (int64_t i = 0; i < 150 * 120 * 3; i += 3) {
		uint8_t *a = (uint8_t *)p.data + i, *b = (uint8_t *)q.data + i;
		a[1] = a[2] = a[0];                             /* grey */
		b[1] = b[0], b[2] = (uint8_t)(b[0] * 15 / 16);  /* faintly yellow */
	}
	put(p, "grey.png");
	put(q, "tint.png");
	put(barred(blots(9, 200, 120), 4 | 8, 20, 0), "bars.png");
	put(barred(blots(10, 200, 120), 15, 9, 255), "frame.png");
	p = blots(11, 90, 70);
	put(resized(&p, 180, 140), "enlarged.png");
	free(p.data);
	put(barred(new(80, 80), 15, 80, 120), "blank.png");
	fv_picture_end();
	fv_context_free(context);
	return 0;
}
