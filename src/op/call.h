/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel gets, and the record by which it announces itself. */
#ifndef FV_CALL_H
#define FV_CALL_H
#include "graph/graph.h"

/* What random fills depend on besides their purpose. */
typedef struct { uint64_t seed, step, attempt; } fv_key;

typedef struct fv_call {
	const fv_node *node;
	fv_tensor in[FV_INPUTS];        /* data NULL: left out */
	fv_tensor out[FV_OUTPUTS];
	fv_tensor variable[3];          /* of an update, what it writes: adam's p, m, v; another's one */
	void *packed;                   /* of the size that the kernel's record said */
	void *scratch;                  /* of the size that the kernel's record asked for, aligned to 64; contents undefined */
	const fv_key *key;
	int phase;                      /* 0 .. phases-1, a barrier between */
	int threads;
} fv_call;

/* A kernel: one way to run an operator. `run` gets a range of units and touches only its own outputs: no
 * allocation, no locks, no static variables. Bits must not depend on threads: a unit's work is the same whoever
 * does it, and sums over units are merged in unit order in a later phase. */
struct fv_kernel {
	const char *name;
	const fv_op *op;
	uint32_t needs;                                         /* FV_ISA_ bits */
	/* Whatever it accepts must work. A refusal says why. */
	bool (*supports)(const fv_node *n, const char **why);
	double (*seconds)(const fv_node *n);                    /* expected, one thread; the least wins. NULL: streaming */
	int phases;                                             /* 0 means 1 */
	int64_t (*units)(const fv_node *n, int phase);          /* how many pieces */
	int64_t (*grain)(const fv_node *n, int phase);          /* NULL: 1 */
	/* Bytes of in[1] in the kernel's own order: phase 0 does nothing but make them, so that a plan may keep them from run to
	 * run where in[1] does not change. NULL: none. */
	int64_t (*packed)(const fv_node *n);
	int64_t (*scratch)(const fv_node *n, int threads);      /* bytes in all, less those; NULL: none */
	void (*run)(const fv_call *c, int thread, int64_t first, int64_t last);
};
/* It rounds what it multiplies to bf16. */
static inline bool fv_kernel_rounds(const fv_kernel *k) { return k->needs & (FV_ISA_BF16 | FV_ISA_AMX); }
double fv_time_streaming(const fv_node *n);                     /* bytes moved at a memory's speed */
#endif
