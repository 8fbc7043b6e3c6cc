/* SPDX-License-Identifier: Apache-2.0 */
/* CIELAB under D65 from sRGB, mean chroma, and the transfer of colours by mean and deviation. */
#include "eval/metric.h"
#include <math.h>

static const float white[3] = { .9505f, 1, 1.089f };

/* sRGB in [0,255] to linear light. */
static float linear(float v)
{
	v /= 255;
	return v > 0.04045f ? powf((v + 0.055f) / 1.055f, 2.4f) : v / 12.92f;
}

static float encoded(float v)
{
	v = fminf(1, fmaxf(0, v));
	return 255 * fminf(1, v > 0.0031308f ? 1.055f * powf(v, 1 / 2.4f) - 0.055f : 12.92f * v);
}

static void lab_of(const float c[3], float lab[3])
{
	static const float m[3][3] = { { .4124f, .3576f, .1805f },
	                               { .2126f, .7152f, .0722f },
	                               { .0193f, .1192f, .9505f } };
	float f[3];
	for (int k = 0; k < 3; k++) {
		float t = (m[k][0] * c[0] + m[k][1] * c[1] + m[k][2] * c[2]) / white[k];
		f[k] = t > 0.008856f ? cbrtf(t) : 7.787f * t + 16.0f / 116;
	}
	lab[0] = 116 * f[1] - 16;
	lab[1] = 500 * (f[0] - f[1]);
	lab[2] = 200 * (f[1] - f[2]);
}

static void rgb_of(const float lab[3], float rgb[3])
{
	static const float m[3][3] = { { 3.2406f, -1.5372f, -.4986f },
	                               { -.9689f, 1.8758f, .0415f },
	                               { .0557f, -.2040f, 1.0570f } };
	float y = (lab[0] + 16) / 116, t[3] = { y + lab[1] / 500, y, y - lab[2] / 200 };
	for (int k = 0; k < 3; k++)
		t[k] = (t[k] > 0.2069f ? t[k] * t[k] * t[k] : (t[k] - 16.0f / 116) / 7.787f) *
		       white[k];
	for (int k = 0; k < 3; k++)
		rgb[k] = encoded(m[k][0] * t[0] + m[k][1] * t[1] + m[k][2] * t[2]);
}

double fv_chroma(const float *square)
{
	double sum = 0;
	for (int y = 0; y < FV_SIDE; y += 4)
		for (int x = 0; x < FV_SIDE; x += 4) {
			const float *p = square + (y * FV_SIDE + x) * 3;
			float lab[3];
			lab_of((float[]){ linear(p[0]), linear(p[1]), linear(p[2]) }, lab);
			sum += hypotf(lab[1], lab[2]);
		}
	return sum / (FV_SIDE / 4 * (FV_SIDE / 4));
}

/* Lightness of neither black nor white; chroma of none. Skin: between red and yellow, of every
 * depth. */
static bool is_grey(const float lab[3])
{
	return hypotf(lab[1], lab[2]) < 6 && lab[0] > 20 && lab[0] < 92;
}

static bool is_skin(const float lab[3])
{
	float chroma = hypotf(lab[1], lab[2]), hue = atan2f(lab[2], lab[1]) * 57.29577951f;
	return hue > 25 && hue < 75 && chroma > 10 && chroma < 45 && lab[0] > 15 && lab[0] < 88;
}

void fv_colours_kept(const uint8_t *painted, const uint8_t *photo, int64_t pixels, double *grey,
                     double *skin)
{
	double sum[2] = { 0 };
	int64_t count[2] = { 0 };
	for (int64_t i = 0; i < pixels; i++, painted += 3, photo += 3) {
		float a[3], p[3];
		lab_of((float[]){ linear(painted[0]), linear(painted[1]), linear(painted[2]) }, a);
		lab_of((float[]){ linear(photo[0]), linear(photo[1]), linear(photo[2]) }, p);
		if (is_grey(p)) {
			sum[0] += (double)hypotf(a[1], a[2]);
			count[0]++;
		}
		if (is_skin(p)) {
			sum[1] += sqrt((double)((a[0] - p[0]) * (a[0] - p[0]) +
			                        (a[1] - p[1]) * (a[1] - p[1]) +
			                        (a[2] - p[2]) * (a[2] - p[2])));
			count[1]++;
		}
	}
	*grey = count[0] < 3 ? NAN : sum[0] / (double)count[0];
	*skin = count[1] < 3 ? NAN : sum[1] / (double)count[1];
}

static void table_of(float table[256])
{
	for (int i = 0; i < 256; i++)
		table[i] = linear((float)i);
}

fv_moments fv_moments_of(const fv_pixels *p)
{
	fv_moments r = { { 0 }, { 0 } };
	double n = (double)(p->height * p->width);
	float table[256], lab[3];
	table_of(table);
	for (int64_t y = 0; y < p->height; y++) {
		const uint8_t *v = (const uint8_t *)p->data + y * p->stride_bytes;
		for (int64_t x = 0; x < p->width; x++, v += 3) {
			lab_of((float[]){ table[v[0]], table[v[1]], table[v[2]] }, lab);
			for (int k = 0; k < 3; k++) {
				r.mean[k] += lab[k];
				r.deviation[k] += (double)lab[k] * lab[k];
			}
		}
	}
	for (int k = 0; k < 3; k++) {
		r.mean[k] /= n;
		r.deviation[k] = sqrt(fmax(r.deviation[k] / n - r.mean[k] * r.mean[k], 0));
	}
	return r;
}

void fv_recolour(const fv_pixels *p, const fv_moments *to, uint8_t *out, float *luma)
{
	fv_moments own = fv_moments_of(p);
	float table[256], lab[3], gain[3], offset[3], rgb[3];
	table_of(table);
	for (int k = 0; k < 3; k++) {
		gain[k] = (float)(to->deviation[k] / (own.deviation[k] + 1e-6));
		offset[k] = (float)(to->mean[k] -
		                    own.mean[k] * to->deviation[k] / (own.deviation[k] + 1e-6));
	}
	for (int64_t y = 0; y < p->height; y++) {
		const uint8_t *v = (const uint8_t *)p->data + y * p->stride_bytes;
		for (int64_t x = 0; x < p->width; x++, v += 3, out += 3) {
			lab_of((float[]){ table[v[0]], table[v[1]], table[v[2]] }, lab);
			for (int k = 0; k < 3; k++)
				lab[k] = lab[k] * gain[k] + offset[k];
			rgb_of(lab, rgb);
			for (int k = 0; k < 3; k++)
				out[k] = (uint8_t)(rgb[k] + 0.5f);
			fv_luma_floats(rgb, 1, luma++);
		}
	}
}
