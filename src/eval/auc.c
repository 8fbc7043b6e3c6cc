/* SPDX-License-Identifier: Apache-2.0 */
/* auc: how well a fresh linear classifier tells painted patches (64x64) from patches of real paintings: band energies,
 * moments, orientations and colours; five folds by picture; a shrunk linear discriminant. 0.5 cannot tell, 1 always can. */
#include "eval/eval.h"
#include "base/philox.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N FV_SQUARE
#define T 64
#define BLOCKS (N / T * (N / T))
#define BANDS 4
#define FEATURES (3 * (2 + 3 * BANDS) + 3 * BANDS)
#define FOLDS 5

static const double sigma[BANDS] = { 0.7, 1.4, 2.8, 5.6 };

/* The mean of f over block b; f is N x N. */
static double block_mean(const double *f, int b, int power)
{
	double sum = 0;
	for (int y = 0; y < T; y++)
		for (int x = 0; x < T; x++) {
			double v = f[(b / (N / T) * T + y) * N + b % (N / T) * T + x];
			sum += power == 1 ? v : power == 2 ? v * v : power == 3 ? v * v * v : v * v * v * v;
		}
	return sum / (T * T);
}

/* numpy's gradient: central inside, one-sided at the ends. */
static double slope(const double *f, int y, int x, bool down)
{
	int i = down ? y : x, step = down ? N : 1, lo = i > 0, hi = i < N - 1;
	const double *p = f + y * N + x;
	return (p[hi * step] - p[-lo * step]) / (lo + hi);
}

/* to: BLOCKS rows of FEATURES. room: 6 planes. */
static void features(fv_image p, double *to, double *room)
{
	double *plane = room, *low = room + N * N, *next = low + N * N, *band = next + N * N, *spare = band + N * N;
	int at = 0;
	for (int c = 0; c < 3; c++) {
		for (int i = 0; i < N * N; i++) {
			const float *v = p.rgb + 3 * i;
			plane[i] = (c == 0 ? fv_luma(v) : c == 1 ? v[0] - v[1] : (v[0] + v[1]) / 2 - v[2]) / 255;
		}
		for (int b = 0; b < BLOCKS; b++) {
			double m = block_mean(plane, b, 1);
			to[b * FEATURES + at] = m;
			double var = block_mean(plane, b, 2) - m * m;
			to[b * FEATURES + at + 1] = sqrt(var > 0 ? var : 0);
		}
		at += 2;
		memcpy(low, plane, N * N * sizeof *low);
		for (int s = 0; s < BANDS; s++) {
			fv_gaussian(low, next, spare, N, N, sigma[s], (int)(4 * sigma[s] + 0.5));
			for (int i = 0; i < N * N; i++)
				band[i] = low[i] - next[i];
			for (int b = 0; b < BLOCKS; b++) {
				double m2 = block_mean(band, b, 2) + 1e-8;
				double *f = to + b * FEATURES + at;
				f[0] = log(m2);
				f[1] = log(block_mean(band, b, 4) / (m2 * m2) + 1e-8);
				f[2] = block_mean(band, b, 3) / pow(m2, 1.5);
				if (c)
					continue;
				double xx = 1e-9, yy = 1e-9, xy = 0;
				for (int y = b / (N / T) * T; y < b / (N / T) * T + T; y++)
					for (int x = b % (N / T) * T; x < b % (N / T) * T + T; x++) {
						double gx = slope(next, y, x, false), gy = slope(next, y, x, true);
						xx += gx * gx / (T * T), yy += gy * gy / (T * T), xy += gx * gy / (T * T);
					}
				f[3] = log(xx / yy);
				f[4] = sqrt((xx - yy) * (xx - yy) + 4 * xy * xy) / (xx + yy);
				f[5] = log(xx + yy);
			}
			at += c ? 3 : 6;
			double *t = low;
			low = next, next = t;
		}
	}
}

/* Gaussian elimination with partial pivots; the matrix is a covariance, shrunk: well behaved. */
static void solve(double *m, double *v)
{
	for (int i = 0; i < FEATURES; i++) {
		int pivot = i;
		for (int r = i + 1; r < FEATURES; r++)
			if (fabs(m[r * FEATURES + i]) > fabs(m[pivot * FEATURES + i]))
				pivot = r;
		for (int k = 0; k < FEATURES && pivot != i; k++) {
			double t = m[i * FEATURES + k];
			m[i * FEATURES + k] = m[pivot * FEATURES + k], m[pivot * FEATURES + k] = t;
		}
		double t = v[i];
		v[i] = v[pivot], v[pivot] = t;
		for (int r = i + 1; r < FEATURES; r++) {
			double f = m[r * FEATURES + i] / m[i * FEATURES + i];
			for (int k = i; k < FEATURES; k++)
				m[r * FEATURES + k] -= f * m[i * FEATURES + k];
			v[r] -= f * v[i];
		}
	}
	for (int i = FEATURES - 1; i >= 0; i--) {
		for (int k = i + 1; k < FEATURES; k++)
			v[i] -= m[i * FEATURES + k] * v[k];
		v[i] /= m[i * FEATURES + i];
	}
}

typedef struct { double score; int painted; } judged;
static int by_score(const void *a, const void *b)
{
	double x = ((const judged *)a)->score, y = ((const judged *)b)->score;
	return (x > y) - (x < y);
}

/* set[s] + i * BLOCKS rows belong to picture i. One fold: trains without it, scores it. */
static int fold(double *const set[2], int n, int k, double *room, judged *out)
{
	double mean[FEATURES] = { 0 }, square[FEATURES] = { 0 }, centre[2][FEATURES] = { { 0 } }, w[FEATURES];
	double *cov = room;
	int count[2] = { 0, 0 }, scored = 0;
	for (int pass = 0; pass < 2; pass++)
		for (int s = 0; s < 2; s++)
			for (int64_t r = 0; r < (int64_t)n * BLOCKS; r++) {
				if (r / BLOCKS % FOLDS == k)
					continue;
				const double *f = set[s] + r * FEATURES;
				count[s] += !pass;
				for (int i = 0; i < FEATURES; i++)
					if (pass)
						square[i] += (f[i] - mean[i]) * (f[i] - mean[i]) / (count[0] + count[1]);
					else
						mean[i] += f[i] / (2.0 * BLOCKS * (n - (n - k + FOLDS - 1) / FOLDS));
			}
	for (int i = 0; i < FEATURES; i++)
		square[i] = sqrt(square[i]) + 1e-6;
	memset(cov, 0, FEATURES * FEATURES * sizeof *cov);
	for (int s = 0; s < 2; s++) {
		for (int64_t r = 0; r < (int64_t)n * BLOCKS; r++)
			for (int i = 0; i < FEATURES && r / BLOCKS % FOLDS != k; i++)
				centre[s][i] += (set[s][r * FEATURES + i] - mean[i]) / square[i] / count[s];
		for (int64_t r = 0; r < (int64_t)n * BLOCKS; r++) {
			double z[FEATURES];
			if (r / BLOCKS % FOLDS == k)
				continue;
			for (int i = 0; i < FEATURES; i++)
				z[i] = (set[s][r * FEATURES + i] - mean[i]) / square[i] - centre[s][i];
			for (int i = 0; i < FEATURES; i++)
				for (int j = 0; j < FEATURES; j++)
					cov[i * FEATURES + j] += 0.9 * z[i] * z[j] / (count[s] - 1) / 2;
		}
	}
	for (int i = 0; i < FEATURES; i++) {
		cov[i * FEATURES + i] += 0.1;
		w[i] = centre[0][i] - centre[1][i];
	}
	solve(cov, w);
	for (int s = 0; s < 2; s++)
		for (int64_t r = 0; r < (int64_t)n * BLOCKS; r++) {
			double q = 0;
			if (r / BLOCKS % FOLDS != k)
				continue;
			for (int i = 0; i < FEATURES; i++)
				q += (set[s][r * FEATURES + i] - mean[i]) / square[i] * w[i];
			out[scored++] = (judged){ q, !s };
		}
	return scored;
}

typedef struct { const fv_image *p; const int *order; double *to, *room; } measuring;
static void measure(void *arg, int thread, int64_t first, int64_t last)
{
	measuring *m = arg;
	for (int64_t i = first; i < last; i++)
		features(m->p[m->order[i]], m->to + i * BLOCKS * FEATURES, m->room + (int64_t)thread * 6 * N * N);
}

fv_status fv_eval_auc(fv_err *err, fv_context *c, const fv_image *a, int na, const fv_image *b, int nb, double *out)
{
	int n = na < nb ? na : nb, scored = 0;
	fv_arena *mem = fv_arena_new(c);
	double *set[2] = { NULL, NULL }, *room = NULL;
	judged *j = NULL;
	int *order = NULL;
	bool ok = mem && (room = fv_arena_get(mem, (size_t)c->threads * 6 * N * N * sizeof *room)) &&
	          (j = fv_arena_get(mem, 2 * (size_t)n * BLOCKS * sizeof *j)) && (order = fv_arena_get(mem, (size_t)fv_max(na, nb) * sizeof *order));
	for (int s = 0; s < 2 && ok; s++)
		ok = (set[s] = fv_arena_get(mem, (size_t)n * BLOCKS * FEATURES * sizeof(double))) != NULL;
	if (!ok) {
		fv_arena_free(mem);
		return fv_fail_memory(err, "auc", (size_t)n * BLOCKS * FEATURES * sizeof(double));
	}
	if (n < FOLDS) {
		fv_arena_free(mem);
		*out = NAN;
		return FV_OK;
	}
	for (int s = 0; s < 2; s++) {
		int all = s ? nb : na;
		for (int i = 0; i < all; i++)
			order[i] = i;
		for (int i = all - 1; i > 0; i--) {
			int k = (int)(fv_unit(fv_philox_at(1, fv_purpose("auc order"), (uint64_t)(2 * i + s)).v[0]) * (i + 1)), t = order[i];
			order[i] = order[k], order[k] = t;
		}
		fv_team_run(c->team, measure, &(measuring){ s ? b : a, order, set[s], room }, n, 1);
	}
	for (int k = 0; k < FOLDS; k++)
		scored += fold(set, n, k, room, j + scored);
	qsort(j, (size_t)scored, sizeof *j, by_score);
	double ranks = 0, painted = 0;
	for (int i = 0; i < scored; i++)
		if (j[i].painted)
			ranks += i + 1, painted++;
	*out = (ranks - painted * (painted + 1) / 2) / (painted * (scored - painted));
	fv_arena_free(mem);
	return FV_OK;
}
