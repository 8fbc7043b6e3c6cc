/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dw at stride 1 by Winograd's adjoint (winograd_dw.h): rows are channels of one side, columns (lanes) of the
 * other. For pictures of any size and few channels: a thread keeps its tiles near, and its sums apart.
 *
 *	phase 0		unit: a stretch of tiles and a slice of rows; sums into a partial of its own
 *	phase 1		partials added in order of stretches, then G' . G; unit: one row, VF columns */
#include "device/cpu/winograd_dw.h"

enum { STRETCHES = 8, UNITS = 4, SLICE = 96 };          /* stretches at most; units aimed at; rows a slice at most */

typedef struct {
	fv_conv v;
	bool swap;                      /* columns are dy's channels, not x's: where that leaves fewer lanes idle */
	wino_tiling tiling;
	int64_t stretches, stretch;     /* tiles a stretch */
	int64_t rows, columns, slices, slice;
	int64_t depth;                  /* tiles a block */
	gemm_panels panels;
	int64_t row_step, column_step, rows_all, columns_all, partial;  /* floats */
	room partials, mine;            /* 36 frequencies: of each unit's sums; of each thread's rows and columns */
} problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	const fv_conv *v = &p.v;
	const char *why = wino_dw_refusal(n, v);
	if (why || v->stride > 1)
		return why ? why : "only stride 1";
	p.tiling = wino_tiling_of(v);
	p.swap = fv_div_up(v->o, VF) * v->c < fv_div_up(v->c, VF) * v->o;
	p.rows = p.swap ? v->c : v->o;
	p.columns = p.swap ? v->o : v->c;
	p.slices = fv_div_up(p.rows, SLICE);
	p.slice = fv_div_up(fv_div_up(p.rows, p.slices), GEMM_ROWS) * GEMM_ROWS;
	p.slices = fv_div_up(p.rows, p.slice);
	/* Short blocks keep V and Y near, long ones pass over the sums less often; measured. */
	int64_t depth = 2 * p.slice * p.columns / (p.slice + p.columns);
	p.depth = fv_max(48, fv_min(144, fv_div_up(depth, 24) * 24));
	int64_t wanted = fv_max(p.tiling.tiles / p.depth, fv_min(fv_div_up(UNITS, p.slices), p.tiling.tiles / 24));
	p.stretches = fv_max(1, fv_min(STRETCHES, wanted));
	p.stretch = fv_div_up(p.tiling.tiles, p.stretches);
	p.stretches = fv_div_up(p.tiling.tiles, p.stretch);
	p.panels = gemm_panels_of(p.columns);
	p.row_step = fv_div_up(p.slice, 16) * 16;
	p.column_step = p.panels.width;
	p.rows_all = p.depth / GEMM_PAIR * p.row_step + 16;
	p.columns_all = p.depth / GEMM_PAIR * p.column_step + 16;
	p.partial = p.slice * p.column_step + 16;
	p.partials = room_take(w, p.stretches * p.slices, 36 * p.partial);
	p.mine = room_take(w, threads, 36 * (p.rows_all + p.columns_all));
	w->phases = 2;
	w->units[0] = p.stretches * p.slices;
	w->units[1] = p.rows * (p.column_step / VF);
	w->grain[1] = 8;
	double tiles = (double)p.tiling.tiles, rows = (double)p.rows, width = (double)p.column_step, sums = rows * width;
	double vectors = tiles * (rows + (double)p.slices * width) + 3 * sums;
	double blocks = (double)(p.stretches * fv_div_up(p.stretch, p.depth));
	w->seconds = 72 * tiles * sums / (0.93 * GEMM_RATE) + 36 * 4 * vectors * 2.2 / GEMM_COPY +
	             36 * 4 * sums * (blocks + 2 * (double)p.stretches) / GEMM_COPY + 3e-6;
	work_keep(w, &p, sizeof p);
	return NULL;
}

static void sum(const problem *p, const fv_call *call, int64_t unit, float *a, float *b, float *c)
{
	const fv_conv *v = &p->v;
	const float *x = fv_f32(call->in[0]), *dy = fv_f32(call->in[1]);
	int64_t r0 = unit % p->slices * p->slice, rows = fv_min(p->slice, p->rows - r0);
	int64_t first = unit / p->slices * p->stretch, last = fv_min(p->tiling.tiles, first + p->stretch);
	for (int64_t t0 = first; t0 < last; t0 += p->depth) {
		int64_t tiles = fv_min(p->depth, last - t0), depth = fv_div_up(tiles, GEMM_PAIR);
		wino_side row = { a, p->rows_all, p->row_step, NULL, 0, false }, column = { b, p->columns_all, 0, &p->panels, depth, false };
		for (int64_t k = 0; k < depth; k++) {
			int64_t at = t0 + k * GEMM_PAIR, count = fv_min(GEMM_PAIR, last - at);
			if (p->swap) {
				wino_put_x(v, &p->tiling, x, at, count, r0, r0 + rows, &row, k);
				wino_put_dy(v, &p->tiling, dy, at, count, 0, v->o, &column, k);
			} else {
				wino_put_dy(v, &p->tiling, dy, at, count, r0, r0 + rows, &row, k);
				wino_put_x(v, &p->tiling, x, at, count, 0, v->c, &column, k);
			}
		}
		for (int64_t f = 0; f < 36; f++)
			gemm_down(&p->panels, rows, depth, a + f * p->rows_all, p->row_step, b + f * p->columns_all, p->panels.nv * VF * depth, 0, 0,
			          c + f * p->partial, p->column_step, t0 > first);
	}
}

/* Row r, columns from k on, of all stretches to weights. */
static void finish(const problem *p, int64_t r, int64_t k, const float *partials, float *dw)
{
	int64_t c = p->v.c, taps = p->tiling.taps * p->tiling.taps;
	vf g[16];
	wino_taps(partials + r / p->slice * 36 * p->partial + r % p->slice * p->column_step + k, p->partial, p->stretches,
	          p->slices * 36 * p->partial, g, p->tiling.taps);
	for (int64_t i = 0; i < taps; i++) {
		if (!p->swap) {
			vf_store(dw + (taps * r + i) * c + k, g[i], vm_first(c - k));
			continue;
		}
		float lanes[VF];
		vf_storeu(lanes, g[i]);
		for (int64_t o = k; o < fv_min(k + VF, p->v.o); o++)
			dw[(taps * o + i) * c + r] = lanes[o - k];
	}
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem p;
	work_own(call, &p, sizeof p);
	float *a = room_at(call, p.mine, thread);
	int64_t blocks = p.column_step / VF;
	tile_enter();
	for (int64_t u = first; u < last; u++)
		if (call->phase == 0)
			sum(&p, call, u, a, a + 36 * p.rows_all, room_at(call, p.partials, u));
		else
			finish(&p, u / blocks, u % blocks * VF, room_at(call, p.partials, 0), fv_f32(call->out[0]));
	tile_leave();
}

const fv_kernel FV_KERNEL(winograd_dw) = {
	.name = FV_KERNEL_NAME(winograd_dw), .op = &fv_op_conv2d_dw, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
