/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller's pixels may be. */
#include "base/base.h"

static const struct { unsigned channels; int bits; const char *text; } kinds[] = {
	[FV_PIXELS_COLOUR] = { 1 << 3 | 1 << 4, 16, "3 or 4 channels of 8 or 16 bits" },
	[FV_PIXELS_ANY] = { 1 << 1 | 1 << 3 | 1 << 4, 16, "1, 3 or 4 channels of 8 or 16 bits" },
	[FV_PIXELS_RGB] = { 1 << 3, 8, "3 channels of 8 bits" },
};

fv_status fv_pixels_check(fv_err *err, const fv_pixels *p, const char *who, fv_pixels_kind kind)
{
	if (!p || p->width < 1 || p->height < 1 || (!p->data && kind != FV_PIXELS_ANY))
		return fv_fail(err, FV_E_SHAPE, "%s picture has no pixels", who);
	if (p->channels < 1 || p->channels > 4 || !(kinds[kind].channels & 1u << p->channels) ||
	    (p->bits != 8 && p->bits != 16) || p->bits > kinds[kind].bits)
		return fv_fail(err, FV_E_SHAPE,
		               "%s picture has %d channels of %d bits; %s are understood", who, p->channels,
		               p->bits, kinds[kind].text);
	if (p->width > INT32_MAX || p->height > INT32_MAX ||
	    p->stride_bytes < p->width * p->channels * (p->bits / 8))
		return fv_fail(err, FV_E_SHAPE,
		               "%s picture's rows of %" PRId64 " bytes do not hold %" PRId64 " pixels", who,
		               p->stride_bytes, p->width);
	return FV_OK;
}
