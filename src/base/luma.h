/* SPDX-License-Identifier: Apache-2.0 */
/* The luma of a colour as ITU-R BT.601 weighs it, in the units of r, g and b. Callers depend on the
 * order of the sums, to the last bit. */
#ifndef FV_LUMA_H
#define FV_LUMA_H

static inline float fv_luma(float r, float g, float b)
{
	return 0.299f * r + 0.587f * g + 0.114f * b;
}
static inline double fv_luma_exact(double r, double g, double b)
{
	return 0.299 * r + 0.587 * g + 0.114 * b;
}
#endif
