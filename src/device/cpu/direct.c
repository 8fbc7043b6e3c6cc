/* SPDX-License-Identifier: Apache-2.0 */
/* conv2d, any size, stride, groups and padding: patches times packed weights (direct.h).
 *
 *	phase 0		weights [o][k] into panels [k][o]; unit: 64 of the depth of one group
 *	phase 1		unit: a block of output pixels of one group
 *	phase 2		only with statistics; unit: MOMENTS channels */
#include "device/cpu/direct.h"

enum { PACK = 64 };

static direct_part part(const fv_conv *v, int64_t group)
{
	int64_t cg = v->c / v->groups, og = v->o / v->groups;
	return (direct_part){
		.h = v->h, .w = v->w, .c = v->c, .c0 = group * cg, .cg = cg, .gh = v->oh, .gw = v->ow,
		.step = v->stride, .y0 = -v->top, .x0 = -v->left, .th = v->kh, .tw = v->kw, .kind = v->kind,
		.oh = v->oh, .ow = v->ow, .oc = v->o, .o0 = group * og, .og = og, .out_step = 1,
		.depth = v->kh * v->kw * cg, .panels = gemm_panels_of(og),
	};
}

static direct_sizes sizes(const fv_conv *v)
{
	direct_part p = part(v, 0);
	return direct_sizes_of(&p, v->n, v->groups);
}

static bool supports(const fv_node *n, const char **why)
{
	fv_conv v = fv_conv_of(n);
	*why = n->type != FV_F32 ? "only float" : v.c / v.groups % GEMM_PAIR ? "channels in pairs" : v.normed ? "no norm of what it reads" :
	       v.stats && (v.groups > 1 || v.act != FV_ACT_NONE) ? "no statistics of groups, nor behind an activation" : NULL;
	return !*why;
}

static double seconds(const fv_node *n)
{
	fv_conv v = fv_conv_of(n);
	direct_sizes s = sizes(&v);
	return direct_seconds(&s, (double)s.depth);
}

static int64_t units(const fv_node *n, int phase)
{
	fv_conv v = fv_conv_of(n);
	direct_sizes s = sizes(&v);
	if (phase == 2)
		return v.stats ? fv_div_up(v.o, MOMENTS) : 0;
	return s.parts * (phase ? s.blocks : fv_div_up(s.depth, PACK));
}

static int64_t scratch(const fv_node *n, int threads)
{
	fv_conv v = fv_conv_of(n);
	direct_sizes s = sizes(&v);
	return direct_scratch(&s, threads, v.stats);
}

static void run(const fv_call *call, int thread, int64_t first, int64_t last)
{
	fv_conv v = fv_conv_of(call->node);
	direct_sizes s = sizes(&v);
	float *weights = call->scratch, *mine = weights + s.parts * s.weights + thread * (s.patches + s.products);
	conv_end end = { fv_f32(call->in[2]), v.act, v.slope, conv_end_past(fv_f32(call->out[0]), call->node->shape, v.groups) };
	float *moments = weights + s.parts * s.weights + call->threads * (s.patches + s.products);
	tile_enter();
	for (int64_t u = first; u < last; u++) {
		if (call->phase == 2) {
			moments_merge(moments, s.blocks, s.width, u * MOMENTS, fv_min(v.o, (u + 1) * MOMENTS), v.eps, fv_f32(call->out[1]));
			continue;
		}
		int64_t group = u % s.parts, i = u / s.parts;
		direct_part p = part(&v, group);
		float *packed = weights + group * s.weights;
		if (call->phase == 0)
			gemm_pack_rows(&p.panels, p.og, p.depth / GEMM_PAIR, fv_f32(call->in[1]) + p.o0 * p.depth, p.depth,
			               i * PACK, fv_min(p.depth, (i + 1) * PACK), packed);
		else
			direct_block(&p, &s, fv_f32(call->in[0]), v.n, packed, i, mine, mine + s.patches,
			             fv_f32(call->out[0]), &end, v.stats ? moments + i * moments_floats(s.width) : NULL);
	}
	vf_past_end();
	tile_leave();
}

const fv_kernel FV_KERNEL(direct) = {
	.name = FV_KERNEL_NAME(direct), .op = &fv_op_conv2d, .needs = FV_ISA_BITS, .supports = supports,
	.seconds = seconds, .phases = 3, .units = units, .scratch = scratch, .run = run,
};
