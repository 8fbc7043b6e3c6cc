/* SPDX-License-Identifier: Apache-2.0 */
/* What batch norm goes by while painting: the picture, the picture and dropout, running values; in
 * bands; by one painter in turn; of models that have none. */
#include "paint/paint.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { W = 100, H = 200, BYTES = W * H * 3 };
static uint8_t photo[BYTES];
static fv_err err;

/* A model with fresh weights, by way of a file. */
static fv_model *make(fv_context *c, const fv_family *f, const void *config)
{
	char path[] = "/tmp/fauve-norm-XXXXXX";
	fv_store *store = NULL;
	fv_graph *g = NULL;
	fv_model *m = NULL;
	int fd = mkstemp(path);
	if (check(!fv_store_new(&err, c, &store) && !fv_graph_new(&err, c, &g), "%s", err.text)) {
		fv_scope s = { .g = g, .store = store, .prefix = "G.", .create = true, .seed = 1 };
		fv_family_build(&s, f, config, 64, 64, (fv_node *[FV_PORTS]){ NULL },
		                (fv_node *[FV_PORTS]){ NULL });
		check(!g->err.status &&
		      !fv_model_write(&err, c, path, store, "G.", f, config, NULL) &&
		      !fv_model_open(&err, c, path, &m), "%s: %s", f->name, err.text);
	}
	fv_graph_free(g);
	fv_store_free(store);
	close(fd);
	unlink(path);
	return m;
}

static void paint(fv_painter *p, const fv_model *m, fv_norm norm, uint64_t seed, int64_t most,
                  uint8_t *to)
{
	fv_pixels in = { W, H, 3, 8, W * 3, photo }, out = { W, H, 3, 8, W * 3, to };
	fv_paint_options o = FV_PAINT_DEFAULTS;
	o.norm = norm, o.seed = seed, o.max_memory = most;
	check(!(p ? fv_painter_paint(&err, p, &in, &o, &out) : fv_paint(&err, m, &in, &o, &out)),
	      "norm %d: %s", norm, err.text);
}

static int far(const uint8_t *a, const uint8_t *b)
{
	int worst = 0;
	for (int i = 0; i < BYTES; i++)
		worst = abs(a[i] - b[i]) > worst ? abs(a[i] - b[i]) : worst;
	return worst;
}

static void ways(const fv_model *m)
{
	static uint8_t plain[BYTES], picture[BYTES], running[BYTES], one[BYTES], two[BYTES];
	fv_painter *p = NULL;
	paint(NULL, m, FV_NORM_DEFAULT, 1, 0, plain);
	paint(NULL, m, FV_NORM_PICTURE, 2, 0, picture);
	paint(NULL, m, FV_NORM_RUNNING, 1, 0, running);
	check(!memcmp(plain, picture, BYTES), "the default is not the picture's statistics");
	check(far(plain, running) > 2, "running values are the picture's");
	paint(NULL, m, FV_NORM_PUBLISHED, 1, 0, one);
	paint(NULL, m, FV_NORM_PUBLISHED, 1, 0, two);
	check(!memcmp(one, two, BYTES), "the same seed draws something else");
	check(far(one, plain) > 2, "there is no dropout");
	paint(NULL, m, FV_NORM_PUBLISHED, 2, 0, two);
	check(far(one, two) > 2, "another seed draws the same");
	if (check(!fv_painter_new(&err, m, &p), "%s", err.text)) {
		paint(p, m, FV_NORM_PICTURE, 1, 0, two);
		check(!memcmp(picture, two, BYTES), "a painter paints something else");
		paint(p, m, FV_NORM_RUNNING, 1, 0, two);
		check(!memcmp(running, two, BYTES), "a painter forgets that it goes by running values");
		paint(p, m, FV_NORM_PUBLISHED, 1, 0, two);
		check(!memcmp(one, two, BYTES), "a painter forgets dropout");
	}
	fv_painter_free(p);
}

static void in_bands(const fv_model *m)
{
	static uint8_t whole[BYTES], bands[BYTES];
	const fv_paint_options o = FV_PAINT_DEFAULTS;
	int64_t least = 0;
	if (!check(!fv_paint_least(&err, m, H, W, &o, &least), "%s", err.text))
		return;
	for (fv_norm norm = FV_NORM_PICTURE; norm <= FV_NORM_RUNNING; norm++) {
		paint(NULL, m, norm, 1, 0, whole);
		paint(NULL, m, norm, 1, least + least / 5, bands);
		check(far(whole, bands) <= 1, "norm %d in bands: off by %d", norm, far(whole, bands));
	}
}

static void refused(fv_model *m)
{
	static uint8_t to[BYTES];
	fv_pixels in = { W, H, 3, 8, W * 3, photo }, out = { W, H, 3, 8, W * 3, to };
	fv_paint_options o = FV_PAINT_DEFAULTS;
	for (o.norm = FV_NORM_PICTURE; o.norm <= FV_NORM_RUNNING; o.norm++)
		check(m && fv_paint(&err, m, &in, &o, &out) == FV_E_ARGUMENT &&
		      strstr(err.text, "batch norm") && strstr(err.text, m->family->name),
		      "norm %d: %s", o.norm, err.text);
	fv_model_free(m);
}

int main(void)
{
	const fv_unet batch = { .width = 6, .depth = 6, .dropout = true };
	const fv_unet instance = { .width = 2, .depth = 5, .norm = FV_UNET_INSTANCE, .dropout = true };
	const fv_resnet resnet = { .width = 2, .blocks = 1 };
	fv_context *c = NULL;
	for (int i = 0; i < BYTES; i++)
		photo[i] = (uint8_t)(i * 7 % 50 + 200 * (i / 900 % 2));
	if (check(!fv_context_new(&err, NULL, &c), "%s", err.text)) {
		fv_model *m = make(c, &fv_family_unet, &batch);
		if (m) {
			ways(m);
			in_bands(m);
		}
		fv_model_free(m);
		refused(make(c, &fv_family_unet, &instance));
		refused(make(c, &fv_family_resnet, &resnet));
	}
	fv_context_free(c);
	return finish("norm");
}
