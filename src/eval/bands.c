/* SPDX-License-Identifier: Apache-2.0 */
/* The floor without any learning: each band of the Laplacian pyramid is given the histogram that it has in paintings. */
#include "eval/eval.h"
#include <stdlib.h>
#include <string.h>

#define QUANTILES 512

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

typedef struct { float value; int32_t at; } ranked;
static int by_value(const void *a, const void *b)
{
	const ranked *x = a, *y = b;
	return x->value != y->value ? (x->value > y->value ? 1 : -1) : (x->at > y->at) - (x->at < y->at);
}

/* Every third value both ways of each band and channel of all paintings: its quantiles. */
static bool quantiles(fv_context *c, const fv_image *art, int n, double (*q)[3][QUANTILES])
{
	fv_arena *mem = fv_arena_new(c);
	fv_image(*level)[FV_LEVELS] = mem ? fv_arena_get(mem, (size_t)n * sizeof *level) : NULL;
	float *pool = mem ? fv_arena_get(mem, (size_t)n * 86 * 86 * sizeof *pool) : NULL;
	bool ok = level && pool;
	for (int i = 0; i < n && ok; i++)
		ok = fv_pyramid(mem, art[i], level[i]);
	for (int l = 0; l < FV_LEVELS && ok; l++)
		for (int k = 0; k < 3; k++) {
			int64_t count = 0;
			for (int i = 0; i < n; i++)
				for (int64_t y = 0; y < level[i][l].h; y += 3)
					for (int64_t x = 0; x < level[i][l].w; x += 3)
						pool[count++] = level[i][l].rgb[(y * level[i][l].w + x) * 3 + k];
			qsort(pool, (size_t)count, sizeof *pool, ascending);
			for (int i = 0; i < QUANTILES; i++) {
				double at = (double)i / (QUANTILES - 1) * (double)(count - 1);
				int64_t low = fv_min((int64_t)at, count - 2);
				q[l][k][i] = pool[low] + (at - (double)low) * (pool[low + 1] - pool[low]);
			}
		}
	fv_arena_free(mem);
	return ok;
}

static bool match(fv_context *c, fv_image *p, double (*q)[3][QUANTILES])
{
	fv_arena *mem = fv_arena_new(c);
	fv_image level[FV_LEVELS];
	ranked *r = mem ? fv_arena_get(mem, (size_t)(p->h * p->w) * sizeof *r) : NULL;
	bool ok = r && fv_pyramid(mem, *p, level);
	for (int l = 0; l < FV_LEVELS && ok; l++)
		for (int k = 0; k < 3; k++) {
			int64_t n = level[l].h * level[l].w;
			for (int64_t i = 0; i < n; i++)
				r[i] = (ranked){ level[l].rgb[3 * i + k], (int32_t)i };
			qsort(r, (size_t)n, sizeof *r, by_value);
			for (int64_t i = 0; i < n; i++) {
				double at = (double)i / (double)(n - 1) * (QUANTILES - 1);
				int low = (int)fv_min((int64_t)at, QUANTILES - 2);
				level[l].rgb[3 * r[i].at + k] = (float)(q[l][k][low] + (at - low) * (q[l][k][low + 1] - q[l][k][low]));
			}
		}
	for (int l = FV_LEVELS - 2; l >= 0 && ok; l--)
		ok = fv_pyramid_up(mem, level[l + 1], level[l]);
	for (int64_t i = 0; i < p->h * p->w * 3 && ok; i++)
		p->rgb[i] = level[0].rgb[i] < 0 ? 0 : level[0].rgb[i] > 255 ? 255 : level[0].rgb[i];
	fv_arena_free(mem);
	return ok;
}

fv_status fv_floor_bands(fv_err *err, fv_context *c, const fv_image *art, int n, fv_image *squares, int count)
{
	fv_arena *mem = fv_arena_new(c);
	double (*q)[3][QUANTILES] = mem ? fv_arena_get(mem, FV_LEVELS * sizeof *q) : NULL;
	bool ok = q && quantiles(c, art, n, q);
	for (int i = 0; i < count && ok; i++)
		ok = match(c, &squares[i], q);
	fv_arena_free(mem);
	return ok ? FV_OK : fv_fail_memory(err, "band histograms", (size_t)n * FV_SQUARE * FV_SQUARE * 12);
}
