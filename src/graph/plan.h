/* SPDX-License-Identifier: Apache-2.0 */
/* A plan: the program as an array of calls with their arguments bound, over one arena planned by lifetimes.
 * Making one chooses kernels; running one allocates nothing. */
#ifndef FV_PLAN_H
#define FV_PLAN_H
#include "op/op.h"

typedef struct fv_plan fv_plan;
typedef struct fv_plan_options fv_plan_options;

/* Passes can be switched off to find a fault. */
enum {
	FV_PASS_FOLD = 1,               /* constants */
	FV_PASS_SHARE = 2,              /* common parts */
	FV_PASS_DROP = 4,               /* what nothing reads */
	FV_PASS_FUSE = 8,               /* norm + activation + residual, bias + activation into the convolution */
	FV_PASS_INPLACE = 16,
	FV_PASS_REUSE = 32,             /* arena by lifetimes; off: every value has memory of its own */
	FV_PASS_NORM = 64,              /* norms of one picture into the convolutions before and behind */
	FV_PASS_ALL = 127,
};

struct fv_plan_options {
	uint32_t passes;                /* 0 means FV_PASS_ALL */
	bool reference;                 /* reference kernels only (checks) */
	int64_t most;                   /* bytes that it may take; 0: any. More: FV_E_LIMIT, and nothing has been taken */
	bool recompute;                 /* to keep within `most` cheap values are made again (pass_recompute.c) */
	bool timed;                     /* kernels that are expected to be about as fast are timed, once, where the context keeps a file */
	bool profile;                   /* measure each call's time */
	/* Works in that plan's memory, when it is large enough: for programs that never run at the same time and do
	 * not read each other's values. It must outlive this plan. */
	const fv_plan *share;
};

/* The kernel that a plan takes for n: of those that this machine can run and the context wants, the one that expects to be done
 * first. NULL: the reference. */
const fv_kernel *fv_kernel_choose(const fv_context *c, const fv_node *n);
/* The same; of kernels expected to be about as fast the one that is, as the context's file of choices says, else the clock.
 * What it said is kept by fv_choices_keep(). */
const fv_kernel *fv_kernel_choose_timed(fv_context *c, const fv_node *n, int64_t most);  /* most: bytes that timing may take; 0: any */
void fv_choices_keep(fv_context *c);
/* The least seconds of `runs` runs, and more until `span` seconds are over, on made-up numbers; n's inputs and output are
 * floats. FV_E_MEMORY. */
fv_status fv_kernel_time(fv_err *err, fv_context *c, const fv_kernel *k, const fv_node *n, int runs, double span, double *seconds);
/* Bytes that k wants beside n's values, and binding them to a call: memory of that size, aligned to 64. */
int64_t fv_kernel_room(const fv_kernel *k, const fv_node *n, int threads);
void fv_kernel_bind(const fv_kernel *k, fv_call *call, void *memory);
/* All phases of a bound call from the first one on, on the context's threads. */
void fv_kernel_run(const fv_context *c, const fv_kernel *k, fv_call *call, int first);

/* The graph must outlive the plan; it is rewritten by the passes, so one plan a graph. */
fv_status fv_plan_new(fv_err *err, fv_context *c, fv_graph *g, const fv_plan_options *opt, fv_plan **out);
void fv_plan_free(fv_plan *p);
/* An input's value (or a random node's, which then is no longer drawn), copied. */
fv_status fv_plan_set(fv_err *err, fv_plan *p, const fv_node *n, const void *data);
/* Memory of an input or output; borrowed from the plan. Inputs may be written in place. */
void *fv_plan_data(fv_plan *p, const fv_node *n);
fv_status fv_plan_run(fv_err *err, fv_plan *p, fv_key key);
/* From now on weights in kernels' own order stay from run to run, up to `most` bytes of them: for a plan that runs often. No
 * variable that it reads may change any more. FV_E_MEMORY: it runs as before. */
fv_status fv_plan_keep(fv_err *err, fv_plan *p, int64_t most);
int64_t fv_plan_bytes(const fv_plan *p);
/* One line a call: operation, kernel, shape, megabytes, share of time. */
void fv_plan_print(const fv_plan *p, bool verbose, void (*line)(void *user, const char *text), void *user);
#endif
