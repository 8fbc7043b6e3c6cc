/* SPDX-License-Identifier: Apache-2.0 */
/* The symmetric eigenproblem, for matrices of some hundred rows. */
#ifndef FV_EIGEN_H
#define FV_EIGEN_H
#include "base/base.h"

/* v: n x n, symmetric; becomes the eigenvectors, of length 1, vector i at v + i n, in no order;
 * values: n; room: n numbers. False: v holds what is no number. */
bool fv_eigen_symmetric(int64_t n, double *v, double *values, double *room);
#endif
