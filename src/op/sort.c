/* SPDX-License-Identifier: Apache-2.0 */
/* sort: ascending along the last axis; output 1 is the permutation: y[i] = x[permutation[i]].
 * NaN comes last; equal keys keep their order (stable). */
#include "op/op.h"
#include <math.h>
#include <stdlib.h>

static fv_status shape(fv_err *err, fv_node *n)
{
	n->type = n->in[0]->type;
	n->shape = n->shape1 = n->in[0]->shape;
	n->type1 = FV_I32;
	if (n->shape.rank < 1 || n->shape.c > INT32_MAX)
		return fv_fail(err, FV_E_SHAPE, "sort: %s has no rows, or too long ones", fv_shape_text(n->shape).s);
	return FV_OK;
}

static bool after(double a, double b) { return isnan(a) ? !isnan(b) : a > b; }

/* Bottom-up merge sort of numbers: plain, stable, no recursion. */
static void order(fv_tensor x, int64_t row, int64_t m, int32_t *a, int32_t *b)
{
	for (int64_t i = 0; i < m; i++)
		a[i] = (int32_t)i;
	for (int64_t width = 1; width < m; width *= 2) {
		for (int64_t low = 0; low < m; low += 2 * width) {
			int64_t mid = fv_min(low + width, m), high = fv_min(low + 2 * width, m), i = low, j = mid;
			for (int64_t k = low; k < high; k++)
				b[k] = i < mid && (j >= high || !after(fv_get(x, row + a[i]), fv_get(x, row + a[j]))) ? a[i++] : a[j++];
		}
		memcpy(a, b, (size_t)m * sizeof *a);
	}
}

static int64_t reference_scratch(const fv_node *n) { return n->shape.c * (int64_t)sizeof(int32_t); }

static void reference(const fv_call *c)
{
	int64_t m = c->out[0].shape.c;
	for (int64_t row = 0; row < fv_elements(c->out[0].shape); row += m) {
		int32_t *p = fv_i32(c->out[1]) + row;
		order(c->in[0], row, m, p, c->scratch);
		for (int64_t i = 0; i < m; i++)
			fv_put(c->out[0], row + i, fv_get(c->in[0], row + p[i]));
	}
}

/* dx[permutation[i]] = dy[i] */
static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx)
{
	fv_shape s = y->shape;
	int64_t rows = fv_elements(s) / s.c;
	fv_node *p = fv_reshape(g, fv_output_of(g, y, 1), FV_SHAPE(rows, s.c));
	fv_node *d = fv_gather_adjoint(g, fv_reshape(g, dy, FV_SHAPE(rows, s.c, 1)), p, s.c);
	dx[0] = fv_reshape(g, d, s);
}

const fv_op fv_op_sort = {
	.name = "sort", .outputs = 2, .shape = shape, .grad = grad, .reference = reference, .reference_scratch = reference_scratch,
};

fv_node *fv_sort(fv_graph *g, fv_node *x) { return fv_append(g, &fv_op_sort, 1, &x, 0, NULL); }
