/* SPDX-License-Identifier: Apache-2.0 */
/* The processor's code: a program as an array of calls with their arguments bound, over one arena planned by lifetimes.
 * Making one chooses kernels; running one allocates nothing. */
#ifndef FV_PLAN_H
#define FV_PLAN_H
#include "device/device.h"
#include <pthread.h>

/* The processor as a device. */
typedef struct {
	fv_device device;
	pthread_mutex_t lock;           /* of choices: several threads may make programs at once */
	struct fv_choices *choices;     /* what the context's file holds, when it has been read; one block */
} fv_cpu;

/* The kernel that a plan takes for n: of those that this machine can run and the context wants, the one that expects to be done
 * first. NULL: the reference. */
const fv_kernel *fv_kernel_choose(const fv_context *c, const fv_node *n);
/* The same, but of kernels that are expected to be about as fast the fastest, as the context's file of choices says, or else timing.
 * fv_choices_keep() writes what was timed to the file. */
const fv_kernel *fv_kernel_autotune(fv_context *c, const fv_node *n, int64_t most);  /* most: bytes that timing may take; 0: any */
void fv_choices_keep(fv_context *c);
/* The least seconds of `runs` runs, and more until `span` seconds are over, on made-up numbers; n's inputs and output are
 * floats. FV_E_MEMORY. */
fv_status fv_kernel_time(fv_err *err, fv_context *c, const fv_kernel *k, const fv_node *n, int runs, double span, double *seconds);
/* Bytes that a kernel wants beside its node's values, and binding its work and them, aligned to 64, to a call. */
int64_t fv_kernel_room(const fv_work *w);
void fv_kernel_bind(const fv_work *w, fv_call *call, void *memory);
/* The seconds that the cost model expects of n by k, whose work w is. */
double fv_kernel_seconds(const fv_node *n, const fv_work *w);
/* All phases of a bound call from the first one on, on the context's threads. */
void fv_kernel_run(const fv_context *c, const fv_kernel *k, fv_call *call, int first);

/* All kernels, ended by NULL; written by the build from the list in meson.build. */
extern const fv_kernel *const fv_kernels[];
#endif
