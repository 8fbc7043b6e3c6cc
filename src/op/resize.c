/* SPDX-License-Identifier: Apache-2.0 */
/* resize: nearest, bilinear, binomial or B-spline of degree n = 3 or 5, half-pixel grid, edges
 * clamped (PyTorch's align_corners=False).
 *
 *	bilinear	source = (i + 1/2) from/to - 1/2, not below 0
 *	legacy		bilinear with source = i from/to: TensorFlow 1's grid
 *	corners		bilinear with source = i (from - 1)/(to - 1): align_corners=True
 *	spline		source the same, below 0 too; weight of a value at distance d: Bn(d)
 *	binomial	bilinear, then [1 2 1]/4 over the result, mirrored at its edges:
 *			[1 5 10 10 5 1]/16 for twice the size
 *	nearest		source = floor(i from/to) */
#include "op/taps.h"
#include <math.h>

/* The B-spline of degree n; it sums to 1 over the integers. Unser, IEEE Signal Processing Magazine 16(6), 1999, eq. 6:
 * the sum over k of (-1)^k (n+1 over k) max(0, (n+1)/2 - |d| - k)^n / n!, from the near end. */
static double spline(int n, double d)
{
	double sum = 0, choose = 1, factorial = 1;
	for (int k = 0; k <= n; k++) {
		sum += choose * pow(fmax(0, (n + 1) / 2.0 - fabs(d) - k), n);
		choose *= -(double)(n + 1 - k) / (k + 1);
		factorial *= k ? k : 1;
	}
	return sum / factorial;
}

static fv_taps between(double at, int64_t from)
{
	int64_t low = fv_min((int64_t)at, from - 1);
	double fraction = low == from - 1 ? 0 : at - (double)low;
	return fraction == 0 ? (fv_taps){ 1, { low }, { 1 } } :
	       (fv_taps){ 2, { low, low + 1 }, { 1 - fraction, fraction } };
}

static fv_taps bilinear(int64_t i, int64_t from, int64_t to)
{
	return between(fmax(0, ((double)i + 0.5) * (double)from / (double)to - 0.5), from);
}

/* Three neighbours of the bilinear result, so at most six taps; those of one place are added up. */
static fv_taps binomial(int64_t i, int64_t from, int64_t to)
{
	fv_taps t = { 0 };
	for (int64_t k = i - 1; k <= i + 1; k++) {
		int64_t mirrored = k < 0 ? fv_min(-k, to - 1) : k < to ? k :
		                   fv_max(0, 2 * to - 2 - k);
		fv_taps b = bilinear(mirrored, from, to);
		for (int j = 0; j < b.count; j++) {
			int at = 0;
			while (at < t.count && t.at[at] != b.at[j])
				at++;
			t.at[at] = b.at[j];
			t.weight[at] += b.weight[j] * (k == i ? 0.5 : 0.25);
			t.count += at == t.count;
		}
	}
	return t;
}

fv_taps fv_resize_taps(const fv_node *n, int64_t i, int64_t from, int64_t to)
{
	if (n->attr.resize.kind == FV_BINOMIAL)
		return binomial(i, from, to);
	if (n->attr.resize.kind == FV_NEAREST)
		return (fv_taps){ 1, { i * from / to }, { 1 } };
	if (n->attr.resize.kind == FV_BILINEAR_LEGACY)
		return between((double)i * (double)from / (double)to, from);
	if (n->attr.resize.kind == FV_BILINEAR_CORNERS)
		return between((double)i * (double)(from - 1) / (double)fv_max(1, to - 1), from);
	if (n->attr.resize.kind >= FV_SPLINE3) {
		int degree = n->attr.resize.kind == FV_SPLINE3 ? 3 : 5;
		double at = ((double)i + 0.5) * (double)from / (double)to - 0.5;
		fv_taps t = { .count = degree + 1 };
		for (int k = 0; k <= degree; k++) {
			int64_t p = (int64_t)floor(at) - degree / 2 + k;
			t.at[k] = fv_max(0, fv_min(p, from - 1));
			t.weight[k] = spline(degree, at - (double)p);
		}
		return t;
	}
	return bilinear(i, from, to);
}

static fv_status shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->in[0]->shape;
	n->shape.h = n->attr.resize.h;
	n->shape.w = n->attr.resize.w;
	if (n->shape.rank != 4 || n->shape.h < 1 || n->shape.w < 1)
		return fv_fail(err, FV_E_SHAPE,
		               "resize: %s to %" PRId64 "x%" PRId64 ": both must be pictures",
		               fv_shape_text(n->in[0]->shape).s, n->shape.h, n->shape.w);
	return FV_OK;
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	dx[0] = fv_resize_adjoint(g, y->attr.resize.kind, dy, y->in[0]->shape.h, y->in[0]->shape.w);
}

static void reference(const fv_call *c) { fv_taps_forward(c, fv_resize_taps); }

/* Rows of x on either side that a row of y may reach for. */
static bool rows(const fv_node *n, fv_span out, fv_span *in)
{
	static const int64_t reach[] = {
		[FV_NEAREST] = 0, [FV_BILINEAR] = 1, [FV_BILINEAR_LEGACY] = 1,
		[FV_BILINEAR_CORNERS] = 1, [FV_SPLINE3] = 2, [FV_SPLINE5] = 3, [FV_BINOMIAL] = 2,
	};
	int64_t times = n->shape.h / n->in[0]->shape.h, more = reach[n->attr.resize.kind];
	/* Corners: where a row comes from depends on how high the whole is. */
	if (n->shape.h % n->in[0]->shape.h || n->attr.resize.kind == FV_BILINEAR_CORNERS)
		return false;
	*in = (fv_span){ out.lo / times - more, fv_div_up(out.hi, times) + more };
	return true;
}

static int64_t band(const fv_node *n, fv_span want, fv_span have, fv_attr *a)
{
	int64_t times = n->shape.h / n->in[0]->shape.h;
	a->resize.h = times * (have.hi - have.lo);
	return times * have.lo;
}

const fv_op fv_op_resize = {
	.name = "resize", .outputs = 1, .shape = shape, .grad = grad, .reference = reference,
	.cheap = fv_always, .rows = rows, .band = band, .rereads = true,
};

fv_node *fv_resize(fv_graph *g, fv_resize_kind kind, fv_node *x, int64_t h, int64_t w)
{
	return fv_append(g, &fv_op_resize, 1, &x, 0, &(fv_attr){ .resize = { kind, h, w } });
}
