/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dx by Winograd: dx is dy, bordered by zeros, convolved with flipped weights (winograd.h). At stride 2 dx's rows and
 * columns of each parity are such a convolution of their own: four sets of columns.
 *
 * With a mirrored border dx is made for the padded picture: pixels inside go to dx, those of the border to a ring in
 * scratch, and a last phase adds the ring to the pixels that it mirrors. A ring one pixel wide around 3x3 meets one row or column of taps,
 * of which the frequencies at infinity and at 0 are made: so it is made in stretches along an axis rather than by tiles that hang over.
 *
 *	phase 0		weights to U; unit: PACK channels of dy
 *	phase 1		unit: a block of tiles, over all pictures; before and after them, stretches of the ring
 *	phase 2		with a mirrored border, unit: a row of dx; or with statistics, unit: MOMENTS channels */
#include "device/cpu/winograd_tiles.h"

enum { PACK = 4 };

typedef struct {
	fv_conv v;
	wino_sizes s;
	int64_t top, left;              /* where dx begins in the grid of outputs */
	int64_t sets, set;              /* of columns: stride x stride; columns of one, in whole vectors where there are several */
	int64_t middle;                 /* 3x3 at stride 2: 1 where rows and columns of the middle tap come first */
	int64_t ring;                   /* pixels of the border of a picture; 0: none kept */
	int64_t across, down;           /* the ring's stretches of four pixels above and at the left; 0: tiles make it */
	room rings;                     /* of each picture */
} problem;

/* How many pieces the rings fall into, of up to a block's rows of stretches: those above and at the left come first. */
static int64_t chunks(const problem *p) { return p->v.n * 2 * (fv_div_up(p->across, p->s.rows) + fv_div_up(p->down, p->s.rows)); }

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	const fv_conv *v = &p.v;
	bool mirrored = v->kind != FV_PAD_ZERO && v->top + v->bottom + v->left + v->right > 0, odd = v->stride == 2 && v->kh == 3;
	const char *why = wino_refusal(n, v);
	if (!why)
		why = fv_conv_unfused(v) && !(odd && !v->in.stats) ? fv_conv_unfused(v) : v->stride > 1 && mirrored ? "no mirrored border with a stride" :
		      odd && (v->top + v->left) % 2 ? "no border odd above and even at the left" : NULL;
	if (why)
		return why;
	p.sets = v->stride * v->stride;
	p.set = p.sets > 1 ? fv_div_up(v->c, VF) * VF : v->c;
	p.s = (wino_sizes){ .n = v->n, .h = v->oh, .w = v->ow, .c = v->o, .kind = FV_PAD_ZERO, .step = 1, .parities = 1,
	                    .taps = (int)fv_div_up(v->kh, v->stride), .columns = p.sets * p.set };
	if (v->stride == 1) {
		p.s.y0 = v->top - (v->kh - 1), p.s.x0 = v->left - (v->kw - 1);
		p.s.gh = v->h, p.s.gw = v->w;
	} else if (odd) {
		/* A tile's rows are whole: 2 q - top and 2 q + 1 - top, or, where the border is odd, 2 q + 1 - top and 2 q + 2 - top. */
		p.middle = v->top % 2;
		p.s.stride2 = p.middle ? STRIDE2_DGRAD_ODD : STRIDE2_DGRAD_EVEN;
		p.s.columns = p.set = v->c;
		p.s.y0 = (v->top - p.middle) / 2 - !p.middle, p.s.x0 = (v->left - p.middle) / 2 - !p.middle;
		p.s.gh = fv_div_up(v->h, 2), p.s.gw = fv_div_up(v->w, 2);
	} else {
		/* Of grid row q and parity b comes row 2 q + b - top: taps b, b + 2 ... meet dy's rows q, q - 1 ... */
		p.s.y0 = p.s.x0 = -(p.s.taps - 1);
		p.s.gh = (v->h - 1 + v->top) / 2 + 1, p.s.gw = (v->w - 1 + v->left) / 2 + 1;
		p.top = v->top, p.left = v->left;
	}
	if (mirrored && v->stride == 1 && v->kh == 3 && v->top == 1 && v->bottom == 1 && v->left == 1 && v->right == 1) {
		p.across = fv_div_up(v->w + 2, 4);
		p.down = fv_div_up(v->h, 4);
		p.ring = 2 * (v->w + 2) + 2 * v->h;
	} else if (mirrored) {
		p.top = v->top;
		p.left = v->left;
		p.s.y0 = p.s.x0 = -(v->kh - 1);
		p.s.gh += v->top + v->bottom;
		p.s.gw += v->left + v->right;
		p.ring = p.s.gh * p.s.gw - v->h * v->w;
	}
	wino_plan(n, threads, w, &p.s);
	w->units[0] = fv_div_up(p.s.c, PACK);
	w->units[1] = p.s.blocks + chunks(&p);
	w->grain[2] = 8;
	double edges = 2 * 6 * (double)(v->n * (p.across + p.down));
	w->seconds += 2 * edges * (double)p.s.k * (double)p.s.panels.width / GEMM_RATE + 16 * (double)(v->n * p.ring * v->c) / GEMM_COPY;
	p.rings = room_take(w, v->n, p.ring * v->c);
	if (p.ring)
		w->units[w->phases++] = v->n * v->h;
	work_keep(w, &p, sizeof p);
	return NULL;
}

/* Columns are x's channels, which lie together in the weights; the taps are taken backwards, which flips the kernel. */
static void pack(const problem *p, const float *w, int64_t k0, int64_t k1, float *u)
{
	const wino_sizes *s = &p->s;
	const fv_conv *v = &p->v;
	int side = s->stride2 ? 3 : s->taps, taps = side * side;
	int64_t step = s->stride2 ? 1 : v->stride;
	bool non_temporal = vf_non_temporal(u, 4 * wino_packed(s));
	for (int64_t k = k0; k < k1; k += GEMM_PAIR)
		for (int64_t j = 0; j < s->panels.width; j += VF) {
			int64_t set = s->stride2 ? 0 : j / fv_max(p->set, VF), c = j - set * p->set;
			vf g[16 * GEMM_PAIR];
			for (int i = 0; i < taps * GEMM_PAIR; i++) {
				int64_t back = taps - 1 - i % taps, row = back / side * step + set / 2, col = back % side * step + set % 2;
				bool there = k + i / taps < k1 && row < v->kh && col < v->kw && set < p->sets;
				const float *from = w + ((k + i / taps) * v->kh + row) * v->kw * v->c + col * v->c + c;
				g[i] = there ? vf_load(from, vm_first(v->c - c)) : vf_zero();
			}
			wino_put_weights(s, g, u + gemm_at(&s->panels, s->depth, k / GEMM_PAIR, j), non_temporal);
		}
}

/* Where a border pixel of the padded picture lies in the ring, which holds the rows above and below, then the ends of each row. */
static int64_t ring_at(const problem *p, int64_t y, int64_t x)
{
	const fv_conv *v = &p->v;
	int64_t wide = v->left + v->w + v->right;
	if (y < v->top)
		return y * wide + x;
	if (y >= v->top + v->h)
		return (y - v->h) * wide + x;
	return (v->top + v->bottom) * wide + (y - v->top) * (v->left + v->right) + (x < v->left ? x : x - v->w);
}

/* noted: NULL, or where the block's statistics go; sums: room for what is summed up of each channel. */
static void finish(const problem *p, int64_t block, float *m, float *dx, float *ring, float *sums, float *noted)
{
	const wino_sizes *s = &p->s;
	int64_t first = block * s->rows, count = fv_min(s->rows, s->tiles - first), stride = p->v.stride;
	int64_t h = p->v.h, w = p->v.w, c = p->v.c, area = s->tile * s->tile, pixels = 0;
	bool non_temporal = !p->ring && c % VF == 0 && vf_non_temporal(dx, p->v.n * h * w * c * (int64_t)sizeof(float));
	for (int64_t t = first; t < first + count; t++)
		for (int64_t set = 0; set < p->sets; set++) {
			int64_t n = t / (s->th * s->tw), y = t % (s->th * s->tw) / s->tw * s->tile, x = t % s->tw * s->tile;
			/* The rows and columns of a tile that are there, of 3x3 at stride 2. */
			int64_t down = fv_min(s->tile, (h + 1 - (set / 2 ^ p->middle)) / 2 - y), across = fv_min(s->tile, (w + 1 - (set % 2 ^ p->middle)) / 2 - x);
			pixels += down * across;
			float *at[25];
			for (int64_t i = 0; i < area; i++) {
				int64_t gy = y + i / s->tile, gx = x + i % s->tile;
				int64_t r = gy * stride + (set / 2 ^ p->middle) - p->top, q = gx * stride + (set % 2 ^ p->middle) - p->left;
				bool inside = r >= 0 && r < h && q >= 0 && q < w;
				at[i] = inside ? dx + ((n * h + r) * w + q) * c : !p->ring || p->across || gy >= s->gh || gx >= s->gw ? NULL :
				        ring + (n * p->ring + ring_at(p, gy, gx)) * c;
			}
			for (int64_t o = 0; o < c; o += VF) {
				vm mask = vm_first(c - o);
				vf r[25];
				wino_result(s, m, t - first, (s->stride2 ? 0 : set * p->set) + o, set, r);
				for (int64_t i = 0; i < area; i++)
					if (at[i] && c - o >= VF)
						vf_put(at[i] + o, r[i], non_temporal);
					else if (at[i])
						vf_store(at[i] + o, r[i], mask);
				if (noted)
					wino_note(r, s->tile, down, across, t == first && set == 0, sums + o, s->panels.width);
			}
		}
	if (noted)
		wino_noted(sums, s->panels.width, pixels, noted);
}

/* A side of the ring. Along it Winograd's transform runs over one line of dy; across it a single tap is met, the last where the ring
 * begins and the first where it ends. G's rows for infinity and for 0 are those taps, the latter over a2 b2. */
typedef struct {
	const float *line;              /* of dy */
	int64_t length, jump;           /* pixels of it; floats from one to the next */
	int64_t before;                 /* the first sample is so many pixels before it */
	int64_t frequency, step;        /* of U: the first, and how many on the next is */
	float scale;                    /* makes the tap of them */
	int64_t row, column, down, across, pixels;      /* in the padded picture: the first pixel, the step to the next, how many there are */
} side;
typedef enum { ABOVE, LEFT, BELOW, RIGHT } side_name;

static side side_of(const wino_sizes *s, side_name which, const float *dy)
{
	const float first_tap = WINO_A2 * WINO_B2;
	const int64_t row = s->w * s->c;
	switch (which) {
	case ABOVE: return (side){ dy, s->w, s->c, 2, 30, 1, 1, 0, 0, 0, 1, s->w + 2 };
	case LEFT: return (side){ dy, s->h, row, 1, 5, 6, 1, 1, 0, 1, 0, s->h };
	case BELOW: return (side){ dy + (s->h - 1) * row, s->w, s->c, 2, 0, 1, first_tap, s->h + 1, 0, 0, 1, s->w + 2 };
	case RIGHT: break;
	}
	return (side){ dy + row - s->c, s->h, row, 1, 0, 6, first_tap, 1, s->w + 1, 1, 0, s->h };
}

/* Makes up to a block's rows of stretches of the ring, of four pixels each. */
static void edge(const problem *p, int64_t chunk, const float *dy, const float *u, float *v, float *m, float *ring)
{
	const wino_sizes *s = &p->s;
	int64_t flat = fv_div_up(p->across, s->rows), sides = flat + fv_div_up(p->down, s->rows), half = p->v.n * sides, c = p->v.c;
	int64_t n = chunk % half / sides, at = chunk % sides, width = s->panels.width, v_step = s->rows * s->lda + 16, m_step = s->rows * width + 16;
	side_name which = chunk < half ? at < flat ? ABOVE : LEFT : at < flat ? BELOW : RIGHT;
	side e = side_of(s, which, dy + n * s->h * s->w * s->c);
	int64_t first = (at < flat ? at : at - flat) * s->rows, count = fv_min(s->rows, (at < flat ? p->across : p->down) - first);
	for (int64_t i = 0; i < count; i++)
		for (int64_t k = 0; k < s->c; k += VF) {
			vf d[6], o[6];
			for (int64_t j = 0; j < 6; j++) {
				int64_t q = 4 * (first + i) - e.before + j;
				d[j] = q >= 0 && q < e.length ? vf_load(e.line + q * e.jump + k, vm_first(s->c - k)) : vf_zero();
			}
			wino_in(d, 1, o, 1);
			for (int j = 0; j < 6; j++)
				gemm_put(v + j * v_step + i * s->lda + k / GEMM_PAIR, o[j]);
		}
	for (int64_t j = 0; j < 6; j++)
		gemm_packed(&s->panels, count, s->depth, v + j * v_step, s->lda, u + (e.frequency + j * e.step) * s->u_step, s->depth, 0, m + j * m_step,
		            width, false);
	for (int64_t i = 0; i < count; i++)
		for (int64_t o = 0; o < c; o += VF) {
			vf d[6], y[4];
			for (int j = 0; j < 6; j++)
				d[j] = vf_mul(vf_set(e.scale), vf_loadu(m + j * m_step + i * width + o));
			wino_out(d, 1, y, 1, 4);
			for (int64_t j = 0; j < 4; j++) {
				int64_t q = 4 * (first + i) + j;
				if (q < e.pixels)
					vf_store(ring + (n * p->ring + ring_at(p, e.row + q * e.down, e.column + q * e.across)) * c + o, y[j], vm_first(c - o));
			}
		}
}

static void add(float *to, const float *from, int64_t n)
{
	for (int64_t i = 0; i < n; i += VF) {
		vm m = vm_first(n - i);
		vf_store(to + i, vf_add(vf_load(to + i, m), vf_load(from + i, m)), m);
	}
}

static void add_mirrored(const problem *p, int64_t n, int64_t h, float *dx, const float *ring)
{
	const fv_conv *v = &p->v;
	int64_t hh, ww;
	for (int64_t i = 0; fv_pad_mirror(h, v->h, v->top, v->bottom, v->kind, i, &hh); i++)
		for (int64_t w = 0; w < v->w; w++)
			for (int64_t j = 0; fv_pad_mirror(w, v->w, v->left, v->right, v->kind, j, &ww); j++)
				if (i || j)
					add(dx + ((n * v->h + h) * v->w + w) * v->c,
					    ring + (n * p->ring + ring_at(p, hh + v->top, ww + v->left)) * v->c, v->c);
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem p;
	work_own(call, &p, sizeof p);
	const wino_sizes *s = &p.s;
	float *u = call->packed, *v = room_at(call, s->mine, thread), *m = v + s->v_all, *rings = room_at(call, p.rings, 0), *dx = fv_f32(call->out[0]);
	tile_enter();
	for (int64_t i = first; i < last; i++)
		if (call->phase == 0)
			pack(&p, fv_f32(call->in[1]), i * PACK, fv_min(s->c, (i + 1) * PACK), u);
		else if (call->phase == 1) {
			int64_t before = chunks(&p) / 2, b = i - before;
			if (b < 0 || b >= s->blocks) {
				edge(&p, b < 0 ? i : i - s->blocks, fv_f32(call->in[0]), u, v, m, rings);
				continue;
			}
			wino_products(s, fv_f32(call->in[0]), NULL, u, b, v, m);
			finish(&p, b, m, dx, rings, room_at(call, s->sums, thread), moments_at(call, &s->noted, b));
		} else if (p.ring)
			add_mirrored(&p, i / p.v.h, i % p.v.h, dx, rings);
		else
			moments_merge(call, &s->noted, i);
	vf_non_temporal_end();
	tile_leave();
}

const fv_kernel FV_KERNEL(winograd_dx) = {
	.name = FV_KERNEL_NAME(winograd_dx), .op = &fv_op_conv2d_dx, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
