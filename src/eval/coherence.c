/* SPDX-License-Identifier: Apache-2.0 */
/* The structure tensor: how straight strokes are, and how far they run. */
#include "eval/filter.h"
#include "eval/pcg64.h"
#include "eval/strokes.h"
#include <math.h>
#include <stdlib.h>

#define STARTS 400
#define FEWEST 50
#define MOST 60                         /* pixels each way */
#define LEAST 0.3f                      /* coherence of a stroke */
#define PI 3.14159265358979323846f

static size_t plane(int64_t height, int64_t width)
{
	return (size_t)fv_div_up(height * width, 16) * 16;
}

size_t fv_tensor_room(int threads, int64_t height, int64_t width)
{
	return 5 * plane(height, width) * sizeof(float) + fv_filter_room(threads, width);
}

void fv_tensor_of(fv_team *team, const float *luma, double sigma, fv_tensor_field *f, void *room)
{
	const int64_t h = f->height, w = f->width, n = h * w;
	float *gx = room, *gy = gx + plane(h, w), *product = gy + plane(h, w),
	      *xx = product + plane(h, w), *xy = xx + plane(h, w);
	float *yy = f->energy, *line = xy + plane(h, w);
	fv_gaussian(team, luma, gx, h, w, sigma, 0, 1, line);
	fv_gaussian(team, luma, gy, h, w, sigma, 1, 0, line);
	for (int64_t i = 0; i < n; i++)
		product[i] = gx[i] * gx[i];
	fv_gaussian(team, product, xx, h, w, 3 * sigma, 0, 0, line);
	for (int64_t i = 0; i < n; i++)
		product[i] = gy[i] * gy[i];
	fv_gaussian(team, product, yy, h, w, 3 * sigma, 0, 0, line);
	for (int64_t i = 0; i < n; i++)
		product[i] = gx[i] * gy[i];
	fv_gaussian(team, product, xy, h, w, 3 * sigma, 0, 0, line);
	for (int64_t i = 0; i < n; i++) {
		float difference = xx[i] - yy[i], twice = 2 * xy[i], sum = xx[i] + yy[i];
		f->coherence[i] = sqrtf(difference * difference + twice * twice) / (sum + 1e-8f);
		f->angle[i] = 0.5f * atan2f(twice, difference) + PI / 2;
		f->energy[i] = sum;
	}
}

double fv_coherence(const fv_tensor_field *f, const uint8_t *mask)
{
	double sum = 0, energy = 0;
	int64_t n = 0;
	for (int64_t i = 0; i < f->height * f->width; i++)
		if (mask[i]) {
			sum += (double)(f->energy[i] * f->coherence[i]);
			energy += (double)f->energy[i];
			n++;
		}
	return n ? sum / (energy + 1e-9) : NAN;
}

/* Steps taken from y, x in direction a before the stroke ends. In float, as numpy takes them. */
static int follow(const fv_tensor_field *f, float y, float x, float a)
{
	const float start = a;
	int length = 0;
	for (; length < MOST; length++) {
		y += sinf(a);
		x += cosf(a);
		int64_t i = (int64_t)nearbyintf(y), j = (int64_t)nearbyintf(x);
		if (i < 0 || i >= f->height || j < 0 || j >= f->width ||
		    f->coherence[i * f->width + j] < LEAST)
			break;
		float b = f->angle[i * f->width + j];
		/* A direction has no sign: the nearer one. */
		b += PI * nearbyintf((a - b) / PI);
		float turn = fabsf(remainderf(2 * (b - start), 2 * PI)) / 2;
		if ((double)turn > 25 * M_PI / 180)
			break;
		a = b;
	}
	return length;
}

static int by_place(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

double fv_run(const fv_tensor_field *f, const uint8_t *mask)
{
	int64_t places = 0, total = 0, i = -1, seen = -1;
	uint32_t start[STARTS];
	for (int64_t k = 0; k < f->height * f->width; k++)
		places += mask[k] != 0;
	if (places < FEWEST)
		return NAN;
	fv_pcg64 g = fv_pcg64_seed(1);
	for (int k = 0; k < STARTS; k++)
		start[k] = fv_pcg64_below(&g, (uint32_t)places);
	/* In order, so that one walk over the mask finds them all. */
	qsort(start, STARTS, sizeof *start, by_place);
	for (int k = 0; k < STARTS; k++) {
		while (seen < (int64_t)start[k])
			seen += mask[++i] != 0;
		for (int way = 0; way < 2 && f->coherence[i] >= LEAST; way++)
			total += follow(f, (float)(i / f->width), (float)(i % f->width),
			                f->angle[i] + (way ? PI : 0));
	}
	return (double)total / STARTS;
}
