/* SPDX-License-Identifier: Apache-2.0 */
/* adam: writes p, m, v. Kingma and Ba, arXiv:1412.6980, in two spellings:
 *
 *	m = b1 m + (1-b1) g,  v = b2 v + (1-b2) g^2
 *	PyTorch	p -= rate m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps)
 *	Keras	p -= rate sqrt(1-b2^t)/(1-b1^t) m / (sqrt(v) + eps)
 *
 *	in	gradient, rate, t (counted from 1), flag (0: nothing is written) */
#include "op/op.h"
#include <math.h>

static fv_status shape(fv_err *err, fv_node *n)
{
	fv_adam_attr a = n->attr.adam;
	const fv_variable *state[] = { a.p, a.m, a.v };
	for (size_t i = 0; i < FV_COUNT(state); i++)
		if (!fv_shape_equal(n->in[0]->shape, state[i]->shape) || n->in[0]->type != state[i]->type)
			return fv_fail(err, FV_E_SHAPE, "adam: a gradient of %s for %s or its moments", fv_shape_text(n->in[0]->shape).s, a.p->name);
	if (fv_elements(n->in[1]->shape) != 1 || fv_elements(n->in[2]->shape) != 1 || (n->in[3] && fv_elements(n->in[3]->shape) != 1))
		return fv_fail(err, FV_E_SHAPE, "adam: rate, step and flag must be scalars");
	n->type = n->in[0]->type;
	n->version = ++a.p->version;
	a.m->version++;
	a.v->version++;
	return FV_OK;
}

static void reference(const fv_call *c)
{
	fv_adam_attr a = c->node->attr.adam;
	const fv_tensor p = c->variable[0], tm = c->variable[1], tv = c->variable[2];
	double rate = fv_get(c->in[1], 0), t = fv_get(c->in[2], 0);
	if (c->in[3].data && fv_get(c->in[3], 0) == 0)
		return;
	double c1 = 1 - pow(a.beta1, t), c2 = 1 - pow(a.beta2, t);
	for (int64_t i = 0; i < fv_elements(p.shape); i++) {
		double d = fv_get(c->in[0], i), m = fv_get(tm, i), v = fv_get(tv, i);
		m += (d - m) * (1 - a.beta1);
		v += (d * d - v) * (1 - a.beta2);
		double step = a.keras ? rate * sqrt(c2) / c1 * m / (sqrt(v) + a.eps) : rate * (m / c1) / (sqrt(v / c2) + a.eps);
		fv_put(tm, i, m);
		fv_put(tv, i, v);
		fv_put(p, i, fv_get(p, i) - step);
	}
}

static fv_cost cost(const fv_node *n)
{
	return (fv_cost){ 12 * (double)fv_elements(n->in[0]->shape), 7 * (double)fv_tensor_bytes(n->type, n->in[0]->shape) };
}

const fv_op fv_op_adam = { .name = "adam", .outputs = 0, .state = true, .shape = shape, .reference = reference, .cost = cost };

fv_node *fv_adam(fv_graph *g, fv_adam_attr a, fv_node *grad, fv_node *rate, fv_node *step, fv_node *flag)
{
	fv_node *in[] = { grad, rate, step, flag };
	if (!a.p || !a.m || !a.v)
		return fv_graph_error(g, FV_E_MEMORY, "adam: no memory for its moments");
	return fv_append(g, &fv_op_adam, 4, in, 8, &(fv_attr){ .adam = a });
}
