/* SPDX-License-Identifier: Apache-2.0 */
/* Octaves of detail: they tell how wide strokes are, and how much finer detail (noise, dither)
 * lies on them. */
#include "eval/filter.h"
#include "eval/strokes.h"
#include <math.h>

#define FINEST 0.6                      /* pixels: sigma of the first Gaussian */
#define WAVELENGTH 3.0                  /* pixels: of octave 0 */

static size_t plane(int64_t height, int64_t width)
{
	return (size_t)fv_div_up(height * width, 16) * 16;
}

size_t fv_octaves_room(int threads, int64_t height, int64_t width)
{
	return 2 * plane(height, width) * sizeof(float) + fv_filter_room(threads, width);
}

void fv_octaves(fv_team *team, const float *luma, int64_t height, int64_t width,
                const uint8_t *mask, int count, double *power, void *room)
{
	float *next = room, *other = next + plane(height, width),
	      *line = other + plane(height, width);
	const float *low = luma;
	for (int o = 0; o < count; o++) {
		double sum = 0;
		int64_t n = 0;
		fv_gaussian(team, luma, next, height, width, ldexp(FINEST, o), 0, 0, line);
		for (int64_t i = 0; i < height * width; i++)
			if (mask[i]) {
				float band = low[i] - next[i];
				sum += (double)(band * band);
				n++;
			}
		power[o] = n ? sum / (double)n : NAN;
		low = next;
		float *swap = next;
		next = other;
		other = swap;
	}
}

double fv_stroke_width(const double power[FV_OCTAVES])
{
	double sum = 0, all = 0;
	for (int o = 0; o < FV_OCTAVES; o++) {
		sum += power[o] * ldexp(WAVELENGTH, o);
		all += power[o];
	}
	return sum / all;
}

double fv_grain(const double power[4])
{
	return log2((power[0] + 1e-9) / (power[2] + power[3] + 1e-9));
}
