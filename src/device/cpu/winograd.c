/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d by Winograd (winograd.h): 2x2 to 4x4 at stride 1, 3x3 to 8x8 at stride 2.
 *
 *	phase 0		weights to U; unit: PACK input channels of a part
 *	phase 1		unit: a block of tiles, over all pictures
 *	phase 2		only with statistics; unit: MOMENTS channels */
#include "device/cpu/moments.h"
#include "device/cpu/winograd_tiles.h"

enum { PACK = 16 };

static wino_sizes sizes(const fv_conv *v)
{
	wino_sizes s = { .n = v->n, .h = v->h, .w = v->w, .c = v->c, .kind = v->kind, .y0 = -v->top, .x0 = -v->left, .step = v->stride,
	                 .taps = (int)fv_div_up(v->kh, v->stride), .parts = (int)(v->stride * v->stride), .gh = v->oh, .gw = v->ow, .columns = v->o };
	if (v->stride == 2 && v->kh == 3)
		s.way = ODD_Y, s.parts = 1;
	wino_plan(&s);
	return s;
}

static bool supports(const fv_node *n, const char **why)
{
	fv_conv v = fv_conv_of(n);
	if (!wino_supports(n, &v, why))
		return false;
	*why = v.stride > 1 && v.c % GEMM_PAIR ? "channels in pairs" : NULL;
	return !*why;
}

static double seconds(const fv_node *n)
{
	fv_conv v = fv_conv_of(n);
	wino_sizes s = sizes(&v);
	return wino_seconds(&s);
}

static int64_t packs(const fv_conv *v) { return sizes(v).parts * fv_div_up(v->c, PACK); }

static int64_t units(const fv_node *n, int phase)
{
	fv_conv v = fv_conv_of(n);
	return phase == 2 ? (v.stats ? fv_div_up(v.o, MOMENTS) : 0) : phase ? sizes(&v).blocks : packs(&v);
}

/* Floats beside those of winograd.h: of a thread, and of all its blocks' statistics. */
static int64_t more(const fv_conv *v, const wino_sizes *s) { return conv_start_floats(v) + (v->stats ? 3 * s->panels.width : 0); }
static int64_t moments(const fv_conv *v, const wino_sizes *s) { return v->stats ? s->blocks * moments_floats(s->panels.width) : 0; }

static int64_t packed(const fv_node *n)
{
	fv_conv v = fv_conv_of(n);
	wino_sizes s = sizes(&v);
	return wino_packed(&s) * (int64_t)sizeof(float);
}

static int64_t scratch(const fv_node *n, int threads)
{
	fv_conv v = fv_conv_of(n);
	wino_sizes s = sizes(&v);
	return (wino_scratch(&s, threads) + threads * more(&v, &s) + moments(&v, &s)) * (int64_t)sizeof(float);
}

/* Columns are output channels, a kernel apart in the weights: squares of them and of input channels are transposed, tap by
 * tap. A part's taps are those of its parity; where the kernel has fewer, the last are 0. */
static void pack(const wino_sizes *s, const fv_conv *v, int64_t part, const float *w, int64_t k0, int64_t k1, float *u)
{
	int side = s->way ? 3 : s->taps, taps = side * side;
	int64_t step = s->way ? 1 : v->stride;
	bool past = vf_past(u, 4 * wino_packed(s));
	for (int64_t o = 0; o < s->panels.width; o += VF)
		for (int64_t k = k0; k < k1; k += VF) {
			vf square[16][VF], g[16 * GEMM_PAIR];
			vm m = vm_first(k1 - k);
			for (int i = 0; i < taps; i++) {
				int64_t row = i / side * step + part / 2, col = i % side * step + part % 2;
				bool there = row < v->kh && col < v->kw;
				for (int j = 0; j < VF; j++)
					square[i][j] = there && o + j < s->columns ? vf_load(w + (((o + j) * v->kh + row) * v->kw + col) * s->c + k, m) : vf_zero();
				vf_transpose(square[i]);
			}
			for (int j = 0; j < VF && k + j < k1; j += GEMM_PAIR) {
				for (int i = 0; i < taps * GEMM_PAIR; i++)
					g[i] = square[i % taps][j + i / taps];
				wino_put_weights(s, g, u + gemm_at(&s->panels, s->depth, (part * s->c + k + j) / GEMM_PAIR, o), past);
			}
		}
}

/* sums: NULL, or room for what is summed up of each channel; part: where its statistics go. */
static void finish(const wino_sizes *s, const conv_end *end, int64_t block, float *m, float *y, float *sums, float *part)
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
					vf v = r[s->tile * i + j] = conv_end_act(end, vf_add(r[s->tile * i + j], bias));
					if (whole)
						vf_put(at, v, end->past);
					else
						vf_store(at, v, mask);
				}
			if (sums)
				wino_note(r, s->tile, down, across, t == first, sums + o, width);
		}
	}
	if (sums)
		wino_noted(sums, width, pixels, part);
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	fv_conv c = fv_conv_of(call->node);
	wino_sizes s = sizes(&c);
	conv_end end = { fv_f32(call->in[2]), c.act, c.slope, conv_end_past(fv_f32(call->out[0]), call->node->shape, 1) };
	float *u = call->packed, *v = (float *)call->scratch + wino_scratch(&s, thread), *m = v + s.v_all;
	float *others = (float *)call->scratch + wino_scratch(&s, call->threads), *mine = others + thread * more(&c, &s);
	float *part = others + call->threads * more(&c, &s), *sums = c.stats ? mine + conv_start_floats(&c) : NULL;
	conv_start start = conv_start_of(&c, fv_f32(call->in[3]), mine);
	tile_enter();
	for (int64_t i = first; i < last; i++) {
		if (call->phase == 0) {
			int64_t pieces = fv_div_up(s.c, PACK), k = i % pieces * PACK;
			pack(&s, &c, i / pieces, fv_f32(call->in[1]), k, fv_min(s.c, k + PACK), u);
			continue;
		}
		if (call->phase == 2) {
			moments_merge(part, s.blocks, s.panels.width, i * MOMENTS, fv_min(c.o, (i + 1) * MOMENTS), c.eps, fv_f32(call->out[1]));
			continue;
		}
		if (start.mean)
			wino_products(&s, fv_f32(call->in[0]), &start, u, i, v, m);
		else
			wino_products(&s, fv_f32(call->in[0]), NULL, u, i, v, m);
		finish(&s, &end, i, m, fv_f32(call->out[0]), sums, part + i * moments_floats(s.panels.width));
	}
	vf_past_end();
	tile_leave();
}

const fv_kernel FV_KERNEL(winograd) = {
	.name = FV_KERNEL_NAME(winograd), .op = &fv_op_conv2d, .needs = FV_ISA_BITS, .supports = supports,
	.seconds = seconds, .phases = 3, .units = units, .packed = packed, .scratch = scratch, .run = run,
};
