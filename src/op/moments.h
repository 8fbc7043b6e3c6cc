/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FV_OP_MOMENTS_H
#define FV_OP_MOMENTS_H

/* n values with their mean and sum of squared distances from it, and m more of them (Chan, Golub, LeVeque 1983). */
static inline void fv_moments_join(double *n, double *mean, double *square, double m, double more_mean, double more_square)
{
	double d = more_mean - *mean;
	*mean += d * m / (*n + m);
	*square += more_square + d * d * *n * m / (*n + m);
	*n += m;
}
#endif
