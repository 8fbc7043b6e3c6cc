/* SPDX-License-Identifier: Apache-2.0 */
#include "device/cpu/taps_fast.h"

/* Enlarged more, a pixel would be made of more than ROOM taps. */
static const char *refusal(const fv_node *n)
{
	fv_shape dy = n->in[0]->shape;
	int64_t most = n->attr.resize.kind >= FV_SPLINE3 ? 2 : 4;
	return !all_f32(n) ? "only float" : dy.h > most * n->shape.h || dy.w > most * n->shape.w ? "only up to twice the size, without splines four times" : NULL;
}
TAPS_KERNEL(resize_adjoint_rows, fv_op_resize_adjoint, fv_resize_taps, true, refusal);
