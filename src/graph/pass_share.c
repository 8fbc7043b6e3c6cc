/* SPDX-License-Identifier: Apache-2.0 */
/* share: equal operations on equal inputs are computed once (common subexpressions).
 *
 * Reads of a variable carry the version they see, so nothing is merged across an update. */
#include "base/hash.h"
#include "graph/pass.h"

static uint64_t hash(const fv_node *n)
{
	uint64_t h = fv_hash_mix(FV_HASH, &n->op, sizeof n->op);
	h = fv_hash_mix(h, n->in, (size_t)n->inputs * sizeof *n->in);
	h = fv_hash_mix(h, &n->version, sizeof n->version);
	return n->op == &fv_op_constant ? h : fv_hash_mix(h, &n->attr, sizeof n->attr);
}

static bool equal(const fv_node *a, const fv_node *b)
{
	if (a->op != b->op || a->inputs != b->inputs || a->version != b->version || a->type != b->type ||
	    !fv_shape_equal(a->shape, b->shape) || memcmp(a->in, b->in, (size_t)a->inputs * sizeof *a->in))
		return false;
	if (a->op == &fv_op_constant)
		return !memcmp(a->attr.constant.data, b->attr.constant.data, (size_t)fv_tensor_bytes(a->type, a->shape));
	return !memcmp(&a->attr, &b->attr, sizeof a->attr);
}

fv_status fv_pass_share(fv_err *err, fv_graph *g)
{
	size_t room = 64;
	while (room < 2 * (size_t)g->nodes)
		room *= 2;
	fv_arena *a = fv_arena_new(g->context);
	fv_node **table = a ? fv_arena_get(a, room * sizeof *table) : NULL;
	if (!table) {
		fv_arena_free(a);
		return fv_fail_memory(err, "plan", room * sizeof *table);
	}
	for (int i = 0; i < g->nodes; i++) {
		fv_node *n = g->node[i];
		for (int j = 0; j < n->inputs; j++)
			if (n->in[j])
				n->in[j] = fv_replacement(n->in[j]);
		if (n->op->state)
			continue;
		size_t at = hash(n) & (room - 1);
		while (table[at] && !equal(table[at], n))
			at = (at + 1) & (room - 1);
		if (table[at])
			n->replacement = table[at];
		else
			table[at] = n;
	}
	fv_arena_free(a);
	fv_pass_settle(g);
	return FV_OK;
}
