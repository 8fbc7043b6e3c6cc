/* SPDX-License-Identifier: Apache-2.0 */
/* blur: binomial filter and every second pixel. 2 taps, [1 1]/2: average pool; 3 taps, [1 2 1]/4, or 4, [1 3 3 1]/8, padded by
 * 1 on each side: halving without aliasing (Zhang, arXiv:1904.11486). y is h/2, w/2, rounded down, of 3 taps up. Of one
 * picture a pass may ask to read x as norm and activation make it, as a convolution does (conv2d.c), by
 *
 *	in[1]	C,2	mean and factor of each channel of x */
#include "op/taps.h"

fv_taps fv_blur_taps(const fv_node *n, int64_t i, int64_t from, int64_t to)
{
	static const double weight[][4] = { [2] = { 0.5, 0.5 }, [3] = { 0.25, 0.5, 0.25 },
	                                    [4] = { 0.125, 0.375, 0.375, 0.125 } };
	fv_taps t = { 0 };
	int taps = n->attr.blur.taps;
	for (int j = 0; j < taps; j++) {
		int64_t at = fv_pad_index(2 * i + j - (taps > 2), from, n->attr.blur.kind);
		if (at < 0)
			continue;
		t.at[t.count] = at;
		t.weight[t.count++] = weight[taps][j];
	}
	return t;
}

int64_t fv_blur_half(int taps, int64_t n) { return (n + (taps == 3)) / 2; }

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_shape x = n->in[0]->shape;
	int taps = n->attr.blur.taps;
	if (taps < 2 || taps > 4 || x.rank != 4 || x.h < 2 || x.w < 2)
		return fv_fail(err, FV_E_SHAPE, "blur: %d taps on a picture of %s; give a larger picture",
			       taps, fv_shape_text(x).s);
	n->type = n->in[0]->type;
	n->shape = x;
	n->shape.h = fv_blur_half(taps, x.h);
	n->shape.w = fv_blur_half(taps, x.w);
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	dx[0] = fv_blur_adjoint(g, dy, y->attr.blur.taps, y->attr.blur.kind, y->in[0]->shape.h, y->in[0]->shape.w);
}

static void reference(const fv_call *c) { fv_taps_forward(c, fv_blur_taps); }

static bool rows(const fv_node *n, fv_span out, fv_span *in)
{
	int64_t more = n->attr.blur.taps > 2;
	*in = (fv_span){ 2 * (out.lo - more), 2 * (out.hi + more) };
	return true;
}

static int64_t band(const fv_node *n, fv_span want, fv_span have, fv_attr *a) { return have.lo / 2; }

const fv_op fv_op_blur = {
	.name = "blur", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
	.cheap = fv_always, .rows = rows, .band = band, .rereads = true, .stored = fv_always,
};

fv_node *fv_blur(fv_graph *g, fv_node *x, int taps, fv_pad_kind kind)
{
	return fv_append(g, &fv_op_blur, 1, &x, 0, &(fv_attr){ .blur = { .taps = taps, .kind = kind } });
}
