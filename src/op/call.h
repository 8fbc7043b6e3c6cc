/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel gets, and the record by which it announces itself. */
#ifndef FV_CALL_H
#define FV_CALL_H
#include "graph/graph.h"

/* What random fills depend on besides their purpose. */
typedef struct { uint64_t seed, step, attempt; } fv_key;

/* What a kernel wants for one node and so many threads. It is filled once, when a plan is made. */
typedef struct fv_work {
	double seconds;                 /* expected of one thread; the kernel that expects the least is taken. 0: as long as memory takes */
	int phases;                     /* of run, with a barrier between */
	int64_t units[3], grain[3];     /* of each phase: into how many pieces it falls, and how many of them are handed out together */
	int64_t packed;                 /* bytes of in[1] in the kernel's own order. Phase 0 does nothing but make them, so that a plan
	                                 * may keep them from run to run where in[1] does not change. 0: there are none */
	int64_t scratch;                /* bytes in all, less those */
	_Alignas(16) char own[576];     /* the kernel's own numbers: sizes, where parts of its scratch begin */
} fv_work;

typedef struct fv_call {
	const fv_node *node;
	fv_tensor in[FV_INPUTS];        /* data NULL: left out */
	fv_tensor out[FV_OUTPUTS];
	fv_tensor variable[3];          /* of an update, what it writes: adam's p, m, v; another's one */
	const fv_work *work;            /* as the kernel filled it */
	void *packed;                   /* work->packed bytes */
	void *scratch;                  /* work->scratch bytes, aligned to 64; contents undefined */
	const fv_key *key;
	int phase;                      /* 0 .. phases-1, a barrier between */
	int threads;
} fv_call;

/* A kernel: one way to run an operator. */
struct fv_kernel {
	const char *name;
	const fv_op *op;
	uint32_t needs;                                         /* FV_ISA_ bits */
	/* Fills w, which comes with one phase of one unit and a grain of 1 everywhere, and returns NULL; or returns why it does not run
	 * n. What it accepts must work. */
	const char *(*plan)(const fv_node *n, int threads, fv_work *w);
	/* Does units first .. last - 1 of the call's phase and touches only their outputs: no allocation, no locks, no static
	 * variables. Bits must not depend on threads: a unit's work is the same whoever does it, and sums over units are merged in
	 * unit order in a later phase. */
	void (*run)(const fv_call *c, int thread, int64_t first, int64_t last);
};
/* k->plan with w made ready for it. */
const char *fv_kernel_plan(const fv_kernel *k, const fv_node *n, int threads, fv_work *w);
/* It rounds what it multiplies to bf16. */
static inline bool fv_kernel_rounds(const fv_kernel *k) { return k->needs & (FV_ISA_BF16 | FV_ISA_AMX); }
double fv_time_streaming(const fv_node *n);                     /* seconds in which a memory moves n's bytes */
#endif
