/* SPDX-License-Identifier: Apache-2.0 */
/* The squared maximum mean discrepancy of two sets of points by a cubic kernel, unbiased, of
 * subsets. */
#include "eval/feature.h"
#include "eval/pcg64.h"
#include <math.h>
#include <string.h>

#define SEED 0
/* points in a set: up to so many every pair's kernel is kept, in 150 MB at most; subsets of few
 * points meet a pair again and again, of many hardly ever */
#define KEPT 2500

enum { AA, BB, AB, TABLES };

typedef struct {
	const float *set[2];
	int count[2];
	const uint32_t *drawn[2];       /* subset after subset */
	int values, subset;
	double *table[TABLES];          /* AA: a's points with a's; NULL: there are too many */
	double *mmd;                    /* a subset's */
} job;

static double kernel(const float *x, const float *y, int values)
{
	/* Sums apart, so that the additions need not wait for one another. */
	double sum[8] = { 0 }, dot = 0;
	int k = 0;
	for (; k + 8 <= values; k += 8)
		for (int lane = 0; lane < 8; lane++)
			sum[lane] += (double)x[k + lane] * (double)y[k + lane];
	for (; k < values; k++)
		dot += (double)x[k] * (double)y[k];
	for (int lane = 0; lane < 8; lane++)
		dot += sum[lane];
	double b = dot / values + 1;
	return b * b * b;
}

static const float *point(const job *j, int which, int64_t i)
{
	return j->set[which] + i * j->values;
}

/* A unit: a row of each table. */
static void fill(void *arg, int thread, int64_t first, int64_t last)
{
	const job *j = arg;
	for (int64_t i = first; i < last; i++)
		for (int t = 0; t < TABLES; t++) {
			const int of = t == BB, with = t != AA;
			double *row = j->table[t] + i * j->count[with];
			for (int64_t k = 0; i < j->count[of] && k < j->count[with]; k++)
				row[k] = kernel(point(j, of, i), point(j, with, k), j->values);
		}
}

static double between(const job *j, int table, int64_t i, int64_t k)
{
	const int of = table == BB, with = table != AA;
	return j->table[AA] ? j->table[table][i * j->count[with] + k]
	                    : kernel(point(j, of, i), point(j, with, k), j->values);
}

static void compare(void *arg, int thread, int64_t first, int64_t last)
{
	const job *j = arg;
	const double m = j->subset;
	for (int64_t s = first; s < last; s++) {
		const uint32_t *a = j->drawn[0] + s * j->subset, *b = j->drawn[1] + s * j->subset;
		double within = 0, across = 0;
		for (int64_t i = 0; i < j->subset; i++) {
			for (int64_t k = 0; k < i; k++)
				within += 2 * (between(j, AA, a[i], a[k]) +
				               between(j, BB, b[i], b[k]));
			for (int64_t k = 0; k < j->subset; k++)
				across += between(j, AB, a[i], b[k]);
		}
		j->mmd[s] = within / (m * (m - 1)) - 2 * across / (m * m);
	}
}

fv_status fv_kid(fv_err *err, fv_context *c, const float *a, int a_count, const float *b,
                 int b_count, int values, fv_kid_figures *out)
{
	const int m = (int)fv_min(FV_KID_SUBSET, fv_min(a_count, b_count) / 2);
	job j = { .set = { a, b }, .count = { a_count, b_count }, .values = values, .subset = m };
	fv_kid_figures f = { NAN, NAN, m };
	if (m < 2) {
		*out = f;
		return FV_OK;
	}
	const size_t bytes = (size_t)FV_KID_SUBSETS * (size_t)m * sizeof(uint32_t);
	const bool kept = fv_max(a_count, b_count) <= KEPT;
	fv_arena *mem = fv_arena_new(c);
	uint32_t *drawn[2] = { NULL }, *order = NULL;
	bool room = mem && (j.mmd = fv_arena_get(mem, FV_KID_SUBSETS * sizeof *j.mmd)) &&
	            (order = fv_arena_get(mem, (size_t)fv_max(a_count, b_count) * sizeof *order));
	for (int i = 0; i < 2 && room; i++)
		j.drawn[i] = drawn[i] = fv_arena_get(mem, bytes);
	for (int t = 0; t < TABLES && room && kept; t++)
		room = (j.table[t] = fv_arena_get(mem, sizeof(double) * (size_t)j.count[t == BB] *
		                                       (size_t)j.count[t != AA]));
	if (!room || !drawn[0] || !drawn[1]) {
		fv_arena_free(mem);
		return fv_fail_memory(err, "subsets", 2 * bytes);
	}
	fv_pcg64 g = fv_pcg64_seed(SEED);
	for (int s = 0; s < FV_KID_SUBSETS; s++)
		for (int i = 0; i < 2; i++) {
			fv_pcg64_permutation(&g, order, j.count[i]);
			memcpy(drawn[i] + (size_t)s * (size_t)m, order, (size_t)m * sizeof *order);
		}
	if (kept)
		fv_team_run(c->team, fill, &j, fv_max(a_count, b_count), 4);
	fv_team_run(c->team, compare, &j, FV_KID_SUBSETS, 1);
	f.mean = f.deviation = 0;
	for (int s = 0; s < FV_KID_SUBSETS; s++)
		f.mean += j.mmd[s] / FV_KID_SUBSETS;
	for (int s = 0; s < FV_KID_SUBSETS; s++)
		f.deviation += (j.mmd[s] - f.mean) * (j.mmd[s] - f.mean) / FV_KID_SUBSETS;
	f.deviation = sqrt(f.deviation);
	fv_arena_free(mem);
	*out = f;
	return FV_OK;
}
