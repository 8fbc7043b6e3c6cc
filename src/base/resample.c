/* SPDX-License-Identifier: Apache-2.0 */
#include "base/resample.h"
#include <math.h>
#include <string.h>

#define BITS 22                         /* of a weight: 32 - 8 - 2 */

static double box(double x) { return x > -0.5 && x <= 0.5; }

static double bilinear(double x) { return x < 0 ? (x > -1 ? 1 + x : 0) : x < 1 ? 1 - x : 0; }

static double bicubic(double x)
{
	const double a = -0.5;
	x = fabs(x);
	/* Evaluated in Pillow's order: doubles decide ties. */
	return x < 1   ? ((a + 2) * x - (a + 3)) * x * x + 1
	       : x < 2 ? (((x - 5) * x + 8) * x - 4) * a
	               : 0;
}

static double sinc(double x)
{
	if (x == 0)
		return 1;
	x *= 3.14159265358979323846;
	return sin(x) / x;
}

static double lanczos(double x) { return x > -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

static const struct { double (*f)(double); double support; } filters[] = {
	[FV_FILTER_BOX] = { box, 0.5 }, [FV_FILTER_BILINEAR] = { bilinear, 1 },
	[FV_FILTER_BICUBIC] = { bicubic, 2 }, [FV_FILTER_LANCZOS] = { lanczos, 3 },
};

static int64_t taps_of(int64_t from, int64_t to, double support)
{
	return (int64_t)ceil(support * fmax((double)from / (double)to, 1)) * 2 + 1;
}

/* An axis: for each output its first input, how many, and their weights. */
typedef struct { int64_t taps; int32_t *first, *count, *weight; double *real; } axis;

static size_t axis_room(int64_t from, int64_t to)
{
	int64_t taps = taps_of(from, to, 3);
	return (size_t)(to * (2 + taps) * 4 + taps * 8 + 192);
}

static char *align(char *p) { return (char *)(((uintptr_t)p + 63) & ~(uintptr_t)63); }

static axis axis_of(int64_t from, int64_t to, fv_filter filter, char **room)
{
	double ratio = (double)from / (double)to, scale = fmax(ratio, 1),
	       support = filters[filter].support * scale, inverse = 1 / scale;
	axis a = { .taps = taps_of(from, to, filters[filter].support) };
	a.real = (double *)align(*room);
	a.first = (int32_t *)(a.real + a.taps);
	a.count = a.first + to;
	a.weight = a.count + to;
	*room = (char *)(a.weight + to * a.taps);
	for (int64_t i = 0; i < to; i++) {
		double centre = ((double)i + 0.5) * ratio, sum = 0;
		int64_t lo = (int64_t)(centre - support + 0.5),
			hi = (int64_t)(centre + support + 0.5);
		lo = lo < 0 ? 0 : lo;
		hi = hi > from ? from : hi;
		for (int64_t j = 0; j < hi - lo; j++) {
			a.real[j] = filters[filter].f(((double)(j + lo) - centre + 0.5) * inverse);
			sum += a.real[j];
		}
		for (int64_t j = 0; j < hi - lo; j++) {
			double w = sum != 0 ? a.real[j] / sum : a.real[j];
			a.weight[i * a.taps + j] = (int32_t)(w < 0 ? w * (1 << BITS) - 0.5
			                                           : w * (1 << BITS) + 0.5);
		}
		a.first[i] = (int32_t)lo;
		a.count[i] = (int32_t)(hi - lo);
	}
	return a;
}

static uint8_t clip(int32_t v)
{
	v >>= BITS;
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

size_t fv_resample_room(int64_t h, int64_t w, int64_t oh, int64_t ow)
{
	return axis_room(h, oh) + axis_room(w, ow) + (size_t)(h * ow * 3) + 256;
}

void fv_resample(const uint8_t *from, int64_t h, int64_t w, int64_t stride, uint8_t *to, int64_t oh,
                 int64_t ow, fv_filter filter, void *room)
{
	char *at = room;
	axis across = axis_of(w, ow, filter, &at), down = axis_of(h, oh, filter, &at);
	uint8_t *middle = (uint8_t *)align(at);
	/* a pass that changes no size is skipped */
	for (int64_t y = 0; y < h; y++) {
		const uint8_t *row = from + y * stride;
		uint8_t *out = middle + y * ow * 3;
		if (w == ow) {
			memcpy(out, row, (size_t)(3 * w));
			continue;
		}
		for (int64_t x = 0; x < ow; x++) {
			const int32_t *k = across.weight + x * across.taps;
			const uint8_t *p = row + across.first[x] * 3;
			int32_t r = 1 << (BITS - 1), g = r, b = r;
			for (int32_t j = 0; j < across.count[x]; j++, p += 3) {
				r += k[j] * p[0];
				g += k[j] * p[1];
				b += k[j] * p[2];
			}
			out[3 * x] = clip(r), out[3 * x + 1] = clip(g), out[3 * x + 2] = clip(b);
		}
	}
	if (h == oh) {
		memcpy(to, middle, (size_t)(3 * h * ow));
		return;
	}
	for (int64_t y = 0; y < oh; y++) {
		const int32_t *k = down.weight + y * down.taps;
		const uint8_t *top = middle + down.first[y] * ow * 3;
		for (int64_t x = 0; x < 3 * ow; x++) {
			int32_t v = 1 << (BITS - 1);
			for (int32_t j = 0; j < down.count[y]; j++)
				v += k[j] * top[j * ow * 3 + x];
			to[y * 3 * ow + x] = clip(v);
		}
	}
}
