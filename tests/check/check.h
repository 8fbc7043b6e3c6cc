/* SPDX-License-Identifier: Apache-2.0 */
/* One harness: fast kernels against the reference, gradients against differences, in one program.
 *
 *	check [--isa NAME] [--seed N] [NAME...]		runs the problems whose name begins with one of NAMEs
 *
 * A problem builds one operation from inputs that the harness makes and fills. */
#ifndef FV_CHECK_H
#define FV_CHECK_H
#include "device/cpu/plan.h"
#include "values.h"

typedef struct { fv_type type; fv_shape shape; double lo, hi; } check_input;    /* i32: whole numbers lo..hi */

typedef struct {
	const char *name;
	check_input in[4];              /* ends at rank 0 with hi 0 */
	fv_node *(*build)(fv_graph *g, fv_node *const *in, const void *arg);
	const void *arg;
	double tolerance;               /* of kernels, relative to the result's rms; 0: 2e-6 */
	double winograd;                /* the same for kernels of that name; 0: tolerance */
	bool rough;                     /* no gradient check: the function has jumps or none */
	bool no_nan;                    /* NaN in need not give NaN out (integers, moves that drop values) */
} problem;

void check_problem(const problem *p);                   /* kernels, gradient, second gradient */
void check_true(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define check_problems(list) do { for (size_t i_ = 0; i_ < FV_COUNT(list); i_++) check_problem(&(list)[i_]); } while (0)

/* The files of this folder, each a list of problems. */
void check_conv(void);
void check_elementwise(void);
void check_norms(void);
void check_pictures(void);
void check_rows(void);
void check_updates(void);
void check_graph(void);
#endif
