/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d by Winograd (winograd.h): 2x2 to 4x4 at stride 1, 3x3 to 8x8 at stride 2.
 *
 *	phase 0		weights to U; unit: PACK input channels of a parity
 *	phase 1		unit: a block of tiles, over all pictures
 *	phase 2		only with statistics; unit: MOMENTS channels */
#include "device/cpu/moments.h"
#include "device/cpu/winograd_tiles.h"

enum { PACK = 16 };

typedef struct { fv_conv v; wino_sizes s; room start; } problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	const fv_conv *v = &p.v;
	const char *why = wino_refusal(n, v);
	if (why || (v->stride > 1 && v->c % GEMM_PAIR))
		return why ? why : "channels in pairs";
	p.s = (wino_sizes){ .n = v->n, .h = v->h, .w = v->w, .c = v->c, .kind = v->kind, .y0 = -v->top, .x0 = -v->left, .step = v->stride,
	                    .taps = (int)fv_div_up(v->kh, v->stride), .parities = (int)(v->stride * v->stride), .gh = v->oh, .gw = v->ow, .columns = v->o };
	if (v->stride == 2 && v->kh == 3)
		p.s.stride2 = STRIDE2_FORWARD, p.s.parities = 1;
	wino_plan(n, threads, w, &p.s);
	w->units[0] = p.s.parities * fv_div_up(v->c, PACK);
	p.start = room_take(w, threads, prologue_floats(n, v->c));
	work_keep(w, &p, sizeof p);
	return NULL;
}

/* Columns are output channels, a kernel apart in the weights: squares of them and of input channels are transposed, tap by
 * tap. A parity's taps are those of its parity; where the kernel has fewer, the last are 0. */
static void pack(const wino_sizes *s, const fv_conv *v, int64_t parity, const float *w, int64_t k0, int64_t k1, float *u)
{
	int side = s->stride2 ? 3 : s->taps, taps = side * side;
	int64_t step = s->stride2 ? 1 : v->stride;
	bool non_temporal = vf_non_temporal(u, 4 * wino_packed(s));
	for (int64_t o = 0; o < s->panels.width; o += VF)
		for (int64_t k = k0; k < k1; k += VF) {
			vf square[16][VF], g[16 * GEMM_PAIR];
			vm m = vm_first(k1 - k);
			for (int i = 0; i < taps; i++) {
				int64_t row = i / side * step + parity / 2, col = i % side * step + parity % 2;
				bool there = row < v->kh && col < v->kw;
				for (int j = 0; j < VF; j++)
					square[i][j] = there && o + j < s->columns ? vf_load(w + (((o + j) * v->kh + row) * v->kw + col) * s->c + k, m) : vf_zero();
				vf_transpose(square[i]);
			}
			for (int j = 0; j < VF && k + j < k1; j += GEMM_PAIR) {
				for (int i = 0; i < taps * GEMM_PAIR; i++)
					g[i] = square[i % taps][j + i / taps];
				wino_put_weights(s, g, u + gemm_at(&s->panels, s->depth, (parity * s->c + k + j) / GEMM_PAIR, o), non_temporal);
			}
		}
}

/* noted: NULL, or where the block's statistics go; sums: room for what is summed up of each channel. */
static void finish(const wino_sizes *s, const epilogue *end, int64_t block, float *m, float *y, float *sums, float *noted)
{
	int64_t first = block * s->rows, count = fv_min(s->rows, s->tiles - first), width = s->panels.width, pixels = 0;
	for (int64_t t = first; t < first + count; t++) {
		int64_t n = t / (s->th * s->tw), p = t % (s->th * s->tw) / s->tw * s->tile, q = t % s->tw * s->tile;
		int64_t down = fv_min(s->tile, s->gh - p), across = fv_min(s->tile, s->gw - q);
		pixels += down * across;
		for (int64_t o = 0; o < s->columns; o += VF) {
			float *to = y + ((n * s->gh + p) * s->gw + q) * s->columns + o;
			vm mask = vm_first(s->columns - o);
			bool whole = s->columns - o >= VF;
			vf bias = end->bias ? vf_load(end->bias + o, mask) : vf_zero(), r[25];
			wino_result(s, m, t - first, o, 0, r);
			for (int64_t i = 0; i < down; i++)
				for (int64_t j = 0; j < across; j++) {
					float *at = to + (i * s->gw + j) * s->columns;
					vf v = r[s->tile * i + j] = epilogue_act(end, vf_add(r[s->tile * i + j], bias));
					if (whole)
						vf_put(at, v, end->non_temporal);
					else
						vf_store(at, v, mask);
				}
			if (noted)
				wino_note(r, s->tile, down, across, t == first, sums + o, width);
		}
	}
	if (noted)
		wino_noted(sums, width, pixels, noted);
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem p;
	work_own(call, &p, sizeof p);
	const wino_sizes *s = &p.s;
	epilogue end = epilogue_of(call, p.v.o % VF == 0);
	prologue start = prologue_of(call, fv_f32(call->in[3]), p.v.c, room_at(call, p.start, thread));
	float *v = room_at(call, s->mine, thread), *m = v + s->v_all;
	tile_enter();
	for (int64_t i = first; i < last; i++) {
		if (call->phase == 0) {
			int64_t pieces = fv_div_up(s->c, PACK), k = i % pieces * PACK;
			pack(s, &p.v, i / pieces, fv_f32(call->in[1]), k, fv_min(s->c, k + PACK), call->packed);
			continue;
		}
		if (call->phase == 2) {
			moments_merge(call, &s->noted, i);
			continue;
		}
		if (start.mean)
			wino_products(s, fv_f32(call->in[0]), &start, call->packed, i, v, m);
		else
			wino_products(s, fv_f32(call->in[0]), NULL, call->packed, i, v, m);
		finish(s, &end, i, m, fv_f32(call->out[0]), room_at(call, s->sums, thread), moments_at(call, &s->noted, i));
	}
	vf_non_temporal_end();
	tile_leave();
}

const fv_kernel FV_KERNEL(winograd) = {
	.name = FV_KERNEL_NAME(winograd), .op = &fv_op_conv2d, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
