/* SPDX-License-Identifier: Apache-2.0 */
/* How fast fauve is here: whole cases (cases.c) and single kernels (kernels.c). */
#ifndef FV_BENCH_H
#define FV_BENCH_H
#include "device/program.h"

#define FV_BENCH_RUNS_MAX 1000

typedef struct {
	int runs;                       /* measured, after one that is not */
	double seconds;                 /* with runs 0: as many as fit, three at least */
	int64_t height, width;          /* of a painted picture; 0: the case's own */
	int batch;                      /* of style; 0: the recipe's */
	const char *model;              /* file of the painter that is timed; NULL: the case's own with random weights */
	int64_t max_memory;             /* of a training step's plan: cheap values are made again rather than kept; 0: any */
	bool profile;                   /* print the plan with each call's time to stderr */
} fv_bench_options;

typedef struct {
	double ms[FV_BENCH_RUNS_MAX];   /* of each run */
	int runs;
	double gflop;                   /* of a run, as direct sums would need it */
	double idle_mb, peak_mb;        /* of this process: before the case, and at its most */
} fv_bench_result;

/* Runs one case; peak_mb means something when the process has done little else. FV_E_ARGUMENT: no such case. */
fv_status fv_bench_run(fv_err *err, fv_context *c, const char *name, const fv_bench_options *o, fv_bench_result *r);
/* Whether the case paints as `fauve apply` does: its context may then round (precision auto). */
bool fv_bench_paints(const char *name);
/* The median; sorts a copy. */
double fv_bench_median(const fv_bench_result *r);

/* ---- kernels: one line for each kernel of each problem that decides */
typedef struct {
	const char *problem, *kernel;
	double ms, gflops;              /* gflops: by the flops of direct sums, whatever the kernel does */
	double peak;                    /* gflops over the best that the kernel's instruction set can do here */
	bool chosen;                    /* the planner would take it */
} fv_bench_kernel;
fv_status fv_bench_kernels(fv_err *err, fv_context *c, void (*line)(void *user, const fv_bench_kernel *k), void *user);
/* Flops a second of all threads together, multiplying and adding in registers; the i'th instruction set's name, NULL: no more. */
const char *fv_bench_peak(fv_context *c, int i, double *gflops);
/* Bytes a second, read, of all threads together, from blocks of that size each. */
double fv_bench_bandwidth(fv_context *c, size_t bytes);
#endif
