/* SPDX-License-Identifier: Apache-2.0 */
/* Passes rewrite the program in place; a node that goes points to its replacement. */
#ifndef FV_PASS_H
#define FV_PASS_H
#include "device/program.h"

fv_status fv_pass_fold(fv_err *err, fv_graph *g);       /* small constant expressions become constants */
fv_status fv_pass_share(fv_err *err, fv_graph *g);      /* equal operations on equal inputs become one */
fv_status fv_pass_drop(fv_err *err, fv_graph *g);       /* what neither an output nor an update needs goes */
fv_status fv_pass_fuse(fv_err *err, fv_graph *g);       /* norm, activation, residual, bias: one pass over memory */
fv_status fv_pass_norm(fv_err *err, fv_graph *g);       /* one picture: convolutions measure for norms, and read through them */
/* Cheap values are made again rather than kept, and in a context of bf16 others are kept rounded, until at most `limit` bytes of
 * values live at once, or nothing is left to drop. */
fv_status fv_pass_recompute(fv_err *err, fv_graph *g, int64_t limit);

/* The node that stands for n now. */
static inline fv_node *fv_replacement(const fv_node *n)
{
	while (n->replacement)
		n = n->replacement;
	return (fv_node *)n;
}
/* Points every input and output at replacements, and takes the nodes that have one out of the program. */
void fv_pass_settle(fv_graph *g);
/* The last node of the program, moved to place `at`. */
void fv_pass_move(fv_graph *g, int at);
/* An update or a fill: what no pass may move, merge or drop. */
static inline bool fv_updates(const fv_node *n) { return n->op->outputs == 0; }
/* The variables that an update writes: adam's p, m, v, another's one; returns how many. */
static inline int fv_updated(const fv_node *n, const fv_variable *v[3])
{
	v[0] = n->attr.variable.p;
	if (n->op != &fv_op_adam)
		return fv_updates(n);
	v[1] = n->attr.adam.m, v[2] = n->attr.adam.v;
	return 3;
}

/* Memory: where each value lives. Values in arena memory share it when their lives do not meet. */
typedef enum { FV_AT_ARENA, FV_AT_VARIABLE, FV_AT_CONSTANT } fv_place_kind;
typedef struct {
	fv_place_kind kind;
	int64_t offset;                 /* in the arena */
	const fv_variable *variable;
	const void *constant;           /* the graph's */
} fv_place;
int fv_value_of(const fv_node *n);                      /* the value whose memory n's output 0 is: 2 node + part */
bool fv_in_arena(const fv_node *n);
int64_t fv_value_bytes(const fv_node *n, int part);
/* place: 2 a node (outputs 0 and 1). passes: FV_PASS_INPLACE, FV_PASS_REUSE. */
fv_status fv_place_values(fv_err *err, fv_graph *g, uint32_t passes, fv_place *place, int64_t *arena_bytes);
#endif
