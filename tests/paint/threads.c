/* SPDX-License-Identifier: Apache-2.0 */
/* threads MODEL: four threads paint four pictures by one model and one context at once, ten times over, and get the bytes that each
 * gets alone: whole, in bands, by a painter and without, with and without a file of kernels that were timed. */
#include "fauve/fauve.h"
#include "test.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, TIMES = 10, MOST_BYTES = 160 * 160 * 4 };

/* One in bands; those of equal size by different seeds. */
static const struct { int width, height, channels; uint64_t seed; int64_t max_memory; } kinds[THREADS] = {
	{ 96, 64, 3, 1, 0 }, { 64, 160, 3, 2, 1500000 }, { 150, 101, 4, 3, 0 }, { 150, 101, 3, 4, 0 },
};

typedef struct {
	const fv_model *model;
	int kind;
	pthread_barrier_t *together;    /* NULL: alone */
	uint8_t painted[TIMES][MOST_BYTES];
	fv_status status;
	fv_err err;
} painting;

static void *paint(void *arg)
{
	painting *p = arg;
	static const fv_paint_options defaults = FV_PAINT_DEFAULTS;
	const int w = kinds[p->kind].width, h = kinds[p->kind].height, c = kinds[p->kind].channels;
	uint8_t *photo = malloc((size_t)(w * h * c));
	fv_painter *painter = NULL;
	fv_status st = photo ? fv_painter_new(&p->err, p->model, &painter) : FV_E_MEMORY;
	for (int i = 0; i < w * h * c && photo; i++)
		photo[i] = (uint8_t)(i / c % w * (3 + p->kind) + i / (w * c) * (7 - p->kind) + i % c * 50);
	for (int t = 0; t < TIMES; t++) {
		fv_pixels in = { w, h, c, 8, w * c, photo }, out = { w, h, c, 8, w * c, p->painted[t] };
		fv_paint_options o = defaults;
		o.seed = kinds[p->kind].seed;
		o.max_memory = kinds[p->kind].max_memory;
		o.strokes = 0.2f;               /* at the picture's own size */
		if (p->together)
			pthread_barrier_wait(p->together);
		if (!st)
			st = t % 3 ? fv_painter_paint(&p->err, painter, &in, &o, &out) : fv_paint(&p->err, p->model, &in, &o, &out);
	}
	p->status = st;
	fv_painter_free(painter);
	free(photo);
	return NULL;
}

static void ask(const char *model, const char *cache)
{
	static painting together[THREADS], alone;
	pthread_barrier_t barrier;
	pthread_t thread[THREADS];
	fv_context *c = NULL;
	fv_model *m = NULL;
	fv_err err;
	fv_context_options o = { .size = sizeof o, .threads = 3, .cache = cache };
	if (!check(!fv_context_new(&err, &o, &c) && !fv_model_open(&err, c, model, &m), "%s", err.text))
		goto done;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		together[i] = (painting){ .model = m, .kind = i, .together = &barrier };
		if (pthread_create(&thread[i], NULL, paint, &together[i]))
			exit(1);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&barrier);
	for (int i = 0; i < THREADS; i++) {
		alone = (painting){ .model = m, .kind = i };
		paint(&alone);
		check(!alone.status && !together[i].status, "picture %d: %s%s", i, alone.err.text, together[i].err.text);
		for (int t = 0; t < TIMES; t++)
			check(!memcmp(together[i].painted[t], alone.painted[t], MOST_BYTES), "picture %d, time %d: not as alone%s", i, t, cache ? ", timed" : "");
		check(i != 2 || memcmp(alone.painted[0], together[3].painted[0], MOST_BYTES), "another picture and seed, the same painting");
	}
done:
	fv_model_free(m);
	fv_context_free(c);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/fauve-threads-XXXXXX", cache[80];
	if (argc != 2 || !mkdtemp(folder))
		return 2;
	snprintf(cache, sizeof cache, "%s/kernels", folder);
	ask(argv[1], NULL);
	ask(argv[1], cache);
	FILE *f = fopen(cache, "r");
	int lines = 0, ch;
	while (f && (ch = fgetc(f)) != EOF)
		lines += ch == '\n';
	if (f)
		fclose(f);
	check(lines > 1, "nothing was timed");
	unlink(cache);
	rmdir(folder);
	return finish("threads");
}
