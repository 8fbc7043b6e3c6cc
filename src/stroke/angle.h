/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the direction whose doubled angle is that of (a, b): (cos, sin)(atan2(b, a) / 2),
 * without calling any of the three. The larger of the two numbers comes from a square root, the
 * other from their product b / 2R, so that neither loses its small digits. (0, 0) gives (1, 0). */
#ifndef FV_STROKE_ANGLE_H
#define FV_STROKE_ANGLE_H
#include <math.h>

static inline __attribute__((always_inline))
void fv_half_angle(float a, float b, float *x, float *y)
{
	float r = sqrtf(a * a + b * b), by = r > 1e-18f ? 1 / r : 0;
	float c = r > 1e-18f ? fabsf(a) * by : 1;
	float large = sqrtf(0.5f + 0.5f * c), small = 0.5f * fabsf(b) * by / large;
	*x = a < 0 ? small : large;
	*y = copysignf(a < 0 ? large : small, b);
}
#endif
