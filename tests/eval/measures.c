/* SPDX-License-Identifier: Apache-2.0 */
/* The measures against metrics.py's, on pictures that golden.py makes too; and what must hold for any pictures. */
#include "eval/metric.h"
#include "eval/pcg64.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "golden.h"
#include "test.h"

static void near(const char *set, const char *what, double is, double should, double tolerance)
{
	check(should != should ? is != is : fabs(is - should) <= tolerance, "%s: %s is %.7g, should be %.7g (tolerance %.2g)", set,
	      what, is, should, tolerance);
}

/* ---- pictures, as in golden.py */

enum { PHOTO, ART, MORE, KINDS };
static const int weight[KINDS][7] = { { 12, 8, 20, 0, 60, 0, 150 }, { 30, 50, 30, 40, 20, 60, 20 }, { 26, 54, 30, 44, 24, 52, 20 } };
static const int base[KINDS][3] = { { 10, 0, 20 }, { 0, 20, 50 }, { 4, 18, 44 } };
static const int letters[KINDS] = { 5, 3, 4 };

static uint32_t hashed(uint32_t x, uint32_t y, uint32_t salt)
{
	uint32_t h = x * 0x9E3779B1u ^ y * 0x85EBCA77u ^ salt * 0xC2B2AE3Du;
	h = (h ^ h >> 15) * 0x2C1B3C6Du;
	h = (h ^ h >> 12) * 0x297A2D39u;
	return h ^ h >> 15;
}

static uint8_t clip(int v) { return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v; }

static fv_pixels picture(int kind, int i)
{
	fv_pixels p = { i == 3 ? 200 : 260 + i * 37 % 80, i == 3 ? 300 : 258 + i * 53 % 90, 3, 8, 0, NULL };
	p.stride_bytes = p.width * 3;
	uint8_t *to = p.data = malloc((size_t)(p.height * p.stride_bytes));
	for (int y = 0; y < p.height && to; y++)
		for (int x = 0; x < p.width; x++)
			for (int c = 0; c < 3; c++) {
				int v = base[kind][c];
				for (int s = 0; s < 7; s++)
					v += (int)(hashed((uint32_t)(x + 13 * i) >> s, (uint32_t)(y + 5 * i) >> s,
					                  (uint32_t)(1 + i * 97 + c * 13 + s * 1009 + letters[kind] * 100003)) & 255) * weight[kind][s] >> 8;
				*to++ = clip(v);
			}
	return p;
}

static fv_pixels painted(const fv_pixels *photo, int i)
{
	fv_pixels p = *photo;
	const uint8_t *from = photo->data;
	uint8_t *to = p.data = malloc((size_t)(p.height * p.stride_bytes));
	for (int64_t k = 0; k < p.width * p.height && to; k++)
		for (int c = 0; c < 3; c++)
			to[3 * k + c] = clip((3 * from[3 * k + c] + 2 * from[3 * k + (c + 1) % 3]) / 5 +
			                     (int)(hashed((uint32_t)(k % p.width) >> 1, (uint32_t)(k / p.width), (uint32_t)(7 + i)) & 31) - 12);
	return p;
}

#define MOST 9
typedef struct {
	fv_pixels pixels[MOST];
	uint8_t *square;
	fv_pictures view;
} set;

static void squares_of(set *s, int count)
{
	s->square = malloc((size_t)count * FV_SQUARE_BYTES);
	for (int i = 0; i < count; i++) {
		void *room = malloc(fv_square_room(s->pixels[i].height, s->pixels[i].width));
		if (!s->square || !room || !s->pixels[i].data)
			exit(1);
		fv_square(&s->pixels[i], s->square + i * FV_SQUARE_BYTES, room);
		free(room);
	}
	s->view = (fv_pictures){ count, s->pixels, s->square };
}

static void free_set(set *s)
{
	for (int i = 0; i < s->view.count; i++)
		free(s->pixels[i].data);
	free(s->square);
}

/* ---- checks */

static void check_measures(const char *name, const fv_measures *is, const fv_measures *should)
{
	near(name, "n", is->count, should->count, 0);
	near(name, "swd", is->swd, should->swd, 1e-3 * should->swd);
	for (int l = 0; l < FV_LEVELS; l++)
		near(name, "swd of a level", is->level[l], should->level[l], 2e-3 * should->level[l]);
	near(name, "auc", is->auc, should->auc, 2e-3);
	for (int k = 0; k < 3; k++) {
		near(name, "lattice", is->lattice[k], should->lattice[k], 1e-3 * should->lattice[k]);
		near(name, "input's lattice", is->lattice_input[k], should->lattice_input[k], 1e-3 * should->lattice_input[k]);
	}
	near(name, "chroma", is->chroma, should->chroma, 1e-3);
	near(name, "ssim", is->ssim, should->ssim, 1e-3);
	near(name, "corr", is->corr, should->corr, 1e-3);
}

static void check_draws(void)
{
	fv_pcg64 g = fv_pcg64_seed(5);
	static fv_ziggurat z;
	uint32_t order[10];
	bool ok = true;
	for (size_t i = 0; i < FV_COUNT(golden_below); i++)
		ok &= fv_pcg64_below(&g, 250) == golden_below[i];
	fv_pcg64_permutation(&g, order, 10);
	check(ok && !memcmp(order, golden_order, sizeof order), "draws of whole numbers are numpy's");
	fv_ziggurat_make(&z);
	static const int at[] = { 0, 1, 2, 3, 4, 5, 6, 7, 500, 1999 };
	ok = true;
	for (int i = 0, k = 0; i < 2000; i++) {
		double v = fv_pcg64_normal(&g, &z);
		if (k < 10 && i == at[k])
			ok &= fabs(v - golden_normal[k++]) < 1e-12;
	}
	check(ok, "normal draws are numpy's");
}

static void check_sorting(void)
{
	enum { N = 5000 };
	static float v[N], room[N], w[N];
	static uint32_t order[N], more[3 * N];
	for (uint32_t i = 0; i < N; i++)
		w[i] = v[i] = ldexpf((float)(int)(hashed(i, 0, 1) % 4001) - 2000, (int)(hashed(i, 1, 1) % 40) - 20);
	bool ok = true, stable = true;
	fv_radix_order(v, order, more, N);
	fv_radix_floats(v, room, N);
	for (int i = 1; i < N; i++) {
		ok &= v[i - 1] <= v[i];
		stable &= w[order[i - 1]] < w[order[i]] || (w[order[i - 1]] == w[order[i]] && (order[i - 1] < order[i] || w[order[i]] == 0));
	}
	check(ok, "floats in order");
	check(stable && w[order[0]] == v[0] && w[order[N - 1]] == v[N - 1], "indices in order, equal ones as they came");
}

static void check_pyramid(const uint8_t *square)
{
	static float a[FV_SQUARE_FLOATS], p[FV_PYRAMID_FLOATS];
	void *room = malloc(FV_PYRAMID_ROOM);
	double worst = 0;
	for (int i = 0; i < FV_SQUARE_FLOATS; i++)
		a[i] = square[i];
	fv_pyramid(a, p, room);
	fv_unpyramid(p, room);
	for (int i = 0; i < FV_SQUARE_FLOATS; i++)
		worst = fmax(worst, fabsf(a[i] - p[i]));
	near("pyramid", "taken apart and put together", worst, 0, 1e-3);
	free(room);
}

/* Pictures without anything in them, smaller than any window, fewer than folds: figures or NAN, no fault. */
static void check_odd(fv_context *c, const set *art)
{
	static uint8_t grey[10 * 7 * 3], square[2 * FV_SQUARE_BYTES];
	fv_err err;
	fv_eval *e = NULL;
	fv_measures m;
	memset(grey, 128, sizeof grey);
	memset(square, 128, sizeof square);
	fv_pixels flat[2] = { { 10, 7, 3, 8, 30, grey }, { 10, 7, 3, 8, 30, grey } }, other[2] = { { 7, 10, 3, 8, 21, grey }, flat[1] };
	fv_pictures two = { 2, flat, square }, turned = { 2, other, square }, none = { 0, flat, square }, own = { 2, NULL, square };
	check(fv_eval_open(&err, c, &art->view, &e) == FV_OK && fv_eval_set(&err, e, &two, &two, NULL, NULL, &m) == FV_OK, "grey pictures of 10x7");
	check(m.count == 2 && isfinite(m.swd) && isnan(m.auc) && isnan(m.lattice[0]) && m.chroma < 0.01 && isnan(m.ssim) && m.corr == 0, "their figures");
	check(fv_eval_set(&err, e, &own, &own, NULL, NULL, &m) == FV_OK && m.lattice[2] == m.lattice_input[2] && m.ssim == 1, "squares alone");
	check(fv_eval_floors(&err, e, &two, NULL, NULL, (fv_measures[FV_FLOORS]){ { 0 } }) == FV_OK, "their floors");
	check(fv_eval_set(&err, e, &two, &turned, NULL, NULL, &m) == FV_E_SHAPE && strstr(err.text, "10x7"), "sizes that differ are refused");
	check(fv_eval_set(&err, e, &none, NULL, NULL, NULL, &m) == FV_E_ARGUMENT, "an empty set is refused");
	fv_eval_close(e);
	e = NULL;
	check(fv_eval_open(&err, c, &none, &e) == FV_E_ARGUMENT && !e, "no paintings are refused");
	/* Grey paintings: no deviation to divide by. */
	check(fv_eval_open(&err, c, &two, &e) == FV_OK && fv_eval_set(&err, e, &two, &two, NULL, NULL, &m) == FV_OK && m.swd == 0, "grey paintings");
	fv_eval_close(e);
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

/* The k-th allocation fails, for every k until all goes well. */
static void check_memory(const set *art, const set *photos)
{
	const fv_pictures few = { 1, art->view.pixels, art->view.square }, some = { 1, photos->view.pixels, photos->view.square };
	bool said = true, leaked = false, done = false;
	int k = 0;
	for (; k < 500 && !done; k++) {
		supply s = { k, 0 };
		fv_allocator a = { take, give, &s };
		fv_context_options o = { .size = sizeof o, .threads = 1, .allocator = &a };
		fv_context *c = NULL;
		fv_eval *e = NULL;
		fv_err err = { 0 };
		fv_measures m, floors[FV_FLOORS];
		fv_status st = fv_context_new(&err, &o, &c);
		if (!st && !(st = fv_eval_open(&err, c, &few, &e)) && !(st = fv_eval_set(&err, e, &some, &some, NULL, NULL, &m)))
			st = fv_eval_floors(&err, e, &some, NULL, NULL, floors);
		fv_eval_close(e);
		fv_context_free(c);
		done = st == FV_OK;
		said &= done || (st == FV_E_MEMORY && err.text[0]);
		leaked |= s.live != 0;
	}
	check(done && k > 20, "with enough memory it succeeds");
	check(said, "each failed allocation is told");
	check(!leaked, "nothing leaks when memory ends");
}

static int told;
static void tell(void *user, double done)
{
	double *last = user;
	told += done >= *last && done <= 1.0001;
	*last = done;
}

static fv_status measure(fv_err *err, int threads, const set *art, const set *outs, const set *photos, const set *more, fv_measures *rows)
{
	fv_context_options o = { .size = sizeof o, .threads = threads };
	fv_context *c = NULL;
	fv_eval *e = NULL;
	double last = 0;
	fv_status st = fv_context_new(err, &o, &c);
	if (!st)
		st = fv_eval_open(err, c, &art->view, &e);
	if (!st)
		st = fv_eval_set(err, e, &outs->view, &photos->view, NULL, NULL, &rows[0]);
	if (!st)
		st = fv_eval_floors(err, e, &photos->view, tell, &last, &rows[1]);
	if (!st)
		st = fv_eval_set(err, e, &(fv_pictures){ more->view.count, NULL, more->view.square }, NULL, NULL, NULL, &rows[4]);
	if (!st && threads == 1)
		check_odd(c, art);
	fv_eval_close(e);
	fv_context_free(c);
	return st;
}

int main(void)
{
	static const char *names[] = { "painted", "identity", "reinhard", "bands", "real" };
	static set photos, outs, art, more;
	static fv_measures one[5], three[5];
	uint64_t hash = 1469598103934665603u;
	fv_err err = { 0 };
	for (int i = 0; i < 8; i++) {
		photos.pixels[i] = picture(PHOTO, i);
		outs.pixels[i] = painted(&photos.pixels[i], i);
	}
	for (int i = 0; i < 7; i++)
		art.pixels[i] = picture(ART, i);
	for (int i = 0; i < 9; i++)
		more.pixels[i] = picture(MORE, i);
	squares_of(&photos, 8);
	squares_of(&outs, 8);
	squares_of(&art, 7);
	squares_of(&more, 9);
	for (int i = 0; i < 8 * FV_SQUARE_BYTES; i++)
		hash = (hash ^ photos.square[i]) * 1099511628211u;
	check(hash == golden_squares, "squares are Pillow's, byte for byte");
	check_draws();
	check_sorting();
	check_pyramid(photos.square);
	check(measure(&err, 1, &art, &outs, &photos, &more, one) == FV_OK, "measured by one thread");
	check(measure(&err, 3, &art, &outs, &photos, &more, three) == FV_OK, "measured by three threads");
	check(told >= 8, "progress is told, forwards");
	check(!memcmp(one, three, sizeof one), "one thread or three: the same bits");
	for (int i = 0; i < 5; i++)
		check_measures(names[i], &one[i], &golden[i]);
	check_memory(&art, &photos);
	free_set(&photos);
	free_set(&outs);
	free_set(&art);
	free_set(&more);
	return finish("eval");
}
