/* SPDX-License-Identifier: Apache-2.0 */
/* Hold, VF pixels at once; plain_field.c has the formulas. It is compared with its surroundings, so all
 * of it but the widest window stays at the size of luma (smooth.h). */
#include "stroke/smooth.h"

#define HOLD_LEAST 1.2                  /* pixels of sigma that halving leaves */
#define WIDE_LEAST 10

typedef struct {
	shading s;
	gauss near;
	float *lesser, *wide;           /* s.h,s.w; reduced by n */
	int64_t n;
	float *m;
	float amount;
	float *line;
	int64_t line_size;
} holding;

static int64_t hold_room(const holding *f)
{
	int64_t rows = BAND + 2 * f->near.radius, w = f->s.w;
	return 3 * (w + 2 * TAPS + 32) + 3 * rows * w + (rows + 4) * w +
	       shade_room(&f->s, rows + 4);
}

static void hold_lesser(void *arg, int thread, int64_t first, int64_t last)
{
	const holding *f = arg;
	const shading *s = &f->s;
	const int64_t w = s->w, r = f->near.radius, most = BAND + 2 * r;
	float *line = f->line + thread * f->line_size, *e[3], *t[3];
	for (int k = 0; k < 3; k++)
		e[k] = line + TAPS + k * (w + 2 * TAPS + 32);
	for (int k = 0; k < 3; k++)
		t[k] = line + 3 * (w + 2 * TAPS + 32) + k * most * w;
	float *g = t[2] + most * w, *room = g + (most + 4) * w;
	for (int64_t band = first; band < last; band++) {
		int64_t y0 = band * BAND, y1 = fv_min(y0 + BAND, s->h), a = fv_max(0, y0 - r);
		int64_t b = fv_min(s->h, y1 + r);
		int64_t from = fv_max(0, a - 2), to = fv_min(s->h, b + 2);
		shade(s, from, to, room, g);
		for (int64_t y = a; y < b; y++) {
			products(s, g, from, y, e[0], e[1], e[2]);
			for (int k = 0; k < 3; k++) {
				mirror_ends(e[k], w, r);
				blur_line(&f->near, e[k], t[k] + (y - a) * w, w);
			}
		}
		const float *row[3][2 * TAPS + 1];
		for (int64_t strip = 0; strip < w; strip += STRIP)
			for (int64_t y = y0; y < y1; y++) {
				const float *const *about[3];
				for (int k = 0; k < 3; k++)
					about[k] = rows_about(row[k], t[k], y, a, s->h, w, r);
				for (int64_t x = strip; x < fv_min(strip + STRIP, w); x += VF) {
					vm m = vm_first(w - x);
					vf xx = blur_down(&f->near, about[0], x, m);
					vf yy = blur_down(&f->near, about[1], x, m);
					vf xy = blur_down(&f->near, about[2], x, m);
					vf half = vf_mul(vf_set(0.5f), vf_sub(xx, yy));
					vf mean = vf_mul(vf_set(0.5f), vf_add(xx, yy));
					vf low = vf_sub(mean, vf_sqrt(vf_fma(half, half,
					                                     vf_mul(xy, xy))));
					vf_store(f->lesser + y * w + x,
					         vf_sqrt(vf_max(vf_zero(), low)), m);
				}
			}
	}
}

/* At luma's size: lesser becomes m. */
static void hold_reach(void *arg, int thread, int64_t first, int64_t last)
{
	const holding *f = arg;
	const int64_t ch = fv_div_up(f->s.h, f->n), cw = fv_div_up(f->s.w, f->n);
	float *line = f->line + thread * f->line_size, *wide = line + cw + 16;
	for (int64_t y = first; y < last; y++) {
		enlarge_row(f->wide, ch, cw, f->n, y, line, wide);
		float *s = f->lesser + y * f->s.w, *to = f->s.level == 1 ? f->m + y * f->s.w : s;
		for (int64_t x = 0; x < f->s.w; x++) {
			float r = (s[x] / (wide[x] + 0.004f) - 1.1f) * 1.25f, strong = s[x] * 50;
			r = r < 0 ? 0 : r > 1 ? 1 : r;
			strong = strong > 1 ? 1 : strong;
			to[x] = 1 / (1 + f->amount * r * strong);
		}
	}
}

static void hold_enlarge(void *arg, int thread, int64_t first, int64_t last)
{
	const holding *f = arg;
	float *line = f->line + thread * f->line_size, *wide = line + f->s.w + 16;
	for (int64_t y = first; y < last; y++) {
		enlarge_row(f->lesser, f->s.h, f->s.w, f->s.level, y, line, wide);
		memcpy(f->m + y * f->s.w0, wide, (size_t)f->s.w0 * sizeof(float));
	}
}

static fv_status hold(fv_err *err, fv_context *c, const float *x, int64_t h, int64_t w,
                      const fv_stroke_options *o, float *m)
{
	holding f = { .s = shading_of(x, h, w, o, FV_HOLD_FINE, HOLD_LEAST), .m = m,
	              .amount = (float)(10 * o->detail) };
	double level = (double)f.s.level, wide = fv_sigma(FV_HOLD_WIDE, o, h, w) / level;
	f.near = gauss_of(fv_sigma(FV_HOLD_NEAR, o, h, w) / level);
	f.n = halvings(wide, WIDE_LEAST);
	const gauss g = gauss_of(rest(wide, f.n, true));
	const int64_t plane = f.s.h * f.s.w, ch = fv_div_up(f.s.h, f.n), cw = fv_div_up(f.s.w, f.n);
	f.line_size = fv_max(hold_room(&f), reduce_line(f.s.w, f.n, &g));
	f.line_size = fv_max(f.line_size, cw + 16 + cw * f.n + 16);
	f.line_size = fv_max(f.line_size, f.s.w + 32 + f.s.w * f.s.level);
	int64_t floats = plane + ch * cw + (ch + 2 * g.radius) * cw + c->threads * f.line_size;
	float *memory = fv_alloc_rough(c, (size_t)floats * sizeof(float));
	if (!memory)
		return fv_fail_memory(err, "strokes", (size_t)floats * sizeof(float));
	f.lesser = memory;
	f.wide = memory + plane;
	float *across = f.wide + ch * cw;
	f.line = across + (ch + 2 * g.radius) * cw;
	fv_status st = fv_stroke_rows(err, c, hold_lesser, &f, fv_div_up(f.s.h, BAND), 1);
	if (!st)
		st = reduce(err, c, f.lesser, f.s.h, f.s.w, f.n, &g, across, f.wide, f.line);
	if (!st)
		st = fv_stroke_rows(err, c, hold_reach, &f, f.s.h, ROWS);
	if (!st && f.s.level > 1)
		st = fv_stroke_rows(err, c, hold_enlarge, &f, h, ROWS);
	fv_free(c, memory);
	return st;
}

const fv_stroke_way FV_WAY(hold) = { .name = FV_KERNEL_NAME(hold), .needs = FV_ISA_BITS, .hold = hold };
