/* SPDX-License-Identifier: Apache-2.0 */
/* From pictures to figures of their strokes. */
#include "eval/yardstick.h"
#include "base/resample.h"
#include "eval/metric.h"
#include "eval/strokes.h"
#include <math.h>

#define COARSE 32                       /* pixels of 512 to one of colour */

const char *const fv_figure_names[FV_FIGURES] = { "coh2",  "coh4", "run", "stroke",
	                                          "grain", "grey", "skin" };

struct fv_yard {
	fv_context *context;
	int networks;
	fv_likeness *likeness[FV_YARD_NETWORKS];
	double mean[FV_OF_STROKES], deviation[FV_OF_STROKES];   /* the paintings' */
};

fv_status fv_yard_open(fv_err *err, fv_context *c, const fv_model *const *networks, int count,
                       fv_yard **out)
{
	fv_yard *y = fv_alloc(c, sizeof *y);
	fv_status st = y ? FV_OK : fv_fail_memory(err, "the yardstick", sizeof *y);
	if (!st)
		*y = (fv_yard){ .context = c, .networks = count };
	for (int i = 0; i < count && !st; i++)
		st = fv_likeness_open(err, c, networks[i], &y->likeness[i]);
	if (st)
		fv_yard_close(y);
	else
		*out = y;
	return st;
}

void fv_yard_close(fv_yard *y)
{
	for (int i = 0; y && i < y->networks; i++)
		fv_likeness_close(y->likeness[i]);
	if (y)
		fv_free(y->context, y);
}

void fv_yard_set_free(const fv_yard *y, fv_yard_set *s)
{
	for (int i = 0; y && i < y->networks; i++)
		fv_seen_free(y->likeness[i], &s->seen[i]);
	if (y)
		fv_free(y->context, s->figure);
	*s = (fv_yard_set){ 0 };
}

/* ---- a picture's figures. In an arena: its planes are gone when it is done. */

static fv_status no_room(fv_err *err, int64_t pixels)
{
	return fv_fail_memory(err, "a picture's strokes", (size_t)pixels * 5 * sizeof(float));
}

/* mask: where to look: where the photograph is plain, or everywhere without one. */
static bool look_where(fv_yard *y, fv_arena *a, const fv_small *photo, int64_t height,
                       int64_t width, uint8_t **mask)
{
	const int threads = y->context->threads;
	if (!(*mask = fv_arena_get(a, (size_t)(height * width))))
		return false;
	if (!photo->rgb) {
		memset(*mask, 1, (size_t)(height * width));
		return true;
	}
	float *luma = fv_arena_get(a, (size_t)(height * width) * sizeof *luma);
	void *room = fv_arena_get(a, fv_plain_room(threads, height, width));
	if (!luma || !room)
		return false;
	fv_luma_unit(photo->rgb, height * width, luma);
	fv_plain(y->context->team, luma, height, width, *mask, room);
	return true;
}

static fv_status strokes_of(fv_err *err, fv_yard *y, fv_arena *a, const fv_views *v, double *figure)
{
	const int64_t h = v->middle.height, w = v->middle.width;
	const size_t plane = (size_t)(h * w) * sizeof(float);
	const int threads = y->context->threads;
	fv_tensor_field f = { h, w, fv_arena_get(a, plane), fv_arena_get(a, plane),
		              fv_arena_get(a, plane) };
	float *luma = fv_arena_get(a, plane);
	size_t bytes = (size_t)fv_max((int64_t)fv_tensor_room(threads, h, w),
	                              (int64_t)fv_octaves_room(threads, h, w));
	void *room = fv_arena_get(a, bytes);
	uint8_t *mask;
	double power[FV_OCTAVES];
	if (!f.energy || !f.coherence || !f.angle || !luma || !room ||
	    !look_where(y, a, &v->photo, h, w, &mask))
		return no_room(err, h * w);
	fv_luma_unit(v->middle.rgb, h * w, luma);
	fv_tensor_of(y->context->team, luma, 1.5, &f, room);
	figure[FV_COH2] = fv_coherence(&f, mask);
	figure[FV_RUN] = fv_run(&f, mask);
	fv_tensor_of(y->context->team, luma, 3, &f, room);
	figure[FV_COH4] = fv_coherence(&f, mask);
	fv_octaves(y->context->team, luma, h, w, mask, FV_OCTAVES, power, room);
	figure[FV_STROKE] = fv_stroke_width(power);
	return FV_OK;
}

/* At the picture's own size: noise and dither do not survive resizing. */
static fv_status grain_of(fv_err *err, fv_yard *y, fv_arena *a, const fv_pixels *picture,
                          const fv_pixels *photo, double *figure)
{
	const int64_t h = picture->height, w = picture->width;
	fv_small own, other = { 0 };
	uint8_t *mask;
	double power[4];
	fv_status st = fv_pixels_resize(err, a, picture, h, w, &own);
	if (!st && photo)
		st = fv_pixels_resize(err, a, photo, h, w, &other);
	if (st)
		return st;
	float *luma = fv_arena_get(a, (size_t)(h * w) * sizeof *luma);
	void *room = fv_arena_get(a, fv_octaves_room(y->context->threads, h, w));
	if (!luma || !room || !look_where(y, a, &other, h, w, &mask))
		return no_room(err, h * w);
	fv_luma_unit(own.rgb, h * w, luma);
	fv_octaves(y->context->team, luma, h, w, mask, 4, power, room);
	figure[FV_GRAIN] = fv_grain(power);
	return FV_OK;
}

static fv_status colours_of(fv_err *err, fv_arena *a, const fv_views *v, double *figure)
{
	const int64_t h = fv_max(2, v->middle.height / COARSE),
		      w = fv_max(2, v->middle.width / COARSE);
	uint8_t *small[2] = { fv_arena_get(a, (size_t)(h * w * 3)),
		              fv_arena_get(a, (size_t)(h * w * 3)) };
	void *room = fv_arena_get(a, fv_resample_room(v->middle.height, v->middle.width, h, w));
	figure[FV_GREY] = figure[FV_SKIN] = NAN;
	if (!v->photo.rgb)
		return FV_OK;
	if (!small[0] || !small[1] || !room)
		return no_room(err, h * w);
	for (int i = 0; i < 2; i++)
		fv_resample(i ? v->photo.rgb : v->middle.rgb, v->middle.height, v->middle.width,
		            3 * v->middle.width, small[i], h, w, FV_FILTER_BOX, room);
	fv_colours_kept(small[0], small[1], h * w, &figure[FV_GREY], &figure[FV_SKIN]);
	return FV_OK;
}

static fv_status make_room(fv_err *err, fv_yard *y, fv_yard_set *s)
{
	if (s->count < s->room)
		return FV_OK;
	int room = s->room ? 2 * s->room : 64;
	double (*larger)[FV_FIGURES] = fv_alloc(y->context, (size_t)room * sizeof *larger);
	if (!larger)
		return fv_fail_memory(err, "figures", (size_t)room * sizeof *larger);
	if (s->count)
		memcpy(larger, s->figure, (size_t)s->count * sizeof *larger);
	fv_free(y->context, s->figure);
	s->figure = larger;
	s->room = room;
	return FV_OK;
}

fv_status fv_yard_add(fv_err *err, fv_yard *y, fv_yard_set *s, const fv_pixels *picture,
                      const fv_pixels *photo)
{
	fv_arena *mem = fv_arena_new(y->context), *large = fv_arena_new(y->context);
	fv_status st = mem && large ? make_room(err, y, s) : fv_fail_memory(err, "a picture", 64);
	fv_views v;
	if (!st)
		st = grain_of(err, y, large, picture, photo, s->figure[s->count]);
	fv_arena_free(large);
	if (!st && !(st = fv_views_make(err, mem, picture, photo, &v)) &&
	    !(st = strokes_of(err, y, mem, &v, s->figure[s->count])))
		st = colours_of(err, mem, &v, s->figure[s->count]);
	for (int i = 0; i < y->networks && !st; i++)
		st = fv_likeness_see(err, y->likeness[i], &s->seen[i], &v);
	fv_arena_free(mem);
	s->count += !st;
	return st;
}

/* ---- sets */

/* Mean and deviation over the pictures that have one. */
static void sum_up(const fv_yard_set *s, int figure, double *mean, double *deviation)
{
	double sum = 0, square = 0;
	int n = 0;
	for (int i = 0; i < s->count; i++)
		if (isfinite(s->figure[i][figure])) {
			sum += s->figure[i][figure];
			n++;
		}
	*mean = n ? sum / n : NAN;
	for (int i = 0; i < s->count; i++)
		if (isfinite(s->figure[i][figure]))
			square +=
				(s->figure[i][figure] - *mean) * (s->figure[i][figure] - *mean) / n;
	*deviation = n ? sqrt(square) : NAN;
}

fv_status fv_yard_art(fv_err *err, fv_yard *y, const fv_yard_set *art, fv_yard_figures *out)
{
	fv_yard_figures f = { .count = art->count };
	fv_status st = FV_OK;
	for (int i = 0; i < y->networks && !st; i++)
		st = fv_likeness_art(err, y->likeness[i], &art->seen[i]);
	for (int k = 0; k < FV_OF_STROKES; k++) {
		sum_up(art, k, &y->mean[k], &y->deviation[k]);
		f.mean[k] = y->mean[k];
	}
	f.mean[FV_GREY] = f.mean[FV_SKIN] = NAN;
	for (int i = 0; i < FV_YARD_NETWORKS; i++)
		f.by[i] = (fv_likeness_figures){ { NAN, NAN, NAN }, NAN, NAN };
	if (!st)
		*out = f;
	return st;
}

fv_status fv_yard_measure(fv_err *err, fv_yard *y, const fv_yard_set *s, const fv_yard_set *photos,
                          fv_yard_figures *out)
{
	fv_yard_figures f = { .count = s->count };
	fv_status st = FV_OK;
	for (int i = 0; i < FV_YARD_NETWORKS; i++)
		f.by[i] = (fv_likeness_figures){ { NAN, NAN, NAN }, NAN, NAN };
	for (int i = 0; i < y->networks && !st; i++)
		st = fv_likeness_measure(err, y->likeness[i], &s->seen[i],
		                         photos ? &photos->seen[i] : NULL, &f.by[i]);
	for (int k = 0; k < FV_FIGURES; k++) {
		double deviation;
		sum_up(s, k, &f.mean[k], &deviation);
		if (k < FV_OF_STROKES)
			f.off[k] = y->deviation[k] > 0 ? (f.mean[k] - y->mean[k]) / y->deviation[k]
			                               : NAN;
	}
	if (!st)
		*out = f;
	return st;
}

/* To add one: a line. Figures come by the first network. Those that only a photograph gives may
 * be absent. */
#define AT(field) offsetof(fv_yard_figures, field)
static const struct {
	const char *name;
	size_t at;
	double low, high;
	bool optional;
} bars[2][FV_BARS_MOST] = {
	[FV_BARS_OIL] = {
		{ "near", AT(by[0].near), 0.88, 1 },
		{ "hand", AT(by[0].view[FV_HAND]), -9, 18 },
		{ "look", AT(by[0].view[FV_LOOK]), -9, 18 },
		{ "far", AT(by[0].view[FV_FAR]), -9, 10 },
		{ "coh2", AT(off[FV_COH2]), -0.8, 0.8 },
		{ "run", AT(off[FV_RUN]), -0.8, 0.8 },
		{ "stroke", AT(off[FV_STROKE]), -0.8, 0.8 },
		{ "grain", AT(off[FV_GRAIN]), -1, 1 },
		{ "content", AT(by[0].content), 0.25, 1, true },
		{ "grey", AT(mean[FV_GREY]), 0, 12.5, true },
		{ "skin", AT(mean[FV_SKIN]), 0, 15, true },
	},
	[FV_BARS_PRINT] = {
		{ "near", AT(by[0].near), 0.85, 1 },
		{ "hand", AT(by[0].view[FV_HAND]), -9, 30 },
		{ "look", AT(by[0].view[FV_LOOK]), -9, 30 },
		{ "far", AT(by[0].view[FV_FAR]), -9, 15 },
		{ "content", AT(by[0].content), 0.25, 1, true },
	},
};

int fv_yard_short(const fv_yard_figures *f, fv_bars kind, fv_bar list[FV_BARS_MOST])
{
	int n = 0;
	for (int i = 0; i < FV_BARS_MOST && bars[kind][i].name; i++) {
		double v = *(const double *)((const char *)f + bars[kind][i].at);
		bool absent = isnan(v) && bars[kind][i].optional;
		if (!absent && !(v >= bars[kind][i].low && v <= bars[kind][i].high))
			list[n++] = (fv_bar){ bars[kind][i].name, v, bars[kind][i].low,
				              bars[kind][i].high };
	}
	return n;
}
