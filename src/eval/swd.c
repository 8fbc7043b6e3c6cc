/* SPDX-License-Identifier: Apache-2.0 */
/* The sliced Wasserstein distance: along a direction, the mean distance of two sorted sets of
 * projections is the earth mover's distance of the two in one dimension; averaged over random
 * directions. */
#include "eval/metric.h"
#include "eval/pcg64.h"
#include <math.h>
#include <string.h>

#define DIRECTIONS 512
#define LANES 16                        /* directions at a time */

typedef float lanes __attribute__((vector_size(4 * LANES)));

void fv_swd_draw(uint32_t seed, fv_swd_places *places, int count)
{
	fv_pcg64 g = fv_pcg64_seed(seed);
	for (int i = 0; i < count; i++)
		for (int l = 0; l < FV_LEVELS; l++)
			for (int axis = 0; axis < 2; axis++)
				for (int k = 0; k < FV_SWD_PATCHES; k++)
					(axis ? places[i].x : places[i].y)[l][k] = (uint8_t)
						fv_pcg64_below(&g, (uint32_t)fv_level_side(l) - 6);
}

void fv_swd_cut(const float *pyramid, const fv_swd_places *places, float *patches)
{
	for (int l = 0; l < FV_LEVELS; l++)
		for (int k = 0; k < FV_SWD_PATCHES; k++)
			for (int y = 0; y < 7; y++, patches += 7 * 3)
				memcpy(patches,
				       pyramid + fv_level_at(l) +
				               ((places->y[l][k] + y) * fv_level_side(l) +
				                places->x[l][k]) *
				                       3,
				       7 * 3 * sizeof(float));
}

typedef struct {
	const float *set[2];
	const uint32_t *order[2];
	int64_t n;                      /* of each set are used */
	int level;
	lanes (*direction)[FV_SWD_VALUES], *offset;     /* DIRECTIONS / LANES of each */
	float *room;                    /* a thread's: (2 LANES + 1) n */
	double *sum;                    /* a direction's */
} job;

static const float *patch(const float *set, int level, uint32_t i)
{
	return set + (int64_t)(i / FV_SWD_PATCHES) * FV_SWD_FLOATS +
	       (level * FV_SWD_PATCHES + (int64_t)(i % FV_SWD_PATCHES)) * FV_SWD_VALUES;
}

/* out[lane * n + i]: patch i along the lane's direction. Four patches at a time hide the additions'
 * latency. */
static void project(const job *j, int which, int64_t block, float *out)
{
	const lanes *d = j->direction[block];
	for (int64_t i = 0; i < j->n; i += 4) {
		const float *p[4];
		lanes sum[4];
		for (int k = 0; k < 4; k++) {
			p[k] = patch(j->set[which], j->level,
			             j->order[which][fv_min(i + k, j->n - 1)]);
			sum[k] = j->offset[block];
		}
		for (int v = 0; v < FV_SWD_VALUES; v++)
			for (int k = 0; k < 4; k++)
				sum[k] += p[k][v] * d[v];
		for (int k = 0; k < 4 && i + k < j->n; k++)
			for (int lane = 0; lane < LANES; lane++)
				out[lane * j->n + i + k] = sum[k][lane];
	}
}

static void slice(void *arg, int thread, int64_t first, int64_t last)
{
	const job *j = arg;
	float *a = j->room + thread * (2 * LANES + 1) * j->n, *b = a + LANES * j->n,
	      *room = b + LANES * j->n;
	for (int64_t block = first; block < last; block++) {
		project(j, 0, block, a);
		project(j, 1, block, b);
		for (int lane = 0; lane < LANES; lane++) {
			float *x = a + lane * j->n, *y = b + lane * j->n;
			double sum = 0;
			fv_radix_floats(x, room, j->n);
			fv_radix_floats(y, room, j->n);
			for (int64_t i = 0; i < j->n; i++)
				sum += fabsf(x[i] - y[i]);
			j->sum[block * LANES + lane] = sum;
		}
	}
}

/* Mean and deviation a channel of all of a set's patches at a level. */
static void moments(const float *set, int count, int level, double mean[3], double deviation[3])
{
	double n = (double)count * FV_SWD_PATCHES * FV_SWD_VALUES / 3, sum[3] = { 0 },
	       square[3] = { 0 };
	for (int pass = 0; pass < 2; pass++)
		for (int64_t i = 0; i < (int64_t)count * FV_SWD_PATCHES; i++) {
			const float *p = patch(set, level, (uint32_t)i);
			for (int v = 0; v < FV_SWD_VALUES; v += 3)
				for (int k = 0; k < 3; k++) {
					double x = pass ? p[v + k] - sum[k] / n : p[v + k];
					*(pass ? &square[k] : &sum[k]) += pass ? x * x : x;
				}
		}
	for (int k = 0; k < 3; k++) {
		mean[k] = sum[k] / n;
		deviation[k] = fmax(sqrt(square[k] / n), 1e-6);
	}
}

/* Directions of length 1; the paintings' mean and deviation are folded in: d . (x - m) / s = (d /
 * s) . x - d . m / s. */
static void draw_directions(job *j, fv_pcg64 *g, const fv_ziggurat *z, const double mean[3],
                            const double deviation[3])
{
	for (int v = 0; v < FV_SWD_VALUES; v++)
		for (int i = 0; i < DIRECTIONS; i++)
			j->direction[i / LANES][v][i % LANES] = (float)fv_pcg64_normal(g, z);
	for (int i = 0; i < DIRECTIONS; i++) {
		double length = 0, offset = 0;
		for (int v = 0; v < FV_SWD_VALUES; v++) {
			double d = j->direction[i / LANES][v][i % LANES];
			length += d * d;
		}
		for (int v = 0; v < FV_SWD_VALUES; v++) {
			double d = j->direction[i / LANES][v][i % LANES] / sqrt(length) /
			           deviation[v % 3];
			j->direction[i / LANES][v][i % LANES] = (float)d;
			offset -= d * mean[v % 3];
		}
		j->offset[i / LANES][i % LANES] = (float)offset;
	}
}

fv_status fv_swd(fv_err *err, fv_context *c, const float *pictures, int count, const float *art,
                 int art_count, double level[FV_LEVELS])
{
	int64_t na = (int64_t)count * FV_SWD_PATCHES, nb = (int64_t)art_count * FV_SWD_PATCHES,
		n = fv_min(na, nb);
	size_t room = (size_t)((2 * LANES + 1) * n * c->threads) * sizeof(float);
	fv_arena *mem = fv_arena_new(c);
	uint32_t *order[2] = { NULL, NULL };
	fv_ziggurat *z = NULL;
	job j = { .set = { pictures, art }, .n = n };
	bool ok = mem && (order[0] = fv_arena_get(mem, (size_t)na * sizeof **order)) &&
	          (order[1] = fv_arena_get(mem, (size_t)nb * sizeof **order)) &&
	          (z = fv_arena_get(mem, sizeof *z)) &&
	          (j.direction = fv_arena_get(mem, sizeof(float) * DIRECTIONS * FV_SWD_VALUES)) &&
	          (j.offset = fv_arena_get(mem, sizeof(float) * DIRECTIONS)) &&
	          (j.sum = fv_arena_get(mem, DIRECTIONS * sizeof *j.sum)) &&
	          (j.room = fv_arena_get(mem, room));
	if (!ok) {
		fv_arena_free(mem);
		return fv_fail_memory(err, "swd", room);
	}
	fv_pcg64 g = fv_pcg64_seed(FV_SWD_SEED + 2);
	fv_ziggurat_make(z);
	for (int l = 0; l < FV_LEVELS; l++) {
		double mean[3], deviation[3], sum = 0;
		moments(art, art_count, l, mean, deviation);
		fv_pcg64_permutation(&g, order[0], na);
		fv_pcg64_permutation(&g, order[1], nb);
		draw_directions(&j, &g, z, mean, deviation);
		j.level = l;
		j.order[0] = order[0];
		j.order[1] = order[1];
		fv_team_run(c->team, slice, &j, DIRECTIONS / LANES, 1);
		for (int i = 0; i < DIRECTIONS; i++)
			sum += j.sum[i];
		level[l] = 1000 * sum / ((double)n * DIRECTIONS);
	}
	fv_arena_free(mem);
	return FV_OK;
}
