/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: one arena, planned by lifetimes.
 *
 * A value lives from the call that makes it to the last that reads it. Views and values computed in place share a
 * slot; slots are placed largest first, each at the lowest offset where it meets no slot that lives at the same
 * time. While a large arena is larger than what lives at its fullest moment, the large slots are placed anew in other orders;
 * the best arrangement stays. Inputs and outputs live for ever: people read and write them between runs. */
#include "graph/pass.h"
#include <stdlib.h>

#define ROUNDS 32                       /* orders that are tried */
#define LARGE 64000000                  /* bytes of an arena at which it is worth it */

typedef struct { int64_t bytes, offset, best; int first, last, turn; } slot;

int fv_value_of(const fv_node *n)
{
	int part = 0;
	while (n->op->view) {
		if (n->op == &fv_op_output)
			part = n->attr.output.index;
		n = n->in[0];
	}
	return 2 * n->id + part;
}

bool fv_in_arena(const fv_node *n)
{
	return n->op != &fv_op_read && n->op != &fv_op_constant && n->op->outputs > 0;
}

static int by_turn_and_size(const void *a, const void *b)
{
	const slot *x = *(slot *const *)a, *y = *(slot *const *)b;
	if (x->turn != y->turn)
		return y->turn - x->turn;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->first != y->first ? x->first - y->first : (x > y) - (x < y);
}

static int by_offset(const void *a, const void *b)
{
	const slot *x = *(slot *const *)a, *y = *(slot *const *)b;
	return x->offset != y->offset ? (x->offset > y->offset ? 1 : -1) : (x > y) - (x < y);
}

static int64_t arrange(slot *slots, int count, slot **order, slot **near, bool reuse)
{
	int64_t end = 0;
	for (int i = 0; i < count; i++)
		order[i] = &slots[i];
	qsort(order, (size_t)count, sizeof *order, by_turn_and_size);
	for (int i = 0; i < count; i++) {
		slot *s = order[i];
		int meets = 0;
		for (int j = 0; j < i; j++)
			if (!reuse || (order[j]->first <= s->last && s->first <= order[j]->last))
				near[meets++] = order[j];
		qsort(near, (size_t)meets, sizeof *near, by_offset);
		int64_t at = 0;
		for (int j = 0; j < meets && at + s->bytes > near[j]->offset; j++)
			at = fv_max(at, near[j]->offset + near[j]->bytes);
		s->offset = at;
		end = fv_max(end, at + s->bytes);
	}
	return end;
}

/* The most bytes that live at one time. */
static int64_t fullest(const slot *slots, int count, int moments)
{
	int64_t most = 0;
	for (int i = 0; i <= moments; i++) {
		int64_t live = 0;
		for (int j = 0; j < count; j++)
			live += slots[j].first <= i && i <= slots[j].last ? slots[j].bytes : 0;
		most = fv_max(most, live);
	}
	return most;
}

static int64_t arrange_well(slot *slots, int count, int moments, slot **order, slot **near)
{
	int64_t least = INT64_MAX, bound = fullest(slots, count, moments);
	for (int round = 0; round < ROUNDS && (round == 0 || (least > LARGE && least > bound + bound / 100)); round++) {
		int64_t end = arrange(slots, count, order, near, true);
		for (int i = 0; i < count; i++) {
			slots[i].best = end < least ? slots[i].offset : slots[i].best;
			/* The next order: any, but always the same. */
			uint64_t mixed = ((uint64_t)round << 32 | (uint64_t)i) * 0x9e3779b97f4a7c15u;
			mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u;
			slots[i].turn = slots[i].bytes > bound / 32 ? (int)(mixed >> 40) : -1;
		}
		least = fv_min(least, end);
	}
	for (int i = 0; i < count; i++)
		slots[i].offset = slots[i].best;
	return least;
}

int64_t fv_value_bytes(const fv_node *n, int part)
{
	int64_t b = part ? fv_tensor_bytes(n->type1, n->shape1) : fv_tensor_bytes(n->type, n->shape);
	return fv_div_up(b, FV_ALIGN) * FV_ALIGN;
}

/* May n write over in[0]'s memory? Returns the slot, or -1. */
static int inherited(const fv_node *n, const int *last, const int *slot_of, const bool *kept)
{
	if (!n->op->inplace || !n->in[0])
		return -1;
	int v = fv_value_of(n->in[0]);
	if (slot_of[v] < 0 || last[v] != n->id || kept[v] || kept[2 * n->id] ||
	    fv_tensor_bytes(n->in[0]->type, n->in[0]->shape) != fv_tensor_bytes(n->type, n->shape))
		return -1;
	for (int j = 1; j < n->inputs; j++)
		if (n->in[j] && slot_of[fv_value_of(n->in[j])] == slot_of[v])
			return -1;
	return slot_of[v];
}

fv_status fv_place_values(fv_err *err, fv_graph *g, uint32_t passes, fv_place *place, int64_t *arena_bytes)
{
	size_t values = 2 * (size_t)g->nodes + 1;
	fv_arena *a = fv_arena_new(g->context);
	int *last = a ? fv_arena_get(a, values * sizeof *last) : NULL;
	int *slot_of = a ? fv_arena_get(a, values * sizeof *slot_of) : NULL;
	bool *kept = a ? fv_arena_get(a, values) : NULL;
	slot *slots = a ? fv_arena_get(a, values * sizeof *slots) : NULL;
	slot **order = a ? fv_arena_get(a, values * sizeof *order) : NULL, **near = a ? fv_arena_get(a, values * sizeof *near) : NULL;
	if (!last || !slot_of || !kept || !slots || !order || !near) {
		fv_arena_free(a);
		return fv_fail_memory(err, "plan", values * 64);
	}
	for (size_t i = 0; i < values; i++)
		slot_of[i] = -1;
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		last[2 * i] = last[2 * i + 1] = i;
		if (n->op == &fv_op_input)
			kept[2 * i] = true;
		/* A view reads nothing; who reads it reads its value. */
		for (int j = 0; j < n->inputs && !n->op->view; j++)
			if (n->in[j])
				last[fv_value_of(n->in[j])] = i;
	}
	for (int i = 0; i < g->outputs; i++)
		kept[fv_value_of(g->output[i].node)] = true;
	int count = 0;
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		if (n->op->view || !fv_in_arena(n))
			continue;
		for (int part = 0; part < n->outputs; part++) {
			int v = 2 * i + part;
			int s = part || !(passes & FV_PASS_INPLACE) ? -1 : inherited(n, last, slot_of, kept);
			if (s < 0) {
				s = count++;
				slots[s] = (slot){ .bytes = fv_value_bytes(n, part), .first = i };
			}
			slot_of[v] = s;
			slots[s].last = (int)fv_max(slots[s].last, last[v]);
			if (kept[v])
				slots[s].first = 0, slots[s].last = g->nodes;
		}
	}
	*arena_bytes = passes & FV_PASS_REUSE ? arrange_well(slots, count, g->nodes, order, near) : arrange(slots, count, order, near, false);
	for (int i = 0; i < g->nodes; i++) {
		const fv_node *n = g->node[i];
		for (int part = 0; part < 2; part++) {
			int v = part ? 2 * i + 1 : fv_value_of(n);
			const fv_node *root = g->node[v / 2];
			if (root->op == &fv_op_read)
				place[2 * i + part] = (fv_place){ .kind = FV_AT_VARIABLE, .variable = root->attr.variable.p };
			else if (root->op == &fv_op_constant)
				place[2 * i + part] = (fv_place){ .kind = FV_AT_CONSTANT, .constant = root->attr.constant.data };
			else if (slot_of[v] >= 0)
				place[2 * i + part] = (fv_place){ .kind = FV_AT_ARENA, .offset = slots[slot_of[v]].offset };
		}
	}
	fv_arena_free(a);
	return FV_OK;
}
