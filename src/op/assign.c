/* SPDX-License-Identifier: Apache-2.0 */
/* assign: variable = value.	in	value, flag (0: nothing is written) */
#include "op/op.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_variable *p = n->attr.variable.p;
	if (!fv_shape_equal(n->in[0]->shape, p->shape) || n->in[0]->type != p->type)
		return fv_fail(err, FV_E_SHAPE, "assign: %s for %s", fv_shape_text(n->in[0]->shape).s, p->name);
	if (n->in[1] && fv_elements(n->in[1]->shape) != 1)
		return fv_fail(err, FV_E_SHAPE, "assign: the flag must be a scalar");
	n->type = n->in[0]->type;
	n->version = ++p->version;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_tensor p = c->variable[0];
	if (!c->in[1].data || fv_get(c->in[1], 0) != 0)
		memcpy(p.data, c->in[0].data, (size_t)fv_tensor_bytes(p.type, p.shape));
}

const fv_op fv_op_assign = { .name = "assign", .outputs = 0, .state = true, .shape = shape, .reference = reference };

fv_node *fv_assign(fv_graph *g, fv_variable *v, fv_node *value, fv_node *flag)
{
	fv_node *in[] = { value, flag };
	if (!v)
		return fv_graph_error(g, FV_E_MEMORY, "assign: no variable");
	return fv_append(g, &fv_op_assign, 2, in, 2, &(fv_attr){ .variable = { v } });
}
