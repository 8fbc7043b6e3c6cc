/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures made ready for looking at: resized as Pillow does it. */
#include "base/resample.h"
#include "eval/likeness.h"
#include <math.h>

#define FAR_SIDE (FV_VIEW_SIDE / 2)      /* from across the room */
#define LEAST 16                        /* relu4_1 has two pixels then */

fv_status fv_pixels_resize(fv_err *err, fv_arena *a, const fv_pixels *p, int64_t height,
                           int64_t width, fv_small *out)
{
	size_t room = fv_resample_room(p->height, p->width, height, width),
	       bytes = (size_t)(height * width * 3);
	fv_small s = { height, width, fv_arena_get(a, bytes) };
	void *work = fv_arena_get(a, room);
	if (!s.rgb || !work)
		return fv_fail_memory(err, "a resized picture", bytes + room);
	fv_resample(p->data, p->height, p->width, p->stride_bytes, s.rgb, height, width,
	            FV_FILTER_LANCZOS, work);
	*out = s;
	return FV_OK;
}

static fv_status to_side(fv_err *err, fv_arena *a, const fv_pixels *p, int64_t side, fv_small *out)
{
	double k = (double)side / (double)fv_max(p->height, p->width);
	int64_t h = fv_max(LEAST, (int64_t)nearbyint((double)p->height * k)),
		w = fv_max(LEAST, (int64_t)nearbyint((double)p->width * k));
	if (fv_max(p->height, p->width) == side)
		h = p->height, w = p->width;
	return fv_pixels_resize(err, a, p, h, w, out);
}

fv_status fv_views_make(fv_err *err, fv_arena *a, const fv_pixels *picture, const fv_pixels *photo,
                        fv_views *out)
{
	fv_views v = { { 0 } };
	fv_status st = to_side(err, a, picture, FV_VIEW_SIDE, &v.middle);
	if (!st)
		st = to_side(err, a, picture, FAR_SIDE, &v.small);
	if (!st && photo)
		st = fv_pixels_resize(err, a, photo, v.middle.height, v.middle.width, &v.photo);
	if (!st)
		*out = v;
	return st;
}
