/* SPDX-License-Identifier: Apache-2.0 */
/* A program: a graph compiled for the context's device, with ports that have names.
 *
 * A port to put into is an input, or a random fill by its purpose, which then is no longer drawn; a port to get from is
 * what fv_output() named. Compiling chooses kernels and places memory; running allocates nothing. */
#ifndef FV_PROGRAM_H
#define FV_PROGRAM_H
#include "op/op.h"

typedef struct fv_program fv_program;
typedef struct fv_program_options fv_program_options;

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

struct fv_program_options {
	uint32_t passes;                /* 0 means FV_PASS_ALL */
	bool reference;                 /* reference kernels only (checks) */
	int64_t most;                   /* bytes that it may take; 0: any. More: FV_E_LIMIT, and nothing has been taken */
	bool recompute;                 /* to keep within `most` cheap values are made again (pass_recompute.c) */
	bool timed;                     /* kernels that are expected to be about as fast are timed, once, where the context keeps a file */
	bool profile;                   /* measure each call's time */
	/* Works in that program's memory, when it is large enough: for programs that never run at the same time and do
	 * not read each other's values. It must outlive this one. */
	const fv_program *share;
};

/* The graph must outlive the program; it is rewritten by the passes, so one program a graph. */
fv_status fv_program_new(fv_err *err, fv_context *c, fv_graph *g, const fv_program_options *opt, fv_program **out);
void fv_program_free(fv_program *p);    /* NULL is fine */

/* Copies a whole value in. A fault (no such port, a lost device) is remembered and is what the next run returns; an input that nothing
 * reads takes anything. */
void fv_program_put(fv_program *p, const char *port, const void *from);
/* Part `part` of `parts` equal ones: of a batch, one sample. */
void fv_program_put_part(fv_program *p, const char *port, int64_t part, int64_t parts, const void *from);
/* Into a scalar of type f32. */
void fv_program_put_number(fv_program *p, const char *port, double v);
fv_status fv_program_run(fv_err *err, fv_program *p, fv_key key);
/* Copies a whole value out, as it is after the last run. FV_E_INTERNAL: no such port, or that run failed or never was. */
fv_status fv_program_get(fv_err *err, fv_program *p, const char *port, void *to);
/* A scalar of type f32; NaN: there is none of that name, or no run. */
double fv_program_number(fv_program *p, const char *port);

/* A port's type and shape; false: no such port. */
bool fv_program_port(const fv_program *p, const char *port, fv_type *type, fv_shape *shape);
/* How many values it has; 0: no such port. */
int64_t fv_program_values(const fv_program *p, const char *port);

/* From now on weights in kernels' own order stay from run to run, up to `most` bytes of them: for a program that runs often. No
 * variable that it reads may change any more. FV_E_MEMORY: it runs as before. */
fv_status fv_program_prepack(fv_err *err, fv_program *p, int64_t most);
int64_t fv_program_bytes(const fv_program *p);         /* of NULL none */
/* One line a call: operation, kernel, shape, megabytes, share of time. */
void fv_program_print(const fv_program *p, bool verbose, void (*line)(void *user, const char *text), void *user);

/* ---- what the context's device would do
 * Would it do n by the kernel that it takes for `was`? */
bool fv_device_same_kernel(const fv_context *c, const fv_node *was, const fv_node *n);
/* One kernel of a race: its name, the instructions that it needs (FV_ISA_), its least seconds. chosen: the one that a program would take. */
typedef void (*fv_race_line)(void *user, const char *kernel, uint32_t needs, double seconds, bool chosen);
fv_status fv_device_race(fv_err *err, fv_context *c, const fv_node *n, double span, fv_race_line line, void *user);
#endif
