/* SPDX-License-Identifier: Apache-2.0 */
/* Householder's reduction to three diagonals, then implicit QL: Bowdler, Martin, Reinsch,
 * Wilkinson, in Wilkinson and Reinsch, Handbook for Automatic Computation II, 1971 (tred2, tql2).
 * Columns of vectors stand one after the other, so that the inner loops run along memory. */
#include "base/eigen.h"
#include <math.h>

#define V(row, column) v[(column) * n + (row)]

static void reduce(int64_t n, double *v, double *d, double *e)
{
	for (int64_t j = 0; j < n; j++)
		d[j] = V(n - 1, j);
	for (int64_t i = n - 1; i > 0; i--) {
		double scale = 0, h = 0;
		for (int64_t k = 0; k < i; k++)
			scale += fabs(d[k]);
		if (scale == 0) {
			e[i] = d[i - 1];
			for (int64_t j = 0; j < i; j++)
				d[j] = V(i - 1, j), V(i, j) = V(j, i) = 0;
			d[i] = 0;
			continue;
		}
		for (int64_t k = 0; k < i; k++)
			d[k] /= scale, h += d[k] * d[k];
		double f = d[i - 1], g = f > 0 ? -sqrt(h) : sqrt(h);
		e[i] = scale * g;
		h -= f * g;
		d[i - 1] = f - g;
		for (int64_t j = 0; j < i; j++)
			e[j] = 0;
		for (int64_t j = 0; j < i; j++) {
			f = d[j];
			V(j, i) = f;
			g = e[j] + V(j, j) * f;
			for (int64_t k = j + 1; k < i; k++) {
				g += V(k, j) * d[k];
				e[k] += V(k, j) * f;
			}
			e[j] = g;
		}
		f = 0;
		for (int64_t j = 0; j < i; j++)
			e[j] /= h, f += e[j] * d[j];
		for (int64_t j = 0; j < i; j++)
			e[j] -= f / (h + h) * d[j];
		for (int64_t j = 0; j < i; j++) {
			for (int64_t k = j; k < i; k++)
				V(k, j) -= d[j] * e[k] + e[j] * d[k];
			d[j] = V(i - 1, j);
			V(i, j) = 0;
		}
		d[i] = h;
	}
	for (int64_t i = 0; i < n - 1; i++) {
		double h = d[i + 1];
		V(n - 1, i) = V(i, i);
		V(i, i) = 1;
		if (h != 0) {
			for (int64_t k = 0; k <= i; k++)
				d[k] = V(k, i + 1) / h;
			for (int64_t j = 0; j <= i; j++) {
				double g = 0;
				for (int64_t k = 0; k <= i; k++)
					g += V(k, i + 1) * V(k, j);
				for (int64_t k = 0; k <= i; k++)
					V(k, j) -= g * d[k];
			}
		}
		for (int64_t k = 0; k <= i; k++)
			V(k, i + 1) = 0;
	}
	for (int64_t j = 0; j < n; j++)
		d[j] = V(n - 1, j), V(n - 1, j) = 0;
	V(n - 1, n - 1) = 1;
	e[0] = 0;
}

/* Returns false when it does not settle, as with NaN or infinity. */
static bool iterate(int64_t n, double *v, double *d, double *e)
{
	double f = 0, most = 0;
	for (int64_t i = 1; i < n; i++)
		e[i - 1] = e[i];
	e[n - 1] = 0;
	for (int64_t l = 0; l < n; l++) {
		int64_t m = l;
		most = fmax(most, fabs(d[l]) + fabs(e[l]));
		while (m < n - 1 && !(fabs(e[m]) <= 0x1p-52 * most))
			m++;
		for (int turn = 0; m > l && fabs(e[l]) > 0x1p-52 * most; turn++) {
			double g = d[l], p = (d[l + 1] - g) / (2 * e[l]);
			double r = p < 0 ? -hypot(p, 1) : hypot(p, 1);
			if (turn == 60)
				return false;
			d[l] = e[l] / (p + r);
			d[l + 1] = e[l] * (p + r);
			double dl1 = d[l + 1], h = g - d[l], c = 1, c2 = 1, c3 = 1, el1 = e[l + 1];
			double s = 0, s2 = 0;
			for (int64_t i = l + 2; i < n; i++)
				d[i] -= h;
			f += h;
			p = d[m];
			for (int64_t i = m - 1; i >= l; i--) {
				c3 = c2, c2 = c, s2 = s;
				g = c * e[i];
				h = c * p;
				r = hypot(p, e[i]);
				e[i + 1] = s * r;
				s = e[i] / r;
				c = p / r;
				p = c * d[i] - s * g;
				d[i + 1] = h + s * (c * g + s * d[i]);
				for (int64_t k = 0; k < n; k++) {
					double t = V(k, i + 1);
					V(k, i + 1) = s * V(k, i) + c * t;
					V(k, i) = c * V(k, i) - s * t;
				}
			}
			p = -s * s2 * c3 * el1 * e[l] / dl1;
			e[l] = s * p;
			d[l] = c * p;
		}
		d[l] += f;
		e[l] = 0;
	}
	return true;
}

bool fv_eigen_symmetric(int64_t n, double *v, double *values, double *room)
{
	reduce(n, v, values, room);
	return iterate(n, v, values, room);
}
