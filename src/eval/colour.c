/* SPDX-License-Identifier: Apache-2.0 */
/* Colours: CIELAB (D65), mean chroma, and Reinhard's transfer of mean and deviation (Reinhard et al. 2001, in CIELAB). */
#include "eval/eval.h"
#include <math.h>

static double f(double t) { return t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116; }
static double inverse(double t) { return t > 0.2069 ? t * t * t : (t - 16.0 / 116) / 7.787; }

void fv_lab(const float *rgb, double *lab)
{
	static const double m[3][3] = { { .4124, .3576, .1805 }, { .2126, .7152, .0722 }, { .0193, .1192, .9505 } }, white[3] = { .9505, 1, 1.089 };
	double c[3], t[3];
	for (int k = 0; k < 3; k++) {
		double v = rgb[k] / 255;
		c[k] = v > 0.04045 ? pow((v + 0.055) / 1.055, 2.4) : v / 12.92;
	}
	for (int k = 0; k < 3; k++)
		t[k] = f((m[k][0] * c[0] + m[k][1] * c[1] + m[k][2] * c[2]) / white[k]);
	lab[0] = 116 * t[1] - 16, lab[1] = 500 * (t[0] - t[1]), lab[2] = 200 * (t[1] - t[2]);
}

static void unlab(const double *lab, float *rgb)
{
	static const double m[3][3] = { { 3.2406, -1.5372, -.4986 }, { -.9689, 1.8758, .0415 }, { .0557, -.2040, 1.0570 } }, white[3] = { .9505, 1, 1.089 };
	double y = (lab[0] + 16) / 116, t[3] = { y + lab[1] / 500, y, y - lab[2] / 200 };
	for (int k = 0; k < 3; k++)
		t[k] = inverse(t[k]) * white[k];
	for (int k = 0; k < 3; k++) {
		double c = fmin(1, fmax(0, m[k][0] * t[0] + m[k][1] * t[1] + m[k][2] * t[2]));
		rgb[k] = (float)(255 * (c > 0.0031308 ? 1.055 * pow(c, 1 / 2.4) - 0.055 : 12.92 * c));
	}
}

double fv_eval_chroma(const fv_image *p, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++) {
		double here = 0, lab[3];
		int64_t count = 0;
		for (int64_t y = 0; y < p[i].h; y += 4)
			for (int64_t x = 0; x < p[i].w; x += 4, count++) {
				fv_lab(p[i].rgb + (y * p[i].w + x) * 3, lab);
				here += hypot(lab[1], lab[2]);
			}
		sum += here / (double)count / n;
	}
	return sum;
}

static void moments(fv_image p, double mean[3], double deviation[3])
{
	double n = (double)(p.h * p.w), lab[3];
	for (int k = 0; k < 3; k++)
		mean[k] = deviation[k] = 0;
	for (int pass = 0; pass < 2; pass++)
		for (int64_t i = 0; i < p.h * p.w; i++) {
			fv_lab(p.rgb + 3 * i, lab);
			for (int k = 0; k < 3; k++)
				*(pass ? &deviation[k] : &mean[k]) += pass ? (lab[k] - mean[k]) * (lab[k] - mean[k]) / n : lab[k] / n;
		}
	for (int k = 0; k < 3; k++)
		deviation[k] = sqrt(deviation[k]);
}

fv_status fv_floor_reinhard(fv_err *err, fv_context *c, const fv_image *art, int n, fv_image *pictures, int count)
{
	double mean[3] = { 0 }, deviation[3] = { 0 }, m[3], d[3], lab[3];
	for (int i = 0; i < n; i++) {
		moments(art[i], m, d);
		for (int k = 0; k < 3; k++)
			mean[k] += m[k] / n, deviation[k] += d[k] / n;
	}
	for (int i = 0; i < count; i++) {
		moments(pictures[i], m, d);
		for (int64_t j = 0; j < pictures[i].h * pictures[i].w; j++) {
			fv_lab(pictures[i].rgb + 3 * j, lab);
			for (int k = 0; k < 3; k++)
				lab[k] = (lab[k] - m[k]) / (d[k] + 1e-6) * deviation[k] + mean[k];
			unlab(lab, pictures[i].rgb + 3 * j);
		}
	}
	return FV_OK;
}
