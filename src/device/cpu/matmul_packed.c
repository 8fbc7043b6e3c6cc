/* SPDX-License-Identifier: Apache-2.0 */
/* matmul, rank 2 and 3, with transposes: both sides packed, tiles of gemm.h.
 *
 *	phase 0		b to panels [k][column]; unit: PACK of the depth of one matrix
 *	phase 1		unit: a block of rows and columns of y; a's rows are copied, a stretch of depth at a time; bias, activation
 *			or mask as y is written */
#include "device/cpu/epilogue.h"
#include "device/cpu/gemm.h"
#include "op/op.h"

enum { PACK = 64, WIDTH = 512, UNITS = 16, DEPTH = 1024 };    /* WIDTH: columns of a block at most; UNITS: aimed at; DEPTH: at a time */

typedef struct {
	int64_t count, rows, length, depth, columns;            /* length: of the depth; depth: in places of gemm.h */
	bool ta, tb;
	gemm_panels panels;
	int64_t block, row_blocks, column_blocks, per;          /* rows of a block; panels of a block */
	int64_t lda, a;                         /* floats: a row of a's copy; the whole copy */
	room packed, mine;                      /* b of each matrix; each thread's copy of a and block of y */
} problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	fv_shape a = n->in[0]->shape, y = n->shape;
	problem p = { .count = y.h, .rows = y.w, .columns = y.c, .ta = n->attr.matmul.ta, .tb = n->attr.matmul.tb };
	if (n->type != FV_F32)
		return "only float";
	p.length = p.ta ? a.w : a.c;
	p.depth = fv_div_up(p.length, GEMM_PAIR);
	p.panels = gemm_panels_of(p.columns);
	p.block = fv_min(4, fv_div_up(p.rows, GEMM_ROWS)) * GEMM_ROWS;
	p.row_blocks = fv_div_up(p.rows, p.block);
	int64_t wanted = fv_max(fv_div_up(UNITS, p.count * p.row_blocks), fv_div_up(p.panels.width, WIDTH));
	p.per = fv_div_up(p.panels.count, fv_min(wanted, p.panels.count));
	p.column_blocks = fv_div_up(p.panels.count, p.per);
	int64_t stretch = fv_min(p.depth, DEPTH);
	/* One line more than a round number, so that rows do not share one set of the cache. */
	p.lda = p.ta ? p.block + 16 : fv_div_up(stretch, 16) * 16 + 16;
	p.a = (p.ta ? stretch : p.block) * p.lda;
	p.packed = room_take(w, p.count, p.depth * p.panels.width);
	w->scratch = fv_div_up(w->scratch, FV_ALIGN) * FV_ALIGN;
	p.mine = room_take(w, threads, p.a + p.block * p.per * p.panels.nv * VF);
	w->phases = 2;
	w->units[0] = p.count * fv_div_up(p.length, PACK);
	w->units[1] = p.count * p.row_blocks * p.column_blocks;
	double rows = (double)(p.count * fv_div_up(p.rows, 3) * 3), depth = (double)p.length, width = (double)p.panels.width;
	double copied = 8 * rows * (depth * (double)p.column_blocks + width) + 16 * (double)p.count * depth * width;
	w->seconds = 2 * rows * depth * width / (0.95 * GEMM_RATE) + copied / GEMM_COPY + 3e-6;
	work_keep(w, &p, sizeof p);
	return NULL;
}

/* Rows k0 .. k1 of op(b). */
static void pack(const problem *p, const float *b, int64_t k0, int64_t k1, float *to)
{
	if (p->tb) {
		gemm_pack_rows(&p->panels, p->columns, p->depth, b, p->length, k0, k1, to);
		return;
	}
	for (int64_t k = k0; k < k1; k += GEMM_PAIR)
		for (int64_t c = 0; c < p->panels.width; c += VF) {
			const float *from = b + k * p->columns + c;
			vm m = vm_first(p->columns - c);
			vf odd = GEMM_PAIR > 1 && k + 1 < k1 ? vf_load(from + p->columns, m) : vf_zero();
			vf_storeu(to + gemm_at(&p->panels, p->depth, k / GEMM_PAIR, c), gemm_pair(vf_load(from, m), odd));
		}
}

/* n numbers that follow each other along the depth. */
static void copy(float *to, const float *from, int64_t n)
{
	int64_t i = 0;
	for (; i + VF <= n; i += VF)
		gemm_put(to + i / GEMM_PAIR, vf_loadu(from + i));
	if (i < n)
		gemm_put(to + i / GEMM_PAIR, vf_load(from + i, vm_first(n - i)));
}

/* n rows of one place of depth; odd: the second of a pair, or NULL. */
static void copy_down(float *to, const float *even, const float *odd, int64_t n)
{
	for (int64_t i = 0; i < n; i += VF) {
		vm m = vm_first(n - i);
		vf_storeu(to + i, gemm_pair(vf_load(even + i, m), odd ? vf_load(odd + i, m) : vf_zero()));
	}
}

/* A block's sums to y, of which this is the corner, with what passes asked for (op/matmul.c). */
static void finish(const problem *p, const fv_call *call, int64_t r0, int64_t c0, int64_t rows, int64_t columns, const float *c, int64_t ldc, float *y)
{
	const epilogue end = epilogue_of(call, false);
	const float *bias = end.bias ? end.bias + c0 : NULL;
	const float *mask = call->node->attr.out.mask ? fv_f32(call->in[3]) + r0 * p->columns + c0 : NULL;
	vf slope = vf_set(end.slope);
	for (int64_t i = 0; i < rows; i++, c += ldc, y += p->columns, mask += mask ? p->columns : 0)
		for (int64_t k = 0; k < columns; k += VF) {
			vm m = vm_first(columns - k);
			vf v = vf_loadu(c + k);
			if (mask)
				v = epilogue_mask(v, vf_load(mask + k, m), slope);
			else
				v = epilogue_act(&end, bias ? vf_add(v, vf_load(bias + k, m)) : v);
			if (columns - k >= VF)
				vf_storeu(y + k, v);
			else
				vf_store(y + k, v, m);
		}
}

static void block(const problem *p, const fv_call *call, const float *from, const float *b, int64_t r0, int64_t j0, float *a, float *c,
                  float *y)
{
	int64_t rows = fv_min(p->block, p->rows - r0), stretches = fv_max(1, fv_div_up(p->depth, DEPTH));
	int64_t stretch = fv_div_up(p->depth, stretches), ldc = p->per * p->panels.nv * VF;
	gemm_panels some = p->panels;
	some.count = fv_min(p->per, p->panels.count - j0);
	some.rest = j0 + some.count == p->panels.count ? p->panels.rest : p->panels.nv;
	for (int64_t k0 = 0; k0 < p->depth; k0 += stretch) {
		int64_t depth = fv_min(stretch, p->depth - k0);
		int64_t first = k0 * GEMM_PAIR, last = fv_min(p->length, (k0 + depth) * GEMM_PAIR);
		for (int64_t i = 0; i < rows && !p->ta; i++)
			copy(a + i * p->lda, from + (r0 + i) * p->length + first, last - first);
		for (int64_t i = first; i < last && p->ta; i += GEMM_PAIR) {
			const float *even = from + i * p->rows + r0;
			copy_down(a + (i / GEMM_PAIR - k0) * p->lda, even, GEMM_PAIR > 1 && i + 1 < last ? even + p->rows : NULL, rows);
		}
		const float *panel = b + j0 * p->panels.nv * VF * p->depth;
		if (p->ta)
			gemm_down(&some, rows, depth, a, p->lda, panel, p->panels.nv * VF * p->depth, 0, k0, c, ldc, k0 > 0);
		else
			gemm_packed(&some, rows, depth, a, p->lda, panel, p->depth, k0, c, ldc, k0 > 0);
	}
	int64_t c0 = j0 * p->panels.nv * VF, columns = fv_min(ldc, p->columns - c0);
	finish(p, call, r0, c0, rows, columns, c, ldc, y + r0 * p->columns + c0);
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem p;
	work_own(call, &p, sizeof p);
	float *a = room_at(call, p.mine, thread);
	int64_t pieces = call->phase ? p.row_blocks * p.column_blocks : fv_div_up(p.length, PACK);
	tile_enter();
	for (int64_t u = first; u < last; u++) {
		int64_t m = u / pieces, i = u % pieces;
		float *b = room_at(call, p.packed, m);
		if (call->phase == 0)
			pack(&p, fv_f32(call->in[1]) + m * p.length * p.columns, i * PACK,
			     fv_min(p.length, (i + 1) * PACK), b);
		else
			block(&p, call, fv_f32(call->in[0]) + m * p.rows * p.length, b, i / p.column_blocks * p.block,
			      i % p.column_blocks * p.per, a, a + p.a, fv_f32(call->out[0]) + m * p.rows * p.columns);
	}
	tile_leave();
}

const fv_kernel FV_KERNEL(matmul_packed) = {
	.name = FV_KERNEL_NAME(matmul_packed), .op = &fv_op_matmul, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
