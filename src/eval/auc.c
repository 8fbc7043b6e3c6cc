/* SPDX-License-Identifier: Apache-2.0 */
/* The area under the curve: how often a patch of `a` scores above one of `b` by a fresh linear
 * discriminant that has not seen their pictures. Values are standardised, the classes' mean
 * covariance C is shrunk: w = (.9 C + .1 I)^-1 (ma - mb). */
#include "eval/metric.h"
#include "eval/pcg64.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define V FV_TEXTURE_VALUES
#define FOLDS 5                         /* of the cross-validation */
#define SEED 1

/* Solves m x = v by elimination with partial pivots; x replaces v. The matrix is shrunk, so it
 * is never singular. */
static void solve(double m[V][V], double *v)
{
	for (int i = 0; i < V; i++) {
		int pivot = i;
		for (int r = i + 1; r < V; r++)
			if (fabs(m[r][i]) > fabs(m[pivot][i]))
				pivot = r;
		double row[V], t = v[i];
		memcpy(row, m[i], sizeof row);
		memmove(m[i], m[pivot], sizeof row);
		memcpy(m[pivot], row, sizeof row);
		v[i] = v[pivot];
		v[pivot] = t;
		for (int r = i + 1; r < V; r++) {
			double f = m[r][i] / m[i][i];
			for (int k = i; k < V; k++)
				m[r][k] -= f * m[i][k];
			v[r] -= f * v[i];
		}
	}
	for (int i = V - 1; i >= 0; i--) {
		for (int k = i + 1; k < V; k++)
			v[i] -= m[i][k] * v[k];
		v[i] /= m[i][i];
	}
}

/* Two sets of n pictures each, in the order drawn. */
typedef struct { const fv_texture *set[2]; const uint32_t *order[2]; int n; } sets;
static const fv_texture *picture(const sets *s, int which, int i)
{
	return &s->set[which][s->order[which][i]];
}

typedef struct { double score; bool painted; } scored;

typedef struct {
	double mean[V], deviation[V], centre[2][V], covariance[V][V], weight[V];
} discriminant;

/* Trains on all pictures but every FOLDS-th from `left_out` on. */
static void train(const sets *s, int left_out, discriminant *d)
{
	int pictures = 0;
	*d = (discriminant){ 0 };
	for (int i = 0; i < s->n; i++)
		pictures += i % FOLDS != left_out;
	double n = (double)pictures * FV_TEXTURE_BLOCKS;        /* of each set */
	/* means, then deviations, then covariances */
	for (int pass = 0; pass < 3; pass++) {
		for (int i = 0; i < 2 * s->n; i++) {
			const fv_texture *t = picture(s, i % 2, i / 2);
			for (int b = 0; b < FV_TEXTURE_BLOCKS && i / 2 % FOLDS != left_out; b++) {
				double z[V];
				for (int k = 0; k < V; k++) {
					double x = t->block[b][k] - d->mean[k];
					if (pass == 0)
						d->centre[i % 2][k] += x / n;
					else if (pass == 1)
						d->deviation[k] += x * x / (2 * n);
					else
						z[k] = x / d->deviation[k] - d->centre[i % 2][k];
				}
				for (int k = 0; k < V && pass == 2; k++)
					for (int q = 0; q < V; q++)
						d->covariance[k][q] += 0.9 * z[k] * z[q] / (n - 1) /
						                       2;
			}
		}
		for (int k = 0; k < V && pass == 0; k++)
			d->mean[k] = (d->centre[0][k] + d->centre[1][k]) / 2;
		for (int k = 0; k < V && pass == 1; k++) {
			d->deviation[k] = sqrt(d->deviation[k]) + 1e-6;
			for (int which = 0; which < 2; which++)
				d->centre[which][k] = (d->centre[which][k] - d->mean[k]) /
				                      d->deviation[k];
		}
	}
	for (int k = 0; k < V; k++) {
		d->covariance[k][k] += 0.1;
		d->weight[k] = d->centre[0][k] - d->centre[1][k];
	}
	solve(d->covariance, d->weight);
}

static int score(const sets *s, int left_out, const discriminant *d, scored *out)
{
	int count = 0;
	for (int i = left_out; i < s->n; i += FOLDS)
		for (int which = 0; which < 2; which++)
			for (int b = 0; b < FV_TEXTURE_BLOCKS; b++) {
				const double *f = picture(s, which, i)->block[b];
				double sum = 0;
				for (int k = 0; k < V; k++)
					sum += (f[k] - d->mean[k]) / d->deviation[k] * d->weight[k];
				out[count++] = (scored){ sum, which == 0 };
			}
	return count;
}

static int by_score(const void *a, const void *b)
{
	double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
	return (x > y) - (x < y);
}

/* Computes the area from the ranks of the painted; equal scores share their mean rank. */
static double area(scored *j, int count)
{
	double ranks = 0, painted = 0;
	qsort(j, (size_t)count, sizeof *j, by_score);
	for (int i = 0, end; i < count; i = end) {
		int here = 0;
		for (end = i; end < count && j[end].score == j[i].score; end++)
			here += j[end].painted;
		ranks += here * (i + 1 + end) / 2.0;
		painted += here;
	}
	return (ranks - painted * (painted + 1) / 2) / (painted * (count - painted));
}

fv_status fv_auc(fv_err *err, fv_context *c, const fv_texture *a, int a_count, const fv_texture *b,
                 int b_count, double *out)
{
	sets s = { .set = { a, b }, .n = (int)fv_min(a_count, b_count) };
	int all[] = { a_count, b_count }, count = 0;
	uint32_t *order[2] = { NULL, NULL };
	scored *j = NULL;
	discriminant *d = NULL;
	*out = NAN;
	if (s.n < FOLDS)
		return FV_OK;
	fv_arena *mem = fv_arena_new(c);
	size_t bytes = 2 * (size_t)s.n * FV_TEXTURE_BLOCKS * sizeof *j;
	if (!mem || !(j = fv_arena_get(mem, bytes)) || !(d = fv_arena_get(mem, sizeof *d)) ||
	    !(order[0] = fv_arena_get(mem, (size_t)a_count * sizeof **order)) ||
	    !(order[1] = fv_arena_get(mem, (size_t)b_count * sizeof **order))) {
		fv_arena_free(mem);
		return fv_fail_memory(err, "auc", bytes);
	}
	fv_pcg64 g = fv_pcg64_seed(SEED);
	for (int i = 0; i < 2; i++) {
		fv_pcg64_permutation(&g, order[i], all[i]);
		s.order[i] = order[i];
	}
	for (int k = 0; k < FOLDS; k++) {
		train(&s, k, d);
		count += score(&s, k, d, j + count);
	}
	*out = area(j, count);
	fv_arena_free(mem);
	return FV_OK;
}
