/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dx 3x3, stride 1, by Winograd: dx is dy, bordered by zeros, convolved with flipped weights (winograd.h).
 *
 * With a mirrored border dx is made for the padded picture: pixels inside go to dx, those of the border to a ring in
 * scratch, and a last phase adds the ring to the pixels that it mirrors.
 *
 *	phase 0		weights to U; unit: PACK channels of dy
 *	phase 1		unit: a block of tiles, over all pictures
 *	phase 2		only with a mirrored border; unit: a row of dx */
#include "cpu/winograd.h"

enum { PACK = 4 };

typedef struct {
	fv_conv v;
	wino_sizes s;
	int64_t top, left;              /* where dx begins in the grid of outputs */
	int64_t ring;                   /* pixels of the border of a picture; 0: none kept */
} problem;

static problem problem_of(const fv_node *n)
{
	problem p = { .v = fv_conv_of(n) };
	const fv_conv *v = &p.v;
	bool folded = v->kind != FV_PAD_ZERO && v->top + v->bottom + v->left + v->right > 0;
	p.s = (wino_sizes){ .n = v->n, .h = v->oh, .w = v->ow, .k = v->o, .kind = FV_PAD_ZERO,
	                    .y0 = v->top - 2, .x0 = v->left - 2, .gh = v->h, .gw = v->w, .columns = v->c };
	if (folded) {
		p.top = v->top;
		p.left = v->left;
		p.s.y0 = p.s.x0 = -2;
		p.s.gh += v->top + v->bottom;
		p.s.gw += v->left + v->right;
		p.ring = p.s.gh * p.s.gw - v->h * v->w;
	}
	wino_plan(&p.s);
	return p;
}

static bool supports(const fv_node *n, const char **why)
{
	fv_conv v = fv_conv_of(n);
	*why = n->type != FV_F32 ? "only float" : v.kh != 3 || v.kw != 3 ? "only 3x3" :
	       v.stride != 1 ? "only stride 1" : v.groups != 1 ? "no groups" : NULL;
	return !*why;
}

static double seconds(const fv_node *n)
{
	problem p = problem_of(n);
	return wino_seconds(&p.s) + 16 * (double)(p.v.n * p.ring * p.v.c) / GEMM_COPY;
}

static int64_t units(const fv_node *n, int phase)
{
	problem p = problem_of(n);
	return phase == 0 ? fv_div_up(p.s.k, PACK) : phase == 1 ? p.s.blocks : p.ring ? p.v.n * p.v.h : 0;
}

static int64_t grain(const fv_node *n, int phase) { return phase == 2 ? 8 : 1; }

static int64_t scratch(const fv_node *n, int threads)
{
	problem p = problem_of(n);
	return (wino_scratch(&p.s, threads) + p.v.n * p.ring * p.v.c) * (int64_t)sizeof(float);
}

/* Columns are x's channels, which lie together in the weights. */
static void pack(const wino_sizes *s, const float *w, int64_t k0, int64_t k1, float *u)
{
	for (int64_t k = k0; k < k1; k += GEMM_PAIR)
		for (int64_t c = 0; c < s->panels.width; c += VF) {
			vf g[9 * GEMM_PAIR];
			for (int i = 0; i < 9 * GEMM_PAIR; i++) {
				bool there = k + i / 9 < k1;
				g[i] = vf_load(w + (9 * (k + (there ? i / 9 : 0)) + 8 - i % 9) * s->columns + c,
				               vm_first(there ? s->columns - c : 0));
			}
			wino_pack(g, u + gemm_at(&s->panels, s->depth, k / GEMM_PAIR, c), s->u_step);
		}
}

/* Where a border pixel of the padded picture lies in the ring: rows above and below, then the ends of each row. */
static int64_t ring_at(const problem *p, int64_t y, int64_t x)
{
	const fv_conv *v = &p->v;
	if (y < v->top)
		return y * p->s.gw + x;
	if (y >= v->top + v->h)
		return (y - v->h) * p->s.gw + x;
	return (v->top + v->bottom) * p->s.gw + (y - v->top) * (v->left + v->right) + (x < v->left ? x : x - v->w);
}

static void finish(const problem *p, int64_t block, const float *m, float *dx, float *ring)
{
	const wino_sizes *s = &p->s;
	int64_t first = block * s->rows, count = fv_min(s->rows, s->tiles - first);
	int64_t h = p->v.h, w = p->v.w, c = s->columns;
	for (int64_t t = first; t < first + count; t++) {
		int64_t n = t / (s->th * s->tw), y = t % (s->th * s->tw) / s->tw * 4, x = t % s->tw * 4;
		float *at[16];
		for (int64_t i = 0; i < 16; i++) {
			int64_t gy = y + i / 4, gx = x + i % 4, r = gy - p->top, q = gx - p->left;
			bool inside = r >= 0 && r < h && q >= 0 && q < w;
			at[i] = gy >= s->gh || gx >= s->gw ? NULL : inside ? dx + ((n * h + r) * w + q) * c :
			        ring + (n * p->ring + ring_at(p, gy, gx)) * c;
		}
		for (int64_t o = 0; o < c; o += VF) {
			vm mask = vm_first(c - o);
			vf r[16];
			wino_result(m + (t - first) * s->panels.width + o, s->m_step, r);
			for (int64_t i = 0; i < 16; i++)
				if (at[i] && c - o >= VF)
					vf_storeu(at[i] + o, r[i]);
				else if (at[i])
					vf_store(at[i] + o, r[i], mask);
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

static void fold(const problem *p, int64_t n, int64_t h, float *dx, const float *ring)
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
	problem p = problem_of(call->node);
	const wino_sizes *s = &p.s;
	float *u = call->scratch, *v = u + 36 * (s->u_step + thread * (s->v_step + s->m_step)), *m = v + 36 * s->v_step;
	float *ring = u + wino_scratch(s, call->threads), *dx = fv_f32(call->out[0]);
	if (call->phase == 0) {
		pack(s, fv_f32(call->in[1]), first * PACK, fv_min(s->k, last * PACK), u);
		return;
	}
	for (int64_t i = first; i < last; i++)
		if (call->phase == 1) {
			wino_products(s, fv_f32(call->in[0]), u, i, v, m);
			finish(&p, i, m, dx, ring);
		} else {
			fold(&p, i / p.v.h, i % p.v.h, dx, ring);
		}
}

const fv_kernel FV_KERNEL(winograd_dx) = {
	.name = FV_KERNEL_NAME(winograd_dx), .op = &fv_op_conv2d_dx, .needs = FV_ISA_BITS, .supports = supports,
	.seconds = seconds, .phases = 3, .units = units, .grain = grain, .scratch = scratch, .run = run,
};
