/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of pictures, seen by a network and compared with paintings. */
#include "eval/likeness.h"
#include "base/hash.h"
#include <math.h>

#define CUT 3.0                         /* deviations */
/* Photographs whose scene is remembered: paintings of one come one after the other. */
#define KEPT 2

static const struct {
	int win, step;
} cuts[FV_VIEWS] = { [FV_HAND] = { 160, 80 }, [FV_LOOK] = { 160, 80 }, [FV_FAR] = { 128, 64 } };

/* relu4_1 less each channel's mean, over its deviation. */
typedef struct { uint64_t hash; int64_t length; float *value; } scene;

struct fv_likeness {
	fv_context *context;
	fv_windows *windows;
	fv_pairs *pairs;
	int values;
	scene kept[KEPT];
	int next;                       /* of kept, to be replaced */
	/* The paintings, when they are given. */
	int art_count[FV_VIEWS];
	float *art[FV_VIEWS];           /* standardised */
	double *mean[FV_VIEWS], *deviation[FV_VIEWS], spread[FV_VIEWS];
};

fv_status fv_likeness_open(fv_err *err, fv_context *c, const fv_model *network, fv_likeness **out)
{
	fv_likeness *l = fv_alloc(c, sizeof *l);
	if (!l)
		return fv_fail_memory(err, "a feature network", sizeof *l);
	*l = (fv_likeness){ .context = c };
	fv_status st = fv_windows_open(err, c, network, &l->windows);
	if (!st) {
		l->values = fv_windows_values(l->windows);
		st = fv_pairs_open(err, c, l->values, &l->pairs);
	}
	if (st)
		fv_likeness_close(l);
	else
		*out = l;
	return st;
}

static void forget_art(fv_likeness *l)
{
	for (int v = 0; v < FV_VIEWS; v++) {
		fv_free(l->context, l->art[v]);
		fv_free(l->context, l->mean[v]);
		l->art[v] = NULL, l->mean[v] = NULL;
	}
}

void fv_likeness_close(fv_likeness *l)
{
	if (!l)
		return;
	forget_art(l);
	for (int i = 0; i < KEPT; i++)
		fv_free(l->context, l->kept[i].value);
	fv_pairs_close(l->pairs);
	fv_windows_close(l->windows);
	fv_free(l->context, l);
}

void fv_seen_free(const fv_likeness *l, fv_seen *s)
{
	for (int v = 0; v < FV_VIEWS && l; v++)
		fv_free(l->context, s->window[v]);
	*s = (fv_seen){ 0 };
}

static fv_status make_room(fv_err *err, fv_likeness *l, fv_seen *s, int view, int more)
{
	int wanted = s->count[view] + more;
	if (wanted <= s->room[view])
		return FV_OK;
	int room = (int)fv_max(wanted, 2 * (int64_t)s->room[view]);
	size_t row = (size_t)l->values * sizeof(float);
	float *larger = fv_alloc(l->context, (size_t)room * row);
	if (!larger)
		return fv_fail_memory(err, "windows", (size_t)room * row);
	if (s->count[view])
		memcpy(larger, s->window[view], (size_t)s->count[view] * row);
	fv_free(l->context, s->window[view]);
	s->window[view] = larger;
	s->room[view] = room;
	return FV_OK;
}

/* ---- the scene */

static float *normalised(fv_context *c, const float *v, fv_shape s)
{
	const int64_t n = s.h * s.w;
	float *to = fv_alloc(c, (size_t)(n * s.c) * sizeof *to);
	double *sum = fv_alloc(c, (size_t)(2 * s.c) * sizeof *sum), *square = sum + s.c;
	for (int64_t i = 0; i < n && to && sum; i++)
		for (int64_t k = 0; k < s.c; k++) {
			sum[k] += (double)v[i * s.c + k];
			square[k] += (double)v[i * s.c + k] * (double)v[i * s.c + k];
		}
	for (int64_t k = 0; k < s.c && to && sum; k++) {
		double deviation =
			sqrt(fmax(square[k] - sum[k] * sum[k] / (double)n, 0) / (double)(n - 1));
		sum[k] /= (double)n;
		square[k] = 1 / (deviation + 0.05);
	}
	for (int64_t i = 0; i < n * s.c && to && sum; i++)
		to[i] = (float)(((double)v[i] - sum[i % s.c]) * square[i % s.c]);
	fv_free(c, sum);
	if (!sum) {
		fv_free(c, to);
		return NULL;
	}
	return to;
}

static uint64_t hash_of(const fv_small *p)
{
	uint64_t h = fv_hash_mix(FV_HASH, &p->height, sizeof p->height);
	return fv_hash_mix(h, p->rgb, (size_t)(p->height * p->width * 3));
}

static const scene *keep(fv_likeness *l, uint64_t hash, float *value, int64_t length)
{
	scene *s = &l->kept[l->next];
	l->next = (l->next + 1) % KEPT;
	fv_free(l->context, s->value);
	*s = (scene){ hash, length, value };
	return s;
}

static fv_status scene_of(fv_err *err, fv_likeness *l, const fv_small *photo, const scene **out)
{
	const float *map;
	fv_shape shape;
	uint64_t hash = hash_of(photo);
	for (int i = 0; i < KEPT; i++)
		if (l->kept[i].value && l->kept[i].hash == hash) {
			*out = &l->kept[i];
			return FV_OK;
		}
	fv_status st = fv_windows_of(err, l->windows, photo, false, cuts[FV_LOOK].win,
	                             cuts[FV_LOOK].step, NULL, &map, &shape);
	if (st)
		return st;
	float *value = normalised(l->context, map, shape);
	if (!value)
		return fv_fail_memory(err, "a scene", (size_t)fv_elements(shape) * sizeof(float));
	*out = keep(l, hash, value, fv_elements(shape));
	return FV_OK;
}

static double cosine(const float *a, const float *b, int64_t n)
{
	double aa = 0, bb = 0, ab = 0;
	for (int64_t i = 0; i < n; i++) {
		aa += (double)a[i] * (double)a[i];
		bb += (double)b[i] * (double)b[i];
		ab += (double)a[i] * (double)b[i];
	}
	return ab / fmax(sqrt(aa) * sqrt(bb), 1e-8);
}

/* ---- seeing */

fv_status fv_likeness_see(fv_err *err, fv_likeness *l, fv_seen *s, const fv_views *v)
{
	int more[FV_VIEWS];
	float *own = NULL;
	const float *map;
	fv_shape shape;
	int64_t length = 0;             /* of own */
	fv_status st = FV_OK;
	if (fv_cancelled(l->context))
		return fv_fail(err, FV_E_CANCELLED, "interrupted while measuring");
	for (int view = 0; view < FV_VIEWS && !st; view++) {
		const fv_small *p = view == FV_FAR ? &v->small : &v->middle;
		more[view] = fv_windows_count(p, cuts[view].win, cuts[view].step);
		if ((st = make_room(err, l, s, view, more[view])))
			break;
		float *to = s->window[view] + (size_t)s->count[view] * (size_t)l->values;
		st = fv_windows_of(err, l->windows, p, view != FV_LOOK, cuts[view].win,
		                   cuts[view].step, to, &map, &shape);
		if (st || view != FV_LOOK || !v->photo.rgb)
			continue;
		length = fv_elements(shape);
		if (!(own = normalised(l->context, map, shape)))
			st = fv_fail_memory(err, "a scene", (size_t)length * sizeof(float));
	}
	if (!st && own) {
		const scene *photo = NULL;
		const size_t bytes = (size_t)(v->middle.height * v->middle.width * 3);
		/* A photograph is its own painting when floors are measured: what was made of it
		 * is all that is needed. */
		if (!memcmp(v->middle.rgb, v->photo.rgb, bytes)) {
			photo = keep(l, hash_of(&v->photo), own, length);
			own = NULL;
			s->content += 1;
		} else if (!(st = scene_of(err, l, &v->photo, &photo)))
			s->content += cosine(own, photo->value, photo->length);
		s->with_photo += !st;
	}
	fv_free(l->context, own);
	if (st)
		return st;
	for (int view = 0; view < FV_VIEWS; view++)
		s->count[view] += more[view];
	s->pictures++;
	return FV_OK;
}

fv_status fv_likeness_add(fv_err *err, fv_likeness *l, fv_seen *s, const fv_pixels *pictures,
                          const fv_pixels *photos, int count)
{
	fv_status st = FV_OK;
	for (int i = 0; i < count && !st; i++) {
		fv_views v;
		fv_arena *mem = fv_arena_new(l->context);
		st = mem ? fv_views_make(err, mem, &pictures[i], photos ? &photos[i] : NULL, &v)
		         : fv_fail_memory(err, "a picture", 64);
		if (!st)
			st = fv_likeness_see(err, l, s, &v);
		fv_arena_free(mem);
	}
	return st;
}

/* ---- comparing */

/* Means and deviations of the paintings' windows; a channel that never changes has a thousandth
 * of all values' deviation. */
static void learn(const float *v, int count, int values, double *mean, double *deviation)
{
	double all = 0, square = 0, n = (double)count * values;
	for (int i = 0; i < count; i++)
		for (int k = 0; k < values; k++)
			mean[k] += (double)v[(size_t)i * (size_t)values + (size_t)k] / count;
	for (int k = 0; k < values; k++)
		all += mean[k] / values;
	for (int i = 0; i < count; i++)
		for (int k = 0; k < values; k++) {
			double x = (double)v[(size_t)i * (size_t)values + (size_t)k];
			deviation[k] += (x - mean[k]) * (x - mean[k]) / count;
			square += (x - all) * (x - all) / n;
		}
	for (int k = 0; k < values; k++)
		deviation[k] = sqrt(deviation[k]) + 1e-3 * sqrt(square);
}

static float *standard(fv_context *c, const fv_likeness *l, int view, const float *v, int count)
{
	float *to = fv_alloc(c, (size_t)count * (size_t)l->values * sizeof *to);
	for (int64_t i = 0; to && i < (int64_t)count * l->values; i++) {
		double deviation = l->deviation[view][i % l->values],
		       z = (double)v[i] - l->mean[view][i % l->values];
		to[i] = (float)fmin(CUT, fmax(-CUT, deviation > 0 ? z / deviation : 0));
	}
	return to;
}

static fv_status no_room(fv_err *err, const fv_likeness *l, int count)
{
	return fv_fail_memory(err, "windows", (size_t)count * (size_t)l->values * sizeof(float));
}

fv_status fv_likeness_art(fv_err *err, fv_likeness *l, const fv_seen *art)
{
	fv_status st = FV_OK;
	forget_art(l);
	for (int v = 0; v < FV_VIEWS && !st; v++) {
		int n = l->art_count[v] = art->count[v];
		if (n < 2)
			st = fv_fail(err, FV_E_ARGUMENT,
			             "measuring strokes needs two paintings at least");
		else if (!(l->mean[v] =
		                   fv_alloc(l->context, (size_t)(2 * l->values) * sizeof(double))))
			st = no_room(err, l, n);
		if (st)
			break;
		l->deviation[v] = l->mean[v] + l->values;
		learn(art->window[v], n, l->values, l->mean[v], l->deviation[v]);
		if (!(l->art[v] = standard(l->context, l, v, art->window[v], n)))
			st = no_room(err, l, n);
		else
			st = fv_spread(err, l->pairs, l->art[v], n, l->art[v], n, &l->spread[v]);
	}
	if (st)
		forget_art(l);
	return st;
}

fv_status fv_likeness_measure(fv_err *err, fv_likeness *l, const fv_seen *s, const fv_seen *photos,
                              fv_likeness_figures *out)
{
	fv_likeness_figures f = { .near = NAN,
		                  .content = s->with_photo ? s->content / s->with_photo : NAN };
	fv_status st = FV_OK;
	if (!l->art[FV_FAR] || s->pictures < 1)
		return fv_fail(err, FV_E_ARGUMENT,
		               "measuring needs paintings, and a picture at least");
	for (int v = 0; v < FV_VIEWS && !st; v++) {
		int n = s->count[v];
		double across = 0, own = 0;
		float *x = standard(l->context, l, v, s->window[v], n), *p = NULL;
		if (!x)
			return no_room(err, l, n);
		if (!(st = fv_spread(err, l->pairs, x, n, l->art[v], l->art_count[v], &across)) &&
		    n > 1)
			st = fv_spread(err, l->pairs, x, n, x, n, &own);
		f.view[v] = n > 1 ? 100 * (2 * across - own - l->spread[v]) / l->spread[v] : NAN;
		if (!st && v == FV_FAR && photos && photos->count[v]) {
			if (!(p = standard(l->context, l, v, photos->window[v], photos->count[v])))
				st = no_room(err, l, photos->count[v]);
			else
				st = fv_share_near(err, l->context, l->pairs, x, n, l->art[v],
				                   l->art_count[v], p, photos->count[v], &f.near);
		}
		fv_free(l->context, p);
		fv_free(l->context, x);
	}
	if (!st)
		*out = f;
	return st;
}
