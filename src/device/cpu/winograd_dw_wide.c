/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dw by Winograd's adjoint (winograd_dw.h), at stride 1 and 2, where there are many channels: all tiles are transformed first, then
 * each frequency is one product over all of them, so that no sum is kept in parities (winograd_dw.c keeps parities, which are
 * small where channels are few).
 *
 *	phase 0		x to V, dy to Y; unit: PACK tiles
 *	phase 1		Y' V; unit: a frequency
 *	phase 2		G' . G; unit: one output channel, VF columns
 *
 * Rows are dy's channels, columns (lanes) x's, those of each parity side by side. */
#include "device/cpu/winograd_dw.h"
#include <math.h>

enum { PACK = 4, DEPTH = 256 };         /* tiles: a unit; places of depth at a time: a panel of them stays in the nearest cache */
#define BYTES_MAX ((int64_t)96 << 20)   /* of scratch: beyond, pictures are large and winograd_dw does as well */

typedef struct {
	fv_conv v;
	wino_tiling tiling;
	int64_t depth;                  /* in places of gemm.h */
	gemm_panels panels;
	int64_t row_step;               /* floats: from place to place of the rows' side */
	room rows, columns, sums;       /* of each frequency */
} problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	const char *why = wino_dw_refusal(n, &p.v);
	if (why)
		return why;
	p.tiling = wino_tiling_of(&p.v);
	p.depth = fv_div_up(p.tiling.tiles, GEMM_PAIR);
	p.panels = gemm_panels_of(p.tiling.parities * p.tiling.places);
	/* One line more: at a power of two all places, and all frequencies, would share a few sets of the cache. */
	p.row_step = fv_div_up(fv_div_up(p.v.o, GEMM_ROWS) * GEMM_ROWS, 16) * 16 + 16;
	p.rows = room_take(w, 36, p.depth * p.row_step + 16);
	p.columns = room_take(w, 36, p.depth * p.panels.width + 16);
	p.sums = room_take(w, 36, fv_div_up(p.v.o, GEMM_ROWS) * GEMM_ROWS * p.panels.width + 16);
	w->phases = 3;
	w->units[0] = fv_div_up(p.tiling.tiles, PACK);
	w->units[1] = 36;
	w->units[2] = p.v.o * (p.panels.width / VF);
	w->grain[2] = 16;
	double tiles = (double)p.tiling.tiles, rows = (double)(fv_div_up(p.v.o, 4) * 4), width = (double)p.panels.width;
	double places = (double)p.depth * (rows + width), sums = rows * width;
	/* V, Y and the sums that leave the caches on their way from phase to phase; measured. */
	double spilled = fmax(0, 36 * tiles * (rows + width) / GEMM_PAIR - 4e6) / 1.5e9 + fmax(0, 36 * 4 * sums - WINO_CACHE) / 5e9;
	w->seconds = spilled + 72 * tiles * rows * width / (0.93 * GEMM_RATE) +
	             36 * 4 * (tiles * (rows + width) / GEMM_PAIR * 2.2 + places + 3 * sums) / GEMM_COPY + 6e-6;
	work_keep(w, &p, sizeof p);
	return w->scratch > BYTES_MAX ? "too large a picture" : NULL;
}

/* Output channel o, columns from j on. */
static void finish(const problem *p, int64_t o, int64_t j, const float *sums, float *dw)
{
	const fv_conv *v = &p->v;
	int64_t parity = p->tiling.parities > 1 ? j / p->tiling.places : 0, c = j - parity * p->tiling.places;
	vf g[16];
	wino_taps(sums + o * p->panels.width + j, p->sums.floats, 1, 0, g, p->tiling.taps);
	for (int64_t i = 0; i < p->tiling.taps * p->tiling.taps; i++) {
		int64_t row = i / p->tiling.taps * v->stride + parity / 2, col = i % p->tiling.taps * v->stride + parity % 2;
		if (row < v->kh && col < v->kw)
			vf_store(dw + ((o * v->kh + row) * v->kw + col) * v->c + c, g[i], vm_first(v->c - c));
	}
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem p;
	work_own(call, &p, sizeof p);
	float *rows = room_at(call, p.rows, 0), *columns = room_at(call, p.columns, 0), *sums = room_at(call, p.sums, 0);
	/* Rows are not written by non-temporal stores: that took longer. */
	bool non_temporal = vf_non_temporal(columns, 4 * 36 * p.columns.floats);
	wino_side row = { rows, p.rows.floats, p.row_step, NULL, 0, false }, column = { columns, p.columns.floats, 0, &p.panels, p.depth, non_temporal };
	int64_t across = p.panels.width / VF, c = p.v.c;
	tile_enter();
	for (int64_t u = first; u < last; u++)
		if (call->phase == 0) {
			for (int64_t k = u * PACK / GEMM_PAIR; k < fv_min(p.depth, (u + 1) * PACK / GEMM_PAIR); k++) {
				int64_t at = k * GEMM_PAIR, count = fv_min(GEMM_PAIR, p.tiling.tiles - at);
				wino_put_x(&p.v, &p.tiling, fv_f32(call->in[0]), at, count, 0, c, &column, k);
				wino_put_dy(&p.v, &p.tiling, fv_f32(call->in[1]), at, count, 0, p.v.o, &row, k);
			}
		} else if (call->phase == 1) {
			for (int64_t k = 0; k < p.depth; k += DEPTH)
				gemm_down(&p.panels, p.v.o, fv_min(DEPTH, p.depth - k), room_at(call, p.rows, u) + k * p.row_step, p.row_step,
				          room_at(call, p.columns, u), p.panels.nv * VF * p.depth, 0, k, room_at(call, p.sums, u), p.panels.width, k > 0);
		} else {
			finish(&p, u / across, u % across * VF, sums, fv_f32(call->out[0]));
		}
	vf_non_temporal_end();
	tile_leave();
}

const fv_kernel FV_KERNEL(winograd_dw_wide) = {
	.name = FV_KERNEL_NAME(winograd_dw_wide), .op = &fv_op_conv2d_dw, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
