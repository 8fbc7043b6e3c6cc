/* SPDX-License-Identifier: Apache-2.0 */
#include "train/gradients.h"
#include <stdio.h>

fv_gradients fv_gradients_of(fv_graph *g, fv_store *store, const char *const *prefix, int prefixes)
{
	size_t room = sizeof(void *);
	for (int i = 0; i < prefixes; i++)
		room += (size_t)fv_params(store, prefix[i], NULL) * sizeof(void *);
	fv_gradients r = { fv_arena_get(g->arena, room), fv_arena_get(g->arena, room), fv_arena_get(g->arena, room), 0 };
	if (!r.param || !r.read || !r.grad) {
		fv_graph_error(g, FV_E_MEMORY, "no memory for the gradients");
		return (fv_gradients){ 0 };
	}
	for (int i = 0; i < prefixes; i++) {
		int n = fv_params(store, prefix[i], r.param + r.count), to = r.count;
		for (int k = to; k < r.count + n; k++)
			if (r.param[k]->role == FV_ROLE_PARAMETER)
				r.param[to++] = r.param[k];
		r.count = to;
	}
	for (int i = 0; i < r.count; i++)
		r.read[i] = fv_read(g, r.param[i]);
	return r;
}

void fv_gradients_add(fv_graph *g, fv_node *loss, double w, const fv_gradients *r, int from, int to)
{
	fv_adjoint(g, loss, fv_number(g, FV_F32, w), r->read + from, to - from, r->grad + from);
}

fv_node *fv_gradients_finite(fv_graph *g, fv_node *loss, const fv_gradients *d, fv_node *before)
{
	fv_node *ok = fv_finite(g, loss, before);
	for (int i = 0; i < d->count; i++)
		if (d->grad[i])
			ok = fv_finite(g, d->grad[i], ok);
	return ok;
}

fv_variable *fv_variable_like(fv_graph *g, fv_store *store, const fv_variable *p, const char *prefix, const char *name)
{
	char full[220];
	snprintf(full, sizeof full, "%s%s", prefix, name);
	fv_variable *v = fv_variable_find(store, full);
	if (!v && !(v = fv_variable_new(store, FV_F32, p->shape, "%s", full)))
		fv_graph_error(g, FV_E_MEMORY, "no memory for %s", full);
	return v;
}

void fv_gradients_update(fv_graph *g, fv_store *store, fv_adam_attr form, const fv_gradients *d, fv_node *rate, fv_node *step, fv_node *ok)
{
	for (int i = 0; i < d->count && !g->err.status; i++) {
		fv_variable *p = d->param[i];
		fv_node *grad = d->grad[i] ? d->grad[i]
					  : fv_expand(g, fv_number(g, FV_F32, 0), p->shape);
		form.p = p, form.m = fv_variable_like(g, store, p, "m.", p->name), form.v = fv_variable_like(g, store, p, "v.", p->name);
		fv_adam(g, form, grad, rate, step, ok);
	}
}
