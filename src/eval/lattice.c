/* SPDX-License-Identifier: Apache-2.0 */
/* A generator that enlarges badly leaves its grid: power at multiples of 1/2, 1/4, 1/8 of the
 * sampling rate, against the median of the 11x11 spectral neighbourhood (its 3x3 core and, beside
 * the axes, the axis itself left out). */
#include "eval/metric.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N FV_SIDE
#define TAU 6.283185307179586
/* of the fixed point: 32 bits; a log power is below 50, so a million pictures fit */
#define POINT 4294967296.0

/* N transforms down the columns at once, radix 2: each butterfly is over whole rows, which are
 * contiguous. */
static void transform(double (*re)[N], double (*im)[N])
{
	for (int i = 1, j = 0; i < N; i++) {
		int bit = N >> 1;
		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		for (int x = 0; x < N && i < j; x++) {
			double a = re[i][x], b = im[i][x];
			re[i][x] = re[j][x];
			im[i][x] = im[j][x];
			re[j][x] = a;
			im[j][x] = b;
		}
	}
	for (int half = 1; half < N; half *= 2)
		for (int k = 0; k < half; k++) {
			double c = cos(TAU / 2 * k / half), s = -sin(TAU / 2 * k / half);
			for (int i = k; i < N; i += 2 * half)
				for (int x = 0; x < N; x++) {
					double a = c * re[i + half][x] - s * im[i + half][x],
					       b = c * im[i + half][x] + s * re[i + half][x];
					re[i + half][x] = re[i][x] - a;
					im[i + half][x] = im[i][x] - b;
					re[i][x] += a;
					im[i][x] += b;
				}
		}
}

static void transpose(double (*m)[N])
{
	for (int y = 0; y < N; y++)
		for (int x = 0; x < y; x++) {
			double t = m[y][x];
			m[y][x] = m[x][y];
			m[x][y] = t;
		}
}

bool fv_spectrum_add(const float *luma, int64_t height, int64_t width, int64_t *sum, void *room)
{
	double (*re)[N] = room, (*im)[N] = re + N, window[N], mean = 0;
	if (height < N || width < N)
		return false;
	luma += (height - N) / 2 * width + (width - N) / 2;
	for (int y = 0; y < N; y++) {
		window[y] = 0.5 - 0.5 * cos(TAU * y / (N - 1));
		for (int x = 0; x < N; x++)
			mean += luma[y * width + x];
	}
	mean /= N * N;
	for (int y = 0; y < N; y++)
		for (int x = 0; x < N; x++)
			re[y][x] = (luma[y * width + x] - mean) * window[y] * window[x];
	memset(im, 0, N * sizeof *im);
	transform(re, im);
	transpose(re);                          /* the result is transposed, and turned back
	                                         * below */
	transpose(im);
	transform(re, im);
	for (int v = 0; v < N; v++)
		for (int u = 0; u < N; u++)
			sum[u * N + v] += (int64_t)(log(re[v][u] * re[v][u] + im[v][u] * im[v][u] +
			                                1) *
			                            POINT);
	return true;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double neighbourhood(double (*power)[N], int u, int v)
{
	double near[121];
	int count = 0;
	for (int i = -5; i <= 5; i++)
		for (int j = -5; j <= 5; j++)
			if ((abs(i) >= 2 || abs(j) >= 2) && !(v == 0 && j) && !(u == 0 && i))
				near[count++] = power[(u + i + N) % N][(v + j + N) % N];
	qsort(near, (size_t)count, sizeof *near, ascending);
	return (near[(count - 1) / 2] + near[count / 2]) / 2;
}

void fv_lattice(const int64_t *sum, int64_t count, void *room, double worst[3])
{
	double (*power)[N] = room;
	for (int i = 0; i < N * N && count; i++)
		power[i / N][i % N] = exp((double)sum[i] / POINT / (double)count);
	for (int p = 0; p < 3; p++) {
		int step = N >> (p + 1);
		worst[p] = count ? 0 : NAN;
		for (int u = 0; u < N && count; u += step)
			for (int v = 0; v < N; v += step)
				/* Those of a longer period only: the others were counted, and (0,
				 * 0) is the mean. */
				if (p == 0 ? u || v : u % (2 * step) || v % (2 * step))
					worst[p] = fmax(worst[p],
					                power[u][v] / neighbourhood(power, u, v));
	}
}
