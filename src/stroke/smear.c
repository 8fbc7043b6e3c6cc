/* SPDX-License-Identifier: Apache-2.0 */
/* The photograph along its flow, VF pixels at once; plain_trace.c has the formula. */
#include "stroke/follow.h"
#include <math.h>

/* A unit has so many rows; so many columns stay in the first cache while they are followed. */
enum { ROWS = 16, STRIP = 64 };

typedef struct {
	follow_picture f;
	const float *x, *v, *m;         /* h,w,3 h,w,2 h,w or NULL */
	float *y;
	int steps;
	float step, by;                 /* by: what sums are multiplied by */
	const float *share[2];
} smearing;

/* Red and green beside the flow. */
static void put_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const smearing *s = arg;
	for (int64_t y = first; y < last; y++) {
		uint32_t *to = follow_row(&s->f, y);
		const float *x = s->x + y * s->f.w * 3;
		follow_put_flow(&s->f, y, s->v + y * s->f.w * 2);
		for (int64_t i = 0; i < s->f.w; i++)
			to[2 * i + 1] = follow_word(follow_int(x[3 * i], 32767),
			                            follow_int(x[3 * i + 1], 32767));
		follow_sides(&s->f, y);
	}
}

static void put_outside(void *arg, int thread, int64_t first, int64_t last)
{
	const smearing *s = arg;
	for (int64_t i = first; i < last; i++)
		follow_outside(&s->f, i < s->f.pad ? -1 - i : s->f.h + i - s->f.pad);
}

/* Blue's four corners, all rows with pads. */
static void put_corners(void *arg, int thread, int64_t first, int64_t last)
{
	const smearing *s = arg;
	const follow_picture *f = &s->f;
	for (int64_t i = first; i < last; i++) {
		const float *here = s->x + fv_mirror(i - f->pad, f->h) * f->w * 3 + 2;
		const float *next = s->x + fv_mirror(i + 1 - f->pad, f->h) * f->w * 3 + 2;
		uint32_t *to = f->corners + 2 * (i * f->stride + f->pad);
		for (int64_t x = 0; x < f->w; x++)
			to[2 * x] = follow_word(follow_int(next[3 * x], 32767),
			                        follow_int(here[3 * x], 32767));
		for (int64_t k = 1; k <= f->pad; k++)
			to[-2 * k] = to[2 * fv_mirror(-k, f->w)];
		for (int64_t x = f->w; x < f->stride - f->pad; x++)
			to[2 * x] = to[2 * fv_mirror(x, f->w)];
		for (int64_t x = -f->pad; x < f->stride - f->pad - 1; x++)
			to[2 * x + 1] = to[2 * x + 2];
	}
}

static void smear_rows(void *arg, int thread, int64_t first, int64_t last)
{
	const smearing *s = arg;
	const follow_picture *f = &s->f;
	for (int64_t strip = 0; strip < f->w; strip += STRIP)
		for (int64_t y = first; y < last; y++)
			for (int64_t x = strip; x < fv_min(strip + STRIP, f->w); x += VF) {
				int64_t n = fv_min(VF, f->w - x), at = y * f->w + x;
				vf sum[3], step = vf_set(s->step);
				if (s->m)
					step = vf_mul(step, vf_load(s->m + at, vm_first(n)));
				follow(f, y, x, step, s->steps, s->share, 3, sum);
				float t[3][VF];
				for (int k = 0; k < 3; k++)
					vf_storeu(t[k], vf_mul(sum[k], vf_set(s->by)));
				for (int64_t i = 0; i < n; i++)
					for (int k = 0; k < 3; k++)
						s->y[(at + i) * 3 + k] = t[k][i];
			}
}

/* y: x's mean along the flow under the shares; y may be x. */
static fv_status along(fv_err *err, fv_context *c, smearing *s, const float *x, float *y, int steps,
                       double step, const float *share)
{
	double weight = 1;
	for (int i = 0; i < steps; i++)
		weight += 2 * (double)share[i];
	s->x = x, s->y = y, s->steps = steps, s->step = (float)step,
	s->by = (float)(1 / (weight * 32767 * TAP_ONE));
	s->share[0] = s->share[1] = share;
	fv_status st = fv_stroke_rows(err, c, put_rows, s, s->f.h, ROWS);
	if (!st)
		st = fv_stroke_rows(err, c, put_outside, s, 2 * s->f.pad, ROWS);
	if (!st)
		st = fv_stroke_rows(err, c, put_corners, s, s->f.h + 2 * s->f.pad, ROWS);
	return st ? st : fv_stroke_rows(err, c, smear_rows, s, s->f.h, ROWS);
}

static fv_status smear(fv_err *err, fv_context *c, const float *x, const float *v, const float *m,
                       int64_t h, int64_t w, const fv_stroke_options *o, float *y)
{
	int places = fv_smear_mean(o);
	double step = FV_SMEAR_STEP * o->scale;
	float even[FOLLOW_STEPS], window[FV_SMEAR_STEPS];
	smearing s = { .f = { .h = h, .w = w, .pad = (int64_t)ceil(FV_SMEAR_STEPS * step) + 2 },
	               .v = v, .m = m };
	/* Far larger than the picture, a pad would cost more than the plain way. */
	if (s.f.pad > 64 + h + w)
		return fv_stroke_plain_trace.smear(err, c, x, v, m, h, w, o, y);
	for (int i = 0; i < FOLLOW_STEPS; i++)
		even[i] = 1;
	for (int i = 0; i < FV_SMEAR_STEPS; i++)
		window[i] = (float)fv_stroke_window(i, FV_SMEAR_STEPS);
	s.f.stride = follow_stride(w, s.f.pad);
	size_t bytes = follow_bytes(h, w, s.f.pad);
	if (!(s.f.pixel = fv_alloc_rough(c, 2 * bytes)))
		return fv_fail_memory(err, "strokes", 2 * bytes);
	s.f.corners = s.f.pixel + bytes / sizeof(uint32_t);
	fv_status st = places > 1 ?
	               along(err, c, &s, x, y, places / 2, step / places, even) : FV_OK;
	if (!st)
		st = along(err, c, &s, places > 1 ? y : x, y, FV_SMEAR_STEPS, step, window);
	fv_free(c, s.f.pixel);
	return st;
}

const fv_stroke_way FV_WAY(smear) = { .name = FV_KERNEL_NAME(smear), .needs = FV_ISA_BITS,
                                      .smear = smear };
