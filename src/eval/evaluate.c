/* SPDX-License-Identifier: Apache-2.0 */
/* From pictures to measures. One pass over a set, the pictures shared out among threads, keeps of each only its patches for
 * the swd, its texture and a few numbers; spectra are summed. Then the sets are compared. */
#include "eval/metric.h"
#include <math.h>
#include <string.h>

typedef struct {
	int count;
	float *patch;                   /* FV_SWD_FLOATS a picture */
	fv_texture *texture;
	double *chroma;
} traits;

struct fv_eval {
	fv_context *context;
	fv_arena *mem;
	traits art;
	fv_moments palette;             /* mean over the paintings */
	fv_histograms histograms;
};

/* What one thread works in. `room` serves the pyramid, textures, bands and spectra in turn. */
typedef struct {
	float *square, *pyramid, *luma[2], *square_luma[2];
	uint8_t *rgb, *small;
	void *room, *wide;              /* wide: fv_square_room, fv_ssim_room */
	int64_t *spectrum[4];
	int64_t spectra[4];             /* pictures in each */
} workspace;

_Static_assert(FV_TEXTURE_ROOM <= FV_PYRAMID_ROOM && FV_HISTOGRAMS_ROOM <= FV_PYRAMID_ROOM && FV_LATTICE_ROOM <= FV_PYRAMID_ROOM, "workspace.room");

/* What is kept of a set, and how well its pictures keep the scene. */
typedef struct {
	traits traits;
	double *ssim, *corr;
} row;

typedef struct {
	fv_eval *eval;
	const fv_pictures *outs, *ins;
	fv_swd_places *places;
	workspace *workspace;
	row row[FV_FLOORS];
	float *pool;                    /* of paintings */
	fv_moments *palette;
	int64_t begin;                  /* of the part that is being looked at */
} pass;

/* ---- pictures */

static fv_pixels at_scale(const fv_pictures *p, int64_t i)
{
	if (p->pixels)
		return p->pixels[i];
	/* Only read. */
	return (fv_pixels){ FV_SIDE, FV_SIDE, 3, 8, FV_SIDE * 3, (void *)(uintptr_t)(p->square + i * FV_SQUARE_BYTES) };
}

static void floats_of(const uint8_t *square, float *to)
{
	for (int64_t i = 0; i < FV_SQUARE_FLOATS; i++)
		to[i] = square[i];
}

/* d->square is the picture; leaves its pyramid. */
static void keep_traits(workspace *d, const fv_swd_places *places, traits *t, int64_t i)
{
	fv_texture_of(d->square, &t->texture[i], d->room);
	t->chroma[i] = fv_chroma(d->square);
	fv_pyramid(d->square, d->pyramid, d->room);
	fv_swd_cut(d->pyramid, places, t->patch + i * FV_SWD_FLOATS);
}

static void add_spectrum(workspace *d, int which, const float *luma, int64_t height, int64_t width)
{
	d->spectra[which] += fv_spectrum_add(luma, height, width, d->spectrum[which], d->room);
}

/* ---- a picture of each kind of pass */

static void look_art(void *arg, int thread, int64_t first, int64_t last)
{
	pass *p = arg;
	workspace *d = &p->workspace[thread];
	for (int64_t i = p->begin + first; i < p->begin + last; i++) {
		floats_of(p->outs->square + i * FV_SQUARE_BYTES, d->square);
		keep_traits(d, &p->places[i], &p->eval->art, i);
		fv_histograms_pool(d->pyramid, p->pool + i * FV_POOL_FLOATS);
		fv_pixels square = at_scale(&(fv_pictures){ .square = p->outs->square }, i);
		p->palette[i] = fv_moments_of(&square);
	}
}

/* Spectra: 0 of the painted, 1 of the photographs. */
static void look_set(void *arg, int thread, int64_t first, int64_t last)
{
	pass *p = arg;
	workspace *d = &p->workspace[thread];
	for (int64_t i = p->begin + first; i < p->begin + last; i++) {
		fv_pixels out = at_scale(p->outs, i);
		floats_of(p->outs->square + i * FV_SQUARE_BYTES, d->square);
		keep_traits(d, &p->places[i], &p->row[0].traits, i);
		fv_luma_pixels(&out, d->luma[0]);
		add_spectrum(d, 0, d->luma[0], out.height, out.width);
		if (!p->ins)
			continue;
		fv_pixels in = at_scale(p->ins, i);
		fv_luma_pixels(&in, d->luma[1]);
		add_spectrum(d, 1, d->luma[1], in.height, in.width);
		p->row[0].ssim[i] = fv_ssim(d->luma[1], d->luma[0], in.height, in.width, d->wide);
		fv_luma_floats(d->square, FV_SIDE * FV_SIDE, d->square_luma[0]);
		floats_of(p->ins->square + i * FV_SQUARE_BYTES, d->square);
		fv_luma_floats(d->square, FV_SIDE * FV_SIDE, d->square_luma[1]);
		p->row[0].corr[i] = fv_corr(d->square_luma[1], d->square_luma[0], FV_SIDE * FV_SIDE);
	}
}

/* The square with the paintings' bands; d->square and d->pyramid are its own, and replaced. */
static void give_histograms(workspace *d, const fv_histograms *b)
{
	fv_histograms_give(b, d->pyramid, d->room);
	fv_unpyramid(d->pyramid, d->room);
	for (int64_t i = 0; i < FV_SQUARE_FLOATS; i++)
		d->square[i] = fminf(255, fmaxf(0, d->pyramid[i]));
}

/* Spectra: 0 of the photographs, 1 recoloured, 2 of their squares, 3 those with the paintings' bands. The floor of bands is
 * made from recoloured squares, but what it keeps of the scene is judged on uncoloured ones: as metrics.py does. */
static void look_floors(void *arg, int thread, int64_t first, int64_t last)
{
	pass *p = arg;
	workspace *d = &p->workspace[thread];
	const int64_t n = FV_SIDE * FV_SIDE;
	row *identity = &p->row[FV_FLOOR_IDENTITY], *reinhard = &p->row[FV_FLOOR_REINHARD], *bands = &p->row[FV_FLOOR_BANDS];
	for (int64_t i = p->begin + first; i < p->begin + last; i++) {
		fv_pixels in = at_scale(p->ins, i);
		fv_luma_pixels(&in, d->luma[0]);
		add_spectrum(d, 0, d->luma[0], in.height, in.width);
		floats_of(p->ins->square + i * FV_SQUARE_BYTES, d->square);
		fv_luma_floats(d->square, n, d->square_luma[0]);
		add_spectrum(d, 2, d->square_luma[0], FV_SIDE, FV_SIDE);
		keep_traits(d, &p->places[i], &identity->traits, i);
		identity->ssim[i] = identity->corr[i] = 1;

		give_histograms(d, &p->eval->histograms);
		fv_luma_floats(d->square, n, d->square_luma[1]);
		add_spectrum(d, 3, d->square_luma[1], FV_SIDE, FV_SIDE);
		bands->ssim[i] = fv_ssim(d->square_luma[0], d->square_luma[1], FV_SIDE, FV_SIDE, d->wide);

		fv_recolour(&in, &p->eval->palette, d->rgb, d->luma[1]);
		add_spectrum(d, 1, d->luma[1], in.height, in.width);
		reinhard->ssim[i] = fv_ssim(d->luma[0], d->luma[1], in.height, in.width, d->wide);
		fv_square(&(fv_pixels){ in.width, in.height, 3, 8, in.width * 3, d->rgb }, d->small, d->wide);
		floats_of(d->small, d->square);
		keep_traits(d, &p->places[i], &reinhard->traits, i);
		fv_luma_floats(d->square, n, d->square_luma[1]);
		reinhard->corr[i] = fv_corr(d->square_luma[0], d->square_luma[1], n);

		give_histograms(d, &p->eval->histograms);
		keep_traits(d, &p->places[i], &bands->traits, i);
		fv_luma_floats(d->square, n, d->square_luma[1]);
		bands->corr[i] = fv_corr(d->square_luma[0], d->square_luma[1], n);
	}
}

/* ---- memory */

static bool traits_new(fv_arena *mem, int count, traits *t)
{
	size_t n = (size_t)count;
	t->count = count;
	return (t->patch = fv_arena_get(mem, n * FV_SWD_FLOATS * sizeof(float))) && (t->texture = fv_arena_get(mem, n * sizeof *t->texture)) &&
	       (t->chroma = fv_arena_get(mem, n * sizeof *t->chroma));
}

static bool rows_new(fv_arena *mem, pass *p, int rows, int count)
{
	for (int r = 0; r < rows; r++)
		if (!traits_new(mem, count, &p->row[r].traits) || !(p->row[r].ssim = fv_arena_get(mem, (size_t)count * sizeof(double))) ||
		    !(p->row[r].corr = fv_arena_get(mem, (size_t)count * sizeof(double))))
			return false;
	return true;
}

/* Desks for the largest of the pictures, and where the swd's patches are cut. */
static bool pass_new(fv_arena *mem, pass *p, const fv_pictures *of, uint32_t seed, int spectra)
{
	int64_t pixels = FV_SIDE * FV_SIDE;
	size_t wide = 0;
	for (int i = 0; i < of->count; i++) {
		fv_pixels v = at_scale(of, i);
		pixels = fv_max(pixels, v.height * v.width);
		wide = (size_t)fv_max((int64_t)wide, (int64_t)fv_square_room(v.height, v.width));
		wide = (size_t)fv_max((int64_t)wide, (int64_t)fv_ssim_room(fv_max(v.width, FV_SIDE)));
	}
	const size_t square = FV_SQUARE_FLOATS * sizeof(float), luma = (size_t)pixels * sizeof(float);
	int threads = p->eval->context->threads;
	if (!(p->places = fv_arena_get(mem, (size_t)of->count * sizeof *p->places)) || !(p->workspace = fv_arena_get(mem, (size_t)threads * sizeof *p->workspace)))
		return false;
	fv_swd_draw(seed, p->places, of->count);
	for (int t = 0; t < threads; t++) {
		workspace *d = &p->workspace[t];
		bool ok = (d->square = fv_arena_get(mem, square)) && (d->pyramid = fv_arena_get(mem, FV_PYRAMID_FLOATS * sizeof(float))) &&
		          (d->room = fv_arena_get(mem, FV_PYRAMID_ROOM)) && (d->wide = fv_arena_get(mem, wide)) &&
		          (d->rgb = fv_arena_get(mem, (size_t)pixels * 3)) && (d->small = fv_arena_get(mem, FV_SQUARE_BYTES));
		for (int i = 0; i < 2 && ok; i++)
			ok = (d->luma[i] = fv_arena_get(mem, luma)) && (d->square_luma[i] = fv_arena_get(mem, square / 3));
		for (int i = 0; i < spectra && ok; i++)
			ok = (d->spectrum[i] = fv_arena_get(mem, FV_SPECTRUM * sizeof(int64_t))) != NULL;
		if (!ok)
			return false;
	}
	return true;
}

/* ---- passes */

typedef struct { fv_eval_progress say; void *user; double from, to; } telling;

static void tell(const telling *t, double done)
{
	if (t->say)
		t->say(t->user, t->from + (t->to - t->from) * done);
}

/* In parts, so that there is progress to tell and a chance to stop. */
static fv_status look(fv_err *err, pass *p, fv_team_fn fn, int count, const telling *t)
{
	fv_context *c = p->eval->context;
	const int part = 4 * c->threads;
	for (p->begin = 0; p->begin < count; p->begin += part) {
		if (fv_cancelled(c))
			return fv_fail(err, FV_E_CANCELLED, "interrupted while measuring");
		fv_team_run(c->team, fn, p, fv_min(part, count - p->begin), 1);
		tell(t, (double)fv_min(p->begin + part, count) / count);
	}
	return FV_OK;
}

static void ask_lattice(pass *p, int which, double worst[3])
{
	int64_t *sum = p->workspace[0].spectrum[which], count = p->workspace[0].spectra[which];
	for (int t = 1; t < p->eval->context->threads; t++) {
		count += p->workspace[t].spectra[which];
		for (int i = 0; i < FV_SPECTRUM; i++)
			sum[i] += p->workspace[t].spectrum[which][i];
	}
	fv_lattice(sum, count, p->workspace[0].room, worst);
}

/* Over those that have one. */
static double mean(const double *v, int count)
{
	double sum = 0;
	int n = 0;
	for (int i = 0; i < count; i++)
		if (v[i] == v[i]) {
			sum += v[i];
			n++;
		}
	return n ? sum / n : NAN;
}

static fv_status compare(fv_err *err, fv_eval *e, const row *r, fv_measures *m)
{
	const traits *t = &r->traits, *art = &e->art;
	fv_status st = fv_swd(err, e->context, t->patch, t->count, art->patch, art->count, m->level);
	if (!st)
		st = fv_auc(err, e->context, t->texture, t->count, art->texture, art->count, &m->auc);
	m->count = t->count;
	m->swd = 0;
	for (int l = 0; l < FV_LEVELS; l++)
		m->swd += m->level[l] / FV_LEVELS;
	m->chroma = mean(t->chroma, t->count) / mean(art->chroma, art->count);
	m->ssim = mean(r->ssim, t->count);
	m->corr = mean(r->corr, t->count);
	return st;
}

static fv_status no_room(fv_err *err, int count)
{
	return fv_fail_memory(err, "measuring pictures", (size_t)count * FV_SWD_FLOATS * sizeof(float));
}

fv_status fv_eval_open(fv_err *err, fv_context *c, const fv_pictures *art, fv_eval **out)
{
	fv_arena *mem = fv_arena_new(c), *brief = fv_arena_new(c);
	fv_eval *e = mem ? fv_arena_get(mem, sizeof *e) : NULL;
	pass p = { .eval = e, .outs = art };
	fv_status st;
	if (art->count < 1) {
		st = fv_fail(err, FV_E_ARGUMENT, "measuring needs a painting at least");
		goto done;
	}
	if (e)
		*e = (fv_eval){ .context = c, .mem = mem };
	/* Of paintings only the squares are looked at. */
	const fv_pictures squares = { art->count, NULL, art->square };
	if (!e || !brief || !traits_new(mem, art->count, &e->art) || !pass_new(brief, &p, &squares, FV_SWD_SEED + 1, 0) ||
	    !(p.pool = fv_arena_get(brief, (size_t)art->count * FV_POOL_FLOATS * sizeof(float))) ||
	    !(p.palette = fv_arena_get(brief, (size_t)art->count * sizeof *p.palette))) {
		st = no_room(err, art->count);
		goto done;
	}
	if ((st = look(err, &p, look_art, art->count, &(telling){ 0 })) || (st = fv_histograms_learn(err, c, p.pool, art->count, &e->histograms)))
		goto done;
	for (int i = 0; i < art->count; i++)
		for (int k = 0; k < 3; k++) {
			e->palette.mean[k] += p.palette[i].mean[k] / art->count;
			e->palette.deviation[k] += p.palette[i].deviation[k] / art->count;
		}
	*out = e;
	mem = NULL;                             /* e lives in it */
done:
	fv_arena_free(brief);
	fv_arena_free(mem);
	return st;
}

void fv_eval_close(fv_eval *e)
{
	if (e)
		fv_arena_free(e->mem);
}

static fv_status check_sizes(fv_err *err, const fv_pictures *outs, const fv_pictures *ins)
{
	if (ins && ins->count != outs->count)
		return fv_fail(err, FV_E_SHAPE, "%d painted pictures for %d photographs", outs->count, ins->count);
	for (int i = 0; i < outs->count && ins; i++) {
		fv_pixels a = at_scale(outs, i), b = at_scale(ins, i);
		if (a.width != b.width || a.height != b.height)
			return fv_fail(err, FV_E_SHAPE, "painted picture %d has %" PRId64 "x%" PRId64 " pixels, its photograph %" PRId64 "x%" PRId64, i + 1,
			               a.width, a.height, b.width, b.height);
	}
	return outs->count < 1 ? fv_fail(err, FV_E_ARGUMENT, "measuring needs a picture at least") : FV_OK;
}

fv_status fv_eval_set(fv_err *err, fv_eval *e, const fv_pictures *outs, const fv_pictures *ins, fv_eval_progress progress, void *user,
                      fv_measures *out)
{
	pass p = { .eval = e, .outs = outs, .ins = ins };
	fv_measures m = { .lattice_input = { NAN, NAN, NAN } };
	fv_status st = check_sizes(err, outs, ins);
	if (st)
		return st;
	fv_arena *mem = fv_arena_new(e->context);
	if (!mem || !pass_new(mem, &p, outs, FV_SWD_SEED, ins ? 2 : 1) || !rows_new(mem, &p, 1, outs->count)) {
		st = no_room(err, outs->count);
		goto done;
	}
	if ((st = look(err, &p, look_set, outs->count, &(telling){ progress, user, 0, 0.7 })))
		goto done;
	ask_lattice(&p, 0, m.lattice);
	if (ins)
		ask_lattice(&p, 1, m.lattice_input);
	if ((st = compare(err, e, &p.row[0], &m)))
		goto done;
	if (!ins)
		m.ssim = m.corr = NAN;
	*out = m;
done:
	fv_arena_free(mem);
	return st;
}

fv_status fv_eval_floors(fv_err *err, fv_eval *e, const fv_pictures *ins, fv_eval_progress progress, void *user, fv_measures out[FV_FLOORS])
{
	pass p = { .eval = e, .outs = ins, .ins = ins };
	const telling t = { progress, user, 0, 0.7 };
	fv_measures m[FV_FLOORS] = { { 0 } };
	fv_status st = check_sizes(err, ins, NULL);
	if (st)
		return st;
	fv_arena *mem = fv_arena_new(e->context);
	if (!mem || !pass_new(mem, &p, ins, FV_SWD_SEED, 4) || !rows_new(mem, &p, FV_FLOORS, ins->count)) {
		st = no_room(err, ins->count);
		goto done;
	}
	if ((st = look(err, &p, look_floors, ins->count, &t)))
		goto done;
	ask_lattice(&p, 0, m[FV_FLOOR_IDENTITY].lattice);
	ask_lattice(&p, 1, m[FV_FLOOR_REINHARD].lattice);
	ask_lattice(&p, 2, m[FV_FLOOR_BANDS].lattice_input);
	ask_lattice(&p, 3, m[FV_FLOOR_BANDS].lattice);
	for (int k = 0; k < 3; k++)
		m[FV_FLOOR_IDENTITY].lattice_input[k] = m[FV_FLOOR_REINHARD].lattice_input[k] = m[FV_FLOOR_IDENTITY].lattice[k];
	for (int r = 0; r < FV_FLOORS; r++) {
		if ((st = compare(err, e, &p.row[r], &m[r])))
			goto done;
		tell(&t, 1 + (r + 1) / 7.0);            /* 0.7 * (1 + 3 / 7) = 1 */
	}
	memcpy(out, m, sizeof m);
done:
	fv_arena_free(mem);
	return st;
}

fv_status fv_eval_floor(fv_err *err, fv_eval *e, fv_floor floor, const fv_pixels *in, uint8_t *out)
{
	const fv_pictures one = { 1, in, NULL };
	const int64_t row = 3 * in->width;
	pass p = { .eval = e };
	fv_arena *mem = fv_arena_new(e->context);
	if (!mem || !pass_new(mem, &p, &one, FV_SWD_SEED, 0)) {
		fv_arena_free(mem);
		return no_room(err, 1);
	}
	workspace *d = &p.workspace[0];
	if (floor == FV_FLOOR_IDENTITY)
		for (int64_t y = 0; y < in->height; y++)
			memcpy(d->rgb + y * row, (const uint8_t *)in->data + y * in->stride_bytes, (size_t)row);
	else
		fv_recolour(in, &e->palette, d->rgb, d->luma[1]);
	if (floor != FV_FLOOR_BANDS)
		memcpy(out, d->rgb, (size_t)(in->height * row));
	else {
		fv_square(&(fv_pixels){ in->width, in->height, 3, 8, row, d->rgb }, d->small, d->wide);
		floats_of(d->small, d->square);
		fv_pyramid(d->square, d->pyramid, d->room);
		give_histograms(d, &e->histograms);
		for (int64_t i = 0; i < FV_SQUARE_FLOATS; i++)
			out[i] = (uint8_t)(d->square[i] + 0.5f);
	}
	fv_arena_free(mem);
	return FV_OK;
}
