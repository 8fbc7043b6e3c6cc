/* SPDX-License-Identifier: Apache-2.0 */
/* The gradients of some variables, gathered part by part, and their update. */
#ifndef FV_GRADIENTS_H
#define FV_GRADIENTS_H
#include "net/net.h"

/* grad[i]: NULL until something is known. One place more than count is for a picture's. */
typedef struct { fv_variable **param; fv_node **read, **grad; int count; } fv_gradients;

/* Of every parameter that is learnt and whose name begins with one of the prefixes, in the store's order; count 0 and an error in g: no memory. */
fv_gradients fv_gradients_of(fv_graph *g, fv_store *store, const char *const *prefix, int prefixes);
/* Adds w times the gradient of loss, a scalar, by entries from .. to-1 of r. */
void fv_gradients_add(fv_graph *g, fv_node *loss, double w, const fv_gradients *r, int from, int to);
/* before (NULL: 1) times (loss and every gradient are finite ? 1 : 0) */
fv_node *fv_gradients_finite(fv_graph *g, fv_node *loss, const fv_gradients *d, fv_node *before);
/* Adam; form gives its numbers and spelling. A gradient that is not known is 0.
 * Moments are variables "m." and "v." before the parameter's name. */
void fv_gradients_update(fv_graph *g, fv_store *store, fv_adam_attr form, const fv_gradients *d, fv_node *rate, fv_node *step, fv_node *ok);
/* The variable prefix + name, made (zeroed) in p's shape where the store lacks it. */
fv_variable *fv_variable_like(fv_graph *g, fv_store *store, const fv_variable *p, const char *prefix, const char *name);
#endif
