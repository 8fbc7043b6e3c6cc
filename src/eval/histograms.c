/* SPDX-License-Identifier: Apache-2.0 */
/* The floor that needs no learning: a value's rank in its band says which of the paintings' values
 * it becomes. */
#include "eval/metric.h"

/* Interpolates between n values at a place in [0,1]. */
static double between(const float *v, int64_t n, double place)
{
	double at = place * (double)(n - 1);
	int64_t low = fv_min((int64_t)at, n - 2);
	return v[low] + (at - (double)low) * ((double)v[low + 1] - v[low]);
}

static int64_t pooled(int level) { return fv_div_up(fv_level_side(level), 3); }    /* a side */

/* Level by level, channel by channel. */
void fv_histograms_pool(const float *pyramid, float *pool)
{
	for (int l = 0; l < FV_LEVELS; l++)
		for (int c = 0; c < 3; c++)
			for (int64_t y = 0; y < pooled(l); y++)
				for (int64_t x = 0; x < pooled(l); x++)
					*pool++ = pyramid[fv_level_at(l) + 3 * (3 * y * fv_level_side(l) + 3 * x) + c];
}

fv_status fv_histograms_learn(fv_err *err, fv_context *c, const float *pools, int count,
                              fv_histograms *out)
{
	size_t bytes = (size_t)count * (size_t)(pooled(0) * pooled(0)) * sizeof(float);
	fv_arena *mem = fv_arena_new(c);
	float *v = mem ? fv_arena_get(mem, bytes) : NULL,
	      *room = mem ? fv_arena_get(mem, bytes) : NULL;
	if (!v || !room) {
		fv_arena_free(mem);
		return fv_fail_memory(err, "band histograms", bytes);
	}
	int64_t begin = 0;
	for (int l = 0; l < FV_LEVELS; l++)
		for (int k = 0; k < 3; k++) {
			int64_t here = pooled(l) * pooled(l), n = 0;
			for (int i = 0; i < count; i++)
				for (int64_t j = 0; j < here; j++)
					v[n++] = pools[(int64_t)i * FV_POOL_FLOATS + begin + j];
			begin += here;
			fv_radix_floats(v, room, n);
			for (int i = 0; i < FV_QUANTILES; i++)
				out->value[l][k][i] = (float)between(
					v, n, i / (double)(FV_QUANTILES - 1));
		}
	fv_arena_free(mem);
	return FV_OK;
}

void fv_histograms_give(const fv_histograms *b, float *pyramid, void *room)
{
	float *plane = room;
	uint32_t *order = (uint32_t *)room + FV_SIDE * FV_SIDE;
	for (int l = 0; l < FV_LEVELS; l++)
		for (int k = 0; k < 3; k++) {
			float *level = pyramid + fv_level_at(l) + k;
			int64_t n = fv_level_side(l) * fv_level_side(l);
			for (int64_t i = 0; i < n; i++)
				plane[i] = level[3 * i];
			fv_radix_order(plane, order, order + n, n);
			for (int64_t i = 0; i < n; i++)
				level[3 * order[i]] = (float)between(b->value[l][k], FV_QUANTILES,
				                                     (double)i / (double)(n - 1));
		}
}
