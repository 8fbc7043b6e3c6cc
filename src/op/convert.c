/* SPDX-License-Identifier: Apache-2.0 */
/* convert: the same numbers in another type, rounded to the nearest. */
#include "op/op.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	n->type = n->attr.convert.type;
	n->shape = n->in[0]->shape;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	for (int64_t i = 0; i < fv_elements(c->out[0].shape); i++)
		fv_put(c->out[0], i, fv_get(c->in[0], i));
}

static void grad(fv_graph *g, fv_node *y, fv_node *dy, fv_node **dx) { dx[0] = fv_convert(g, dy, y->in[0]->type); }

static bool cheap(const fv_node *n) { return n->in[0]->type == FV_BF16; }

const fv_op fv_op_convert = { .name = "convert", .outputs = 1, .shape = shape, .grad = grad, .reference = reference, .cheap = cheap };

fv_node *fv_convert(fv_graph *g, fv_node *x, fv_type type)
{
	return fv_append(g, &fv_op_convert, 1, &x, 0, &(fv_attr){ .convert = { type } });
}
