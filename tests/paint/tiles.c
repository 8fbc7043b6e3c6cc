/* SPDX-License-Identifier: Apache-2.0 */
/* tiles MODEL [WIDTH HEIGHT]: a picture that is painted by tiles is what it is painted whole: within
 * 1/255, or 1/65535 times 257, at any size of tiles, of odd pictures, in 8 and 16 bits. */
#define _GNU_SOURCE
#include "paint/tiles.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A picture in memory that is read and written as if it were not there. */
typedef struct {
	const fv_pixels *in;
	fv_pixels out;
	uint64_t look;
	int64_t tiles, written, stop;   /* stop: tiles after which writing fails; 0: none */
	bool *done;
	int fd;
	bool asked;                     /* for a file: the canvas did not fit */
} desk;

static void copy(const fv_pixels *p, const fv_area *a, char *pixels, bool into)
{
	const size_t pixel = (size_t)(p->channels * p->bits / 8), row = (size_t)a->w * pixel;
	for (int64_t y = 0; y < a->h; y++) {
		char *there = (char *)p->data + (a->y + y) * p->stride_bytes + a->x * (int64_t)pixel;
		memcpy(into ? there : pixels + (size_t)y * row, into ? pixels + (size_t)y * row : there,
		       row);
	}
}

static fv_status get(fv_err *err, void *user, const fv_area *part, void *pixels)
{
	const desk *d = user;
	check(part->x >= 0 && part->y >= 0 && part->w > 0 && part->h > 0 &&
	              part->x + part->w <= d->in->width && part->y + part->h <= d->in->height,
	      "a part that is not there is read");
	copy(d->in, part, pixels, false);
	return FV_OK;
}

static fv_status put(fv_err *err, void *user, int64_t tile, const fv_area *part, const void *pixels)
{
	desk *d = user;
	if (d->stop && d->written == d->stop)      /* the canvas' file stays as it is */
		return fv_fail(err, FV_E_WRITE, "stopped");
	check(!d->done[tile], "tile %d is painted again", (int)tile);
	copy(&d->out, part, (char *)(uintptr_t)pixels, true);
	d->done[tile] = true;
	d->written++;
	return FV_OK;
}

static fv_status begin(fv_err *err, void *user, uint64_t look, int64_t tiles)
{
	desk *d = user;
	check(!d->look || d->look == look, "the same picture looks another");
	d->look = look;
	d->tiles = tiles;
	if (!d->done)
		d->done = calloc((size_t)tiles, 1);
	return FV_OK;
}

static bool done(void *user, int64_t tile) { return ((desk *)user)->done[tile]; }

static void progress(void *user, const char *what, double share)
{
	check(share >= 0 && share <= 1, "%s: %g of it is done", what, share);
}

static int room(void *user)
{
	desk *d = user;
	d->asked = true;
	return d->fd;
}

/* Blobs, ramps and edges at all sizes. */
static void draw(const fv_pixels *p)
{
	for (int64_t y = 0; y < p->height; y++)
		for (int64_t x = 0; x < p->width; x++)
			for (int c = 0; c < p->channels; c++) {
				const double u = (double)x, v = (double)y;
				double s = 0.5 + 0.2 * sin(u / 37 + c) * cos(v / 23 - u / 91) +
				           0.15 * sin((u * u + v * v) / 9000 + 2 * c) +
				           ((x / 61 + y / 43) % 2 ? 0.1 : -0.1);
				s = c == 3 ? 0.3 : fmin(1, fmax(0, s));
				char *row = (char *)p->data + y * p->stride_bytes;
				if (p->bits == 8)
					((uint8_t *)row)[x * p->channels + c] = (uint8_t)(255 * s);
				else
					((uint16_t *)row)[x * p->channels + c] = (uint16_t)(65535 * s);
			}
}

static fv_pixels make(int64_t w, int64_t h, int channels, int bits)
{
	const int64_t stride = w * channels * bits / 8;
	return (fv_pixels){ w, h, channels, bits, stride, malloc((size_t)(stride * h)) };
}

/* The largest difference, or with fast statistics the mean one, in 255ths. */
static double apart(const fv_pixels *a, const fv_pixels *b, bool mean)
{
	const int64_t n = a->height * a->width * a->channels;
	double most = 0, sum = 0;
	for (int64_t i = 0; i < n; i++) {
		const double d = a->bits == 8
		                         ? abs(((uint8_t *)a->data)[i] - ((uint8_t *)b->data)[i])
		                         : abs(((uint16_t *)a->data)[i] - ((uint16_t *)b->data)[i]) /
		                                   257.0;
		most = fmax(most, d);
		sum += d;
	}
	return mean ? sum / (double)n : most;
}

/* How much of the gradient is more across tiles' borders than beside them. */
static double seams(const fv_pixels *p, int64_t side)
{
	double at = 0, beside = 0;
	int64_t n = 0;
	for (int64_t x = side; x + 1 < p->width; x += side)
		for (int64_t y = 0; y < p->height; y++, n++)
			for (int c = 0; c < 3; c++) {
				const uint8_t *row = (uint8_t *)p->data + y * p->stride_bytes;
				const uint8_t *v = row + x * p->channels + c;
				at += abs(v[0] - v[-p->channels]);
				beside += 0.5 * (abs(v[p->channels] - v[0]) +
				                 abs(v[-p->channels] - v[-2 * p->channels]));
			}
	return n ? (at + 1) / (beside + 1) : 1;
}

static void one(fv_context *c, const fv_model *m, int64_t w, int64_t h, int channels, int bits,
                fv_paint_options o, const int64_t *most, fv_stats stats, double bound)
{
	fv_err err = { 0 };
	const fv_pixels in = make(w, h, channels, bits), whole = make(w, h, channels, bits);
	fv_painter *p;
	draw(&in);
	fv_paint_options any = o;
	check(!fv_paint(&err, m, &in, &any, (fv_pixels *)&whole), "%s", err.text);
	for (int i = 0; most[i] >= 0; i++) {
		char name[] = "tiles-XXXXXX";
		desk d = { .in = &in, .out = make(w, h, channels, bits), .fd = mkstemp(name) };
		unlink(name);
		const fv_tiles t = { h, w, channels, bits, &d, .read = get, .write = put,
			             .begin = begin, .done = done, .progress = progress,
			             .room = room };
		o.max_memory = most[i];
		check(!fv_painter_new(&err, m, &p), "%s", err.text);
		/* It fails on the way, and then goes on. */
		d.stop = 1;
		fv_status st = fv_tiles_paint(&err, p, &t, &o, stats);
		check(d.tiles == 1 ? !st : st == FV_E_WRITE, "%s", err.text);
		d.stop = 0;
		check(!fv_tiles_paint(&err, p, &t, &o, stats), "%dx%d in %d bytes: %s", (int)w, (int)h,
		      (int)most[i], err.text);
		check(d.written == d.tiles, "%d of %d tiles", (int)d.written, (int)d.tiles);
		const double far = apart(&whole, &d.out, stats == FV_STATS_FAST);
		const double seam = bits == 8 ? seams(&d.out, 128) : 1;
		check(far <= bound, "%dx%dx%d, %d bits, strokes %g, %d bytes, %s: off by %g of 255", (int)w,
		      (int)h, channels, bits, (double)o.strokes, (int)most[i],
		      d.asked ? "canvas in a file" : "canvas in memory", far);
		check(seam < 1.02 || bound == 0, "%dx%d, %d bytes: seams of %g", (int)w, (int)h,
		      (int)most[i], seam);
		printf("%dx%d, %d bits, %d tiles, %s: off by %.3f of 255, seams %.3f\n", (int)w, (int)h, bits,
		       (int)d.tiles, d.asked ? "file" : "memory", far, seam);
		fv_painter_free(p);
		free(d.out.data);
		free(d.done);
		close(d.fd);
	}
	free(in.data);
	free(whole.data);
}

/* Five budgets, from any down to the least that it says it needs; with less it is refused. */
static void down_to_least(fv_context *c, const fv_model *m, int64_t w, int64_t h, fv_paint_options o)
{
	fv_err err = { 0 };
	fv_painter *p;
	int64_t least = 0;
	const fv_tiles t = { h, w, 3, 8 };
	check(!fv_painter_new(&err, m, &p) && !fv_tiles_least(&err, p, &t, &o, &least), "%s",
	      err.text);
	const int64_t five[] = { 0, 4 * least, 2 * least, least + least / 2, least, -1 };
	printf("least: %.1f MB\n", (double)least / 1e6);
	one(c, m, w, h, 3, 8, o, five, FV_STATS_EXACT, 1);
	o.max_memory = least - 1;
	check(fv_tiles_paint(&err, p, &t, &o, FV_STATS_EXACT) == FV_E_MEMORY, "%s", err.text);
	fv_painter_free(p);
}

int main(int argc, char **argv)
{
	fv_context *c;
	fv_model *m;
	fv_err err;
	if (argc < 2 || fv_context_new(&err, &(fv_context_options){ .size = sizeof(fv_context_options),
	                               .threads = 2 }, &c) ||
	    fv_model_open(&err, c, argv[1], &m))
		return 1;
	fv_paint_options o = FV_PAINT_DEFAULTS;
	const int64_t any[] = { 0, -1 }, few[] = { 0, 150 << 20, 60 << 20, -1 };
	if (argc == 4) {
		const int64_t w = atoi(argv[2]), h = atoi(argv[3]);
		down_to_least(c, m, w, h, o);
		o.strokes = (float)(40.0 / (double)fv_max(w, h));
		down_to_least(c, m, w, h, o);
	} else {
		/* The canvas in memory: strokes drawn anew, and a canvas as large as the picture. */
		one(c, m, 1501, 233, 3, 8, o, any, FV_STATS_EXACT, 0);
		o.strokes = 0.1f;
		one(c, m, 701, 1333, 4, 16, o, few, FV_STATS_EXACT, 0);
		o.palette = 0;
		o.strength = 0.7f;
		one(c, m, 1111, 301, 4, 8, o, few, FV_STATS_EXACT, 0);
		o.palette = 0.5f;
		o.strength = 1;
		/* The canvas in a file. */
		o.strokes = (float)(16.0 / 2801);
		const int64_t tight[] = { 90 << 20, 40 << 20, -1 };
		one(c, m, 2801, 213, 3, 8, o, tight, FV_STATS_EXACT, 1);
		one(c, m, 2801, 213, 3, 16, o, (int64_t[]){ 60 << 20, -1 }, FV_STATS_FAST, 3);
		/* Hardly any rows. */
		one(c, m, 6500, 8, 3, 8, o, (int64_t[]){ 0, 40 << 20, -1 }, FV_STATS_EXACT, 1);
	}
	fv_model_free(m);
	fv_context_free(c);
	return finish("tiles");
}
