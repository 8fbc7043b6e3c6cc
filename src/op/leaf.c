/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves: inputs, constants and reads of variables. They do no work: the plan binds their memory. */
#include "op/op.h"
#include <stdio.h>

static fv_cost nothing(const fv_node *n) { return (fv_cost){ 0, 0 }; }

static fv_status input_shape(fv_err *err, fv_node *n)
{
	n->type = n->attr.input.type;
	n->shape = n->attr.input.shape;
	return FV_OK;
}
const fv_op fv_op_input = { .name = "input", .outputs = 1, .state = true, .shape = input_shape, .cost = nothing };

fv_node *fv_input(fv_graph *g, const char *name, fv_type type, fv_shape shape)
{
	fv_attr a = { .input = { .type = type, .shape = shape } };
	snprintf(a.input.name, sizeof a.input.name, "%s", name);
	return fv_append(g, &fv_op_input, 0, NULL, 0, &a);
}

static fv_status constant_shape(fv_err *err, fv_node *n)
{
	n->type = n->attr.constant.type;
	n->shape = n->attr.constant.shape;
	return FV_OK;
}
const fv_op fv_op_constant = { .name = "constant", .outputs = 1, .shape = constant_shape, .cost = nothing };

fv_node *fv_constant(fv_graph *g, fv_type type, fv_shape shape, const void *data)
{
	size_t bytes = (size_t)fv_tensor_bytes(type, shape);
	void *copy = fv_arena_get(g->arena, bytes);
	if (!copy)
		return fv_graph_error(g, FV_E_MEMORY, "no memory for a constant of %zu bytes", bytes);
	memcpy(copy, data, bytes);
	fv_attr a = { .constant = { .data = copy, .shape = shape, .type = type } };
	return fv_append(g, &fv_op_constant, 0, NULL, 0, &a);
}

fv_node *fv_number(fv_graph *g, fv_type type, double v)
{
	double room;
	fv_put((fv_tensor){ type, fv_scalar(), &room }, 0, v);
	return fv_constant(g, type, fv_scalar(), &room);
}

static fv_status read_shape(fv_err *err, fv_node *n)
{
	n->type = n->attr.variable.p->type;
	n->shape = n->attr.variable.p->shape;
	n->version = n->attr.variable.p->version;
	return FV_OK;
}
const fv_op fv_op_read = { .name = "read", .outputs = 1, .shape = read_shape, .cost = nothing };

fv_node *fv_read(fv_graph *g, fv_variable *v)
{
	if (!v)
		return fv_graph_error(g, FV_E_MEMORY, "a variable is missing: no memory, or its name was taken");
	/* One node a version: a gradient asks for the node that the network read. */
	for (int i = g->nodes - 1; i >= 0; i--)
		if (g->node[i]->op == &fv_op_read && g->node[i]->attr.variable.p == v && g->node[i]->version == v->version)
			return g->node[i];
	return fv_append(g, &fv_op_read, 0, NULL, 0, &(fv_attr){ .variable = { v } });
}
