/* SPDX-License-Identifier: Apache-2.0 */
/* average: a = d a + (1 - d) value, an exponential moving average.	in	value, d, flag (0: nothing is written) */
#include "op/op.h"

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_variable *p = n->attr.variable.p;
	if (!fv_shape_equal(n->in[0]->shape, p->shape) || n->in[0]->type != p->type)
		return fv_fail(err, FV_E_SHAPE, "average: %s for %s", fv_shape_text(n->in[0]->shape).s, p->name);
	if (fv_elements(n->in[1]->shape) != 1 || (n->in[2] && fv_elements(n->in[2]->shape) != 1))
		return fv_fail(err, FV_E_SHAPE, "average: decay and flag must be scalars");
	n->type = n->in[0]->type;
	n->version = ++p->version;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_tensor a = c->variable[0];
	double d = fv_get(c->in[1], 0);
	if (c->in[2].data && fv_get(c->in[2], 0) == 0)
		return;
	for (int64_t i = 0; i < fv_elements(a.shape); i++)
		fv_put(a, i, fv_get(a, i) + (1 - d) * (fv_get(c->in[0], i) - fv_get(a, i)));
}

const fv_op fv_op_average = { .name = "average", .outputs = 0, .state = true, .shape = shape, .reference = reference };

fv_node *fv_average(fv_graph *g, fv_variable *average, fv_node *value, fv_node *decay, fv_node *flag)
{
	fv_node *in[] = { value, decay, flag };
	if (!average)
		return fv_graph_error(g, FV_E_MEMORY, "average: no memory for it");
	return fv_append(g, &fv_op_average, 3, in, 4, &(fv_attr){ .variable = { average } });
}
