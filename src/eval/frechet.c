/* SPDX-License-Identifier: Apache-2.0 */
/* The Frechet distance of two normal distributions with the means and covariances of two sets.
 *
 * A covariance is a sum of rows' outer products, S = R'R: the points less their mean, over
 * sqrt(n - 1); where there are more points than numbers in one, its eigenvectors times the roots
 * of their eigenvalues. Then tr (S1 S2)^(1/2) = tr (S1^(1/2) S2 S1^(1/2))^(1/2) is the sum of the
 * singular values of R1 R2', a matrix as small as the smaller set, and no root of a matrix is
 * needed. */
#include "base/eigen.h"
#include "eval/feature.h"
#include <math.h>

typedef struct { const double *a, *b; double *to; int64_t rows, n; } multiplying;

static double dot(const double *a, const double *b, int64_t n)
{
	double sum[8] = { 0 }, rest = 0;
	int64_t k = 0;
	for (; k + 8 <= n; k += 8)
		for (int lane = 0; lane < 8; lane++)
			sum[lane] += a[k + lane] * b[k + lane];
	for (; k < n; k++)
		rest += a[k] * b[k];
	for (int lane = 0; lane < 8; lane++)
		rest += sum[lane];
	return rest;
}

static void multiply_some(void *arg, int thread, int64_t first, int64_t last)
{
	const multiplying *m = arg;
	for (int64_t i = first; i < last; i++)
		for (int64_t k = 0; k < m->rows; k++)
			m->to[i * m->rows + k] = dot(m->a + i * m->n, m->b + k * m->n, m->n);
}

/* a b', of rows of n numbers; in the arena; NULL: no memory. */
static double *product(fv_context *c, fv_arena *mem, const double *a, int64_t a_rows,
                       const double *b, int64_t b_rows, int64_t n)
{
	double *to = fv_arena_get(mem, (size_t)(a_rows * b_rows) * sizeof *to);
	if (to)
		fv_team_run(c->team, multiply_some, &(multiplying){ a, b, to, b_rows, n }, a_rows,
		            4);
	return to;
}

typedef struct { double *mean, *row, trace; int64_t rows; } normal;

/* False: no memory, or no numbers; *finite tells which. */
static bool describe(fv_context *c, fv_arena *mem, const float *x, int64_t n, int64_t values,
                     normal *to, bool *finite)
{
	const double scale = 1 / sqrt((double)(n - 1));
	const bool tall = n > values;
	double *mean = fv_arena_get(mem, (size_t)values * sizeof *mean);
	double *row = fv_arena_get(mem, (size_t)(n * values) * sizeof *row);
	if (!mean || !row)
		return false;
	for (int64_t i = 0; i < n; i++)
		for (int64_t k = 0; k < values; k++)
			mean[k] += (double)x[i * values + k] / (double)n;
	*to = (normal){ mean, row, 0, n };
	/* Of a tall set number by number, for its covariance. */
	for (int64_t i = 0; i < n; i++)
		for (int64_t k = 0; k < values; k++) {
			double v = ((double)x[i * values + k] - mean[k]) * scale;
			row[tall ? k * n + i : i * values + k] = v;
			to->trace += v * v;
		}
	*finite = isfinite(to->trace);
	if (!tall || !*finite)
		return *finite;
	double *vector = product(c, mem, row, values, row, values, n);
	double *value = fv_arena_get(mem, (size_t)(2 * values) * sizeof *value);
	if (!vector || !value)
		return false;
	if (!(*finite = fv_eigen_symmetric(values, vector, value, value + values)))
		return false;
	for (int64_t i = 0; i < values; i++)
		for (int64_t k = 0; k < values; k++)
			vector[i * values + k] *= sqrt(fmax(value[i], 0));
	to->row = vector;
	to->rows = values;
	return true;
}

/* The sum of the singular values of a's rows times b's. */
static bool overlap(fv_context *c, fv_arena *mem, const normal *a, const normal *b, int64_t values,
                    double *out, bool *finite)
{
	const normal *small = a->rows < b->rows ? a : b, *large = small == a ? b : a;
	const int64_t n = small->rows;
	double *m = product(c, mem, small->row, n, large->row, large->rows, values);
	double *square = m ? product(c, mem, m, n, m, n, large->rows) : NULL;
	double *value = fv_arena_get(mem, (size_t)(2 * n) * sizeof *value), sum = 0;
	if (!square || !value)
		return false;
	if (!(*finite = fv_eigen_symmetric(n, square, value, value + n)))
		return false;
	for (int64_t i = 0; i < n; i++)
		sum += sqrt(fmax(value[i], 0));
	*out = sum;
	return true;
}

fv_status fv_frechet(fv_err *err, fv_context *c, const float *a, int a_count, const float *b,
                     int b_count, int values, double *out)
{
	normal x, y;
	double shared = NAN, distance = 0;
	bool finite = true;
	if (a_count < 2 || b_count < 2) {
		*out = NAN;
		return FV_OK;
	}
	fv_arena *mem = fv_arena_new(c);
	bool done = mem && describe(c, mem, a, a_count, values, &x, &finite) &&
	            describe(c, mem, b, b_count, values, &y, &finite) &&
	            overlap(c, mem, &x, &y, values, &shared, &finite);
	for (int k = 0; done && k < values; k++)
		distance += (x.mean[k] - y.mean[k]) * (x.mean[k] - y.mean[k]);
	if (done)
		distance += x.trace + y.trace - 2 * shared;
	fv_arena_free(mem);
	if (!done && finite)
		return fv_fail_memory(err, "covariances",
		                      (size_t)(a_count + b_count) * (size_t)values *
		                              sizeof(double));
	*out = done ? distance : NAN;
	return FV_OK;
}
