/* SPDX-License-Identifier: Apache-2.0 */
/* yardstick VGG16 SMALL: the yardstick against the reference's figures, on pictures that
 * yardstick_golden.py makes too; threads, odd pictures, memory that ends. */
#include "eval/yardstick.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "yardstick_golden.h"

enum { PHOTO, ART, OUTS, KINDS };
static const int size[4][2] = { { 300, 120 }, { 180, 330 }, { 512, 128 }, { 200, 200 } };
static const int base[2][3] = { { 90, 95, 100 }, { 150, 110, 85 } };

static uint32_t hashed(int x, int y, int salt)
{
	uint32_t h = (uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA77u ^
	             (uint32_t)salt * 0xC2B2AE3Du;
	h = (h ^ h >> 15) * 0x2C1B3C6Du;
	h = (h ^ h >> 12) * 0x297A2D39u;
	return h ^ h >> 15;
}

/* As in yardstick_golden.py. */
static fv_pixels picture(int kind, int i)
{
	const int w = size[i % 4][0], h = size[i % 4][1], salt = 17 * i + (kind == ART ? 1000 : 0);
	fv_pixels p = { w, h, 3, 8, 3 * w, malloc((size_t)(w * h * 3)) };
	uint8_t *to = p.data;
	for (int y = 0; y < h && to; y++)
		for (int x = 0; x < w; x++) {
			int a = (int)(hashed(x >> 5, y >> 5, salt) & 7);
			int bar = ((x * (a - 4) + y * (3 - (a & 3)) + 4096) >>
			                   (kind == PHOTO ? 2 : 4) &
			           7) *
			          9;
			for (int c = 0; c < 3; c++) {
				int v = (int)(hashed(x >> 6, y >> 6, salt + 5 + c) & 31) +
				        base[i % 2][c] + (int)(hashed(x, y, salt + 50 + c) & 7);
				if (kind != PHOTO)
					v += (int)(hashed(x >> 4, y >> 4, salt + 90 + c) & 31) +
					     bar;
				else if (y >= h / 2)
					v += bar;
				*to++ = (uint8_t)(v > 255 ? 255 : v);
			}
		}
	return p;
}

static double mean(const fv_pixels *p)
{
	double sum = 0;
	for (int64_t i = 0; i < p->width * p->height * 3; i++)
		sum += ((uint8_t *)p->data)[i];
	return sum / (double)(p->width * p->height * 3);
}

typedef struct { fv_pixels photo[4], outs[4], art[4], more[3]; } pictures;
enum { PAINTED, PHOTOS, MORE, ROWS };

static fv_status measure(fv_err *err, fv_context *c, const fv_model *const *network, int networks,
                         const pictures *p, fv_yard_figures *rows)
{
	fv_yard *y = NULL;
	fv_yard_set art = { 0 }, set[ROWS] = { { { { 0 } } } };
	fv_yard_figures own;
	fv_status st = fv_yard_open(err, c, network, networks, &y);
	for (int i = 0; i < 4 && !st; i++)
		if (!(st = fv_yard_add(err, y, &art, &p->art[i], NULL)) &&
		    !(st = fv_yard_add(err, y, &set[PHOTOS], &p->photo[i], &p->photo[i])))
			st = fv_yard_add(err, y, &set[PAINTED], &p->outs[i], &p->photo[i]);
	for (int i = 0; i < 3 && !st; i++)
		st = fv_yard_add(err, y, &set[MORE], &p->more[i], NULL);
	if (!st)
		st = fv_yard_art(err, y, &art, &own);
	for (int r = 0; r < ROWS && !st; r++)
		st = fv_yard_measure(err, y, &set[r], &set[PHOTOS], &rows[r]);
	for (int r = 0; r < ROWS; r++)
		fv_yard_set_free(y, &set[r]);
	fv_yard_set_free(y, &art);
	fv_yard_close(y);
	return st;
}

static void near(const char *row, const char *what, double is, double should, double tolerance)
{
	check(isnan(should) ? isnan(is) : fabs(is - should) <= tolerance,
	      "%s: %s is %.7g, should be %.7g (tolerance %.2g)", row, what, is, should, tolerance);
}

static void compare(const fv_yard_figures *f, int network, const double golden[12], const char *row)
{
	const fv_likeness_figures *l = &f->by[network];
	static const fv_stroke_figure order[] = { FV_COH2, FV_COH4, FV_RUN, FV_STROKE, FV_GRAIN };
	near(row, "near", l->near, golden[0], 0.01);
	near(row, "hand", l->view[FV_HAND], golden[1], 0.02);
	near(row, "look", l->view[FV_LOOK], golden[2], 0.02);
	near(row, "far", l->view[FV_FAR], golden[3], 0.02);
	/* In deviations of four like paintings: .03 is a thousandth of an octave of grain, a
	 * twentieth of a pixel of run; where a float decides whether a pixel is plain, the two
	 * may differ by one. */
	for (int k = 0; k < 5; k++)
		near(row, fv_figure_names[order[k]], f->off[order[k]], golden[4 + k],
		     (order[k] == FV_RUN || order[k] == FV_GRAIN ? 0.03 : 5e-3) *
		             fmax(1, fabs(golden[4 + k])));
	near(row, "content", l->content, golden[9], 1e-3);
	near(row, "grey", f->mean[FV_GREY], golden[10], 1e-2);
	near(row, "skin", f->mean[FV_SKIN], golden[11], 1e-2);
}

static void check_bars(const fv_yard_figures *rows)
{
	fv_bar list[FV_BARS_MOST];
	fv_yard_figures good = rows[PAINTED];
	int n = fv_yard_short(&rows[PHOTOS], FV_BARS_OIL, list);
	check(n > 5 && !strcmp(list[0].name, "near") && list[0].low == 0.88,
	      "photographs fall short of oils");
	for (int k = 0; k < FV_OF_STROKES; k++)
		good.off[k] = 0;
	good.by[0] = (fv_likeness_figures){ { 10, 10, 5 }, 0.9, NAN };
	good.mean[FV_GREY] = good.mean[FV_SKIN] = NAN;
	check(!fv_yard_short(&good, FV_BARS_OIL, list),
	      "what is within the bars does not fall short, nor what only a photograph gives");
	good.off[FV_RUN] = NAN;
	good.by[0].view[FV_LOOK] = 20;
	check(fv_yard_short(&good, FV_BARS_OIL, list) == 2 &&
	              !fv_yard_short(&good, FV_BARS_PRINT, list),
	      "no stroke is asked of prints");
}

/* One colour; narrower than any filter; a lone painting. */
static void check_odd(fv_context *c, const fv_model *small, const pictures *p)
{
	static uint8_t grey[40 * 3];
	fv_err err;
	fv_yard *y = NULL;
	fv_yard_set one = { 0 }, two = { 0 };
	fv_yard_figures f;
	memset(grey, 128, sizeof grey);
	fv_pixels flat = { 40, 1, 3, 8, 120, grey };
	check(!fv_yard_open(&err, c, &small, 1, &y) && !fv_yard_add(&err, y, &one, &flat, &flat),
	      "a grey line of 40x1");
	check(fv_yard_measure(&err, y, &one, NULL, &f) == FV_E_ARGUMENT,
	      "without paintings there is nothing to compare with");
	check(!fv_yard_add(&err, y, &two, &p->art[0], NULL) &&
	              !fv_yard_add(&err, y, &two, &p->art[1], NULL) &&
	              !fv_yard_art(&err, y, &two, &f),
	      "two paintings");
	check(!fv_yard_measure(&err, y, &one, NULL, &f) && f.count == 1 && isnan(f.by[0].near) &&
	              isfinite(f.by[0].view[FV_HAND]),
	      "its figures");
	check(isnan(f.by[1].view[FV_HAND]), "no second network, no figures by it");
	fv_yard_set_free(y, &one);
	fv_yard_set_free(y, &two);
	check(fv_yard_art(&err, y, &two, &f) == FV_E_ARGUMENT, "no paintings are refused");
	fv_yard_close(y);
	fv_model painter = *small;
	painter.family = &fv_family_resnet;
	check(fv_yard_open(&err, c, &(const fv_model *){ &painter }, 1, &y) == FV_E_ARGUMENT &&
	              strstr(err.text, "resnet"),
	      "a painter is no feature network");
}

/* A preview's way, and that it is the same. */
static void check_likeness(fv_context *c, const fv_model *small, const pictures *p,
                           const fv_yard_figures *painted)
{
	fv_err err;
	fv_likeness *l = NULL;
	fv_seen art = { 0 }, seen = { 0 };
	fv_likeness_figures f;
	check(!fv_likeness_open(&err, c, small, &l) &&
	              !fv_likeness_add(&err, l, &art, p->art, NULL, 4) &&
	              !fv_likeness_art(&err, l, &art) &&
	              !fv_likeness_add(&err, l, &seen, p->outs, p->photo, 4) &&
	              !fv_likeness_measure(&err, l, &seen, NULL, &f),
	      "a likeness of its own");
	check(!memcmp(f.view, painted->by[1].view, sizeof f.view) &&
	              f.content == painted->by[1].content && isnan(f.near),
	      "its figures are the yardstick's");
	fv_seen_free(l, &art);
	fv_seen_free(l, &seen);
	fv_likeness_close(l);
}

typedef struct { int left, live; } supply;

static void *take(void *user, size_t bytes, size_t align)
{
	supply *s = user;
	void *p = s->left-- > 0 ? aligned_alloc(align, (bytes + align - 1) / align * align) : NULL;
	s->live += p != NULL;
	return p;
}

static void give(void *user, void *p)
{
	((supply *)user)->live -= p != NULL;
	free(p);
}

/* Every third allocation fails once: each would take a minute. */
static void check_memory(const char *path)
{
	static uint8_t stripes[2][64 * 3];
	fv_pixels line[2] = { { 64, 1, 3, 8, 192, stripes[0] }, { 64, 1, 3, 8, 192, stripes[1] } };
	bool said = true, leaked = false, done = false;
	int k = 0;
	for (int i = 0; i < 2 * 64 * 3; i++)
		stripes[i / 192][i % 192] = (uint8_t)hashed(i, 0, 3);
	for (; k < 3000 && !done; k += 3) {
		supply s = { k, 0 };
		fv_allocator a = { take, give, &s };
		fv_context_options o = { .size = sizeof o, .threads = 1, .allocator = &a };
		fv_context *c = NULL;
		fv_model *m = NULL;
		fv_yard *y = NULL;
		fv_yard_set art = { 0 }, out = { 0 };
		fv_yard_figures f;
		fv_err err = { 0 };
		fv_status st = fv_context_new(&err, &o, &c);
		if (!st && !(st = fv_model_open(&err, c, path, &m)) &&
		    !(st = fv_yard_open(&err, c, &(const fv_model *){ m }, 1, &y)) &&
		    !(st = fv_yard_add(&err, y, &art, &line[0], NULL)) &&
		    !(st = fv_yard_add(&err, y, &out, &line[1], &line[0])) &&
		    !(st = fv_yard_art(&err, y, &art, &f)))
			st = fv_yard_measure(&err, y, &out, &art, &f);
		fv_yard_set_free(y, &art);
		fv_yard_set_free(y, &out);
		fv_yard_close(y);
		fv_model_free(m);
		fv_context_free(c);
		done = st == FV_OK;
		said &= done || (st == FV_E_MEMORY && err.text[0]);
		leaked |= s.live != 0;
	}
	check(done && k > 50, "with enough memory it succeeds");
	check(said, "each failed allocation is told");
	check(!leaked, "nothing leaks when memory ends");
}

int main(int argc, char **argv)
{
	static const char *names[] = { "painted", "photographs", "other paintings" };
	static pictures p;
	fv_err err = { 0 };
	fv_context *c[2] = { NULL };
	fv_model *network[2] = { NULL }, *small = NULL;
	fv_yard_figures rows[ROWS], again[ROWS];
	for (int i = 0; i < 4; i++) {
		p.photo[i] = picture(PHOTO, i);
		p.outs[i] = picture(OUTS, i);
		p.art[i] = picture(ART, i);
		if (i < 3)
			p.more[i] = picture(ART, 4 + i);
	}
	const fv_pixels *kind[KINDS] = { p.photo, p.art, p.outs };
	for (int k = 0; k < KINDS; k++)
		near("pictures", "mean",
		     (mean(&kind[k][0]) + mean(&kind[k][1]) + mean(&kind[k][2]) +
		      mean(&kind[k][3])) /
		             4,
		     golden_means[k], 1e-6);
	fv_status st =
		argc < 3 ? fv_fail(&err, FV_E_ARGUMENT, "usage: yardstick VGG16 SMALL") : FV_OK;
	for (int i = 0; i < 2 && !st; i++)
		st = fv_context_new(&err,
		                    &(fv_context_options){ .size = sizeof(fv_context_options),
		                                           .threads = i ? 1 : 3 },
		                    &c[i]);
	for (int i = 0; i < 2 && !st; i++)
		st = fv_model_open(&err, c[0], argv[1 + i], &network[i]);
	if (!st && !(st = fv_model_open(&err, c[1], argv[2], &small)))
		st = measure(&err, c[0], (const fv_model *const *)network, 2, &p, rows);
	check(!st, "measured: %s", err.text);
	for (int r = 0; r < ROWS && !st; r++) {
		compare(&rows[r], 0, golden_vgg16[r], names[r]);
		compare(&rows[r], 1, golden_small[r], names[r]);
	}
	if (!st) {
		check(!measure(&err, c[1], &(const fv_model *){ small }, 1, &p, again),
		      "measured by one thread");
		for (int r = 0; r < ROWS; r++)
			check(!memcmp(&rows[r].by[1], &again[r].by[0], sizeof rows[r].by[1]) &&
			              !memcmp(rows[r].off, again[r].off, sizeof rows[r].off),
			      "%s: one thread or three: the same bits", names[r]);
		check_bars(rows);
		check_likeness(c[1], small, &p, &rows[PAINTED]);
		check_odd(c[1], small, &p);
		check_memory(argv[2]);
	}
	for (int i = 0; i < 2; i++)
		fv_model_free(network[i]);
	fv_model_free(small);
	for (int i = 0; i < 2; i++)
		fv_context_free(c[i]);
	for (int i = 0; i < 4; i++) {
		free(p.photo[i].data);
		free(p.outs[i].data);
		free(p.art[i].data);
		if (i < 3)
			free(p.more[i].data);
	}
	return finish("yardstick");
}
