/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dw 3x3, stride 1, by Winograd's adjoint: dg = G' [ sum over tiles (A dY A') * (B' d B) ] G (winograd.h).
 *
 * The sum is a product for each frequency, over the tiles: rows are channels of one side, columns (lanes) of the other.
 *
 *	phase 0		unit: a stretch of tiles and a slice of rows; sums into a partial of its own
 *	phase 1		partials added in order of stretches, then G' . G; unit: one row, VF columns */
#include "cpu/winograd.h"

enum { STRETCHES = 8, UNITS = 4, SLICE = 96 };          /* stretches at most; units aimed at; rows a slice at most */

typedef struct {
	fv_conv v;
	bool swap;                      /* columns are dy's channels, not x's: where that leaves fewer lanes idle */
	int64_t th, tw, tiles, stretches, stretch;      /* tiles a stretch */
	int64_t rows, columns, slices, slice;
	int64_t depth;                  /* tiles a block */
	gemm_panels panels;
	int64_t row_step, column_step, rows_all, columns_all, partial;  /* floats */
} problem;

static problem problem_of(const fv_node *n)
{
	problem p = { .v = fv_conv_of(n) };
	const fv_conv *v = &p.v;
	p.th = fv_div_up(v->oh, 4);
	p.tw = fv_div_up(v->ow, 4);
	p.tiles = v->n * p.th * p.tw;
	p.swap = fv_div_up(v->o, VF) * v->c < fv_div_up(v->c, VF) * v->o;
	p.rows = p.swap ? v->c : v->o;
	p.columns = p.swap ? v->o : v->c;
	p.slices = fv_div_up(p.rows, SLICE);
	p.slice = fv_div_up(fv_div_up(p.rows, p.slices), GEMM_ROWS) * GEMM_ROWS;
	p.slices = fv_div_up(p.rows, p.slice);
	/* Short blocks keep V and Y near, long ones pass over the sums less often; measured. */
	int64_t depth = 2 * p.slice * p.columns / (p.slice + p.columns);
	p.depth = fv_max(48, fv_min(144, fv_div_up(depth, 24) * 24));
	int64_t wanted = fv_max(p.tiles / p.depth, fv_min(fv_div_up(UNITS, p.slices), p.tiles / 24));
	p.stretches = fv_max(1, fv_min(STRETCHES, wanted));
	p.stretch = fv_div_up(p.tiles, p.stretches);
	p.stretches = fv_div_up(p.tiles, p.stretch);
	p.panels = gemm_panels_of(p.columns);
	p.row_step = fv_div_up(p.slice, 16) * 16;
	p.column_step = p.panels.width;
	p.rows_all = p.depth * p.row_step + 16;
	p.columns_all = p.depth * p.column_step + 16;
	p.partial = p.slice * p.column_step + 16;
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
	double tiles = (double)p.tiles, rows = (double)p.rows, width = (double)p.column_step, sums = rows * width;
	double vectors = tiles * (rows + (double)p.slices * width) + 3 * sums;
	double blocks = (double)(p.stretches * fv_div_up(p.stretch, p.depth));
	return 72 * tiles * sums / (0.93 * GEMM_RATE) + 36 * 4 * vectors * 2.2 / GEMM_COPY +
	       36 * 4 * sums * (blocks + 2 * (double)p.stretches) / GEMM_COPY + 3e-6;
}

static int64_t units(const fv_node *n, int phase)
{
	problem p = problem_of(n);
	return phase ? p.rows * (p.column_step / VF) : p.stretches * p.slices;
}

static int64_t grain(const fv_node *n, int phase) { return phase ? 8 : 1; }

static int64_t scratch(const fv_node *n, int threads)
{
	problem p = problem_of(n);
	int64_t partials = p.stretches * p.slices * p.partial;
	return 36 * (partials + threads * (p.rows_all + p.columns_all)) * (int64_t)sizeof(float);
}

/* Channels c0 .. c1 of dy's 4x4 tile at (y, x), zero beyond its edge, to 36 frequencies. */
static void gather_dy(const fv_conv *v, const float *dy, int64_t y, int64_t x, int64_t c0, int64_t c1, float *to,
                      int64_t step)
{
	const float *from[16];
	for (int64_t i = 0; i < 16; i++)
		from[i] = y + i / 4 < v->oh && x + i % 4 < v->ow ? dy + ((y + i / 4) * v->ow + x + i % 4) * v->o : NULL;
	bool inside = from[15];
	for (int64_t c = c0; c < c1; c += VF) {
		vm m = vm_first(c1 - c);
		vf t[16], d[24], z[6];
		if (inside && c1 - c >= VF) {
#pragma GCC unroll 16
			for (int i = 0; i < 16; i++)
				t[i] = vf_loadu(from[i] + c);
		} else {
			for (int i = 0; i < 16; i++)
				t[i] = from[i] ? vf_load(from[i] + c, m) : vf_zero();
		}
#pragma GCC unroll 4
		for (int j = 0; j < 4; j++)
			wino_out_adjoint(t + j, 4, d + j, 4);
#pragma GCC unroll 6
		for (int i = 0; i < 6; i++) {
			wino_out_adjoint(d + 4 * i, 1, z, 1);
#pragma GCC unroll 6
			for (int j = 0; j < 6; j++)
				vf_storeu(to + c - c0 + (6 * i + j) * step, z[j]);
		}
	}
}

static void sum(const problem *p, const fv_call *call, int64_t unit, float *a, float *b, float *c)
{
	const fv_conv *v = &p->v;
	int64_t r0 = unit % p->slices * p->slice, rows = fv_min(p->slice, p->rows - r0);
	int64_t first = unit / p->slices * p->stretch, last = fv_min(p->tiles, first + p->stretch);
	for (int64_t t0 = first; t0 < last; t0 += p->depth) {
		int64_t depth = fv_min(p->depth, last - t0);
		for (int64_t i = 0; i < depth; i++) {
			int64_t n = (t0 + i) / (p->th * p->tw), t = (t0 + i) % (p->th * p->tw);
			int64_t y = t / p->tw * 4, x = t % p->tw * 4;
			const float *dy = fv_f32(call->in[1]) + n * v->oh * v->ow * v->o;
			wino_picture s = { fv_f32(call->in[0]) + n * v->h * v->w * v->c, v->h, v->w, v->c, v->kind };
			float *row = a + i * p->row_step, *column = b + i * p->column_step;
			/* Ascending: what a last vector spills into the next tile's place is overwritten by it. */
			if (p->swap) {
				wino_gather(&s, y - v->top, x - v->left, r0, r0 + rows, row, p->rows_all);
				gather_dy(v, dy, y, x, 0, v->o, column, p->columns_all);
			} else {
				gather_dy(v, dy, y, x, r0, r0 + rows, row, p->rows_all);
				wino_gather(&s, y - v->top, x - v->left, 0, v->c, column, p->columns_all);
			}
		}
		for (int64_t f = 0; f < 36; f++)
			for (int64_t j = 0; j < p->panels.count; j++) {
				int64_t at = j * p->panels.nv * VF;
				gemm_panel(true, j == p->panels.count - 1 ? p->panels.rest : p->panels.nv, rows, depth,
				           a + f * p->rows_all, p->row_step, b + f * p->columns_all + at,
				           p->column_step, c + f * p->partial + at, p->column_step, t0 > first);
			}
	}
}

/* Row r, columns from k on, of all stretches to 3x3 weights. */
static void finish(const problem *p, int64_t r, int64_t k, const float *partials, float *dw)
{
	vf d[18], z[6], g[9];
	int64_t slice = r / p->slice, c = p->v.c;
	const float *from = partials + slice * 36 * p->partial + r % p->slice * p->column_step + k;
	for (int j = 0; j < 6; j++) {
		for (int i = 0; i < 6; i++) {
			const float *at = from + (6 * i + j) * p->partial;
			z[i] = vf_loadu(at);
			for (int64_t s = 1; s < p->stretches; s++)
				z[i] = vf_add(z[i], vf_loadu(at + s * p->slices * 36 * p->partial));
		}
		wino_weights_adjoint(z, 1, d + j, 6);
	}
	for (int i = 0; i < 3; i++)
		wino_weights_adjoint(d + 6 * i, 1, g + 3 * i, 1);
	for (int64_t i = 0; i < 9; i++) {
		if (!p->swap) {
			vf_store(dw + (9 * r + i) * c + k, g[i], vm_first(c - k));
			continue;
		}
		float lanes[VF];
		vf_storeu(lanes, g[i]);
		for (int64_t o = k; o < fv_min(k + VF, p->v.o); o++)
			dw[(9 * o + i) * c + r] = lanes[o - k];
	}
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem p = problem_of(call->node);
	float *partials = call->scratch, *threads = partials + 36 * p.stretches * p.slices * p.partial;
	float *a = threads + thread * 36 * (p.rows_all + p.columns_all);
	int64_t blocks = p.column_step / VF;
	for (int64_t u = first; u < last; u++)
		if (call->phase == 0)
			sum(&p, call, u, a, a + 36 * p.rows_all, partials + u * 36 * p.partial);
		else
			finish(&p, u / blocks, u % blocks * VF, partials, fv_f32(call->out[0]));
}

const fv_kernel FV_KERNEL(winograd_dw) = {
	.name = FV_KERNEL_NAME(winograd_dw), .op = &fv_op_conv2d_dw, .needs = FV_ISA_BITS, .supports = supports,
	.seconds = seconds, .phases = 2, .units = units, .grain = grain, .scratch = scratch, .run = run,
};
