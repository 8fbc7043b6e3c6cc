/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of points by one or two networks, and pairs by LPIPS. */
#include "eval/feature.h"
#include "eval/pcg64.h"
#include <math.h>
#include <string.h>

#define SEED 1                          /* of halves */

struct fv_points {
	fv_context *context;
	int networks;
	fv_pooled *pooled[FV_FEATURE_NETWORKS];
	fv_lpips *lpips;
};

fv_status fv_points_open(fv_err *err, fv_context *c, const fv_model *const *network, int networks,
                         const char *lpips, fv_points **out)
{
	fv_points *p = fv_alloc(c, sizeof *p);
	fv_status st = p ? FV_OK : fv_fail_memory(err, "points", sizeof *p);
	if (!st)
		*p = (fv_points){ .context = c, .networks = networks };
	for (int i = 0; i < networks && !st; i++)
		st = fv_pooled_open(err, c, network[i], &p->pooled[i]);
	if (!st && lpips)
		st = fv_lpips_open(err, c, lpips, &p->lpips);
	if (st)
		fv_points_close(p);
	else
		*out = p;
	return st;
}

void fv_points_close(fv_points *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->networks; i++)
		fv_pooled_close(p->pooled[i]);
	fv_lpips_close(p->lpips);
	fv_free(p->context, p);
}

int fv_points_values(const fv_points *p, int network)
{
	return fv_pooled_values(p->pooled[network]);
}

const char *fv_points_trunk(const fv_points *p)
{
	return p->lpips ? fv_lpips_trunk(p->lpips) : NULL;
}

void fv_point_set_free(const fv_points *p, fv_point_set *s)
{
	for (int i = 0; p && i < p->networks; i++)
		fv_free(p->context, s->by[i]);
	*s = (fv_point_set){ 0 };
}

static fv_status make_room(fv_err *err, fv_points *p, fv_point_set *s)
{
	if (s->count < s->room)
		return FV_OK;
	const int room = s->room ? 2 * s->room : 64;
	for (int i = 0; i < p->networks; i++) {
		const size_t row = (size_t)fv_points_values(p, i) * sizeof(float);
		float *larger = fv_alloc_rough(p->context, (size_t)room * row);
		if (!larger)
			return fv_fail_memory(err, "points", (size_t)room * row);
		if (s->count)
			memcpy(larger, s->by[i], (size_t)s->count * row);
		fv_free(p->context, s->by[i]);
		s->by[i] = larger;
	}
	s->room = room;
	return FV_OK;
}

fv_status fv_points_add(fv_err *err, fv_points *p, fv_point_set *s, const uint8_t *square,
                        const uint8_t *photo)
{
	fv_status st = make_room(err, p, s);
	double lpips = 0;
	for (int i = 0; i < p->networks && !st; i++)
		st = fv_pooled_of(err, p->pooled[i], square,
		                  s->by[i] + (size_t)s->count * (size_t)fv_points_values(p, i));
	const bool pair = p->lpips && photo;
	if (!st && pair && !(st = fv_lpips_of(err, p->lpips, square, photo, &lpips)))
		s->pairs++, s->lpips += lpips;
	s->count += !st;
	return st;
}

fv_status fv_points_measure(fv_err *err, fv_points *p, const fv_point_set *s,
                            const fv_point_set *art, fv_feature_row *out)
{
	fv_feature_row r = { .count = s->count, .art_count = art->count, .pairs = s->pairs };
	fv_status st = FV_OK;
	for (int i = 0; i < FV_FEATURE_NETWORKS; i++)
		r.by[i] = (fv_feature_figures){ { NAN, NAN, 0 }, NAN };
	for (int i = 0; i < p->networks && !st; i++) {
		const int values = fv_points_values(p, i);
		st = fv_kid(err, p->context, s->by[i], s->count, art->by[i], art->count, values,
		            &r.by[i].kid);
		if (!st)
			st = fv_frechet(err, p->context, s->by[i], s->count, art->by[i], art->count,
			                values, &r.by[i].frechet);
	}
	r.lpips = s->pairs ? s->lpips / s->pairs : NAN;
	if (!st)
		*out = r;
	return st;
}

fv_status fv_points_halves(fv_err *err, fv_points *p, const fv_point_set *art, fv_feature_row *out)
{
	const int half = art->count / 2;
	fv_point_set part[2] = { { .count = half }, { .count = art->count - half } };
	fv_arena *mem = fv_arena_new(p->context);
	uint32_t *order = mem ? fv_arena_get(mem, (size_t)art->count * sizeof *order) : NULL;
	fv_status st = order ? FV_OK : fv_fail_memory(err, "points", 64);
	if (!st) {
		fv_pcg64 g = fv_pcg64_seed(SEED);
		fv_pcg64_permutation(&g, order, art->count);
	}
	for (int i = 0; i < p->networks && !st; i++) {
		const size_t values = (size_t)fv_points_values(p, i);
		float *both = fv_arena_get(mem, (size_t)art->count * values * sizeof *both);
		if (!both) {
			st = fv_fail_memory(err, "points",
			                    (size_t)art->count * values * sizeof *both);
			break;
		}
		for (int k = 0; k < art->count; k++)
			memcpy(both + (size_t)k * values, art->by[i] + (size_t)order[k] * values,
			       values * sizeof *both);
		part[0].by[i] = both;
		part[1].by[i] = both + (size_t)half * values;
	}
	if (!st)
		st = fv_points_measure(err, p, &part[0], &part[1], out);
	fv_arena_free(mem);
	return st;
}
