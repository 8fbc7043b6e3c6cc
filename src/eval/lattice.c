/* SPDX-License-Identifier: Apache-2.0 */
/* lattice: power at periods 2, 4 and 8 pixels against its spectral neighbours, in the geometric mean of the spectra of
 * Hann-windowed 256x256 centre crops at native scale; 1 is none. */
#include "eval/eval.h"
#include <complex.h>
#include <math.h>
#include <stdlib.h>

#define N 256
#define TAU 6.283185307179586

/* Radix 2, in place, stride `s`. */
static void fft(double complex *x, int s)
{
	for (int i = 1, j = 0; i < N; i++) {
		int bit = N >> 1;
		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			double complex t = x[i * s];
			x[i * s] = x[j * s], x[j * s] = t;
		}
	}
	for (int len = 2; len <= N; len *= 2) {
		double complex step = cexp(-I * TAU / len);
		for (int i = 0; i < N; i += len) {
			double complex w = 1;
			for (int k = 0; k < len / 2; k++, w *= step) {
				double complex u = x[(i + k) * s], v = x[(i + k + len / 2) * s] * w;
				x[(i + k) * s] = u + v;
				x[(i + k + len / 2) * s] = u - v;
			}
		}
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, ascending);
	return n & 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

fv_status fv_eval_lattice(fv_err *err, fv_context *c, const fv_image *native, int n, double out[3])
{
	fv_arena *a = fv_arena_new(c);
	double *spectrum = a ? fv_arena_get(a, N * N * sizeof *spectrum) : NULL;
	double complex *f = a ? fv_arena_get(a, N * N * sizeof *f) : NULL;
	bool *seen = a ? fv_arena_get(a, N * N) : NULL;
	int used = 0;
	if (!spectrum || !f || !seen) {
		fv_arena_free(a);
		return fv_fail_memory(err, "lattice", N * N * 24);
	}
	for (int i = 0; i < n; i++) {
		fv_image p = native[i];
		if (p.h < N || p.w < N)
			continue;
		int64_t y0 = (p.h - N) / 2, x0 = (p.w - N) / 2;
		double mean = 0;
		for (int k = 0; k < N * N; k++)
			mean += fv_luma(p.rgb + ((y0 + k / N) * p.w + x0 + k % N) * 3) / (N * N);
		for (int k = 0; k < N * N; k++) {
			double wy = 0.5 - 0.5 * cos(TAU * (k / N) / (N - 1)), wx = 0.5 - 0.5 * cos(TAU * (k % N) / (N - 1));
			f[k] = (fv_luma(p.rgb + ((y0 + k / N) * p.w + x0 + k % N) * 3) - mean) * wy * wx;
		}
		for (int k = 0; k < N; k++)
			fft(f + k * N, 1);
		for (int k = 0; k < N; k++)
			fft(f + k, N);
		for (int k = 0; k < N * N; k++)
			spectrum[k] += log(creal(f[k]) * creal(f[k]) + cimag(f[k]) * cimag(f[k]) + 1);
		used++;
	}
	for (int k = 0; k < N * N && used; k++)
		spectrum[k] = exp(spectrum[k] / used);
	static const int period[] = { 2, 4, 8 };
	seen[0] = true;
	for (int p = 0; p < 3; p++) {
		int step = N / period[p];
		double worst = 0;
		for (int u = 0; u < N; u += step)
			for (int v = 0; v < N; v += step) {
				double near[121];
				int count = 0;
				if (seen[u * N + v])
					continue;
				seen[u * N + v] = true;
				for (int i = -5; i <= 5; i++)
					for (int j = -5; j <= 5; j++)
						if ((abs(i) >= 2 || abs(j) >= 2) && !(v == 0 && j) && !(u == 0 && i))
							near[count++] = spectrum[(u + i + N) % N * N + (v + j + N) % N];
				worst = fmax(worst, spectrum[u * N + v] / median(near, count));
			}
		out[p] = used ? worst : NAN;
	}
	fv_arena_free(a);
	return FV_OK;
}
