/* SPDX-License-Identifier: Apache-2.0 */
/* fold: an operation on constants alone becomes a constant, when it is small. */
#include "graph/pass.h"

#define LARGEST 4096                    /* values; a larger constant costs memory for as long as the graph lives */

static bool foldable(const fv_node *n)
{
	if (n->op->state || n->op->view || n->op->outputs != 1 || !n->inputs || !n->op->reference || n->op->reference_scratch ||
	    fv_elements(n->shape) > LARGEST)
		return false;
	for (int j = 0; j < n->inputs; j++)
		if (n->in[j] && n->in[j]->op != &fv_op_constant)
			return false;
	return true;
}

fv_status fv_pass_fold(fv_err *err, fv_graph *g)
{
	for (int i = 0; i < g->nodes; i++) {
		fv_node *n = g->node[i];
		if (!foldable(n))
			continue;
		void *data = fv_arena_get(g->arena, (size_t)fv_tensor_bytes(n->type, n->shape));
		if (!data)
			return fv_fail_memory(err, "plan", (size_t)fv_tensor_bytes(n->type, n->shape));
		fv_call c = { .node = n, .out[0] = { n->type, n->shape, data }, .threads = 1 };
		for (int j = 0; j < n->inputs; j++)
			if (n->in[j])
				c.in[j] = (fv_tensor){ n->in[j]->type, n->in[j]->shape, (void *)n->in[j]->attr.constant.data };
		n->op->reference(&c);
		n->op = &fv_op_constant;
		n->inputs = 0;
		memset(n->in, 0, sizeof n->in);
		memset(&n->attr, 0, sizeof n->attr);
		n->attr.constant = (fv_constant_attr){ data, n->shape, n->type };
	}
	return FV_OK;
}
