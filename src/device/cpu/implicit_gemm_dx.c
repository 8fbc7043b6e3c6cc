/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d_dx, any size, stride, groups and padding: stride 1 is a convolution of dy with flipped weights; stride s is
 * s s of them (implicit_gemm_dx.h).
 *
 *	phase 0		weights [o][i][j][c] into panels [i][j][o][c]; unit: IGEMM_PACK of the depth of one product
 *	phase 1		unit: a block of dx's pixels of one product
 *	phase 2		only with a stride and a mirrored border: phase 1 made the padded picture; unit: a row of dx
 *			gathers what its mirror images got. Or, with statistics: unit: MOMENTS channels */
#include "device/cpu/implicit_gemm_dx.h"

typedef struct {
	fv_conv v;                      /* of the padded picture, where that is made */
	igemm_sizes s;
	bool padded;
	room picture;                   /* the padded picture */
} problem;

static const char *plan(const fv_node *n, int threads, fv_work *w)
{
	problem p = { .v = fv_conv_of(n) };
	fv_conv *v = &p.v;
	p.padded = v->stride > 1 && igemm_dx_pad(v);
	const char *why = n->type != FV_F32 ? "only float" : v->o / v->groups % GEMM_PAIR ? "channels in pairs" : v->in.stats ? "no norm of what it reads" :
	                  v->out.stats && (v->groups > 1 || p.padded) ? "no statistics of groups, nor with a stride and a mirrored border" : NULL;
	if (why)
		return why;
	int64_t s = v->stride, tap_row, tap_col;
	igemm_product largest = igemm_dx_product(v, 0, &tap_row, &tap_col);
	largest.gh = fv_div_up(v->h, s);
	largest.gw = fv_div_up(v->w, s);
	p.s = igemm_sizes_of(&largest, v->n, v->groups * s * s);
	double depth = (double)(v->kh * v->kw * v->o) / (double)(v->groups * s * s);
	igemm_plan(n, threads, w, &p.s, depth);
	/* A mirrored border: both ends of each row are products of their own. */
	bool mirrored = !p.padded && v->kind != FV_PAD_ZERO && v->left + v->right > 0;
	w->seconds += mirrored ? 2 * 2 * (double)(v->n * v->h) * GEMM_LEAST * depth * (double)p.s.width / GEMM_RATE : 0;
	if (p.padded)
		p.picture = igemm_dx_picture(n, w, v, 2 * fv_time_streaming(n));
	work_keep(w, &p, sizeof p);
	return NULL;
}

/* Depth runs over taps backwards (the flip), then dy's channels; a row of columns lies together in the weights. */
static void pack(const fv_conv *v, const igemm_product *p, int64_t tap_row, int64_t tap_col, const float *w, float *to,
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
	problem q;
	work_own(call, &q, sizeof q);
	const fv_conv *v = &q.v, real = fv_conv_of(call->node);
	const igemm_sizes *s = &q.s;
	float *picture = room_at(call, q.picture, 0), *out = q.padded ? picture : fv_f32(call->out[0]);
	epilogue end = { .non_temporal = !q.padded && epilogue_of(call, v->c / v->groups % VF == 0).non_temporal };
	tile_enter();
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 2) {
			if (q.padded)
				igemm_dx_mirror(&real, v, picture, u / real.h, u % real.h, fv_f32(call->out[0]));
			else
				moments_merge(call, &s->noted, u);
			continue;
		}
		/* Products interleave dx's rows: block after block, so that neighbouring rows are made by one thread. */
		int64_t index = u % s->products, i = u / s->products, tap_row, tap_col;
		igemm_product p = igemm_dx_product(v, index, &tap_row, &tap_col);
		float *packed = room_at(call, s->weights, index);
		if (call->phase == 0)
			pack(v, &p, tap_row, tap_col, fv_f32(call->in[1]), packed, i * IGEMM_PACK, fv_min(p.depth, (i + 1) * IGEMM_PACK));
		else
			igemm_block(&p, s, fv_f32(call->in[0]), v->n, packed, i, room_at(call, s->mine, thread), out, &end,
			             moments_at(call, &s->noted, index * s->blocks + i));
	}
	vf_non_temporal_end();
	tile_leave();
}

const fv_kernel FV_KERNEL(implicit_gemm_dx) = {
	.name = FV_KERNEL_NAME(implicit_gemm_dx), .op = &fv_op_conv2d_dx, .needs = FV_ISA_BITS, .plan = plan, .run = run,
};
