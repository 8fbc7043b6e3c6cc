/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dx, any size, stride, groups and padding: stride 1 is a convolution of dy with flipped weights; stride s is
 * s s of them (direct_dx.h).
 *
 *	phase 0		weights [o][i][j][c] into panels [i][j][o][c]; unit: PACK of the depth of one part
 *	phase 1		unit: a block of dx's pixels of one part
 *	phase 2		only with a stride and a mirrored border: phase 1 made the padded picture; unit: a row of dx
 *			gathers what its mirror images got. Or, with statistics: unit: MOMENTS channels */
#include "device/cpu/direct_dx.h"

enum { PACK = 64 };

typedef struct {
	fv_conv v;                      /* of the padded picture, where that is made */
	direct_sizes s;
	bool padded;
} problem;

static problem problem_of(const fv_node *n)
{
	problem p = { .v = fv_conv_of(n) };
	fv_conv *v = &p.v;
	p.padded = v->stride > 1 && direct_dx_pad(v);
	int64_t s = v->stride, tap_row, tap_col;
	direct_part largest = direct_dx_part(v, 0, &tap_row, &tap_col);
	largest.gh = fv_div_up(v->h, s);
	largest.gw = fv_div_up(v->w, s);
	p.s = direct_sizes_of(&largest, v->n, v->groups * s * s);
	return p;
}

static bool supports(const fv_node *n, const char **why)
{
	fv_conv v = fv_conv_of(n);
	*why = n->type != FV_F32 ? "only float" : v.o / v.groups % GEMM_PAIR ? "channels in pairs" : v.normed ? "no norm of what it reads" :
	       v.stats && (v.groups > 1 || problem_of(n).padded) ? "no statistics of groups, nor with a stride and a mirrored border" : NULL;
	return !*why;
}

static double seconds(const fv_node *n)
{
	problem p = problem_of(n);
	double depth = (double)(p.v.kh * p.v.kw * p.v.o) / (double)(p.v.groups * p.v.stride * p.v.stride);
	/* A folded border: both ends of each row are products of their own. */
	bool folded = !p.padded && p.v.kind != FV_PAD_ZERO && p.v.left + p.v.right > 0;
	double ends = folded ? 2 * (double)(p.v.n * p.v.h) * GEMM_LEAST : 0;
	return direct_seconds(&p.s, depth) + 2 * ends * depth * (double)p.s.width / GEMM_RATE + (p.padded ? 2 * fv_time_streaming(n) : 0);
}

static int64_t units(const fv_node *n, int phase)
{
	problem p = problem_of(n);
	if (phase == 2)
		return p.padded ? n->shape.n * n->shape.h : p.v.stats ? fv_div_up(p.v.c, MOMENTS) : 0;
	return p.s.parts * (phase ? p.s.blocks : fv_div_up(p.s.depth, PACK));
}

static int64_t scratch(const fv_node *n, int threads)
{
	problem p = problem_of(n);
	int64_t picture = p.padded ? p.v.n * p.v.h * p.v.w * p.v.c : 0;
	return direct_scratch(&p.s, threads, p.v.stats) + picture * (int64_t)sizeof(float);
}

/* Depth runs over taps backwards (the flip), then dy's channels; a row of columns lies together in the weights. */
static void pack(const fv_conv *v, const direct_part *p, int64_t tap_row, int64_t tap_col, const float *w, float *to,
                 int64_t k0, int64_t k1)
{
	for (int64_t k = k0; k < k1; k += GEMM_PAIR) {
		int64_t i = tap_row + v->stride * (p->th - 1 - k / (p->tw * p->cg));
		int64_t j = tap_col + v->stride * (p->tw - 1 - k / p->cg % p->tw);
		const float *from = w + (((p->c0 + k % p->cg) * v->kh + i) * v->kw + j) * p->og;
		/* A pair: the same tap, dy's next channel. */
		const float *next = from + (GEMM_PAIR - 1) * v->kh * v->kw * p->og;
		for (int64_t c = 0; c < p->panels.width; c += VF) {
			vm m = vm_first(p->og - c);
			vf_storeu(to + gemm_at(&p->panels, p->depth / GEMM_PAIR, k / GEMM_PAIR, c), gemm_pair(vf_load(from + c, m), vf_load(next + c, m)));
		}
	}
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	problem q = problem_of(call->node);
	const fv_conv *v = &q.v, real = fv_conv_of(call->node);
	const direct_sizes *s = &q.s;
	float *weights = call->scratch, *mine = weights + s->parts * s->weights + thread * (s->patches + s->products);
	float *picture = weights + s->parts * s->weights + call->threads * (s->patches + s->products);
	float *out = q.padded ? picture : fv_f32(call->out[0]);
	conv_end end = { .past = !q.padded && conv_end_past(out, call->node->shape, v->groups) };
	tile_enter();
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 2 && v->stats) {
			moments_merge(picture, s->parts * s->blocks, s->width, u * MOMENTS, fv_min(v->c, (u + 1) * MOMENTS), v->eps, fv_f32(call->out[1]));
			continue;
		}
		if (call->phase == 2) {
			direct_dx_fold(&real, v, picture, u / real.h, u % real.h, fv_f32(call->out[0]));
			continue;
		}
		/* Parts interleave dx's rows: block after block, so that neighbouring rows are made by one thread. */
		int64_t index = u % s->parts, i = u / s->parts, tap_row, tap_col;
		direct_part p = direct_dx_part(v, index, &tap_row, &tap_col);
		float *packed = weights + index * s->weights;
		if (call->phase == 0)
			pack(v, &p, tap_row, tap_col, fv_f32(call->in[1]), packed, i * PACK,
			     fv_min(p.depth, (i + 1) * PACK));
		else
			direct_block(&p, s, fv_f32(call->in[0]), v->n, packed, i, mine, mine + s->patches, out, &end,
			             v->stats ? picture + (index * s->blocks + i) * moments_floats(s->width) : NULL);
	}
	vf_past_end();
	tile_leave();
}

const fv_kernel FV_KERNEL(direct_dx) = {
	.name = FV_KERNEL_NAME(direct_dx), .op = &fv_op_conv2d_dx, .needs = FV_ISA_BITS, .supports = supports,
	.seconds = seconds, .phases = 3, .units = units, .scratch = scratch, .run = run,
};
