/* SPDX-License-Identifier: Apache-2.0 */
/* Content kept: ssim (Wang et al. 2004: luminance, Gaussian 11x11 sigma 1.5, K .01 and .03, range 255) and the
 * correlation of luminance. */
#include "eval/eval.h"
#include <math.h>

fv_status fv_eval_ssim(fv_err *err, fv_context *c, fv_image a, fv_image b, double *out)
{
	const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
	int64_t n = a.h * a.w, count = 0;
	fv_arena *mem = fv_arena_new(c);
	double *p[6];
	for (int i = 0; i < 6; i++)
		if (!mem || !(p[i] = fv_arena_get(mem, (size_t)n * sizeof(double)))) {
			fv_arena_free(mem);
			return fv_fail_memory(err, "ssim", (size_t)n * sizeof(double));
		}
	for (int64_t i = 0; i < n; i++) {
		double x = fv_luma(a.rgb + 3 * i), y = fv_luma(b.rgb + 3 * i);
		p[0][i] = x, p[1][i] = y, p[2][i] = x * x, p[3][i] = y * y, p[4][i] = x * y;
	}
	for (int i = 0; i < 5; i++)
		fv_gaussian(p[i], p[i], p[5], a.h, a.w, 1.5, 5);
	double sum = 0;
	for (int64_t y = 5; y < a.h - 5; y++)
		for (int64_t x = 5; x < a.w - 5; x++) {
			int64_t i = y * a.w + x;
			double mx = p[0][i], my = p[1][i], vx = p[2][i] - mx * mx, vy = p[3][i] - my * my, v = p[4][i] - mx * my;
			sum += (2 * mx * my + c1) * (2 * v + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2));
			count++;
		}
	*out = count ? sum / (double)count : NAN;
	fv_arena_free(mem);
	return FV_OK;
}

double fv_eval_corr(fv_image a, fv_image b)
{
	int64_t n = a.h * a.w;
	double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
	for (int64_t i = 0; i < n; i++)
		ma += fv_luma(a.rgb + 3 * i) / (double)n, mb += fv_luma(b.rgb + 3 * i) / (double)n;
	for (int64_t i = 0; i < n; i++) {
		double x = fv_luma(a.rgb + 3 * i) - ma, y = fv_luma(b.rgb + 3 * i) - mb;
		aa += x * x, bb += y * y, ab += x * y;
	}
	return ab / sqrt(aa * bb);
}
