/* SPDX-License-Identifier: Apache-2.0 */
/* swd: sliced Wasserstein distance between patch sets, Karras et al., arXiv:1710.10196, appendix B; both sets are
 * normalised with the paintings' mean and deviation a channel, so that palette counts. */
#include "eval/eval.h"
#include "base/philox.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PATCHES 128
#define SIDE 7
#define VALUES (SIDE * SIDE * 3)
#define DIRECTIONS 512
#define SEED 1

static uint32_t below(uint64_t purpose, uint64_t i, int64_t n) { return (uint32_t)(fv_unit(fv_philox_at(SEED, purpose, i).v[0]) * (double)n); }

static bool cut(fv_context *c, const fv_image *p, int n, const char *purpose, float *to[FV_LEVELS])
{
	for (int i = 0; i < n; i++) {
		fv_image level[FV_LEVELS];
		fv_arena *a = fv_arena_new(c);
		if (!a || !fv_pyramid(a, p[i], level)) {
			fv_arena_free(a);
			return false;
		}
		for (int l = 0; l < FV_LEVELS; l++)
			for (int k = 0; k < PATCHES; k++) {
				uint64_t at = (uint64_t)((i * FV_LEVELS + l) * PATCHES + k);
				int64_t y = below(fv_purpose(purpose), 2 * at, level[l].h - SIDE + 1), x = below(fv_purpose(purpose), 2 * at + 1, level[l].w - SIDE + 1);
				for (int r = 0; r < SIDE; r++)
					memcpy(to[l] + ((int64_t)i * PATCHES + k) * VALUES + r * SIDE * 3, level[l].rgb + ((y + r) * level[l].w + x) * 3, SIDE * 3 * sizeof(float));
			}
		fv_arena_free(a);
	}
	return true;
}

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

typedef struct { const float *x; int64_t rows; const int32_t *order; const float *direction; float *out; int64_t n; } projecting;

/* One direction a unit: n projections, sorted. */
static void project(void *arg, int thread, int64_t first, int64_t last)
{
	projecting *p = arg;
	for (int64_t d = first; d < last; d++) {
		const float *w = p->direction + d * VALUES;
		float *out = p->out + d * p->n;
		for (int64_t i = 0; i < p->n; i++) {
			const float *x = p->x + p->order[i] * (int64_t)VALUES;
			float s[8] = { 0 };
			int k = 0;
			for (; k + 8 <= VALUES; k += 8)
				for (int j = 0; j < 8; j++)
					s[j] += x[k + j] * w[k + j];
			float sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
			for (; k < VALUES; k++)
				sum += x[k] * w[k];
			out[i] = sum;
		}
		qsort(out, (size_t)p->n, sizeof *out, ascending);
	}
}

static void shuffle(int32_t *order, int64_t n, const char *purpose)
{
	for (int64_t i = 0; i < n; i++)
		order[i] = (int32_t)i;
	for (int64_t i = n - 1; i > 0; i--) {
		int64_t j = below(fv_purpose(purpose), (uint64_t)i, i + 1);
		int32_t t = order[i];
		order[i] = order[j], order[j] = t;
	}
}

fv_status fv_eval_swd(fv_err *err, fv_context *c, const fv_image *a, int na, const fv_image *b, int nb, fv_swd *out)
{
	fv_arena *mem = fv_arena_new(c);
	float *x[FV_LEVELS], *y[FV_LEVELS], *direction = NULL, *px = NULL, *py = NULL;
	int64_t nx = (int64_t)na * PATCHES, ny = (int64_t)nb * PATCHES, n = fv_min(nx, ny);
	int32_t *ox = NULL, *oy = NULL;
	bool ok = mem != NULL;
	for (int l = 0; l < FV_LEVELS && ok; l++) {
		x[l] = fv_arena_get(mem, (size_t)(nx * VALUES) * sizeof(float));
		y[l] = fv_arena_get(mem, (size_t)(ny * VALUES) * sizeof(float));
		ok = x[l] && y[l];
	}
	ok = ok && (direction = fv_arena_get(mem, DIRECTIONS * VALUES * sizeof(float))) && (px = fv_arena_get(mem, (size_t)(DIRECTIONS * n) * sizeof(float))) &&
	     (py = fv_arena_get(mem, (size_t)(DIRECTIONS * n) * sizeof(float))) && (ox = fv_arena_get(mem, (size_t)nx * sizeof *ox)) &&
	     (oy = fv_arena_get(mem, (size_t)ny * sizeof *oy)) && cut(c, a, na, "swd painted", x) && cut(c, b, nb, "swd paintings", y);
	if (!ok) {
		fv_arena_free(mem);
		return fv_fail_memory(err, "swd", (size_t)((nx + ny) * VALUES * FV_LEVELS) * sizeof(float));
	}
	shuffle(ox, nx, "swd order painted");
	shuffle(oy, ny, "swd order paintings");
	*out = (fv_swd){ 0 };
	for (int l = 0; l < FV_LEVELS; l++) {
		double mean[3] = { 0 }, square[3] = { 0 }, count = (double)(ny * SIDE * SIDE);
		for (int64_t i = 0; i < ny * VALUES; i++)
			mean[i % 3] += y[l][i] / count;
		for (int64_t i = 0; i < ny * VALUES; i++)
			square[i % 3] += (y[l][i] - mean[i % 3]) * (y[l][i] - mean[i % 3]) / count;
		for (int64_t i = 0; i < nx * VALUES; i++)
			x[l][i] = (float)((x[l][i] - mean[i % 3]) / sqrt(square[i % 3]));
		for (int64_t i = 0; i < ny * VALUES; i++)
			y[l][i] = (float)((y[l][i] - mean[i % 3]) / sqrt(square[i % 3]));
		for (int64_t d = 0; d < DIRECTIONS; d++) {
			double length = 0;
			for (int64_t k = 0; k < VALUES; k++) {
				fv_philox r = fv_philox_at(SEED, fv_purpose("swd direction"), (uint64_t)((l * DIRECTIONS + d) * VALUES + k));
				double v = sqrt(-2 * log(1 - fv_unit(r.v[0]))) * cos(6.283185307179586 * fv_unit(r.v[1]));
				direction[d * VALUES + k] = (float)v;
				length += v * v;
			}
			for (int64_t k = 0; k < VALUES; k++)
				direction[d * VALUES + k] /= (float)sqrt(length);
		}
		fv_team_run(c->team, project, &(projecting){ x[l], nx, ox, direction, px, n }, DIRECTIONS, 8);
		fv_team_run(c->team, project, &(projecting){ y[l], ny, oy, direction, py, n }, DIRECTIONS, 8);
		double sum = 0;
		for (int64_t i = 0; i < DIRECTIONS * n; i++)
			sum += fabs((double)px[i] - py[i]);
		out->level[l] = 1000 * sum / (double)(DIRECTIONS * n);
		out->mean += out->level[l] / FV_LEVELS;
	}
	fv_arena_free(mem);
	return FV_OK;
}
